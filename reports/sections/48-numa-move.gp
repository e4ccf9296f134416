# SPDX-License-Identifier: MIT
# Columns: sample throughput_ppm.
set xlabel "sample (step of the move)"
set ylabel "throughput, % of before"
set yrange [0:110]
n = int(series)
plot for [i = 0:n - 1] $data index i using 1:($2 / 1e4) with lines linewidth 2 dashtype i + 1 linecolor rgb colour(i) title columnheader(1), \
	100 with lines linewidth 1 dashtype 2 linecolor rgb "#010203" notitle
