#!/bin/sh
# SPDX-License-Identifier: MIT
# Tracepoints by a tracefs instance of our own: as exact as perf rings, and gone afterwards.
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
tracing=/sys/kernel/tracing
[ -w $tracing/instances ] || skip_all 'no tracefs instance can be made here'
mkdir $tracing/instances/pugmark-try 2>/dev/null || skip_all 'no tracefs instance can be made here'
rmdir $tracing/instances/pugmark-try
gcc -O2 -o faulter "$ROOT/t/programs/faulter.c" || exit 1

top_level() {
	for file in tracing_on current_tracer set_event buffer_size_kb trace_clock set_event_pid; do
		echo "$file: $(head -c 300 $tracing/$file)"
	done
}
top_level >before

# a ring that holds them all, so that none can be lost however slow the machine
exits 0 'page faults of a command' pugmark record -o t.db --via tracefs --ring 32M --probe fault -- ./faulter 200000
ok 'the trace verifies' pugmark verify t.db
ring="FROM account WHERE source = 'tracefs ring'"
is 'as many as the kernel counted' "$(ask t.db "seen - stored $ring")" 0
is 'all of them are rows' "$(ask t.db "stored - (SELECT count(*) FROM fault) $ring")" 0
is 'each touch of the program is one' "$(ask t.db 'count(*) FROM fault WHERE va BETWEEN 0x200000000000 AND 0x200000ffffff')" 200000
is 'nothing was lost' "$(ask t.db 'count(*) FROM loss')" 0

exits 3 'a buffer of one page loses events' pugmark record -o r.db --via tracefs --ring 4K --probe fault -- ./faulter 300000
is 'counter = stored + lost' "$(ask r.db "seen - stored - ring_lost - unaccounted $ring")" 0
is 'nothing is unaccounted' "$(ask r.db "unaccounted $ring")" 0
is 'stored is what is there' "$(ask r.db "stored - (SELECT count(*) FROM fault) $ring")" 0
is 'the loss rows say the same' "$(ask r.db "ring_lost - (SELECT sum(n_lost) FROM loss WHERE cause = 'ring') $ring")" 0
is 'no instance is left' "$(orphans)" ''

pugmark record -q -o k.db --via tracefs --probe fault -- ./faulter 0 300 >killed 2>said &
killed=$!
wait $killed 2>/dev/null
until [ -s killed ]; do :; done
left=$(orphans | grep "/pugmark-$killed-")
recorded n.db 'the next recording' pugmark record -o n.db --probe fault -- ./faulter 10
if [ -n "$left" ]; then
	like 'removes the instance that kill -9 left, and says so' "$(err)" 'removed [0-9]+ tracefs instance'
else
	skip 'removes the instance that kill -9 left, and says so' 'another recorder was faster'
fi
is 'none is left' "$(orphans)" ''
ok 'the file of the killed one verifies' pugmark verify k.db
exits 64 'another way is refused' pugmark record -o x.db --via bpf --probe fault
top_level >after
same 'top-level tracing is as it was' before after
done_testing
