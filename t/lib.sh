# SPDX-License-Identifier: MIT
# TAP for shell tests (POSIX sh). A test is run from the project's root:
#
#	#!/bin/sh
#	# SPDX-License-Identifier: MIT
#	. t/lib.sh
#	need gnuplot
#	exits 66 'a missing trace is told as missing input' pugmark info nope.db
#	like 'the message names the file' "$(err)" 'nope\.db'
#	done_testing
#
# Sourcing changes into an empty folder ($TMP) that is removed at exit; $ROOT is
# the project, $DATA the data folder (absolute), $B the build folder, and the
# built pugmark comes first in PATH. Nothing of the caller's locale, time zone
# or make reaches the test. The plan is printed by done_testing, so that a test
# that dies on the way fails.

LC_ALL=C TZ=UTC
export LC_ALL TZ
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES LANGUAGE CDPATH

ROOT=$PWD
[ -f "$ROOT/t/lib.sh" ] || { echo 'Bail out! run tests from the root of the project'; exit 1; }
BUILD=${BUILD:-release}
B=${B:-$ROOT/build/$BUILD}
PUGMARK=${PUGMARK:-$B/pugmark}
DATA=${DATA:-../shared/data}
case $DATA in /*) ;; *) DATA=$ROOT/$DATA ;; esac
PATH=${PUGMARK%/*}:$PATH
export ROOT BUILD B PUGMARK DATA PATH

tap_count=0 tap_failed=0 tap_is_done=
TMP=$(mktemp -d "${TMPDIR:-/tmp}/pugmark-test.XXXXXX") || exit 1
tap_capture=$(mktemp -d "${TMPDIR:-/tmp}/pugmark-test.XXXXXX") || exit 1
export TMP

# runs at any exit; a test adds its own work by defining on_exit
tap_end() {
	tap_status=$?
	trap '' INT TERM HUP
	if command -v on_exit >/dev/null; then on_exit; fi
	cd / && rm -rf "$TMP" "$tap_capture"
	[ -n "$tap_is_done" ] || [ $tap_status -ne 0 ] || tap_status=1
	exit $tap_status
}
trap tap_end EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$TMP" || exit 1

# diag TEXT: lines a person reads beside a failure
diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

pass() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1"
}

# fail SENTENCE [WHY]
fail() {
	tap_count=$((tap_count + 1)) tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $1"
	shift
	[ $# -eq 0 ] || diag "$*"
}

# skip SENTENCE REASON: one test that cannot be run here
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# skip_all REASON: before any test only
skip_all() {
	echo "1..0 # SKIP $*"
	tap_is_done=yes
	exit 0
}

# need PROGRAM..: skips the whole file unless each is installed
need() {
	for tap_p; do
		command -v "$tap_p" >/dev/null 2>&1 || skip_all "$tap_p is not installed"
	done
}

# need_data FILE..: names below $DATA
need_data() {
	for tap_p; do
		[ -e "$DATA/$tap_p" ] || skip_all "no $tap_p in the data folder"
	done
}

# need_command NAME..: commands that this build of pugmark has
need_command() {
	for tap_p; do
		pugmark help 2>/dev/null | grep -q "^  $tap_p " ||
			skip_all "this build has no 'pugmark $tap_p'"
	done
}

need_root() {
	[ "$(id -u)" -eq 0 ] || skip_all 'needs root'
}

# alone NAME: waits until no other test runs that called this with the same name
alone() {
	command -v flock >/dev/null 2>&1 || return 0
	exec 9>"${TMPDIR:-/tmp}/pugmark-$1.lock" && flock 9
}

# what the last command of ok, fails or exits said
out() {
	cat "$tap_capture/out"
}
err() {
	cat "$tap_capture/err"
}

tap_run() {
	"$@" >"$tap_capture/out" 2>"$tap_capture/err" </dev/null
}

tap_tell() {
	diag "$1"
	sed 's/^/# out: /' "$tap_capture/out" | tail -n 20
	sed 's/^/# err: /' "$tap_capture/err" | tail -n 20
}

# exits STATUS SENTENCE COMMAND..
exits() {
	tap_want=$1 tap_name=$2
	shift 2
	tap_got=0
	tap_run "$@" || tap_got=$?
	if [ "$tap_got" -eq "$tap_want" ]; then
		pass "$tap_name"
	else
		fail "$tap_name"
		tap_tell "exit $tap_got instead of $tap_want: $*"
	fi
}

# ok SENTENCE COMMAND..
ok() {
	tap_name=$1
	shift
	exits 0 "$tap_name" "$@"
}

# is SENTENCE GOT WANT
is() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "$(printf 'got:  %s\nwant: %s' "$2" "$3")"
	fi
}

# like SENTENCE TEXT REGEX (extended; any line of the text may match)
like() {
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		pass "$1"
	else
		fail "$1" "$(printf 'no match of: %s\nin: %s' "$3" "$2")"
	fi
}

unlike() {
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		fail "$1" "$(printf 'unwanted: %s\nin: %s' "$3" "$2")"
	else
		pass "$1"
	fi
}

# same SENTENCE FILE FILE: byte for byte
same() {
	if cmp -s "$2" "$3"; then
		pass "$1"
	else
		fail "$1" "$(cmp "$2" "$3" 2>&1; diff "$2" "$3" 2>&1 | head -n 10)"
	fi
}

# json_numbers KEY [FILE]: the values of a numeric key, one a line, in order of appearance
json_numbers() {
	grep -oE "\"$1\": ?-?[0-9]+" ${2:+"$2"} | sed 's/.*: *//'
}

# json_text KEY [FILE]: likewise of a text without escapes
json_text() {
	grep -oE "\"$1\": ?\"[^\"]*\"" ${2:+"$2"} | sed 's/^[^:]*: *"//; s/"$//'
}

# random_lackey N: an address trace of N loads, 17 bytes a line, that does not compress well
random_lackey() {
	awk -v n="$1" 'BEGIN {
		for (x = 1; n > 0; n--) {
			x = (x * 16807) % 2147483647
			printf " L %x%03x,8\n", 268435456 + x % 16777216, x % 512 * 8
		}
	}'
}

# skewed_lis N: an ARC trace of N requests of one to three blocks, a few blocks asked for often
skewed_lis() {
	awk -v n="$1" 'BEGIN {
		for (x = 1; i < n; i++) {
			x = (x * 16807) % 2147483647
			y = (x % 20011) / 20011
			printf "%d %d 0 %d\n", 50000 * y * y * y, 1 + x % 3, i
		}
	}'
}

done_testing() {
	tap_is_done=yes
	echo "1..$tap_count"
	[ $tap_failed -eq 0 ]
	exit $?
}
