# SPDX-License-Identifier: MIT
# Faults and memory of one configuration over time: three panels. $data: time, IOPF in the worst
# second of each class (nic, block, other), major faults of the CPU per second, MiB resident, MiB
# pinned, one row a bin. Variables: title, xlabel, to (end of the axis), limit (MiB), vm (MiB),
# columns and names of the classes that have devices ("2 3", "nic block").
set grid
set lmargin 11
set rmargin 17
set key outside right top Left reverse samplen 1.5 noenhanced
set xrange [0:real(to)]
set yrange [0:*]
set multiplot layout 3, 1 title title noenhanced
set ylabel "IOPF, worst 1 s"
set format x ""
plot for [i = 1:words(columns)] $data using 1:(column(int(word(columns, i)))) with steps \
	linewidth 1.5 linecolor i title word(names, i)
set ylabel "CPU major faults/s"
plot $data using 1:5 with steps linewidth 1.5 linecolor 4 title "guest CPU"
set ylabel "MiB"
set format x
set xlabel xlabel
plot $data using 1:6 with steps linewidth 1.5 linecolor 6 title "in memory", \
	$data using 1:7 with steps linewidth 1.5 linecolor 7 title "pinned", \
	real(limit) with lines dashtype 2 linecolor "black" title "limit", \
	real(vm) with lines dashtype 3 linecolor "gray40" title "VM"
unset multiplot
