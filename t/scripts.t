#!/bin/sh
# SPDX-License-Identifier: MIT
# The small scripts behind make: benchmark merging, corpus replay.
. t/lib.sh

# bench-merge
echo '{"rate": {"encode_rows_per_s": 24500000}, "rows":[{"n": 1},{"n": -2}], "note": "a 3, \"4\""}' >bench-store.json
echo '{"cpu_ns":12}' >cache.json
ok 'benchmark results are merged' "$ROOT/scripts/bench-merge" all.json bench-store.json cache.json
is 'their numbers are a table' "$(out | tr -s ' ' | tr '\n' ';')" \
	'store.rate.encode_rows_per_s 24500000;store.rows.0.n 1;store.rows.1.n -2;cache.cpu_ns 12;'
is 'one object with a member per benchmark' "$(tr -d ' \n' <all.json)" \
	'{"store":{"rate":{"encode_rows_per_s":24500000},"rows":[{"n":1},{"n":-2}],"note":"a3,\"4\""},"cache":{"cpu_ns":12}}'
echo '{"cpu_ns":' >cache.json
exits 65 'half a benchmark result is refused' "$ROOT/scripts/bench-merge" bad.json cache.json
is 'and no merged file is left' "$(ls bad.json* 2>/dev/null)" ''

# fuzz-main: a target that dies on "bang" and accepts the rest
cat >fuzz-toy.c <<'EOC'
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size >= 4 && !memcmp(data, "bang", 4))
		abort();
	return 0;
}
EOC
ok 'a fuzz target links with the replayer' \
	"${CC:-gcc}" -w -D_GNU_SOURCE -I"$ROOT" -o fuzz-toy fuzz-toy.c "$ROOT/t/fuzz-main.c"
mkdir -p t/corpus/toy/deeper
exits 1 'an empty corpus is no success' ./fuzz-toy
echo a >t/corpus/toy/a && : >t/corpus/toy/empty && echo b >t/corpus/toy/deeper/b
ok 'a corpus is replayed' ./fuzz-toy
is 'with one line of TAP' "$(out)" "$(printf 'ok 1 - corpus of toy: 3 inputs replayed\n1..1')"
echo bang >t/corpus/toy/b1 && echo bangbang >t/corpus/toy/b2
exits 1 'an input that kills the parser fails the target' ./fuzz-toy
like 'its name and signal are told' "$(out)" '^# t/corpus/toy/b1: killed by signal 6$'
like 'the others still run' "$(out)" '^not ok 1 - corpus of toy: 5 inputs replayed, 2 of them fatal$'
ok 'one file can be replayed' ./fuzz-toy t/corpus/toy/a
exits 1 'a file that is not there fails' ./fuzz-toy t/corpus/toy/nosuch

# tap: what cmocka writes about skipped tests
printf '#!/bin/sh\necho 1..2; echo "not ok 1 # SKIP a"; echo "not ok 2 - b"; exit $1\n' >c-test
cp c-test shell.t && chmod +x c-test shell.t
exits 7 'a C test keeps its exit status' "$ROOT/scripts/tap" ./c-test 7
is 'what it skipped is no failure, what failed is' "$(out | tr '\n' ';')" '1..2;ok 1 # SKIP a;not ok 2 - b;'
exits 7 'a shell test keeps its exit status' "$ROOT/scripts/tap" ./shell.t 7
is 'and every line' "$(out | tr '\n' ';')" '1..2;not ok 1 # SKIP a;not ok 2 - b;'
ok 'success stays success' "$ROOT/scripts/tap" ./c-test 0
printf '#!/bin/sh\nkill -SEGV $$\n' >c-test
exits 139 'a C test that crashes fails' "$ROOT/scripts/tap" ./c-test

# embed: every byte of a text survives
mkdir texts
printf 'say "it" \\ %%d \047 ??/ \t caf\303\251\n\n-- end\n' >texts/odd.sql
head -c 70000 /dev/zero | tr '\0' x | fold -w 900 >texts/long.gp
echo >>texts/long.gp
"$ROOT/scripts/embed" texts/odd.sql texts/long.gp >embedded.c
cat >show.c <<'EOC'
#include "base/embedded.h"
#include <stdio.h>
int main(int argc, char **argv)
{
	const char *text = argc > 1 ? embedded_text(argv[1]) : NULL;
	return text ? fputs(text, stdout) < 0 : 66;
}
EOC
ok 'embedded texts compile' "${CC:-gcc}" -std=gnu11 -Wall -Werror -I"$ROOT" -o show show.c embedded.c
./show texts/odd.sql >odd && ./show texts/long.gp >long
same 'quotes, backslashes and UTF-8 survive' odd texts/odd.sql
same 'and 70 kB' long texts/long.gp
exits 66 'a text that is not there is told' ./show texts/no.sql
done_testing
