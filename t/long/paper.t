#!/bin/sh
# SPDX-License-Identifier: MIT
# Every published figure beside ours, against the golden copy docs/paper.md: a figure of ours that moves by more than
# 2 %, a row that comes or goes, and a kind that changes are read in review: GOLDEN=yes make check T=t/long/paper.t
# writes the copy anew. And the figures of the works, each of which carries the rows it claims.
. t/lib.sh
need_command paper
need gnuplot perl

golden=$ROOT/docs/paper.md
pugmark paper --json --plot figures/of/works --plot-format svg >paper.json 2>err
is 'a folder in a folder that is not there is not made' "$(wc -l <err | tr -d ' ') $(wc -c <paper.json | tr -d ' ')" '1 0'
pugmark paper --json --plot figures >paper.json
[ -z "${GOLDEN-}" ] || perl "$ROOT/scripts/paper-golden" write "$golden" <paper.json
ok 'all five works are there' test "$(grep -o '"work":"[^"]*"' paper.json |
	grep -c -e VPRI -e TPT -e MDev-NVMe -e IOCore -e vMitosis)" -ge 40
is 'the golden copy holds: the same rows, of the same kinds, ours within 2 %' \
	"$(perl "$ROOT/scripts/paper-golden" compare "$golden" <paper.json)" ''
sed 's/"ours":69,/"ours":71,/; s/"kind":"predicted"/"kind":"identity"/' paper.json >other.json
is 'where it would not, it says so' "$(perl "$ROOT/scripts/paper-golden" compare "$golden" <other.json |
	grep -c -e 'ours was 69 ns, now 71 ns' -e 'predicted, now identity')" "$(grep -c '"predicted"' paper.json | awk '{ print $1 + 1 }')"

is 'a file for each figure that a row names, and no other' "$(ls figures)" \
	"$(grep -o '"figure":"[^"]*"' paper.json | cut -d'"' -f4 | sort -u | sed 's/$/.svg/')"
is 'each carries every row that it claims, how far off ours is' "$(perl "$ROOT/t/paper-figures.pl" paper.json figures)" ''
is 'and says which are published, and which kind ours are' "$(grep -L '>published<' figures/*.svg; grep -L '>ours, [a-z]*<' figures/*.svg)" ''
is 'with its axes named' "$(grep -c -e 'run time over LL, %' figures/vmitosis-thin.svg)" 6

pugmark paper --json --threads 1 >one.json
ok 'any number of threads gives the same bytes' cmp paper.json one.json
done_testing
