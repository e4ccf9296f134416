#!/bin/sh
# SPDX-License-Identifier: MIT
# What bash offers for the word that is typed: commands, options, values and files, as the program has them.
. t/lib.sh
need bash

pugmark completion bash >script
ok 'the script is bash' bash -n script
same 'and the one that is installed' script "$ROOT/scripts/completion.bash"
cat >offer <<'END'
. ./script
COMP_WORDS=(pugmark "$@") COMP_CWORD=$#
_pugmark
printf '%s\n' "${COMPREPLY[@]}"
END
# offers WORD..: candidates for the last one, sorted, in a line
offers() {
	bash offer "$@" | sort | tr '\n' ' ' | sed 's/ $//'
}
commands=$(pugmark help | sed -n 's/^  \([a-z]*\) .*/\1/p' | sort | tr '\n' ' ' | sed 's/ $//')
is 'first comes a command' "$(offers '')" "$commands"
is 'of which a beginning is enough' "$(offers verif)" verify
is 'help is followed by one' "$(offers help verif)" verify
is 'a command of parts by one of them' "$(offers numa me)" measure

# the options of a command as its help has them
options() {
	pugmark "$@" --help | grep -oE '^ +(-.,)? *--[a-z-]+' | grep -oE -e '--[a-z-]+' |
		grep -v -e --usage -e --version | sort | tr '\n' ' ' | sed 's/ $//'
}
for command in $commands; do
	[ "$command" != numa ] || continue
	is "$command is followed by its options" "$(offers "$command" --)" "$(options "$command")"
done
is 'a part by its own' "$(offers numa replay --)" "$(options numa replay)"
is 'a beginning leaves those that it may be' "$(offers pin --back)" '--backend --backtest'

is 'an option of few values is followed by one' "$(offers age t.db --access s)" 'start sweep'
is 'or by =, which bash takes for a word' "$(offers age --access = s)" 'start sweep'
is 'at once' "$(offers age --access =)" 'end near start sweep'
is 'or it does not' "$(offers age --access=s)" '--access=start --access=sweep'
is 'a letter as well as its name' "$(offers export -f j)" jsonl
is 'of a list the last part is open' "$(offers cache --policy lru,fif)" lru,fifo
is 'policies are those that the command has' "$(offers pin --policy at-)" at-risk
is 'paths of NVMe' "$(offers nvme --path mdev-)" 'mdev-1way mdev-2way mdev-adaptive mdev-irq'
is 'the fault hardware' "$(offers pin --backend v)" 'viommu vpri'
is 'designs that have something to walk' "$(offers walk --design tpt)" 'tpt tpt-naive tpt-opt'
is 'profiles of gen' "$(offers gen prod)" 'production production-stat'
is 'formats' "$(offers import -f fio)" 'fio-iolog fio-json fio-log'
is 'reports on a trace' "$(offers report t.db ra)" rate

mkdir dir && touch t.db 'my trace.db' notes.txt mine.ini p.so
is 'traces are files and folders' "$(bash offer info '' | sort | tr '\n' ,)" 'dir,my trace.db,t.db,'
is 'results likewise' "$(offers age t.db --results t)" t.db
is 'a design may be a file' "$(offers score --design mi)" mine.ini
is 'an input may be any' "$(offers import n)" notes.txt
is 'what record starts is not ours' "$(offers record -o t.db -- no)" notes.txt
is 'a number is not guessed' "$(offers age t.db --recording '')" ''
is 'nor is anything of a command that is not there' "$(offers nosuch '')" ''
exits 64 'no other shell is known' pugmark completion csh
done_testing
