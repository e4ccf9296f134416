# SPDX-License-Identifier: MIT
# Latency by fault rate: columns of $data are faults/s, then P50, P99, P99.9, P99.99 in us. Variable: title.
set title title noenhanced
set xlabel "I/O page faults a second"
set ylabel "latency, us"
set logscale y
set grid
set key outside right noenhanced
plot $data using 1:5 with linespoints linewidth 2 pointtype 7 pointsize 0.6 title "P99.99", \
     $data using 1:4 with linespoints linewidth 2 pointtype 7 pointsize 0.6 title "P99.9", \
     $data using 1:3 with linespoints pointtype 7 pointsize 0.6 title "P99", \
     $data using 1:2 with linespoints pointtype 7 pointsize 0.6 title "P50"
