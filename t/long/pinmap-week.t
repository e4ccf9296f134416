#!/bin/sh
# SPDX-License-Identifier: MIT
# The pin map of one half of a generated week cuts the other half's faults as predicted, inside the stated interval.
. t/lib.sh
need_command score gen

printf '[memory]\novercommit = 20%%\n[pin]\npolicy = none\nbudget = 5%%\n[iopf]\nbackend = vpri\n' >plain.ini
sed 's/^budget.*/budget = 1%/' plain.ini >small.ini
# field METRIC KEY: of the last back-test
field() {
	tr '{' '\n' <b.json | grep "\"metric\":\"$1\"" | sed -n "s/.*\"$2\":\"*\([^,\"}]*\).*/\1/p"
}
# Rates go with the memory: 1 GiB in the profiles, 64 MiB here.
week() {
	case $1 in
	production) pugmark gen "$1" -o w.db --set gen.duration=7d --set gen.memory=64M --seed "$2" \
		--set nic.rx_rate=4/s ;;
	*) pugmark gen "$1" -o w.db --set gen.duration=7d --set gen.memory=64M --seed "$2" \
		--set touch.rate=20/min --set disk.rate=10/min ;;
	esac >/dev/null
}
for profile in production production-stat; do
	for seed in 1 2; do
		week $profile $seed
		pugmark score -q w.db --backtest --design ./plain.ini --json >b.json
		is "$profile, seed $seed: the cut is inside [$(field cut_ppm low), $(field cut_ppm high)]" \
			"$(field cut_ppm inside)" true
		ok 'and above 90 %' test "$(field cut_ppm actual)" -gt 900000
		is 'so are the faults with the map' "$(field iopf_with_map inside)" true
		is 'and without' "$(field iopf_without_map inside)" true
		rm w.db
	done
	week $profile 3
	pugmark score -q w.db --backtest --design ./small.ini --json >b.json
	is "$profile: with a budget that is too small the cut is inside [$(field cut_ppm low), $(field cut_ppm high)]" \
		"$(field cut_ppm inside)" true
	ok 'and less than all' test "$(field cut_ppm actual)" -lt 990000
	rm w.db
done
done_testing
