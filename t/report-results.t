#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark report of a results file: what runs stored, as tables, JSON and as a page.
. t/lib.sh
need_command import gen age pin cache walk numa nvme report

# a trace and a device whose names are no friends of HTML
hostile='x<img src=nope onerror=alert(1)>&"'\''.db'
printf '# kind: dma\nts_ns,dev,op,dir,as,pfn,npages,offset_bytes,bytes,req,source\n' >h.csv
awk 'BEGIN { for (i = 0; i < 400; i++) printf "%d000000,</svg><script>alert(2)</script>,access,to-device,gpa,%d,1,0,4096,,x\n", 40 * i, i * 7 % 31 }' >>h.csv
pugmark import h.csv -o "$hostile" >/dev/null
pugmark import "$ROOT/t/data/dma.csv" -o t.db >/dev/null

pugmark age "$hostile" --results r.db >/dev/null
pugmark pin "$hostile" --policy none,lru --budget 10%,20% --overcommit 20% --cpu cold --seed 1,2 --results r.db >/dev/null
pugmark cache t.db --policy lru,fifo --size 1,2,4 --curve --results r.db >/dev/null
pugmark age t.db --results r.db >/dev/null
pugmark gen memcached -o m.db --set gen.memory=64M --set mem.accesses=20K >/dev/null
pugmark walk m.db --design native,nested --results r.db >/dev/null
pugmark numa replay m.db --design LL,RRI --results r.db >/dev/null
pugmark nvme --path vfio,virtio --qd 1,8 -n 2000 --results r.db --json >nvme.json

ok 'a results file is shown' pugmark report r.db
is 'the verdict first' "$(out | head -n 1 | cut -c 1-6)" 'pin x<'
like 'in the words of the run' "$(out | sed -n 2p)" '^  (YES|NO)'
like 'then the tables' "$(out)" '^Idle memory by age: '
like 'that say what all their rows share' "$(out)" '^Faults by what is pinned: .*, overcommit 20 %, .* cold'
like 'and the guesses' "$(out)" '^Guesses'
like 'folded ones are for --verbose' "$(pugmark report r.db --verbose)" '^All other assumptions'
unlike 'only' "$(pugmark report r.db)" '^All other assumptions'

ok 'JSON has all of it' pugmark report r.db --json
pugmark report r.db --json >r.json
is 'a row for each section' "$(grep -c '^{"section":' r.json)" "$(grep -cE '^"[a-z_]+":\[$' r.json | awk '{ print $1 - 2 }')"
is 'figures of age are those of age' "$(grep '^{"trace":"x<.*"access":"near","tau_ns":1000000000' r.json | json_numbers refaults | head -n 1)" \
	"$(pugmark age "$hostile" --tau 1s --json | grep '"device":"total"' | json_numbers refaults)"
is 'misses of cache those of cache' "$(grep '"policy":"fifo","size_pages":2' r.json | json_numbers misses)" \
	"$(pugmark cache t.db --policy fifo --size 2 --json | grep '"policy":"fifo"' | json_numbers misses)"
pugmark pin "$hostile" --policy lru --budget 20% --overcommit 20% --cpu cold --seed 2 --results p.db --json | grep '"device_class":"total"' >p.json
pugmark report p.db --json | grep '"policy":"lru","pinned_bytes"' >p-report.json
for key in iopf iopf_max_1s cpu_major; do
	is "$key of pin is that of pin" "$(json_numbers $key p-report.json)" "$(json_numbers $key p.json)"
done
is 'and its memory' "$(json_numbers returned_bytes p-report.json)" \
	"$((4096 * ($(json_numbers vm_pages p.json) - $(json_numbers resident_pages p.json) - $(json_numbers inflight_pages p.json))))"
pugmark cache t.db --policy lru,2q --size 2 --results two.db >/dev/null
pugmark cache t.db --policy 2q --size 2 --set pin.2q_in=60% --results two.db >/dev/null
is 'parameters name a policy where it ran with several' "$(pugmark report two.db --json | grep '"size_pages":2' | json_text policy)" \
	"$(printf 'lru\n2q (pin.2q_in 250000, pin.2q_out 500000)\n2q (pin.2q_in 600000, pin.2q_out 500000)')"
is 'devices sum to the total' "$(grep '^{"trace":"t.db".*"device":.*"tau_ns":1000000000' r.json | json_numbers refaults | awk '{ n += $1 } END { print n }')" \
	"$(pugmark age t.db --tau 1s --json | grep '"device":"total"' | json_numbers refaults)"
is 'references of walk those of walk' "$(grep '"name":"nested","guest_refs"' r.json | json_numbers total_refs)" \
	"$(pugmark walk m.db --design nested --json | json_numbers total_refs)"
