#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark export: every format, and back again by import.
. t/lib.sh
need_command import export

# imported NAME FILE [OPTION..]: NAME.db, or a failed test
imported() {
	name=$1
	shift
	pugmark import "$@" -o "$name.db" >/dev/null 2>&1 || fail "$* is imported"
}
rows() {
	pugmark import --json "$1" -o rows.db --force 2>/dev/null | sed -n 's/.*"digest":"\([0-9a-f]*\)".*/\1/p'
}

cat >dma.csv <<'END'
ts_ns,dev,op,dir,as,pfn,npages,offset_bytes,bytes,req,source,count
0,0,map,to-device,pa,256,2,16,5000,7,2,0
1500,1,map,both,gpa,512,1,0,4096,,2,0
2000,0,unmap,to-device,pa,256,2,16,5000,7,2,0
2000,0,access,from-device,iova,,1,0,64,9,3,12
2750,1,free,unknown,hpa,512,1,0,4096,18446744073709551614,2,0
END
imported dma dma.csv
ok 'dma rows are written as csv' pugmark export dma.db --format csv
out >got.csv
same 'csv comes back as it went in' dma.csv got.csv
ok 'rows are written as JSON lines' pugmark export dma.db --format jsonl -o dma.jsonl
is 'a JSON line has every column, NULL as null' "$(sed -n 2p dma.jsonl)" \
	'{"ts_ns":1500,"dev":1,"op":"map","dir":"both","as":"gpa","pfn":512,"npages":1,"offset_bytes":0,"bytes":4096,"req":null,"source":2,"count":0}'
ok 'pages of dma rows are requests' pugmark export dma.db --format requests
is 'unmap, free and unknown pages ask for nothing' "$(out | tr '\n' ' ')" \
	'time_us,object_id 0,256 0,257 1,512 '

cat >dev.csv <<'END'
ts_ns,dev,pfn,bytes,offset_bytes
0,0000:00:06.0,0x10,4096,1
5,0000:00:07.0,0x20,1,0
6,0000:00:06.0,0x30,8192,0
END
imported dev dev.csv
is 'names become numbers, missing columns their defaults' "$(pugmark export dev.db -f csv | sed -n '2,$p' | tr '\n' ' ')" \
	'0,0,access,unknown,pa,16,2,1,4096,,2,0 5,1,access,unknown,pa,32,1,0,1,,2,0 6,0,access,unknown,pa,48,2,0,8192,,2,0 '

cat >mem.log <<'END'
==7== Lackey
I  04001000,3
 L 1ffe,8
 S 0,4
 M ffffffffffffffff,1
END
imported mem mem.log
is 'lackey lines become mem rows' "$(pugmark export mem.db -f csv | tr '\n' ' ')" \
	'ts_ns,asid,va,bytes,rw 0,0,8190,8,load 1,0,0,4,store 2,0,18446744073709551615,1,modify '
pugmark export mem.db -f csv >mem.csv
is 'csv of any kind comes back to the same rows' "$(rows mem.csv)" "$(rows mem.log)"

printf '5 3 0 0\n6 1 0 0\n5 1 0 2\n' >o.lis
imported o o.lis
is '.lis lines become ranges of objects' "$(pugmark export o.db -f csv | tr '\n' ' ')" \
	'ts_ns,dev,obj,npages,bytes,op 0,0,5,3,,other 0,0,6,1,,other 2000000,0,5,1,,other '
is 'requests are page by page' "$(pugmark export o.db -f requests | tr '\n' ' ')" \
	'time_us,object_id 0,5 0,6 0,7 0,6 2000,5 '
pugmark export o.db -f requests >o.csv
imported o2 o.csv
pugmark export o2.db -f requests >o2.csv
same 'requests come back as they went out' o.csv o2.csv

pugmark export o.db -f oracle-general >o.bin
is 'oracle-general has the true next request' \
	"$(od -A n -v -t d8 -w24 -j 16 o.bin | awk '{ printf "%s ", $1 }')" '4 3 -1 -1 -1 '
ok 'oracle-general goes to a file too' pugmark export o.db -f oracle-general -o o2.bin
same 'with the same bytes' o.bin o2.bin
ok 'and is imported again' pugmark import o.bin -o o3.db
pugmark export o3.db -f oracle-general >o3.bin
same 'to the same bytes' o.bin o3.bin

cat >io.csv <<'END'
ts_ns,lat_ns,dev,op,lba,bytes
1000,2500,nvme0,read,8,4096
2000,,nvme0,write,15,513
3001,1,nvme"1,flush,,0
4000,9,nvme0,discard,0,1048576
5000,9,nvme0,read,36028797018963967,512
END
imported io io.csv
is 'io asks for the pages it touches' "$(pugmark export io.db -f requests | tr '\n' ' ')" \
	'time_us,object_id 1,1 2,1 2,2 5,4503599627370495 '
ok 'io is written for perfetto' pugmark export io.db -f perfetto
like 'with its latency as duration' "$(out)" \
	'\{"ph":"X","cat":"io","name":"read","pid":1,"tid":0,"ts":1.000,"dur":2.500,"args":\{"bytes":4096,"lba":8\}\}'
like 'and as an instant where there is none' "$(out)" '"ph":"i","cat":"io","name":"write".*"s":"t"'

exits 64 'a stream that is not there is wrong usage' pugmark export io.db -f csv --stream mem
is 'and the streams are listed' "$(err)" "pugmark export: io.db: no stream 'mem' for csv, only: io"
is 'a stream has a number too' "$(pugmark export io.db -f csv --stream 0 | cksum)" "$(pugmark export io.db -f csv --stream io | cksum)"
exits 64 'which must exist' pugmark export io.db -f csv --stream 1
exits 65 'requests of a trace without pages are not usable' pugmark export mem.db -f requests
exits 64 'a format must be named' pugmark export io.db
exits 64 'an unknown format is wrong usage' pugmark export io.db -f jsnl
like 'the nearest is named' "$(err)" "did you mean 'jsonl'"
exits 66 'a missing trace is status 66' pugmark export nope.db -f csv
exits 73 'a folder that is not there is status 73' pugmark export io.db -f csv -o nope/x.csv
exits 73 'a full disk is status 73' pugmark export io.db -f csv -o /dev/full
is 'nothing half-written is left' "$(ls | grep -c '\.csv\.......$')" 0

# of several streams the one that cache would take
sample=$ROOT/datasets/nic.db
is 'as many requests are exported as cache replays' "$(pugmark export "$sample" -f requests | sed 1d | wc -l)" \
	"$(pugmark cache "$sample" --policy lru --size 1 --json | json_numbers requests | head -n 1)"

done_testing
