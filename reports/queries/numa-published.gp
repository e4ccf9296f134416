# SPDX-License-Identifier: MIT
# Speed-up of vMitosis for thin programs: columns of $data are a program, the published speed-up and
# ours. Variable: title.
set title title noenhanced
set ylabel "speed-up RRI / RRIM"
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.7 border -1
set yrange [0:*]
set grid ytics
set key outside right
plot $data using 2:xtic(1) title "published", "" using 3 title "ours"
