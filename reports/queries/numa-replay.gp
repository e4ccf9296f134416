# SPDX-License-Identifier: MIT
# Run time by placement of page tables: columns of $data are a design, and in parts of the time with
# local tables the work, the walks of the guest's tables and those of the host's. Variable: title.
set title title noenhanced
set ylabel "time, local tables = 1"
set style data histograms
set style histogram rowstacked
set style fill solid 0.7 border -1
set boxwidth 0.7
set yrange [0:*]
set grid ytics
set key outside right
set xtics rotate by -45 noenhanced
plot $data using 2:xtic(1) title "work", "" using 3 title "guest's tables", \
     "" using 4 title "host's tables"
