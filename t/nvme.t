#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark nvme: what the screen must say, what must hold of every run, traces as loads, what is refused.
. t/lib.sh
need_command import nvme

# total KEY: of the rows of all VMs together, in order
total() {
	sed -n '/^"rows"/,/^\]/p' rows.json | grep '"vm":null' | json_numbers "$1" | tr '\n' ' '
}
nvme() {
	pugmark nvme --requests 20000 "$@"
}

ok 'three paths are compared' nvme --path native-irq,virtio,mdev-2way --qd 1,32 --jobs 4
like 'the verdict comes first, for the deepest load' "$(out | head -n 1)" \
	'^At QD 32 x 4: Most requests: mdev-2way, [0-9,]+/s \([0-9.]+ % of native-irq.s\)\.  Least P99: mdev-2way'
like 'how requests come is told' "$(out)" '^Load: closed: a request waits for a completion'
like 'and where their time goes' "$(out)" '^design  *load  *guest  *queue, doorbell .* = mean$'
like 'how many inputs are guesses' "$(out)" '[0-9]+ of [0-9]+ inputs are guesses: --assumptions'
unlike 'no line is wider than 130 columns' "$(out | sed '/^Load/d; /^Audit/d; /inputs are guesses/d; /^At/d')" '.{131}'
is 'it fits a screen' "$(out | awk 'END { print (NR <= 40) }')" 1

nvme --path mdev-1way,virtio,mdev-2way,vfio --qd 32 --jobs 4 >screen
like 'of paths within 1 % none wins: host cores tell them apart' "$(cat screen)" \
	'^At QD 32 x 4: Most requests: 3 alike within 1 %, [0-9,]+/s; they differ in host cores: vfio 0\.00, mdev-1way 1\.[0-9]*, mdev-2way 2\.[0-9]*\.  Least P99: 3 alike'
nvme --path vfio --qd 32 --jobs 4 --json | sed -n '/^"stages"/,/^\]/p' >stages
is 'waiting for the link is told from the transfer' \
	"$(grep '"link"' stages | json_numbers mean_ns) $(grep '"link_wait"' stages | json_numbers mean_ns |
		awk '{ print ($1 > 100000) }')" '1707 1'
nvme --path mdev-2way,vfio --rate 1000/s >screen
like 'nor is a rate that the load gives anybody'"'"'s merit' "$(cat screen)" \
	'^At Poisson 1,000/s: All serve what comes, .*: vfio 0\.00, mdev-2way 2\.[0-9]*\.  Least P99: vfio, '
unlike 'enough requests need no word on quantiles' "$(nvme --path vfio)" 'requests counted'
is 'few do' "$(pugmark nvme --path vfio --requests 5000 | grep 'requests counted')" \
	'4,500 requests counted: P99.99 and beyond are the maximum.'
is 'fewer too' "$(pugmark nvme --path vfio --requests 100 | grep 'requests counted')" \
	'90 requests counted: P99 and beyond are the maximum.'

# ---- what must hold of every run ----
nvme --path native-irq,native-poll,vfio,virtio,virtio-iothread,nvme-uri,kvhost-scsi,spdk-vhost-scsi,spdk-vhost-blk \
	--qd 1,16 --vms 1,3 --bs 512,4K,64K,256K --json >a.json
nvme --path mdev-1way,mdev-2way,mdev-adaptive,iocore,iocore-exitless-completion,qemu-nvme,qemu-nvme-shadow \
	--qd 1,16 --vms 1,3 --bs 512,4K,64K,256K --rw randrw --json >b.json
