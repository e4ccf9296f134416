# SPDX-License-Identifier: MIT
# Fault hardware by load: $data has one block a backend (name, then requests/s, ns a second of CPU, the
# guest's for its maps under viommu included, ns added to a request). Variable: title.
set title title noenhanced
set xlabel "requests a second"
set ylabel "CPU, ns a second (viommu: the guest's maps too)"
set y2label "added to a request, ns (dashed)"
set logscale x
set logscale y
set logscale y2
set ytics nomirror
set y2tics
set grid
set key outside right noenhanced
plot for [i = 0:3] $data index i using 1:($2 > 0 ? $2 : NaN) with linespoints linewidth 2 linecolor i + 1 \
	pointtype 7 pointsize 0.5 title columnheader(1), \
	for [i = 0:3] $data index i using 1:($3 > 0 ? $3 : NaN) axes x1y2 with lines dashtype 2 \
	linecolor i + 1 notitle
