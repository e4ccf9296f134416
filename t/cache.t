#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark cache: rows, sizes, curves, streams and what it says about bad input.
. t/lib.sh
need_command import cache

# 3,000 requests over 300 pages: a loop with a hot set beside it
awk 'BEGIN { for (i = 0; i < 3000; i++) print (i % 3 ? i % 300 : i % 7 + 40), 1, 0, i }' >trace.lis
ok 'the trace is imported' pugmark import trace.lis -o t.db
unique=$(awk '{ seen[$1] } END { for (p in seen) n++; print n }' trace.lis)

ok 'without options everything is on one screen' pugmark cache t.db
like 'the verdict comes first' "$(out | head -n 1)" '^At 10% .* misses least: [0-9.]+ %'
like 'every policy has a row' "$(out)" '^s3fifo-2025 '
is 'it fits a screen' "$(out | awk 'END { print NR <= 24 }')" 1
unlike 'no line is wider than 100 columns' "$(out)" '.{101}'

pugmark cache t.db --policy lru,min --size 10%,50%,1 --json >rows.json
is 'one row for each policy and size' "$(json_text policy rows.json | tr '\n' ' ')" 'lru lru lru min min min '
is 'a share of the unique pages is rounded down' "$(json_numbers size_pages rows.json | head -n 3 | tr '\n' ' ')" \
	"$((unique / 10)) $((unique / 2)) 1 "
is 'requests are counted' "$(json_numbers requests rows.json | sort -u)" 3000
is 'so are unique pages' "$(json_numbers unique_pages rows.json | sort -u)" "$unique"

pugmark cache t.db --policy lru,min --size 10%,50%,1 --json --threads 1 >one.json
pugmark cache t.db --policy lru,min --size 10%,50%,1 --json --threads 7 >seven.json
same 'any number of threads gives the same bytes' one.json seven.json

pugmark cache t.db --policy fifo --size 0.0001% --json >least.json
is 'a size is at least one page' "$(json_numbers size_pages least.json)" 1
pugmark cache t.db --policy fifo --size 64K --json >most.json
is 'above the unique pages only first touches miss' "$(json_numbers misses most.json)" "$unique"

pugmark cache t.db --curve --json >curve.json
is 'the curve ends at the first touches' "$(json_numbers misses curve.json | tail -n 1)" "$unique"
sizes=$(json_numbers size_pages curve.json | tr '\n' ',')
pugmark cache t.db --policy lru --size "${sizes%,}" --json >lru.json
is 'the curve equals LRU at every size where it steps' \
	"$(json_numbers misses curve.json)" "$(json_numbers misses lru.json)"
is 'misses change from step to step' \
	"$(json_numbers misses curve.json | uniq -d | sed '/^'"$unique"'$/d')" ''
pugmark cache t.db --curve --size 10,20 --json >at.json
is 'a curve at given sizes has rows for them' "$(json_numbers size_pages at.json | tr '\n' ' ')" '10 20 '
pugmark cache t.db --curve --policy lru,arc --size 10 --json >both.json
like 'curve and policies go together' "$(cat both.json)" '"curve":'
is 'and policies keep their rows' "$(json_text policy both.json | tr '\n' ' ')" 'lru arc '
ok 'a curve for people is one screen' pugmark cache t.db --curve
is 'of at most 26 lines' "$(out | awk 'END { print NR <= 26 }')" 1

pugmark cache t.db --curve --sample 400 --json >sampled.json
is 'a sample larger than the trace gives the exact curve' \
	"$(json_numbers misses sampled.json)" "$(json_numbers misses curve.json)"
pugmark cache t.db --curve --sample 64 --seed 5 --json >a.json
pugmark cache t.db --curve --sample 64 --seed 5 --json >b.json
pugmark cache t.db --curve --sample 64 --seed 6 --json >c.json
same 'a sample repeats under its seed' a.json b.json
is 'another seed draws another sample' "$(cmp -s a.json c.json; echo $?)" 1

ok 'a stream is picked by kind' pugmark cache t.db --policy lru --stream object
exits 64 'or by number, which must exist' pugmark cache t.db --stream 7
like 'the message lists the streams' "$(err)" "no stream '7', only: object"
is 'what is asked for twice is told once' \
	"$(pugmark cache t.db --policy lru,arc,lru --size 5,10%,5 --json | json_numbers size_pages | wc -l)" 4
verdict() {
	pugmark cache t.db "$@" | head -n 2
}
like 'where nothing is evicted no policy wins' "$(verdict --size 200%)" \
	'^At 200% [(][0-9]+ pages[)] all policies miss alike: 6\.73 %, the bound [(]min[)] 6\.73 %\.$'
like 'nor at several such sizes' "$(verdict --size 200%,300%)" '^The policies do not differ at any size tried'
like 'but at the others' "$(verdict --size 10%,200%)" '^Best by size: [a-z0-9-]+ at 10%; all alike at 200%\.$'
like 'a policy without a rival is not called the best' "$(verdict --policy lru,min --size 10%,20%)" \
	'^At 10% [(][0-9]+ pages[)] lru misses [0-9.]+ %, the bound [(]min[)] [0-9.]+ %\.$'
