#!/bin/sh
# SPDX-License-Identifier: MIT
# A census of page tables counts the tables of a program that maps 32 GiB sparsely.
. t/lib.sh
need_root
need gcc
need_command record sql doctor
case $(pugmark doctor --json | tr '{' '\n' | grep '"source":"census"') in
*usable*) ;;
*) skip_all 'no /proc/kpageflags here' ;;
esac
gcc -O2 -o sparse-map "$ROOT/t/programs/sparse-map.c" || exit 1

# census REGIONS: tables counted while a program has them, then what meminfo said before and after
census() {
	rm -f c.db
	./sparse-map "$1" pugmark record -q -o c.db --probe census -- true >meminfo 2>/dev/null || return 1
	echo "$(pugmark sql -n c.db 'SELECT sum("count") FROM ptpage') $(tail -n 1 meminfo)"
}
exits 0 'a census is recorded' pugmark record -q -o first.db --probe census -- true
ok 'the trace verifies' pugmark verify first.db
is 'a row a node' "$(pugmark sql -n first.db 'SELECT count(DISTINCT node) FROM ptpage')" \
	"$(ls -d /sys/devices/system/node/node[0-9]* | wc -l)"

# others work on this machine: rounds with and without, and the middle one of their differences
tables=16384
for round in 1 2 3 4 5; do
	census 0 | sed 's/^/without /'
	census $tables | sed 's/^/with /'
done >rounds
awk '$1 == "without" { w = $2 } $1 == "with" { print $2 - w }' rounds | sort -n >differences
middle=$(sed -n 3p differences)
# how far the host moves by itself between two looks
drift=$(awk '{ d = $4 - $3; d = d < 0 ? -d : d; if (d > most) most = d }
	$1 == "without" && n++ { d = $2 - last; d = d < 0 ? -d : d; if (d > most) most = d }
	$1 == "without" { last = $2 } END { print most + 0 }' rounds)
diag "differences: $(tr '\n' ' ' <differences), drift $drift"
upper=$((tables / 512 + 1))
if [ "$drift" -gt $((tables / 8)) ]; then
	skip "$tables leaf tables more are counted" "tables of others change by $drift meanwhile"
else
	ok "$tables leaf tables more are counted, and those above them" \
		test "$middle" -ge $((tables - drift)) -a "$middle" -le $((tables + upper + drift))
fi
awk '{ a = $3 < $4 ? $3 : $4; b = $3 < $4 ? $4 : $3; d = $2 < a ? a - $2 : $2 > b ? $2 - b : 0; print d }' \
	rounds | sort -n | sed -n 5p >apart
ok 'a census is what meminfo calls PageTables, within what changes meanwhile' test "$(cat apart)" -le $((drift + 64))
ok 'numa census counts this host' pugmark numa census --json
is 'a row a node too' "$(out | json_numbers node | wc -l)" "$(ls -d /sys/devices/system/node/node[0-9]* | wc -l)"
done_testing
