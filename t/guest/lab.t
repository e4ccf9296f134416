#!/bin/sh
# SPDX-License-Identifier: MIT
# Recordings made inside a guest, and outside of it through the agent socket, hold what its devices
# did: QEMU's own log of them is the truth.
. t/lib.sh
need sqlite3
need_command record doctor sql verify
lab="sh $ROOT/scripts/guest-lab"
why=$($lab check 2>&1) || skip_all "$(echo "$why" | tr '\n' ' ')"
said=$($lab build 2>&1) || skip_all "no guest: $(echo "$said" | tail -n 1)"
guest=$ROOT/build/guest

value() {
	awk -F '\t' -v name="$1" '$1 == name { print $2 }' score
}
# at_least SENTENCE NAME LEAST
at_least() {
	if [ "$(value "$2")" -ge "$3" ]; then
		pass "$1"
	else
		fail "$1" "$2 is $(value "$2"), expected at least $3"
	fi
}
score() {
	sh "$ROOT/scripts/guest-score" "$@" >score
	diag "${1##*/}:"
	diag "$(cat score)"
}

exits 0 'a guest runs while its devices are told to the agent socket' pugmark record -q --mode events -o host.db \
	--probe agent --set "agent.socket=$TMP/s" -- env AGENT="$TMP/s" $lab run translating translating
at=$guest/translating
[ -s "$at/early.db" ] || { tap_tell 'the guest gave no recording'; diag "$(tail -n 20 "$at/said" "$at/console.log")"; exit 1; }
for trace in early late; do
	ok "the recording $trace of the guest verifies" pugmark verify "$at/$trace.db"
done
like 'and nothing was lost' "$(pugmark info --json "$at/early.db")" '"ring_lost":0,"shed":0,"decode_error":0,"unaccounted":0'

awk -v DIR=. -f "$ROOT/t/guest/truth.awk" "$at/qemu.trace"
pugmark sql -n host.db 'SELECT class, pfn, dir, bytes, req FROM dma JOIN device ON dev = dev_id' >told
cut -f 3-7 access.tsv >done
same 'the host saw every access of the devices, in order, and no other' told done
ok 'and its trace verifies' pugmark verify host.db

score "$at/early.db" "$at/qemu.trace" '' 8
at_least 'there was work for the devices' data_accesses 10000
at_least 'a recording from before the drivers load has their pages' page_recall_ppm 999000
at_least 'mapped when the devices use them' access_recall_ppm 999000
is 'none of them stale' "$(value stale)" 0
at_least 'commands are told with their queue and number' commands 1000
is 'with the bytes that the drive moved' "$(value mapped_bytes)" "$(value command_bytes)"
is 'in pages that were mapped for the command' "$(value command_stale)" 0

# the two recordings of the same time against each other: the host names commands by the line they have in the log
pugmark sql -n host.db "SELECT DISTINCT class, pfn FROM dma JOIN device ON dev = dev_id WHERE dir <> 'unknown'
	AND req BETWEEN $(value from_line) AND $(value to_line)" | sort >by-host
pugmark sql -n "$at/early.db" "SELECT class, pfn, npages FROM dma JOIN device ON dev = dev_id WHERE op = 'map'" |
	awk '{ for (i = 0; i < $3; i++) print $1 "\t" $2 + i }' | sort -u >by-guest
diag "pages of data buffers: $(wc -l <by-host) by the host, $(wc -l <by-guest) by the guest"
is 'what the host saw of data buffers the guest had mapped' "$(comm -23 by-host by-guest | wc -l)" 0

coverage() {
	pugmark sql -n "$1" "SELECT coverage FROM source WHERE name = '$2'"
}
like 'the frames come from iommu and dma together' "$(coverage "$at/early.db" dma+iommu)" 'every mapping'
unlike 'no ring was mapped before it began' "$(coverage "$at/early.db" dma+iommu)" partial

score "$at/late.db" "$at/qemu.trace" 16 24
at_least 'a recording that begins late has the data buffers' data_recall_ppm 990000
like 'and its trace says what it lacks' "$(coverage "$at/late.db" dma+iommu)" 'partial: rings mapped before start .*0000:00:06.0 .nvme'

exits 0 'a guest runs with its IOMMU in passthrough mode' $lab run passthrough passthrough iommu.passthrough=1
at=$guest/passthrough
like 'doctor says there that iommu is blind, and why' "$(cat "$at/doctor.json")" '"source":"iommu".*"status":"blind".*passthrough'
score "$at/passthrough.db" "$at/qemu.trace" '' 8
like 'and so does the recording' "$(coverage "$at/passthrough.db" iommu)" '^blind: .*passthrough'
is 'bytes of data buffers are those of the commands' "$(value mapped_bytes)" "$(value command_bytes)"
at_least 'dma has the data buffers all the same' data_recall_ppm 999000
done_testing
