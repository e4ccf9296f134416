#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark age: counts that one can check by hand, what the screen must say, what is refused.
. t/lib.sh
need_command import age

# Device a uses pages 1 to 4 at 0 s and 20 s; b uses page 4 at 15 s and page 9 at 30 s; length 40 s.
cat >small.csv <<'END'
# kind: dma
ts_ns,dev,op,dir,as,pfn,npages,offset_bytes,bytes,req,source
0,a,access,to-device,gpa,1,4,0,16384,,x
15000000000,b,access,from-device,gpa,4,1,0,4096,,x
20000000000,a,access,to-device,gpa,1,4,0,16384,,x
30000000000,b,access,from-device,gpa,9,1,0,4096,,x
40000000000,b,access,from-device,gpa,9,1,0,4096,,x
END
pugmark import small.csv -o t.db >/dev/null

# values KEY DEVICE: of rows of a device, in the order of tau
values() {
	sed -n '/^"rows"/,/^\]/p' rows.json | grep "\"device\":\"$2\"" | json_numbers "$1" | tr '\n' ' '
}
ok 'ages are counted' pugmark age t.db --tau 10s,5s,16s --json
out >rows.json
is 'taus are sorted' "$(values tau_ns total)" '5000000000 10000000000 16000000000 '
is 'a: three pages after 20 s, page 4 five seconds after b' "$(values refaults a)" '4 3 3 '
is 'b: page 4 fifteen seconds after a, page 9 after ten' "$(values refaults b)" '2 2 0 '
is 'devices sum to the total' "$(values refaults total)" '6 5 3 '
is 'first uses at tau or later are told apart' "$(values first_late total)" '1 1 1 '
# pages 1-3: 20 s to the next use and 20 s to the end; page 4: 15 s, 5 s, 20 s; page 9: 10 s
# at 10 s idle 3 * (10 + 10) + 5 + 10 = 75 page seconds of 40 s; at 5 s 3 * 30 + 10 + 15 + 5 = 120
is 'cold pages are means over time, to the nearest page' "$(values cold_pages total)" '3 2 1 '
is 'the rest of the footprint is active' "$(values active_pages total)" '2 3 4 '
is 'a shared page is in the footprint of both' "$(values active_pages b)" '1 2 2 '
is 'a rate is taken from the time in which a gap can be seen' "$(values exposure_ns total)" \
	'35000000000 30000000000 24000000000 '
is 'per day' "$(values refaults_per_day total)" '14811 14400 10800 '
like 'queues are not known' "$(cat rows.json)" '"queue":null'

pugmark age t.db --tau 10s --memory 1M --json >rows.json
is 'memory that nothing touched is known with the size' "$(values never_touched_pages total)" '251 '
is 'and is reclaimable too' "$(values reclaimable_pages total)" '253 '
is 'for the VM, not for a device' "$(values reclaimable_pages a)" '2 '

ok 'the screen is for people' pugmark age t.db --tau 10s
is 'the verdict comes first' "$(out | head -n 1)" \
	'At tau = 10 s 8 KiB are reclaimable and 14,400 [4,676-33,605] faults a day follow.'
like 'a missing CPU stream is told' "$(out)" 'CPU stream: NONE'
like 'so is the access model' "$(out)" '^  Access model near: '
like 'and what to do next' "$(out | tail -n 1)" '^Next: pugmark pin t\.db '
like 'where rows tell accesses the model does not matter' "$(out)" '^The access model makes no difference'
like 'else all are compared on a small trace' "$(pugmark age "$ROOT/datasets/nic.db")" '^sweep  *10 s '
unlike 'no line is wider than 120 columns' "$(out)" '.{121}'
is 'it fits a screen' "$(out | awk 'END { print NR <= 30 }')" 1
like 'none seen is fewer than three in that time' "$(pugmark age t.db --tau 30s | head -n 1)" \
	'no fault seen \(fewer than 25,920 a day\)'
like 'a trace shorter than tau tells nothing' "$(pugmark age t.db --tau 1h | head -n 1)" 'shorter than tau = 1 h'
like 'and has no rate' "$(pugmark age t.db --tau 1h --json)" '"refaults_per_day":null'

