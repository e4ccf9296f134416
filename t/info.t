#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark info: what is there, what is lost, what is not known.
. t/lib.sh
need_command import info

pugmark import "$ROOT/t/data/dma.csv" -o t.db >/dev/null
ok 'a trace is described' pugmark info t.db
is 'the first line says how much there is and whether it is all' "$(out | head -n 1)" \
	't.db: 8 events over 4 s, complete, no loss recorded.'
like 'a stream has its distinct pages, those of an unmapping aside' "$(out)" '^dma  *8  *0 ns  *4 s  *7  .*  yes$'
like 'devices have their addresses' "$(out)" '^ *1  0000:00:06\.0  other  -  *2  -$'
like 'and how many pages were mapped for each' "$(out)" '^ *0  0000:00:05\.0  other  -  *5  -$'
like 'the accounting is there' "$(out)" '^dma  *8  *8  *0  *0  *0  *0  *0$'

ok 'JSON is written' pugmark info t.db --json
out >info.json
is 'its arrays come in their order' "$(grep -oE '^"[a-z]*":\[' info.json | tr -d '\n')" \
	'"streams":["hosts":["devices":["sources":["distributions":["loss":["accounting":["rows":['
is 'a stream has exact numbers' "$(sed -n 's/,"chunks".*//p' info.json)" \
	'{"kind":"dma","events":8,"first_ts_ns":0,"last_ts_ns":4000000001,"unique_pages":7'
is 'the digest of the trace is there' "$(json_text digest info.json | awk '{ print length($0) }' | sort -u)" 32
pugmark info t.db --characterise --json >locality.json
is 'locality has its counts' "$(grep -o '"touches".*"once.*"more' locality.json)" \
	'"touches":8,"unique_pages":7,"once_ppm":857143,"more'
is 'and nothing else changes' "$(sed '/^\],$/d; /^"locality"/,$d' locality.json)" "$(sed '/^\],$/d; /^"rows":\[\]}$/d' info.json)"

printf 'ts_ns,va,ip\n1,4096,1\n2,8192,1\n' >fault.csv
pugmark import fault.csv -o fault.db >/dev/null
like 'pages that nobody told are not "0 pages"' "$(pugmark info fault.db)" '^fault  *2  *1 ns  *2 ns  *-  '
like 'and null in JSON' "$(pugmark info fault.db --json)" '"unique_pages":null'

printf 'time_us,object_id\n1,2\nx,3\n3,4\n' >bad.csv
pugmark import -q bad.csv -o bad.db >/dev/null
like 'losses are in the first line' "$(pugmark info bad.db | head -n 1)" 'EVENTS WERE LOST'
like 'and told one by one' "$(pugmark info bad.db)" '^object  .*  1  parse  bad\.csv: line 3: expected '
for command in 'sql -n bad.db SELECT(1)' 'export bad.db -f csv' 'cache bad.db --policy lru' 'report bad.db rate'; do
	# shellcheck disable=SC2086
	ok "after a loss the status of ${command%% *} is 0" pugmark $command
	is 'but a banner tells' "$(err)" \
		"pugmark ${command%% *}: bad.db: 1 EVENTS WERE LOST when it was made: see pugmark info"
	# shellcheck disable=SC2086
	ok 'which --quiet silences' pugmark $command --quiet
	is 'wholly' "$(err)" ''
done

name=$(printf 'odd "\\\t\377 name.db')
cp t.db "$name"
ok 'a file may have any name' pugmark info "$name" --json
like 'which JSON escapes' "$(out)" '"path":"odd \\"\\\\\\u0009\\ufffd name\.db"'

for locale in C.UTF-8 de_DE.UTF-8; do
	LC_ALL=$locale TZ=Asia/Kolkata COLUMNS=40 pugmark info t.db --characterise >"$locale.txt"
	pugmark info t.db --characterise >C.txt
	same "$locale and another time zone give the same bytes" C.txt $locale.txt
done
exits 73 'a full standard output is an error' sh -c 'pugmark info t.db >/dev/full'
is 'with its reason' "$(err)" 'pugmark info: the results could not be written: No space left on device'
exits 73 'also for --help' sh -c 'pugmark info --help >/dev/full'
ok 'a reader that goes away early is none' sh -c 'pugmark info t.db | head -n 1'
done_testing
