#!/bin/sh
# SPDX-License-Identifier: MIT
# A sweep computes each task once, whatever was killed or damaged, and merges into the same bytes.
. t/lib.sh
need_command sweep pin cache age walk numa import
need sqlite3

cp "$ROOT/datasets/nic.db" "$ROOT/datasets/nvme.db" .
results() {
	find "$1" -name '*.db' ! -name results.db | sort
}
cat >main.ini <<'END'
[sweep]
command = cache
traces = n*.db
seeds = 1..2
batch = 8
[options]
policy = lru, 2q
size = 5%..20% step 5%
[vary]
pin.2q_in = 20%, 30%
END

# ---- once, and again
ok 'a dry run checks and shows' pugmark sweep main.ini --dry-run
like 'how much there is to do' "$(out)" '64 configurations in 8 tasks: a plan'
ok 'and makes no folder' test ! -e main.sweep
ok 'a sweep runs' pugmark sweep main.ini
like 'and is complete' "$(out)" '^main.ini: pugmark cache, 64 configurations in 8 tasks: all done$'
like 'with what it merged' "$(out)" '^main.sweep/results.db: [0-9]+ configurations, [0-9,]+ numbers$'
is 'one file a task, named by its hash' "$(results main.sweep | sed 's|.*/||' | grep -cE '^[0-9a-f]{64}\.db$')" 8
is 'and nothing half-written' "$(find main.sweep -name '.*' -type f)" ''
cp main.sweep/results.db first.db
results main.sweep | xargs ls -i >inodes
ok 'again it does nothing' pugmark sweep main.ini --json
is 'and says so' "$(out | json_numbers computed | head -n 1) $(out | json_numbers done_before | head -n 1)" '0 8'
is 'no file was written anew' "$(results main.sweep | xargs ls -i)" "$(cat inodes)"
same 'the merged bytes stay' first.db main.sweep/results.db
hashes() {
	for f in $(results main.sweep); do
		printf '%s' "$(sqlite3 "$f" 'SELECT canon FROM task')
" | sha256sum | sed "s|^\(.\{64\}\).*|main.sweep/\1.db|"
	done
}
is 'a file has the hash of the text in it' "$(hashes)" "$(results main.sweep)"
ok 'a task knows its command line' sh -c 'sqlite3 main.sweep/results.db "SELECT args FROM run" |
	grep -qx "cache nic.db --policy=lru,2q --size=5%,10%,15%,20% --set=pin.2q_in=20% --seed=2"'

# what it stores is what the command stores
for in in 20% 30%; do
	for seed in 1 2; do
		for trace in nic.db nvme.db; do
			pugmark cache $trace --policy lru,2q --size 5%,10%,15%,20% --set pin.2q_in=$in --seed $seed \
				--results alone.db >/dev/null
		done
	done
done
numbers() {
	sqlite3 "$1" 'SELECT * FROM result ORDER BY 1, 2, 3'
}
is 'the numbers are those of the command alone' "$(numbers first.db | cksum)" "$(numbers alone.db | cksum)"

# ---- batches, jobs and engines do not show
sed 's/^batch = 8/batch = 3/' main.ini >small.ini
ok 'in smaller batches' pugmark sweep small.ini --jobs 1
is 'the numbers are the same' "$(numbers small.sweep/results.db | cksum)" "$(numbers first.db | cksum)"
is 'no task has more than a batch' "$(grep '^task' small.sweep/plan | awk '$4 > 3' | wc -l)" 0
ok 'with other jobs and another folder' pugmark sweep main.ini -o elsewhere --jobs 3
same 'the bytes are the same' first.db elsewhere/results.db
if command -v parallel >/dev/null; then
	ok 'GNU parallel runs it' pugmark sweep main.ini -o by-parallel --engine parallel
	same 'with the same bytes' first.db by-parallel/results.db
	rm "$(results by-parallel | head -n 1)"
	ok 'and what its joblog calls done but is not' pugmark sweep main.ini -o by-parallel --engine parallel
	same 'likewise' first.db by-parallel/results.db
