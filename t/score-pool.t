#!/bin/sh
# SPDX-License-Identifier: MIT
# Which VMs of one host may be overcommitted: alone, together, and why not.
. t/lib.sh
need_command import gen pin score
command -v sqlite3 >/dev/null || skip_all 'sqlite3 is not installed'

# forty pages at once every 10 s, the other sixty in between: any limit below 100 makes each access a fault
awk 'BEGIN {
	print "# kind: dma"
	print "ts_ns,dev,op,dir,as,pfn,npages,offset_bytes,bytes,req,source"
	for (burst = 0; burst < 12; burst++) {
		for (page = 0; page < 40; page++) emit(burst * 10, page * 100000, page)
		for (page = 40; page < 100; page++) emit(burst * 10 + 5, page * 10000000, page)
	}
}
function emit(s, ns, page) {
	print (s ? s sprintf("%09d", ns) : ns) ",nic0,access,from-device,gpa," 100 + page ",1,0,4096,,x"
}' >burst.csv
clock() { # TRACE SECONDS
	sqlite3 "$1" "DELETE FROM clock; INSERT INTO clock(sess_id, trace_ns, real_ns) SELECT sess_id, 0, 1700000000000000000 + $2 * 1000000000 FROM session"
}
for vm in a b; do
	pugmark import burst.csv -o $vm.db >/dev/null
	sqlite3 $vm.db "UPDATE device SET class = 'nic'"
	clock $vm.db 0
done

rows() { # one line a row
	tr -d '\n' | sed 's/{"\(rank\|design\|vm\)":/\n&/g'
}
slow='--set memory.reclaim=lru --set memory.dma_sets_accessed=yes --set memory.readahead=1 --set pin.policy=none
 --set background.rate=0/s --set memory.ssd_servers=1 --set memory.ssd_read=5ms --set memory.ssd_write=10us'
burst() { # WORDS..
	pugmark score a.db b.db $slow --json "$@" | rows
}

# alone a burst of 40 reads from a slow disk is a gap of 200 ms; two at one time are one of 600 ms
clock b.db 2
burst --pool 100% --slo 'nic.gap<=300ms' >shifted
clock b.db 0
burst --pool 100% --slo 'nic.gap<=300ms' >together
burst --pool 100% --slo 'nic.gap<=300ms' --set memory.swap_device=own >own
given() {
	grep '"design".*"is_best"' "$1" | json_numbers joint_returned_bytes
}
alone() {
	grep '"design".*"is_best"' "$1" | json_numbers alone_returned_bytes
}
is 'bursts in turn give back what the VMs alone do' "$(given shifted)" "$(alone shifted)"
is 'bursts at one time on one device give back less' "$(($(given together) < $(given shifted)))" 1
is 'with a device for each they give it all again' "$(given own)" "$(alone own)"
is 'what the VMs alone suggest is the same' "$(alone together)" "$(alone shifted)"
is 'sharing the device makes bursts longer' \
	"$(burst --pool 100% --slo 'nic.gap<=10s' | json_numbers nic_gap_ns | head -n 1 | awk '{ print ($1 > 500000000) }')" 1
like 'the VM that gives less is told why' "$(cat together)" '"limited_by":"together: nic\.gap of [ab]\.db"'
like 'the screen says so first' "$(pugmark score a.db b.db $slow --pool 100% --slo 'nic.gap<=300ms' | head -n 1)" \
	'^1 of 2 VMs may be overcommitted with vpri; .* less than the VMs alone would suggest, because their peaks coincide'

# memory: both need all of theirs, but not at one time
clock b.db 7
pugmark score a.db b.db $slow --pool 90% --json --set memory.ssd_read=100us --slo 'iopf<=100000' | rows >loose
is 'a pool that is smaller than what the VMs keep gives the difference' "$(given loose | awk '{ print ($1 >= 80 * 1024) }')" 1
awk 'BEGIN {
	print "# kind: dma"
	print "ts_ns,dev,op,dir,as,pfn,npages,offset_bytes,bytes,req,source"
	for (burst = 0; burst < 5; burst++)
		for (pass = 0; pass < 3; pass++)
			for (page = 0; page < 10; page++) {
				s = burst * 100 + pass
				print (s ? s sprintf("%09d", page * 1000000) : page * 1000000) ",nic0,access,from-device,gpa," 100 + page ",1,0,4096,,x"
			}
}' >turns.csv
for vm in c d; do
	pugmark import turns.csv -o $vm.db >/dev/null
	clock $vm.db 0
done
turns() {
	pugmark score c.db d.db --pool 75% --json --slo 'iopf<=100' --set memory.reclaim=lru --set memory.readahead=1 \
		--set memory.dma_sets_accessed=yes --set pin.policy=none --set background.rate=0/s
}
exits 1 'peaks at one time do not fit a host that is too small' turns
out | rows >met
clock d.db 50
exits 0 'in turn they do' turns
out | rows >apart
is 'which tells how large it has to be' "$(json_numbers needed_pages met)" 20
is 'and what comes back is what the host does not have' "$(given apart)" $((5 * 4096))
is 'though no VM alone gives anything' "$(alone apart)" 0

# a pool of one VM has the numbers of pin, a VM of several with its seed
for s in 1 2 3; do
	pugmark gen mix -o gen$s.db --duration 2min --set gen.memory=64M --seed $s --quiet >/dev/null
