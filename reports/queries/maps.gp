# SPDX-License-Identifier: MIT
# Mappings per second over time: $data = second maps pages bytes. No lines: a second without
# mappings has no row. Variables: seconds (length of a row).
set title "Mappings per second of trace time"
set xlabel "time [s]"
set ylabel "mappings/s"
set xrange [0:*]
set yrange [0:*]
set grid
set key off
set boxwidth real(seconds) absolute
set style fill solid noborder
plot $data using ($1 + real(seconds) / 2):2 with boxes
