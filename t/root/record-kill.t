#!/bin/sh
# SPDX-License-Identifier: MIT
# kill -9 during a recording: the file opens, and at most the last 250 ms are missing.
. t/lib.sh
. "$ROOT/t/root/recording.sh"
need_root
alone recording
need gcc
need_command record info verify sql doctor
case $(pugmark doctor --json | tr '{' '\n' | grep '"source":"fault"') in
*usable*) ;;
*) skip_all 'tracepoints of page faults cannot be recorded here' ;;
esac
gcc -O2 -o faulter "$ROOT/t/programs/faulter.c" || exit 1

# last_row FILE: its time on CLOCK_MONOTONIC, from the first reading of the clocks
last_row() {
	pugmark sql -n "$1" "SELECT (SELECT max(ts_ns) FROM fault) + mono_ns - trace_ns FROM clock
		ORDER BY clock_id LIMIT 1" 2>/dev/null
}

rounds=${KILLS:-20} unsound=0 empty=0 late=0 worst=0 left=0
for i in $(seq "$rounds"); do
	# from well before the second commit to some commits on
	at_ms=$((230 + i * 389 % 577))
	rm -f k.db k.db-*
	pugmark record -q -o k.db --probe fault -- ./faulter 0 $at_ms >killed 2>said &
	recorder=$!
	wait $recorder 2>/dev/null
	# the program goes on for the moment it takes to tell when it killed
	until [ -s killed ]; do :; done
	pugmark verify k.db >verified 2>&1 || { unsound=$((unsound + 1)); diag "$i: $(cat verified)"; }
	last=$(last_row k.db)
	[ -n "$last" ] || { empty=$((empty + 1)); continue; }
	read -r killed_ns held_ns <killed
	missing_us=$(((killed_ns - last) / 1000))
	[ $missing_us -le $worst ] || worst=$missing_us
	# what the machine gave to others meanwhile is not the recorder's
	[ $((missing_us - held_ns / 1000)) -le 250000 ] || late=$((late + 1))
	diag "killed after $at_ms ms: the last $((missing_us / 1000)) ms are missing, $((held_ns / 1000000)) ms the machine was not its own"
	[ -z "$(orphans | grep "/pugmark-$recorder-")" ] || left=$((left + 1))
done
is "all of $rounds files pass verify" $unsound 0
is 'rows are in each' $empty 0
is 'never is more missing than the last 250 ms' $late 0
diag "at most $((worst / 1000)) ms were missing"
is 'no tracefs instance of ours was left' $left 0

# ---- the next recording goes on ----

before=$(ask k.db 'count(*) FROM fault')
end=$(ask k.db 'max(ts_ns) FROM fault')
recorded k.db 'a recording onto the file of a killed one goes on' pugmark record -o k.db --probe fault -- ./faulter 5000
diag "$(err)"
ok 'it verifies' pugmark verify k.db
is 'its session is recovered' "$(ask k.db 'group_concat(state) FROM session')" recovered
is 'what was there stays' "$(ask k.db "count(*) FROM fault WHERE ts_ns <= $end")" "$before"
ok 'and new rows come after it' test \
	$(($(ask k.db "count(*) FROM fault WHERE ts_ns > $end") + $(rings_lost k.db))) -ge 5000
is 'the gap is a loss of unknown size' "$(ask k.db "count(*) FROM loss WHERE cause = 'kill' AND n_lost IS NULL AND from_ns >= $end AND to_ns > from_ns")" 1
is 'the clock of the file goes on' "$(ask k.db '(max(trace_ns - boot_ns) - min(trace_ns - boot_ns)) / 5000000 FROM clock')" 0
exits 73 'a sealed file is refused' pugmark record -o k.db --probe fault -- ./faulter 1
like 'with a sentence' "$(err)" 'k\.db: exists already and is complete'

pugmark record -q -o set.db --probe fault --rotate-every 250ms -- ./faulter 0 900 >killed 2>said
until [ -s killed ]; do :; done
before=$(ask set.db 'count(*) FROM fault')
ok 'a killed set is of several files' test "$(ls set.*.db | wc -l)" -ge 2
recorded set.db 'a set goes on too' pugmark record -o set.db --probe fault --rotate-every 1h -- ./faulter 5000
ok 'it verifies' pugmark verify set.db
ok 'all rows are there' test \
	$(($(ask set.db 'count(*) FROM fault') + $(rings_lost set.db))) -ge $((before + 5000))
is 'nothing is left beside the files' "$(ls | grep -E -c 'wal|shm|ballast|journal')" 0
done_testing
