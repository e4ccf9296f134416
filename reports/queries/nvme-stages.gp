# SPDX-License-Identifier: MIT
# Where the time of a request goes: $data has a row a point, its name and us in each stage; the
# first row names the stages. Variables: title, series (how many stages).
set title title noenhanced
set ylabel "mean of a request, us"
set style data histograms
set style histogram rowstacked
set style fill solid 0.8 border -1
set boxwidth 0.7
set yrange [0:*]
set xtics rotate by -30 noenhanced
set grid ytics
set key outside right top Left reverse samplen 1 noenhanced
colours = "#7f7f7f #1f77b4 #aec7e8 #d62728 #ff9896 #9467bd #c5b0d5 #8c564b #e377c2 #bcbd22 #2ca02c ".\
	"#98df8a #ffbb78 #ff7f0e #17becf #9edae5"
plot for [i = 2:int(series) + 1] $data using i:xtic(1) linecolor rgb word(colours, i - 1) \
	title columnheader(i)
