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
done_testing
