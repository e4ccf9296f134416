# SPDX-License-Identifier: MIT
# Throughput over a migration: column 1 of $data is the sample, each further column one design, the
# first row their names. Variables: title, series (how many designs).
set title title noenhanced
set xlabel "sample"
set ylabel "throughput, before the move = 1"
set yrange [0:1.1]
set grid
set key outside right noenhanced autotitle columnheader
plot for [i = 2:int(series) + 1] $data using 1:i with lines linewidth 2
