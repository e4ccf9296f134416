#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark pin: identities, rows, goals, and what it says about bad input.
. t/lib.sh
need_command import pin

nic=$ROOT/datasets/nic.db
flat() { # FILE: one row a line
	tr -d '\n' <"$1" | sed 's/{"policy"/\n&/g' | grep '^{"policy"'
}
totals() { # FILE
	flat "$1" | grep '"device_class":"total"'
}

ok 'without options everything is on one screen' pugmark pin "$nic"
like 'the trace comes first' "$(out | head -n 1)" 'nic\.db  .* 1 NIC\.  15\.3 s .*no loss recorded\.$'
like 'with what nobody saw' "$(out | sed -n 2p)" '^CPU stream: NONE .* device reads: seen, device writes: seen'
like 'then the verdict' "$(out | sed -n 3p)" '^(YES to|NO at) [0-9]+ %'
like 'and the reason in figures' "$(out | sed -n 3p)" 'NO at 10 %: IOPF break it: iopf\.max_1s is [0-9,]+, goal <= 10'
like 'what decides it is told' "$(out)" '^Decided by \(iopf\.max_1s is [0-9,]+ at 10 %\): .* -> .*, YES'
like 'and whether halves of the trace agree' "$(out)" '^Halves agree: (yes|NO|cannot be told), '
like 'and what to do next' "$(out | tail -n 1)" '^Next: --memory SIZE'
is 'it fits a screen' "$(out | awk 'END { print NR <= 24 }')" 1

online=2q,arc,at-risk,clock,fifo,lfu,lru,lru-k,region,s3fifo,s3fifo-2025,sieve,static-ring,working-set
pugmark pin "$nic" --policy "none,static-all,$online" \
	--budget 0,5%,100% --overcommit 20%,60% --json >rows.json
is 'every IOPF is done, failed or joined' "$(flat rows.json | sed -E \
	's/.*"iopf":([0-9]*),"iopf_done":([0-9]*),"iopf_failed":([0-9]*),"iopf_joined":([0-9]*).*/\1 \2 \3 \4/' |
	awk '$1 != $2 + $3 + $4 { bad++ } END { print (NR > 100), bad + 0 }')" '1 0'
is 'the states of pages sum to the VM' "$(flat rows.json | sed -E \
	's/.*"vm_pages":([0-9]*),"resident_pages":([0-9]*),"swapped_pages":([0-9]*),"absent_pages":([0-9]*),"inflight_pages":([0-9]*).*/\1 \2 \3 \4 \5/' |
	awk '$1 != $2 + $3 + $4 + $5 { bad++ } END { print (NR > 100), bad + 0 }')" '1 0'
is 'what is out of memory was never touched, is cold, or was forced' "$(flat rows.json | sed -E \
	's/.*"swapped_pages":([0-9]*),"absent_pages":([0-9]*),.*"never_touched_pages":([0-9]*),"cold_pages":([0-9]*),"forced_pages":([0-9]*).*/\1 \2 \3 \4 \5/' |
	awk '$2 != $3 || $1 != $4 + $5 { bad++ } END { print (NR > 100), bad + 0 }')" '1 0'
is 'no half has more faults than the whole' "$(flat rows.json | sed -E \
	's/.*"iopf":([0-9]*),.*"iopf_first_half":([0-9]*),.*/\1 \2/' |
	awk '$2 > $1 { bad++ } $2 && $2 < $1 { cut++ } END { print (cut > 20), bad + 0 }')" '1 0'
is 'some faults there are' "$(totals rows.json | grep -c '"iopf":0,.*' | awk '{ print ($1 < 150) }')" 1
is 'static-all has none' "$(totals rows.json | grep '"static-all"' | json_numbers iopf | sort -u)" 0
# the same rows but for the name
bare() {
	sed -E 's/"policy":"[^"]*",//; s/"pins_refused":[0-9]*,//; s/,$//'
}
flat rows.json | grep '"none"' | bare >none
for policy in $(echo "$online" | tr , ' '); do
	flat rows.json | grep "\"$policy\"" | grep '"budget_pages":0,' | bare >zero
	same "$policy without a budget does what none does" none zero
done
is 'with room for all no page faults after its first touch by a device' \
	"$(totals rows.json | grep -E '"(lru|lru-k|2q|arc|sieve|at-risk)".*"cpu":"(cold|touched)","budget_pages":782' |
		json_numbers iopf | sort -u)" 0
