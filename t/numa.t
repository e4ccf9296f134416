#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark numa: page-table dumps that one can count by hand, matrices of latencies, and the reference data; what is
# refused.
. t/lib.sh
need_command numa

sh "$ROOT/t/make-ptdump" guest >gpt.txt
sh "$ROOT/t/make-ptdump" extended >ept.txt

# classes FILE: the four numbers of each socket
classes() {
	json_numbers '[lr][lr]' "$1" | paste -d ' ' - - - -
}
ok 'dumps are classed' pugmark numa classify gpt.txt ept.txt --json
out >rows.json
is 'as one counts by hand' "$(classes rows.json)" "$(printf '100 20 10 30\n30 10 20 100')"
is 'a row a socket' "$(json_numbers socket rows.json | tr '\n' ' ')" '0 1 '
is 'nothing is without a mapping' "$(json_numbers err rows.json | tr '\n' ' ')" '0 0 '
ok 'for people too' pugmark numa classify gpt.txt ept.txt
like 'the verdict comes first' "$(out | head -n 1)" \
	'^Snapshot 1: 160 leaf entries \(0 of 2 MiB\)\. .* 40\.62 % .* random placement: 25\.00 %'

if command -v zstd >/dev/null && command -v xz >/dev/null; then
	gzip -k gpt.txt && zstd -q gpt.txt && xz -k gpt.txt && gzip -k ept.txt
	for form in gz zst xz; do
		is "likewise from .$form" "$(pugmark numa classify gpt.txt.$form ept.txt.gz --json)" "$(cat rows.json)"
	done
fi
is 'one may be standard input' "$(pugmark numa classify - ept.txt --json <gpt.txt)" "$(cat rows.json)"

# a frame without mapping, a table that nothing points to, a table that is missing
sed '/^<level1 b="5"/s/ 0 / fffff /' gpt.txt >more.txt
pugmark numa classify more.txt ept.txt --json >got.json
is 'a page that the host does not map is an error for each socket' "$(json_numbers err got.json | tr '\n' ' ')" '1 1 '
sed '/^<level1 b="5"/s/b="5"/b="6"/' gpt.txt >moved.txt
ok 'a table that nothing points to' pugmark numa classify moved.txt ept.txt
like 'is left out, and the missing one told' "$(out)" \
	'^Left out: 1 leaf tables that no entry points to; 1 entries point to tables'

# 2 MiB pages, of guest and host: entries of level 2 without p
sed '/^<level2/s/> *\(.*\)0 <\/level2>/>\13 <\/level2>/' gpt.txt >huge.txt
pugmark numa classify huge.txt ept.txt --json >got.json
is 'a page of 2 MiB is one leaf entry' "$(json_numbers ll got.json | tr '\n' ' ')" '101 30 '
is 'and told apart' "$(json_numbers 'huge_ll' got.json | tr '\n' ' ')" '1 0 '

sed '/^<level1 b="5"/s/ 0 / /' gpt.txt >bad.txt
exits 3 'a damaged line is told and left out' pugmark numa classify bad.txt ept.txt
like 'with its place and what was expected' "$(err)" \
	'^pugmark numa classify: bad\.txt: line 6: expected 512 entries, there are 511$'
head -n 9 ept.txt >cut.txt
exits 3 'so is a dump that ends early' pugmark numa classify gpt.txt cut.txt
like 'with the line where it does' "$(err)" 'cut\.txt: line 9: expected </ptdump>, the input ends here'
exits 65 'a dump without nodes is of no use' pugmark numa classify gpt.txt gpt.txt
like 'and the missing numamap told' "$(err)" 'gpt\.txt: line 1: expected <numamap>'
echo 'no dump' >junk
exits 65 'neither is other text' pugmark numa classify junk junk
exits 66 'a missing file is missing input' pugmark numa classify nope ept.txt
exits 64 'one dump is not enough' pugmark numa classify gpt.txt
exits 64 'three are too many' pugmark numa classify gpt.txt ept.txt ept.txt
exits 64 'standard input cannot be both' pugmark numa classify - -

if command -v gnuplot >/dev/null; then
	ok 'the classes are drawn' pugmark numa classify gpt.txt ept.txt --plot c.svg
	like 'into an svg' "$(head -c 300 c.svg)" '<svg'
fi

if [ -e "$DATA/walk/ptdump" ]; then
	dumps=$DATA/walk/ptdump
	pugmark numa classify "$dumps/gpt_seed42.txt.gz" "$dumps/ept_seed42.txt.gz" --json >ref.json
	is 'the reference pair is classed as the reference classes it' "$(classes ref.json)" \
		"$(awk '/^Socket/ { print $3, $5, $7, $9 }' "$dumps/expected_breakdown_seed42.txt")"
