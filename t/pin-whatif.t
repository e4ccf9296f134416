#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark pin --fault-rate: the tail law through the command.
. t/lib.sh
need_command pin

disk=$ROOT/datasets/nvme.db nic=$ROOT/datasets/nic.db
rows() { # FILE
	tr '{' '\n' <"$1" | grep '"latency_ns"'
}
of() { # FILE FAULTS_PER_DAY QUANTILE_PPM KEY
	rows "$1" | grep "\"faults_per_day\":$2,.*\"quantile_ppm\":$3," | json_numbers "$4"
}
limit() { # FILE QUANTILE_PPM KEY
	tr '{' '\n' <"$1" | grep "\"quantile_ppm\":$2,.*\"rise_ppm\"" | json_numbers "$3"
}
between() { # SENTENCE N LEAST MOST
	is "$1" "$(awk -v n="$2" -v a="$3" -v b="$4" 'BEGIN { print (n >= a && n <= b) ? "between" : n }')" between
}

# one profile, both published knees
pugmark pin "$disk" --fault-rate 0,1,2,5,10/s --json >tail.json
is 'five rates by four quantiles' "$(rows tail.json | wc -l)" 20
is 'no fault is no change, to the ns' "$(rows tail.json | head -n 4 |
	awk -F '[:,]' '{ for (i = 1; i < NF; i++) { if ($i ~ /base_ns/) b = $(i + 1); if ($i ~ /latency_ns/) l = $(i + 1) } bad += b != l }
		END { print bad + 0 }')" 0
between 'P99.9 stays at 1/s' "$(of tail.json 86400 999000 change_ppm)" 0 30000
between 'and below 10 % at 5/s' "$(of tail.json 432000 999000 change_ppm)" 0 99999
between 'and rises at 10/s' "$(of tail.json 864000 999000 change_ppm)" 100000 1000000
between 'P99.99 rises at 1/s' "$(of tail.json 86400 999900 change_ppm)" 100000 1000000
between 'the limit of P99.9 lies between' "$(limit tail.json 999000 keeps_per_day)" 432000 863999
is 'a fault more a day breaks it' "$(limit tail.json 999000 breaks_per_day)" \
	"$(($(limit tail.json 999000 keeps_per_day) + 1))"
between 'that of P99.99 below 1/s' "$(limit tail.json 999900 breaks_per_day)" 43200 86400
kept=$(limit tail.json 999000 keeps_per_day)
pugmark pin "$disk" --fault-rate "$kept/day,$((kept + 1))/day" --json >edge.json
between 'at that rate it is kept' "$(of edge.json "$kept" 999000 change_ppm)" 0 100000
between 'at the next it is not' "$(of edge.json "$((kept + 1))" 999000 change_ppm)" 100000 101000

# constant times: a fault of 200 us, a request of 100 us
cat >plain.ini <<'END'
[iopf]
detect = 0ns
report = 200us
irq = 0ns
sched = 0ns
map = 0ns
update = 0ns
resume = 0ns
[memory]
ssd_read = 0ns
[block]
service = 100us
END
# P(wait > 10 us) = 1 - exp(-f 190 us) = 0.001 at f = 454,964.7 a day
pugmark pin "$disk" --fault-rate 1/s --design plain.ini --json >plain.json
is 'the rate is that of the closed form' \
	"$(limit plain.json 999000 keeps_per_day) $(limit plain.json 999000 breaks_per_day)" '454964 454965'
# 1 - exp(-f (200 us - w)) = 0.0001 at f = 1/s: w = 200 us - 100.005 us
is 'so is the quantile' "$(of plain.json 86400 999900 latency_ns)" 199995
pugmark pin "$disk" --fault-rate 5/s --design plain.ini --set block.servers=1000 --json >served.json
between 'a simulation agrees where both can answer' "$(limit served.json 999000 keeps_per_day)" 440000 470000

# what hides a stall
pugmark pin "$disk" --fault-rate 1/s --json --set block.arrivals=closed >closed.json
is 'the arrival model is told' "$(json_text arrivals <closed.json)" closed
between 'a closed loop of one hides what an open one shows' \
	"$(of closed.json 86400 999900 change_ppm)" 0 90000
pugmark pin "$disk" --fault-rate 1/s --json --set block.arrivals=closed --set block.depth=32 \
	--set block.think=6300us >deep.json
between 'one of 32 that think in between does not' "$(of deep.json 86400 999900 change_ppm)" 100000 2000000
ok 'a base of 2 ms' pugmark pin "$disk" --fault-rate 10/s --set 'block.service=p50 200us p99.99 2ms'
like 'makes stalls invisible, and it says so' "$(out)" 'P99\.99 .*invisible: without faults it is slower than a stall'
like 'with its limit' "$(out)" '^P99\.9 of block I/O hides faults'

# a NIC
pugmark pin "$nic" --fault-rate 0,10/s --json --design plain.ini >nic.json
is 'a NIC has rows of its own' "$(tr '{' '\n' <nic.json | grep -c drops_per_day)" 2
is 'no fault closes no ring' "$(json_numbers gap_ns <nic.json | head -n 1)" 0
between 'faults of 200 us close it for as long, or twice' "$(json_numbers gap_ns <nic.json | tail -n 1)" 200000 1000000

# limits as goals
exits 0 'a limit that all rates keep is a yes' pugmark pin "$disk" --fault-rate 5/s --goal 'block.p999<=+10%'
exits 1 'one that a rate breaks is a no' pugmark pin "$disk" --fault-rate 5,10/s --goal 'block.p999<=+10%'
exits 1 'so is one below the base' pugmark pin "$disk" --fault-rate 0/s --goal 'block.p999<=100us'
like 'as it says' "$(out)" 'above the limit without any fault'
exits 64 'others are no limits here' pugmark pin "$disk" --fault-rate 5/s --goal 'iopf<=1'
exits 64 'a rate has a unit' pugmark pin "$disk" --fault-rate 1,5
exits 64 'nothing is replayed, so nothing is stored' pugmark pin "$disk" --fault-rate 1/s --results r.db
exits 1 'a backend that never faults has no answer' pugmark pin "$disk" --fault-rate 1/s --backend static
exits 64 'an unknown backend is refused' pugmark pin "$disk" --fault-rate 1/s --backend vpir
like 'with the nearest name' "$(err)" "did you mean 'vpri'"

is 'a backend brings its own times' \
	"$(pugmark pin "$disk" --backend pri --assumptions --policy none --cpu cold | grep '^tlb_invalidate')" \
	"$(pugmark pin "$disk" --set iopf.backend=pri --assumptions --policy none --cpu cold | grep '^tlb_invalidate')"
like 'not those of another' "$(pugmark pin "$disk" --backend pri --assumptions --policy none --cpu cold)" \
	'tlb_invalidate = p50 2us p99 8us'
if command -v gnuplot >/dev/null; then
	ok 'latencies are drawn by rate' pugmark pin "$disk" --fault-rate 0,1,2,5,10/s --plot tail.svg
	like 'with the names of quantiles' "$(cat tail.svg)" 'P99\.99'
else
	skip 'latencies are drawn by rate' 'gnuplot is not installed'
fi
done_testing
