# SPDX-License-Identifier: MIT
# Columns: at_ns value memory_bytes. A line is of faults, or (dashed) of memory.
set xlabel "from the first access, s"
set ylabel "faults in a second"
set yrange [0:*]
set y2range [0:*]
unset rmargin
unit = unit_of(real(most_memory_bytes))
set y2label "memory, ".unit_name(real(most_memory_bytes))
set y2tics textcolor rgb "#010203"
set border 11
n = int(series)
is_memory(i) = value("name_".i) eq "in memory" || value("name_".i) eq "pinned"
plot for [i = 0:n - 1] $data index i using ($1 / 1e9):(is_memory(i) ? NaN : $2) with steps linewidth 2 \
		linecolor rgb colour(i) title is_memory(i) ? "" : columnheader(1), \
	for [i = 0:n - 1] $data index i using ($1 / 1e9):(is_memory(i) ? $3 / unit : NaN) axes x1y2 with steps linewidth 2 \
		dashtype 2 linecolor rgb colour(i + 3) title is_memory(i) ? columnheader(1) : ""
