# SPDX-License-Identifier: MIT
# Columns: guest_refs host_refs stlb_miss .. A line is a design: a bar of references a walk, host upon guest.
set ylabel "references to tables a walk (mean)"
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
plot for [i = 0:n - 1] $data index i skip 1 using (i):(($1 + $2) / $3) with boxes linecolor rgb colour(1) notitle, \
	for [i = 0:n - 1] $data index i skip 1 using (i):($1 / $3) with boxes linecolor rgb colour(0) notitle, \
	NaN with boxes linecolor rgb colour(0) title "guest tables", \
	NaN with boxes linecolor rgb colour(1) title "host tables"
