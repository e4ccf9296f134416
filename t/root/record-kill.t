#!/bin/sh
# SPDX-License-Identifier: MIT
# kill -9 during a recording: the file opens, and at most the last 250 ms are missing.
. t/lib.sh
need_root
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
	pugmark record -q -o k.db --probe fault -- ./faulter 0 $at_ms >killed 2>said
	# the program goes on for the moment it takes to tell when it killed
	until [ -s killed ]; do :; done
	pugmark verify k.db >verified 2>&1 || { unsound=$((unsound + 1)); diag "$i: $(cat verified)"; }
	last=$(last_row k.db)
	[ -n "$last" ] || { empty=$((empty + 1)); continue; }
	missing_us=$((($(cat killed) - last) / 1000))
	[ $missing_us -le $worst ] || worst=$missing_us
	[ $missing_us -le 250000 ] || late=$((late + 1))
	diag "killed after $at_ms ms: the last $((missing_us / 1000)) ms are missing"
	left=$((left + $(ls /sys/kernel/tracing/instances 2>/dev/null | grep -c '^pugmark-')))
done
is "all of $rounds files pass verify" $unsound 0
is 'rows are in each' $empty 0
is 'never is more missing than the last 250 ms' $late 0
diag "at most $((worst / 1000)) ms were missing"
is 'no tracefs instance of ours was left' $left 0
done_testing
