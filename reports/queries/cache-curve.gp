# SPDX-License-Identifier: MIT
# The LRU miss curve: columns 1 and 2 of $data are pages and per cent. Where policies were replayed
# too, $points has pages in column 1 and one policy in each further column, the first row their
# names. Variables: title, series (how many policies; 0: no $points).
set title title noenhanced
set xlabel "cache size, pages"
set ylabel "misses, %"
set format x "%.0f"
set yrange [0:*]
set grid
if (int(series) > 0) {
	set key outside right noenhanced
	plot $data using 1:2 with steps linewidth 2 title "lru, all sizes", \
		for [i = 2:int(series) + 1] $points using 1:i with points pointsize 0.8 title columnheader(i)
} else {
	set title "LRU misses, ".title noenhanced
	set key off
	plot $data using 1:2 with steps linewidth 2
}
