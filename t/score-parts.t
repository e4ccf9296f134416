#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark score: each section of a design alone is its own command, and pairs that cannot be.
. t/lib.sh
need_command score pin nvme walk numa gen

d=$ROOT/datasets/nvme.db
# field FILE PATTERN KEY: of the first row with the pattern
field() {
	tr '{' '\n' <"$1" | grep -e "$2" | sed -n "s/.*\"$3\":\"*\([^,\"}]*\).*/\1/p" | head -n 1
}

# same PART FILE PATTERN KEY[=KEY of score]..: what score says of ./PART.ini, and its command
same() {
	same_part=$1 same_file=$2 same_pattern=$3
	shift 3
	for same_key in "$@"; do
		same_theirs=$(field "$same_file" "$same_pattern" "${same_key%=*}")
		is "[$same_part] alone has the command's $same_key" \
			"$(field score.json "\"$same_part\"" "${same_key#*=}")" "${same_theirs:-none}"
	done
}

pugmark gen gups --set mem.accesses=30K -o mem.db >/dev/null
printf '[memory]\novercommit = 20%%\n[pin]\npolicy = at-risk\nbudget = 5%%\n[iopf]\nbackend = vpri\n' >memory.ini
printf '[nvme]\npath = vfio\n' >nvme.ini
printf '[walk]\nmode = nested\n' >walk.ini
cat >numa.ini <<'END'
[walk]
mode = nested
[numa]
span = wide
gpt = first-touch
ept = first-touch
gpt_fix = none
ept_fix = replicate
END
for part in memory nvme walk numa; do
	pugmark score -q "$d" mem.db --design ./$part.ini --json || fail "score $part"
done >score.json
pugmark pin -q "$d" --design ./memory.ini --cpu background --json >pin.json
same memory pin.json '"total"' iopf iopf_failed iopf_max_1s iopf_first_half exposure_ns cpu_major cpu_stall_ns \
	pinned_mean_ppm bitmap_bytes
for set in iopf.backend=pri iopf.backend=viommu memory.huge=whole; do
	pugmark score -q "$d" --design ./memory.ini --set $set --set iopf.functions=3 --json >set.json
	pugmark pin -q "$d" --design ./memory.ini --set $set --set iopf.functions=3 --cpu background --json >pin-set.json
	is "with $set the bitmap of three functions takes the command's bytes" \
		"$(field set.json '"memory"' bitmap_bytes)" "$(field pin-set.json '"total"' bitmap_bytes)"
done
is 'small where 2 MiB have one entry' "$(field set.json '"memory"' bitmap_bytes)" 213
pugmark score -q "$d" --design ./memory.ini --set iopf.backend=pri --json >pri.json
is 'none where the backend has no bitmap' "$(field pri.json '"memory"' bitmap_bytes)" 0
pugmark nvme -q "$d" --design ./nvme.ini --json >nvme.json
same nvme nvme.json '"p9999_ns"' requests p99_ns p999_ns p9999_ns
pugmark walk -q mem.db --design ./walk.ini --json >walk.json
same walk walk.json '"walk"' total_refs walk_cycles total_cycles translation_ppm=walk_share_ppm \
	total_cycles=placed_cycles
pugmark numa replay -q mem.db --design ./numa.ini --json >numa.json
same numa numa.json '"numa"' walks=numa_walks walk_cycles=numa_walk_cycles gpt_cycles ept_cycles ll_ppm lr_ppm \
	rl_ppm rr_ppm run_over_local_ppm walk_share_ppm=numa_walk_share_ppm update_cycles memory_bytes
ok 'where tables are far from most walks' test "$(field score.json '"numa"' rr_ppm)" = 0 -a \
	"$(field score.json '"numa"' rl_ppm)" -gt 700000
ok 'and a reference costs more than with local ones' \
	test "$(field score.json '"numa"' placed_cycles)" -gt "$(field score.json '"numa"' total_cycles)"

# what else runs changes no number of a part
cat memory.ini nvme.ini numa.ini >all.ini
pugmark score -q "$d" mem.db --design ./all.ini --json >score-all.json
for key in walk_cycles total_cycles placed_cycles numa_walk_cycles run_over_local_ppm update_cycles; do
	is "beside the other parts $key is the same" "$(field score-all.json '"all"' $key)" \
		"$(field score.json '"numa"' $key)"
done
for key in iopf cpu_major iopf_max_1s; do
	is "and so is $key" "$(field score-all.json '"all"' $key)" "$(field score.json '"memory"' $key)"
done

# copies of tables: 8 bytes a page of 4 KiB on each of the 3 other nodes
copies=$(field score-all.json '"all"' copies_bytes)
is 'copies of a table take memory of the host' "$copies" $((62 * 8 * 3))
is 'which it does not give back' "$(field score-all.json '"all"' returned_bytes)" \
	$(($(field score.json '"memory"' returned_bytes) - copies))
