#!/bin/sh
# SPDX-License-Identifier: MIT
# A recorder keeps no more rights than its sources take, and needs no more to start.
. t/lib.sh
. "$ROOT/t/root/recording.sh"
need_root
alone recording
need gcc
need_command record verify sql doctor
case $(pugmark doctor --json | tr '{' '\n' | grep '"source":"fault"') in
*usable*) ;;
*) skip_all 'tracepoints of page faults cannot be recorded here' ;;
esac
gcc -O2 -o faulter "$ROOT/t/programs/faulter.c" || exit 1

status_of() {
	sed -n "s/^$2:[[:space:]]*//p" /proc/$1/status
}

pugmark record -q -o r.db --probe fault --rotate-every 1h >/dev/null 2>said &
recorder=$!
until [ -e r.0001.db ] && ask r.db 'count(*) > 0 FROM fault' | grep -q 1; do
	./faulter 1000 >/dev/null
	kill -0 $recorder || break
done
# bits 2, 38, 39: CAP_DAC_READ_SEARCH, CAP_PERFMON, CAP_BPF
is 'effective rights are three' "$(status_of $recorder CapEff)" 000000c000000004
is 'and no more can be taken up' "$(status_of $recorder CapPrm)" 000000c000000004
is 'nor by what it would start' "$(status_of $recorder NoNewPrivs)" 1
kill -HUP $recorder
until [ -e r.0002.db ]; do
	./faulter 1000 >/dev/null
	kill -0 $recorder || break
done
kill -TERM $recorder
wait $recorder
ok 'that is enough to rotate and to end' pugmark verify r.db
is 'nothing is left beside the files' "$(ls | grep -E -c 'wal|shm|ballast|journal')" 0

recorded c.db 'a recorded command' pugmark record -q -o c.db --probe fault -- sh -c 'sed -n "s/^CapEff:[[:space:]]*//p" /proc/self/status >command'
is 'keeps what we have' "$(cat command)" "$(status_of $$ CapEff)"

mkdir other
chown 65534:65534 other
chmod 755 other
pugmark record -o other/T.db --probe fault --rotate-every 100ms >/dev/null 2>said &
recorder=$!
until [ -e other/T.0002.db ]; do kill -0 $recorder || break; done
kill -TERM $recorder
wait $recorder
like 'root in the folder of somebody else keeps the right to write there, and says so' "$(cat said)" 'CAP_DAC_OVERRIDE is kept'
ok 'several files come of it' test -e other/T.0002.db
ok 'and verify' pugmark verify other/T.db

# what scripts/pugmark-record.service gives: another user with three capabilities
if command -v setpriv >/dev/null; then
	chmod 755 "$TMP"
	caps=+perfmon,+bpf,+dac_read_search
	recorded other/U.db 'another user with these three records' setpriv --reuid 65534 --regid 65534 --clear-groups \
		--inh-caps=$caps --ambient-caps=$caps --bounding-set=-all,$caps --no-new-privs \
		pugmark record -o other/U.db --probe fault --for 100ms
	ok 'and its trace verifies' pugmark verify other/U.db
else
	skip 'another user with these three records' 'setpriv is not installed'
fi
done_testing
