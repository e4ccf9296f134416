# SPDX-License-Identifier: MIT
# One line of x and y: columns 1 and 2 of $data. Variables: title, xlabel, ylabel (all optional).
if (exists("title")) set title title
if (exists("xlabel")) set xlabel xlabel
if (exists("ylabel")) set ylabel ylabel
set grid
set key off
plot $data using 1:2 with lines linewidth 2
