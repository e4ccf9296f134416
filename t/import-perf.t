#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark import of perf.data: forms, parts, what is cut off, exit statuses.
. t/lib.sh
need_command import
need zstd sqlite3

seeds=$ROOT/t/corpus/perfdata
digest() {
	pugmark import --force --json "$@" -o digest.db 2>err.txt | sed -n 's/.*"digest":"\([0-9a-f]*\)".*/\1/p'
}

ok 'the file form is known by its magic' pugmark import "$seeds/file" -o a.db
like 'device, block and fault rows come out of it' "$(out | head -n 1)" \
	'^a\.db: 8 dma, 4 io, 4 fault rows from perf-data; nothing was lost$'
want=$(digest "$seeds/file")
for form in pipe file-zstd pipe-zstd pipe-zstd2; do
	is "the same recording as $form gives the same rows" "$(digest "$seeds/$form")" "$want"
done
is 'a pipe may be read from standard input' "$(digest - <"$seeds/pipe")" "$want"
zstd -q "$seeds/file" -o file.zst
is 'a compressed file gives the same rows' "$(digest file.zst)" "$want"

exits 3 'lost records are exit status 3' pugmark import "$seeds/faults" -o lost.db
like 'they are told' "$(out | head -n 1)" '; 3 LOST, 0 damaged places$'
ok 'sampled accesses are rows' pugmark import "$seeds/mem" -o mem.db
like 'that they are a sample is told' "$(err)" 'mem was sampled: not every event has a row'
is 'and is in the trace' "$(pugmark sql mem.db "SELECT v FROM meta WHERE k = 'sampled_kinds'" | tail -n 1)" mem
like 'readers say so too' "$(pugmark sql mem.db "SELECT 1" 2>&1 >/dev/null)" \
	'NOT EVERY EVENT has a row, they are a sample: mem'

sqlite3 a.db "INSERT INTO meta VALUES ('sampled_kinds', 'fault dma')"
exits 65 'what needs every access refuses a sample' pugmark cache a.db --stream dma --policy lru --size 4
like 'the reason is told' "$(err)" 'its dma rows are a sample in time'
exits 65 'the same with a question about pinning' pugmark age a.db
like 'the reason is told' "$(err)" 'its dma rows are a sample in time'
ok 'rows of other kinds are no sample' pugmark cache a.db --stream io --policy lru --size 4

size=$(wc -c <"$seeds/pipe")
head -c $((size - 500)) "$seeds/pipe" >cut
exits 3 'what stands before a cut is kept' pugmark import cut -o cut.db
like 'the cut is told by its place' "$(err)" "^pugmark import: cut: byte [0-9]+: the records end inside of one: "
like 'and is a loss' "$(pugmark sql cut.db "SELECT cause FROM loss" 2>/dev/null)" damage
head -c 6000 "$seeds/file" >cut
exits 65 'tracepoints whose formats are cut off are not usable' pugmark import cut -o none.db
like 'the reason is told' "$(err)" 'the formats of its tracepoints stand behind the samples and are cut off'
head -c 60 "$seeds/file" >cut
exits 65 'a header alone is not usable' pugmark import cut -o none.db
[ ! -e none.db ] && pass 'no file is left' || fail 'no file is left'

exits 3 'the last part may be cut: it has the formats of the others' pugmark import "$seeds/file" cut -o parts.db
exits 64 'a part of something else is refused' pugmark import "$seeds/file" "$ROOT/t/corpus/tracedat/v6" -o none.db
done_testing