is 'devices sum to the total' "$(flat rows.json |
	sed -E 's/.*"device_class":"([a-z]*)","dma_pages":([0-9]*),.*"iopf":([0-9]*),.*/\1 \2 \3/' |
	awk '$1 == "total" { bad += d != $2 || f != $3; d = f = 0; next } { d += $2; f += $3 } END { print bad + 0 }')" 0

pugmark pin "$nic" --policy lru --cpu cold --overcommit 20% --budget 1%,256,8,1% --seed 1,2 --json >twins.json
is 'shares that are as many pages are one budget, for each seed' "$(totals twins.json | json_numbers budget_pages |
	tr '\n' ' ')" '8 256 8 256 '

pugmark pin "$nic" --budget 2%,10% --json --threads 1 >one.json
pugmark pin "$nic" --budget 2%,10% --json --threads 5 >five.json
same 'any number of threads gives the same bytes' one.json five.json
pugmark pin "$nic" --budget 10%,2% --json >turned.json
same 'budgets are answered in ascending order' one.json turned.json
pugmark pin "$nic" --budget 2%,10% --json --seed 2 >other.json
is 'another seed draws another CPU load' "$(cmp -s one.json other.json; echo $?)" 1
pugmark pin "$nic" --budget 2%,10% --json --seed 1,2 >both.json
flat both.json | grep '"seed":1,' | sed 's/,$//; s/]}$//' >first
flat one.json | sed 's/,$//; s/]}$//' >alone
same 'several seeds are several runs' first alone

# halves: each pair of policies by its counts, none of them by hand
pugmark pin "$nic" --policy none,lru,arc --budget 5% --overcommit 20% --cpu cold --json >pairs.json
is 'each pair of policies is compared once' \
	"$(for k in same flipped close; do json_numbers halves_${k}_pairs pairs.json; done | tr '\n' ' ')" \
	"$(flat pairs.json | grep '"nic"' | sed -E 's/.*"iopf":([0-9]*),.*"iopf_first_half":([0-9]*),.*/\1 \2/' |
	awk 'function order(x, y) { return 100 * (x - y) ^ 2 <= 384 * (x + y) ? 0 : x > y ? 1 : -1 }
		{ f[NR] = $2; s[NR] = $1 - $2 }
		END { for (i = 1; i <= 3; i++) for (k = i + 1; k <= 3; k++) {
			p = order(f[i], f[k]); q = order(s[i], s[k])
			if (!p || !q) close_++; else if (p == q) same++; else flipped++ }
		print same + 0, flipped + 0, close_ + 0, "" }')"
is 'one seed compares with none' "$(json_numbers seeds_same_pairs pairs.json)" 0
pugmark pin "$nic" --budget 5% --overcommit 20% --cpu background --seed 1,2,3 --json >seeds.json
is 'several seeds do' "$(($(json_numbers seeds_same_pairs seeds.json) +
	$(json_numbers seeds_flipped_pairs seeds.json) + $(json_numbers seeds_close_pairs seeds.json)))" 3

# what decides: the same configuration, asked for with the changed input, has the same faults
pugmark pin "$nic" --policy lru --budget 5% --overcommit 20% --cpu cold --json --try-inputs >base.json
changed() { # INPUT VALUE
	grep -F "\"input\":\"$1\"," base.json | grep ".*\"to\":\"$2\"" | json_numbers iopf
}
asked() { # OPTION..
	pugmark pin "$nic" --policy lru --budget 39 --overcommit 20% --cpu cold --json "$@" |
		flat /dev/stdin | grep '"total"' | json_numbers iopf
}
is 'another access model is tried' "$(changed access end)" "$(asked --access end)"
is 'another reclaim, too' "$(changed reclaim lru)" "$(asked --reclaim lru)"
is 'and a VM that was full at its start' "$(changed 'full at start (pin.populated)' yes)" "$(asked --set pin.populated=yes)"
is 'and one that is larger than what the trace touches' "$(changed 'VM memory' '6.1 MiB')" \
	"$(asked --memory 6256K)"
is 'a VM whose memory is told is not guessed at' \
	"$(pugmark pin "$nic" --memory 8M --json --try-inputs | grep -c '"VM memory"')" 0
is 'nor is anything tried for programs that did not ask' \
	"$(pugmark pin "$nic" --json | grep -c '"input":"access"')" 0
is 'reclaim by age is tried at half the age' "$(pugmark pin "$nic" --policy none --cpu cold \
	--reclaim age --set memory.age=2s --json --try-inputs | grep -c '"reclaim age","from":"2 s","to":"1 s"')" 1

