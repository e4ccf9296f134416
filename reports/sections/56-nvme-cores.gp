# SPDX-License-Identifier: MIT
# Columns: busy_ppm spin_ppm. A line is a core: a bar of its time, polling upon work.
set ylabel "time of the core, %"
set xlabel ""
set yrange [0:100]
set boxwidth 0.6
set style fill solid 1 noborder
set grid noxtics
n = int(series)
set xrange [-0.6:n - 0.4]
set xtics ("" 0) scale 0 noenhanced
if (n > 3) { set xtics rotate by -30 }
# names of many cores would stand upon each other
do for [i = 0:n - 1] { if (i % (1 + n / 24) == 0) { set xtics add (value("name_".i) i) } }
plot for [i = 0:n - 1] $data index i skip 1 using (i):(($1 + $2) / 1e4) with boxes linecolor rgb colour(1) notitle, \
	for [i = 0:n - 1] $data index i skip 1 using (i):($1 / 1e4) with boxes linecolor rgb colour(0) notitle, \
	NaN with boxes linecolor rgb colour(0) title "at work", \
	NaN with boxes linecolor rgb colour(1) title "polling"
