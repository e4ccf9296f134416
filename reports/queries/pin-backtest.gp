# SPDX-License-Identifier: MIT
# Faults by time, recorded and predicted: one panel a class. $data: seconds, then for each class the
# recorded and the predicted faults per second. Variables: title, classes (names in the order of the
# columns), panels (how many).
set grid
set yrange [0:*]
set style fill transparent solid 0.35 noborder
set key top right noenhanced
set lmargin 9
set ylabel "faults/s"
set multiplot layout int(panels), 1 title title noenhanced
do for [i = 1:int(panels)] {
	if (i == int(panels)) { set xlabel "s from the start of the trace" }
	plot $data using 1:2 * i with fillsteps linecolor 1 notitle, \
		$data using 1:2 * i with steps linecolor 1 title word(classes, i).", recorded", \
		$data using 1:2 * i + 1 with steps linecolor 2 linewidth 2 title word(classes, i).", predicted"
}
unset multiplot