# blind collectors: a NIC whose device reads were never recorded
pugmark export "$nic" --stream dma --format csv | awk -F, 'NR == 1 || ($4 == "from-device")' >rx.csv
pugmark import rx.csv -o rx.db >/dev/null
ok 'a trace without device reads is replayed' pugmark pin rx.db --policy none --overcommit 60%
like 'and says that none were seen' "$(out | sed -n 2p)" 'device reads: NONE SEEN \(1 of 1 function\), device writes: seen'
like 'with what they may hide' "$(out)" 'unseen reads \(\+0\.\.[0-9.,]+[kM]? IOPF/day, if like the rest\)'
is 'so do programs' "$(pugmark pin rx.db --json | json_numbers functions_without_reads)" 1

pugmark pin "$nic" --cpu background --set pin.residency=frozen --overcommit 20%,50% --budget 1%,5%,20% \
	--policy "none,$online,best-static,oracle-frozen" --json >frozen.json
is 'when residency is frozen, none faults as it did' \
	"$(totals frozen.json | grep '"none"' | json_numbers iopf | tr '\n' ' ')" \
	"$(pugmark pin "$nic" --cpu background --overcommit 20%,50% --policy none --set pin.faults=instant --json |
		flat /dev/stdin | grep '"total"' | json_numbers iopf | tr '\n' ' ')"
is 'and no policy faults less than oracle-frozen' "$(totals frozen.json |
	sed -E 's/.*"policy":"([^"]*)".*"budget_pages":([0-9]*),"overcommit_ppm":([0-9]*),.*"iopf":([0-9]*),.*/\1 \2:\3 \4/' |
	awk '$1 == "oracle-frozen" { bound[$2] = $3 } { f[NR] = $3; k[NR] = $2 }
		END { for (i in f) if (k[i] in bound && f[i] < bound[k[i]]) bad++; n = 0
		for (b in bound) n++; print n, bad + 0 }')" '6 0'

pugmark pin "$nic" --policy static-all --cpu cold --overcommit 20% --memory 2G --json >big.json
is 'a bitmap takes 64 KiB for each GiB and function' \
	"$(totals big.json | json_numbers bitmap_bytes)" 131072

# 2 MiB backing
for huge in no split whole; do
	ok "memory.huge=$huge is replayed" pugmark pin "$nic" --policy none,lru,static-all --budget 5% --cpu cold,touched \
		--overcommit 20% --memory 1G --set memory.huge=$huge --reclaim lru --json
	out >$huge.json
done
is 'its bitmap has an entry for 2 MiB: 1/512 of the bytes' \
	"$(totals no.json | json_numbers bitmap_bytes | sort -u) $(totals whole.json | json_numbers bitmap_bytes | sort -u)" '65536 128'
is 'where pages split, one for 4 KiB' "$(totals split.json | json_numbers bitmap_bytes | sort -u)" 65536
pugmark pin "$nic" --policy none --cpu cold --overcommit 70% --reclaim lru --set memory.huge=split --set memory.readahead=1 \
	--memory 16M --json >split.json
pugmark pin "$nic" --policy none --cpu cold --overcommit 70% --reclaim lru --set memory.huge=whole --memory 16M --json >whole.json
is 'what splits is whole 2 MiB pages' "$(totals split.json | json_numbers split_pages | awk '{ print ($1 > 0), $1 % 512 }')" '1 0'
is 'what does not, comes and goes so' \
	"$(totals whole.json | json_numbers swap_in | awk '{ print ($1 > 0), $1 % 512 }') $(totals whole.json | json_numbers split_pages)" '1 0 0'
is 'states sum to the VM, faults to their outcomes' "$(cat no.json split.json whole.json | tr -d '\n' | sed 's/{"policy"/\n&/g' |
	grep '^{"policy"' | sed -E 's/.*"iopf":([0-9]*),"iopf_done":([0-9]*),"iopf_failed":([0-9]*),"iopf_joined":([0-9]*).*"vm_pages":([0-9]*),"resident_pages":([0-9]*),"swapped_pages":([0-9]*),"absent_pages":([0-9]*),"inflight_pages":([0-9]*).*/\1 \2 \3 \4 \5 \6 \7 \8 \9/' |
	awk '$1 != $2 + $3 + $4 || $5 != $6 + $7 + $8 + $9 { bad++ } END { print (NR > 10), bad + 0 }')" '1 0'
exits 64 'a VM of 2 MiB pages has a whole number of them' pugmark pin "$nic" --set memory.huge=whole --memory 4100K
exits 64 'a frozen schedule is one of small pages' pugmark pin "$nic" --set memory.huge=whole --set pin.residency=frozen

