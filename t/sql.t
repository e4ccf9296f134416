#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark sql: rows, conditions that are pushed down, functions, JSON, the loadable extension.
. t/lib.sh
need_command import sql

# 200,000 rows of three devices in several chunks; the page of row i is i * 7 modulo 5000
awk 'BEGIN {
	print "ts_ns,dev,op,pfn,npages,bytes"
	for (i = 0; i < 200000; i++)
		print i * 1000 "," i % 3 "," (i % 2 ? "unmap" : "map") "," i * 7 % 5000 ",1," i % 10
}' >dma.csv
pugmark import dma.csv -o t.db >/dev/null
rows() {
	pugmark sql -n t.db "$1"
}
is 'all rows are there' "$(rows 'SELECT count(*), sum(bytes) FROM dma')" "$(printf '200000\t900000')"

# a condition behind a + is not pushed down: SQLite checks it itself
while IFS='|' read -r pushed plain; do
	is "WHERE $pushed" "$(rows "SELECT count(*), sum(ts_ns), min(pfn), max(pfn) FROM dma WHERE $pushed")" \
		"$(rows "SELECT count(*), sum(ts_ns), min(pfn), max(pfn) FROM dma WHERE $plain")"
done <<'END'
ts_ns BETWEEN 65536000 AND 70000000|+ts_ns BETWEEN 65536000 AND 70000000
ts_ns > 65535000 AND ts_ns < 65537000|+ts_ns > 65535000 AND +ts_ns < 65537000
ts_ns >= 131072000|+ts_ns >= 131072000
ts_ns < 0|+ts_ns < 0
ts_ns > -5|+ts_ns > -5
ts_ns = 65536000|+ts_ns = 65536000
ts_ns < 70000000.5|+ts_ns < 70000000.5
ts_ns > 9223372036854775807|+ts_ns > 9223372036854775807
ts_ns < 1e18|+ts_ns < 1e18
ts_ns < 'abc'|+ts_ns < 'abc'
ts_ns = NULL|+ts_ns = NULL
dev = 2|+dev = 2
dev = 70000|+dev = 70000
dev = -1|+dev = -1
dev = 1.5|+dev = 1.5
pfn = 7|+pfn = 7
pfn BETWEEN 100 AND 200 AND dev = 1|+pfn BETWEEN 100 AND 200 AND +dev = 1
pfn > 4990.5|+pfn > 4990.5
pfn IN (3, 4, 9999)|+pfn IN (3, 4, 9999)
pfn < 50 AND ts_ns > 100000000 AND op = 'map'|+pfn < 50 AND +ts_ns > 100000000 AND op = 'map'
pfn = 7 OR ts_ns < 3000|+pfn = 7 OR +ts_ns < 3000
ts_ns = 65536000 OR ts_ns = 131072000 OR pfn = 9 OR dev = 1|+ts_ns = 65536000 OR +ts_ns = 131072000 OR +pfn = 9 OR +dev = 1
END
is 'each row has its number, however it is found' "$(rows 'SELECT count(DISTINCT rowid) FROM dma')
$(rows 'SELECT rowid FROM dma WHERE pfn = 7 AND ts_ns > 65536000')
$(rows 'SELECT rowid FROM dma WHERE ts_ns > 150000000 AND ts_ns < 150010000')" "200000
$(rows 'SELECT rowid FROM dma WHERE +pfn = 7 AND +ts_ns > 65536000')
$(rows 'SELECT rowid FROM dma WHERE +ts_ns > 150000000 AND +ts_ns < 150010000')"
is 'tables join' "$(rows "SELECT bdf, count(*) FROM dma JOIN device ON dev_id = dev WHERE ts_ns < 9000 GROUP BY 1" | tr '\n\t' ' :')" \
	'dev0:3 dev1:3 dev2:3 '
is 'a table joins itself' "$(rows 'SELECT count(*) FROM dma a, dma b WHERE a.ts_ns < 5000 AND b.ts_ns = a.ts_ns + 1000')" 5
is 'rows come in order of time, and backwards on demand' \
	"$(rows 'SELECT ts_ns FROM dma LIMIT 1') $(rows 'SELECT ts_ns FROM dma ORDER BY ts_ns DESC LIMIT 1')" '0 199999000'
is 'a kind that is not there is empty' "$(rows 'SELECT count(*) FROM mem')" 0

is 'event_agg groups' "$(rows "SELECT dev, op, events, bytes FROM event_agg(0, 0, 'dev,op') ORDER BY 1, 2" | tr '\t\n' ', ')" \
	"$(rows 'SELECT dev, op, count(*), sum(bytes) FROM dma GROUP BY 1, 2 ORDER BY 1, 2' | tr '\t\n' ', ')"
is 'event_agg bounds the time' "$(rows "SELECT events FROM event_agg(1000, 5000, '')")" \
	"$(rows 'SELECT count(*) FROM dma WHERE ts_ns >= 1000 AND ts_ns < 5000')"
