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

# a delay between nothing and a bit more than an import takes, the same in every run of the test
delay_of() {
	awk -v i="$1" -v ms=$took_ms 'BEGIN { x = i * 7919 % 1009 / 1009; printf "%.3f", x * 1.05 * ms / 1000 }'
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
		[ $status -eq 0 ] || { stuck=$((stuck + 1)); diag "try $tries: exit $status: $(tail -n 1 said)"; }
		[ $status -ne 0 ] || finish
		[ $status -eq 0 ] || { rm -f T.db T.db-*; safe=0; }
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
		[ $status -eq 0 ] || { stuck=$((stuck + 1)); diag "life $killed: exit $status: $(tail -n 1 said)"; }
		finish
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

# the yardstick itself: a missing chunk must be seen
if command -v sqlite3 >/dev/null; then
	sqlite3 whole.db 'DELETE FROM chunk WHERE chunk_id = (SELECT max(chunk_id) - 1 FROM chunk)'
	exits 1 'verify notices a chunk that is gone' pugmark verify whole.db
fi
done_testing
