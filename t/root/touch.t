#!/bin/sh
# SPDX-License-Identifier: MIT
# touch tells exactly the pages that a process wrote, and memslots whose guest pages they are.
vmm= recorder=
. t/lib.sh
on_exit() {
	for pid in $vmm $recorder; do kill $pid 2>/dev/null; done
	wait
}
TMPDIR=/tmp alone recording
need_root
need gcc
need_command record sql info verify doctor
case $(pugmark doctor --json | tr '{' '\n' | grep '"source":"touch"') in
*usable*) ;;
*) skip_all 'touches of other processes cannot be told here' ;;
esac
gcc -O2 -o qemu-system-x86_64 "$ROOT/t/programs/toucher.c" || exit 1
./qemu-system-x86_64 -m 1M </dev/null >/dev/null || skip_all 'no asynchronous write-protection here'

# waits until a command says yes, or the process is gone
until_true() {
	until_pid=$1
	shift
	until "$@"; do kill -0 $until_pid 2>/dev/null || return 1; done
}
mkfifo in
./qemu-system-x86_64 -machine q35 -m 16M <in >out &
vmm=$!
exec 3>in
until_true $vmm grep -q ready out
first=$(sed -n 's/ready \([0-9]*\) .*/\1/p' out)
ndone=0
# tell COMMAND..: and wait until it is done
is_done() { [ "$(grep -c done out)" -ge $ndone ]; }
tell() {
	ndone=$((ndone + 1))
	echo "$@" >&3
	until_true $vmm is_done
}
# start DB OPTION..; finish: SIGINT, and its end
is_recording() { pugmark sql -n $db 'SELECT count(*) FROM clock' 2>/dev/null | grep -q '[1-9]'; }
start() {
	db=$1
	shift
	pugmark record -q -o $db --probe touch,memslots --pid $vmm --set touch.method=pagemap-scan \
		--set touch.epoch=50ms "$@" >record.txt 2>&1 &
	recorder=$!
	until_true $recorder is_recording
}
finish() {
	kill -INT $recorder
	wait $recorder
	status=$?
	recorder=
}
# told DB: pages within the mapping with their number of rows
told() {
	pugmark sql -n $1 "SELECT pfn - $first, npages FROM cpu" 2>/dev/null |
		awk '{ for (i = 0; i < $2; i++) n[$1 + i]++ } END { for (p in n) print p, n[p] }' | sort -n
}
is_told() { told $db | grep -q "^$*\$"; }

tell write 7
start a.db --set touch.allow_reset=yes
tell write 3
tell write 100
tell read 50
tell write 101
tell read 7
until_true $recorder is_told 101 1
tell write 100
until_true $recorder is_told 100 2
tell write 4095
finish
is 'a recording of a process ends well' $status 0
ok 'the trace verifies' pugmark verify a.db
is 'exactly the pages it wrote are told, in each epoch in which it wrote them' \
	"$(told a.db)" "$(printf '3 1\n100 2\n101 1\n4095 1')"
is 'as writes of its addresses' "$(pugmark sql -n a.db 'SELECT DISTINCT "as", is_write FROM cpu')" "$(printf 'hva\t1')"
like 'with what is not seen' "$(pugmark sql -n a.db "SELECT coverage FROM source WHERE name = 'pagemap-scan'")" '^writes only'
like 'the account closes' "$(pugmark info --json a.db)" '"source":"touch","seen":([0-9]+),"stored":\1,'
is 'its memory is known by its size' \
	"$(pugmark sql -n a.db "SELECT gpa_pfn, hva_pfn - $first, npages FROM memslot")" "$(printf '0\t0\t4096')"
is 'so that rows join with guest pages' "$(pugmark sql -n a.db "SELECT DISTINCT gpa_pfn + pfn - hva_pfn AS page
	FROM cpu JOIN memslot ON pfn BETWEEN hva_pfn AND hva_pfn + memslot.npages - 1 ORDER BY page" | tr '\n' ' ')" '3 100 4095 '
like 'which is said to be inferred' "$(pugmark sql -n a.db "SELECT v FROM meta WHERE k = 'memslots'")" '^inferred: QEMU q35 of 16 MiB'

start b.db
tell write 9
tell write 100
until_true $recorder is_told 9 1
tell write 9
tell write 10
until_true $recorder is_told 10 1
finish
is 'without leave to reset marks a page is told once' "$(told b.db)" "$(printf '9 1\n10 1\n100 1')"
start c.db --set touch.allow_reset=yes --sample 1/4
for page in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do tell write $((page + 200)); done
finish
like 'a share of the pages is told with what was left out' "$(pugmark info --json c.db)" '"source":"touch","seen":[0-9]+'
is 'no other page is' "$(told c.db | awk '$1 < 201 || $1 > 216' | wc -l)" 0

start d.db
echo end >&3
wait $vmm
gone=$vmm vmm=
until_true $recorder sh -c 'pugmark sql -n d.db "SELECT count(*) FROM loss" 2>/dev/null | grep -q "[1-9]"'
finish
like 'when a process ends its last touches are a loss' "$(pugmark sql -n d.db 'SELECT detail FROM loss' 2>&1)" 'process ended'
exits 66 'a process that is not there is told' pugmark record -q -o e.db --probe touch --pid $gone
exits 69 'one that has registered nothing too' pugmark record -q -o e.db --probe touch --set touch.method=pagemap-scan --pid $$
like 'with the reason' "$(err)" 'registered no range'
exits 69 'a process that is no VMM has no memslots' pugmark record -q -o e.db --probe memslots --pid $$
exits 64 'soft-dirty bits are not cleared without leave' pugmark record -q -o e.db --probe touch --set touch.method=soft-dirty --pid $$
done_testing
