#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark verify finds what was changed, whatever it was.
. t/lib.sh
need_command import verify
need sqlite3

skewed_lis 3000 >a.lis
pugmark import a.lis -o good.db >/dev/null
pugmark import a.lis -o set.db --rotate 4K >/dev/null

ok 'a trace as it was written is whole' pugmark verify good.db
is 'the verdict counts' "$(out)" 'good.db: OK: 3,000 events in 1 stream, 0 findings'
ok '--quiet says nothing of it' pugmark verify --quiet good.db
is 'nothing at all' "$(out)$(err)" ''
ok 'JSON has no rows' pugmark verify --json good.db
like 'but an empty array' "$(out | tr -d '\n')" '"rows":\[\]\}$'

# damaged SENTENCE FINDING SQL: on a copy
damaged() {
	cp good.db bad.db
	sqlite3 bad.db "$3" 2>/dev/null
	exits 1 "$1" pugmark verify bad.db
	like 'the finding says what' "$(out)" "$2"
	like 'and the verdict' "$(out | tail -n 1)" '^bad\.db: DAMAGED: .* findings?$'
}
damaged 'a changed byte of a chunk is found' 'checksum' \
	"UPDATE chunk SET blob = CAST(substr(blob, 1, 200) || x'55' || substr(blob, 202) AS BLOB)"
damaged 'a chunk cut short is found' 'bad\.db' 'UPDATE chunk SET blob = CAST(substr(blob, 1, 300) AS BLOB)'
damaged 'a chunk that went is found' 'stream object: its rows hash to [0-9a-f]*, sealed as|0 rows|missing' \
	'DELETE FROM chunk'
damaged 'a changed digest is found' 'stream object: its rows hash to ' \
	"UPDATE stream SET digest = '00000000000000000000000000000000'"
damaged 'a removed digest is found' 'stream object: sealed without a digest' 'UPDATE stream SET digest = NULL'
damaged 'accounts that do not balance are found' 'account object: 3001 seen, 3000 accounted for' \
	'UPDATE account SET seen = seen + 1'
damaged 'a changed number of rows is found' 'the chunk table and the chunk disagree' 'UPDATE chunk SET n = n + 1'
ok 'its message is JSON too' sh -c 'pugmark verify bad.db --json | grep -q "{\"finding\":\""'

ok 'a set is whole' pugmark verify set.db
last=$(ls set.*.db | tail -n 1)
mv "$last" kept
exits 1 'a set without its last file is not' pugmark verify set.db
like 'which is the finding' "$(out)" 'the last file of its set is missing'
mv kept "$last"
mv set.0001.db kept
exits 66 'a set without its first file is no trace' pugmark verify set.db
mv kept set.0001.db
done_testing
