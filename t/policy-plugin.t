#!/bin/sh
# SPDX-License-Identifier: MIT
# A policy of one's own: the documented line builds it, the command loads it.
. t/lib.sh
need "${CC:-gcc}"
need_command import cache

CC=${CC:-gcc}
build() { # OUT [FLAG..]
	tap_so=$1
	shift
	"$CC" -O2 -shared -fPIC -I "$ROOT" "$@" -o "$tap_so" "$ROOT/examples/policy-mine.c"
}

awk 'BEGIN { x = 1; for (i = 0; i < 20000; i++) { x = (x * 16807) % 2147483647
	print (x % 4 ? x % 60 : x % 1000), 1, 0, i } }' >trace.lis
pugmark import trace.lis -o t.db >/dev/null

ok 'the example builds against policy.h alone' build mine.so
ok 'it is replayed beside built-in policies' pugmark cache t.db --policy ./mine.so,lru --size 5% --json
is 'under its own name' "$(out | json_text policy | tr '\n' ' ')" 'mine lru '

build clock.so -DROUNDS=1
pugmark cache t.db --policy ./clock.so --size 1,2,50,10%,50% --json | json_numbers misses >mine
pugmark cache t.db --policy clock --size 1,2,50,10%,50% --json | json_numbers misses >clock
same 'with one round it counts what CLOCK counts' mine clock
is 'at five sizes' "$(wc -l <mine | tr -d ' ')" 5

sed 's/POLICY_RUN(mine)//; s/\.run = .*//' "$ROOT/examples/policy-mine.c" >slow.c
"$CC" -O2 -shared -fPIC -I "$ROOT" -DROUNDS=1 -o slow.so slow.c
pugmark cache t.db --policy ./slow.so --size 1,2,50,10%,50% --json | json_numbers misses >slow
same 'a policy without run is called once a request' slow clock

exits 66 'a missing file is missing input' pugmark cache t.db --policy ./nope.so
like 'and named' "$(err)" 'nope\.so'
echo nothing >text.so
exits 65 'a file that is no shared object is refused' pugmark cache t.db --policy ./text.so
echo 'int nothing;' >empty.c && "$CC" -shared -fPIC -o empty.so empty.c
exits 65 'so is one that defines no policy' pugmark cache t.db --policy ./empty.so
like 'with the symbol it lacks' "$(err)" "no symbol 'pugmark_policy'"
sed 's/\.abi = POLICY_ABI/.abi = 99/' "$ROOT/examples/policy-mine.c" >future.c
"$CC" -O2 -shared -fPIC -I "$ROOT" -o future.so future.c
exits 65 'so is one built for another version of policy.h' pugmark cache t.db --policy ./future.so
like 'with both versions' "$(err)" 'version 99 of policy\.h, this is version 2'
sed 's/\.init = .*//' "$ROOT/examples/policy-mine.c" >half.c
"$CC" -O2 -shared -fPIC -I "$ROOT" -w -o half.so half.c
exits 65 'so is one without init' pugmark cache t.db --policy ./half.so
sed 's/if (m->rounds\[page\])/if (1)/' "$ROOT/examples/policy-mine.c" >liar.c
"$CC" -O2 -shared -fPIC -I "$ROOT" -o liar.so liar.c
exits 65 'a policy that claims hits on first touches is found out' pugmark cache t.db --policy ./liar.so
like 'and told so' "$(err)" 'policy mine counts [0-9]+ misses'
done_testing
