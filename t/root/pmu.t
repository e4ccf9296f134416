#!/bin/sh
# SPDX-License-Identifier: MIT
# The counters and samples of the probe pmu, with software events: they go the same way as page walks.
. t/lib.sh
need_root
need gcc
need_command record sql doctor
like 'doctor says whether there are processor counters' \
	"$(pugmark doctor --json | tr '{' '\n' | grep '"source":"pmu"')" 'usable|denied|absent'
pugmark record -q -o a.db --probe pmu --set pmu.events=page-faults -- true >/dev/null 2>err.txt ||
	skip_all "$(tail -n 1 err.txt)"
gcc -O2 -o frames "$ROOT/t/programs/frames.c" || exit 1

# each page that the program writes is a fault, whatever else it does
exits 0 'counters and samples of a command' sh -c './frames 20000 </dev/null >/dev/null;
	pugmark record -q -o p.db --probe pmu --ring 8M --set pmu.events=page-faults,context-switches \
		--set pmu.sample=1 -- ./frames 20000 </dev/null >/dev/null'
total=$(pugmark sql -n p.db 'SELECT sum("count") FROM walk WHERE counter = 0 AND period_ns IS NOT NULL')
sampled=$(pugmark sql -n p.db 'SELECT sum("count") FROM walk WHERE counter = 0 AND period_ns IS NULL')
diag "total $total, of samples $sampled"
ok 'the total has every page' test "$total" -ge 10000 -a "$total" -lt 12000
is 'samples of every event are the total' "$sampled" "$total"
ok 'samples have addresses' test \
	"$(pugmark sql -n p.db 'SELECT count(DISTINCT va / 4096) FROM walk WHERE counter = 0 AND period_ns IS NULL')" -ge 10000
is 'events have sources' "$(pugmark sql -n p.db "SELECT group_concat(name) FROM (SELECT name FROM source WHERE name LIKE 'pmu:%' ORDER BY source_id)")" \
	'pmu:page-faults,pmu:context-switches'
is 'no count was scaled' "$(pugmark sql -n p.db "SELECT v FROM meta WHERE k = 'pmu_scaled'")" 0
ok 'the trace verifies' pugmark verify p.db

# perf's modifiers reach counters and samples alike; one at a time, because Linux gives the samples of
# several events of one software counter the number of one of them
for mode in u k; do
	pugmark record -q -o $mode.db --probe pmu --ring 8M --set pmu.events=page-faults:$mode --set pmu.sample=1 -- \
		./frames 20000 </dev/null >/dev/null 2>&1
	sampled=$(pugmark sql -n $mode.db 'SELECT count(*) FROM walk WHERE period_ns IS NULL')
	is "samples of mode $mode are its total" "$sampled" "$(pugmark sql -n $mode.db 'SELECT sum("count") FROM walk WHERE period_ns IS NOT NULL')"
	echo "$sampled" >$mode.txt
done
ok 'the program faults in user mode, not in the kernel' test "$(cat u.txt)" -ge 10000 -a "$(cat k.txt)" -lt 1000

exits 0 'of all processors' pugmark record -q -o c.db --probe pmu --set pmu.events=context-switches --set pmu.period=1ms --for 20ms
is 'each has rows' "$(pugmark sql -n c.db 'SELECT count(DISTINCT cpu) FROM walk')" "$(nproc --all)"
exits 69 'an event that is none is refused' pugmark record -q -o d.db --probe pmu --set pmu.events=no-such-event -- true
like 'by its name' "$(err)" "no event 'no-such-event'"
done_testing
