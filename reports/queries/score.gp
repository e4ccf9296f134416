# SPDX-License-Identifier: MIT
# Which design wins: $points0 .. $points2 have a row a design (bytes given back; ns of P99.99, or I/O
# page faults in the worst second), safe and beaten by none, safe and beaten, not safe. $labels has
# places in parts of the frame, words and their colour, $front the corners of what safe designs beat.
# $leaders: lines from points to labels that are not beside them, in parts of the frame.
# Variables: title, subtitle, is_latency, back_most, cost_least, cost_most (of the frame), has_front,
# title0 .. title2 ("": there is none).
most = real(back_most)
highest = real(cost_most)
unit = most < 4 * 2. ** 20 ? 2. ** 10 : most < 4 * 2. ** 30 ? 2. ** 20 : 2. ** 30
unit_name = most < 4 * 2. ** 20 ? "KiB" : most < 4 * 2. ** 30 ? "MiB" : "GiB"
scale = !int(is_latency) ? 1. : highest < 2e6 ? 1e3 : highest < 2e9 ? 1e6 : 1e9
time_name = highest < 2e6 ? "us" : highest < 2e9 ? "ms" : "s"
set title title."\n".subtitle noenhanced
set xlabel "memory given back, ".unit_name."   (more is better)" offset 0, 0.2
set bmargin 8
set xrange [-0.08 * most / unit:1.08 * most / unit]
if (int(is_latency)) {
	set ylabel "P99.99 of block I/O, ".time_name."   (less is better)"
	set logscale y
	set format y "%g"
} else {
	set ylabel "I/O page faults in the worst second   (less is better)"
}
set yrange [real(cost_least) / scale:highest / scale]
set x2range [0:1]
set y2range [0:1]
set grid linetype 1 dashtype solid linewidth 1 linecolor rgb "#dcdcdc"
set key outside bottom center vertical maxcols 1 Left reverse samplen 2 noenhanced
front = int(has_front) ? "front of the safe ones in this plane" : ""
plot $leaders using 1:2 axes x2y2 with lines linewidth 1 linecolor rgb "#a0a0a0" notitle, \
	$front using ($1 / unit):($2 / scale) with lines linewidth 2 dashtype 2 linecolor rgb "#0060b0" \
		title front, \
	$points0 using ($1 / unit):($2 / scale) with points pointtype 7 pointsize 1.4 linewidth 2 \
		linecolor rgb "#0060b0" title title0, \
	$points1 using ($1 / unit):($2 / scale) with points pointtype 6 pointsize 1.4 linewidth 2 \
		linecolor rgb "#606060" title title1, \
	$points2 using ($1 / unit):($2 / scale) with points pointtype 2 pointsize 1.4 linewidth 2 \
		linecolor rgb "#c04800" title title2, \
	$labels using 1:2:3:4 axes x2y2 with labels left textcolor rgb variable noenhanced notitle
