# SPDX-License-Identifier: MIT
# Requests/s and latency by what varies: $data has one block a design (name, then x, thousand
# requests/s, mean and P99 in us a point). Variables: title, xlabel, series (how many designs).
set title title noenhanced
set xlabel xlabel
set ylabel "thousand requests/s"
set y2label "latency, us"
set logscale x
set logscale y2
set format x "%g"
set format y2 "%g"
set yrange [0:*]
set ytics nomirror
set y2tics
set grid
set key outside right top Left reverse samplen 2 noenhanced
plot for [i = 0:int(series) - 1] $data index i using 1:2 with linespoints linewidth 2 \
	linecolor i + 1 pointtype 7 pointsize 0.6 title columnheader(1), \
	for [i = 0:int(series) - 1] $data index i using 1:3 axes x1y2 with lines \
	linecolor i + 1 dashtype 2 title columnheader(1)." mean", \
	for [i = 0:int(series) - 1] $data index i using 1:4 axes x1y2 with lines \
	linecolor i + 1 dashtype 3 title columnheader(1)." P99"
