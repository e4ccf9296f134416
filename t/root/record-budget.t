#!/bin/sh
# SPDX-License-Identifier: MIT
# Budgets of a recording: a storm is shed and counted, a small ring's losses are exact, the cost it tells is true.
. t/lib.sh
. "$ROOT/t/root/recording.sh"
need_root
alone recording
need gcc awk
need_command record info verify sql doctor
case $(pugmark doctor --json | tr '{' '\n' | grep '"source":"fault"') in
*usable*) ;;
*) skip_all 'tracepoints of page faults cannot be recorded here' ;;
esac
gcc -O2 -o faulter "$ROOT/t/programs/faulter.c" || exit 1
gcc -O2 -o cost "$ROOT/t/programs/cost.c" || exit 1

rows='(SELECT count(*) FROM fault)'
event="FROM account WHERE source = 'exceptions:page_fault_user')"
row_line="FROM account WHERE source = 'fault rows')"
meta() {
	ask "$1" "v FROM meta WHERE k = '$2'"
}

# ---- max-rate ----

exits 3 'a storm above --max-rate is recorded in part' pugmark record -o storm.db --probe fault --max-rate 10K -- ./faulter 600000
ok 'the trace verifies' pugmark verify storm.db
is 'no more rows than the rate, and one second of it' "$(ask storm.db "$rows <= 10000 * (1 + v / 1e9) FROM meta WHERE k = 'record_wall_ns'")" 1
ok 'but not few' test "$(ask storm.db "$rows")" -ge 5000
is 'what was kept is what is there' "$(ask storm.db "$rows - (SELECT stored $row_line")" 0
is 'what was shed is counted' "$(ask storm.db "(SELECT seen - stored - filtered - shed $row_line")" 0
is 'each shed row is in a loss row' "$(ask storm.db "(SELECT sum(n_lost) FROM loss WHERE cause = 'shed') - (SELECT shed $row_line")" 0
is 'nothing is unaccounted for' "$(ask storm.db "(SELECT decode_error + unaccounted $event")" 0
is 'every event that no ring lost made a row or was shed' \
	"$(ask storm.db "(SELECT seen - ring_lost $event - (SELECT seen $row_line")" 0
ok 'the program made them all' test "$(ask storm.db "(SELECT seen $event")" -ge 600000
diag "$(ask storm.db "$rows") rows kept of $(ask storm.db "(SELECT seen $row_line")"

# ---- max-cpu ----

exits 3 'above --max-cpu rows are shed' pugmark record -o cpu.db --probe fault --max-cpu 0.1% -- ./faulter 600000
is 'and counted' "$(ask cpu.db "(SELECT sum(n_lost) FROM loss WHERE cause = 'shed') = (SELECT shed $row_line")" 1
is 'nothing is unaccounted for' "$(ask cpu.db "(SELECT decode_error + unaccounted $event")" 0
exits 0 'below it nothing is' pugmark record -o calm.db --probe fault --max-cpu 90% -- ./faulter 1000
exits 64 'no share at all is refused' pugmark record -o no.db --probe fault --max-cpu 0

# ---- a ring of one page ----

exits 3 'a ring of one page loses records' pugmark record -o ring.db --probe fault --ring 4K -- ./faulter 400000
is "the kernel's counter = stored + lost" "$(ask ring.db "(SELECT seen - stored - ring_lost $event")" 0
is 'stored is what is there' "$(ask ring.db "$rows - (SELECT stored $event")" 0
is 'the loss rows say the same' "$(ask ring.db "(SELECT sum(n_lost) FROM loss WHERE cause = 'ring') - (SELECT ring_lost $event")" 0
ok 'the program made them all' test "$(ask ring.db "(SELECT stored + ring_lost $event")" -ge 400000

# ---- what it cost ----

# enough work that what comes after the trace is closed, which no trace can tell, is little of it
./cost us pugmark record -q -o all.db --probe fault --ring 32M >/dev/null 2>&1 &
recorder=$!
until ask all.db 'count(*) > 0 FROM fault' | grep -q 1; do
	./faulter 1000 >/dev/null
	kill -0 $recorder || break
done
./faulter 1500000 >/dev/null
kill -TERM $recorder
wait $recorder
told_us=$(($(meta all.db record_cpu_ns) / 1000))
diag "told: $told_us us, the kernel says: $(cat us) us"
ok 'the CPU time in the trace is within 10 % of what the kernel says' awk -v a="$told_us" -v b="$(cat us)" 'BEGIN { exit !(a > 0.9 * b && a < 1.1 * b) }'
done_testing
