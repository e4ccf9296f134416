#!/bin/sh
# SPDX-License-Identifier: MIT
# Coherent areas: rings are used while their device works; age and pin agree on what that costs.
. t/lib.sh
need_command import age pin

# A ring of 16 pages and one buffer: a packet a second for 10 s, nothing for 10 minutes, a packet.
awk 'BEGIN {
	print "# kind: dma"
	print "ts_ns,dev,op,dir,as,pfn,npages,offset_bytes,bytes,req,source"
	print "0,nic0,alloc,both,gpa,100,16,0,65536,,x"
	for (i = 1; i <= 11; i++) {
		s = i <= 10 ? i : 610
		printf "%d000000000,nic0,map,from-device,gpa,7,1,0,1500,,x\n", s
		printf "%d000500000,nic0,unmap,from-device,gpa,7,1,0,1500,,x\n", s
	}
}' >ring.csv
pugmark import ring.csv -o ring.db >/dev/null

refaults() { # TRACE TAU OPTIONS
	trace=$1 tau=$2
	shift 2
	pugmark age "$trace" --tau "$tau" --json "$@" | grep '"device":"total"' | head -n 1 |
		json_numbers refaults
}
iopf() { # TRACE TAU OPTIONS
	trace=$1 tau=$2
	shift 2
	pugmark pin "$trace" --policy none --cpu cold --overcommit 0% --reclaim age --set memory.age="$tau" \
		--set memory.dma_sets_accessed=yes --set memory.readahead=1 --set pin.faults=instant --json "$@" |
		tr -d '\n' | sed 's/{"policy"/\n&/g' | grep '"total"' | json_numbers iopf
}
is 'a ring gone cold faults page after page' "$(refaults ring.db 60s)" 17
is 'in pin, too' "$(iopf ring.db 60s)" 17
is 'declared never used, only the buffer faults' "$(refaults ring.db 60s --set access.live_period=0)" 1
is 'in pin, too' "$(iopf ring.db 60s --set access.live_period=0)" 1
# at 5 s the ring is used at 5 s (its period is 5 s) and 10 s: gaps of 5 s are refaults as well
is 'a longer period is a longer gap' "$(refaults ring.db 5s --set access.live_period=5s)" 49
is 'in pin, too' "$(iopf ring.db 5s --set access.live_period=5s)" 49
like 'the screen tells what is declared' "$(pugmark age ring.db)" \
	'Coherent areas \(rings, 64 KiB\) count as used every 500 ms while'
like 'so does that of pin' "$(pugmark pin ring.db --memory 16M)" 'access model near, rings used every 500 ms\.'
like 'pin counts it as a guess' "$(pugmark pin ring.db --memory 16M --assumptions)" '^live_period = 500 ?ms .*\| guess'
exits 64 'age knows only these parameters' pugmark age ring.db --set memory.age=1s

# the identity, on recordings
for trace in nic nvme; do
	for period in 0 300ms 1s; do
		for tau in 10ms 1s; do
			is "$trace: age is pin with reclaim by age $tau, rings every $period" \
				"$(refaults "$ROOT/datasets/$trace.db" $tau --set access.live_period=$period)" \
				"$(iopf "$ROOT/datasets/$trace.db" $tau --set access.live_period=$period)"
		done
	done
done
done_testing
