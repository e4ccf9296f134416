#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark import: exit statuses, messages, compression, several inputs, --force.
. t/lib.sh
need_command import
need zstd gzip xz

# digest FILE: of the trace that importing it gives
digest() {
	rm -f digest*.db
	pugmark import --json "$@" -o digest.db 2>/dev/null | sed -n 's/.*"digest":"\([0-9a-f]*\)".*/\1/p'
}

i=0
while [ $i -lt 3000 ]; do
	echo "$i $((i % 5)) 0 $i"
	i=$((i + 1))
done >a.lis
printf 'time_us,object_id\n1,2\nx,3\n3,4\n2,5\n' >bad.csv
printf 'no such format\n' >junk

ok 'a .lis file is known by its lines' pugmark import a.lis -o a.db
like 'the verdict comes first' "$(out | head -n 1)" '^a\.db: 2,400 object rows from lis; nothing was lost$'
like 'the accounting adds up' "$(out)" '^object  *3,000  *2,400  *600  *0  *0  *0  *0$'
exits 73 'a complete trace is not overwritten' pugmark import a.lis -o a.db
is 'the message suggests --force' "$(err)" \
	'pugmark import: a.db: exists already and is complete; --force replaces it'
ok '--force replaces it' pugmark import a.lis -o a.db --force --json
is 'JSON has the accounting as rows' "$(out | json_numbers seen) $(out | json_numbers stored) $(out | json_numbers filtered)" \
	'3000 2400 600'
like 'JSON names the trace and its digest' "$(out)" '"trace":\{"path":"a.db","digest":"[0-9a-f]{32}"\}'

want=$(digest a.lis)
zstd -q a.lis -o a.lis.zst
gzip -k a.lis
xz -k a.lis
for f in a.lis.zst a.lis.gz a.lis.xz; do
	is "$f gives the same rows as a.lis" "$(digest $f)" "$want"
done
is 'standard input gives the same rows' "$(pugmark import --json - -o stdin.db <a.lis.zst | sed -n 's/.*"digest":"\([0-9a-f]*\)".*/\1/p')" "$want"
head -n 1000 a.lis >1.lis
tail -n +1001 a.lis | gzip >2.lis.gz
is 'two inputs are read as one' "$(digest 1.lis 2.lis.gz)" "$want"

exits 3 'bad lines are exit status 3' pugmark import bad.csv -o bad.db
is 'each bad line is told' "$(err)" \
	"pugmark import: bad.csv: line 3: expected two decimal numbers: time_us,object_id
pugmark import: bad.csv: line 5: time goes backwards"
like 'bad lines are decode errors' "$(out)" '^object  *4  *2  *0  *0  *0  *2  *0$'
exits 3 'with --quiet the status is the same' pugmark import --quiet bad.csv -o quiet.db
is '--quiet says nothing on stderr' "$(err)" ''

head -c 5000 a.lis.gz >cut.lis.gz
exits 3 'a cut .gz keeps what was before the cut' pugmark import cut.lis.gz -o cut.db
like 'the cut is told by its place' "$(err)" 'cut\.lis\.gz: byte 5000 of the gzip file: the file ends early'

exits 65 'junk is not usable' pugmark import junk -o junk.db
like 'the formats are listed' "$(err)" '^pugmark import: junk: no known format; --format takes .*csv.*vscsi'
exits 65 'an input without a good line is not usable' pugmark import --format lis junk -o junk.db
exits 65 'an empty input is not usable' pugmark import /dev/null -o junk.db
is 'no file is left of what is not usable' "$(ls junk.db* 2>/dev/null)" ''
exits 66 'a missing input is status 66' pugmark import a.lis nope.lis -o nope.db
is 'it is told before any work' "$(err; ls nope.db 2>/dev/null)" \
	'pugmark import: nope.lis: No such file or directory'
exits 64 'an unknown format is wrong usage' pugmark import --format vcsi a.lis -o nope.db
like 'the nearest format is named' "$(err)" "no format 'vcsi': did you mean 'vscsi'\?"
exits 64 'two formats at once are wrong usage' pugmark import a.lis bad.csv -o two.db
exits 64 'a trace to write must be named' pugmark import a.lis
exits 64 'an address space must be one of three' pugmark import a.lis -o x.db --as moon
exits 73 'a folder that is not there is status 73' pugmark import a.lis -o nope/x.db

cp a.lis precious
exits 73 '--force does not replace what is no trace' pugmark import a.lis -o precious --force
like 'the message says so' "$(err)" 'precious: is no trace, so --force does not replace it'
same 'the file is as before' a.lis precious
exits 73 '--force does not replace an input' pugmark import a.lis -o a.lis --force
ok 'the input is still there' test -s a.lis

printf 'ts_ns,pfn,npages\n0,16,2\n' >space.csv
for as in gpa hpa pa; do
	pugmark import space.csv --as $as -o $as.db >/dev/null
	is "--as $as is the address space of the rows" "$(pugmark export $as.db -f csv | tail -n 1 | cut -d, -f5)" $as
done

seq 0 299999 | awk 'BEGIN { srand(1) } { print int(rand() * 999999999), 1, 0, $1 * 7 }' >big.lis
is 'the size of files does not matter' "$(digest big.lis --rotate 300K)" "$(digest big.lis)"
ok 'a set is written with --rotate' pugmark import big.lis --rotate 300K -o set.db
ok 'of several files' test -s set.0002.db
exits 73 'a set is not overwritten' pugmark import big.lis --rotate 300K -o set.db
like 'the message suggests --force' "$(err)" '--force replaces it$'
exits 73 'nor is a file written beside it' pugmark import big.lis -o set.db
ok '--force replaces a set' pugmark import big.lis -o set.db --force
is 'all of it' "$(ls set.*)" set.db
exits 73 'nor is a set written beside a file' pugmark import big.lis --rotate 300K -o set.db
exits 3 'rows that gave way to the quota are told by the status' \
	pugmark import big.lis --quota 512K -o quota.db
like 'and by the verdict' "$(out | head -n 1)" 'rows from lis; [1-9][0-9,]* LOST'

# killed while it waits for more of a pipe, then run again on the whole file
mv big.lis whole.lis
want=$(digest whole.lis)
mkfifo in.lis messages
pugmark import --verbose in.lis -o killed.db >/dev/null 2>messages &
pid=$!
exec 4<messages 3>in.lis
head -n 250000 whole.lis >&3
read -r line <&4
kill -9 $pid
exec 3>&- 4<&-
wait $pid 2>/dev/null
like 'commits are told with --verbose' "$line" '^committed 65536 object events, input offset [0-9]+$'
rm in.lis
mv whole.lis in.lis
exits 73 'an unfinished trace of other inputs is not gone on with' pugmark import a.lis -o killed.db
like 'the message names the other inputs' "$(err)" 'killed\.db: is an unfinished trace of another input'
ok 'an unfinished trace is gone on with' pugmark import --json in.lis -o killed.db
like 'which is told' "$(err)" 'killed\.db: going on after an interrupted import'
out >killed.json
is 'and ends with the same rows' "$(json_text digest killed.json)" "$want"
is 'all of them accounted for' "$(json_numbers seen killed.json) $(json_numbers stored killed.json)" \
	'300000 300000'

done_testing
