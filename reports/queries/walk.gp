# SPDX-License-Identifier: MIT
# References of page walks, stacked: column 1 of $data is the design, then guest and host references
# of each level from 1 (leaf tables of 4 KiB pages) up, of 1,000 accesses; the first row has their
# names. Variables: title, series (how many columns follow the first).
set title title noenhanced
set ylabel "references of 1,000 accesses"
set style data histograms
set style histogram rowstacked
set style fill solid 0.8 border -1
set boxwidth 0.7
set yrange [0:*]
set grid ytics
set key outside right noenhanced autotitle columnheader
set xtics noenhanced rotate by -20
plot for [i = 2:int(series) + 1] $data using i:xtic(1)
