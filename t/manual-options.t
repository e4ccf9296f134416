#!/bin/sh
# SPDX-License-Identifier: MIT
# The options in each manual page are those that --help tells: names, letters, and whether a value follows.
. t/lib.sh
ls "$ROOT"/man/*.scd >/dev/null 2>&1 || skip_all 'no manual pages yet'

# The words `o:output=` of --help (letter, name, = when it takes a value), without what all commands have.
of_help() {
	pugmark "$@" --help | sed -nE 's/^ {0,2}(-([A-Za-z?]), | {4,})--([a-z-]+)(\[?=?).*/\2:\3\4/p' |
		grep -vE ':(json|quiet|verbose|help|usage|version)$'
}
# The same of a page: an item begins with *-o*, *--output*=_FILE_, and what it says is indented.
of_page() {
	awk '/^\t/ && item != "" { print item } { item = /^[*]-/ ? $0 : "" }' "$1" |
		sed -nE 's/^\*--/*:*, *--/; s/^\*-?([A-Za-z:])\*, \*--([a-z-]+)\*(=?).*/\1:\2\3/p' |
		sed 's/^::/:/' | grep -vE ':(json|quiet|verbose|help|usage|version)$'
}
for command in $(pugmark help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
	page=$ROOT/man/pugmark-$command.scd
	parts=
	[ "$command" != numa ] || parts=$(pugmark numa --help | sed -n 's/^  \([a-z]*\) .*/\1/p')
	for part in ${parts:-''}; do
		of_help "$command" $part
	done | sort -u >told
	of_page "$page" | sort -u >written
	cat told >>all
	is "pugmark-$command(1) has every option of --help" "$(comm -23 told written)" ''
	is "pugmark-$command(1) has no other" "$(comm -13 told written)" ''
done
ok 'a hundred options were compared at least' [ "$(wc -l <all)" -ge 100 ]
done_testing
