# SPDX-License-Identifier: MIT
# Columns: iops mean_ns p50_ns p99_ns ..
set xlabel "requests a second"
set logscale y
set format y decades
set xrange [0:*]
set offsets 0, graph 0.02, 0, 0
set format x decades
scale = time_of(real(most_p99_ns))
set ylabel "latency, ".time_name(real(most_p99_ns))
n = int(series)
plot for [i = 0:n - 1] $data index i using 1:($4 / scale) with linespoints linewidth 2 pointtype 7 pointsize 0.6 \
		linecolor rgb colour(i) title columnheader(1), \
	for [i = 0:n - 1] $data index i using 1:($2 / scale) with linespoints linewidth 1 dashtype 2 pointtype 6 pointsize 0.6 \
		linecolor rgb colour(i) notitle, \
	NaN with linespoints linewidth 2 pointtype 7 pointsize 0.6 linecolor rgb "#010203" title "P99", \
	NaN with linespoints linewidth 1 dashtype 2 pointtype 6 pointsize 0.6 linecolor rgb "#010203" title "mean"
