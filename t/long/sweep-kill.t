#!/bin/sh
# SPDX-License-Identifier: MIT
# Rounds of kill -9 of a sweep, its workers, and GNU parallel with its tasks: nothing that was done is lost or done
# again, nothing half-written is taken for a result, and the merged bytes are those of a sweep left alone.
. t/lib.sh
need_command sweep cache
need cmp

cp "$ROOT/datasets/nic.db" "$ROOT/datasets/nvme.db" .
cat >s.ini <<'END'
[sweep]
command = cache
traces = n*.db
seeds = 1..4
batch = 1
[options]
policy = lru, 2q, s3fifo
size = 5%, 20%
[vary]
pin.2q_in = 20%, 30%
END
ok 'a sweep left alone' pugmark sweep s.ini -o alone
total=$(find alone -name '*.db' ! -name results.db | wc -l)

done_in() {
	find "$1" -name '*.db' ! -name results.db 2>/dev/null | wc -l
}
inodes() { # of all results: a file that was written again has another one
	find "$1" -name '*.db' ! -name results.db -exec ls -i {} + 2>/dev/null | sort
}
# until FOLDER N PID: it has N results, or has ended
until_done() {
	while [ "$(done_in "$1")" -lt "$2" ] && kill -0 "$3" 2>/dev/null; do :; done
}
children() {
	cat "/proc/$1/task/$1/children" 2>/dev/null
}

# rounds ENGINE FOLDER STEP: a kill after each STEP results, until there are no more; workers every other time
rounds() {
	lost=0 damaged=0 n=0
	: >before
	while [ $((before_count = $(done_in "$2"))) -lt "$total" ] && [ $n -lt 200 ]; do
		n=$((n + 1))
		pugmark sweep s.ini -o "$2" --engine "$1" >/dev/null 2>err &
		victim=$!
		until_done "$2" $((before_count + $3)) $victim
		if [ $((n % 2)) -eq 0 ]; then # a worker alone: the sweep goes on
			kill -KILL $(children $victim) 2>/dev/null
			until_done "$2" $((before_count + 2 * $3)) $victim
		fi
		kill -KILL $victim 2>/dev/null
		wait $victim
		# what was there is there, as it was
		lost=$((lost + $(inodes "$2" | comm -13 - before | wc -l)))
		inodes "$2" >before
		pugmark sweep s.ini -o "$2" --dry-run >/dev/null 2>err
		damaged=$((damaged + $(wc -l <err)))
	done 2>/dev/null
	diag "$1: $n rounds, $(done_in "$2") of $total tasks"
	ok "$1: several rounds were made" test $n -ge 3
	is "$1: no result was lost or computed twice" $lost 0
	is "$1: none was half-written" $damaged 0
	ok "$1: the sweep is complete in the end" pugmark sweep s.ini -o "$2" --engine "$1"
	same "$1: with the bytes of the one left alone" alone/results.db "$2/results.db"
	is "$1: nothing half-written is left" "$(find "$2" -name '*.tmp*')" ''
}
rounds local by-local 9
if command -v parallel >/dev/null; then
	rounds parallel by-parallel 17
else
	skip 'parallel: several rounds were made' 'parallel is not installed'
fi
done_testing