is 'run times of numa those of numa' "$(grep '"name":"RRI","time_ppm"' r.json | json_numbers time_ppm)" \
	"$(pugmark numa replay m.db --design RRI --json | json_numbers run_over_local_ppm)"
for key in mean_ns p50_ns p99_ns p999_ns; do
	is "$key of nvme is that of nvme" "$(grep '"vm":"all","name":"virtio"' r.json | json_numbers $key)" \
		"$(grep '"design":"virtio".*"vm":null' nvme.json | json_numbers $key)"
done
like 'with the arrival model' "$(grep '"vm":"all","name":"virtio"' r.json)" '"arrivals":"closed arrivals".*"load":"QD 1 x 1, 4K"'
is 'seeds make one row' "$(grep '"policy":"lru","pinned_bytes"' r.json | json_numbers seeds | sort -u)" 2
is 'runs stand in it, one a design and seed' "$(grep -c '^{"run_id":' r.json)" 13

# what is lost is told, also where the trace is gone
if command -v sqlite3 >/dev/null; then
	cp t.db lost.db
	sqlite3 lost.db "INSERT INTO loss (n_lost, cause) VALUES (7, 'ring')"
	pugmark age lost.db --results lost-r.db >/dev/null 2>&1
	rm lost.db
	ok 'the banner needs no trace' pugmark report lost-r.db
	is 'and names the loss' "$(err)" 'pugmark report: lost.db: 7 EVENTS WERE LOST when it was made'
	like 'which is a row of JSON' "$(pugmark report lost-r.db --json -q)" '^\{"warning":"lost.db: 7 EVENTS WERE LOST'
	sqlite3 old.db "PRAGMA application_id=1346851411; PRAGMA user_version=1; CREATE TABLE run (a)"
	exits 65 'a results file of another version is refused' pugmark report old.db
	like 'with both numbers' "$(err)" 'old.db: format version 1, this program reads 2'
	sqlite3 old.db "PRAGMA user_version=2"
	exits 65 'one that lacks tables too' pugmark report old.db
	like 'with what it lacks' "$(err)" 'old.db: lacks what a results file has: no such column: '
	cp r.db huge.db
	sqlite3 huge.db "UPDATE result SET value = 9223372036854775807 WHERE metric = 'walks_by_refs'"
	exits 65 'numbers that no run stores are refused' pugmark report huge.db
	cp r.db empty.db
	sqlite3 empty.db "DELETE FROM said; DELETE FROM result; DELETE FROM run_config; DELETE FROM config"
	ok 'a file without figures has its runs still' pugmark report empty.db
	many=$(awk 'BEGIN { while (i++ < 20) printf "INSERT INTO run VALUES (%d, 9, 9, 9, %d, %d, NULL, 0); INSERT INTO said VALUES (%d, 1, 0, 9);", 100 + i, i, i, 100 + i }')
	sqlite3 empty.db "$many"
	like 'of many verdicts a screen has the first' "$(pugmark report empty.db -q)" '^12 more verdicts: --verbose'
fi

# whoever may not write is told so before anything is computed, also root
if [ "$(id -u)" -ne 0 ]; then
	bound() { "$@"; }
else
	bound() { setpriv --bounding-set=-dac_override --inh-caps=-dac_override -- "$@"; }
fi
if bound true 2>/dev/null; then
	cp r.db readonly.db
	chmod 444 readonly.db
	mkdir closed
	chmod 555 closed
	exits 77 'a results file that may not be written' bound pugmark age t.db --results readonly.db
	is 'is told in words' "$(err)" 'pugmark age: readonly.db: Permission denied'
	is 'before the run' "$(out)" ''
	exits 77 'a folder likewise' bound pugmark age t.db --results closed/r.db
	like 'in words' "$(err)" 'closed/r.db: Permission denied'
	exits 73 'a folder that is not there' pugmark age t.db --results nowhere/r.db
	like 'too' "$(err)" 'nowhere/r.db: No such file or directory'
else
	skip 'a results file that may not be written' 'setpriv cannot take a capability here'
fi

# runs that said different things are all told, by what tells their lines apart
pugmark nvme --path vfio --qd 1 -n 500 --results said.db >/dev/null
pugmark nvme --path virtio --qd 2 -n 500 --results said.db >/dev/null
pugmark walk m.db --design native --results said.db >/dev/null
pugmark walk m.db --design native --results said.db --threads 2 >/dev/null 2>&1
pugmark walk m.db --design native --set walk.stlb=3072/12 --results said.db >/dev/null
ok 'two runs that differ' pugmark report said.db
is 'have a verdict each, the newest first, a repeated one none' "$(out | grep -E '^(nvme|walk)( m.db)?:')" \
	'nvme: --path virtio --qd 2
