# SPDX-License-Identifier: MIT
# Touches by rank, both axes logarithmic: $data = kind rank pfn touches.
set title title noenhanced
set xlabel "rank of the page"
set ylabel "touches"
set logscale xy 2
set grid
set key outside below
kinds = ""
stats $data using (kinds = (strstrt(kinds." ", " ".strcol(1)." ") == 0) ? kinds." ".strcol(1) : kinds, 0) nooutput
plot for [k in kinds] $data using 2:(strcol(1) eq k ? $4 : NaN) with linespoints linewidth 2 title k
