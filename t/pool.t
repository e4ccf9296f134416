#!/bin/sh
# SPDX-License-Identifier: MIT
# Several VMs under one limit: a pool of one is a limit, room for all is no pool, peaks that meet hurt.
. t/lib.sh
need_command import pin
command -v sqlite3 >/dev/null || skip_all 'sqlite3 is not installed'

nic=$ROOT/datasets/nic.db nvme=$ROOT/datasets/nvme.db
instant='--cpu cold --set pin.faults=instant --json'
flat() {
	tr -d '\n' | sed 's/{"\(vm\|policy\)":"/\n&/g'
}
counts() { # IOPFs, majors, swap traffic, residency of each row
	sed -E 's/.*"iopf":([0-9]*),.*"cpu_major":([0-9]*),.*"swap_in":([0-9]*),"swap_out":([0-9]*),"vm_pages":([0-9]*),"resident_pages":([0-9]*),"swapped_pages":([0-9]*),.*/\1 \2 \3 \4 \5 \6 \7/'
}
for reclaim in lru two-list; do
	pugmark pin "$nic" --pool 70% --policy none,lru,at-risk --budget 5% --reclaim $reclaim $instant | flat |
		grep '"vm":"total"' | counts >pool
	pugmark pin "$nic" --overcommit 30% --policy none,lru,at-risk --budget 5% --reclaim $reclaim $instant | flat |
		grep '"total"' | counts >limit
	same "$reclaim: a pool of one VM is its limit" pool limit
done

pugmark pin "$nic" "$nvme" --pool 100% --policy none $instant | flat | grep '"vm":"n' | counts >pool
for trace in "$nic" "$nvme"; do
	pugmark pin "$trace" --overcommit 0% --policy none $instant | flat | grep '"total"' | counts
done >apart
same 'with room for all each VM is as if alone' pool apart

# a VM that works three times over its ten pages within two seconds, every 100 s
awk 'BEGIN {
	print "# kind: dma"
	print "ts_ns,dev,op,dir,as,pfn,npages,offset_bytes,bytes,req,source"
	for (burst = 0; burst < 5; burst++)
		for (pass = 0; pass < 3; pass++)
			for (page = 0; page < 10; page++) {
				s = burst * 100 + pass
				at = s ? s sprintf("%09d", page * 1000000) : page * 1000000
				print at ",nic0,access,from-device,gpa," 100 + page ",1,0,4096,,x"
			}
}' >burst.csv
for vm in a b; do
	pugmark import burst.csv -o $vm.db >/dev/null
done
clock() { # TRACE SECONDS
	sqlite3 "$1" "DELETE FROM clock; INSERT INTO clock(sess_id, trace_ns, real_ns) SELECT sess_id, 0, 1700000000000000000 + $2 * 1000000000 FROM session"
}
run() {
	pugmark pin a.db b.db --pool "$1" --policy none --reclaim lru --set memory.dma_sets_accessed=yes \
		--set memory.readahead=1 $instant | flat | grep '"vm":"total"'
}
clock a.db 0
clock b.db 50
run 75% >apart
clock b.db 0
run 75% >together
# twenty pages in turn have no use for room for fifteen: all 300 accesses but the 20 first ones fault
is 'peaks at the same time fault at each access' "$(json_numbers iopf <together)" 280
is 'peaks in turn hardly' "$(json_numbers iopf <apart | awk '{ print ($1 < 100) }')" 1
is 'all their faults are in one second' \
	"$(cat apart together | json_numbers iopf_max_1s | awk '{ f[NR] = $1 } END { print (f[2] > f[1]) }')" 1
is 'in a pool for both they do not' "$(run 100% | json_numbers iopf)" 0
is 'states sum to the VMs' "$(cat apart together | sed -E 's/.*"vm_pages":([0-9]*),"resident_pages":([0-9]*),"swapped_pages":([0-9]*),"absent_pages":([0-9]*),"inflight_pages":([0-9]*).*/\1 \2 \3 \4 \5/' |
	awk '$1 != $2 + $3 + $4 + $5 || $2 != 15 { bad++ } END { print NR, bad + 0 }')" '2 0'

# the same two on one slow device: who swaps at the same time waits for the other
clock b.db 0
device() {
	pugmark pin a.db b.db --pool 75% --policy none --reclaim lru --cpu cold --json --set memory.swap_device="$1" \
		--set memory.ssd_servers=1 | flat | grep '"vm":"total"' >$1
	json_numbers swap_wait_max_ns $1
}
is 'one swap device for all makes them wait longer than one for each' "$(($(device shared) > $(device own)))" 1
is 'and is twice as busy' "$(cat own shared | json_numbers swap_busy_ppm |
	awk '{ b[NR] = $1 } END { print (b[2] > 1.5 * b[1] && b[2] < 2.5 * b[1]) }')" 1
like 'which the screen tells' "$(pugmark pin a.db b.db --pool 75% --cpu cold)" '^They swap to one device'

ok 'in time and with what the CPU does' pugmark pin a.db b.db --pool 50%,80% --policy none,lru,at-risk --budget 10%
like 'the screen has the VMs' "$(out)" '^b\.db  40 KiB, from 0 ns on'
like 'rows for each' "$(out)" '^b\.db +at-risk'
like 'and for all' "$(out)" '^total +none'
sqlite3 b.db 'DELETE FROM clock'
like 'without a wall clock they begin together, which is told' "$(pugmark pin a.db b.db --pool 50%)" 'TOGETHER'
like 'two VMs of one name are told apart' "$(pugmark pin a.db a.db --pool 50%)" '^a#2 '

exits 64 'several traces need a pool' pugmark pin a.db b.db
like 'which the message tells' "$(err)" '\-\-pool SIZE makes them VMs of one host'
exits 64 'a pool of nothing is refused' pugmark pin a.db --pool 0%
exits 64 'the pool is the limit' pugmark pin a.db --pool 50% --overcommit 20%
exits 64 'who looks back has one VM' pugmark pin a.db b.db --pool 50% --policy best-static
exits 64 'a schedule is for one VM' pugmark pin a.db b.db --pool 50% --set memory.limit_schedule=0s:80%
exits 66 'a missing trace is missing input' pugmark pin a.db nope.db --pool 50%
done_testing
