#!/bin/sh
# SPDX-License-Identifier: MIT
# --json of every command is one object with command, version, trace and rows, and nothing else on standard output.
. t/lib.sh
need sqlite3

d=$ROOT/datasets/nvme.db
n=$ROOT/datasets/nic.db

# the object in FILE, looked at by SQL: of EXPRESSION on j
json() {
	sqlite3 ':memory:' "WITH f(j) AS (SELECT CAST(readfile('$1') AS TEXT)) SELECT $2 FROM f" 2>&1
}

# envelope COMMAND.. : what it writes with --json
envelope() {
	pugmark "$@" --json >o.json 2>e.txt
	is "$*: one JSON object" "$(json o.json 'json_valid(j), json_type(j)')" '1|object'
	is 'it begins as all do' "$(json o.json "(SELECT group_concat(key, ' ') FROM (SELECT key FROM json_each(j) LIMIT 3))")" \
		'command version trace'
	is 'and has rows' "$(json o.json "json_type(j, '\$.rows')")" array
}

# The trace by path and digest
of_trace() {
	envelope "$@"
	is 'the trace has its digest' "$(json o.json "length(json_extract(j, '\$.trace.digest'))")" 32
}

# Every parameter with its kind: as many as the text has
with_assumptions() {
	envelope "$@" --assumptions
	pugmark "$@" --assumptions 2>/dev/null | grep -c ' = .* | [a-z]* *|* *' >lines.txt
	ok 'assumptions with a kind each' test "$(json o.json "(SELECT count(json_extract(value, '\$.kind')) FROM json_each(j, '\$.assumptions'))")" \
		-ge "$(cat lines.txt)" -a "$(cat lines.txt)" -gt 20
}

of_trace info "$n"
of_trace info "$n" --characterise
of_trace verify "$n"
of_trace sql "$n" 'SELECT count(*) AS n FROM dma'
of_trace age "$n"
of_trace cache "$n" --policy lru --curve
of_trace report "$n" rate
of_trace export "$n" --format csv --stream dma -o dma.csv
is 'a row a stream that went into the file' "$(json o.json "json_extract(j, '\$.rows[0].events')")" "$(($(wc -l <dma.csv) - 1))"
ok 'an export on standard output is itself' pugmark export "$n" --format csv --stream dma --json
ok 'and nothing else' sh -c 'pugmark export "$1" --format csv --stream dma --json | cmp - dma.csv' - "$n"
of_trace gen gups --set mem.accesses=10K -o mem.db
envelope gen nic --print
ok 'a profile has its sources' test "$(json o.json "json_array_length(j, '\$.assumptions')")" -gt 10
of_trace merge "$n" "$d" -o both.db
envelope list
envelope doctor
envelope report --list
envelope nvme --list
envelope nvme --requests 100
of_trace pin "$n" --policy none --overcommit 20%
with_assumptions pin "$n" --policy none --overcommit 20%
with_assumptions pin "$d" --fault-rate 1/s
with_assumptions walk mem.db --design native,nested
with_assumptions score "$d" mem.db --design today,tpt
pugmark age "$n" --results r.db >/dev/null
envelope report r.db
envelope report --compare r.db r.db
envelope sweep --merge r.db -o m.db

echo junk >junk
pugmark calibrate nvme --from junk -o mine.ini --json >o.json 2>e.txt
is 'a measurement that is none is refused' $? 65
is 'without half an object' "$(cat o.json)" ''
done_testing