# a recording: every figure falls with tau, in every model
cp "$ROOT"/datasets/nic.db .
for model in near start end sweep; do
	pugmark age nic.db --access $model --tau 1ms,10ms,100ms,1s,10s --json >rows.json
	for key in refaults first_late cold_pages; do
		values $key total | tr ' ' '\n' | sed '/^$/d' >got
		is "$model: $key fall as tau grows" "$(sort -rn got)" "$(cat got)"
	done
done

# the same figures from the rows themselves, in every model: device uses, open and live mappings by page
oracle() {
	pugmark sql -n nic.db 'SELECT ts_ns, op, dir, pfn, npages FROM dma' | awk -v model="$1" -v tau="$2" -v end="$3" '
	function close_gap(p, now) {
		if (now - last[p] >= tau)
			idle += now - last[p] - tau
		return now - last[p] >= tau
	}
	{
		writes = $3 != "to-device"
		reads = $3 != "from-device"
		used = $2 == "alloc" || $2 == "map" && (model ~ /start|sweep/ || model == "near" && reads) ||
			$2 == "unmap" && (model ~ /end|sweep/ || model == "near" && writes)
		# rings: each page twice a second, before what the device does else (it has no free rows)
		if ($2 == "alloc" && !since++)
			due = $1 + 5e8
		if ($2 != "alloc" && (writes && model != "start" || used) && nrings && $1 >= due) {
			due = $1 + 5e8
			for (i = 1; i <= nrings; i++) {
				refaults += close_gap(ring[i], $1)
				last[ring[i]] = $1
			}
		}
		for (p = $4; p < $4 + $5; p++) {
			if (used && p in last && close_gap(p, $1))
				refaults++
			if (used)
				last[p] = $1
			if ($2 == "alloc")
				ring[++nrings] = p
			if (model != "start" && writes)
				open[p] += ($2 == "map") - ($2 == "unmap" && open[p])
		}
	}
	END {
		for (p in last)
			if (!open[p])
				close_gap(p, end)
		print refaults + 0, int(idle / end + 0.5)
	}'
}
for model in near start end sweep; do
	pugmark age nic.db --access $model --tau 100ms,1s --json >rows.json
	length=$(json_numbers length_ns rows.json)
	is "$model: refaults and cold pages are those of the rows" \
		"$(values refaults total)$(values cold_pages total)" \
		"$(for tau in 100000000 1000000000; do oracle $model $tau "$length"; done | awk '{ r = r $1 " "; c = c $2 " " } END { printf "%s", r c }')"
done
pugmark age nic.db --access near --json >near.json
pugmark age nic.db --json >default.json
same 'near is the default' near.json default.json

if command -v sqlite3 >/dev/null; then
	cp t.db sampled.db
	sqlite3 sampled.db "UPDATE source SET sample_ppm = 250000"
	pugmark age sampled.db --tau 10s --json >rows.json
	is 'counts of a sampled trace are scaled to the whole' "$(values refaults total)" '20 '
	is 'so are pages' "$(values cold_pages total) $(values active_pages total)" '8  12 '
	like 'and it is said' "$(pugmark age sampled.db)" '^  25.00 % of the pages were recorded: .* scaled'
else
	skip 'counts of a sampled trace are scaled' 'sqlite3 is not installed'
fi

if [ -d "$DATA/swap/w1-20-zram" ] && pugmark import "$DATA/swap/w1-20-zram" -o swap.db >/dev/null 2>&1; then
	ok 'a recording with a CPU stream is used' pugmark age swap.db --tau 1s,10s,60s --json
	out >rows.json
	is 'the CPU has refaults of its own' "$(values cpu_refaults total | wc -w)" 3
	like 'which is said' "$(cat rows.json)" 'CPU stream: used'
	like 'and what they mean' "$(pugmark age swap.db)" '^The guest.s CPUs come back [0-9,]+ times: .* a day'
else
	skip 'a recording with a CPU stream is used' 'no swap/w1-20-zram in the data folder'
fi