else
	skip 'the reference pair is classed as the reference classes it' 'no walk/ptdump in the data folder'
fi

# sockets from latencies
sh "$ROOT/t/make-latencies" 4 10 >four.csv
ok 'sockets are found' pugmark numa topology four.csv --json
out >got.json
like 'and told as groups of CPUs' "$(cat got.json)" \
	'"verdict":"decided","groups":\[\[0,1,2,3,4,5,6,7,8,9\],\[10,11,12,13,14,15,16,17,18,19\],\[20,.*39\]\],'
is 'with the confidence' "$(json_numbers confidence_ppm got.json)" 961538
is 'standard input will do' "$(pugmark numa topology - --json <four.csv)" "$(cat got.json)"
awk -F, '{ for (i = 1; i <= NF; i++) v[NR, i] = $i } END {
	for (i = 1; i <= NR; i++)
		for (k = 1; k <= NR; k++)
			printf "%s%s", (k > i) ? v[k, i] : "", (k < NR) ? "," : "\n" }' four.csv >upper.csv
is 'so will the upper triangle' "$(pugmark numa topology upper.csv --json)" "$(cat got.json)"
sed 's/,*$//' four.csv >ragged.csv
is 'and lines that end early' "$(pugmark numa topology ragged.csv --json)" "$(cat got.json)"
like 'people get ranges' "$(pugmark numa topology four.csv)" '^ *3 +10 +30-39$'
sh "$ROOT/t/make-latencies" 1 16 >one.csv
like 'one socket is one' "$(pugmark numa topology one.csv | head -n 1)" '^One socket \(confidence 88 %\): '
awk -F, '{ for (i = 1; i < NR; i++) printf "%d,", 50 + (NR * 7919 + i * 104729) % 97; print "" }' four.csv >noise.csv
exits 1 'what cannot be told is no answer' pugmark numa topology noise.csv --json
like 'but undecided' "$(out)" '"verdict":"undecided","groups":null,'
like 'with the reason for people' "$(pugmark numa topology noise.csv)" '^Undecided: the latencies differ too much'
printf ',\n50,x\n' >bad.csv
exits 65 'a cell that is no number is refused' pugmark numa topology bad.csv
like 'with its place' "$(err)" "^pugmark numa topology: bad\.csv: line 2: cell 2: expected a latency in ns, .* found 'x'$"
printf ',\n50,,3\n' >wide.csv
exits 65 'a line with more cells than there are lines too' pugmark numa topology wide.csv
printf ',\n-5,\n' >minus.csv
exits 65 'and a latency below nothing' pugmark numa topology minus.csv
: >empty.csv
exits 65 'an empty file is of no use' pugmark numa topology empty.csv
exits 66 'a missing one is missing input' pugmark numa topology nope.csv
exits 64 'no matrix is wrong usage' pugmark numa topology
if command -v gnuplot >/dev/null; then
	ok 'the map is drawn' pugmark numa topology four.csv --plot map.svg
	like 'into an svg' "$(head -c 300 map.svg)" '<svg'
fi

# where tables lie, from recordings
pugmark import ept.txt -o e.db >one-line
like 'a dump is imported' "$(cat one-line)" '^e\.db: 7 ptpage rows from ptdump; nothing was lost'
is 'tables by level and node, entries by both nodes' \
	"$(pugmark sql -n e.db 'SELECT level, node, data_node, "count" FROM ptpage ORDER BY level DESC, data_node, node' | tr '\t\n' ' ;')" \
	"$(printf '4 0  1;3 0  1;2 0  1;1 0  4;1 1  4;1 0 0 2048;1 1 1 2048;')"
exits 65 "a guest's table has no nodes" pugmark import gpt.txt -o g.db
like 'and numa classify is named' "$(err)" 'gpt\.txt: line 1: expected <numamap> before <ptdump>: .*numa classify'
cat >walk.json <<'END'
[{"phase": 1, "cr3": "0x1082e000", "tables": {"L1n0": 48, "L1n1": 4, "L5n1": 1}, "leaves": {"L1n0": 24588},
  "pte_page_node_vs_data_node": {"pt0->d0": 24576, "pt1->d1": 24}},
 {"phase": 2, "tables": {"L1n0": 48, "L1n1": 4, "L5n1": 1}, "pte_page_node_vs_data_node": {"pt0->d1": 24576, "pt1->d1": 24}}]
