#!/bin/sh
# SPDX-License-Identifier: MIT
# The page of `pugmark report -o` in a real browser: drawn, named, quiet, and no wider than a phone.
. t/lib.sh
need_command import gen age pin cache walk numa nvme score paper report
need gnuplot perl
[ -x "${CHROMIUM:-/usr/bin/chromium}" ] || skip_all 'chromium is not installed'
need chromedriver

# names that are markup; a loss
hostile='x<img src=nope onerror=alert(1)>&"'\''.db'
printf '# kind: dma\nts_ns,dev,op,dir,as,pfn,npages,offset_bytes,bytes,req,source\n' >h.csv
awk 'BEGIN { for (i = 0; i < 400; i++) printf "%d000000,%s</svg><script>alert(2)</script>,access,to-device,gpa,%d,1,0,4096,,x\n", 40 * i, i % 3 ? "" : "b", i * 7 % 31 }' >>h.csv
pugmark import h.csv -o "$hostile" >/dev/null
! command -v sqlite3 >/dev/null || sqlite3 "$hostile" "INSERT INTO loss (n_lost, cause) VALUES (7, 'ring');
	INSERT OR REPLACE INTO account VALUES ('import', 407, 400, 0, 7, 0, 0, 0)"
cp "$ROOT/datasets/nic.db" "$ROOT/datasets/nvme.db" .
for trace in "$hostile" nic.db nvme.db; do
	pugmark age -q "$trace" --results r.db >/dev/null
	pugmark pin -q "$trace" --overcommit 10%,20% --seed 1,2 --explain --results r.db >/dev/null
	pugmark cache -q "$trace" --policy lru,arc,sieve --curve --results r.db >/dev/null
done
pugmark gen memcached -o m.db --set gen.memory=64M --set mem.accesses=20K >/dev/null
pugmark walk -q m.db --results r.db >/dev/null
pugmark numa replay -q m.db --move guest --results r.db >/dev/null
pugmark nvme -q --path vfio,virtio --qd 1,8,32 -n 5000 --results r.db >/dev/null
pugmark score -q nvme.db --design today,vpri --results r.db >/dev/null
pugmark score -q nic.db nvme.db --pool 100% --slo 'iopf<=1M' --results r.db >/dev/null
pugmark paper -q --part vpri --results r.db >/dev/null
pugmark report -q r.db -o page || exit 1

# the folder of sections, without what this file cannot have
sections() { ls "$ROOT/reports/sections" | sed -n 's/^[0-9]*-\(.*\)\.'"$1"'$/\1/p' | tr - _ | grep -v -x -e style $without | sort; }
without=
! command -v sqlite3 >/dev/null && without='-e losses'
is 'each section that there is has rows and stands on the page' \
	"$(grep -o '<section id="[^"]*"' page/index.html | cut -d'"' -f2 | grep -v -x verdict | sort)" "$(sections sql)"
drawn=$(awk '/<section id=/ { split($0, id, "\""); s = id[2] } /<svg role=/ { print s }' page/index.html | sort -u)
is 'and is drawn if it can be' "$drawn" "$(sections gp)"
is 'no figure is without points' "$(grep -c 'nothing to draw' page/index.html)" 0
is 'each figure names its y axis, along it' "$(awk '/<svg role=/ { n++; bare = 1 } /rotate\(270\)/ { bare = 0 } /<figcaption>/ { bad += bare }
	END { print (n > 20), bad + 0 }' page/index.html)" '1 0'
for s in nvme nvme_tail nvme_stages nvme_cores pin_tails score; do
	is "each figure of $s says how requests arrive" "$(awk -v s="$s" '/<section id=/ { on = index($0, "\"" s "\"") }
		on && /<figcaption>/ && !/arrivals/' page/index.html)" ''
done

ok 'the page is read' perl "$ROOT/t/browse.pl" page/index.html ${PICTURES:+"$PICTURES"}
out >seen
value() { sed -n "s/^$1 //p" seen; }
is 'by its title' "$(value title)" 'pugmark: r.db'
is 'no error nor word on the console' "$(value console)" 0
is 'nothing is fetched' "$(value fetched)" 0
grep '^#' seen
is 'one script runs' "$(value scripts)" 1
is 'nothing foreign is in it' "$(value foreign)" 0
! command -v sqlite3 >/dev/null || is 'the loss stands on it' "$(value warnings)" 1
ok 'there are figures' test "$(value figures)" -gt 20
is 'each is drawn' "$(value figures_drawn)" "$(value figures)"
is 'and named' "$(value figures_named)" "$(value figures)"
is 'none is missing' "$(value figures)" "$(value captions)"
is 'figures, tables, regions and buttons have a name and a role' "$(value nameless)" 0
is 'headings are nested' "$(value headings)" 'in order'
is 'tables are sorted by a click' "$(value sorted)" 'true ascending true descending'
is 'light and dark differ' "$(value themes)" differ
is 'it can be printed' "$(value printed)" yes
is 'nothing scrolls sideways at 1280 px' "$(value overflow_1280)" 0
is 'nor on a phone' "$(value overflow_390)" 0
is 'where each figure fits' "$(value figures_390)" "$(value captions)"
done_testing
