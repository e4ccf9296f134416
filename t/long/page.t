#!/bin/sh
# SPDX-License-Identifier: MIT
# The page of `pugmark report -o` in a real browser: drawn, named, quiet, and no wider than a phone.
. t/lib.sh
need_command import gen age pin cache walk numa nvme report
need gnuplot perl
[ -x "${CHROMIUM:-/usr/bin/chromium}" ] || skip_all 'chromium is not installed'
need chromedriver

# names that are markup; a loss
hostile='x<img src=nope onerror=alert(1)>&"'\''.db'
printf '# kind: dma\nts_ns,dev,op,dir,as,pfn,npages,offset_bytes,bytes,req,source\n' >h.csv
awk 'BEGIN { for (i = 0; i < 400; i++) printf "%d000000,</svg><script>alert(2)</script>,access,to-device,gpa,%d,1,0,4096,,x\n", 40 * i, i * 7 % 31 }' >>h.csv
pugmark import h.csv -o "$hostile" >/dev/null
! command -v sqlite3 >/dev/null || sqlite3 "$hostile" "INSERT INTO loss (n_lost, cause) VALUES (7, 'ring')"
cp "$ROOT/datasets/nic.db" "$ROOT/datasets/nvme.db" .
for trace in "$hostile" nic.db nvme.db; do
	pugmark age -q "$trace" --results r.db >/dev/null
	pugmark pin -q "$trace" --overcommit 10%,20% --seed 1,2 --results r.db >/dev/null
	pugmark cache -q "$trace" --policy lru,arc,sieve --curve --results r.db >/dev/null
done
pugmark gen memcached -o m.db --set gen.memory=64M --set mem.accesses=20K >/dev/null
pugmark walk -q m.db --results r.db >/dev/null
pugmark numa replay -q m.db --results r.db >/dev/null
pugmark nvme -q --path vfio,virtio --qd 1,8,32 -n 5000 --results r.db >/dev/null
pugmark report -q r.db -o page || exit 1

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
