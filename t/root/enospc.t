#!/bin/sh
# SPDX-License-Identifier: MIT
# A disk that fills up during an import: the user is told, the file keeps what
# was committed, and the loss is a row in it.
. t/lib.sh
need_root
need unshare mount
need_command import info verify

# in a mount namespace of our own, so that nothing is left behind
if [ -z "${PUGMARK_TEST_NAMESPACE:-}" ]; then
	unshare -m true 2>/dev/null || skip_all 'mount namespaces are not permitted'
	cd "$ROOT" || exit 1
	PUGMARK_TEST_NAMESPACE=yes unshare -m --propagation private sh t/root/enospc.t
	status=$?
	tap_is_done=yes
	exit $status
fi

on_exit() {
	cd / && { umount "$TMP/full" "$TMP/tiny"; } 2>/dev/null
}
mkdir full tiny
mount -t tmpfs -o size=16m tmpfs full 2>/dev/null || skip_all 'mounting a tmpfs is not permitted'
mount -t tmpfs -o size=16k tmpfs tiny || exit 1

random_lackey 4000000 >big.lackey
exits 73 'an import onto a disk that fills up ends with "cannot create"' pugmark import big.lackey -o full/T.db
like 'the message names the file' "$(err)" 'full/T\.db'
like 'and the reason' "$(err)" 'full|[Nn]o space'
message=$(err)
ok 'the file is valid' pugmark verify full/T.db
ok 'and can be read' pugmark info --json full/T.db
out >info.json
like 'the loss is in it' "$(json_text cause info.json)" '^enospc$'
stored=$(json_numbers events info.json | awk '{ n += $1 } END { print n + 0 }')
ok 'with what was committed before' test "$stored" -gt 0
like 'as many events as the message says' "$message" "(^|[^0-9])$stored([^0-9]|\$)"
diag "$stored events kept, $(ls -l full | awk 'NR > 1 { print $9 ": " $5 }' | tr '\n' ' ')"

exits 73 'an import onto a disk that is full already ends likewise' pugmark import big.lackey -o tiny/T.db
is 'and leaves no file' "$(ls -A tiny)" ''
cd "$TMP" || exit 1
done_testing
