#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark report: stored queries as tables, JSON and plots.
. t/lib.sh
need_command import report

pugmark import "$ROOT/t/data/dma.csv" -o t.db >/dev/null
ok 'reports are listed' pugmark report --list
names=$(out | sed -n '2,$s/ .*//p')
is 'each query of the sources is there' "$(echo "$names" | sort)" \
	"$(cd "$ROOT/reports/queries" && ls ./*.sql | sed 's|^\./||; s|\.sql$||' | sort)"
ok 'also as JSON' pugmark report --list --json
like 'without a trace' "$(out | head -n 1)" '"trace":null'

for name in $names; do
	ok "$name is a table" pugmark report t.db "$name"
	is "the title of $name is the one of the list" "$(out | head -n 1)" \
		"$(pugmark report --list --json | grep "\"report\":\"$name\"" | json_text title)"
	ok "$name is JSON" pugmark report t.db "$name" --json
	like 'which names the report' "$(out)" "^\"report\":\"$name\",\$"
done
is 'rate counts events by second' "$(pugmark report t.db rate --json | grep '^{"kind"')" \
	'{"kind":"dma","second":0,"events_per_s":1,"bytes_per_s":16384},
{"kind":"dma","second":1,"events_per_s":3,"bytes_per_s":11192},
{"kind":"dma","second":2,"events_per_s":2,"bytes_per_s":9692},
{"kind":"dma","second":4,"events_per_s":2,"bytes_per_s":17884}'
is 'maps counts mappings only' "$(pugmark report t.db maps --json | grep '^{"second"')" \
	'{"second":1,"maps_per_s":2,"pages_per_s":3,"bytes_per_s":9692},
{"second":2,"maps_per_s":1,"pages_per_s":1,"bytes_per_s":1500}'
printf 'ts_ns,dir,proto,bytes\n1,to-device,17,1500\n2,to-device,17,60\n' >pkt.csv
pugmark import pkt.csv -o pkt.db >/dev/null
like 'rate adds the bytes of packets too' "$(pugmark report pkt.db rate --json)" '"kind":"pkt","second":0,"events_per_s":2,"bytes_per_s":1560'
ok 'a report of pages about packets' pugmark report pkt.db popularity
like 'says what there is instead' "$(out)" 'only rows of: pkt\.$'
exits 64 'the trace comes first' pugmark report rate pkt.db
like 'which is said' "$(err)" 'that is a trace, which comes first'
# an event at 0, 100 and 3000 s
printf 'ts_ns,va,ip\n0,4096,1\n100000000000,4096,1\n3000000000000,4096,1\n' >long.csv
pugmark import long.csv -o long.db >/dev/null
is 'a long trace fits a screen' "$(pugmark report long.db rate)" \
	'Events and bytes per second of trace time, by stream
Each row is the mean of 51 seconds; --json has one a second.

kind   second  events_per_s  bytes_per_s
fault       0             1            0
fault      51             1            0
fault   2,958             1            0'
is 'but programs get each second' "$(pugmark report long.db rate --json | json_numbers second | tr '\n' ' ')" '0 100 3000 '
is 'popularity ranks pages' "$(pugmark report t.db popularity --json | grep '^{"kind"')" \
	'{"kind":"dma","rank":1,"pfn":2000,"touches":2},
{"kind":"dma","rank":2,"pfn":1000,"touches":1},
{"kind":"dma","rank":4,"pfn":1002,"touches":1}'

if command -v gnuplot >/dev/null; then
	for type in svg png pdf; do
		ok "rate is drawn as $type" pugmark report t.db rate --plot "rate.$type"
		is 'and nothing is printed' "$(out)" ''
		is 'but a note says into which file' "$(err)" "pugmark report: rate.$type: drawn"
		ok 'which is not empty' test -s "rate.$type"
	done
	ok '--json with a plot prints rows too' pugmark report t.db rate --plot again.svg --json
	like 'as JSON' "$(out)" '^"report":"rate",$'
	same 'the same trace gives the same picture' rate.svg again.svg
	ok 'a plot is drawn as text' pugmark report t.db rate --plot -
	is 'as wide as COLUMNS says' "$(COLUMNS=60 pugmark report t.db rate --plot - | awk 'length($0) > n { n = length($0) } END { print n }')" 60
	is 'nothing is drawn where nothing was' \
		"$(pugmark report long.db rate --plot - | grep -v fault | cut -c 20-60 | grep -c '[*#@]')" 0
	exits 73 'text on a full standard output is an error' sh -c 'pugmark report t.db rate --plot - >/dev/full'
	like 'with its reason' "$(err)" 'the plot could not be written: No space left on device'
	printf 'ts_ns,va,ip\n1,4096,1\n' >fault.csv
	pugmark import fault.csv -o fault.db >/dev/null
	exits 65 'nothing to draw is unusable' pugmark report fault.db popularity --plot none.svg
	is 'and leaves no file' "$(ls none.svg* 2>/dev/null)" ''
fi
mkdir bare
ln -s "$PUGMARK" bare/pugmark
exits 69 'without gnuplot a feature is missing' env PATH="$TMP/bare" pugmark report t.db rate --plot x.svg
like 'which is named' "$(err)" 'gnuplot'
done_testing
