# SPDX-License-Identifier: MIT
# Columns: returned_bytes p9999_ns .. A line is a design: a point.
unit = unit_of(real(most_returned_bytes))
time = time_of(real(most_p9999_ns))
set xlabel "given back, ".unit_name(real(most_returned_bytes))
set ylabel "P99.99 of block I/O, ".time_name(real(most_p9999_ns))
set logscale y
set offsets graph 0.03, graph 0.03, graph 0.05, graph 0.05
n = int(series)
plot for [i = 0:n - 1] $data index i using ($1 / unit):($2 / time) with points pointtype 7 pointsize 1 \
		linecolor rgb colour(i) title columnheader(1)
