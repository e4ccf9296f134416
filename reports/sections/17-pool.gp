# SPDX-License-Identifier: MIT
# Columns: returned_bytes never_touched_bytes cold_bytes forced_bytes alone_bytes .. A line is a VM: a bar.
most = real(most_alone_bytes) > real(most_returned_bytes) ? real(most_alone_bytes) : real(most_returned_bytes)
unit = unit_of(most)
set ylabel "comes back, ".unit_name(most)
set xlabel ""
set yrange [0:*]
set boxwidth 0.6
set style fill solid 1 noborder
set grid noxtics
n = int(series)
set xrange [-0.6:n - 0.4]
set xtics ("" 0) scale 0 noenhanced
if (n > 5) { set xtics rotate by -30 }
do for [i = 0:n - 1] { set xtics add (value("name_".i) i) }
plot for [i = 0:n - 1] $data index i skip 1 using (i):(($2 + $3 + $4) / unit) with boxes linecolor rgb colour(2) notitle, \
	for [i = 0:n - 1] $data index i skip 1 using (i):(($2 + $3) / unit) with boxes linecolor rgb colour(0) notitle, \
	for [i = 0:n - 1] $data index i skip 1 using (i):($2 / unit) with boxes linecolor rgb colour(1) notitle, \
	for [i = 0:n - 1] $data index i skip 1 using (i):($5 / unit) with points pointtype 6 pointsize 1 \
		linecolor rgb "#010203" notitle, \
	NaN with boxes linecolor rgb colour(1) title "never touched", \
	NaN with boxes linecolor rgb colour(0) title "cold", \
	NaN with boxes linecolor rgb colour(2) title "forced", \
	NaN with points pointtype 6 linecolor rgb "#010203" title "alone"
