#!/bin/sh
# SPDX-License-Identifier: MIT
# Every published figure beside ours, against the golden copy t/data/paper.golden: work, quantity, kind and ours. A
# figure of ours that moves by more than 2 %, a row that comes or goes, and a kind that changes are read in review:
# GOLDEN=yes make check T=t/long/paper.t writes the copy anew.
. t/lib.sh
need_command paper

golden=$ROOT/t/data/paper.golden
pugmark paper --json >paper.json
tr '{' '\n' <paper.json | sed -n 's/^"work":"\([^"]*\)","quantity":"\([^"]*\)".*"ours":\([0-9a-z]*\),.*"kind":"\([^"]*\)".*/\1|\2|\4|\3/p' >rows
[ -z "${GOLDEN-}" ] || cp rows "$golden"
ok 'all five works are there' test "$(cut -d'|' -f1 rows | grep -x -c -e VPRI -e TPT -e MDev-NVMe -e IOCore -e vMitosis)" -ge 40
is 'the same rows, of the same kinds' "$(cut -d'|' -f1-3 rows)" "$(cut -d'|' -f1-3 "$golden")"
paste -d'|' rows "$golden" | awk -F'|' '$4 != $8 && ($4 - $8) ^ 2 * 2500 > $8 ^ 2 { print }' >moved
is 'no figure of ours moved by more than 2 %' "$(cat moved)" ''
pugmark paper --json --threads 1 >one.json
ok 'any number of threads gives the same bytes' cmp paper.json one.json
done_testing
