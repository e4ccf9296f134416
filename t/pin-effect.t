#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark pin: what faults do to the guest's I/O, against closed forms on a trace made by hand.
. t/lib.sh
need_command import pin

# A ring of 1,024 pages is used, a disk reads 1,024 others, and the ring wakes up again.
mkdir ring
sed 's/"guest_memory_pages": 8/"guest_memory_pages": 2048/' "$ROOT/t/data/swapdir/meta.json" >ring/meta.json
for file in absent cpu faults host; do
	head -n 2 "$ROOT/t/data/swapdir/$file.csv" >ring/$file.csv
done
sed -i '2s/.*/200,0,1,0,/' ring/cpu.csv
awk 'BEGIN {
	print "t_ns,dev,gfn,rw,bytes"
	for (i = 0; i < 1024; i++) printf "%.0f,nic,%d,W,1514\n", 10e9 + i * 1e3, i
	for (i = 0; i < 1024; i++) printf "%.0f,nvme1,%d,W,4096\n", 20e9 + i * 1e6, 1024 + i
	for (i = 0; i < 1024; i++) printf "%.0f,nic,%d,W,1514\n", 100e9 + i * 1e3, i
}' >ring/dma.csv
pugmark import ring -o ring.db >/dev/null

# Each fault takes 300 us: 100 to tell, 200 to read.
cat >plain.ini <<'END'
[iopf]
detect = 0ns
report = 100us
irq = 0ns
sched = 0ns
map = 5us
update = 7us
resume = 0ns
[memory]
reclaim = lru
readahead = 1
ssd_read = 188us
ssd_write = 0ns
END
pin() {
	pugmark pin ring.db --cpu cold --policy none --overcommit 50% --design plain.ini "$@"
}
total() { # KEY
	json_numbers "$1" <ring.json | tail -n 1
}
pin --json >ring.json
is 'the whole ring faults' "$(total iopf)" 1024
is 'a cold ring of 1,024 is closed for 307.2 ms' "$(total nic_gap_ns)" 307200000
is 'as long as its device stood still' "$(total stalled_ns)" 307200000
is '30 packets a fault are lost, but for the last one, which has warm descriptors behind it' "$(total nic_drops)" 30690
is 'flows whose last segment is lost wait for a timeout' "$(total nic_rto)" 16
is 'the disk has no fault' "$(total block_p9999_ns)" "$(total block_p9999_base_ns)"
is 'an entry of two bitmaps changes for each page that comes or goes' "$(total bitmap_updates)" 10240
is 'at 7 us each' "$(total update_cpu_ns)" 71680000
is 'and mapping costs 5 us a fault' "$(total service_cpu_ns)" 76800000
pin --json --set iopf.batch_entries=256 --set iopf.batch_extra=100ns >ring.json
is 'a batch is one write' "$(total bitmap_writes)" 40
is 'with 100 ns for each further entry' "$(total update_cpu_ns)" 1300000
pin --json --set iopf.functions=1 >ring.json
is 'one function has one bitmap' "$(total bitmap_updates)" 5120
pin --json --set iopf.service=pool >ring.json
is 'more servers help nobody who waits for one descriptor after the other' "$(total nic_gap_ns)" 307200000
pin --json --set nic.ring=1024 --set pin.faults=instant >ring.json
is 'without time in the replay the design tells how long a page takes' \
	"$(awk -v gap="$(total nic_gap_ns)" 'BEGIN { print (gap > 200e6 && gap < 400e6) }')" 1
pin --json --policy static-all >ring.json
is 'without a fault nothing is stalled' "$(total stalled_ns) $(total nic_gap_ns) $(total nic_drops)" '0 0 0'

exits 0 'the gap is part of a goal' pin --goal 'nic.gap<=307200us,nic.rto<=16'
exits 1 'which a microsecond breaks' pin --goal 'nic.gap<=307199us'
like 'and is named' "$(out)" 'no: nic\.gap'
like 'the screen shows it' "$(out)" ' 307 ms '
like 'the arrival model is told' "$(out)" '^Block I/O: open arrivals, 5,000/s a queue'
exits 0 'so are quantiles of block I/O, absolute' pin --goal 'block.p999<=200us,block.p9999<=200us'
exits 0 'and above their base' pin --goal 'block.p999<=+0%'
exits 64 'a NIC has no quantile' pin --goal 'nic.p999<=1ms'
like 'as the message says' "$(err)" 'block\.p999 only'
exits 64 'a gap needs a device' pin --goal 'gap<=1ms'

# the disk's turn: a page each 20 ms comes back from swap, 300 us each: 1.5 % of its time
mkdir disk
cp ring/* disk
awk 'BEGIN {
	print "t_ns,dev,gfn,rw,bytes"
	for (i = 0; i < 3000; i++) printf "%.0f,nvme1,%d,W,4096\n", 10e9 + i * 20e6, i % 2000
}' >disk/dma.csv
pugmark import disk -o disk.db >/dev/null
stall() {
	pugmark pin disk.db --cpu cold --policy none --overcommit 50% --design plain.ini \
		--set 'block.service=100us' --json "$@" >ring.json
}
stall
is 'what left for the second half comes back by faults' "$(total iopf)" 1000
# P(W > w) = 1000 x (300 us - w) / 59.98 s: 0.001 at w = 240.02 us, 0.0001 at 294.002 us
is 'P99.9 is what the time average of the stalls says' "$(total block_p999_ns)" 340020
is 'and P99.99' "$(total block_p9999_ns)" 394002
is 'P99 is not touched' "$(total block_p99_ns)" "$(total block_p99_base_ns)"
is 'without faults all are the base' "$(total block_p999_base_ns) $(total block_p9999_base_ns)" '100000 100000'
stall --set block.queues=4
is 'on four queues a fault stops a quarter' "$(total block_p999_ns)" 160080
stall --set block.queues=4 --set block.scope=device
is 'unless it stops the device' "$(total block_p999_ns)" 340020
stall --set block.arrivals=closed
awk -v a="$(total block_p999_base_ns)" -v b="$(total block_p999_ns)" 'BEGIN { print a, b, (b < 340020) }' >closed
like 'a closed loop of one, simulated, has less of a tail' "$(cat closed)" ' 1$'
is 'its arrival model is told' "$(json_text arrivals <ring.json)" closed
done_testing