pugmark score -q "$d" mem.db --design ./all.ini --set numa.gpt_fix=replicate --json >both.json
is 'copies of both tables take twice as much' "$(field both.json '"all"' copies_bytes)" $((2 * copies))
is 'and make all walks local' "$(field both.json '"all"' ll_ppm)" 1000000
is 'so that they cost what they do with local tables' "$(field both.json '"all"' placed_cycles)" \
	"$(field both.json '"all"' total_cycles)"
is 'where without a fix they would not' "$(field both.json '"all"' numa_local_cycles)" \
	"$(field both.json '"all"' numa_walk_cycles)"
ok 'as it tells' test "$(field both.json '"all"' numa_unfixed_cycles)" -gt \
	"$(field both.json '"all"' numa_walk_cycles)"

# pages of 2 MiB that the memory splits: walks get dearer, local or not
whole='--set walk.guest_page=2M --set walk.host_page=2M --set numa.ept_fix=none'
pugmark score -q "$d" mem.db --design ./all.ini $whole --json >whole.json
pugmark score -q "$d" mem.db --design ./all.ini $whole --set memory.huge=split --json >split.json
pugmark score -q "$d" mem.db --design ./all.ini $whole --set walk.host_page=4K --json >small.json
ok 'the memory splits some' test "$(field split.json '"all"' split_ppm)" -gt 0
for key in walk_cycles total_cycles placed_cycles numa_walk_cycles; do
	ok "and $key rises" test "$(field split.json '"all"' $key)" -gt "$(field whole.json '"all"' $key)"
	ok "$key is not more than with small pages" test "$(field split.json '"all"' $key)" -le "$(field small.json '"all"' $key)"
done
pugmark score -q "$d" mem.db --design ./all.ini $whole --set memory.huge=whole --json >kept.json
is 'swapped as a whole they are not split' "$(field kept.json '"all"' walk_cycles)" "$(field whole.json '"all"' walk_cycles)"

# --set gives all designs with walks a host of nodes
pugmark score -q mem.db --design nested,tpt-opt,vpri --set numa.gpt=remote --json >far.json
for design in nested tpt-opt vpri; do
	ok "with its table far away $design is slower" test "$(field far.json "\"$design\"" run_over_local_ppm)" -gt 1000000
done
is 'the table of the guest is far in all of them' "$(field far.json '"vpri"' ll_ppm)" 0
# tables of the host have a place only where walks read them; what to do about them is refused elsewhere
pugmark score -q mem.db --design nested,tpt-opt --set numa.gpt=remote --set numa.ept=remote --json >host.json
is 'on one host both tables of nested paging are far' "$(field host.json '"nested"' rr_ppm)" 1000000
ok 'and the one of TPT' test "$(field host.json '"tpt-opt"' rr_ppm)" = 0 -a \
	"$(field host.json '"tpt-opt"' run_over_local_ppm)" = "$(field far.json '"tpt-opt"' run_over_local_ppm)"
exits 64 'a fix of host tables under TPT is refused on the command line too' \
	pugmark score -q mem.db --design tpt-opt --set numa.ept_fix=replicate
like 'it tells what the nodes rest on' "$(pugmark score -q mem.db --design ./numa.ini,nested)" 'machine.remote = .*calibrated'
like 'and which designs have none' "$(pugmark score -q mem.db --design ./numa.ini,nested)" '1 design without .numa.: all page tables are taken to be local'
like 'without addresses it says so' "$(pugmark score -q "$d" --design ./all.ini)" 'numa. of 1 design was not run: no trace has mem rows'

