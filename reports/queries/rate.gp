# SPDX-License-Identifier: MIT
# Events per second over time, one line a stream: $data = kind second events bytes.
set title title noenhanced
set xlabel "time [s]"
set ylabel "events/s"
set grid
set key outside below
kinds = ""
stats $data using (kinds = (strstrt(kinds." ", " ".strcol(1)." ") == 0) ? kinds." ".strcol(1) : kinds, 0) nooutput
plot for [k in kinds] $data using 2:(strcol(1) eq k ? $3 : NaN) with lines linewidth 2 title k