for file in a b; do
	cp $file.json rows.json
	sed -n '/^"stages"/,/^\]/p' rows.json | grep '"point"' >stages
	is "$file: the stages of all requests sum to their latency exactly" \
		"$(awk -F'[:,]' '{ if ($2 in sum) sum[$2] += $8; else { sum[$2] = $8; n++ } }
			END { for (i = 0; i < n; i++) printf "%.0f ", sum[i] }' stages)" "$(total latency_sum_ns)"
	sed -n '/^"stations"/,/^\]/p' rows.json | grep '"point"' >stations
	is "$file: every station loses and invents nothing" "$(awk -F'[:,]' '$10 != $12 + $14' stations)" ''
	is "$file: Little's law holds to 0.1 % at every station" \
		"$(grep -o '"little_ppm":[0-9]*' stations | awk -F: '$2 >= 1000')" ''
	is "$file: and the utilisation law" "$(grep -o '"use_law_ppm":[0-9]*' stations | awk -F: '$2 >= 1000')" ''
	is "$file: there are stations to look at" "$(awk 'END { print (NR > 200) }' stations)" 1
	is "$file: no run is empty" "$(total requests | tr ' ' '\n' | awk '$1 != "" && $1 != 18000')" ''
	is "$file: equal VMs that keep a queue have equal shares within 5 %" \
		"$(sed -n '/^"rows"/,/^\]/p' rows.json | grep '"vms":3.*"depth":16' | grep -v '"vm":null' |
			json_numbers share_ppm | awk '$1 < 316667 || $1 > 350000')" ''
done

# ---- what the paths are about ----
nvme --path native-irq,mdev-2way,spdk-vhost-blk,spdk-vhost-scsi,virtio --qd 1,32 --jobs 4 --json >rows.json
is 'all paths are slower than native at QD 1, MDev-NVMe least' \
	"$(pugmark nvme --requests 5000 --path native-irq,mdev-2way,spdk-vhost-blk,spdk-vhost-scsi,virtio --qd 1 --json |
		grep '"vm":null' | json_numbers iops | sort -rnc 2>&1)" ''
is 'and the order turns round at QD 32 x 4' \
	"$(grep '"vm":null' rows.json | grep '"depth":32' | awk -F'[:,"]+' '{ for (i = 1; i < NF; i++) {
		if ($i == "iops") v = $(i + 1); if ($i == "path") p = $(i + 1) } print v, p }' | sort -rn |
		awk '{ printf "%s ", $2 }')" 'mdev-2way spdk-vhost-blk spdk-vhost-scsi native-irq virtio '
nvme --path iocore,iocore-exitless-completion --set nvme-guest.halt_poll=1ms --json >rows.json
is 'exitless completion spares the exits of a guest that does not halt' "$(total exits_per_io_ppm | awk '{ print ($1 > 1000000), $2 }')" '1 0'
is 'and the guest what they cost' "$(total guest_cpu_direct_ppm | awk '{ print ($1 > 0), $2 }')" '1 0'
nvme --path mdev-2way,mdev-adaptive --rate 1000/s --json >rows.json
is 'who parks spins less at low load' "$(total host_cpu_spin_ppm | awk '{ print ($2 < $1 / 4) }')" 1
nvme --path mdev-irq,mdev-adaptive --jobs 4 --rate 1000/s,10000/s,100000/s,300000/s >screen
like 'cross-overs are told' "$(cat screen)" '^Where designs change places'
like 'polling costs less CPU than interrupts above some rate' "$(cat screen)" \
	'^CPU of host and guest  mdev-irq  [ 0-9,]+  mdev-adaptive  [ 0-9,]+$'

# ---- the same bytes ----
nvme --path vfio,virtio,mdev-2way --qd 1,8 --vms 2 --json --threads 1 >one
LC_ALL=C.UTF-8 TZ=Asia/Tokyo nvme --path vfio,virtio,mdev-2way --qd 1,8 --vms 2 --json --threads 2 >two
ok 'threads, locale and time zone change nothing' cmp one two
nvme --path vfio --json >one
nvme --path vfio --json --seed 2 >two
is 'another seed changes something' "$(cmp -s one two || echo differs)" differs

