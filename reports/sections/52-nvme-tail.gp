# SPDX-License-Identifier: MIT
# Columns: one_in latency_ns.
set logscale xy
set xlabel "share of the requests that are not slower"
set xtics ("P50" 2, "P90" 10, "P99" 100, "P99.9" 1000, "P99.99" 10000, "P99.999" 100000)
set format y decades
scale = time_of(real(most_latency_ns))
set ylabel "latency, ".time_name(real(most_latency_ns))
n = int(series)
plot for [i = 0:n - 1] $data index i using 1:($2 / scale) with linespoints linewidth 2 pointtype 7 pointsize 0.6 \
	linecolor rgb colour(i) title columnheader(1)
