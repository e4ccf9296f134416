# SPDX-License-Identifier: MIT
# Leaf entries by where guest and extended page table lie: columns of $data are the socket and its
# shares LL, LR, RL, RR in %. Variable: title.
set title title noenhanced
set xlabel "socket"
set ylabel "leaf entries, %"
set yrange [0:100]
set xtics 1
set grid ytics
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.8 noborder
set key outside right
plot $data using 2:xtic(1) title "LL", $data using 3 title "LR", $data using 4 title "RL", \
     $data using 5 title "RR"
