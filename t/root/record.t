#!/bin/sh
# SPDX-License-Identifier: MIT
# Live recording with the kernel's own tracepoints: counts close, death is harmless.
. t/lib.sh
. "$ROOT/t/root/recording.sh"
need_root
alone recording
need_command record info verify
case $(pugmark doctor --json | tr '{' '\n' | grep '"source":"fault"') in
*usable*) ;;
*) skip_all 'tracepoints of page faults cannot be recorded here' ;;
esac

recorded a.db 'page faults of a command are recorded' pugmark record -q -o a.db --probe fault -- sh -c 'echo x | sort'
ok 'the trace verifies' pugmark verify a.db
info=$(pugmark info --json a.db)
like 'rows are there' "$info" '"kind":"fault","events":[1-9]'
is 'as many as the kernel counted, less what a ring lost' \
	"$(ask a.db "seen - ring_lost - (SELECT count(*) FROM fault) FROM account WHERE source = 'exceptions:page_fault_user'")" 0
like 'clocks were read together' "$(pugmark sql a.db 'SELECT count(*) >= 2 FROM clock WHERE boot_ns >= mono_ns')" 1

recorded s.db 'a share of the pages is recorded' pugmark record -q -o s.db --ring 32M --probe fault --sample 1/4 -- sh -c 'seq 200000 | sort -n | tail -1'
like 'and told with what was left out' "$(pugmark info --json s.db)" '"source":"fault rows","seen":[0-9]+,"stored":[0-9]+,"filtered":[1-9]'

exits 3 'a ring of one page' pugmark record -q -o r.db --probe fault --ring 4K -- sh -c 'seq 300000 | sort -n | tail -1'
ok 'still gives a sound trace' pugmark verify r.db

pugmark record -q -o k.db --probe fault 2>/dev/null &
recorder=$!
sh -c 'seq 100000 | sort -n | tail -1' >/dev/null
until pugmark sql k.db 'SELECT count(*) FROM fault' 2>/dev/null | grep -q '[1-9]'; do
	kill -0 $recorder || break
done
kill -9 $recorder
wait $recorder 2>/dev/null
ok 'what a killed recorder had committed is sound' pugmark verify k.db
like 'and there' "$(pugmark sql k.db 'SELECT count(*) > 0 FROM fault')" 1
is 'no tracefs instance of ours is left' "$(orphans)" ''
case $(pugmark doctor --json | tr '{' '\n' | grep '"source":"dma"') in
*blind*)
	exits 0 'a blind source can be recorded' pugmark record -o b.db --probe dma -- true
	like 'but says beforehand that it will tell nothing, and why' "$(err | head -n 1)" '^pugmark record: dma will tell nothing here: blind to'
	like 'as its source does' "$(ask b.db "coverage FROM source WHERE name = 'dma'")" '^blind: '
	;;
*) skip 'a blind source says that it will tell nothing' 'dma is not blind here' ;;
esac
exits 66 'a command that is not there is told before anything starts' pugmark record -o n.db --probe fault -- ./nope
ok 'and leaves no trace' test ! -e n.db
exits 64 'no time at all is no time to record' pugmark record -o n.db --for 0s
done_testing
