#!/bin/sh
# SPDX-License-Identifier: MIT
# Limits over time: what a schedule does to a replay one can check by hand, and what is refused.
. t/lib.sh
need_command import pin

# ten pages in turn every ten seconds
awk 'BEGIN {
	print "# kind: dma"
	print "ts_ns,dev,op,dir,as,pfn,npages,offset_bytes,bytes,req,source"
	for (s = 0; s <= 50; s += 10)
		printf "%s,nic0,access,from-device,gpa,100,10,0,40960,,x\n", s ? s "000000000" : 0
}' >ten.csv
pugmark import ten.csv -o ten.db >/dev/null

run() { # OPTIONS
	pugmark pin ten.db --policy none --cpu cold --reclaim lru --set memory.dma_sets_accessed=yes \
		--set memory.readahead=1 --set pin.faults=instant --json "$@"
}
total() {
	tr -d '\n' | sed 's/{"policy"/\n&/g' | grep '"total"'
}
# at 15 s five pages leave; room for five of ten in turn is none: ten faults at 20 s and 30 s; at 35 s there is
# room again, and the five that were out are the last faults
is 'a limit that falls and rises' "$(run --set memory.limit_schedule=0s:100%,15s:50%,35s:100% | total | json_numbers iopf)" 25
is 'takes at its time what it takes' \
	"$(run --set memory.limit_schedule=0s:100%,15s:50%,35s:100% | total | json_numbers swap_out)" 25
is 'before the first one the overcommit is the limit' \
	"$(run --overcommit 50% --set memory.limit_schedule=25s:100% | total | json_numbers iopf)" 25
run --set memory.limit_schedule=0s:70% | total >scheduled
run --overcommit 30% | total >overcommit
same 'a limit from the start is an overcommit' scheduled overcommit
printf '0s:100%%\n15s:50%%\n35s:100%%\n' >steps
run --set memory.limit_schedule=steps >by-file.json
run --set memory.limit_schedule=0s:100%,15s:50%,35s:100% >by-list.json
same 'a file of steps is the same design' by-file.json by-list.json
for policy in none lru at-risk; do
	pugmark pin ten.db --policy $policy --budget 20% --cpu cold --set memory.limit_schedule=0s:100%,15s:50% --json |
		tr -d '\n' | sed 's/{"policy"/\n&/g' | grep '"total"'
done >timed
is 'in time, too, faults and states add up' "$(sed -E 's/.*"iopf":([0-9]*),"iopf_done":([0-9]*),"iopf_failed":([0-9]*),"iopf_joined":([0-9]*).*"vm_pages":([0-9]*),"resident_pages":([0-9]*),"swapped_pages":([0-9]*),"absent_pages":([0-9]*),"inflight_pages":([0-9]*).*/\1 \2 \3 \4 \5 \6 \7 \8 \9/' timed |
	awk '$1 != $2 + $3 + $4 || $5 != $6 + $7 + $8 + $9 { bad++ } END { print NR, bad + 0 }')" '3 0'
like 'the screen tells the schedule' \
	"$(pugmark pin ten.db --set memory.limit_schedule=0s:100%,15s:50%)" 'limits 0s:100%,15s:50%'
pugmark pin ten.db --policy oracle-frozen,none --budget 2 --cpu cold --set pin.residency=frozen \
	--set memory.limit_schedule=0s:100%,15s:50% --json >frozen.json
is 'a schedule can be frozen' "$(total <frozen.json | json_numbers iopf | awk '{ f[NR] = $1 } END { print (f[1] < f[2]) }')" 1

refused() { # TEXT SENTENCE
	exits 64 "'$1' is refused" pugmark pin ten.db --set "memory.limit_schedule=$1"
	like 'with a sentence' "$(err)" "$2"
}
refused '0s:0%' 'above 0 and at most 100%'
refused '0s:101%' 'above 0 and at most 100%'
refused '10s:50%,10s:60%' 'expected a later time'
refused '10:50%' 'unit'
refused '0s:50%,9s' 'expected TIME:SHARE'
exits 64 'no overcommit where the schedule leaves it no time' \
	pugmark pin ten.db --overcommit 10% --set memory.limit_schedule=0s:50%
exits 66 'a missing file is missing input' pugmark pin ten.db --set memory.limit_schedule=nope
done_testing
