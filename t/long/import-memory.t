#!/bin/sh
# SPDX-License-Identifier: MIT
# A small file takes little memory, whatever its damage claims.
. t/lib.sh
need gcc awk
need_command import
need_data collect/COUNTS.md
[ "$BUILD" = release ] || skip_all 'sanitizers take memory of their own'
gcc -O2 -o peak "$ROOT/t/programs/peak.c" || exit 1
floor_kib=16384

# damage FILE ROUND: cut, or with bytes of all ones over what may be a length
damage() {
	bytes=$(stat -c %s "$1")
	if [ $(($2 % 3)) -eq 0 ]; then
		head -c $((bytes * (1 + $2 * 7 % 97) / 98)) "$1" >bad
		return
	fi
	cp "$1" bad
	for i in 1 2 3 4; do
		at=$((($2 * 7919 * i + i * i * 104729) % ($2 % 3 == 1 ? 4096 : bytes)))
		printf '\377\377\377\177' | dd of=bad bs=1 seek=$at conv=notrunc 2>/dev/null
	done
}

for file in "$DATA"/collect/*.data "$DATA"/collect/*.dat "$DATA"/collect/*.pcap* "$DATA"/collect/*.blktrace.?; do
	name=${file##*/}
	most=0 wrong=
	for round in 0 1 2 3 4 5 6 7 8 9 10 11; do
		damage "$file" $round
		mv bad "bad-$name"
		rm -f t.db
		./peak kib pugmark import -q "bad-$name" -o t.db >/dev/null 2>&1
		status=$?
		case $status in
		0 | 3 | 65 | 69) ;;
		*) wrong="$wrong round $round: exit $status" ;;
		esac
		beyond=$(($(cat kib) - 4 * $(stat -c %s "bad-$name") / 1024))
		[ $beyond -le $most ] || most=$beyond
		rm -f "bad-$name"
	done
	is "$name: damage ends with a status that says so" "$wrong" ''
	ok "$name: at most 16 MiB beyond four times the file" test $most -le $floor_kib
	diag "$most KiB"
done
done_testing
