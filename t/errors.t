#!/bin/sh
# SPDX-License-Identifier: MIT
# What each command says about wrong input and wrong usage, and its exit status: t/data/errors.golden. A change of a
# sentence is made there too, by hand or by `GOLDEN=yes make check T=t/errors.t`, and is read in review.
. t/lib.sh
need_command import info verify sql export cache report
need zstd gzip gnuplot

golden=$ROOT/t/data/errors.golden
echo '# what t/errors.t compares: a command, what it says on standard error, its exit status' >got

# say COMMAND: its words, without argp's advice, and its status
say() {
	tap_status_of=0
	sh -c "$1" </dev/null >out 2>err || tap_status_of=$?
	{
		printf '\n$ %s\n' "$1"
		grep -v '^Try `' err
		echo "[$tap_status_of]"
	} >>got
}

pugmark import "$ROOT/t/data/dma.csv" -o t.db >/dev/null
i=0
while [ $i -lt 3000 ]; do
	echo "$i 1 0 $i"
	i=$((i + 1))
done >a.lis
zstd -q a.lis
gzip -k a.lis
head -c 2000 a.lis.zst >cut.lis.zst
head -c 2000 a.lis.gz >cut.lis.gz
printf '\177ELF junk\001\002' >junk
echo hello >text
: >empty
mkdir folder
head -c 40000 t.db >cut.db
head -c 50 t.db >stub.db
sqlite3 other.db 'CREATE TABLE x(a)' 2>/dev/null || skip_all 'sqlite3 is not installed'

say 'pugmark nope'
say 'pugmark inof'
say 'pugmark help nope'
say 'pugmark --nope'

for file in nope.db folder /dev/null empty junk text cut.db stub.db other.db "''"; do
	say "pugmark info $file"
done
for command in verify 'sql -n' 'export -f csv' cache; do
	say "pugmark $command nope.db"
	say "pugmark $command folder"
	say "pugmark $command"
done
say 'pugmark report nope.db rate'
say 'pugmark report folder rate'
say 'pugmark report'
for command in info verify cache 'export -f csv'; do
	say "pugmark $command t.db t.db"
done

say 'pugmark import -o x.db'
say 'pugmark import a.lis'
for file in nope.lis folder /dev/null empty junk t.db cut.lis.zst cut.lis.gz - "''" 'a.lis empty' 'a.lis junk' 'a.lis nope.lis' \
	"a.lis $ROOT/t/data/dma.csv"; do
	rm -f x.db
	say "pugmark import $file -o x.db" 
done
for out in folder nope/x.db text t.db /dev/null - "''" a.lis; do
	say "pugmark import a.lis -o $out"
done
for out in folder text /dev/null a.lis; do
	say "pugmark import --force a.lis -o $out"
done
for option in '--format nope' '--format li' '--format trace-dat' '--as moon' '--quota 1' '--quota much' '--quota -1' '--rotate 0' \
	'--rotate 99999999999999999999' '--nope'; do
	say "pugmark import $option a.lis -o x.db"
done

for sql in "''" "' -- nothing'" "'SELEC 1'" "'SELECT nope FROM dma'" "'SELECT 1 FROM nope'" "'DELETE FROM chunk'" \
	"'DELETE FROM dma'" "'CREATE TABLE x(a)'" "'SELECT 1' 'SELECT 2'" "\"SELECT * FROM event_agg(0, 0, 'dav')\"" \
	"'SELECT * FROM event_hist(0, 0, 0)'" "\"SELECT * FROM page_agg(0, 0, 1, 'io')\""; do
	say "pugmark sql t.db $sql"
done
say 'pugmark sql t.db </dev/null'
say 'pugmark sql t.db - </dev/null'

say 'pugmark report t.db nope'
say 'pugmark report t.db rat'
for plot in x.bmp nope/x.svg folder -\ --json; do
	say "pugmark report t.db rate --plot $plot"
done

say 'pugmark export t.db'
say 'pugmark export t.db -f nope'
say 'pugmark export t.db -f cvs'
for out in t.db other.db folder nope/x.csv "''"; do
	say "pugmark export t.db -f csv -o $out"
done
say 'pugmark export t.db -f csv --stream io'
say 'pugmark export t.db -f csv --stream nope'

for option in '--policy ,' '--policy lru,' '--policy LRU' '--policy siev' '--policy ./nope.so' '--size ,' '--size 0' \
	'--size 0%' '--size -1' '--size 1e3' '--size 99999999999999999999' '--size 1.5' '--sample 8192' '--curve --sample 1' \
	'--curve --sample 100000000' '--seed -1' '--seed x' '--threads 0' '--threads 257' '--stream io' '--stream nope' \
	'--stream 9' '--plot x.bmp' '--plot nope/x.svg' '--plot - --json' '--results nope/r.db' '--results folder' \
	'--results t.db' '--results text' '--results -' '--results /dev/null'; do
	say "pugmark cache t.db $option"
done

# Open: numbers that are those of the schema, of gzip and of zstd; lists of all formats and policies, which grow.
sed "s/--format takes blktrace .*/--format takes (the formats)/; s/there are 2q, .*/there are (the policies)/
s/format 'nope': there are .*/format 'nope': there are (some formats)/
s|$ROOT|..|g; s/bytes of [0-9]* are/bytes of N are/; s/the [0-9]* bytes decoded/the N bytes decoded/" got >got.txt
[ -z "${GOLDEN:-}" ] || cp got.txt "$golden"
same 'each command says what t/data/errors.golden says' "$golden" got.txt
is 'no answer is on standard output beside an error of usage' "$(pugmark sql t.db --json SELEC 2>/dev/null)" ''
unlike 'no message speaks of a path of the machine' "$(cat got.txt)" "$TMP"
done_testing
