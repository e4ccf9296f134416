# SPDX-License-Identifier: MIT
# The time of each host core: $data has a row a core, its name, % busy and % spinning. Variable: title.
set title title noenhanced
set ylabel "time of the core, %"
set style data histograms
set style histogram rowstacked
set style fill solid 0.8 border -1
set boxwidth 0.7
set yrange [0:100]
set xtics rotate by -30 noenhanced
set grid ytics
set key outside right top Left reverse samplen 1
plot $data using 2:xtic(1) title "busy", $data using 3 title "spins"
