#!/bin/sh
# SPDX-License-Identifier: MIT
# A trace that two points replay at once is not held in memory, neither in whole nor twice.
. t/lib.sh
need gcc awk
need_command import nvme
[ "$BUILD" = release ] || skip_all 'sanitizers take memory of their own'
gcc -O2 -o peak "$ROOT/t/programs/peak.c" || exit 1

awk 'BEGIN {
	srand(1)
	print "# kind: io\nts_ns,lat_ns,dev,qid,cid,op,lba,bytes,source"
	for (i = 0; i < 3000000; i++)
		printf "%.0f,%.0f,sda,,,%s,%.0f,4096,x\n", i * 20000 + int(rand() * 9000), 90000 + int(rand() * 50000),
			rand() < 0.4 ? "write" : "read", int(rand() * 10000000) * 8
}' >io.csv
ok 'three million requests' pugmark import -q io.csv -o io.db
rm io.csv
ok 'are replayed twice at once' ./peak kib pugmark nvme io.db --path vfio,mdev-2way --threads 2
is 'in less than 64 MiB' "$(($(cat kib) < 65536))" 1
done_testing
