#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark gen: what it makes, what it says of it, and what it refuses.
. t/lib.sh
need_command gen info

small='--duration 10min --set gen.memory=64M'
# shellcheck disable=SC2086
make_trace() {
	profile=$1 file=$2
	shift 2
	pugmark gen "$profile" -o "$file" $small "$@"
}
digest() {
	pugmark info --json "$1" | head -n 2 | grep -o '"digest":"[0-9a-f]*"' | head -n 1
}

ok 'a trace is made' make_trace nic a.db
like 'it is called synthetic' "$(out | head -n 1)" '^a\.db: synthetic, 10 min of profile nic, seed 1\. Digest [0-9a-f]{32}\.$'
ok 'it is whole' pugmark verify a.db
like 'it has a NIC and a disk' "$(pugmark info a.db)" 'nic +synthetic'
meta() {
	pugmark sql a.db "SELECT v FROM meta WHERE k = '$1'" | tail -n 1
}
like 'its meta says that nobody recorded it' "$(meta synthetic)" 'yes'
like 'and by which generator' "$(meta generator)" 'behaviour'
like 'and with which seed' "$(meta seed)" '1'
like 'and has a digest of its parameters' "$(meta profile_digest)" '[0-9a-f]{64}'
like 'the VM has the memory that was asked for' \
	"$(pugmark sql a.db 'SELECT mem_pages FROM vm' | tail -n 1 | tr -d ' ,')" '^16384$'

make_trace nic again.db >/dev/null
make_trace nic other.db --seed 2 >/dev/null
is 'the same seed makes the same trace' "$(digest again.db)" "$(digest a.db)"
is 'another seed another' "$([ "$(digest other.db)" != "$(digest a.db)" ]; echo $?)" 0
make_trace nic more.db --set nic.batch_pages=4 --json >more.json
make_trace nic less.db --json >less.json
is 'a parameter is part of the profile digest' \
	"$(cat more.json less.json | json_text profile_digest | sort -u | wc -l | tr -d ' ')" 2
is 'JSON has what was made' "$(json_numbers memory_pages less.json)" 16384

for profile in $(cd "$ROOT/datasets/profiles" && ls *.ini | sed 's/\.ini$//'); do
	ok "profile $profile can be printed" pugmark gen "$profile" --print
	out >copy.ini
	like "$profile: every number has a kind and a source or is a default" \
		"$(grep -c '=' copy.ini) $(grep '=' copy.ini | grep -vc ' | ')" '^[0-9]+ 0$'
	ok "profile $profile makes a trace" pugmark gen "$profile" -o "$profile.db" --duration 5min
done
is 'there are twelve profiles' "$(ls block.db mix.db nic.db production.db production-stat.db btree.db canneal.db \
	gups.db memcached.db redis.db sysbench-random.db xsbench.db | wc -l | tr -d ' ')" 12

exits 73 'a trace that is there is kept' make_trace nic a.db
ok 'unless it is forced' make_trace nic a.db --force
echo text >note.txt
exits 73 'what is no trace is never replaced' make_trace nic note.txt --force
is 'and stays' "$(cat note.txt)" text
exits 64 'an unknown profile is refused' pugmark gen nicc -o x.db
like 'with the nearest' "$(err)" "did you mean 'nic'"
exits 64 'so is one like none' pugmark gen nobody -o x.db
like 'with those there are' "$(err)" 'there are block, btree, canneal, gups, memcached, mix, nic, production, production-stat, redis, sysbench-random, xsbench; or a file'
exits 64 'an unknown parameter is refused' make_trace nic x.db --set nic.rings=3
exits 64 'memory that is too small is refused' pugmark gen production -o x.db --set gen.memory=16M --set nic.ring_pages=4000
like 'by what does not fit' "$(err)" 'memory is too small: .* needs [0-9]+ pages'
exits 64 'a table that does not rise is refused' \
	pugmark gen production-stat -o x.db --set 'ring.depth=0%:5% 50%:1% 100%:2%'
like 'by its name' "$(err)" 'ring\.depth: .*must rise'
exits 64 'a day has 24 hours' pugmark gen nic -o x.db --set 'day.hours=100 50'
exits 66 'a missing profile file is missing input' pugmark gen ./nope.ini -o x.db
printf '[gen]\nmemory = 64M\n' >bare.ini
exits 65 'a number without a source is refused' pugmark gen ./bare.ini -o x.db
exits 64 'a trace needs a name' pugmark gen nic
is 'nothing is left of what failed' "$(ls x.db* 2>/dev/null)" ''
done_testing