else
	skip 'GNU parallel runs it' 'parallel is not installed'
fi

# ---- a part is lost, damaged, half-written
set -- $(results main.sweep)
rm "$1"
ok 'a result that is gone is computed again' pugmark sweep main.ini --json
is 'it alone' "$(out | json_numbers computed | head -n 1)" 1
head -c 5000 "$2" >cut && mv cut "$2"
sqlite3 "$3" "UPDATE result SET value = value + 1 WHERE metric = 'misses'"
echo junk >"$4"
: >"$5"
mv "$6" six && cp "$7" "$6"
ok 'damaged results are computed again' pugmark sweep main.ini --json
is 'these alone' "$(out | json_numbers computed | head -n 1) $(out | json_numbers damaged)" '5 5'
for n in 2 3 4 5 6; do
	like "damaged file $n is told" "$(err)" "$(eval "echo \"\${$n##*/}\""): "
done
like 'each with its reason' "$(err)" 'is cut short.*is computed again'
same 'and none was merged' first.db main.sweep/results.db

# ---- killed, of the sweep with its workers, and stopped
sed 's/^batch = 8/batch = 1/' main.ini >many.ini
# interrupt SIGNAL N: a sweep gets it once it has N results; its status
interrupt() {
	pugmark sweep many.ini 2>err.txt >/dev/null &
	victim=$!
	while kill -0 $victim 2>/dev/null; do
		[ "$(results many.sweep 2>/dev/null | wc -l)" -lt "$2" ] || break
	done
	kill "-$1" $victim 2>/dev/null
	wait $victim
}
status=0
interrupt KILL 5 2>/dev/null || status=$?
is 'a sweep is killed' $status 137
results many.sweep | xargs ls -i | sort >before
status=0
interrupt TERM 15 2>/dev/null || status=$?
is 'another one is stopped' $status 143
like 'and says what is done' "$(cat err.txt)" '^pugmark sweep: stopped with [0-9]+ of 64 tasks done: run it again for the rest$'
is 'nothing half-written is left of both' "$(find many.sweep -name '*.tmp*')" ''
ok 'the third one ends' pugmark sweep many.ini --json
is 'what was done before the kill stays' "$(results many.sweep | xargs ls -i | sort | comm -13 - before)" ''
is 'the numbers are those of a sweep that nobody stopped' "$(numbers many.sweep/results.db | cksum)" \
	"$(numbers first.db | cksum)"

exec 8>many.sweep/lock
flock 8
exits 73 'a folder has one sweep at a time' pugmark sweep many.ini
like 'the second is told' "$(err)" 'another sweep is at work in it'
exec 8>&-

# ---- tasks that fail
cat >fails.ini <<'END'
[sweep]
command = pin
traces = nic.db
[options]
policy = lru
budget = 5%
overcommit = 20%
cpu = cold
memory = 1M, 64M
END
exits 1 'a task that cannot be done leaves the sweep incomplete' pugmark sweep fails.ini
like 'its reason is told' "$(err)" 'task 1 .*nic.db.*touches more than the 256 pages'
like 'the other one is done' "$(out)" 'nic.db +2 +2 +0 +1 +1 +0'
like 'the same command is not said to mend it' "$(out)" '^1 of 2 are done; 1 refused what they were given, as they would again: first mend'
unlike 'nor that it computes the rest' "$(out)" 'computes'
ok 'nothing is merged' test ! -e fails.sweep/results.db
sed -i 's/1M, //' fails.ini
ok 'without it the sweep is complete' pugmark sweep fails.ini

