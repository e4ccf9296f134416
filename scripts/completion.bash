# SPDX-License-Identifier: MIT
# Completion of pugmark for bash: `. <(pugmark completion bash)` in ~/.bashrc, or this file as
# share/bash-completion/completions/pugmark. What may stand where, the program itself says
# (reports/complete.h), so that this script knows no command and no option.

_pugmark()
{
	local word=${COMP_WORDS[COMP_CWORD]} head= line ending= files= IFS=$'\n'
	[[ $word == '=' ]] && word=
	# bash cuts --design=x at the =, unless it was told not to
	[[ $word == --*=* ]] && head=${word%%=*}= word=${word#*=}
	COMPREPLY=()
	while read -r line; do
		case $line in
		:more) compopt -o nospace 2>/dev/null ;;
		:files*) files=yes ending=${line#:files} ending=${ending# } ;;
		*) COMPREPLY+=("$head$line") ;;
		esac
	done < <("${COMP_WORDS[0]/#~/$HOME}" --complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
	[[ -n $files ]] || return 0
	compopt -o filenames 2>/dev/null
	for line in $(compgen -f -- "$word"); do
		[[ -z $ending || -d $line || $line == *.$ending ]] && COMPREPLY+=("$head$line")
	done
}
complete -F _pugmark pugmark
