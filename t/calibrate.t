#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark calibrate nvme: the profile of a drive gives back what was measured, a fitted cost the measured requests/s.
. t/lib.sh
need_command calibrate nvme

# one at a time: 10,000 reads, 9,000 of 80 us, 990 of 100 us, 10 of 1 ms, and 90 ns between
awk 'BEGIN {
	at = 0
	for (i = 1; i <= 10000; i++) {
		lat = i % 1000 == 0 ? 1000000 : i % 10 == 0 ? 100000 : 80000
		at += lat + 90
		printf "%d, %d, 0, 4096, %d, 0\n", at / 1000000, lat, i * 4096
	}
}' >one_lat.1.log
ok 'a latency log is the profile of a drive' pugmark calibrate nvme --from one_lat.1.log -o drive.ini --json
out >rows.json
is 'its mean is kept' "$(json_numbers mean_ns rows.json) $(json_numbers fitted_mean_ns rows.json |
	awk '{ print ($1 > 82800 && $1 < 83000) }')" '82900 1'
is 'one was in service at a time' "$(json_numbers channels rows.json)" 1
like 'each value tells what it is' "$(cat drive.ini)" '^read = 0% 80us, .* \| calibrated \| one_lat\.1\.log, n=10000'
pugmark nvme --device drive.ini --path native-poll --set nvme-guest.submit=0 --set nvme-guest.complete=0 \
	--set nvme-guest.poll_look=1ns --json >rows.json
is 'the model gives back the rate' \
	"$(json_numbers iops rows.json | head -n 1 | awk '{ print ($1 > 11900 && $1 < 12200) }')" 1
is 'and P99.9' "$(json_numbers p999_ns rows.json | head -n 1 | awk '{ print ($1 >= 99000 && $1 < 1001000) }')" 1

ok 'a trace of the log serves as well' sh -c 'pugmark import one_lat.1.log -o one.db >/dev/null &&
	pugmark calibrate nvme --from one.db -o again.ini'
is 'with the same values' "$(sed -n 's/^read = \([^|]*\)|.*/\1/p' again.ini)" "$(sed -n 's/^read = \([^|]*\)|.*/\1/p' drive.ini)"

ok 'a cost of a path is fitted' pugmark calibrate nvme --path vfio --fit nvme-guest.wake --iops 50000 --qd 1 \
	--requests 5000 -o path.ini --json
is 'until the model gives the measured rate' "$(out | json_numbers fitted_iops |
	awk '{ print ($1 > 49900 && $1 < 50100) }')" 1
like 'and is marked' "$(cat path.ini)" '^wake = [0-9]+ns \| calibrated \| 50000 requests/s at QD 1 x 1$'
like 'what was taken over keeps its source' "$(cat path.ini)" '^submit = 600ns \| guess \| as native-irq$'
is 'the profile runs' "$(pugmark nvme --path path.ini --requests 20000 --json | json_numbers iops | head -n 1 |
	awk '{ print ($1 > 49500 && $1 < 50500) }')" 1

like 'what it rests on is told' "$(head -n 1 path.ini)" \
	'from profile vfio, with device p4800x \(assumed\) and host xeon-e5-2699v3 \(assumed\)$'
pugmark calibrate nvme --path vfio --fit nvme-guest.wake --iops 50000 --device p4800x --requests 5000 -o mine >said
like 'a device that was named is not assumed' "$(cat said)" '^Fitted with device p4800x and host '
like 'a profile without .ini gets a name that works' "$(tail -n 1 said)" 'pugmark nvme --path \./mine$'
ok 'as it does' pugmark nvme --path ./mine --requests 1000

# fio's JSON with fields that are wrong: MEAN IOPS
fio_json() {
	cat <<-END
	{"fio version": "fio-3.33", "jobs": [{"jobname": "a", "read": {"iops": $2, "total_ios": 1000,
	"clat_ns": {"min": 70000, "max": 200000, "mean": $1, "stddev": 900.0, "N": 1000,
	"percentile": {"50.000000": 80000, "99.000000": 90000}},
	"lat_ns": {"min": 70000, "max": 200000, "mean": 80100.5, "stddev": 900.0, "N": 1000}}}]}
	END
}
fio_json 80000.5 12400.0 >good.json
ok 'the JSON of fio' pugmark calibrate nvme --from good.json -o good.ini
like 'one channel is warned of' "$(out)" '^channels = 1 because the load had depth 1: not for deeper loads'
like 'in the profile as well' "$(cat good.ini)" '^; channels = 1 because the load had depth 1: not for deeper loads'
fio_json 80000.5 100000.0 >deep.json
ok 'a deep run' pugmark calibrate nvme --from deep.json -o deep.ini
unlike 'is not warned of' "$(out)$(cat deep.ini)" 'channels = 1'
for mean in 1e300 -5 0 69000 300000; do
	fio_json $mean 12400.0 >bad.json
	exits 65 "a mean of $mean" pugmark calibrate nvme --from bad.json -o no.ini
	is 'says file, field and what was expected' "$(err)" \
		'pugmark calibrate: bad.json: read.clat_ns.mean: expected a number of ns between its min and max'
done
for iops in -5 0 1e300; do
	fio_json 80000.5 $iops >bad.json
	exits 65 "a rate of $iops" pugmark calibrate nvme --from bad.json -o no.ini
	is 'says file, field and what was expected' "$(err)" \
		'pugmark calibrate: bad.json: read.iops: expected a number of requests/s above 0'
done
fio_json 80000.5 99999999999 >bad.json
exits 65 'more at a time than can be' pugmark calibrate nvme --from bad.json -o no.ini
is 'none leaves a file' "$(ls no.ini 2>/dev/null)" ''

exits 1 'a rate that no value gives' pugmark calibrate nvme --path vfio --fit nvme-guest.wake --iops 5000000 \
	--requests 5000 -o no.ini
like 'says how near it comes' "$(err)" 'gives no 5000000 requests/s: at 0 ns there are [0-9]+'
is 'and leaves no file' "$(ls no.ini 2>/dev/null)" ''
exits 64 'a path without a cost to fit' pugmark calibrate nvme --path vfio --iops 5 -o no.ini
exits 64 'another model' pugmark calibrate walk --from one.db -o no.ini
exits 66 'no measurement' pugmark calibrate nvme --from nope.json -o no.ini
pugmark import "$ROOT/t/data/dma.csv" -o dma.db >/dev/null
exits 65 'a trace without latencies' pugmark calibrate nvme --from dma.db -o no.ini
exits 73 'a place that is none' pugmark calibrate nvme --from one.db -o nope/no.ini
done_testing
