# SPDX-License-Identifier: MIT
# Which pages devices use over time, and where they fault. $density: time, row, log10 of the accesses
# of a cell (NaN: none); $faults: time, row, faults of a cell. A row is some pages, in order of
# address. Variables: title, xlabel, to (end of the time axis), rows, addresses (tics), faulting (a
# name for the faults).
set title title noenhanced
set xlabel xlabel
set ylabel "pages of the trace, by number (PFN)"
set xrange [0:real(to)]
set yrange [0:real(rows)]
eval "set ytics ".addresses
set tics out nomirror
set key outside top right horizontal samplen 1 noenhanced
set palette defined (0 "#d7e3f4", 0.5 "#6f9bd1", 1 "#12386b")
set cblabel "DMA page accesses in a cell" offset 1.5
set cbrange [0:*]
set cbtics ("1" 0, "10" 1, "100" 2, "1k" 3, "10k" 4, "100k" 5, "1M" 6, "10M" 7)
size(n) = 0.35 + 0.25 * log10(n)
if (GPVAL_TERM eq "dumb") {
	set key off
	plot $density using 1:($3 == $3 ? $2 : NaN) with points pointtype "." notitle, \
		$faults using 1:2 with points pointtype "X" notitle
} else {
	plot $density using 1:2:3 with image notitle, \
		$faults using 1:2:(size($3)) with points pointtype 7 pointsize variable \
		linecolor rgb "#d62728" title faulting
}
