# SPDX-License-Identifier: MIT
# Columns: tau_ns refaults refaults_per_day low high reclaimable_bytes active_bytes.
set logscale xy
set format y decades
set yrange [0.5:*]
unset rmargin
set xlabel "age at which a page is reclaimed (tau), s"
set ylabel "I/O page faults a day"
set y2label "reclaimable, ".unit_name(real(most_reclaimable_bytes))
set y2range [0:*]
set y2tics textcolor rgb "#010203"
set border 11
unit = unit_of(real(most_reclaimable_bytes))
n = int(series)
plot $data index 0 using ($1 / 1e9):($4 > 0.5 ? $4 : 0.5):($5 > 0 ? $5 : NaN) with filledcurves fillstyle transparent solid 0.15 noborder \
		linecolor rgb colour(0) notitle, \
	for [i = 1:n - 1] $data index i using ($1 / 1e9):($3 > 0 ? $3 : NaN) with linespoints linewidth 1 \
		pointtype 6 pointsize 0.6 linecolor rgb colour(i) title columnheader(1), \
	$data index 0 using ($1 / 1e9):($3 > 0 ? $3 : NaN) with linespoints linewidth 2 \
		pointtype 7 pointsize 0.5 linecolor rgb colour(0) title columnheader(1), \
	$data index 0 using ($1 / 1e9):($6 / unit) axes x1y2 with lines linewidth 2 dashtype 2 \
		linecolor rgb colour(7) title "reclaimable"
