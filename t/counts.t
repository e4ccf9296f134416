#!/bin/sh
# SPDX-License-Identifier: MIT
# Counts instead of events: every access of every page is in the trace, in far fewer rows.
. t/lib.sh
need gcc awk
need_command record sql verify
gcc -O2 -D_GNU_SOURCE -I"$ROOT" -o producer "$ROOT/t/programs/agent-producer.c" "$ROOT/collect/agent-client.c" || exit 1
cat >good <<-'END'
	#!/bin/sh
	./producer good "$TMP/s" 20000 >sent
END
chmod +x good
record() {
	pugmark record -q -o "$1" --mode "$2" --probe agent --set "agent.socket=$TMP/s" -- ./good
}
# pages: "page dir count" of lines "pfn npages bytes dir count"
pages() {
	awk '{ for (i = 0; i < $2; i++) n[$1 + i " " $4] += $5 } END { for (p in n) print p, n[p] }' | sort
}

exits 0 'accesses are counted' record c.db counts
ok 'the trace verifies' pugmark verify c.db
pugmark sql -n c.db 'SELECT pfn, npages, bytes, dir, count FROM dma' | pages >got
awk '{ $5 = 1; print }' sent | pages >want
same 'each page has as many as were told' got want
is 'and as many bytes' "$(pugmark sql -n c.db 'SELECT sum(bytes) FROM dma')" "$(awk '{ n += $3 } END { print n }' sent)"
is 'all rows are accesses' "$(pugmark sql -n c.db 'SELECT DISTINCT op FROM dma')" access
is 'their source says what a row stands for' "$(pugmark sql -n c.db "SELECT period_ns FROM source WHERE source_id = (SELECT source FROM dma LIMIT 1)")" 200000000
is 'rows are in order of time' "$(pugmark sql -n c.db 'SELECT count(*) FROM (SELECT ts_ns - lag(ts_ns) OVER () d FROM dma) WHERE d < 0')" 0
exits 0 'such a trace can be asked for ages' pugmark age c.db
exits 0 'events are kept on demand' record e.db events
is 'each of them' "$(pugmark sql -n e.db 'SELECT count(*), max(count) FROM dma' | tr '\t' ' ')" '20000 0'
exits 64 'another mode is refused' record x.db some
done_testing
