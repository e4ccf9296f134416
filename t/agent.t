#!/bin/sh
# SPDX-License-Identifier: MIT
# What senders tell through the agent socket is in the trace, exactly; what others send harms nothing.
. t/lib.sh
need gcc
need_command record sql verify
gcc -O2 -D_GNU_SOURCE -I"$ROOT" -o producer "$ROOT/t/programs/agent-producer.c" "$ROOT/collect/agent-client.c" || exit 1
record() {
	pugmark record -q -o "$1" --mode events --probe agent --set "agent.socket=$TMP/s" -- "./$2"
}
cat >good <<-'END'
	#!/bin/sh
	./producer good "$TMP/s" 20000 >sent
END
cat >rough <<-'END'
	#!/bin/sh
	./producer hang "$TMP/s" >hung & hanging=$!
	until grep -q connected hung; do :; done
	./producer garbage "$TMP/s" 1 & ./producer garbage "$TMP/s" 2 &
	./producer good "$TMP/s" 20000 >sent
	wait %2 %3
	kill $hanging
END
chmod +x good rough

exits 0 'a sender is recorded' record a.db good
ok 'the trace verifies' pugmark verify a.db
pugmark sql -n a.db 'SELECT pfn, npages, bytes, dir, req FROM dma ORDER BY req' >got
ok 'what it told is in the trace, exactly' cmp sent got
is 'all is guest physical' "$(pugmark sql -n a.db 'SELECT DISTINCT "as" FROM dma')" gpa
is 'its devices are known' "$(pugmark sql -n a.db 'SELECT group_concat(class || " " || bdf) FROM device')" 'nic 0000:01:00.1,nvme 0000:02:00.0'
is 'its VM is known' "$(pugmark sql -n a.db 'SELECT name, mem_pages FROM vm')" "$(printf 'web7\t262144')"
is 'and where its memory lies' "$(pugmark sql -n a.db 'SELECT gpa_pfn, npages FROM memslot')" "$(printf '0\t262144')"
is 'rows are in order of time' "$(pugmark sql -n a.db 'SELECT count(*) FROM (SELECT ts_ns - lag(ts_ns) OVER () d FROM dma) WHERE d < 0')" 0

exits 3 'beside senders of garbage and one that hangs' record b.db rough
ok 'the trace verifies all the same' pugmark verify b.db
pugmark sql -n b.db "SELECT pfn, npages, bytes, dir, req FROM dma WHERE dev IN (SELECT dev_id FROM device
	WHERE bdf LIKE '%0000:0_:00.%') ORDER BY req" >got
ok 'and holds what the good one told' cmp sent got
like 'what was not as agreed is counted' "$(pugmark info --json b.db)" '"source":"agent".*"decode_error":[1-9]'
ok 'the socket is gone' test ! -e s
exits 73 'a socket cannot be made where there is no folder' pugmark record -q -o c.db --probe agent --set agent.socket=/nonexistent/s --for 1ms
ok 'then no trace is left' test ! -e c.db
done_testing