is 'event_hist counts by time' "$(rows 'SELECT ts_ns, events, bytes FROM event_hist(0, 0, 30000000)')" \
	"$(rows 'SELECT ts_ns / 30000000 * 30000000 AS t, count(*), sum(bytes) FROM dma GROUP BY t')"
is 'page_agg counts by page' "$(rows "SELECT pfn, touches, first_ns, last_ns FROM page_agg(0, 0, 9, 'dma')")" \
	"$(rows "SELECT pfn, count(*) AS n, min(ts_ns), max(ts_ns) FROM dma WHERE op = 'map' GROUP BY pfn ORDER BY n DESC, pfn LIMIT 9")"

is 'a heading names the columns' "$(pugmark sql t.db 'SELECT 1 AS a, NULL AS b, 2.5 AS c')" "$(printf 'a\tb\tc\n1\t\t2.5')"
is 'a heading stands without rows' "$(pugmark sql t.db 'SELECT 1 AS a WHERE 0')" a
is 'each statement has its own' "$(echo "SELECT 1 AS a; -- and
SELECT 2 AS b" | pugmark sql t.db | tr '\n' ' ')" 'a 1 b 2 '
is 'a row is a line' "$(rows "SELECT 'a' || char(10) || 'b' || char(9) || 'c'")" 'a b c'

ok 'JSON is written' pugmark sql t.db --json "SELECT 1 AS a, NULL AS b, 0.5 AS c, 'x\"y' AS d, 9e999 AS e, x'ff' AS f; SELECT 2 AS g"
is 'with numbers, null and strings as JSON has them' "$(out | tail -n +2)" \
	'{"a":1,"b":null,"c":0.5,"d":"x\"y","e":null,"f":"\ufffd"},
{"g":2}]}'
exits 64 'a wrong statement' pugmark sql t.db --json 'SELEC'
is 'has no half of an object on standard output' "$(out)" ''
is 'no rows are an empty array' "$(pugmark sql t.db --json 'SELECT 1 AS a WHERE 0' | sed 's/.*"rows"/"rows"/')" '"rows":[]}'

cp t.db before.db
for sql in 'DELETE FROM chunk' 'CREATE TABLE x(a)' 'PRAGMA journal_mode=WAL' 'UPDATE stream SET digest = NULL'; do
	exits 77 "nothing is written: $sql" pugmark sql t.db "$sql"
done
same 'the trace is as before' before.db t.db
exits 73 'a full standard output is an error' sh -c 'pugmark sql t.db "SELECT * FROM dma" >/dev/full'

if [ "$BUILD" = asan ]; then
	skip 'the extension in the sqlite3 program' 'sanitizers must be in the program, not only in the extension'
elif command -v sqlite3 >/dev/null; then
	ext=$B/pugmark
	stock() {
		sqlite3 -cmd ".load $ext" "$@"
	}
	is 'the extension shows the rows to the sqlite3 program' \
		"$(stock t.db "SELECT count(*), sum(bytes) FROM dma WHERE dev = 1 AND ts_ns < 9000")" '3|12'
	is 'and has the functions' "$(stock t.db "SELECT pfn, touches FROM page_agg(0, 0, 1, 'dma')")" \
		"$(rows "SELECT pfn || '|' || touches FROM page_agg(0, 0, 1, 'dma')")"
	sqlite3 other.db 'CREATE TABLE x(a)'
	exits 1 'another database is refused' stock other.db 'SELECT count(*) FROM dma'
	like 'with a sentence' "$(err)" 'an SQLite file, but not a pugmark trace'
	exits 1 'so is no file' stock :memory: 'SELECT count(*) FROM dma'
	like 'with another' "$(err)" 'open a trace file first'
else
	skip 'the extension in the sqlite3 program' 'sqlite3 is not installed'
fi
# numbers from 2^63 on are negative in SQL: pushed down or not, the same rows
printf '0,9223372036854775813\n1,5\n2,9223372036854775813\n3,7\n4,18446744073709551615\n18446744073709551,3\n' >big.csv
pugmark import big.csv -o big.db >/dev/null
for where in 'obj < 6' 'obj <= 5' 'obj = 5' 'obj = -9223372036854775803' 'obj <= -1' 'obj >= -1' 'obj > -1' \
	'obj BETWEEN -10 AND 10' 'obj > 9223372036854775806' 'ts_ns < 0' 'ts_ns >= 0' 'ts_ns > 2000 AND obj > 0'; do
	for table in pushed whole; do
		terms=$where
		[ $table = pushed ] || terms=$(echo "$where" | sed 's/obj/+obj/g; s/ts_ns/+ts_ns/g')
		pugmark sql -n big.db "SELECT count(*), sum(ts_ns) FROM object WHERE $terms" >$table
	done
	same "rows of $where are found by pushdown too" whole pushed
done
done_testing
