#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark merge: exit statuses, messages, --force; what it copies is t/merge-test.c's.
. t/lib.sh
need_command import merge

printf 'ts_ns,dev,pfn\n0,nic,1\n5,nic,2\n' >a.csv
printf 'ts_ns,dev,pfn\n0,nic,1\n7,nic,3\n9,nic,x\n' >b.csv
pugmark import a.csv -o a.db >/dev/null
pugmark import b.csv -o b.db >/dev/null 2>&1

ok 'one trace can be merged' pugmark merge a.db -o one.db
like 'the verdict comes first' "$(out | head -n 1)" '^one\.db: 2 dma rows from 1 recording; nothing was lost$'
exits 3 'events that were lost before are told again' pugmark merge a.db b.db -o ab.db
like 'counts of one source add up' "$(out)" '^dma  *5  *4  *0  *0  *0  *1  *0$'
ok 'the result is whole' pugmark verify ab.db
is 'SQL reads all recordings' "$(pugmark sql --quiet ab.db 'SELECT dev, pfn FROM dma ORDER BY dev, pfn' | tail -n +2 | tr '\t\n' ', ')" \
	'0,1 0,2 1,1 1,3 '
is 'a second device of a name is another' "$(pugmark sql --quiet ab.db 'SELECT bdf FROM device ORDER BY dev_id' | tail -n +2 | tr '\n' ' ')" \
	'nic nic@2 '
exits 73 'a trace that is there is not overwritten' pugmark merge a.db b.db -o ab.db
is 'the message suggests --force' "$(err)" 'pugmark merge: ab.db: exists already; --force replaces it'
exits 3 '--force replaces it' pugmark merge a.db b.db -o ab.db --force
exits 3 'a merge with its part is that merge' pugmark merge ab.db b.db -o abb.db
is 'with the same digest' "$(pugmark info --json abb.db | json_text digest)" "$(pugmark info --json ab.db | json_text digest)"
like 'and says so' "$(err)" '^pugmark merge: b\.db: recording .* is there already: left out$'
exits 64 'a merge after its part is wrong usage' pugmark merge b.db ab.db -o bab.db
exits 73 'the output is no input' pugmark merge a.db b.db -o a.db --force
same 'inputs are as before' a.db a.db
cp a.csv precious
exits 73 '--force does not replace what is no trace' pugmark merge a.db -o precious --force
same 'the file is as before' a.csv precious
exits 65 'what is no trace cannot be merged' pugmark merge a.db a.csv -o no.db
exits 66 'a missing trace is missing input' pugmark merge a.db nope.db -o no.db
exits 73 'a folder that is not there' pugmark merge a.db -o nope/no.db
exits 64 'an output must be named' pugmark merge a.db
exits 64 'and an input' pugmark merge -o no.db
is 'nothing is left of what failed' "$(ls no.db* ./*-merge-* 2>/dev/null)" ''
printf 'ts_ns,as,pfn,npages,count,period_ns,is_write\n0,pa,9,1,1,5,1\n' >c.csv
pugmark import c.csv -o c.db >/dev/null 2>&1
pugmark merge c.db a.db b.db -o cab.db >/dev/null 2>&1
for n in 2 3; do
	exits 0 "age reads recording $n of a merge" pugmark age cab.db --json --recording $n --tau 1us
	out >merged.json
	pugmark age "$(echo xab | cut -c $n).db" --json --tau 1us >alone.json 2>/dev/null
	is 'with the answer of the trace it was' "$(json_numbers refaults merged.json)$(json_text digest merged.json)" \
		"$(json_numbers refaults alone.json)$(json_text digest alone.json)"
done
exits 0 'without a number it reads the first with dma rows' pugmark age cab.db --tau 1us
like 'and says so' "$(err)" '^pugmark age: cab\.db: 3 recordings, .* this is recording 2, the first with dma rows \(--recording N: another\)$'
exits 64 'a recording that is not there is wrong usage' pugmark pin cab.db --recording 4
like 'and how many there are is told' "$(err)" 'no recording 4: it holds 3'

# the files of a set are one recording
seq 0 199999 | awk 'BEGIN { print "ts_ns,dev,pfn" } { print $1 ",nic," $1 * 7919 % 100003 }' >big.csv
pugmark import big.csv -o set.db --rotate 4K >/dev/null
ls set.*.db >files
ok 'a set has several files' test "$(wc -l <files)" -gt 1
exits 0 'they can be named one by one' pugmark merge set.*.db a.db -o all.db
is 'and all are there, once' "$(pugmark sql --quiet all.db 'SELECT count(*) FROM dma' | tail -n 1)" 200002
like 'it is told' "$(err)" '^pugmark merge: set\.0001\.db: is one file of the set set\.db, which is taken whole$'
exits 0 'one of them stands for all' pugmark merge set.0002.db -o one-of-all.db
is 'with the digest of the set' "$(pugmark info --json one-of-all.db | json_text digest)" "$(pugmark info --json set.db | json_text digest)"
pugmark cache set.0002.db --policy lru --size 10 >/dev/null 2>part.err
like 'a replay of one file says that it is one' "$(cat part.err)" 'set\.0002\.db: is one file of the set set\.db: the others are not read$'
like 'so does info' "$(pugmark info set.0002.db)" '^It is one file of the set set\.db: '
cp set.0002.db lone.0002.db
unlike 'a file by itself is a trace' "$(pugmark info lone.0002.db)" 'one file of'
done_testing
