# SPDX-License-Identifier: MIT
# Faults by pinned share: $data has one block a policy (name, then pinned %, IOPF, CPU faults a
# budget). Where a count is 0 it is drawn at 0.5, on a tic of its own. Variables: title, series (how
# many policies), has_zero, during (length of the trace), most (pinned %).
set title title noenhanced
set xlabel "pinned, % of the VM (mean)"
set ylabel "faults in ".during
set logscale y
set format y "%g"
most = real(most)
step = 10. ** floor(log10(most))
step = most < 2 * step ? step / 5 : most < 5 * step ? step / 2 : step
set xrange [-0.03 * most:1.03 * most]
set xtics 0, step
set grid
set key outside right top Left reverse samplen 2 noenhanced
if (int(has_zero)) {
	set yrange [0.5:10 < *]
	set ytics add ("0" 0.5)
} else {
	set yrange [*:*]
}
atleast(v) = v > 0.5 ? v : 0.5
plot for [i = 0:int(series) - 1] $data index i using 1:(atleast($2)) with linespoints linewidth 2 \
	linecolor i + 1 pointtype 7 pointsize 0.7 title columnheader(1)." IOPF", \
	for [i = 0:int(series) - 1] $data index i using 1:(atleast($3)) with linespoints \
	linecolor i + 1 dashtype 2 pointtype 6 pointsize 0.7 title columnheader(1)." CPU"
