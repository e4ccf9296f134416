# SPDX-License-Identifier: MIT
# Columns: pinned_bytes p999_ns p9999_ns nic_gap_ns p999_base_ns .. Without block devices: the longest NIC gap.
unit = unit_of(real(most_pinned_bytes))
set xlabel "pinned (mean), ".unit_name(real(most_pinned_bytes))
set xrange [0:*]
set offsets 0, graph 0.02, 0, 0
n = int(series)
if (real(most_p999_ns) > 0) {
	set logscale y
	scale = time_of(real(most_p9999_ns))
	set ylabel "block latency, ".time_name(real(most_p9999_ns))
	plot for [i = 0:n - 1] $data index i using ($1 / unit):($2 / scale) with linespoints linewidth 2 pointtype 7 \
			pointsize 0.6 linecolor rgb colour(i) title columnheader(1), \
		for [i = 0:n - 1] $data index i using ($1 / unit):($3 / scale) with linespoints linewidth 1 dashtype 2 \
			pointtype 6 pointsize 0.6 linecolor rgb colour(i) notitle, \
		real(most_p999_base_ns) / scale with lines linewidth 1 dashtype 3 linecolor rgb "#010203" title "P99.9, no fault", \
		NaN with linespoints linewidth 2 pointtype 7 pointsize 0.6 linecolor rgb "#010203" title "P99.9", \
		NaN with linespoints linewidth 1 dashtype 2 pointtype 6 pointsize 0.6 linecolor rgb "#010203" title "P99.99"
} else {
	set yrange [0:*]
	scale = time_of(real(most_nic_gap_ns))
	set ylabel "longest NIC gap, ".time_name(real(most_nic_gap_ns))
	plot for [i = 0:n - 1] $data index i using ($1 / unit):($4 > 0 ? $4 / scale : NaN) with linespoints linewidth 2 \
			pointtype 7 pointsize 0.6 linecolor rgb colour(i) title columnheader(1)
}