# the guest's own I/O on the drive that it swaps to
p99() {
	pugmark pin "$nic" --policy none --cpu cold --overcommit 40% --reclaim lru --set memory.readahead=1 \
		--set memory.ssd_servers=1 --json "$@" >p99.json
	totals p99.json | json_numbers iopf_p99_ns
}
is 'faults wait behind the I/O of the guest' \
	"$(echo "$(p99) $(p99 --set memory.guest_io=5000/s)" | awk '{ print ($2 > $1 * 1.1) }')" 1
is 'not where pages go elsewhere' "$(p99 --set memory.swap_tier=remote --set memory.guest_io=5000/s)" \
	"$(p99 --set memory.swap_tier=remote)"

# goals
exits 1 'a goal that nothing meets is a no' pugmark pin "$nic" --policy none --cpu cold --overcommit 60% --goal 'iopf<=0'
like 'which is told' "$(out)" '^NO at 60 %: IOPF break it: iopf is [0-9.,]+k?, goal <= 0 '
exits 0 'one that is met is a yes' pugmark pin "$nic" --policy lru --budget 50%,100% --cpu cold --overcommit 60% --goal 'iopf<=0,pinned<=100%'
like 'with what to pin' "$(out)" '^YES to 60 %, as far as 15\.3 s tell: pin [0-9.]+ [KMG]iB'
ok 'without a goal a no is an answer' pugmark pin "$nic" --policy none --cpu cold --overcommit 60%
exits 1 'a goal of the guest alone may be missed' pugmark pin "$nic" --cpu background --goal 'cpu_major<=1/s,cpu_stall<=0.01%'
like 'then its CPU faults are to blame' "$(out)" "NO at 10 %: the guest's own CPU faults, not IOPF, break it: cpu_major is [0-9.]+/s, goal <= 1/s"
exits 1 'so may be one about pins' pugmark pin "$nic" --cpu cold --overcommit 60% --policy static-ring --budget 10% --goal 'pinned.mean<=1%,pinned.p99<=1%'
pugmark pin "$nic" --policy none --cpu cold --overcommit 60% --set pin.populated=yes --explain >full
like 'a fault on memory that was full at the start had no touch before' "$(cat full)" '^not touched before in the trace +[1-9]'
ok 'a rate is a goal' pugmark pin "$nic" --goal 'cpu_major<=1000000/s,nic.iopf.max_1s<=1M'

# errors
exits 64 'no overcommit takes all memory' pugmark pin "$nic" --overcommit 100%
exits 64 'no budget is above the memory' pugmark pin "$nic" --budget 200%
exits 64 'nor in pages' pugmark pin "$nic" --budget 783
like 'which the message tells' "$(err)" 'the VM has 782'
exits 64 'an unknown reclaim is refused' pugmark pin "$nic" --reclaim clokc
like 'with the nearest name' "$(err)" "did you mean 'clock'"
exits 64 'so is an unknown policy' pugmark pin "$nic" --policy at-rsk
like 'likewise' "$(err)" "did you mean 'at-risk'"
exits 64 'min knows the future of requests only' pugmark pin "$nic" --policy min
like 'and the message knows another' "$(err)" 'oracle-frozen'
exits 64 'cache has no use for a policy that only pins' pugmark cache "$nic" --policy at-risk
exits 64 'an unknown metric is refused' pugmark pin "$nic" --goal 'iopf.max1s<=1'
like 'with the nearest one' "$(err)" "did you mean 'iopf.max_1s'"
exits 64 'an unknown parameter is refused' pugmark pin "$nic" --set pin.epok=1s
exits 64 'an unknown companion is refused' pugmark pin "$nic" --cpu warm
exits 65 'a VM is not smaller than its footprint' pugmark pin "$nic" --memory 1M
like 'which the message tells' "$(err)" 'more than the 256 pages'
printf '1 4 0 0\n9 2 0 1\n' >objects.lis
pugmark import objects.lis -o objects.db >/dev/null
exits 65 'a trace without a memory footprint is refused' pugmark pin objects.db
like 'because an LBA is no page' "$(err)" 'LBA is not a memory page'
exits 66 'a missing trace is missing input' pugmark pin nope.db

ok 'counts go into a results file' pugmark pin "$nic" --results r.db --budget 5%
ok 'the same counts again are no change' pugmark pin "$nic" --results r.db --budget 5%
ok 'assumptions are printed' pugmark pin "$nic" --assumptions
like 'with their kinds' "$(out)" '^rate = .*\| guess'

