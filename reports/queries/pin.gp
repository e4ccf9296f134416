# SPDX-License-Identifier: MIT
# Faults by pinned share: $data has one block a policy (name, then pinned %, IOPF, CPU faults a
# budget). No fault is drawn at 0.5. Variables: title, series (how many policies).
set title title noenhanced
set xlabel "pinned, % of the VM (mean)"
set ylabel "faults (0 at the foot)"
set logscale y
set yrange [0.5:*]
set grid
set key outside right noenhanced
atleast(v) = v > 0.5 ? v : 0.5
plot for [i = 0:int(series) - 1] $data index i using 1:(atleast($2)) with linespoints linewidth 2 \
	linecolor i + 1 pointtype 7 pointsize 0.6 title columnheader(1)." IOPF", \
	for [i = 0:int(series) - 1] $data index i using 1:(atleast($3)) with linespoints \
	linecolor i + 1 dashtype 2 pointtype 6 pointsize 0.6 title columnheader(1)." CPU"
