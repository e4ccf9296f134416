# SPDX-License-Identifier: MIT
# The latency's tail: $data has one block a point (name, then latency in us and the share of
# requests that take longer). Variables: title, series (how many points).
set title title noenhanced
set xlabel "latency, us"
set ylabel "share of requests that take longer"
set logscale xy
set format x "%g"
set format y "%g"
set yrange [*:1]
set grid
set key outside right top Left reverse samplen 2 noenhanced
plot for [i = 0:int(series) - 1] $data index i using 1:2 with lines linewidth 2 \
	linecolor i + 1 title columnheader(1)
