#!/bin/sh
# SPDX-License-Identifier: MIT
# Snapshots of a process hold the frame of each of its pages, as it reads them itself.
. t/lib.sh
need_root
need gcc mkfifo
need_command record sql doctor
case $(pugmark doctor --json | tr '{' '\n' | grep '"source":"pagemap"') in
*usable*) ;;
*) skip_all 'page frames are not told here' ;;
esac
gcc -O2 -o frames "$ROOT/t/programs/frames.c" || exit 1
mkfifo hold told
./frames 2000 <hold >told &
target=$!
exec 6>hold 7<told
said() {
	while read -r line <&7 && [ "$line" != done ]; do echo "$line"; done
}
said >before.txt
[ -s before.txt ] || skip_all 'a process cannot read its own frames here'

exits 0 'a process is recorded' pugmark record -q -o p.db --probe pagemap --pid $target --for 1ms
pugmark sql -n p.db "SELECT va, pfn, \"count\" FROM pt WHERE asid = $target" |
	awk '{ for (i = 0; i < $3; i++) printf "%.0f %.0f\n", $1 + 4096 * i, $2 + i }' | sort >got.txt
exec 6>&-
said >after.txt
wait $target
# pages that the kernel moved meanwhile may have either frame
sort before.txt >before.sorted
sort after.txt | comm -12 before.sorted - >want.sorted
diag "$(wc -l <want.sorted) of 1000 pages kept their frame"
ok 'there are pages that kept their frame' test -s want.sorted
is 'each of them has the frame it said' "$(comm -23 want.sorted got.txt)" ''
first=$(head -n 1 before.txt | cut -d' ' -f1)
is 'pages between that were not written have none' \
	"$(awk -v a="$first" '$1 >= a && $1 < a + 2000 * 4096' got.txt | wc -l)" 1000
is 'nodes have them all' "$(pugmark sql -n p.db 'SELECT sum("count") FROM ptpage WHERE level = 0')" "$(wc -l <got.txt)"
ok 'the trace verifies' pugmark verify p.db
exits 64 'it asks for a process' pugmark record -q -o q.db --probe pagemap --for 1ms
exits 0 'one that has ended has no rows' pugmark record -q -o r.db --probe pagemap --pid $target --for 1ms
done_testing