# ---- traces ----
# make_io UNIT: 4,000 rows 50 us apart, times in that many ns
make_io() {
	awk -v unit="$1" 'BEGIN {
		print "# kind: io\nts_ns,lat_ns,dev,qid,cid,op,lba,bytes,source"
		for (i = 0; i < 4000; i++)
			printf "%d,%d,%s,,,%s,%d,4096,x\n", i * 50000 / unit, 90000 / unit, i % 4 ? "sda" : "sdb",
				i % 10 == 9 ? "flush" : i % 2 ? "write" : "read", i * 8
	}'
}
make_io 1 >io.csv
pugmark import io.csv -o io.db >/dev/null
ok 'a trace is a load' pugmark nvme io.db --path vfio --json
out >rows.json
is 'its reads and writes are all replayed' "$(total requests)" '3600 '
is 'at the times of the trace' "$(total iops | awk '{ print ($1 > 17900 && $1 < 18100) }')" 1
like 'and the arrival model is told' "$(cat rows.json)" '"arrival":"trace"'
like 'what is left out is told' "$(pugmark nvme io.db --path vfio)" '^Left out: 400 rows that neither read nor write'
pugmark nvme io.db --path vfio --set nvme.time_scale=50% --json >rows.json
is 'half the times are twice the load' "$(total iops | awk '{ print ($1 > 35500 && $1 < 36500) }')" 1
pugmark nvme io.db --path vfio --set nvme.vm_by_device=yes --json >rows.json
is 'each device can be a VM' "$(grep -c '"vm":[01],' rows.json)" 2
is 'with its own requests' "$(grep '"vm":1,' rows.json | json_numbers requests)" 2600
pugmark nvme io.db --path vfio --qd 4 --json >rows.json
is 'or the trace is replayed closed' "$(total depth)" '4 '
make_io 1000 >wrong.csv
pugmark import wrong.csv -o wrong.db >/dev/null
ok 'times that cannot be are replayed all the same' pugmark nvme wrong.db --path vfio
like 'but the unit is doubted on the screen' "$(out)" '^CHECK THE UNIT: .*probably in us but were taken as ns'
like 'and beside it' "$(err)" '^pugmark nvme: wrong\.db: .*no drive does that'

# ---- what is refused ----
exits 64 'a path that is none' pugmark nvme --path mdev
is 'names those that begin so' "$(err)" \
	"pugmark nvme: no path 'mdev': did you mean one of mdev-1way, mdev-2way, mdev-adaptive, mdev-irq?"
exits 64 'a slip of the finger' pugmark nvme --path virtoi
like 'is put right' "$(err)" "did you mean 'virtio'\?\$"
exits 64 'a path that resembles none' pugmark nvme --path zzzz
like 'says where the list is' "$(err)" 'there are iocore.* and [0-9]+ more \(pugmark nvme --list has all\)$'
exits 64 'a device that is none' pugmark nvme --device zzzz
like 'names all there are' "$(err)" 'there are .*p4800x'
exits 64 'depth and rate together' pugmark nvme --qd 4 --rate 100/s
exits 64 'a load beside a trace' pugmark nvme io.db --bs 8K
exits 64 'a worker without a doorbell that reaches it' pugmark nvme --path vfio --set nvme-path.workers=1
pugmark import "$ROOT/t/data/dma.csv" -o dma.db >/dev/null
exits 65 'a trace without block requests' pugmark nvme dma.db
like 'says what would do' "$(err)" 'no block requests \(io rows\)'
cp io.db flip.db
sqlite3 flip.db 'UPDATE chunk SET blob = CAST(substr(blob, 1, 300) AS BLOB)'
exits 65 'a damaged trace' pugmark nvme flip.db --path vfio
like 'is named once' "$(err)" '^pugmark nvme: flip\.db: stream io, chunk 0: '
exits 66 'a trace that is not there' pugmark nvme nope.db
exits 64 'a block of half a sector' pugmark nvme --bs 100
exits 64 'a block of a terabyte' pugmark nvme --bs 1T
is 'says the limits, and the key once' "$(err)" \
	"pugmark nvme: nvme-load.blocks: '1T': expected a multiple of 512 bytes, at least 512, below 4G"
printf '[nvme]\npath = virtio\n[nvme-path]\nworkers = 2\n[pin]\n' >mine.ini
ok 'a design may hold sections of other commands' nvme --design mine.ini --json
out >rows.json
like 'and is called by its file' "$(cat rows.json)" '"design":"mine".*"path":"virtio"'
nvme --design mine.ini --set nvme.path=vfio --set nvme-path.workers=0 --json >rows.json
like 'what is set wins over the file' "$(cat rows.json)" '"path":"vfio"'

# ---- lists and assumptions ----
for name in $(pugmark nvme --list | awk '$1 == "path" { print $2 }'); do
	ok "pugmark-nvme(1) tells of $name" grep -qE "^([|][[ ] )?[*]$name[*]\$" "$ROOT/man/pugmark-nvme.scd"
done
like 'assumptions have their source' "$(nvme --path vfio --assumptions)" \
	'^wake = .* \| calibrated \| Hajnoczi 2020: 59k at QD 1'
done_testing
