# SPDX-License-Identifier: MIT
# Latencies between CPUs as a map: columns of $data are CPU, CPU (in order of their sockets) and ns.
# Variable: title.
set title title noenhanced
set xlabel "CPU, in order of sockets"
set ylabel "CPU, in order of sockets"
set cblabel "ns"
set size ratio 1
set yrange [*:*] reverse
set key off
set palette rgbformulae 22,13,-31
plot $data using 1:2:3 with points pointtype 5 pointsize 0.4 palette
