# SPDX-License-Identifier: MIT
# Columns: pinned_bytes iopf cpu_major ..
unit = unit_of(real(most_pinned_bytes))
set xlabel "pinned (mean), ".unit_name(real(most_pinned_bytes))
set ylabel "faults in the trace"
set logscale y
set format y decades
set xrange [0:*]
set offsets 0, graph 0.02, 0, 0
if (real(least_iopf) < 1 || real(least_cpu_major) < 1) {
	set yrange [0.5:10 < *]
	set ytics add ("0" 0.5)
}
n = int(series)
plot for [i = 0:n - 1] $data index i using ($1 / unit):(at_least($2)) with linespoints linewidth 2 pointtype 7 \
		pointsize 0.6 linecolor rgb colour(i) title columnheader(1), \
	for [i = 0:n - 1] $data index i using ($1 / unit):(at_least($3)) with linespoints linewidth 1 dashtype 2 \
		pointtype 6 pointsize 0.6 linecolor rgb colour(i) notitle, \
	NaN with linespoints linewidth 2 pointtype 7 pointsize 0.6 linecolor rgb "#010203" title "IOPF", \
	NaN with linespoints linewidth 1 dashtype 2 pointtype 6 pointsize 0.6 linecolor rgb "#010203" title "guest CPU"
