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

for command in $commands; do
	ok "help $command is known" pugmark help "$command"
	like 'and says how it is used' "$(out | head -n 1)" "^Usage: pugmark $command "
	is 'as --help does' "$(pugmark "$command" --help)" "$(out)"
	exits 64 "$command refuses an option it does not have" pugmark "$command" --no-such-option
	exits 73 "$command notices that its help cannot be written" sh -c "pugmark $command --help >/dev/full"
	page=$ROOT/man/pugmark-$command.scd
	for option in $(pugmark "$command" --help | grep -oE '^ +(-[a-z], )?--[a-z-]+' | grep -oE -e '--[a-z-]+'); do
		case $option in --json | --quiet | --verbose | --help | --usage | --version) continue ;; esac
		like "the manual of $command tells $option" "$(cat "$page")" "^(\*-[a-z]\*, )?\*$option\*"
	done
	for option in $(grep -oE '^(\*-[a-z]\*, )?\*--[a-z-]+\*' "$page" | grep -oE -e '--[a-z-]+'); do
		like "$command has the $option of its manual" "$(pugmark "$command" --help)" " $option"
	done
	like "the overview names $command" "$(cat "$ROOT/man/pugmark.scd")" "pugmark-$command\*\(1\)"
done
done_testing