nvme: --path vfio --qd 1
walk m.db: --set walk.stlb=3072/12
walk m.db: --design native'
like 'each with its own words' "$(out | grep -A1 '^nvme: --path vfio')" '^  vfio: [0-9,]* requests/s'
like 'JSON has the lines' "$(pugmark report said.db --json)" '"sentence":"vfio: .*","args":"nvme --path vfio --qd 1 -n 500 --results said.db"'
for qd in 4 8 16; do
	pugmark nvme --path virtio --qd $qd -n 500 --results said.db >/dev/null
done
like 'many are counted' "$(pugmark report said.db)" '^  5 runs with 5 different verdicts: see the tables \(--verbose has all\)$'
is 'in place of one' "$(pugmark report said.db | grep -c 'requests/s, mean')" 0
is 'which --verbose shows' "$(pugmark report said.db --verbose | grep -c 'requests/s, mean')" 5

exits 64 'a trace alone wants the name of a report' pugmark report t.db
like 'and says so' "$(err)" 't.db: is a trace: which report of it'
exits 66 'a missing file is missing input' pugmark report nope.db
exits 65 'another file is none of ours' pugmark report "$ROOT/Makefile"
exits 64 'a page is of one file' pugmark report r.db rate -o page
exits 64 'plots are of traces' pugmark report r.db --plot x.svg

command -v gnuplot >/dev/null || {
	exits 69 'a page needs gnuplot' pugmark report r.db -o page
	done_testing
}
ok 'a page is written' pugmark report r.db -o page
is 'and told' "$(err)" 'pugmark report: page/index.html: written'
is 'nothing else is there' "$(ls page)" index.html
count() { grep -oE -e "$1" page/index.html | wc -l; }
has() { is "$1" "$(grep -cF -e "$2" page/index.html | sed 's/[1-9][0-9]*/some/')" some; }
is 'each name in it is text' "$(count '<img|<script>alert|</svg><script')" 0
has 'escaped' 'x&lt;img src=nope onerror=alert(1)&gt;&amp;&quot;&#39;.db</h3>'
is 'it has one script' "$(count '<script')" 1
if command -v openssl >/dev/null; then
	hash=$(awk '/<script>/ { sub(/.*<script>/, ""); on = 1 } /<\/script>/ { exit } on' page/index.html | openssl dgst -sha256 -binary | base64)
	has 'the only one that its policy lets run' "script-src 'sha256-$hash'"
else
	skip 'the only one that its policy lets run' 'openssl is not installed'
fi
is 'nothing is fetched' "$(grep -oE '(src|href)="[^#"][^"]*"' page/index.html | sort -u)" 'href="data:,"'
is 'nor by a style' "$(count 'url\(|@import')" 0
is 'each figure has a name' "$(count '<svg role="img" viewBox="0 0 640 384" aria-labelledby="figure-[0-9]*"><title id="figure-[0-9]*">[^<]')" "$(count '<figure>')"
is 'that no other has' "$(grep -oE 'id="[^"]*"' page/index.html | sort | uniq -d)" ''
for axis in 'age at which a page is reclaimed (tau), s' 'pinned (mean), KiB' 'given back, KiB' 'cache size, pages' \
	'references to tables a walk (mean)' 'run time over that with local tables, %' \
	'latency, us' 'requests a second'; do
	has "an axis is $axis" "<text>$axis</text>"
done
for id in verdict traces age_curve age_devices pin_curve pin_pareto walk walk_refs numa nvme nvme_tail cache_policies cache_curve guesses assumptions provenance; do
	has "section $id is there" "<section id=\"$id\" aria-labelledby=\"$id-title\">"
done
pugmark report said.db -o said >/dev/null 2>&1
is 'verdicts that differ stand on the page' "$(grep -oE '<h3><b>walk</b> m.db: [^<]*' said/index.html)" '<h3><b>walk</b> m.db: --set walk.stlb=3072/12
<h3><b>walk</b> m.db: --design native'
is 'or their number' "$(grep -oE '<p[^>]*>[0-9]+ runs with[^<]*' said/index.html | sed 's/.*>//')" '5 runs with 5 different verdicts: see the tables'
ok 'once more, with rows' pugmark report r.db -o again --json
out >again.json
same 'which are those of --json' r.json again.json
same 'the same results give the same page' page/index.html again/index.html
mkdir bare
ln -s "$PUGMARK" bare/pugmark
exits 69 'without gnuplot there is no page' env PATH="$TMP/bare" pugmark report r.db -o none
is 'nor its folder' "$(ls -d none 2>/dev/null)" ''
exits 73 'a page needs a folder' pugmark report r.db -o r.db
exits 73 'whose parent is there' pugmark report r.db -o nope/page
done_testing
