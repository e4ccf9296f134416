# SPDX-License-Identifier: MIT
# Columns: returned_bytes iopf .. Series: the front, the rest.
unit = unit_of(real(most_returned_bytes))
set xlabel "given back, ".unit_name(real(most_returned_bytes))
set ylabel "I/O page faults in the trace"
set logscale y
set format y decades
if (real(least_iopf) < 1) {
	set yrange [0.5:10 < *]
	set ytics add ("0" 0.5)
}
set offsets 0, graph 0.02, 0, 0
n = int(series)
plot $data index 0 using ($1 / unit):(at_least($2)) with linespoints linewidth 2 pointtype 7 pointsize 0.7 \
		linecolor rgb colour(0) title columnheader(1), \
	for [i = 1:n - 1] $data index i using ($1 / unit):(at_least($2)) with points pointtype 6 pointsize 0.6 \
		linecolor rgb "#010203" title columnheader(1)
