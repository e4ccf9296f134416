#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark walk: what the screen says, what programs get, what is refused. Counts are t/walk-*test.c's.
. t/lib.sh
need_command import walk gen

sh -e "$ROOT/t/examples.setup" 2>/dev/null || :
pugmark import walk.lackey -o mem.db >/dev/null || skip_all 'no trace of accesses'

# value KEY [DESIGN]: of the row of a design
value() {
	sed -n '/^"rows"/,/^\]/p' rows.json | grep "\"design\":\"${2:-native}\"" | json_numbers "$1"
}

ok 'all modes are scored unasked' pugmark walk mem.db
like 'the verdict comes first' "$(out | head -n 1)" \
	'^shadow-naive, shadow-unsync and tpt-opt win alike: 1\.00 times native.s time; nested takes 1\.[0-9]+ times as long\.'
like 'then what was played' "$(out | sed -n 2p)" '^mem\.db: 40,000 accesses to [0-9,]+ pages'
like 'why it is so' "$(out)" '^Why: a walk of one table makes 1\.40 references'
like 'what would change it' "$(out)" '^What would change it: shadow-naive and nested cross at [0-9,]+ updates'
like 'how much is guessed' "$(out)" '^[0-9]+ of [0-9]+ inputs are guesses: --assumptions; the tags of TPT are a model of ours'
like 'and how far guesses carry it' "$(out)" '^Guesses at 1[0-9] other values: nested takes 1\.[0-9]+ .* the order of the two stays'
is 'it fits a screen' "$(out | awk 'END { print NR <= 24 }')" 1
unlike 'no line is wider than 160 columns' "$(out)" '.{161}'

like 'one design is compared with native' "$(pugmark walk mem.db --design native,nested | head -n 1)" \
	'^nested takes 1\.17 times native.s time; translation is 31\.[0-9]+ % of it'
like 'native alone with nothing' "$(pugmark walk mem.db --design native | head -n 1)" '^native: translation takes 20\.'
pugmark walk mem.db --json >rows.json
is 'one row a design, in order' "$(json_text design rows.json | tr '\n' ' ')" \
	'native nested shadow-naive shadow-unsync tpt-opt tpt-naive '
for mode in nested shadow-naive shadow-unsync tpt-opt tpt-naive; do
	is "$mode walks as often as native" "$(value stlb_miss $mode)" "$(value stlb_miss)"
	is "$mode reads the same entries of the guest" "$(value guest_refs $mode)" "$(value guest_refs)"
done
is 'only nested paging reads entries of the host' \
	"$(for m in native shadow-naive shadow-unsync tpt-opt tpt-naive; do value host_refs $m; done | sort -u)" 0
is 'references by level are objects' "$(grep -c '"guest_refs_level":{"4":1,"3":[0-9]*,"2":[0-9]*,"1":37351}' rows.json)" 6
is 'native is one times native' "$(value over_native_ppm)" 1000000
pugmark walk mem.db --design nested --json >rows.json
like 'without native there is nothing to compare with' "$(cat rows.json)" '"over_native_ppm":null'

# the share of native walks that a generated trace carries
pugmark gen redis -o redis.db --set mem.accesses=20K >/dev/null
like 'a ratio that the program does not bear out is called uncalibrated' \
	"$(pugmark walk redis.db --design native,nested | head -n 1)" "times native's time \(uncalibrated\); translation"
like 'also of a winner' "$(pugmark walk redis.db | head -n 1)" 'times as long \(uncalibrated\)\.$'
like 'with both figures and what makes them one' "$(pugmark walk redis.db | sed -n 2p)" \
	"^Uncalibrated: natively walks take [45][0-9.]+ % here, the program's figure is 28\.00 % \(Mitosis.*: --set walk-costs\.access=[0-9]+ makes it 2[78]\.[0-9]+ %\.$"
pugmark walk redis.db --json >redis.json
is 'programs are told, too' "$(json_numbers native_walk_ppm redis.json | head -n 1)" 280000
set=$(json_text calibrating_set redis.json)
pugmark walk redis.db --set "$set" --json >redis.json
near() {
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(a - b < 5000 && b - a < 5000) }'
}
ok 'what is named makes it so' near "$(json_numbers model_native_walk_ppm redis.json)" 280000
is 'then nothing is named' "$(json_text calibrating_set redis.json)" ''
unlike 'nor called uncalibrated' "$(pugmark walk redis.db --set "$set")" 'ncalibrated'
pugmark gen gups -o gups.db --set mem.accesses=20K >/dev/null
set=$(pugmark walk gups.db --json | json_text calibrating_set)
like 'more walking than data leaves room for asks for less data' "$set" '^walk-costs\.data_exposed='
ok 'which makes it so as well' near 830000 "$(pugmark walk gups.db --set "$set" --json | json_numbers model_native_walk_ppm)"
unlike 'the figure is of 4K pages' "$(pugmark walk redis.db --set walk.guest_page=2M)" 'ncalibrated'
like 'a trace without a figure has none' "$(pugmark walk mem.db --json)" '"native_walk_ppm":0,'

