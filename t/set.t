#!/bin/sh
# SPDX-License-Identifier: MIT
# A set of rotated files, and a trace without its end, through every command.
. t/lib.sh
need_command import info verify sql export cache report
need gzip

# rows enough for several chunks, hence files
skewed_lis 200000 >a.lis
pugmark import a.lis -o one.db >/dev/null
ok 'a set is written' pugmark import a.lis -o set.db --rotate 4K
is 'of several files' "$(ls set.*.db | awk 'END { print (NR > 2) }')" 1
is 'with nothing beside them' "$(ls set.*)" "$(ls set.000?.db)"

# both COMMAND..: the same answer from the file and the set, but for their names
both() {
	"$@" one.db >one.txt 2>&1
	one=$?
	"$@" set.db >two.txt 2>&1
	two=$?
	sed 's/set\.db/one.db/g; s/"chunks":[0-9]*,"stored_bytes":[0-9]*//' two.txt >both.txt
	sed 's/"chunks":[0-9]*,"stored_bytes":[0-9]*//' one.txt >file.txt
	is "$* ends alike for a set" $two $one
	same 'with the same answer' file.txt both.txt
}
both pugmark info --json
both pugmark info --characterise --json
both pugmark verify
both pugmark cache --policy lru,min --json
both pugmark cache --curve --json
both pugmark export -f csv
both pugmark export -f oracle-general
for report in rate popularity; do
	pugmark report one.db $report >one.txt
	pugmark report set.db $report >two.txt
	same "report $report is the same for a set" one.txt two.txt
done
for sql in 'SELECT count(*), min(ts_ns), max(ts_ns), sum(obj) FROM object' \
	'SELECT * FROM object WHERE ts_ns BETWEEN 100000000000 AND 100005000000 OR obj = 7' \
	'SELECT sum(events) FROM event_hist(0, 0, 1000000000)' 'SELECT * FROM account' 'SELECT kind, digest FROM stream'; do
	is "sql sees all files: $sql" "$(pugmark sql set.db "$sql")" "$(pugmark sql one.db "$sql")"
done
ok 'a name without its ending is enough' pugmark verify set
is 'one member alone is a part' "$(pugmark sql -n set.0001.db 'SELECT count(*) < 200000 FROM object')" 1

mv set.0002.db away
for command in 'info' 'verify' 'sql -n' 'export -f csv' 'cache'; do
	# shellcheck disable=SC2086
	exits 66 "a missing member is told by $command" pugmark $command set.db
	like 'by name' "$(err)" 'set\.0002\.db: is missing, but set\.0003\.db is there'
done
mv away set.0002.db

exits 73 'a file is not made beside a set of its name' pugmark import a.lis -o set.db
like 'which is named' "$(err)" 'set\.0001\.db: exists already: a set of the same name; --force replaces it'
exits 73 'nor a set beside a file' pugmark import a.lis -o one.db --rotate 4K
ok '--force replaces a set by a file' pugmark import a.lis -o set.db --force
is 'wholly' "$(ls set.*)" 'set.db'
ok '--force replaces a file by a set' pugmark import a.lis -o set.db --force --rotate 4K
is 'wholly, too' "$(ls set.db 2>/dev/null)" ''

# an import that waits in the middle of its input
mkfifo pipe messages
pugmark import --verbose pipe -o live.db >/dev/null 2>messages &
pid=$!
exec 4<messages 3>pipe
head -n 150000 a.lis >&3
read -r _ <&4
for command in info 'verify' 'sql -n live.db SELECT(1)' 'export -f csv' 'cache --policy lru' 'report live.db rate'; do
	case $command in *live.db*) ;; *) command="$command live.db" ;; esac
	# shellcheck disable=SC2086
	ok "a trace that is being written can be read: $command" pugmark $command
	like 'which is told' "$(out; err)" 'NOT SEALED'
done
exits 73 'nobody else writes it' pugmark import a.lis -o live.db
is 'whatever its input' "$(err)" 'pugmark import: live.db: another process is writing it'
exits 73 'not with --force' pugmark import a.lis -o live.db --force
like 'for the same reason' "$(err)" 'another process is writing it'
cp live.db alone.db
exits 65 'a copy without its -wal is no trace' pugmark info alone.db
is 'which is told' "$(err)" \
	'pugmark info: alone.db: its tables are missing: was it copied without its -wal file?'
kill -9 $pid
exec 3>&- 4<&-
wait $pid 2>/dev/null
ok 'what a killed writer left can be read' pugmark verify live.db
ok 'and be replaced' pugmark import a.lis -o live.db --force
is 'leaving one file' "$(ls live.*)" live.db
done_testing
