#!/bin/sh
# SPDX-License-Identifier: MIT
# A trace with a share of all pages answers for all of them, within the interval that it states.
. t/lib.sh
need_command gen age pin export import
command -v sqlite3 >/dev/null || skip_all 'sqlite3 is not installed'

pugmark gen mix -o full.db --seed 3 --duration 20m >/dev/null
pugmark export full.db --format csv --stream dma -o full.csv
# every page by itself, if its hash says so; what then goes in is what a collector that samples would store
awk -F, 'BEGIN { OFS = ","; print "# kind: dma" }
	/^#/ { next }
	!has_head { has_head = 1; for (i = 1; i <= NF; i++) { if ($i == "pfn") p = i; if ($i == "npages") n = i }; print; next }
	{
		first = $p; npages = $n; $n = 1
		for (k = 0; k < npages; k++) {
			$p = first + k
			if ($p * 2654435761 % 4294967296 < 0.1 * 4294967296)
				print
		}
	}' full.csv >part.csv
pugmark import part.csv -o part.db >/dev/null
sqlite3 part.db 'UPDATE source SET sample_ppm = 100000'

like 'info tells the share' "$(pugmark info part.db)" '10\.00 %'
age() { # TRACE
	pugmark age "$1" --no-cpu --tau 10s,1m,5m --memory 2G --json | grep '"device":"total"' |
		sed -E 's/.*"refaults":([0-9]*),"refaults_per_day":([0-9]*),"refaults_per_day_low":([0-9]*),"refaults_per_day_high":([0-9]*),.*/\1 \2 \3 \4/'
}
age full.db >full.age
age part.db >part.age
is 'age: the truth is in the interval, at every tau' \
	"$(paste -d' ' full.age part.age | awk '$2 < $7 || $2 > $8 { bad++ } END { print NR, bad + 0 }')" '3 0'
is 'which is wider than that of the whole trace' \
	"$(paste -d' ' full.age part.age | awk '($8 - $7) < 2 * ($4 - $3) { bad++ } END { print NR, bad + 0 }')" '3 0'
rows() { # TRACE OPTIONS
	pugmark pin "$@" --memory 2G --cpu cold --policy none,lru --budget 2% --overcommit 80% --json | tr -d '\n' |
		sed 's/{"policy"/\n&/g' | grep '"total"'
}
for reclaim in lru two-list; do
	rows full.db --reclaim $reclaim >full.rows
	rows part.db --reclaim $reclaim >part.rows
	for key in iopf swap_in swap_out resident_pages; do
		json_numbers $key full.rows >a
		json_numbers $key part.rows >b
		is "pin, $reclaim: $key is that of the whole trace within 10 %" \
			"$(paste -d' ' a b | awk '$1 < 100 || $2 < 0.9 * $1 || $2 > 1.1 * $1 { bad++ } END { print NR, bad + 0 }')" '2 0'
	done
done
is 'budgets are those of the whole VM' "$(json_numbers budget_pages <part.rows | tr '\n' ' ')" \
	"$(json_numbers budget_pages <full.rows | tr '\n' ' ')"
is 'states and outcomes still sum up' "$(sed -E 's/.*"iopf":([0-9]*),"iopf_done":([0-9]*),"iopf_failed":([0-9]*),"iopf_joined":([0-9]*).*"vm_pages":([0-9]*),"resident_pages":([0-9]*),"swapped_pages":([0-9]*),"absent_pages":([0-9]*),"inflight_pages":([0-9]*).*/\1 \2 \3 \4 \5 \6 \7 \8 \9/' part.rows |
	awk '$1 != $2 + $3 + $4 || $5 != $6 + $7 + $8 + $9 || $5 != 524288 { bad++ } END { print NR, bad + 0 }')" '2 0'
like 'the screen says so' "$(pugmark pin part.db --memory 2G --cpu cold --policy none --overcommit 60%)" \
	'It holds 10\.00 % of the pages.*intervals widened'
exits 64 '2 MiB pages need all pages' pugmark pin part.db --memory 2G --cpu cold --set memory.huge=whole
exits 65 'a VM too small for the share is refused' pugmark pin part.db --memory 64M --cpu cold
done_testing
