#!/bin/sh
# SPDX-License-Identifier: MIT
# Importers against the data folder: row lists with known sha256, known counts.
. t/lib.sh
need_command import export
need_data cache/cloudPhysicsIO.vscsi cache/OLTP.lis.zst walk/mixed_IL_1M.lackey.zst \
	walk/graph_push.lackey.zst
need sha256sum


ok 'the CloudPhysics sample is imported' pugmark import --json "$DATA/cache/cloudPhysicsIO.vscsi" -o cp.db
is 'with all its commands' "$(out | json_numbers stored)" 113872
is 'its row list has the published sha256' \
	"$(pugmark export cp.db -f requests | sha256sum | cut -d' ' -f1)" \
	bab1d5ba4d80272cfd42c0c3a8a541ebca49b645b16ff3cd0fea916e1da24711
is 'reads and writes are as many as published' \
	"$(pugmark export cp.db -f csv | awk -F, '{ n[$6]++ } END { print n["read"], n["write"] }')" \
	'46974 66898'
ok 'the OLTP trace is imported' pugmark import --json "$DATA/cache/OLTP.lis.zst" -o oltp.db
is 'with all its lines' "$(out | json_numbers stored)" 914145
is 'its row list has the published sha256' \
	"$(pugmark export oltp.db -f requests | sha256sum | cut -d' ' -f1)" \
	dd56f3a8207b1b212f2770a0af2111b2a1f2aa2b8377461be1e3b8a6d3de8ce6
pugmark export oltp.db -f oracle-general -o oltp.bin
is 'oracle-general has a record per request' "$(wc -c <oltp.bin | tr -d ' ')" $((914145 * 24))
is 'and its first uses are the unique pages' \
	"$(od -A n -v -t d8 -w24 -j 16 oltp.bin | awk '$1 == -1 { n++ } END { print n }')" 186880
ok 'lackey lines with instructions are imported' \
	pugmark import --json "$DATA/walk/mixed_IL_1M.lackey.zst" -o mixed.db
out >mixed.json
is 'data is stored, instructions are filtered' \
	"$(json_numbers seen mixed.json) $(json_numbers stored mixed.json) $(json_numbers filtered mixed.json)" \
	'1000000 315604 684396'
is 'loads, stores and modifies are as many as published' \
	"$(pugmark export mixed.db -f csv | awk -F, '{ n[$5]++ } END { print n["load"], n["store"], n["modify"] }')" \
	'208311 100274 7019'
ok 'a window of 128 MiB is read' pugmark import --json "$DATA/walk/graph_push.lackey.zst" -o graph.db
is 'with all its lines' "$(out | json_numbers stored)" 5000000

done_testing
