#!/bin/sh
# SPDX-License-Identifier: MIT
# What somebody else's DAMON tells is recorded, with leave, and nothing of it is changed.
recorder=
. t/lib.sh
. "$ROOT/t/root/recording.sh"
on_exit() {
	[ -z "$recorder" ] || kill $recorder 2>/dev/null
}
need_root
need_command record sql doctor verify
finding=$(pugmark doctor --json | tr '{' '\n' | grep '"source":"damon"')
case $finding in
*usable*) ;;
*) skip_all "$(echo "$finding" | sed 's/.*"reason":"\([^"]*\)".*/\1/')" ;;
esac
damon=/sys/kernel/mm/damon/admin/kdamonds
[ "$(cat $damon/nr_kdamonds)" = 1 ] && [ "$(cat $damon/0/contexts/0/operations)" = paddr ] ||
	skip_all 'another DAMON than one of physical memory'
# all that can be read of it but what it counts itself
configuration() {
	find $damon -type f ! -path '*/stats/*' ! -path '*/tried_regions/*' | sort |
		while read -r file; do echo "$file $(head -c 200 "$file" 2>/dev/null)"; done
}

exits 64 'without leave it is not read' pugmark record -q -o no.db --probe damon --for 1ms
like 'since it is not ours' "$(err)" 'allow-damon'
ok 'and no trace is left' test ! -e no.db

configuration >before
pugmark record -q -o d.db --probe damon --allow-damon >/dev/null 2>said &
recorder=$!
# its rows come when an aggregation ends: some seconds, here or there
tries=0
until ask d.db 'count(*) > 0 FROM cpu' | grep -q 1; do
	tries=$((tries + 1))
	[ $tries -lt 3000 ] && kill -0 $recorder || break
done
kill -INT $recorder
wait $recorder
recorder=
configuration >after
same 'what it is set to is what it was' before after
ok 'the trace verifies' pugmark verify d.db
ok 'its account closes' closes d.db
[ "$(ask d.db 'count(*) FROM cpu')" -gt 0 ] || {
	skip 'rows are the regions that were told' 'this DAMON found no touch'
	done_testing
}
is 'rows are the regions that were told, less those without a touch' \
	"$(ask d.db "stored - (SELECT count(*) FROM cpu) FROM account WHERE source = 'damon:damon_aggregated'")" 0
first=$(cat $damon/0/contexts/0/targets/0/regions/0/start)
last=$(cat $damon/0/contexts/0/targets/0/regions/*/end | sort -n | tail -n 1)
is 'they lie in the memory that it monitors' \
	"$(ask d.db "count(*) FROM cpu WHERE pfn < $first / 4096 OR pfn + npages > ($last + 4095) / 4096")" 0
is 'as physical pages' "$(ask d.db 'DISTINCT "as" FROM cpu')" pa
is 'no count is greater than the looks of a period' "$(ask d.db "count(*) FROM cpu WHERE \"count\" >
	2 + $(cat $damon/0/contexts/0/monitoring_attrs/intervals/aggr_us) / $(cat $damon/0/contexts/0/monitoring_attrs/intervals/sample_us)")" 0
is 'the source has its period' "$(ask d.db "period_ns FROM source WHERE name = 'damon'")" \
	"$(($(cat $damon/0/contexts/0/monitoring_attrs/intervals/aggr_us) * 1000))"
like 'and a granularity' "$(ask d.db "granularity FROM source WHERE name = 'damon'")" '^[1-9]'
like 'and says that it is inferred' "$(ask d.db "coverage FROM source WHERE name = 'damon'")" '^inferred'
done_testing
