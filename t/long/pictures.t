#!/bin/sh
# SPDX-License-Identifier: MIT
# The pictures of README.md are what pugmark draws today. After a change that is meant: scripts/pictures.
. t/lib.sh
need gnuplot

ok 'pictures are drawn from bundled data' "$ROOT/scripts/pictures" "$TMP/new"
ls "$ROOT/docs/pictures" >there
ls new >drawn
same 'each of them, and no other, is in docs/pictures' there drawn
is 'each of them is in the README' "$(while read -r p; do grep -qF "docs/pictures/$p" "$ROOT/README.md" || echo "$p"; done <drawn)" ''
drawn_by() {
	grep -o 'GNUPLOT [0-9.]* patchlevel [0-9]*' "$1"
}
while read -r picture; do
	old=$ROOT/docs/pictures/$picture
	if [ "$(drawn_by "$old")" != "$(drawn_by "new/$picture")" ]; then
		skip "$picture is as committed" "$(drawn_by "$old") drew it"
	else
		same "$picture is as committed" "$old" "new/$picture"
	fi
done <there
done_testing
