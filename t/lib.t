#!/bin/sh
# SPDX-License-Identifier: MIT
# The shell test library itself: every way to fail must fail.
. t/lib.sh

# run_test BODY: a test of these lines, its TAP in out(), its status kept
run_test() {
	printf '. t/lib.sh\n%s\n' "$1" >"$TMP/inner.t"
	(cd "$ROOT" && sh "$TMP/inner.t")
}

# verdict STATUS SENTENCE BODY REGEX
verdict() {
	exits "$1" "$2" run_test "$3"
	like "$2: and says so" "$(out)" "$4"
}

verdict 0 'a command that succeeds is ok' 'ok works true; done_testing' '^ok 1 - works$'
verdict 1 'a command that fails is not ok' 'ok works false; done_testing' '^not ok 1 - works$'
verdict 0 'an expected exit status is ok' 'exits 7 seven sh -c "exit 7"; done_testing' '^ok 1'
verdict 1 'another exit status is not ok' 'exits 7 seven true; done_testing' '^# exit 0 instead of 7: true'
verdict 1 'success is not ok where failure is expected' 'exits 1 one true; done_testing' '^not ok 1'
verdict 1 'unequal texts are not ok' 'is text "a b" "a  b"; done_testing' '^# want: a  b'
verdict 1 'a text without the pattern is not ok' 'like text abc "^b"; done_testing' '^not ok 1'
verdict 1 'a text with an unwanted pattern is not ok' 'unlike text abc b; done_testing' '^not ok 1'
verdict 1 'files that differ are not ok' 'echo 1 >a; echo 2 >b; same files a b; done_testing' 'differ'
verdict 1 'one failure among many fails the file' 'pass a; fail b; pass c; done_testing' '^1\.\.3'
verdict 0 'a missing program skips the file' 'need no-such-program; fail a' '^1\.\.0 # SKIP no-such-program is not'
verdict 0 'missing data skips the file' 'need_data no/such/file; fail a' '^1\.\.0 # SKIP no no/such/file'
verdict 0 'a missing command skips the file' 'need_command nosuch; fail a' "^1\\.\\.0 # SKIP .*'pugmark nosuch'"
verdict 0 'a skipped test keeps its number' 'pass a; skip b because; done_testing' '^ok 2 - b # SKIP because'

exits 1 'a test that stops before its end fails' run_test 'pass a; exit 0'
unlike 'and prints no plan' "$(out)" '^1\.\.'
exits 2 'a test killed by its shell fails' run_test 'set -u; echo "$undefined_by_all"; done_testing'

ok 'standard output and error are kept apart' run_test '
	ok both sh -c "echo to-out; echo to-err >&2"
	is out "$(out)" to-out
	is err "$(err)" to-err
	done_testing'
ok 'a test has an empty folder of its own' run_test '
	is empty "$(ls -A | wc -l | tr -d " ")" 0
	unlike elsewhere "$PWD" "^$ROOT"
	done_testing'
ok 'neither locale nor time zone of the caller is seen' env LC_ALL=C.UTF-8 TZ=Asia/Tokyo sh -c '
	cd "$ROOT" && . t/lib.sh; is hour "$(date -d @0 +%H)" 00; is locale "$LC_ALL" C; done_testing'

ROOT_TMP=$TMP/seen
export ROOT_TMP
exits 143 'a terminated test ends with the status of the signal' run_test '
	echo "$TMP" "$tap_capture" >"$ROOT_TMP"
	on_exit() { echo on_exit ran >>"$ROOT_TMP"; }
	kill -TERM $$'
is 'its own clean-up ran' "$(tail -n 1 seen)" 'on_exit ran'
is 'its folders are gone' "$(ls -d $(head -n 1 seen) 2>/dev/null)" ''

is 'a number is found in JSON' "$(echo '{"a":1,"rows":[{"n":12},{"n": 34}]}' | json_numbers n | tr '\n' ' ')" '12 34 '
is 'a text is found in JSON' "$(echo '{"digest":"ab12","x":"y"}' | json_text digest)" ab12
done_testing
