#!/bin/sh
# SPDX-License-Identifier: MIT
# The small scripts behind make: benchmark merging, corpus replay.
. t/lib.sh

# bench-merge
echo '{"rate": {"encode_rows_per_s": 24500000}, "rows":[{"n": 1},{"n": -2}], "note": "a 3, \"4\""}' >bench-store.json
echo '{"cpu_ns":12}' >cache.json
ok 'benchmark results are merged' "$ROOT/scripts/bench-merge" all.json bench-store.json cache.json
is 'their numbers are a table' "$(out | tr -s ' ' | tr '\n' ';')" \
	'store.rate.encode_rows_per_s 24500000;store.rows.0.n 1;store.rows.1.n -2;cache.cpu_ns 12;'
is 'one object with a member per benchmark' "$(tr -d ' \n' <all.json)" \
	'{"store":{"rate":{"encode_rows_per_s":24500000},"rows":[{"n":1},{"n":-2}],"note":"a3,\"4\""},"cache":{"cpu_ns":12}}'
echo '{"cpu_ns":' >cache.json
exits 65 'half a benchmark result is refused' "$ROOT/scripts/bench-merge" bad.json cache.json
is 'and no merged file is left' "$(ls bad.json* 2>/dev/null)" ''

# fuzz-main: a target that dies on "bang" and accepts the rest
cat >fuzz-toy.c <<'EOC'
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size >= 4 && !memcmp(data, "bang", 4))
		abort();
	return 0;
}
EOC
ok 'a fuzz target links with the replayer' \
	"${CC:-gcc}" -w -D_GNU_SOURCE -I"$ROOT" -o fuzz-toy fuzz-toy.c "$ROOT/t/fuzz-main.c"
mkdir -p t/corpus/toy/deeper
exits 1 'an empty corpus is no success' ./fuzz-toy
echo a >t/corpus/toy/a && : >t/corpus/toy/empty && echo b >t/corpus/toy/deeper/b
ok 'a corpus is replayed' ./fuzz-toy
is 'with one line of TAP' "$(out)" "$(printf 'ok 1 - corpus of toy: 3 inputs replayed\n1..1')"
echo bang >t/corpus/toy/b1 && echo bangbang >t/corpus/toy/b2
exits 1 'an input that kills the parser fails the target' ./fuzz-toy
like 'its name and signal are told' "$(out)" '^# t/corpus/toy/b1: killed by signal 6$'
like 'the others still run' "$(out)" '^not ok 1 - corpus of toy: 5 inputs replayed, 2 of them fatal$'
ok 'one file can be replayed' ./fuzz-toy t/corpus/toy/a
exits 1 'a file that is not there fails' ./fuzz-toy t/corpus/toy/nosuch
done_testing
