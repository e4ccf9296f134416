#!/bin/sh
# SPDX-License-Identifier: MIT
# kill -9 in the middle of an import: what was acknowledged is there, the same
# command goes on, and the end is what it would have been without the kill.
. t/lib.sh
need_command import info verify

kills=${KILLS:-50} # in lives of ten: then the import may end, and a new one begins
input=big.lackey
random_lackey "${EVENTS:-2000000}" >$input

digest() {
	pugmark info --json "$1" 2>/dev/null | json_text digest | head -n 1
}
events() {
	pugmark info --json "$1" 2>/dev/null | json_numbers events | awk '{ n += $1 } END { print n + 0 }'
}
# rows that the import said were safe, from "committed N .. events, input offset M"
acknowledged() {
	sed -n 's/.*committed \([0-9]*\).*events, input offset.*/\1/p' "$1" | tail -n 1
}

begin_ms=$(date +%s%3N)
ok 'an import that nobody disturbs succeeds' pugmark import --verbose $input -o whole.db
took_ms=$(($(date +%s%3N) - begin_ms))
like 'it tells what it committed' "$(err)" 'committed [0-9]+ .*events, input offset [0-9]+'
whole=$(digest whole.db)
like 'and has a digest' "$whole" '^[0-9a-f]{32}$'
size=$(events whole.db)
[ $tap_failed -eq 0 ] || done_testing

killed=0 tries=0 ended=0 hits=0 lost=0 stuck=0 damaged=0 different=0 safe=0

# The file of a life is complete: is it the file?
finish() {
	ended=$((ended + 1))
	pugmark verify T.db >said 2>&1 || { damaged=$((damaged + 1)); diag "$(cat said)"; }
	[ "$(digest T.db)" = "$whole" ] || { different=$((different + 1)); diag "$(events T.db) events"; }
	rm -f T.db T.db-*
	safe=0
}

# An import ended by itself. A kill between sealing and exit leaves a complete
# file, which the next import refuses to touch: that is an end as well.
ended_with() {
	if [ "$1" -ne 0 ] && ! { [ "$1" -eq 73 ] && grep -q 'is complete' said; }; then
		stuck=$((stuck + 1))
		diag "$2: exit $1: $(tail -n 1 said)"
	fi
	finish
}

# a delay up to a bit more than an import takes, every other one near its end, where the file is
# sealed; the same in every run of the test
delay_of() {
	awk -v i="$1" -v ms=$took_ms 'BEGIN {
		x = i * 7919 % 1009 / 1009
		printf "%.4f", (i % 2 ? 1.05 * x : 0.75 + 0.3 * x) * ms / 1000
	}'
}

while [ $killed -lt "$kills" ] && [ $tries -lt $((4 * kills)) ]; do
	tries=$((tries + 1))
	pugmark import --verbose $input -o T.db >said 2>&1 &
	pid=$!
	sleep "$(delay_of $tries)"
	kill -9 $pid 2>/dev/null
	status=0
	wait $pid 2>/dev/null || status=$?
	promised=$(acknowledged said)
	[ "${promised:-0}" -lt $safe ] || safe=${promised:-0}

	if [ $status -ne 137 ]; then
		ended_with $status "try $tries"
		continue
	fi
	killed=$((killed + 1))
	if [ $safe -gt 0 ]; then
		hits=$((hits + 1))
		there=$(events T.db)
		[ "$there" -ge $safe ] || { lost=$((lost + 1)); diag "try $tries: $safe acknowledged, $there there"; }
	fi
	if [ $((killed % 10)) -eq 0 ]; then
		status=0
		pugmark import $input -o T.db >said 2>&1 || status=$?
		ended_with $status "life of $killed kills"
	fi
done

is "$kills imports were killed" "$killed" "$kills"
diag "$tries tries of up to $took_ms ms, $size events, $ended files came to their end"
ok 'most of them after something had been acknowledged' test $hits -ge $((kills / 2))
is 'no acknowledged event was lost' $lost 0
is 'the same command always went on' $stuck 0
ok 'imports came to their end between kills' test $ended -ge $((kills / 10))
is 'each passes verify' $damaged 0
is 'each equals the undisturbed import' $different 0

# Sealing leaves the write-ahead log for a rollback journal. A kill in that moment is rare above, so
# here it is made: a journal that must be rolled back, which a read-only connection cannot do.
if command -v sqlite3 >/dev/null; then
	cp whole.db hot.db
	sqlite3 hot.db >/dev/null 2>&1 <<-'EOS'
		PRAGMA journal_mode = DELETE;
		PRAGMA cache_size = 1;
		BEGIN;
		UPDATE chunk SET bytes = bytes + 1;
		.shell kill -9 $PPID
	EOS
	ok 'a kill inside a transaction leaves a journal' test -s hot.db-journal
	ok 'which verify can do with' pugmark verify hot.db
	is 'and nothing of the half-made change is seen' "$(digest hot.db)" "$whole"
else
	skip 'a journal left by a kill' 'sqlite3 is not installed'
fi

# the yardstick itself: a missing chunk must be seen
if command -v sqlite3 >/dev/null; then
	sqlite3 whole.db 'DELETE FROM chunk WHERE chunk_id = (SELECT max(chunk_id) - 1 FROM chunk)'
	exits 1 'verify notices a chunk that is gone' pugmark verify whole.db
fi
done_testing
