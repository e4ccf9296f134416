# SPDX-License-Identifier: MIT
# Columns: tau_ns refaults refaults_per_day cold_bytes active_bytes.
set logscale xy
set format y decades
set yrange [0.5:*]
set xlabel "age at which a page is reclaimed (tau), s"
set ylabel "I/O page faults a day"
n = int(series)
plot for [i = 0:n - 1] $data index i using ($1 / 1e9):(at_least($3)) with linespoints linewidth 2 pointtype 7 \
	pointsize 0.5 linecolor rgb colour(i) title columnheader(1)
