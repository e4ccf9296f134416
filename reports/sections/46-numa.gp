# SPDX-License-Identifier: MIT
# Columns: time_ppm walking_ppm cycles_a_walk .. A line is a design: a bar of its run time, or without run times of
# the cycles of a walk.
set xlabel ""
set yrange [0:*]
set boxwidth 0.6
set style fill solid 1 noborder
set grid noxtics
set key off
n = int(series)
set xrange [-0.6:n - 0.4]
set xtics ("" 0) scale 0 noenhanced
if (n > 5) { set xtics rotate by -30 }
do for [i = 0:n - 1] { set xtics add (value("name_".i) i) }
if (real(most_time_ppm) > 0) {
	set ylabel "run time over that with local tables, %"
	plot for [i = 0:n - 1] $data index i skip 1 using (i):($1 / 1e4) with boxes linecolor rgb colour(0) notitle, \
		100 with lines linewidth 1 dashtype 2 linecolor rgb "#010203" notitle
} else {
	set ylabel "cycles of a walk (mean)"
	plot for [i = 0:n - 1] $data index i skip 1 using (i):3 with boxes linecolor rgb colour(0) notitle
}
