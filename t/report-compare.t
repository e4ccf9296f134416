#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark report --compare: what changed between two results files, and beyond noise?
. t/lib.sh
need_command import age cache report
need sqlite3

pugmark import "$ROOT/t/data/dma.csv" -o t.db >/dev/null
cached() { # RESULTS SEED..
	for seed; do
		[ "$seed" = "$1" ] || pugmark cache t.db --policy lru,fifo --size 2,3 --seed "$seed" --results "$1" >/dev/null
	done
}
# of policy lru at 2 pages, under all seeds: misses plus what the SQL says
bump() {
	sqlite3 "$1" "UPDATE result SET value = value + $2 WHERE metric = 'misses' AND cfg_hash IN
		(SELECT cfg_hash FROM config WHERE canon LIKE '%policy=lru%size_pages=2%')"
}

cached a.db 1 2 3
cached b.db 1 2 3
ok 'the same answers are no change' pugmark report --compare a.db b.db
is 'in a sentence' "$(out)" 'NO CHANGE beyond noise: 6 figures are the same, 0 differ as much as their seeds do.'

bump b.db 1
exits 1 'another figure is a change' pugmark report --compare a.db b.db
like 'first the verdict' "$(out | head -n 1)" '^CHANGED: of 6 figures 1 differ beyond the noise of their seeds \(99 %\), 0 within it; 5 are the same\.$'
like 'then what changed, by metric' "$(out)" '^cache +misses +1 +1 +0 +12.50 % +12.50 %$'
like 'then the figure, old and new' "$(out)" '^beyond noise +cache +t.db +stream=0, policy=lru, plugin=, size_pages=2 +misses +8 +9 +\+12.50 %'
exits 1 'as JSON too' pugmark report --compare a.db b.db --json
like 'a row for each difference' "$(out)" \
	'"metric":"misses","bucket":0,"old":8,"new":9,"difference":1,"change_ppm":125000,"old_seeds":3,"new_seeds":3,"is_beyond_noise":true'
is 'and the counts' "$(out | json_numbers beyond_noise; out | json_numbers same)" "$(printf '1\n5')"

cp a.db c.db
cp a.db d.db
bump c.db "(SELECT seed * 10 FROM run JOIN run_config USING (run_id) WHERE run_config.cfg_hash = result.cfg_hash)"
bump d.db "(SELECT seed * 10 + 1 FROM run JOIN run_config USING (run_id) WHERE run_config.cfg_hash = result.cfg_hash)"
ok 'what differs as seeds do is noise' pugmark report --compare c.db d.db
like 'and told in a number' "$(out)" '^NO CHANGE beyond noise: 5 figures are the same, 1 differ as much'
is 'which has no row' "$(out | grep -c -e '^within noise' -e 'What changed')" 0
like 'but for those who ask' "$(pugmark report --compare c.db d.db --verbose)" '^within noise +cache'

cached one.db 1
cp one.db two.db
bump two.db 1
exits 1 'under one seed a difference is not explained' pugmark report --compare one.db two.db
like 'as noise is not known' "$(out)" '^1 differ under one seed: noise is not known'
like 'in JSON null' "$(pugmark report --compare one.db two.db --json)" '"is_beyond_noise":null'

pugmark age t.db --results a.db >/dev/null
pugmark age t.db --results age.db >/dev/null
ok 'questions that one file does not answer are counted' pugmark report --compare a.db age.db
like 'but not compared' "$(out)" '^Not compared: 6 figures only in the old file, 0 only in the new\.$'
like 'with the command and a configuration of it' "$(out)" '^Only in the old file: cache, 6 figures of 5 configurations, as stream=0(, policy=[a-z]*, plugin=, size_pages=[23])?\.$'
exits 65 'nothing in common is no answer' pugmark report --compare b.db age.db
like 'which is said' "$(err)" 'b.db and age.db answer no question in common: they differ in command \(cache / age\)'
asked() { # RESULTS QD EVENTFD
	pugmark nvme --path vfio --qd "$2" -n 500 --set nvme-guest.submit="$3" --results "$1" >/dev/null
}
asked one-a.db 1 700ns
asked one-b.db 2 700ns
asked one-c.db 1 800ns
asked two-a.db 1 700ns
asked two-a.db 2 800ns
asked two-b.db 1 800ns
asked two-b.db 2 700ns
exits 65 'another value asks another question' pugmark report --compare one-a.db one-b.db
like 'whose name is told, and nothing else' "$(err)" 'in common: they differ in load \(QD 1 x 1 / QD 2 x 1\), nvme-load\.depth \(1 / 2\)$'
exits 1 'with another parameter it is asked of another design' pugmark report --compare one-a.db one-c.db
like 'by whose name the answers are compared' "$(out | head -n 1)" \
	'^No question is in both files: they differ in nvme-guest\.submit \(700ns / 800ns\)\. Compared are'
like 'with what changed' "$(out)" '^nvme +latency_sum_ns +1 +1 +0 '
like 'as JSON too' "$(pugmark report --compare one-a.db one-c.db --json)" '"designs":"they differ in nvme-guest.submit'
exits 1 'so are values that meet only elsewhere' pugmark report --compare two-a.db two-b.db
like 'which is told as such' "$(out | head -n 1)" 'both files: each of their values is in both, but not together\.'
asked three.db 1 700ns
asked three.db 1 800ns
asked four.db 1 900ns
exits 65 'of two designs asked the same none is the other one' pugmark report --compare three.db four.db
like 'so nothing is compared' "$(err)" 'in common: they differ in nvme-guest\.submit \(700ns and 1 more / 900ns\)$'
ok 'files with a question in common' pugmark report --compare one-a.db two-a.db
like 'say what else is asked' "$(out)" '^Only in the new file: nvme, [0-9]+ figures of 1 configuration: .*load=QD 2 x 1'

# a later version answers again
sqlite3 two.db "UPDATE config SET canon = replace(canon, 'pugmark=', 'pugmark=9')"
exits 1 'the version of pugmark is no part of the question' pugmark report --compare one.db two.db
exits 64 'two files are needed' pugmark report --compare a.db
exits 66 'which are there' pugmark report --compare a.db nope.db
exits 65 'and hold results' pugmark report --compare a.db t.db
done_testing
