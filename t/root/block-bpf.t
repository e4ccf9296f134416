#!/bin/sh
# SPDX-License-Identifier: MIT
# The pages that block-bpf tells are the pages that were read and written.
TMPDIR=/var/tmp # a disk: the recorder calibrates itself by a direct read beside the trace
loop=
export TMPDIR
. t/lib.sh
on_exit() {
	[ -z "$loop" ] || losetup -d "$loop"
}
need_root
need gcc losetup
need_command record sql doctor
case $(pugmark doctor --json | tr '{' '\n' | grep '"source":"block-bpf"') in
*usable*) ;;
*) skip_all 'BPF is not in this build, or not permitted here' ;;
esac
gcc -O2 -o direct-io "$ROOT/t/programs/direct-io.c" || exit 1
# a device of our own: what others read and write meanwhile is not ours to compare with
truncate -s 1M backing
loop=$(losetup --find --show backing 2>/dev/null) || skip_all 'no loop device here'
./direct-io "$loop" 1 >/dev/null 2>&1 || skip_all 'no direct I/O or no page frames here'
number=$(lsblk -dno MAJ:MIN "$loop" | tr -d ' ')
ours="dev = (SELECT dev_id FROM device WHERE bdf = '$number')"

exits 0 'direct I/O of 16 pages is recorded' sh -c "./direct-io $loop 16 >warm;
	pugmark record -q -o b.db --probe block-bpf -- sh -c './direct-io $loop 16 >frames' >record.txt"
sort frames >want
# pages DIR: of our device's requests in that direction, frames side by side are one row
pages() {
	pugmark sql -n b.db "SELECT pfn, npages FROM dma WHERE dir = '$1' AND $ours" |
		awk '{ for (i = 0; i < $2; i++) print $1 + i }' | sort -u
}
is '16 of 16 frames of the read' "$(pages from-device | comm -12 - want | wc -l)" 16
is 'and no other' "$(pages from-device | wc -l)" 16
is '16 of 16 frames of the write' "$(pages to-device | comm -12 - want | wc -l)" 16
is 'as many bytes were read' "$(pugmark sql -n b.db "SELECT sum(bytes) FROM dma WHERE dir = 'from-device' AND $ours")" 65536
like 'every request is accounted for' "$(grep '^block-bpf' record.txt)" ' 0 +0 +0 +0$'
is 'no program of ours is left' "$(bpftool prog show 2>/dev/null | grep -c on_issue)" 0
is 'nor the file it was calibrated with' "$(ls | grep -c calibrate)" 0
done_testing
