# SPDX-License-Identifier: MIT
# Columns: size_pages misses.
set xlabel "cache size, pages"
set ylabel "misses in the trace"
set format y decades
set yrange [0:*]
n = int(series)
plot for [i = 0:n - 1] $data index i using 1:2 with steps linewidth 2 linecolor rgb colour(i) title columnheader(1)
