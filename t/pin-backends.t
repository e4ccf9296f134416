#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark pin --backend and --compare-backends: what each backend asks of a replay, and costs.
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
cat >plain.ini <<'END'
[iopf]
lookup = 0ns
detect = 0ns
report = 100us
irq = 0ns
sched = 0ns
map = 5us
update = 7us
resume = 0ns
tlb_invalidate = 3us
request_cost = 2us
map_cost = 1us
[memory]
reclaim = lru
readahead = 1
ssd_read = 188us
ssd_write = 0ns
END
pin() {
	pugmark pin ring.db --cpu cold --policy none --overcommit 50% --design plain.ini "$@"
}
with() { # BACKEND [OPTION..]
	backend=$1
	shift
	pin --json --backend "$backend" "$@" >ring.json
}
total() { # KEY
	json_numbers "$1" <ring.json | tail -n 1
}

with vpri
is 'vpri: the whole ring faults' "$(total iopf_done)" 1024
with pri
is 'pri: a device TLB entry goes with each page, on both functions' "$(total tlb_invalidations)" 4096
is 'at 3 us each' "$(total update_cpu_ns)" 12288000
is 'and there is no bitmap' "$(total bitmap_updates)" 0
with snoop
is 'snoop: each request is looked at' "$(total snooped_requests)" 3072
is 'at 2 us, and 5 us a fault' "$(total service_cpu_ns)" 11264000
is 'its faults are faults all the same' "$(total iopf_done)" 1024
with snoop --set iopf.passthrough_iops=500
is 'above its rate a device is passed through' "$(total passed_requests)" 24
is 'and all memory stays' "$(total backend_pinned_max_pages)" 2048
is 'until the rate has fallen' "$(total passed_ns)" 1000000000
with viommu --set memory.ssd_servers=1024
is 'viommu: no device meets an absent page' "$(total iopf)" 0
is 'pages come when they are mapped' "$(total map_faults)" 1024
is 'which costs the guest 1 us a map' "$(total map_cpu_ns)" 3072000
is 'and stalls its CPU' "$(total cpu_stall_ns)" "$((1024 * 188000))"
is 'nothing closes the ring' "$(total nic_gap_ns)" 0
with static
is 'static: all is pinned' "$(total backend_pinned_max_pages)" 2048
is 'so nothing faults' "$(total iopf) $(total map_faults)" '0 0'
is 'and nothing is given back' "$(total resident_pages) $(total overflow_pages)" '2048 1024'
with none
is 'none: DMA to an absent page fails' "$(total iopf_failed) $(total iopf_done)" '1024 0'
is 'at once' "$(total stalled_ns)" 0
with none --overcommit 0%
is 'without overcommit there is none' "$(total iopf)" 0
for policy in lru fifo arc static-all at-risk; do
	ok "books balance under viommu and $policy" pin --backend viommu --policy $policy --budget 10%
	ok "and under static and $policy" pin --backend static --policy $policy --budget 10%
done
with viommu --set pin.faults=instant
is 'without time viommu is the same' "$(total iopf) $(total map_faults)" '0 1024'
exits 69 'coarse pins are not replayed' pin --backend viommu --set iopf.pin_grain=8

# a real ring, mapped and unmapped
for backend in viommu static; do
	pugmark pin "$ROOT/datasets/nic.db" --backend $backend --cpu cold --policy none,lru --budget 5% \
		--overcommit 30% --json >ring.json
	is "$backend: a ring never faults" "$(json_numbers iopf <ring.json | sort -u)" 0
done

# side by side
row() { # BACKEND KEY
	tr '{' '\n' <all.json | grep "^\"backend\":\"$1\",\"iopf\"" | json_numbers "$2"
}
pin --compare-backends --json >all.json
is 'six backends' "$(tr '{' '\n' <all.json | grep -c '"backend":"[a-z]*","iopf"')" 6
for backend in vpri pri snoop viommu static none; do
	with $backend
	is "$backend has the counts that it has alone" \
		"$(row $backend iopf) $(row $backend service_cpu_ns) $(row $backend nic_gap_ns)" \
		"$(total iopf) $(total service_cpu_ns) $(total nic_gap_ns)"
done
is 'two sweeps of 13 loads' "$(grep -c '"sweep":"[a-z]*","backend"' all.json)" 156
# 3,072 requests and 1,024 faults in 90.001023 s
is 'around the rates of the trace' \
	"$(tr '{' '\n' <all.json | grep '"sweep":"load","backend":"vpri"' | sed -n 7p | json_numbers requests_per_day)" 2949086
# vpri: 5 us to map, 7 us for each of two bitmaps as the page comes and goes: 33 us a fault; snoop:
# 5 us a fault and 2 us for each of 34.13 requests/s: equal at 2.438 faults/s, 210,649 a day
at=$(tr '{' '\n' <all.json | grep '"sweep":"faults","metric":"host_ns_per_s","less_below":"vpri","less_above":"snoop"' |
	json_numbers at_per_day)
is 'vpri and snoop cross where their costs are equal' \
	"$(awk -v n="$at" 'BEGIN { print (n > 208500 && n < 212800) ? "there" : n }')" there
ok 'for people it is a screen' pin --compare-backends
like 'with a verdict' "$(out | head -n 1)" 'takes the least CPU of what lets memory go'
like 'the bitmap' "$(out)" "vpri's bitmap: 1 KiB on the device for 8 MiB \\(2 functions, each 64 MiB a TiB\\)"
like 'who fails DMA has no tail to show' "$(out | grep '^none ')" ' DMA fails '
like 'and crossings' "$(out)" '^CPU: vpri has less up to 2/s faults, snoop from there on'
exits 64 'it stands alone' pin --compare-backends --goal 'iopf<=1'
if command -v gnuplot >/dev/null; then
	ok 'it is drawn' pin --compare-backends --plot all.svg
	like 'with the names of backends' "$(cat all.svg)" 'viommu'
else
	skip 'it is drawn' 'gnuplot is not installed'
fi
done_testing