done
figures() { # of a row, as `pin` and `score` call them
	sed -E 's/.*"iopf":([0-9]*),.*"iopf_failed":([0-9]*),"iopf_joined":([0-9]*),.*"iopf_max_1s":([0-9]*),.*"cpu_major":([0-9]*),.*/\1 \2 \3 \4 \5/'
}
pin_figures() {
	tr -d '\n' | sed 's/{"policy":/\n&/g' | grep '"total"' |
		sed -E 's/.*"iopf":([0-9]*),"iopf_done":[0-9]*,"iopf_failed":([0-9]*),"iopf_joined":([0-9]*),.*"iopf_max_1s":([0-9]*),.*"cpu_major":([0-9]*),.*/\1 \2 \3 \4 \5/'
}
pugmark score gen1.db --pool 100% --slo 'iopf.max_1s<=1000' --json | rows | grep '"rank"' >one
share=$(json_numbers joint_ppm one)
is 'a generous goal takes the largest share' "$share" 600000
is 'a pool of one VM has the numbers of pin' "$(figures <one)" \
	"$(pugmark pin gen1.db --design vpri --overcommit 60% --json | pin_figures)"
is 'which are not none' "$(figures <one | awk '{ print ($1 > 0 && $5 > 0) }')" 1

pugmark score gen1.db gen2.db gen3.db --pool 100% --json --threads 1 >first
pugmark score gen3.db gen1.db gen2.db --pool 100% --json --threads 3 >second
same 'neither the order of traces nor threads change a byte' first second
rows <first | grep '"rank":1,' >best
seed=$(json_numbers seed best) share=$(json_numbers joint_ppm best)
pugmark score gen1.db gen2.db gen3.db --pool 100% --json --set memory.swap_device=own | rows | grep '"rank":1,' >own1
is 'with a device for each, a VM of several has the numbers of pin with its seed' "$(figures <own1)" \
	"$(pugmark pin "$(json_text trace own1)" --design vpri --overcommit $((share / 10000))% --seed "$seed" --json | pin_figures)"
is 'the split of what comes back sums up' "$(rows <first | grep '"rank"' | sed -E 's/.*"joint_returned_bytes":([0-9]*),"never_touched_bytes":([0-9]*),"cold_bytes":([0-9]*),"forced_bytes":([0-9]*),.*/\1 \2 \3 \4/' |
	awk '$1 != $2 + $3 + $4 { bad++ } END { print NR, bad + 0 }')" '3 0'

# a rotated set, as a shell names its files, is one VM
mkdir set
awk 'BEGIN { print "# kind: dma"; print "ts_ns,dev,op,dir,as,pfn,npages,offset_bytes,bytes,req,source"
	for (i = 0; i < 250000; i++) { x = (x * 69069 + 12345) % 4294967296; print i * 8000 ",nic0,access,from-device,gpa," x % 60000 ",1,0,4096,,x" } }' >big.csv
pugmark import big.csv -o set/big.db --rotate 256K >/dev/null
ls set >files
is 'a rotated set has several files' "$(($(grep -c '^big\.0' files) > 1))" 1
is 'which are one VM' "$(pugmark score set/big.*.db --pool 100% --json | rows | grep -c '"rank"')" 1

# what cannot be judged, or cannot give, is there all the same
pugmark gen gups -o nodma.db --set mem.accesses=1K --quiet >/dev/null
like 'a VM without dma rows is listed with the reason' \
	"$(pugmark score gen1.db nodma.db --pool 100% --json | rows | grep nodma)" '"reason":"its trace has no dma rows"'
exits 65 'nothing is left of such alone' pugmark score nodma.db --pool 100%
cp gen2.db lossy.db
sqlite3 lossy.db "INSERT INTO loss(stream, from_ns, to_ns, n_lost, cause) VALUES('dma', 0, 1, 100000, 'ring')"
like 'one that lost too much likewise' "$(pugmark score gen1.db lossy.db --pool 100% --quiet)" 'its trace lost [0-9.]+ % of its events'
like 'a host where all is pinned says so' "$(pugmark score gen1.db --pool 100% --design today)" 'all that would come back is pinned'
like 'of several designs the best comes first' "$(pugmark score gen1.db gen2.db --pool 100% --design today,vpri | head -n 1)" 'overcommitted with vpri;'

pugmark score c.db d.db --pool 100% --slo 'iopf<=100' --results r.db >/dev/null
pugmark score gen1.db gen2.db --pool 100% --results r.db >/dev/null
pugmark report r.db >page
like 'a report ranks the VMs' "$(cat page)" '^0\.125 GiB, vpri, iopf\.max_1s<=10.* gen1 '
like 'and tells of the host' "$(cat page)" '^vpri +iopf\.max_1s<=10 +yes +128 MiB +128 MiB'

# pin maps
ok 'pin maps are written into a folder that was not there' \
	pugmark score gen1.db gen2.db nodma.db --pool 100% --pin-maps maps
like 'which is told' "$(out)" '^2 pin maps in maps\.'
is 'one a VM, of one name numbered' "$(ls maps | tr '\n' ' ')" 'gen1.json gen2.json '
is 'with the share that was found' "$(json_numbers overcommit_ppm maps/gen2.json)" \
	"$(pugmark score gen1.db gen2.db --pool 100% --json | rows | grep '"vm":"gen2"' | json_numbers joint_ppm)"
exits 64 'they are for a pool' pugmark score gen1.db --pin-maps maps
exits 73 'a folder that cannot be made is told' pugmark score gen1.db --pool 100% --pin-maps /dev/null/maps

exits 64 'a goal for devices that no VM has is refused' pugmark score c.db --pool 100% --slo 'nic.gap<=1ms'
exits 64 'the pool finds the overcommit' pugmark score gen1.db --pool 100% --overcommit 20%
exits 64 'a goal is for a pool' pugmark score gen1.db --slo 'iopf<=1'
exits 64 'a pool of nothing is refused' pugmark score gen1.db --pool 0%
exits 64 'a design without memory as well' pugmark score gen1.db --pool 100% --design nested
exits 66 'a missing trace is missing input' pugmark score gen1.db nope.db --pool 100%
done_testing
