# SPDX-License-Identifier: MIT
# Columns: returned_bytes p9999_ns p9999_base_ns iopf iopf_max_1s cpu_major nic_gap_ns .. A line is a design: a point, the
# first the largest, so that those on the same place show. Without block devices: the longest NIC gap.
unit = unit_of(real(most_returned_bytes))
is_block = real(most_p9999_ns) > 0
time = time_of(is_block ? real(most_p9999_ns) : real(most_nic_gap_ns))
set xlabel "given back, ".unit_name(real(most_returned_bytes))
what = is_block ? "P99.99 of block I/O, " : "longest NIC gap, "
set ylabel what.time_name(is_block ? real(most_p9999_ns) : real(most_nic_gap_ns))
if (is_block) { set logscale y } else { set yrange [0:*] }
# half a point left of nothing
left = real(most_returned_bytes) > 0 ? -0.02 * real(most_returned_bytes) / unit : -0.02
set xrange [left:*]
set offsets 0, graph 0.03, graph 0.05, graph 0.05
of = is_block ? 2 : 7
n = int(series)
plot for [i = 0:n - 1] $data index i using ($1 / unit):(column(of) / time) with points pointtype 7 \
		pointsize (1.7 - 1.1 * i / n) linecolor rgb colour(i) title columnheader(1)
