# SPDX-License-Identifier: MIT
# Miss ratio by cache size: column 1 of $data is pages, each further column one policy, the first
# row their names. Variables: title, series (how many policies).
set title title noenhanced
set xlabel "cache size, pages"
set ylabel "misses, %"
set format x "%.0f"
set logscale x
set yrange [0:*]
set grid
set key outside right noenhanced autotitle columnheader
plot for [i = 2:int(series) + 1] $data using 1:i with linespoints linewidth 2 pointsize 0.6
