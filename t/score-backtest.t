#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark score --backtest: intervals of the first part hold in the second, and a pin map keeps its promise.
. t/lib.sh
need_command score pin gen

printf '[memory]\novercommit = 20%%\n[pin]\npolicy = none\n[iopf]\nbackend = vpri\n' >plain.ini
printf '[memory]\novercommit = 20%%\n[pin]\npolicy = at-risk\n[iopf]\nbackend = vpri\n' >risk.ini
# field FILE METRIC KEY: of a row
field() {
	tr '{' '\n' <"$1" | grep "\"metric\":\"$2\"" | sed -n "s/.*\"$3\":\"*\([^,\"}]*\).*/\1/p" | head -n 1
}
pugmark gen production -o day.db --set gen.duration=2d --set gen.memory=64M --seed 5 >/dev/null
pugmark score -q day.db --backtest --design ./plain.ini,./risk.ini --pin-map map.json --json >b.json
is 'the faults of the second half lie inside the interval' "$(field b.json iopf inside)" true
ok 'which is no wider than three times what was expected' \
	test "$(field b.json iopf high)" -lt $((3 * $(field b.json iopf predicted)))
is 'the cut of the pin map lies inside its interval' "$(field b.json cut_ppm inside)" true
ok 'and is most of the faults' test "$(field b.json cut_ppm actual)" -gt 900000
is 'the order of designs is told' "$(sed -n 's/.*"pairs_in_order":\([0-9]*\).*/\1/p' b.json)" 1
small=$ROOT/datasets/nvme.db
pugmark score -q "$small" --backtest --json >two.json
pugmark score -q "$small" --backtest --threads 1 --json >one.json
ok 'any number of threads gives the same bytes' cmp two.json one.json

pin() {
	pugmark pin -q day.db --design ./plain.ini --policy none --json "$@" |
		tr '{' '\n' | grep '"device_class":"total"' | sed -n 's/.*"policy":"\([a-z]*\)".*"iopf":\([0-9]*\).*/\1 \2/p' | sort -u
}
all=$(pin | sed -n 's/none //p')
second=$(field b.json iopf_without_map actual)
at=$(sed -n 's/.*"split_ns":\([0-9]*\).*/\1/p' b.json)
is 'pin with the map has the faults before it, and those it left' \
	"$(pin --pin-map map.json --pin-map-at "$((at / 1000))us" | sed -n 's/map //p')" \
	$((all - second + $(field b.json iopf_with_map actual)))
ok 'a map from the beginning spares the time for which it lasts' \
	test "$(pin --pin-map map.json | sed -n 's/map //p')" -lt $((all * 2 / 3))
exits 66 'a map that is not there' pugmark pin day.db --pin-map none.json
sed 's/"npages": /"npages": 9/' map.json >bad.json
exits 65 'a damaged map' pugmark pin day.db --pin-map bad.json
like 'is told by range and member' "$(pugmark pin day.db --pin-map bad.json 2>&1)" 'range .*npages'
exits 64 'a map of a larger VM' pugmark pin "$small" --pin-map map.json
exits 64 'policy map without a map' pugmark pin day.db --policy map
exits 64 'a split without a back-test' pugmark score day.db --split 30%
exits 64 'a split of nothing' pugmark score day.db --backtest --split 0%
pugmark score -q "$small" --backtest --split 25% --design ./plain.ini --json >quarter.json
is 'the split is where it was asked for' "$(sed -n 's/.*"split_ppm":\([0-9]*\).*/\1/p' quarter.json)" 250000
pugmark score -q "$small" --backtest --design ./plain.ini --results r.db >/dev/null
ok 'intervals go into a results file' test -s r.db
pugmark score -q "$ROOT/datasets/nic.db" --backtest --design vpri --json >n.json
is 'a recording that changes as it goes is outside, and that is told' "$(field n.json iopf inside)" false
done_testing
