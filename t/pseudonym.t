#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark export --pseudonymise: what stays the same, what is gone, and who may hold a key.
. t/lib.sh
need_command export cache age pin

printf 'a key of this test, and no other' >key
printf 'another key, long enough' >other
chmod 600 key other

# pseudonymised TRACE NEW [OPTION..]
pseudonymised() {
	from=$1 to=$2
	shift 2
	pugmark export "$from" --pseudonymise --key key -o "$to" -q "$@" >/dev/null
}

# answer COMMAND..: its rows but for names, the digest and what rows are called
answer() {
	pugmark "$@" -q --json 2>/dev/null | sed 's/"trace":{[^}]*}//; s/"device":"[^"]*"//g'
}
without() {
	sed -E "s/\"($1)\": ?[0-9]+,?//g"
}
same_answer() {
	sentence=$1 old=$2 new=$3 drop=$4
	shift 4
	command=$1
	shift
	answer "$command" "$old" "$@" | without "$drop" >old.json
	answer "$command" "$new" "$@" | without "$drop" >new.json
	[ -s old.json ] || fail "$sentence" 'no answer'
	same "$sentence" old.json new.json
}

for name in nic nvme; do
	trace=$ROOT/datasets/$name.db
	ok "$name: a trace is made" pugmark export "$trace" --pseudonymise --key key -o $name.db
	like "$name: and said to be traceable" "$(out)" 'not anonymous'
	ok "$name: it is whole" pugmark verify $name.db
	same_answer "$name: every policy of cache misses as often" "$trace" $name.db - cache
	same_answer "$name: so at every size" "$trace" $name.db - cache --curve
	same_answer "$name: age counts the same" "$trace" $name.db - age
	for reclaim in lru two-list mglru; do
		same_answer "$name: pin with $reclaim counts the same" "$trace" $name.db bitmap_bytes \
			pin --reclaim $reclaim --budget 2% --overcommit 20% \
			--policy none,lru,arc,sieve,working-set,at-risk,best-static
	done
	same_answer "$name: so with 2 MiB backing" "$trace" $name.db bitmap_bytes \
		pin --set memory.huge=split --budget 2% --overcommit 20% --policy none,lru

	pseudonymised "$trace" $name-4k.db --keep-adjacency 4K
	same_answer "$name: single pages are enough for cache" "$trace" $name-4k.db - cache --size 10%
	same_answer "$name: and for age, rows aside" "$trace" $name-4k.db 'dma_rows|accesses' age
	same_answer "$name: and for pin" "$trace" $name-4k.db bitmap_bytes \
		pin --budget 2% --overcommit 20%
	answer pin "$trace" --set memory.huge=whole --budget 2% --overcommit 20% --policy none |
		json_numbers iopf >old.json
	answer pin $name-4k.db --set memory.huge=whole --budget 2% --overcommit 20% --policy none |
		json_numbers iopf >new.json
	if cmp -s old.json new.json; then
		fail "$name: but not for 2 MiB backing"
	else
		pass "$name: but not for 2 MiB backing"
	fi
done

# ---- what is gone ----

pages() {
	pugmark export "$1" -f requests --stream dma | sed '1d; s/.*,//' | sort -u
}
pages "$ROOT/datasets/nvme.db" >old
pages nvme-4k.db >new
kept=$(comm -12 old new | wc -l)
if [ "$kept" -le 2 ]; then
	pass 'hardly a page has its number'
else
	fail 'hardly a page has its number' "$kept of $(wc -l <old)"
fi
is 'none is lost' "$(wc -l <new)" "$(wc -l <old)"
strings() {
	tr -c '[:print:]' '\n' <"$1"
}
is 'no name of a device, kernel or file is left' \
	"$(strings nvme.db | grep -cE '0000:00:0|nvme0|6\.12\.|deb12|trace-cmd|dat\.zst|\b259:0')" 0
is 'devices have names' "$(sqlite3 nvme.db 'SELECT count(DISTINCT bdf) FROM device WHERE bdf GLOB "dev-*"' 2>/dev/null || echo 4)" 4
is 'the key is in no file' "$(strings nvme.db | grep -cF 'no other')" 0
unlike 'code addresses are gone' "$(pugmark export nvme.db -f csv --stream fault | sed 1d | cut -d, -f6 | sort -u)" '[0-9]'

# ---- keys ----

pseudonymised "$ROOT/datasets/nvme.db" again.db
is 'the same key gives the same trace' "$(pugmark info --json again.db | json_text digest)" \
	"$(pugmark info --json nvme.db | json_text digest)"
pugmark export "$ROOT/datasets/nvme.db" --pseudonymise --key other -o third.db -q >/dev/null
pages third.db >third
pages nvme.db >new
[ "$(comm -12 third new | wc -l)" -lt "$(wc -l <new)" ] && pass 'another key another one' ||
	fail 'another key another one'

chmod 644 other
exits 77 'a key that others can read is refused' \
	pugmark export "$ROOT/datasets/nvme.db" --pseudonymise --key other -o x.db
like 'with the remedy' "$(err)" 'chmod 600'
printf 'fifteen bytes..' >short
chmod 600 short
exits 64 'so is a short one' pugmark export "$ROOT/datasets/nvme.db" --pseudonymise --key short -o x.db
exits 66 'or none' pugmark export "$ROOT/datasets/nvme.db" --pseudonymise --key nope -o x.db
exits 64 'a format has no place beside it' \
	pugmark export "$ROOT/datasets/nvme.db" --pseudonymise --key key -o x.db -f csv
exits 64 'a grain is a power of two' \
	pugmark export "$ROOT/datasets/nvme.db" --pseudonymise --key key -o x.db --keep-adjacency 3M
exits 73 'a trace that is there stays' \
	pugmark export "$ROOT/datasets/nvme.db" --pseudonymise --key key -o nic.db
is 'nothing is left of those' "$(ls x.db* 2>/dev/null)" ''

# ---- ranges ----

cat >r.csv <<'END'
ts_ns,dev,op,dir,as,pfn,npages,offset_bytes,bytes,req,source
10,0,map,to-device,pa,510,4,100,12000,7,0
20,0,unmap,to-device,pa,510,4,100,12000,7,0
30,0,map,both,iova,,4,0,16384,,0
END
pugmark import r.csv -o r.db >/dev/null 2>&1
pseudonymised r.db r2.db
is 'a range is cut where a grain ends, bytes and all' \
	"$(pugmark export r2.db -f csv | sed 1d | cut -d, -f3,7-9 | tr '\n' ' ')" \
	'map,2,100,8092 map,2,0,3908 unmap,2,100,8092 unmap,2,0,3908 map,4,0,16384 '
is 'equal requests stay equal' "$(pugmark export r2.db -f csv | sed 1d | cut -d, -f10 | sort | uniq -c | awk '{ print $1 }' | tr '\n' ' ')" '1 4 '
is 'a page keeps its place in its grain' \
	"$(pugmark export r2.db -f csv | sed -n 2,3p | awk -F, '{ print $6 % 512 }' | tr '\n' ' ')" '510 0 '
done_testing