unlike 'at no size' "$(verdict --policy lru,min --size 10%,20%)" 'best'
exits 64 'an unknown policy is refused' pugmark cache t.db --policy lru,sive
like 'with the nearest name' "$(err)" "no policy 'sive': did you mean 'sieve'"
exits 64 'a name like nothing is refused' pugmark cache t.db --policy qqqqqqqqqq
like 'with all names' "$(err)" 'there are 2q, arc, clock, .*, sieve'
exits 64 'a size of nothing is refused' pugmark cache t.db --size 0
exits 64 'so is a size that is no number' pugmark cache t.db --size much
exits 64 'a sample needs a curve' pugmark cache t.db --sample 8192
exits 64 'a trace is needed' pugmark cache
exits 66 'a missing trace is missing input' pugmark cache nope.db
like 'which is named' "$(err)" 'nope\.db'
exits 65 'a file that is no trace is unusable' pugmark cache trace.lis

# parameters of policies
misses_of() {
	pugmark cache t.db --size 10% --json "$@" | json_numbers misses
}
is 'a parameter has its default' "$(misses_of --policy 2q --set pin.2q_in=25%)" "$(misses_of --policy 2q)"
is 'lru-k with K = 1 and no correlated period is lru' \
	"$(misses_of --policy lru-k --set pin.lru_k=1 --set pin.lru_k_correlated=0)" "$(misses_of --policy lru)"
exits 64 'an unknown parameter is refused' pugmark cache t.db --set pin.lru_kk=2
like 'with the nearest name' "$(err)" "lru_k"
exits 64 'so is a value out of bounds' pugmark cache t.db --set pin.lru_k=9
ok 'other parameters are another question to a results file' sh -c '
	pugmark cache t.db --policy 2q --size 10% --results p.db &&
	pugmark cache t.db --policy 2q --size 10% --set pin.2q_in=60% --results p.db'

ok 'counts go into a results file' pugmark cache t.db --policy lru,min --size 10%,50% --results r.db
ok 'the same counts again are no change' pugmark cache t.db --policy min,lru --size 50%,10% --results r.db
ok 'a curve goes there too' pugmark cache t.db --curve --results r.db
cp trace.lis other.txt
exits 65 'no other file is written to' pugmark cache t.db --results other.txt
same 'and it stays as it was' trace.lis other.txt

exits 64 'an unknown kind of picture is refused' pugmark cache t.db --plot a.bmp
exits 64 'JSON and a plot do not share standard output' pugmark cache t.db --json --plot -
if command -v gnuplot >/dev/null; then
	ok 'policies are drawn' pugmark cache t.db --plot policies.svg
	like 'with their names' "$(cat policies.svg)" 's3fifo-2025'
	ok 'one policy of one size can be drawn' pugmark cache t.db --policy lru --size 10 --plot one.svg
	ok 'a curve is drawn' pugmark cache t.db --curve --plot curve.svg
	ok 'a curve and policies are drawn together' pugmark cache t.db --curve --policy lru,arc --plot both.svg
	like 'with a name for each' "$(cat both.svg)" 'lru, all sizes'
	unlike 'lru once' "$(cat both.svg)" '>lru<'
	like 'a curve alone says whose misses it shows' "$(cat curve.svg)" 'LRU misses, t\.db'
	ok 'text is drawn on standard output' pugmark cache t.db --curve --plot -
	like 'below the table' "$(out)" 'cache size, pages'
	is 'nothing is left beside the pictures' "$(ls | grep -c svg)" 4
else
	skip 'policies and curves are drawn' 'gnuplot is not installed'
fi

# a command that spans pages is one row and as many requests
printf '8 3 0 0\n9 2 0 1\n' >runs.lis
pugmark import runs.lis -o runs.db >/dev/null
pugmark cache runs.db --policy lru --size 3 --json >runs.json
is 'a row asks for each of its pages' "$(json_numbers requests runs.json | sort -u)" 5
is 'in order' "$(json_numbers misses runs.json)" 3

if [ -e "$DATA/cache/cloudPhysicsIO.vscsi" ]; then
	pugmark import "$DATA/cache/cloudPhysicsIO.vscsi" -o cp.db >/dev/null
	pugmark cache cp.db --policy lru,fifo,clock,arc,lfu,sieve,s3fifo,min --size 1%,5%,10%,25%,50% --json |
		tr -d '\n' | sed 's/{"policy"/\n&/g' |
		sed -nE 's/.*"policy":"([^"]*)","size_pages":([0-9]*),.*"misses":([0-9]*).*/\1,\2,\3/p' | sort >got
	sed 1d "$DATA/cache/cp_vscsi_4k.oracle.csv" | tr A-Z a-z |
		sed -E 's/^belady/min/; s/^([^,]*),([^,]*),[^,]*,([^,]*),.*/\1,\2,\3/' | sort >want
	is 'all 40 rows of the oracle are reached from the file' "$(wc -l <want) $(diff got want)" '40 '
else
	skip 'all 40 rows of the oracle are reached from the file' 'no cloudPhysicsIO.vscsi in the data folder'
fi
done_testing
