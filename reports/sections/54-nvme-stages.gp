# SPDX-License-Identifier: MIT
# Columns: guest to_host host iopf wait device link back latency, ns. A line is a path: a bar of its stages, the guest below.
scale = time_of(real(most_latency_ns))
set ylabel "mean time of a request, ".time_name(real(most_latency_ns))
set xlabel ""
set yrange [0:*]
set boxwidth 0.6
set style fill solid 1 noborder
set grid noxtics
n = int(series)
set xrange [-0.6:n - 0.4]
set xtics ("" 0) scale 0 noenhanced
if (n > 5) { set xtics rotate by -30 }
do for [i = 0:n - 1] { set xtics add (value("name_".i) i) }
stages = "guest 'to the host' host IOPF wait device link 'way back'"
keys = "guest to_host host iopf wait device link back"
number(v) = v == v ? v : 0
upto(s) = (sum [k = 1:s] number(column(k))) / scale
is_there(s) = real(value("most_".word(keys, s)."_ns")) > 0
plot for [s = 8:1:-1] for [i = 0:n - 1] $data index i skip 1 using (i):(is_there(s) ? upto(s) : NaN) with boxes \
		linecolor rgb colour(s - 1) notitle, \
	for [s = 1:8] NaN with boxes linecolor rgb colour(s - 1) title is_there(s) ? word(stages, s) : ""
