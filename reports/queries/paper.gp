# SPDX-License-Identifier: MIT
# A figure of published numbers beside ours: horizontal bars in panels. $data has a block a panel: place of the bar,
# least and most published (in the panel's unit), ours, kind (place in `kinds`; 9: no ours), a note in quotes. Variables:
# title, about_0, about_1, width, height, scale (of fonts), top (of the panels), panels; of each panel p: title_p,
# axis_p, rows_p, slots_p (rows that it has room for), left_p, right_p, above_p, below_p (of its axes, pixels from left
# and from the top), most_p, step_p (of its axis), label_p_i. used_k: kind k occurs. notes_0: how many note_i there are,
# notes_1: from where.
W = real(width)
H = real(height)
x(px) = px / W
y(px) = 1 - px / H
letters(px) = sprintf("sans,%.2f", px * real(scale))
small = letters(11)
usual = letters(12)
large = letters(16)
kinds = "predicted calibrated identity arithmetic"
ink = "#24292f"
soft = "#57606a"
array hue[4] = ["#1f5fa8", "#c2571a", "#6a51a3", "#2c7d4f"]

# each kind is a colour and a pattern
set style line 9 linecolor rgb "#6e7781"
set border 1 linecolor rgb soft
set tics nomirror out scale 0.4 textcolor rgb ink font small
set grid xtics noytics linetype 1 linecolor rgb "#e3e6ea" linewidth 1
set key off
set xlabel textcolor rgb soft font small offset 0, 0.4
set multiplot

set label 1 title at screen x(16), screen y(22) font large textcolor rgb ink noenhanced
set label 2 about_0 at screen x(16), screen y(44) font small textcolor rgb soft noenhanced
set label 3 about_1 at screen x(16), screen y(60) font small textcolor rgb soft noenhanced
at = 16
line = real(top) - 22
set object 1 rectangle from screen x(at), screen y(line + 5) to screen x(at + 22), screen y(line - 5) \
	fillcolor rgb "#c8ccd2" fillstyle solid 1 border linecolor rgb "#6e7781"
set label 4 "published" at screen x(at + 28), screen y(line) font usual textcolor rgb ink
at = at + 120
do for [k = 0:3] {
	if (int(value(sprintf("used_%d", k)))) {
		set object 2 + k rectangle from screen x(at), screen y(line + 5) to screen x(at + 22), screen y(line - 5)
		if (k == 0) { set object 2 + k fillstyle solid 1 border linecolor rgb hue[1] fillcolor rgb hue[1] }
		if (k == 1) { set object 2 + k fillstyle pattern 4 border linecolor rgb hue[2] fillcolor rgb hue[2] }
		if (k == 2) { set object 2 + k fillstyle pattern 0 border linecolor rgb hue[3] fillcolor rgb hue[3] }
		if (k == 3) { set object 2 + k fillstyle pattern 2 border linecolor rgb hue[4] fillcolor rgb hue[4] }
		set label 5 + k "ours, ".word(kinds, k + 1) at screen x(at + 28), screen y(line) font usual textcolor rgb ink
		at = at + 146
	}
}

do for [i = 0:int(notes_0) - 1] {
	set label 10 + i value(sprintf("note_%d", i)) at screen x(16), screen y(real(notes_1) + 16 * i) font small \
		textcolor rgb soft noenhanced
}

half = 0.19
do for [p = 0:int(panels) - 1] {
	name(what) = sprintf("%s_%d", what, p)
	set lmargin at screen x(real(value(name("left"))))
	set rmargin at screen x(real(value(name("right"))))
	set tmargin at screen y(real(value(name("above"))))
	set bmargin at screen y(real(value(name("below"))))
	set label 30 value(name("title")) at graph 0, screen y(real(value(name("above"))) - 12) font usual \
		textcolor rgb ink noenhanced
	set xlabel value(name("axis")) noenhanced
	set ytics () scale 0 noenhanced
	do for [i = 0:int(value(name("rows"))) - 1] { set ytics add (value(sprintf("label_%d_%d", p, i)) i) }
	set yrange [real(value(name("slots"))) - 0.4:-0.6]
	set xrange [0:real(value(name("most"))) * 1.03]
	set xtics real(value(name("step")))
	plot $data index p using (0):($1 - half):($2 < $3 ? $2 : 0):3:($1 - 2 * half):($1) with boxxyerror \
			fillcolor rgb "#c8ccd2" fillstyle solid 1 border linecolor rgb "#6e7781", \
		"" index p using (0):($5 == 0 ? $1 + half : NaN):(0):4:($1):($1 + 2 * half) with boxxyerror \
			fillcolor rgb hue[1] fillstyle solid 1 border linecolor rgb hue[1], \
		"" index p using (0):($5 == 1 ? $1 + half : NaN):(0):4:($1):($1 + 2 * half) with boxxyerror \
			fillcolor rgb hue[2] fillstyle pattern 4 border linecolor rgb hue[2], \
		"" index p using (0):($5 == 2 ? $1 + half : NaN):(0):4:($1):($1 + 2 * half) with boxxyerror \
			fillcolor rgb hue[3] fillstyle pattern 0 border linecolor rgb hue[3], \
		"" index p using (0):($5 == 3 ? $1 + half : NaN):(0):4:($1):($1 + 2 * half) with boxxyerror \
			fillcolor rgb hue[4] fillstyle pattern 2 border linecolor rgb hue[4], \
		"" index p using ($4 > $3 ? $4 : $3):1:6 with labels left offset 0.6, 0 font small textcolor rgb soft
	unset label
	unset object
}
unset multiplot
