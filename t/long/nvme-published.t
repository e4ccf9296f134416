#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark nvme --published gives what t/data/nvme-published.golden says, misses included, and what the published
# works are about holds. GOLDEN=yes make check-long T=t/long/nvme-published.t writes it anew, to be read in review.
. t/lib.sh
need_command nvme

golden=$ROOT/t/data/nvme-published.golden
pugmark nvme --published >got
if [ "${GOLDEN:-}" = yes ]; then
	cp got "$golden"
fi
is 'every figure beside its published one' "$(cat got)" "$(cat "$golden")"
pugmark nvme --published --json >rows.json

# ours QUANTITY: our figure of a row
ours() {
	grep "\"quantity\":\"$1\"" rows.json | json_numbers ours
}
error() {
	grep "\"quantity\":\"$1\"" rows.json | json_numbers error_ppm
}
# near QUANTITY PPM: within so much of what was published
near() {
	ok "$1 is within $2 ppm" awk -v e="$(error "$1")" -v most="$2" 'BEGIN { exit !(e <= most && e >= -most) }'
}
is 'nothing calibrated is off by more than 1 %' "$(grep '"kind":"calibrated"' rows.json | json_numbers error_ppm |
	awk '$1 > 10000 || $1 < -10000')" ''
is 'MDev-NVMe at QD 32 x 4: the order is exact, and turned round' \
	"$(for path in mdev vhost-blk vhost-scsi virtio; do echo "$(ours "$path of native, QD 32 x 4") $path"; done |
		sort -rn | awk '{ printf "%s ", $2 }')" 'mdev vhost-blk vhost-scsi virtio '
ok 'with native between vhost-scsi and virtio' awk -v scsi="$(ours 'vhost-scsi of native, QD 32 x 4')" \
	-v virtio="$(ours 'virtio of native, QD 32 x 4')" 'BEGIN { exit !(scsi > 1000000 && virtio < 1000000) }'
near 'mdev of native, QD 32 x 4' 100000
near 'vhost-blk of native, QD 32 x 4' 100000
near 'vhost-scsi of native, QD 32 x 4' 100000
near 'P4800X QD 16' 10000
near 'P4800X QD 16, P99' 150000
near 'SPDK scsi, 24 VMs QD 1' 50000
near 'kernel scsi, 106 VMs QD 1, mean' 50000
near 'SPDK scsi, 106 VMs QD 1' 50000
near 'SPDK scsi, 106 VMs QD 1, mean' 50000
near 'kernel scsi, 24 VMs QD 1' 50000
near 'shadow doorbells, QD 2' 100000
near 'mdev mean of native.s, QD 32 x 4' 10000
near 'gain of emulation in the VMM' 0
near 'gain of exitless requests' 0
ok 'every row has a kind and a command' awk '/"quantity"/ && !(/"kind":"(calibrated|derived|predicted|ours only)"/ &&
	/"command":"pugmark nvme --set /) { exit 1 }' rows.json

is 'equal VMs have equal shares within 5 %' "$(for n in 4 16; do ours "mdev, $n VMs, least share of an equal one"; done |
	awk '$1 < 950000')" ''
ok 'adaptive polling costs more CPU than interrupts at low load, and less at high load' \
	awk -v a="$(ours 'CPU of a request at 10k/s, adaptive')" -v i="$(ours 'CPU of a request at 10k/s, interrupts')" \
	-v b="$(ours 'CPU of a request at 400k/s, adaptive')" -v j="$(ours 'CPU of a request at 400k/s, interrupts')" \
	'BEGIN { exit !(a > i && b < j) }'
is 'a row that is far off says why' "$(grep '"quantity"' rows.json | grep '"miss":null' | json_numbers error_ppm |
	awk '$1 > 100000 || $1 < -100000')" ''
# the command of a row gives the row's figure
line=$(grep '"quantity":"P4800X QD 16"' rows.json)
is 'and the command gives the figure' "$($(echo "$line" | json_text command) --json | json_numbers iops | head -n 1)" \
	"$(echo "$line" | json_numbers ours)"
done_testing
