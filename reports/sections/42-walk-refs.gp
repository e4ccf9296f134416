# SPDX-License-Identifier: MIT
# Columns: refs share_ppm walks.
set xlabel "references to tables of a walk"
set ylabel "walks, %"
set xrange [0:*]
set yrange [0:*]
n = int(series)
plot for [i = 0:n - 1] $data index i using 1:($2 / 1e4) with linespoints linewidth 2 pointtype 7 pointsize 0.6 \
	linecolor rgb colour(i) title columnheader(1)