# where the guest's frames lie
total() {
	pugmark walk redis.db --design nested --json "$@" | json_numbers total_cycles
}
like 'packed frames under larger host pages are told' "$(pugmark walk redis.db --set walk.host_page=2M)" \
	'^nested: guest memory is [0-9.]+ MiB of the VM.s 340 GiB, packed in order of first touch, .* --set walk.frames=spread\.$'
unlike 'not where pages are alike' "$(pugmark walk redis.db)" 'order of first touch'
unlike 'nor where they are spread' "$(pugmark walk redis.db --set walk.host_page=2M --set walk.frames=spread)" 'order of first touch'
ok 'frames all over the memory cost more' \
	test "$(total --set walk.host_page=2M --set walk.frames=spread)" -gt "$(total --set walk.host_page=2M)"
is 'alike each time' "$(total --set walk.frames=spread)" "$(total --set walk.frames=spread)"
is 'natively frames are no matter' \
	"$(pugmark walk redis.db --design native --set walk.frames=spread --json | json_numbers total_cycles)" \
	"$(pugmark walk redis.db --design native --json | json_numbers total_cycles)"
ok 'one place is as good as another to 1G pages of a VM of 1G' \
	near "$(total --set walk.host_page=1G --set walk.frames=spread --set walk.vm_memory=1G)" \
	"$(total --set walk.host_page=1G)"
ok 'a guest of both sizes has a half for each' pugmark walk redis.db --set walk.frames=spread --set walk.guest_2m=50%
exits 65 'a VM that is too small is told' pugmark walk redis.db --set walk.frames=spread --set walk.vm_memory=1M
exits 64 'without its memory nothing is spread' pugmark walk mem.db --set walk.frames=spread
like 'and the key is named' "$(err)" 'walk\.vm_memory=BYTES'

# the same design as a file, and what is shared is no matter
cat >mine.ini <<'END'
; other models' sections are theirs
[memory]
reclaim = lru
[walk]
mode = nested
populated = yes
[walk-costs]
access = 8
END
pugmark walk mem.db --design ./mine.ini --json | sed 's/"mine"/"nested"/' >mine.json
same 'a file says the same as the built-in design' rows.json mine.json
pugmark walk mem.db --json | grep '"design":"nested"' | sed 's/,"over_native_ppm":[0-9]*//; s/,$//' >all
grep '"design":"nested"' rows.json | sed 's/,"over_native_ppm":null//' >alone
same 'a design scores the same alone and among others' all alone

pugmark walk mem.db --design shadow-naive,shadow-unsync,nested,native --set walk.spawn_every=500 --json >rows.json
ok 'spawned processes make naive shadow paging lose to nested' \
	test "$(value total_cycles shadow-naive)" -gt "$(value total_cycles nested)"
ok 'and unsynchronised less so' \
	test "$(value total_cycles shadow-unsync)" -lt "$(value total_cycles shadow-naive)"
pugmark walk mem.db --design native --set walk.guest_2m=100% --json >rows.json
ok '2M pages walk less' test "$(value stlb_miss)" -lt 37351

# updates of the trace itself: pages 1 to 3 of address space 7 are mapped, used, and one is taken
pt='# kind: pt
ts_ns,asid,op,level,va,pfn,count,source'
mem='# kind: mem
ts_ns,asid,va,bytes,rw'
printf '%s\n' "$pt" 0,7,set,1,4096,,3,x >1.csv
printf '%s\n' "$mem" 1,7,4096,8,load 2,7,8192,8,load 3,7,12288,8,load >2.csv
printf '%s\n' "$pt" 5,7,clear,1,8192,,1,x 5,7,invlpg,0,8192,,1,x >3.csv
swap='# kind: swap
ts_ns,vm,op,as,pfn,npages,slot,tier,lat_ns,source'
printf '%s\n' "$swap" 5,0,out,gpa,1,7,,ssd,,x 5,0,in,gpa,1,2,,ssd,,x >5.csv
printf '%s\n' "$mem" 6,7,8192,8,load 7,7,12288,8,load >4.csv
if pugmark import 1.csv 2.csv 3.csv 5.csv 4.csv -o pt.db >/dev/null 2>&1; then
	pugmark walk pt.db --design shadow-naive --set walk.populated=no --json >rows.json
	is 'a page that was taken walks again' "$(value stlb_miss shadow-naive)" 4
	is 'entries written: three tables, three pages, one taken, one back' "$(value updates shadow-naive)" 8
	pugmark walk pt.db --design tpt-opt --json >tpt.json
	is 'pages that the host swapped out are taken from TPT' "$(json_numbers revokes tpt.json)" 7
	is 'pages are mapped once' "$(value data_pages shadow-naive)" 4
