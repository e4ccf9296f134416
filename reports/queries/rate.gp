# SPDX-License-Identifier: MIT
# Events per second over time, bars of the streams side by side: $data = kind second events bytes.
# No lines: a second without events has no row. Variables: seconds (length of a row).
set title "Events per second of trace time, by stream"
set xlabel "time [s]"
set ylabel "events/s"
set xrange [0:*]
set yrange [0:*]
set grid
set key outside below
kinds = ""
stats $data using (kinds = (strstrt(kinds." ", " ".strcol(1)." ") == 0) ? kinds." ".strcol(1) : kinds, 0) nooutput
width = real(seconds) / words(kinds)
set boxwidth width absolute
set style fill solid noborder
plot for [i = 1:words(kinds)] $data using ($2 + width * (i - 0.5)):(strcol(1) eq word(kinds, i) ? $3 : NaN) \
	with boxes title word(kinds, i)
