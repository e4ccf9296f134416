#!/bin/sh
# SPDX-License-Identifier: MIT
# A recording that goes on in the next file loses nothing on the way.
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

# One number of what `info --json` says of the set: figure FILE LINE-PATTERN KEY.
figure() {
	pugmark info --json "$1" | tr '{' '\n' | sed -n "/$2/s/.*\"$3\":\([0-9]*\).*/\1/p"
}
# The set as one: what the kernel counted is in its rows, or was lost in a ring that a slow machine
# let run over, and said so. A row lost between two files would be in neither.
whole() {
	ok "$1: the set verifies" pugmark verify "$1"
	is "$1: its rows and the ring's losses are what the kernel counted" \
		$(($(figure "$1" '"kind":"fault","events"' events) + $(figure "$1" page_fault_user ring_lost))) \
		"$(figure "$1" page_fault_user seen)"
}

recorded size.db 'by size' pugmark record -q -o size.db --probe fault --ring 32M --rotate-size 1M -- ./faulter 1500000
ok 'several files came of it' test "$(ls size.*.db | wc -l)" -ge 2
whole size.db
recorded time.db 'by time' pugmark record -q -o time.db --probe fault --ring 32M --rotate-every 250ms -- ./faulter 1500000
ok 'several files came of it' test "$(ls time.*.db | wc -l)" -ge 2
whole time.db

pugmark record -q -o hup.db --probe fault --ring 32M --rotate-every 1h >/dev/null 2>&1 &
recorder=$!
until [ -e hup.0001.db ] && ask hup.db 'count(*) > 0 FROM fault' | grep -q 1; do
	./faulter 1000 >/dev/null
	kill -0 $recorder || break
done
kill -HUP $recorder
until [ -e hup.0002.db ]; do
	./faulter 1000 >/dev/null
	kill -0 $recorder || break
done
./faulter 100000 >/dev/null
kill -INT $recorder
wait $recorder
is 'SIGHUP goes on in another file' "$(ls hup.*.db | wc -l)" 2
whole hup.db

pugmark record -o one.db --probe fault >/dev/null 2>said &
recorder=$!
until ask one.db 'count(*) > 0 FROM fault' | grep -q 1; do
	./faulter 1000 >/dev/null
	kill -0 $recorder || break
done
kill -HUP $recorder
until grep -q SIGHUP said; do kill -0 $recorder || break; done
kill -INT $recorder
wait $recorder
like 'a single file stays one, and says so' "$(cat said)" 'SIGHUP: not rotated'
is 'nothing is left beside the files' "$(ls | grep -E -c 'wal|shm|ballast|journal')" 0
done_testing