else
	fail 'pt and mem rows are one trace' "$(pugmark import 1.csv 2.csv 3.csv 5.csv 4.csv -o pt2.db 2>&1)"
fi

ok 'assumptions are listed' pugmark walk mem.db --assumptions
like 'with kind and source' "$(out)" '^data_exposed = 52.* \| calibrated \| TPT README'
is 'designs that differ in their mode alone are listed once' "$(out | grep -c '^\[walk\]')" 1
ok 'a list of assumptions is a design' sh -c 'pugmark walk mem.db --design native --assumptions |
	sed "/^native: /,\$d" >again.ini; pugmark walk mem.db --design ./again.ini'

pugmark walk mem.db --try-inputs --json --set walk.ntlb=64/4 >rows.json
is 'guesses are tried, what the user gave is not' "$(grep -c '"input":' rows.json) $(grep -c '"input":"walk.ntlb' rows.json)" '14 0'
is 'as a run with that value says' \
	"$(grep '"input":"walk-costs.exposed=91%"' rows.json | json_numbers slow_over_fast_ppm)" \
	"$(pugmark walk mem.db --design shadow-naive,nested --set walk-costs.exposed=91% --json | json_numbers total_cycles |
		awk '{ c[NR] = $1 } END { printf "%.0f\n", c[2] / c[1] * 1000000 }')"
is 'also where walks change' \
	"$(pugmark walk mem.db --try-inputs --json | grep '"input":"walk.ntlb=16/4"' | json_numbers slow_over_fast_ppm)" \
	"$(pugmark walk mem.db --design shadow-naive,nested --set walk.ntlb=16/4 --json | json_numbers total_cycles |
		awk '{ c[NR] = $1 } END { printf "%.0f\n", c[2] / c[1] * 1000000 }')"

ok 'results are stored' pugmark walk mem.db --results r.db
ok 'the same again is no change' pugmark walk mem.db --results r.db

if command -v gnuplot >/dev/null; then
	ok 'references are drawn' pugmark walk mem.db --plot w.svg
	like 'by level and design' "$(cat w.svg)" 'shadow-unsync'
	ok 'or as text' pugmark walk mem.db --plot -
else
	skip 'references are drawn' 'gnuplot is not installed'
fi

# ---- refused ----
if command -v sqlite3 >/dev/null; then
	cp mem.db sampled.db
	sqlite3 sampled.db "INSERT OR REPLACE INTO meta VALUES ('sampled_kinds', 'mem')"
	exits 65 'a sample in time is refused' pugmark walk sampled.db
	like 'with the reason' "$(err)" 'sample in time .*what lies between two of them is unknown'
	cp mem.db hashed.db
	sqlite3 hashed.db "UPDATE source SET sample_ppm = 250000"
	ok 'a sample of pages is played' pugmark walk hashed.db
	like 'and its limit is told' "$(out)" '^Only 25\.00 % of the pages were recorded'
else
	skip 'a sample in time is refused' 'sqlite3 is not installed'
fi
exits 65 'a trace without accesses is refused' pugmark walk "$ROOT/datasets/nic.db"
like 'and it is said what is missing' "$(err)" 'no mem rows'
printf '[walk]\nmode = nested\nstlb = 1536/13\n' >bad.ini
exits 64 'a wrong size is refused' pugmark walk mem.db --design ./bad.ini
like 'with file, line and key' "$(err)" "bad\.ini:3: walk\.stlb: '1536/13': expected none, or entries/ways"
printf '[walk]\nguest_pagee = 4K\n' >bad.ini
exits 65 'an unknown key is refused' pugmark walk mem.db --design ./bad.ini
like 'with its line' "$(err)" 'bad\.ini: line 2: .*guest_pagee'
exits 64 'an unknown design is refused' pugmark walk mem.db --design nestet
like 'with the nearest' "$(err)" "did you mean 'nested'"
exits 64 'one like none' pugmark walk mem.db --design zzzz
like 'with those that there are' "$(err)" 'nested, .*shadow-naive'
exits 64 'an unknown processor too' pugmark walk mem.db --set walk-costs.processor=zen9
printf ' L 800000000000,8\n' >wide.lackey
pugmark import wide.lackey -o wide.db >/dev/null
exits 65 'an address beyond the levels is refused' pugmark walk wide.db
like 'and named' "$(err)" 'address 0x800000000000 does not fit 4 levels'
ok 'five levels hold it' pugmark walk wide.db --set walk.guest_levels=5
exits 64 'a trace is needed' pugmark walk
exits 66 'a missing one is missing input' pugmark walk nope.db
done_testing
