#!/bin/sh
# SPDX-License-Identifier: MIT
# Folders of a swapped guest: pugmark import DIR, and pugmark pin --backtest against their truth.
. t/lib.sh
need_command import

cp -r "$ROOT/t/data/swapdir" tiny
chmod -R u+w tiny

ok 'a folder is imported' pugmark import tiny -o tiny.db
is 'the verdict counts each kind' "$(out | head -n 1)" \
	'tiny.db: 4 dma, 6 cpu, 1 fault, 2 iopf, 3 swap rows from swapdir; nothing was lost'
like 'each file has its account' "$(out)" '^faults  *4  *3  *1  *0  *0  *0  *0$'
ok 'the trace verifies' pugmark verify tiny.db
ok 'a slash behind the name changes nothing' pugmark import tiny/ -o slash.db --format swapdir --json
is 'the digest is the same' "$(out | json_text digest)" \
	"$(pugmark info tiny.db --json | json_text digest | head -n 1)"
if command -v zstd >/dev/null; then
	cp -r tiny packed
	zstd -q --rm packed/cpu.csv packed/dma.csv packed/meta.json
	ok 'files of it may be compressed' pugmark import packed -o packed.db --json
	is 'with the same rows' "$(out | json_text digest)" \
		"$(pugmark info tiny.db --json | json_text digest | head -n 1)"
else
	skip 'files of it may be compressed' 'zstd is not installed'
fi

exits 64 'two folders are not one recording' pugmark import tiny slash -o two.db
exits 64 'its meta.json alone is not the folder' pugmark import tiny/meta.json -o m.db -f swapdir
like 'the message says so' "$(err)" 'tiny/meta\.json: format swapdir is a folder with meta\.json in it'
exits 66 'a folder is no file of another format' pugmark import tiny -o l.db --format lis
mkdir empty
exits 65 'an unknown folder is not usable' pugmark import empty -o e.db
is 'the message tells what a folder may be' "$(err)" 'pugmark import: empty: is a folder, and no recording of a known form: swapdir (meta.json); name files one by one otherwise'
rm tiny/cpu.csv
exits 3 'a missing file is damage' pugmark import tiny -o part.db
is 'told by its name' "$(err)" 'pugmark import: tiny/cpu.csv: no such file, plain or compressed'
is 'and nothing is left of what is not usable' "$(ls two.db m.db l.db e.db 2>/dev/null)" ''

if [ -d "$DATA/swap/w1-20-zram" ]; then
	ok 'a recording of a real guest is imported whole' \
		pugmark import "$DATA/swap/w1-20-zram" -o zram.db --json
	is 'all its rows are accounted for' "$(out | json_numbers stored | tr '\n' ' ')" \
		'37370 1045478 301040 27195 0 '
else
	skip 'a recording of a real guest is imported whole' 'no swap/w1-20-zram in the data folder'
fi

pugmark pin --help 2>/dev/null | grep -q -e --backtest || {
	skip 'faults of the model are compared with the truth' "this build has no 'pugmark pin --backtest'"
	done_testing
}

# of CLASS KEY: a number of that row of the last back-test
of() {
	out | tr '{' '\n' | grep "\"class\":\"$1\"" | json_numbers "$2"
}

# between SENTENCE N LEAST MOST
between() {
	if [ "$2" -ge "$3" ] && [ "$2" -le "$4" ]; then pass "$1"; else fail "$1" "$2 is not in $3..$4"; fi
}

ok 'faults of the model are compared with the truth' \
	pugmark pin tiny.db --backtest --json --set memory.reclaim=lru
is 'one row a class' "$(out | json_text class | tr '\n' ' ')" 'nic block cpu '
is 'recall is of pairs' "$(of block true) $(of block predicted) $(of block recall_ppm) $(of block precision_ppm)" \
	'2 3 1000000 666667'
out >first.json
pugmark pin tiny.db --backtest --json --set memory.reclaim=lru >second.json
same 'twice the same is the same' first.json second.json
ok 'people get the verdict first' pugmark pin tiny.db --backtest --set memory.reclaim=lru
like 'it names what is predicted and what not' "$(out | head -n 1)" \
	'^AGREES: CPU faults\. DIFFERS: block faults: 1\.5 times too many\.$'
if command -v gnuplot >/dev/null; then
	ok 'it is drawn' pugmark pin tiny.db --backtest --plot b.svg
	like 'recorded and predicted' "$(cat b.svg)" 'recorded'
else
	skip 'it is drawn' 'gnuplot is not installed'
fi

printf 'ts_ns,dev,pfn\n0,nic,1\n' >plain.csv
pugmark import plain.csv -o plain.db >/dev/null
exits 65 'a trace without recorded faults is refused' pugmark pin plain.db --backtest
is 'with what it lacks' "$(err)" \
	'pugmark pin: plain.db: has no recorded faults (streams iopf, fault) to compare with'
exits 64 'an unknown setting is refused' pugmark pin tiny.db --backtest --set memory.nope=1
exits 66 'a missing trace too' pugmark pin nope.db --backtest

if [ -e zram.db ]; then
	ok 'a real guest on compressed swap' pugmark pin zram.db --backtest --json
	is 'has its true faults' "$(of nic true) $(of block true) $(of cpu true)" '125 649 17990'
	between 'NIC faults are predicted within 5' "$(of nic predicted)" 120 130
	between 'CPU faults within a fifth' "$(of cpu predicted)" 14392 22487
	between 'block faults are found' "$(of block recall_ppm)" 700000 1000000
	between 'and few are invented' "$(of block precision_ppm)" 940000 1000000
	between 'so are absent pages' "$(of cpu swapped_set_recall_ppm)" 960000 1000000
fi
if [ -d "$DATA/swap/w1-20" ]; then
	pugmark import "$DATA/swap/w1-20" -o file.db >/dev/null
	ok 'a real guest on a swap file' pugmark pin file.db --backtest --json
	between 'its NIC faults are predicted within 5' "$(of nic predicted)" 123 133
	between 'its block faults are found' "$(of block recall_ppm)" 500000 1000000
	between 'and more are right than invented' "$(of block precision_ppm)" 500000 1000000
else
	skip 'a real guest on a swap file' 'no swap/w1-20 in the data folder'
fi
done_testing
