#!/bin/sh
# SPDX-License-Identifier: MIT
# A disk that fills up during a recording: it counts on, and stores again when there is room.
. t/lib.sh
. "$ROOT/t/root/recording.sh"
need_root
[ -n "${PUGMARK_TEST_NAMESPACE:-}" ] || alone recording
need unshare mount gcc
need_command record info verify sql doctor
case $(pugmark doctor --json | tr '{' '\n' | grep '"source":"fault"') in
*usable*) ;;
*) skip_all 'tracepoints of page faults cannot be recorded here' ;;
esac

# in a mount namespace of our own, so that nothing is left behind
if [ -z "${PUGMARK_TEST_NAMESPACE:-}" ]; then
	unshare -m true 2>/dev/null || skip_all 'mount namespaces are not permitted'
	cd "$ROOT" || exit 1
	PUGMARK_TEST_NAMESPACE=yes unshare -m --propagation private sh t/root/record-full.t
	status=$?
	tap_is_done=yes
	exit $status
fi

on_exit() {
	[ -z "${recorder:-}" ] || kill $recorder 2>/dev/null
	cd / && umount "$TMP/full" 2>/dev/null
}
mkdir full
mount -t tmpfs -o size=64m tmpfs full 2>/dev/null || skip_all 'mounting a tmpfs is not permitted'
gcc -O2 -o faulter "$ROOT/t/programs/faulter.c" || exit 1

rows() {
	ask full/T.db 'count(*) FROM fault'
}
# faults until a condition holds; bounded, so that a broken recorder ends the test
until_true() {
	for turn in $(seq 300); do
		! "$@" || return 0
		kill -0 $recorder 2>/dev/null || return 1
		./faulter 20000 >/dev/null
	done
	return 1
}
has_rows() { [ "$(rows || echo 0)" -gt "${1:-0}" ]; }
# on a full disk the recorder gives up what it had put aside for that
has_noticed() { [ ! -e full/T.db-ballast ]; }

pugmark record -o full/T.db --probe fault >report 2>said &
recorder=$!
ok 'rows are stored' until_true has_rows
ok 'with room put aside' test -e full/T.db-ballast
# what another program leaves: nothing
dd if=/dev/zero of=full/other bs=1M >/dev/null 2>&1
dd if=/dev/zero of=full/other bs=4k oflag=append conv=notrunc >/dev/null 2>&1
ok 'a full disk is noticed' until_true has_noticed
dd if=/dev/zero of=full/more bs=4k >/dev/null 2>&1 # the ballast too
stored=$(rows)
./faulter 300000 >/dev/null
is 'nothing more is stored' "$(rows)" "$stored"
ok 'the recorder lives on' kill -0 $recorder
rm full/other full/more
ok 'with room it stores again' until_true has_rows "$stored"
kill -INT $recorder
status=0
wait $recorder || status=$?
recorder=
is 'the end says that something was lost' $status 3
diag "$(cat said) $(cat report)"
ok 'the trace verifies' pugmark verify full/T.db
like 'the loss is a row' "$(pugmark sql -n full/T.db "SELECT cause, n_lost > 0 FROM loss WHERE cause = 'enospc'" | tr -s ' \t|' ' ')" '^ *enospc 1'
is 'every event was seen: stored or lost to the disk' "$(pugmark sql -n full/T.db "SELECT stored - (SELECT count(*) FROM fault) -
	(SELECT sum(n_lost) FROM loss WHERE cause = 'enospc') FROM account WHERE source LIKE 'exceptions:%'")" 0
cd "$TMP" || exit 1
done_testing