END
pugmark import walk.json -o w.db >/dev/null
ok 'a census of a trace' pugmark numa census w.db
is 'tells what a migration left behind' "$(out | head -n 1)" \
	'Level 1: of 24,600 entries 99.9 % lie in a table on another node than what they map; at first 0.0 %.'
like 'and the last snapshot beside the first' "$(out)" '^ *- +1 +0 +1 +24,576 +99\.90 % +0$'
is 'programs get all of them' "$(pugmark numa census w.db --json | json_numbers ts_ns | sort | uniq -c | awk '{ print $1 }' | tr '\n' ' ')" '5 5 '
sed 's/"L1n1"/"M1n1"/' walk.json >odd.json
exits 3 'a name that is no place is damage' pugmark import odd.json -o odd.db
like 'and told' "$(err)" 'expected "LxnY" or "ptA->dB" with a count'
exits 65 'a trace without ptpage rows is of no use' pugmark numa census "$ROOT/datasets/nic.db"
exits 64 'a census of this host has no timeline' pugmark numa census --plot x.svg
if [ "$(id -u)" -ne 0 ] && [ -e /proc/kpageflags ]; then
	exits 77 'a census of this host is for root' pugmark numa census
fi
if command -v gnuplot >/dev/null; then
	ok 'the timeline is drawn' pugmark numa census w.db --plot time.svg
	like 'into an svg' "$(head -c 300 time.svg)" '<svg'
fi
if [ -e "$DATA/guest/n-numa-pt" ]; then
	pugmark import "$DATA/guest/n-numa-pt/ptwalk.json" -o real.db >/dev/null
	is 'of a real process all 48 leaf tables stayed, and all its pages went' \
		"$(pugmark sql -n real.db 'SELECT ts_ns / 1000000000, node, data_node, "count" FROM ptpage WHERE level = 1 AND node = 0 AND ts_ns != 1000000000 ORDER BY 1, 3' |
			tr '\t\n' ' ;')" '0 0  48;0 0 0 24576;2 0  48;2 0 1 24576;'
else
	skip 'of a real process all 48 leaf tables stayed' 'no guest/n-numa-pt in the data folder'
fi

# a matrix of this host: no figure is a test
if [ "$(nproc)" -gt 1 ]; then
	ok 'latencies of this host are measured' pugmark numa measure -o here.csv --rounds 1 --exchanges 20
	like 'and told' "$(out | head -n 1)" '^here\.csv: [0-9]+ of [0-9]+ pairs of [0-9]+ CPUs; one way takes '
	is 'a pair has a cell, below the diagonal' \
		"$(awk -F, '{ for (i = 1; i < NR; i++) n += $i != "" } END { print n }' here.csv)" \
		"$(pugmark numa measure -o again.csv --rounds 1 --exchanges 20 --json | json_numbers measured)"
	is 'and every line as many cells' "$(awk -F, '{ print NF }' here.csv | sort -u)" "$(wc -l <here.csv | tr -d ' ')"
	exits 73 'a file that cannot be written is told' pugmark numa measure -o no/where.csv --rounds 1 --exchanges 1
fi
first=$(taskset -pc $$ 2>/dev/null | sed 's/.*: *\([0-9]*\).*/\1/')
if [ -n "$first" ]; then
	exits 69 'of one CPU there is nothing to measure' pugmark numa measure -o one.csv --cpus "$first"
	like 'which is said' "$(err)" "only CPU $first to measure"
fi
exits 77 'a CPU that is not ours is refused' pugmark numa measure -o one.csv --cpus 0,1023
exits 64 'as is what is no CPU' pugmark numa measure -o one.csv --cpus 0-x
exits 64 'the file must be named' pugmark numa measure

if [ -e "$DATA/walk/c2c" ]; then
	# truth GROUPS: of a machine in ground_truth.json, blanks left out
	truth() {
		tr -d ' \n' <"$DATA/walk/c2c/ground_truth.json" | sed "s/.*\"$1\":{[^}]*\"sockets\":\(\[\[[0-9,]*\]\(,\[[0-9,]*\]\)*\]\|null\).*/\1/"
	}
	for matrix in "$DATA"/walk/c2c/*.csv; do
		name=${matrix##*/} name=${name%.csv}
		want=$(truth "$name")
		[ "$want" != null ] || continue
		is "the sockets of $name are those of the machine" \
			"$(pugmark numa topology "$matrix" --json | sed -n 's/.*"groups":\(.*\),"confidence_ppm.*/\1/p')" "$want"
	done
else
	skip 'the sockets of real machines' 'no walk/c2c in the data folder'
fi
done_testing
