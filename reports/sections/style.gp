# SPDX-License-Identifier: MIT
# What the figures of a page share. Colours are names for the page's own, which differ in light and
# dark: #010201 grid, #010202 axes, #010203 words, #01020b .. #010212 lines 1 to 8 (reports/figure.c).
set border 3 linecolor rgb "#010202" linewidth 1
set grid linetype 1 dashtype solid linecolor rgb "#010201" linewidth 1
set tics nomirror out scale 0.5 textcolor rgb "#010203"
set xlabel textcolor rgb "#010203"
set ylabel textcolor rgb "#010203"
set y2label textcolor rgb "#010203"
set key outside top left horizontal Left reverse noenhanced textcolor rgb "#010203" samplen 2 spacing 1.2 width 1
set rmargin 4
set xlabel offset 0, 0.3
set format "%g"
decades = "%.0s%c" # of a logarithmic axis
set datafile commentschars ""
set datafile missing NaN
colour(i) = 0x01020b + (int(i) % 8)
unit_of(most) = most < 4 * 2. ** 20 ? 2. ** 10 : most < 4 * 2. ** 30 ? 2. ** 20 : 2. ** 30
unit_name(most) = most < 4 * 2. ** 20 ? "KiB" : most < 4 * 2. ** 30 ? "MiB" : "GiB"
time_of(most) = most < 2e3 ? 1. : most < 2e6 ? 1e3 : most < 2e9 ? 1e6 : 1e9
time_name(most) = most < 2e3 ? "ns" : most < 2e6 ? "us" : most < 2e9 ? "ms" : "s"
# counts on a logarithmic axis: 0 is drawn at 0.5, on a tic of its own
at_least(v) = v > 0.5 ? v : 0.5
