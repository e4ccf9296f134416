# SPDX-License-Identifier: MIT
# What reclaim at an age costs and gives: columns of $data are tau in s, faults a day, the upper end
# of their 95 % interval, GiB reclaimable. Variable: title.
set title title noenhanced
set xlabel "age at which a page is reclaimed (tau), s"
set ylabel "I/O page faults a day"
set y2label "reclaimable, GiB"
set logscale x
set logscale y
set format x "%g"
set format y "%g"
set y2range [0:*]
set ytics nomirror
set y2tics
set grid
set key inside left bottom samplen 2
plot $data using 1:2 with linespoints linewidth 2 pointsize 0.6 title "faults a day", \
     $data using 1:3 with lines dashtype 2 title "at most (95 %)", \
     $data using 1:4 axes x1y2 with lines linewidth 2 title "reclaimable"