if command -v gnuplot >/dev/null; then
	ok 'the curves are drawn' pugmark age nic.db --plot ages.svg
	like 'both of them' "$(cat ages.svg)" 'reclaimable'
	ok 'or as text' pugmark age nic.db --plot -
	exits 73 'a plot that cannot be written is told' pugmark age nic.db --plot nope/ages.svg
else
	skip 'the curves are drawn' 'gnuplot is not installed'
fi

echo '1 2 0 0' >disk.lis
pugmark import disk.lis -o disk.db >/dev/null
exits 65 'block requests are no memory' pugmark age disk.db
like 'and the message says so' "$(err)" 'an LBA is not a memory page'
sed 's/^[1-9]0*,/0,/; s/^15000000000,/0,/' small.csv >still.csv
sed -i 's/^[0-9]*,\([ab]\),/0,\1,/' still.csv
pugmark import still.csv -o still.db >/dev/null
exits 65 'a trace without length has no ages' pugmark age still.db
exits 64 'a VM smaller than its pages is refused' pugmark age t.db --memory 16K
like 'with both numbers' "$(err)" '5 different pages are used, but the VM has 4 \(--memory\)'
exits 64 'an age needs a unit' pugmark age t.db --tau 10
exits 64 'and a length' pugmark age t.db --tau 0
exits 64 'an unknown model is refused' pugmark age t.db --access swep
like 'with the nearest name' "$(err)" "did you mean 'sweep'"
exits 64 'JSON and a plot cannot share standard output' pugmark age t.db --json --plot -
exits 64 'a trace is needed' pugmark age
exits 66 'a missing one is missing input' pugmark age nope.db

ok 'the curve goes into a results file' pugmark age t.db --results r.db --memory 64K
ok 'the same again is no change' pugmark age t.db --results r.db --memory 64K
exits 73 'a results file that cannot be made is told' pugmark age t.db --results nope/r.db
if command -v sqlite3 >/dev/null; then
	in_results() { sqlite3 r.db "$1"; }
	is 'with tau in ns as its bucket, and the figures of the screen' \
		"$(in_results "SELECT value FROM result JOIN config USING (cfg_hash) WHERE canon LIKE '%access=near%device=total%'
			AND metric = 'refaults' AND bucket = 1000000000")" \
		"$(pugmark age t.db --tau 1s --memory 64K --json | grep '"device":"total"' | json_numbers refaults)"
	is 'the sentences, the verdict as part 0' "$(in_results 'SELECT sentence FROM said WHERE run_id = 1 AND seq = 1 AND part = 0')" \
		"$(pugmark age t.db --memory 64K | head -n 1)"
	is 'the guesses with their source' "$(in_results "SELECT name || kind FROM assumption WHERE run_id = 1")" 'access.live_periodguess'
	is 'and what is known of the trace, once' "$(in_results "SELECT kind || events FROM trace_stream")" \
		"$(pugmark info t.db --json | grep '^{"kind":"dma","events"' | json_numbers events | sed 's/^/dma/')"
fi

# host addresses without memslots
printf '# kind: dma\nts_ns,dev,op,dir,as,pfn,npages,offset_bytes,bytes,req,source\n0,a,access,to-device,gpa,1,4,0,16384,,x
9000000000,a,access,to-device,gpa,1,4,0,16384,,x\n' >devices.csv
printf '# kind: cpu\nts_ns,vm,as,pfn,npages,count,period_ns,is_write,source
9000000005,0,hva,1,4,1,,1,x\n' >hva.csv
ok 'host-virtual rows can be imported' pugmark import devices.csv hva.csv -o hva.db
exits 65 'but not guessed to be guest pages' pugmark age hva.db
like 'says the sentence' "$(err)" 'cpu rows are hva, its dma rows gpa, and it has no memslots that join them'
ok 'they can be left out' pugmark age hva.db --no-cpu
like 'which is told' "$(out)" 'NOT USED \(--no-cpu\)'
exits 65 'pin refuses them, too' pugmark pin hva.db
ok 'unless it does without' pugmark pin hva.db --cpu cold
done_testing
