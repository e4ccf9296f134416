#!/bin/sh
# SPDX-License-Identifier: MIT
# doctor on copies of /proc and /sys of hosts that are blind, too old or forbidden.
. t/lib.sh
need_command doctor

# host NAME KERNEL CAPS PARANOID: a host on which every tracepoint is there
host() {
	mkdir -p "$1/proc/sys/kernel" "$1/proc/self" "$1/sys/kernel/tracing/events"
	echo "$2" >"$1/proc/sys/kernel/osrelease"
	echo "$4" >"$1/proc/sys/kernel/perf_event_paranoid"
	printf 'Name:\tx\nCapEff:\t%s\n' "$3" >"$1/proc/self/status"
	echo 'root=/dev/sda quiet' >"$1/proc/cmdline"
	for event in dma/dma_map_page iommu/map nvme/nvme_setup_cmd block/block_rq_issue \
		exceptions/page_fault_user intel_iommu/prq_report filemap/mm_filemap_add_to_page_cache \
		vmscan/mm_vmscan_write_folio; do
		mkdir -p "$1/sys/kernel/tracing/events/$event"
	done
	mkdir -p "$1/sys/kernel/iommu_groups/0" "$1/sys/bus/pci/drivers/nvme/0000:01:00.0"
	printf 'Filename Type\n/dev/sdb partition\n' >"$1/proc/swaps"
	: >"$1/proc/self/pagemap"
	echo DMA-FQ >"$1/sys/kernel/iommu_groups/0/type"
}

# status HOST SOURCE; reason HOST SOURCE
field() {
	pugmark doctor --root "$1" --json | tr '{' '\n' | grep "\"source\":\"$2\"" |
		sed "s/.*\"$3\":\"\([^\"]*\)\".*/\1/"
}

host good 6.12.1 000001ffffffffff 2
for source in dma iommu iopf nvme block fault filemap majfault swap memslots touch; do
	is "on a host with everything $source is usable" "$(field good $source status)" usable
done

host old 6.1.0-48 000001ffffffffff 2
rm -r old/sys/kernel/tracing/events/dma
is 'a kernel without dma tracepoints is told as absent' "$(field old dma status)" absent
like 'with its version' "$(field old dma reason)" '6\.1\.0-48'
like 'and the version that has them' "$(field old dma remedy)" '6\.12'

is 'nor can it tell writes of a process' "$(field old touch status)" absent
mkdir -p old/sys/kernel/mm/page_idle && : >old/sys/kernel/mm/page_idle/bitmap
is 'but for idle page tracking' "$(field old touch status)" usable
like 'where touches are writes only that is said' "$(field good touch reason)" '^writes only'

host user 6.12.1 0000000000000000 2
is 'without rights tracepoints are denied' "$(field user dma status)" denied
like 'and the right is named' "$(field user dma remedy)" CAP_PERFMON
host lax 6.12.1 0000000000000000 -1
is 'unless the host lets everybody trace' "$(field lax dma status)" usable

is 'address-only faults need no tracepoint but the right' "$(field user majfault status)" denied
is 'which a host may give to all' "$(field lax majfault status)" usable
echo 'Filename Type' >good/proc/swaps
is 'without swap its probe would record nothing' "$(field good swap status)" blind

is 'without DAMON its tracepoint is absent' "$(field good damon status)" absent
host damon 6.18.1 000001ffffffffff 2
mkdir -p damon/sys/kernel/tracing/events/damon/damon_aggregated
is 'where nobody runs DAMON it is blind' "$(field damon damon status)" blind
like 'and says that it is not ours to start' "$(field damon damon remedy)" 'pugmark never starts'
kdamond=damon/sys/kernel/mm/damon/admin/kdamonds/0
mkdir -p $kdamond/contexts/0/monitoring_attrs/intervals $kdamond/contexts/0/targets
echo 1 >${kdamond%/0}/nr_kdamonds
echo 1 >$kdamond/contexts/nr_contexts
echo 77 >$kdamond/pid
echo paddr >$kdamond/contexts/0/operations
echo 100000 >$kdamond/contexts/0/monitoring_attrs/intervals/aggr_us
echo off >$kdamond/state
is 'one that is set up but off tells nothing either' "$(field damon damon status)" blind
echo on >$kdamond/state
is 'one that is on can be read' "$(field damon damon status)" usable
like 'with leave' "$(field damon damon remedy)" 'allow-damon.*read only'

host pt 6.12.1 000001ffffffffff 2
echo 'root=/dev/sda iommu.passthrough=1' >pt/proc/cmdline
is 'passthrough makes iommu:* blind' "$(field pt iommu status)" blind
is 'but not dma:*' "$(field pt dma status)" usable

host guest 6.12.1 000001ffffffffff 2
rm -r guest/sys/bus/pci/drivers guest/sys/kernel/iommu_groups
plain=01100101000000000000000000000000100000000000000000000000000000
platform=01100101000000000000000000000000110000000000000000000000000000
for i in 0 1 2; do
	mkdir -p guest/sys/bus/virtio/devices/virtio$i
	echo $plain >guest/sys/bus/virtio/devices/virtio$i/features
	echo 0x0002 >guest/sys/bus/virtio/devices/virtio$i/device
done
is 'virtio without ACCESS_PLATFORM makes dma:* blind' "$(field guest dma status)" blind
like 'n of m' "$(field guest dma reason)" '3 of 3 virtio'
like 'by name' "$(field guest dma reason)" 'virtio1 \(block\)'
echo $platform >guest/sys/bus/virtio/devices/virtio1/features
is 'one that maps through the DMA API is seen' "$(field guest dma status)" usable
like 'the others are named all the same' "$(field guest dma reason)" '2 of 3 virtio.*virtio0.*virtio2'

host vfio 6.12.1 000001ffffffffff 2
mkdir -p vfio/sys/bus/pci/drivers/vfio-pci/0000:01:00.1
like 'a function of a guest is named' "$(field vfio dma reason)" '1 device assigned.*0000:01:00\.1'
like 'with the ways to see it' "$(field vfio dma remedy)" 'agent.*inside the guest'

host none 6.12.1 000001ffffffffff 2
rm -r none/sys/kernel/tracing
is 'no tracefs is told as absent to who may mount it' "$(field none block status)" absent
mkdir nothing
exits 0 'a folder with nothing in it has an answer too' pugmark doctor --root "$TMP/nothing"
exits 66 'one that is not there has none' pugmark doctor --root "$TMP/nowhere"
like 'for people: a verdict first' "$(pugmark doctor --root "$TMP/good")" '6 of [0-9]+ sources are usable|sources are usable'
done_testing