# what is behind the faults of the answer: each table has them all
ok 'the faults of the answer are explained' pugmark pin "$nic" --policy lru --budget 5% --overcommit 20% --cpu cold --explain
like 'with who and when' "$(out)" '^Behind the [0-9,]+ IOPF of lru at 20 % with 156 KiB pinned, cpu cold'
like 'by device and use' "$(out)" '^0000:00:05\.0  nic    (ring|pool|data) '
like 'by page range' "$(out)" '^0x[0-9a-f]+-0x[0-9a-f]+ '
pugmark pin "$nic" --policy lru --budget 5% --overcommit 20% --cpu cold --explain --json >story.json
faults=$(flat story.json | grep '"total"' | json_numbers iopf)
is 'the story is of the same faults' "$(json_numbers explain_iopf story.json)" "$faults"
for table in uses ranges idle bursts times; do
	is "faults by $table are all faults" "$(sed -n "/\"explain_$table\":\[/,/^\]/p" story.json |
		json_numbers iopf | awk '{ n += $1 } END { print n }')" "$faults"
done
is 'a story of no faults has none' "$(pugmark pin "$nic" --policy static-all --explain --json | json_numbers explain_iopf)" 0
# pages that come back after 12, 78 and 86 s, to a host that reclaims after 2 s
{
	echo 'ts_ns,dev,op,dir,pfn,bytes'
	for s in 0 5 12 90 91; do
		echo "${s}000000000,0000:00:01.0,access,from-device,0x1$((s % 2)),4096"
	done
} >idle.csv
pugmark import idle.csv -o idle.db >/dev/null
is 'idle ages are those of the accesses' "$(pugmark pin idle.db --policy none --overcommit 20% --memory 1M \
	--cpu cold --reclaim age --set memory.age=2s --explain --json | grep '"idle_below_ns"' |
	sed -E 's/.*:([0-9a-z]+),"iopf":([0-9]+).*/\1 \2/' | grep -v ' 0$' | tr '\n' ';')" \
	'60000000000 1;600000000000 2;'
# verdicts for programs are those of the screen
pugmark pin "$nic" --cpu cold --overcommit 10%,60% --policy none,lru --budget 5%,50% --json >verdicts.json
pugmark pin "$nic" --cpu cold --overcommit 10%,60% --policy none,lru --budget 5%,50% >screen
is 'programs get the verdicts of the screen' "$(grep '"is_yes"' verdicts.json |
	sed -E 's/.*"is_yes":(true|false),.*"policy":"([a-z]*)".*/\1 \2/; s/true/yes/; s/false/no/' | tr '\n' ';')" \
	"$(sed -nE 's/^[0-9]+ %  cold +([a-z]+) .* (yes|no)(:.*)?$/\2 \1/p' screen | tr '\n' ';')"
unlike 'a trace without block devices has no columns for them' "$(cat screen)" 'block'

if command -v gnuplot >/dev/null; then
	ok 'faults are drawn by pinned share' pugmark pin "$nic" --plot pin.svg --plot-timeline time.svg --plot-footprint map.svg
	like 'with the names of policies' "$(cat pin.svg)" 'at-risk IOPF'
	like 'over time, with memory' "$(cat time.svg)" '>in memory<'
	like 'over place, with the faults' "$(cat map.svg)" '>I/O page faults<'
	ok 'a run without a fault has pictures, too' pugmark pin "$nic" --policy static-all \
		--plot none.svg --plot-timeline none-time.svg --plot-footprint none-map.svg
	like 'which say so' "$(cat none-map.svg)" '>no I/O page fault<'
	ok 'a share of a few per cent has its axis' \
		pugmark pin "$nic" --policy lru --budget 4% --overcommit 20% --cpu cold --plot few.svg
	ok 'all are drawn on a terminal' pugmark pin "$nic" --plot - --plot-timeline - --plot-footprint -
	like 'as text' "$(out)" '^ +nic\.db: lru at 10 % overcommit, .* pinned, cpu background'
like 'with time on an axis' "$(out)" 's from the first access'
else
	skip 'faults are drawn by pinned share' 'gnuplot is not installed'
fi
exits 64 'a picture and JSON cannot share standard output' pugmark pin "$nic" --json --plot-footprint -
# ---- questions that have no answer
exits 64 'a goal for devices that are not there is refused' pugmark pin "$ROOT/datasets/nic.db" --goal 'block.p999<=+10%'
like 'with what is missing' "$(err)" 'has no block device'
exits 65 'the CPU of a trace that has none is refused' pugmark pin "$ROOT/datasets/nic.db" --cpu trace
like 'with what to say instead' "$(err)" 'background, cold or touched'
ok 'pinning all is no choice' pugmark pin "$ROOT/datasets/nic.db" --policy static-all --overcommit 10% --cpu cold
like 'and the verdict says why' "$(out)" 'none is a choice: what pins all gives nothing back'
done_testing