# ---- merging
cp -r main.sweep copy
set -- $(results copy)
ok 'folders merge' pugmark sweep --merge main.sweep copy elsewhere -o merged.db
same 'into the same bytes' first.db merged.db
ok 'a merge merges with its parts' pugmark sweep --merge merged.db "$3" "$1" -o again.db
same 'into itself' first.db again.db
sqlite3 "$3" "UPDATE result SET value = value + 1 WHERE metric = 'misses'"
exits 1 'two results of one configuration are a conflict' pugmark sweep --merge main.sweep copy -o conflict.db
like 'that names one file' "$(err)" "main.sweep/[0-9a-f]{64}\.db: misses"
like 'and the other' "$(err)" "; copy/${3##*/}: "
ok 'and writes nothing' test ! -e conflict.db
exits 1 'so is a merge that contradicts' pugmark sweep --merge main.sweep -o other.db "$(cp first.db other.db &&
	sqlite3 other.db "UPDATE result SET value = value + 1 WHERE metric = 'misses'" && echo main.sweep)"
like 'by name' "$(err)" 'other.db: '
echo junk >"$1"
sqlite3 "$3" "UPDATE result SET value = value - 1 WHERE metric = 'misses'"
exits 3 'a damaged file is left out of a merge' pugmark sweep --merge copy -o part.db
like 'and told' "$(err)" "$1: .*left out"

# ---- other commands
cat >age.ini <<'END'
[sweep]
command = age
traces = nic.db, nvme.db
[options]
tau = 10ms..1000ms x10, 10s
access = near, start
no-cpu = yes
END
ok 'ages are swept' pugmark sweep age.ini
like 'an access model a task' "$(out)" '16 configurations in 4 tasks: all done'
cat >pin.ini <<'END'
[sweep]
command = pin
traces = nic.db
designs = mine.ini, other.ini
seeds = 1, 2
[options]
policy = none, lru
budget = 5%, 10%
overcommit = 20%
cpu = cold
[vary]
memory.reclaim = lru, two-list
END
printf '[iopf]\nlookup = 100ns\n' >mine.ini
printf '[iopf]\nlookup = 200ns\n' >other.ini
ok 'pins are swept' pugmark sweep pin.ini
like 'designs, parameters, seeds' "$(out)" '32 configurations in 4 tasks: all done'
printf '# slower\n[iopf]\nlookup = 0.1us\n' >mine.ini
ok 'a design may be written otherwise' pugmark sweep pin.ini --dry-run
like 'as long as it says the same' "$(out)" ': all done'
printf '[iopf]\nlookup = 300ns\n' >mine.ini
ok 'another design is' pugmark sweep pin.ini --dry-run
like 'another task' "$(out)" 'nic.db +4 +32 +2 +0 +0 +2'

awk 'BEGIN { for (i = 0; i < 2000; i++) printf " L %x,8\n", 1073741824 + i * 7919 % 1000 * 4096 }' >walk.lackey
pugmark import walk.lackey -o mem.db >/dev/null
cat >walk.ini <<'END'
[sweep]
command = walk
traces = mem.db
designs = native, nested
[vary]
walk.stlb = 1536/12, 3072/12
END
cat >numa.ini <<'END'
[sweep]
command = numa replay
traces = mem.db
designs = LL, RR
seeds = 1..2
END
ok 'page walks are swept' pugmark sweep walk.ini
like 'built-in designs in one task' "$(out)" '4 configurations in 2 tasks: all done'
ok 'a command of two words is swept' pugmark sweep numa.ini
like 'with designs that it alone knows' "$(out)" 'pugmark numa replay, 4 configurations in 2 tasks: all done'
sed 's/LL, RR/LL, RX/' numa.ini >misspelt.ini
exits 65 'a misspelt design is told before anything runs' pugmark sweep misspelt.ini
like 'with its line' "$(err)" "misspelt.ini:4: no design 'RX'"
ok 'and no folder is made' test ! -e misspelt.sweep
sed 's/native, nested/nested, LL/' walk.ini >misspelt.ini
exits 65 'letters are for numa only' pugmark sweep misspelt.ini
like 'with what there is' "$(err)" "misspelt.ini:4: no design 'LL': there are .*nested"
printf '[walk]\nmode = native\n[numa]\ngpt = remote\nept = remote\nept_fix = migrate\n' >refused.ini
sed 's/LL, RR/LL, .\/refused.ini/' numa.ini >refuses.ini
exits 65 'so is one that the command refuses' pugmark sweep refuses.ini
like 'with its line too' "$(err)" 'refuses.ini:4: refused: '
sed 's/LL, RR/LL, gone.ini/' numa.ini >refuses.ini
exits 66 'and one that is not there' pugmark sweep refuses.ini
like 'with the line' "$(err)" 'refuses.ini:4: gone.ini: '

