#!/bin/sh
# SPDX-License-Identifier: MIT
# The systemd unit lets the recorder make every system call that it makes.
. t/lib.sh
. "$ROOT/t/root/recording.sh"
need_root
alone recording
need strace systemd-analyze
need_command record doctor

# calls_of SET: system calls of a set of systemd's, sets in it included
calls_of() {
	systemd-analyze syscall-filter "$1" | sed '1d; s/#.*//' | while read -r call; do
		case $call in
		@*) calls_of "$call" ;;
		?*) echo "$call" ;;
		esac
	done
}
unit=$ROOT/scripts/pugmark-record.service
for word in $(sed -n 's/^SystemCallFilter=//p' "$unit"); do
	case $word in
	@*) calls_of "$word" ;;
	*) echo "$word" ;;
	esac
done | sort -u >allowed
ok 'the filter allows some' test "$(wc -l <allowed)" -gt 100

strace -f -qq -o calls pugmark record -q -o r.db --for 1s --rotate-every 500ms --max-cpu 5% >/dev/null 2>&1 || :
[ -e r.0001.db ] || skip_all 'nothing can be recorded here'
is 'no call is missing' "$(sed 's/^[0-9]* *//' calls | grep -oE '^[a-z_0-9]+\(' | tr -d '(' | sort -u |
	grep -vxFf allowed | grep -v '^execve$')" ''
done_testing