# ---- pairs, which need no long trace: NAME | REFUSED or SAID | lines of the design | the reason ----
pugmark gen gups --set mem.accesses=5K -o few.db >/dev/null
pair() {
	pair_sections=$2
	printf '%b' "$pair_sections" >pair.ini
	case $1 in
	refused)
		pugmark score -q "$d" few.db --design ./pair.ini >/dev/null 2>pair.err
		is "it is refused: $3" $? 64
		like 'with this reason' "$(cat pair.err)" "$3"
		;;
	said)
		like 'it is run, and explained' "$(pugmark score -q "$d" few.db --design ./pair.ini 2>&1)" "^pair: .*$3"
		;;
	esac
}
walk='[walk]\nmode = '
faults='[memory]\novercommit = 20%\n[iopf]\nbackend = vpri\n'
none='[memory]\novercommit = 20%\n[iopf]\nbackend = none\n'
static='[memory]\novercommit = 20%\n[iopf]\nbackend = static\n'
pair refused "${walk}tpt-opt\n[numa]\nept_fix = replicate\n" "under TPT the guest's own table leads to frames of the host"
pair refused "${walk}tpt-naive\n[numa]\nept_fix = migrate\n" "no table of the host is there to place, migrate or replicate"
pair refused "${walk}native\n[numa]\nept = remote\n" 'walk.mode native has no tables of a host'
pair refused "${walk}shadow-unsync\n[numa]\nept_fix = migrate\n" 'the shadow table is the only one that is walked'
pair refused "${walk}nested\n[numa]\nguest_view = oblivious\ngpt_fix = replicate\n" 'an oblivious guest knows no nodes'
pair refused "${static}${walk}nested\n[numa]\nept = remote\nept_fix = migrate\n" 'pages pinned for devices do not: .*numa.ept_fix migrate has no occasion'
pair refused "${walk}nested\n[numa]\nnodes = 1\ngpt_fix = replicate\n" 'numa.nodes 1 has no other node'
pair refused "${faults}${walk}native\n[numa]\nept_fix = none\n[memory]\nhuge = split\n" 'walk.mode native has no host pages that'
pair refused "${none}" 'iopf.backend none cannot serve a fault'
pair refused "${faults}[nvme]\npath = mdev-2way\n" 'pins the pages of each command in software'
pair refused "${faults}[nvme]\npath = virtio\n" "the host's software touches guest memory, not the device"
pair refused "${faults}[nvme]\npath = iocore\n" "the host's software touches guest memory, not the device"
pair refused "[memory]\novercommit = 20%\n[iopf]\nbackend = viommu\n[nvme]\npath = virtio\n" "the host's software touches guest memory, not the device"
pair refused "[memory]\novercommit = 20%\n[iopf]\nbackend = viommu\n[nvme]\npath = nvme-uri\n" 'keeps guest memory pinned'
pair refused "${faults}[nvme]\npath = spdk-vhost-blk\n" 'a process of the host drives the device and keeps guest memory pinned'
pair said "${static}${walk}nested\n[numa]\nept = remote\nept_fix = replicate\n[pin]\npolicy = lru\n" 'pin.policy has nothing left to do'
pair said "${faults}${walk}tpt-opt\n" 'must lose its tag'
pair said "${faults}${walk}tpt-opt\n[numa]\ngpt = remote\n" 'where the page tags lie is not modelled'
pair said "${walk}shadow-naive\n[numa]\ngpt = remote\n" 'numa.gpt is the shadow table'
pair said "${walk}nested\n[numa]\nspan = wide\ngpt_fix = migrate\n" 'one that migrates has nowhere to go'
pair said "${walk}nested\n[numa]\ngpt = remote\ngpt_fix = migrate\n" 'walk.populated no'
pair said "${faults}${walk}nested\n[memory]\nhuge = split\n" 'but .walk. maps them by 4 KiB'
pair said "${faults}[nvme]\npath = native-irq\n" 'its latency is that of no VM'
pugmark score -q "$d" mem.db --design tpt --json >tpt.json
ok 'under TPT each page that is swapped out costs a revocation' test "$(field tpt.json '"tpt"' revoke_cycles)" -gt 0
pugmark score -q "$d" mem.db --design vpri --json >vpri.json
is 'and under nested paging none' "$(field vpri.json '"vpri"' revoke_cycles)" 0
# the screen has the columns of parts that ran, and a verdict on what there is
pugmark score -q mem.db --design nested,tpt-opt >walks
like 'of addresses alone walks are judged' "$(cat walks)" '^With page walks tpt-opt takes fewest cycles: [0-9.]+ % of those of nested'
unlike 'with no columns of memory' "$(cat walks)" 'returned|IOPF'
unlike 'a NIC that is not there has none' "$(pugmark score -q "$d" --design vpri)" 'NIC gap'
like 'one that is has' "$(pugmark score -q "$ROOT/datasets/nic.db" --design vpri)" 'NIC gap'

# the designs of the default, and what each seed takes over from the one before
pugmark score -q "$d" few.db --json >usual.json
is 'with addresses the default has designs of page tables' "$(field usual.json '"vmitosis"' ll_ppm)" 1000000
is 'without it has none' "$(pugmark score -q "$d" --json | grep -c '"vmitosis"')" 0
for design in best vmitosis tpt; do
	pugmark score -q "$d" few.db --design $design --json >only.json
	is "alone, $design has the numbers it has among others" \
		"$(tr '{' '\n' <usual.json | grep "\"design\":\"$design\"" | sed 's/,"is_pareto".*//')" \
		"$(tr '{' '\n' <only.json | grep "\"design\":\"$design\"" | sed 's/,"is_pareto".*//')"
done
pugmark score -q "$d" few.db --threads 1 --seed 2,1 --json >seeds.json
is 'whatever seed was before' "$(tr '{' '\n' <seeds.json | grep '"best","seed":1' | sed 's/,"iopf".*"requests"//; s/,"is_pareto".*//')" \
	"$(tr '{' '\n' <usual.json | grep '"design":"best"' | sed 's/,"iopf".*"requests"//; s/,"is_pareto".*//')"
done_testing
