#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark score: I/O page faults raise the tail of block I/O as the tail law says. A quantile Q(p)
# moves when faults stop the drive for a share of time of 1 - p or more, and what a stopped request
# takes is more than Q(p). Made traces: a drive that writes one page after the other, each idle for
# longer than the host leaves pages, so that each write faults; and 200,000 reads at random times.
. t/lib.sh
need_command score import

# drive NAME GAP_MS PAGES: 100 s of writes, GAP_MS apart
drive() {
	mkdir "$1"
	cat >"$1/meta.json" <<-'END'
		{ "name": "tail", "cpu_epoch0_ns": 0, "cpu_epoch_len_ns": 1000000000, "guest_memory_pages": 1024,
		  "limit_pages": 1024, "swap": "zram", "swap_readahead_pages": 1, "dma_sets_accessed": false,
		  "t_limit_first_step_ns": 0, "t_limit_reached_ns": 0, "t_workload_end_ns": 100000000000,
		  "marks": [], "versions": {} }
	END
	awk -v gap="$2" -v pages="$3" 'BEGIN {
		print "t_ns,dev,gfn,rw,bytes"
		for (ms = 0; ms < 100000; ms += gap)
			printf "%d000000,nvme1,%d,W,4096\n", ms, n++ % pages
	}' >"$1/dma.csv"
	printf 'epoch,gfn,touches,stored,first_us\n0,1000,1,0,100\n' >"$1/cpu.csv"
	echo t_ns,gfn,npages >"$1/absent.csv"
	echo t_ns,thread_class,gfn,kind,cause,dev >"$1/faults.csv"
	echo t_ns,limit_bytes,usage_bytes,resident_bytes >"$1/host.csv"
	pugmark import "$1" -o "$1.db" >/dev/null
}
drive rare 10000 9
drive slow 1000 20
drive fast 25 200
awk 'BEGIN {
	print "ts_ns,dev,op,lba,bytes"
	for (x = 1; i < 200000; i++) {
		x = x * 16807 % 2147483647
		printf "%.0f,nvme1,read,%d,4096\n", t, x % 100000
		t += x % 1000000
	}
}' >io.csv
pugmark import io.csv -o io.db >/dev/null

# Idle for 2 s, a page is taken; a fault takes what swap and the stages below do.
cat >design.ini <<'END'
[memory]
reclaim = age
age = 2s
overcommit = 20%
[iopf]
backend = vpri
report = 500us
[nvme]
path = vfio
END

# What moves rises by a twentieth and by a tenth of a stop: less is a quantile that slides along its
# own tail, as the requests beyond it became more, or that was that long before.
# law NAME TRACE WANTED [OPTION..]: which of P99, P99.9, P99.99 move, by the law from what faults
# took, and in what came out; both are WANTED
law() {
	law_name=$1 law_trace=$2 law_wanted=$3
	shift 3
	pugmark score -q "$law_trace.db" $law_io --design ./design.ini "$@" --json >law.json
	for key in requests stalls stalled_ns p99_base_ns p999_base_ns p9999_base_ns p99_ns p999_ns p9999_ns; do
		json_numbers $key <law.json
	done | tr '\n' ' ' | awk '{
		split("0.01 0.001 0.0001", rest)
		share = $3 / 100e9
		stop = $3 / ($2 ? $2 : 1)
		longest = stop + 20000 # the stop, and what a read mostly takes
		for (q = 1; q <= 3; q++) {
			base = $(3 + q)
			more = $(6 + q) - base
			said = said (share >= rest[q] && longest > base ? "+" : "-")
			seen = seen (more > base / 20 && more > stop / 10 ? "+" : "-")
		}
		print said, seen
		printf "%d requests, %d stalls, %.6f of the time; from %d %d %d to %d %d %d ns\n", \
			$1, $2, share, $4, $5, $6, $7, $8, $9
	}' >law.out
	diag "$law_name: $(tail -n 1 law.out)"
	is "$law_name: the law says so" "$(head -n 1 law.out | cut -d ' ' -f 1)" "$law_wanted"
	is "$law_name: and so it comes out" "$(head -n 1 law.out | cut -d ' ' -f 2)" "$law_wanted"
}
law_io=io.db
law 'a fault in 100 s moves no quantile' rare ---
law 'one a second moves P99.99, not P99' slow --+
law '40 a second move all' fast +++
law 'longer ones at the same rate move P99.9 as well' slow -++ --set iopf.report=5ms
law 'without overcommit to speak of there are none' fast --- --set memory.age=1h
law 'a drive whose own tail is longer hides them' fast --- --set 'nvme-device.read=0% 10us, 98% 20us, 99% 2ms, 99.99% 8ms, 100% 9ms'
# no trace of requests: a load is generated, the faults are a Poisson stream of their rate
law_io=
open='--set nvme-load.arrival=poisson --set nvme-load.rate=2000/s'
law 'a generated load meets one a second likewise' slow --+ $open
law 'and 40 a second' fast +++ $open
done_testing
