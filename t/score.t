#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark score: each part has the numbers of its own command, and the parts are coupled.
. t/lib.sh
need_command score pin nvme walk gen

d=$ROOT/datasets/nvme.db
# field FILE DESIGN KEY: of a row
field() {
	tr '{' '\n' <"$1" | grep "\"design\":\"$2\"" | sed -n "s/.*\"$3\":\"*\([^,\"}]*\).*/\1/p" | head -n 1
}

pugmark score -q "$d" --design today,vpri,pri --json >s.json
pugmark pin -q "$d" --design vpri --policy at-risk --budget 5% --overcommit 20% --cpu background --json >pin.json
pin_row=$(tr '{' '\n' <pin.json | grep '"device_class":"total"')
for key in iopf iopf_max_1s cpu_major; do
	is "alone, memory has pin's $key" "$(field s.json vpri $key)" \
		"$(echo "$pin_row" | sed -n "s/.*\"$key\":\([0-9]*\).*/\1/p")"
done
ok 'and there are faults to speak of' test "$(field s.json vpri iopf)" -gt 0
is 'static pinning has none' "$(field s.json today iopf)" 0
is 'and gives nothing back' "$(field s.json today returned_bytes)" 0

pugmark score -q "$d" --design today,vpri,pri --threads 1 --json >one.json
ok 'any number of threads gives the same bytes' cmp s.json one.json

# The trace's own I/O, without [memory]: nothing stops it.
printf '[nvme]\npath = vfio\n' >alone.ini
pugmark score -q "$d" --design ./alone.ini --json >alone.json
is 'alone, nvme has the tail without faults' "$(field alone.json alone p9999_ns)" "$(field s.json vpri p9999_base_ns)"
pugmark nvme -q "$d" --design ./alone.ini --json >nvme.json
is 'which is that of the command nvme' "$(field alone.json alone p9999_ns)" \
	"$(tr '{' '\n' <nvme.json | sed -n 's/.*"p9999_ns":\([0-9]*\).*/\1/p' | head -n 1)"
is 'and memory was not run' "$(field alone.json alone iopf)" null
ok 'faults stop the queue: the tail rises' test "$(field s.json vpri p9999_ns)" -gt "$(field s.json vpri p9999_base_ns)"
is 'without faults it does not' "$(field s.json today p9999_ns)" "$(field s.json today p9999_base_ns)"

printf '[nvme]\npath = mdev-2way\n[iopf]\nbackend = vpri\n[memory]\novercommit = 20%%\n' >twice.ini
exits 64 'a pair that cannot be is refused' pugmark score "$d" --design ./twice.ini
like 'with the reason' "$(pugmark score "$d" --design ./twice.ini 2>&1)" 'pins the pages of each command in software'

pugmark gen gups --set mem.accesses=200K -o mem.db >/dev/null
pugmark walk -q mem.db --design nested --json >walk.json
pugmark score -q "$d" mem.db --design vpri --json >both.json
is 'page walks of another trace are those of walk' "$(field both.json vpri total_refs)" \
	"$(field walk.json nested total_refs)"
is 'and change nothing else' "$(field both.json vpri iopf)" "$(field s.json vpri iopf)"
whole='--set walk.guest_page=2M --set walk.host_page=2M'
pugmark score -q "$d" mem.db --design vpri $whole --json >whole.json
pugmark score -q "$d" mem.db --design vpri $whole --set memory.huge=split --json >split.json
ok 'huge pages that the memory splits' test "$(field split.json vpri split_ppm)" -gt 0
ok 'raise the cost of page walks' test "$(field split.json vpri walk_cycles)" -gt "$(field whole.json vpri walk_cycles)"
ok 'but not beyond that of small ones' test "$(field split.json vpri walk_cycles)" -le "$(field both.json vpri walk_cycles)"
like 'without them it says why' "$(pugmark score "$d" --design vpri)" 'walk. of 1 design was not run: no trace has mem rows'

# a trace without io rows: the load is generated
pugmark score -q mem.db --design vpri --json >only.json
is 'a trace of addresses alone is scored' "$(field only.json vpri total_refs)" "$(field walk.json nested total_refs)"
ok 'with a generated load' test "$(field only.json vpri requests)" -gt 0
is 'but not its memory' "$(field only.json vpri returned_bytes)" null

like 'without overcommit nothing comes back' "$(pugmark score "$d" --design vpri -o 0%)" '^No design gives memory back: '
like 'what the guest waits is told' "$(pugmark score "$d" --design viommu)" '^viommu gives .* whose CPUs wait [1-9][0-9.]* % of'
like 'and where numbers are from' "$(pugmark score "$d" "$ROOT/datasets/nic.db" --design vpri)" 'nic.db was not used'
printf '[nvme]\npath = spdk-vhost-blk\n[iopf]\nbackend = pri\n' >spdk.ini
like 'a driver in user space pins all' "$(pugmark score "$d" --design ./spdk.ini 2>&1)" 'keeps guest memory pinned'