# ---- wrong files
wrong() { # SENTENCE REGEX FILE
	printf '%s\n' "$3" >wrong.ini
	exits 65 "$1" pugmark sweep wrong.ini
	like "$1: told" "$(err)" "$2"
	ok "$1: no folder is made" test ! -e wrong.sweep
}
head='[sweep]
command = pin
traces = nic.db'
wrong 'no command' 'wrong.ini: expected `command = ...`' '[sweep]
traces = nic.db'
wrong 'no traces' 'wrong.ini: expected `traces = ...`' '[sweep]
command = pin'
wrong 'a command without results' 'info: expected a command of pugmark that stores results' '[sweep]
command = info
traces = nic.db'
wrong 'no such command' 'frob: expected a command of pugmark that stores results' '[sweep]
command = frob
traces = nic.db'
wrong 'a misspelt option' "wrong.ini:5: pugmark pin has no --polcy: did you mean 'policy'" "$head
[options]
polcy = lru"
wrong 'a wrong value' "wrong.ini:5: --budget: '200%': more than the VM has" "$head
[options]
budget = 1%, 200%"
wrong 'a wrong range' "wrong.ini: line 5: '1%..5 step 1%': its ends have different units" "$head
[options]
budget = 1%..5 step 1%"
wrong 'a parameter as an option' 'wrong.ini:5: parameters stand in \[vary\]' "$head
[options]
set = memory.reclaim=lru"
wrong "what is the sweep's own" 'wrong.ini:5: --threads is for the sweep itself' "$head
[options]
threads = 2"
wrong 'a wrong parameter' "wrong.ini:5: memory.reclaim: no 'mru'" "$head
[vary]
memory.reclaim = lru, mru"
wrong 'no such parameter' "wrong.ini:5: no parameter in \\[memory\\] 'reclam': did you mean 'reclaim'" "$head
[vary]
memory.reclam = lru"
wrong 'a parameter without a section' 'line 5: .*not of the form section.key' "$head
[vary]
reclaim = lru"
wrong 'seeds twice' 'seed is given twice' "$head
seeds = 1..2
[options]
seed = 3"
echo '[sweep]
command = pin
traces = nic.db, nope.db' >wrong.ini
exits 66 'a trace that is not there' pugmark sweep wrong.ini
like 'by its name' "$(err)" 'nope.db'
seq 0 199999 | awk 'BEGIN { print "ts_ns,dev,pfn" } { print $1 ",nic," $1 * 7919 % 100003 }' >set.csv
pugmark import set.csv -o set.db --rotate 4K >/dev/null
printf '[sweep]\ncommand = cache\ntraces = set*.db\n[options]\nsize = 10\npolicy = lru\n' >set.ini
like 'a pattern finds a set, not its files' "$(pugmark sweep set.ini --dry-run)" '^set\.db  *1 '
exits 66 'no sweep file' pugmark sweep nope.ini
exits 64 'no file named' pugmark sweep
exits 64 'a task of no folder' pugmark sweep --task 1
exits 66 'a folder without a plan' pugmark sweep --task 1 copy/none
exits 64 'a task that the plan has not' pugmark sweep --task 9 main.sweep
head -n 12 main.sweep/plan >copy/plan
exits 65 'a plan that is cut short' pugmark sweep --task 1 copy
done_testing
