#!/bin/sh
# SPDX-License-Identifier: MIT
# What all commands share: help, version, a manual page that knows each option, a checked standard output.
. t/lib.sh

commands=$(pugmark help | sed -n 's/^  \([a-z]*\) .*/\1/p')
ok 'the commands are listed' test -n "$commands"
exits 64 'no command is wrong usage' pugmark
is 'the list is then on standard error' "$(err)" "$(pugmark --help)"
for word in --version -V version; do
	ok "$word is known" pugmark $word
	like 'and tells the version' "$(out)" '^pugmark [0-9]+\.[0-9]+\.[0-9]+$'
done
for word in --help -h help; do
	is "$word is the list" "$(pugmark $word)" "$(pugmark help)"
done
exits 73 'a list that cannot be written is an error' sh -c 'pugmark --help >/dev/full'

# a command of parts has their options
help_of() {
	pugmark "$1" --help
	for part in $(pugmark "$1" --help | sed -n "/^Usage: pugmark $1 PART /,\$s/^  \([a-z]*\) .*/\1/p"); do
		pugmark "$1" "$part" --help
	done
}
for part in $(pugmark numa --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
	is "help numa $part is numa $part --help" "$(pugmark help numa $part)" "$(pugmark numa $part --help)"
	exits 64 "numa $part refuses an option it does not have" pugmark numa $part --no-such-option
	like 'and names itself' "$(err)" "^pugmark numa $part: "
done
exits 64 'a part that is not there is refused' pugmark numa clasify
like 'and the nearest one told' "$(err)" "did you mean 'numa classify'"
exits 64 'a command of parts alone is wrong usage' pugmark numa
is 'its parts are then on standard error' "$(err)" "$(pugmark numa --help)"

for command in $commands; do
	ok "help $command is known" pugmark help "$command"
	like 'and says how it is used' "$(out | head -n 1)" "^Usage: pugmark $command "
	is 'as --help does' "$(pugmark "$command" --help)" "$(out)"
	exits 64 "$command refuses an option it does not have" pugmark "$command" --no-such-option
	exits 73 "$command notices that its help cannot be written" sh -c "pugmark $command --help >/dev/full"
	page=$ROOT/man/pugmark-$command.scd
	for option in $(help_of "$command" | grep -oE '^ +(-[a-z], )?--[a-z-]+' | grep -oE -e '--[a-z-]+'); do
		case $option in --json | --quiet | --verbose | --help | --usage | --version) continue ;; esac
		like "the manual of $command tells $option" "$(cat "$page")" "^(\*-[a-z]\*, )?\*$option\*"
	done
	for option in $(grep -oE '^(\*-[a-z]\*, )?\*--[a-z-]+\*' "$page" | grep -oE -e '--[a-z-]+'); do
		like "$command has the $option of its manual" "$(help_of "$command")" " $option"
	done
	like "the overview names $command" "$(cat "$ROOT/man/pugmark.scd")" "pugmark-$command\*\(1\)"
done
done_testing
