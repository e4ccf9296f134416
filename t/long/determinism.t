#!/bin/sh
# SPDX-License-Identifier: MIT
# Same trace, design, seed and version: the same bytes, at -O0 and -O3, with one
# thread or two, in any locale and time zone, with and without ASLR.
. t/lib.sh

# each is run as `pugmark COMMAND --json`; those of the second list also with --threads N
COMMANDS='
info T.db
cache T.db --curve
cache T.db --curve --sample 8192 --seed 3
gen mix -o G.db --force --duration 10min --seed 3
gen production-stat -o G.db --force --duration 1h
info G.db --characterise
gen memcached -o G.db --force --set gen.memory=8G --set mem.accesses=100K
numa replay G.db --design LL,LR,RRI,RRIM,I,IM,L,TRR --move guest
gen gups -o M.db --force --set mem.accesses=200K
walk M.db --set walk.spawn_every=9000 --set walk.boot_share=30% --set walk.guest_2m=20%
'
THREADED='
cache T.db --policy lru,fifo,clock,arc,sieve,s3fifo,lfu,min --size 1%,10%,1000
nvme --path native-irq,virtio,mdev-adaptive,iocore --qd 1,16 --jobs 2 --vms 2 --rw randrw --requests 20000
'
need_command import info cache gen numa nvme walk

build() {
	make -s -C "$ROOT" -j"$(nproc)" BUILD="$1" OPT="$2" all
}
ok 'a build without optimisation' build o0 '-O0 -g'
ok 'a build with -O3' build o3 '-O3 -g'
[ $tap_failed -eq 0 ] || done_testing

skewed_lis 300000 >small.lis
inputs=$TMP/small.lis
[ ! -e "$DATA/cache/cloudPhysicsIO.vscsi" ] || inputs="$inputs $DATA/cache/cloudPhysicsIO.vscsi"

# run_all FOLDER BUILD THREADS INPUT [ENV..]: every answer into FOLDER/answers
run_all() {
	folder=$1 binary=$ROOT/build/$2/pugmark threads=$3 input=$4
	shift 4
	rm -rf "$folder" && mkdir "$folder" && cd "$folder" || return 1
	env "$@" "$binary" import "$input" -o T.db >/dev/null || return 1
	echo "$COMMANDS" | sed '/^$/d' >list
	echo "$THREADED" | sed "/^\$/d; s/\$/ --threads $threads/" >>list
	while read -r words; do
		echo "# $words" | sed 's/ --threads.*//' >>answers
		# shellcheck disable=SC2086
		env "$@" "$binary" $words --json >>answers </dev/null || { echo "failed: $words" >&2; return 1; }
	done <list
	cd "$TMP" || return 1
}

# check SENTENCE BUILD THREADS INPUT [ENV..]: against the folder `first`
check() {
	sentence=$1
	shift
	if run_all again "$@" 2>said; then
		same "${input##*/}: $sentence" "$TMP/first/answers" "$TMP/again/answers"
	else
		fail "${input##*/}: $sentence" "$(cat "$TMP/said")"
	fi
	cd "$TMP" || exit 1
}

for input in $inputs; do
	ok "${input##*/}: the commands run" run_all first release 1 "$input" LC_ALL=C
	cd "$TMP" || exit 1
	ok "${input##*/}: and answer" test "$(wc -c <first/answers)" -gt 1000
	check 'the same again' release 1 "$input" LC_ALL=C
	check 'the same with two threads' release 2 "$input" LC_ALL=C
	check 'the same in Tokyo' release 1 "$input" LC_ALL=C.UTF-8 TZ=Asia/Tokyo
	check 'the same at -O0' o0 1 "$input" LC_ALL=C
	check 'the same at -O3 with two threads' o3 2 "$input" LC_ALL=C
	if setarch -R true 2>/dev/null; then
		check 'the same without address randomisation' release 2 "$input" setarch -R
	else
		skip "${input##*/}: the same without address randomisation" 'setarch -R is not permitted'
	fi
done
done_testing
