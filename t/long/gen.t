#!/bin/sh
# SPDX-License-Identifier: MIT
# The production profiles whole, on seeds they were not calibrated on, judged by the product's own
# reclaim and policies: the published shape without pinning, and what at-risk leaves of it. Its
# parameters were checked on seed 3 of profile production alone (policies/at-risk.md), the other
# generator never. Faults of lru are only told. A day takes about 40 s of CPU; SEEDS=11 is quicker.
. t/lib.sh
need_command gen info pin

seeds=${SEEDS:-11 12 13 14 15}

# one line a row: POLICY OVERCOMMIT CLASS IOPF MAX_1S PINNED
rows() {
	grep '"policy"' | grep '"cpu":"trace"' | awk '
	function value(key) {
		match($0, "\"" key "\":\"?[^,\"}]*")
		text = substr($0, RSTART, RLENGTH)
		sub(/.*:"?/, "", text)
		return text
	}
	{ print value("policy"), value("overcommit_ppm") / 10000, value("device_class"), value("iopf"),
		value("iopf_max_1s"), value("pinned_mean_ppm") }'
}
# get POLICY OVERCOMMIT CLASS FIELD
get() {
	awk -v p="$1" -v o="$2" -v c="$3" -v f="$4" '$1 == p && $2 == o && $3 == c { print $f }' rows
}
shape() {
	grep "\"class\":\"$1\"" shape.json | grep -oE "\"$2\":[0-9]+" | sed 's/.*://'
}
# between SENTENCE LEAST VALUE MOST, as decimals
between() {
	if awk -v a="$2" -v v="$3" -v b="$4" 'BEGIN { exit !(v != "" && a <= v + 0 && v + 0 <= b) }'; then
		pass "$1"
	else
		fail "$1" "expected $2 .. $4, got '$3'"
	fi
}
# ratio_told A B: A / B as words, also where nothing is left
ratio_told() {
	awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f times\n", a / b; else print a " against no faults" }'
}
# ratio A B: A / B, or nothing
ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.4f\n", a / b }'
}

for profile in production production-stat; do
	for seed in $seeds; do
		it="$profile, seed $seed"
		ok "$it is made" pugmark gen $profile -o t.db --seed "$seed" --force
		pugmark info t.db --characterise --json >shape.json
		between "$it: most block pages are visited more than twice" 700000 "$(shape nvme more_than_twice_ppm)" 1000000
		between "$it: the NIC footprint is there within 30 min" 0 "$(shape nic window_late_ppm)" 49999
		between "$it: the block footprint still grows" 200000 "$(shape nvme window_late_ppm)" 1000000
		pugmark pin t.db --policy none,at-risk --budget 5.2% --overcommit 10%,20%,30% --json | rows >rows
		pugmark pin t.db --policy lru --budget 5.2% --overcommit 20% --json | rows >>rows
		for over in 10 20 30; do
			nic=$(get none $over nic 4) block=$(get none $over block 4)
			at="$it at $over %"
			between "$at: block and NIC faults are about 2:1" 1.5 "$(ratio "$block" "$nic")" 2.7
			between "$at: about 3,000 a day at most" 41 "$((nic + block))" 3100
			between "$at: more than 20 in the worst second" 21 "$(get none $over total 5)" 1000
			between "$at: at-risk leaves 5 % of the NIC's" 0 "$(ratio "$(get at-risk $over nic 4)" "$nic")" 0.05
			between "$at: and half of the disk's" 0 "$(ratio "$(get at-risk $over block 4)" "$block")" 0.5
			between "$at: within 5.2 % of memory" 0 "$(get at-risk $over total 6)" 52000
			diag "$at: at-risk leaves $(ratio "$(get at-risk $over nic 4)" "$nic") of the NIC's (aim 0.01)" \
				"and $(ratio "$(get at-risk $over block 4)" "$block") of the disk's"
		done
		diag "$it at 20 %: lru has $(ratio_told "$(get lru 20 nic 4)" "$(get at-risk 20 nic 4)") (NIC) and" \
			"$(ratio_told "$(get lru 20 block 4)" "$(get at-risk 20 block 4)") (block) the faults of at-risk;" \
			"published, of other traces: 6.28 and 10.56 (calibrated: the profiles are ours)"
	done
done
done_testing
