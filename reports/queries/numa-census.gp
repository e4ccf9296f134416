# SPDX-License-Identifier: MIT
# Page tables by node over time: columns of $data are s and a count for each node. Variables: title,
# nodes (how many).
set title title noenhanced
set xlabel "time, s"
set ylabel "page tables"
set yrange [0:*]
set grid
set key outside right
plot for [i = 0:int(nodes) - 1] $data using 1:(column(i + 2)) with linespoints linewidth 2 pointsize 0.6 \
	title sprintf("node %d", i)