pugmark score -q "$d" --design vpri --seed 1,2,3 --results r.db >/dev/null
is 'results are stored by seed' "$(sqlite3 r.db "SELECT count(DISTINCT cfg_hash) FROM result WHERE metric = 'returned_bytes'")" 3
sqlite3 r.db "DELETE FROM result WHERE metric = 'nic_gap_ns'"
like 'a results file has a table of designs' "$(pugmark report r.db -q)" '^Whole designs: '
unlike 'without the gap of a NIC that was not there' "$(pugmark report r.db -q)" 'nic gap'

# a configuration's numbers depend on nothing but what it is called by
for args in "$d" "$d --memory 1G" "$d --memory 2G" "$d mem.db" "$d mem.db --set walk.guest_page=2M" "mem.db $d" mem.db; do
	ok "one results file takes score $args" pugmark score -q $args --design today,pri --results all.db
done
pugmark gen gups --seed 2 --set mem.accesses=200K -o mem2.db >/dev/null
ok 'and that of another program' pugmark score -q "$d" mem2.db --design today,pri --results all.db
ok 'and of the same designs beside others' pugmark score -q "$d" --design pri,mdev,viommu --results all.db
is 'each of a VM once' "$(pugmark report all.db --verbose | grep -c '^[^ ]*nvme.db .*arrivals  *pri .* 248 KiB ')" 4
pugmark score -q "$d" --json >front.json
pugmark score -q "$d" --results front.db >/dev/null
is 'the front of the report is that of the run' \
	"$(pugmark report front.db --json | sed -n 's/.*"name":"\([a-z]*\)".*"front":"yes".*/\1/p' | tr '\n' ' ')" \
	"$(sed -n 's/.*"design":"\([a-z]*\)".*"is_pareto":true.*/\1/p' front.json | tr '\n' ' ')"
printf '[sweep]\ncommand = score\ntraces = %s\ndesigns = today, vpri, pri, mdev\nbatch = 4\n' "$d" >one.ini
sed 's/batch = 4/batch = 1/' one.ini >four.ini
pugmark sweep -q one.ini >/dev/null
pugmark sweep -q four.ini >/dev/null
ok 'however a sweep is cut, results agree' pugmark sweep -q --merge one.sweep four.sweep -o both.db

is 'JSON names the design of the verdict' "$(json_text verdict_design front.json)" "$(pugmark score -q "$d" | sed -n '1s/ .*//p')"
is 'or none' "$(pugmark score -q "$d" --design vpri --json | grep -c '^"verdict_design":null,$')" 1
is 'and what was lost' "$(json_numbers lost_events front.json)" 0
exits 65 'designs of which no part can run are no answer' pugmark score "$d" --design native,nested --results no.db
like 'and it is told why' "$(err)" 'no part of any design can run: no trace has mem rows'
ok 'with nothing stored' test ! -e no.db
exits 64 'a design has one policy' pugmark score "$d" --design vpri --set pin.policy=lru,none
# how sure the verdict is
pugmark score -q "$d" --json >sure.json
is 'members tell that halves agree' "$(sed -n 's/.*"halves_agree":"\([a-z]*\)".*/\1/p' sure.json)" yes
is 'on the design that was chosen' "$(sed -n 's/.*"verdict_second_half":"\([a-z]*\)".*/\1/p' sure.json)" \
	"$(sed -n 's/.*"verdict_design":"\([a-z]*\)".*/\1/p' sure.json)"
is 'none seen is fewer than five in as long a time' \
	"$(sed -n 's/.*"verdict_iopf_high":\([0-9]*\).*/\1/p' sure.json)" 4
like 'where seeds differ the screen says so' \
	"$(pugmark score -q "$ROOT/datasets/nic.db" --seed 1,2,3)" 'NOT SURE: another seed alone chooses'
# designs that give back alike
like 'a tie is told, and who pays least wins' "$(pugmark score -q "$d" --design viommu,best)" \
	'^best gives back most .*, as viommu does .within 1 %., at the least cost of CPU: '
like 'however they are named' "$(pugmark score -q "$d" --design best,viommu)" '^best gives back most .*, as viommu does'
like 'seeds count by their mean' "$(pugmark score -q "$d" --design viommu,best --seed 1,2,3)" '^best gives .*: [0-9.]* KiB .mean of seeds., for '
pugmark gen production --quiet --duration 20min --set gen.memory=64M -o made.db >/dev/null
like 'a closed load is told to hide stalls' "$(pugmark score -q made.db --design vpri)" 'QD 1 x 1.*CLOSED load, which hides stalls'
like 'an open one is not' "$(pugmark score -q made.db --design vpri --set nvme-load.arrival=poisson --set nvme-load.rate=5000/s)" \
	'Block I/O: generated .[^C]*; faults stop'
done_testing
