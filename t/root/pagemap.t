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
while read -r line <&7 && [ "$line" != done ]; do echo "$line"; done >want.txt
[ -s want.txt ] || skip_all 'a process cannot read its own frames here'

exits 0 'a process is recorded' pugmark record -q -o p.db --probe pagemap --pid $target --for 1ms
pugmark sql -n p.db "SELECT va, pfn, \"count\" FROM pt WHERE asid = $target" |
	awk '{ for (i = 0; i < $3; i++) printf "%.0f %.0f\n", $1 + 4096 * i, $2 + i }' | sort >got.txt
sort want.txt >want.sorted
is 'each of 1000 pages has the frame it said' "$(comm -12 want.sorted got.txt | wc -l)" 1000
first=$(head -n 1 want.txt | cut -d' ' -f1)
is 'pages between that were not written have none' \
	"$(awk -v a="$first" '$1 >= a && $1 < a + 2000 * 4096' got.txt | wc -l)" 1000
is 'nodes have them all' "$(pugmark sql -n p.db 'SELECT sum("count") FROM ptpage WHERE level = 0')" "$(wc -l <got.txt)"
ok 'the trace verifies' pugmark verify p.db
exec 6>&-
wait $target
exits 64 'it asks for a process' pugmark record -q -o q.db --probe pagemap --for 1ms
exits 0 'one that has ended has no rows' pugmark record -q -o r.db --probe pagemap --pid $target --for 1ms
done_testing
