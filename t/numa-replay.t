#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark numa replay: rows by design, what they rest on, timelines, plots, refusals.
. t/lib.sh
need_command gen numa

pugmark gen memcached -o m.db --set gen.memory=4G --set mem.accesses=200K >/dev/null
pugmark gen sysbench-random -o s.db --set mem.accesses=50K >/dev/null
pugmark gen nic -o nic.db --duration 1min --set gen.memory=64M >/dev/null

ok 'a trace is judged' pugmark numa replay m.db
like 'the verdict comes first' "$(out | head -n 1)" '^m\.db: under RRI it runs 1\.[0-9]+ times as long as with local page tables; RRIM \(both tables migrate\) brings it to 1\.00\.$'
like 'then what of the time are walks' "$(out | sed -n 2p)" '^[78][0-9.]+ % of its time is then spent in walks, 5[0-9.]+ % with local tables'
like 'and what to ask next' "$(out | tail -n 1)" '^Next: pugmark numa replay m\.db --move guest$'
like 'calibrated ratios are said to be so' "$(out)" 'machine\.contended = [0-9.]+% \(calibrated: vMitosis, gups'
like 'a guess is said to be one' "$(out)" 'not published: the median of the eight'
like 'local tables are the measure' "$(out)" 'LL +predicted +100\.00 %'

like 'without a fix among the designs none is named' "$(pugmark numa replay m.db --design LL,RRI | head -n 1)" 'local page tables\.$'
like 'but it is where to look' "$(pugmark numa replay m.db --design LL,RRI | tail -n 1)" 'Next: .* --design RRI,RRIE,RRIG,RRIM$'
like 'a fix is of the same threads and places' "$(pugmark numa replay m.db --design LRI,RRIM,FM | head -n 1)" 'under LRI .* local page tables\.$'
like 'local tables cost nothing' "$(pugmark numa replay m.db --design LL --move guest | head -n 1)" \
	'^m\.db: no design here takes longer than with local tables; [0-9.]+ % of the time is spent in walks \(LL\)'
like 'and what a move leaves is told' "$(pugmark numa replay m.db --design LL --move guest | sed -n 2p)" \
	'^After the move the program keeps 5[0-9.]+ % .* tables stay behind \(RRI\), 100\.00 % under RRIM\.$'
pugmark numa replay m.db --design LL,RR,RRI,RRIM,F,FM,OFMP --json >m.json
rows() {
	grep '"design"' m.json
}
is 'a row a design, in order' "$(json_text design m.json | tr '\n' ' ')" 'LL RR RRI RRIM F FM OFMP '
is 'a trace with its own walk share is predicted' "$(json_text kind m.json | sort -u)" predicted
pugmark gen gups -o gups.db --set gen.memory=4G --set mem.accesses=50K >/dev/null
is 'one that set the latencies is calibrated where they are used' \
	"$(pugmark numa replay gups.db --design LL,LR,RRI --json | json_text kind | tr '\n' ' ')" 'predicted calibrated calibrated '
is 'unless they are given' \
	"$(pugmark numa replay gups.db --design LR --set machine.remote=150% --json | json_text kind)" predicted
is 'tables that followed cost nothing more' "$(rows | sed -n 4p | json_numbers run_over_local_ppm)" 1000000
is 'nor do copies on all nodes' "$(rows | sed -n 6p | json_numbers run_over_local_ppm)" 1000000
is 'copies take (N-1) times the tables' \
	"$(rows | sed -n 6p | json_numbers memory_bytes)" \
	"$(($(rows | sed -n 6p | json_numbers gpt_tables) * 2 * 3 * 4096))"
is 'and make writes dearer by the published 179 cycles, guest and host' \
	"$(rows | sed -n 6p | json_numbers update_cycles)" \
	"$(($(rows | sed -n 6p | json_numbers map_updates) * 2 * 179))"
is 'of all the memory of the VM they take 1/512 a node and kind' \
	"$(rows | sed -n 6p | json_numbers vm_memory_bytes)" "$((4 * 1024 * 1024 * 1024 / 512 * 2 * 3))"
is 'data by first touch is on one of four nodes, too' \
	"$(rows | sed -n 5p | sed 's/.*"data_local":\([0-9]*\),"data_remote":\([0-9]*\).*/\1 \2/' |
	awk '{ s = $1 / ($1 + $2); print (s > 0.24 && s < 0.26) }')" 1
is 'what migrates costs once a table' \
	"$(rows | sed -n 4p | json_numbers update_cycles)" \
	"$(($(rows | sed -n 4p | json_numbers gpt_tables) * 2 * 4600))"
pugmark numa replay m.db --design LL,RR,RRI,RRIM,F,FM,OFMP --json >again.json
ok 'the same again is the same' cmp m.json again.json

cat >far.ini <<'EOF'
[walk]
mode = nested
[numa]
gpt = remote
ept = remote
interference = yes
EOF
pugmark numa replay m.db --design far.ini,RRI --json | grep '"design"' | sed 's/.*"kind"/"kind"/; s/,$//' | uniq >same
is 'letters are short for a file' "$(wc -l <same | tr -d ' ')" 1
is 'one node is no NUMA' "$(pugmark numa replay m.db --design RRI,F,I --set numa.nodes=1 --json |
	json_numbers run_over_local_ppm | sort -u)" 1000000

ok 'a trace without a walk share is counted' pugmark numa replay s.db --json
is 'and has no run times' "$(out | json_text kind | sort -u) $(out | grep -c '"run_over_local_ppm":null')" 'counted 10'
ok 'unless it is given' pugmark numa replay s.db --set numa.native_walk=40% --json
is 'by the user' "$(out | json_text kind | sort -u)" predicted

awk 'BEGIN { for (i = 0; i < 60000; i++) printf " L %x,8\n", 1073741824 + i * 64 }' >seq.lackey
pugmark import seq.lackey -o seq.db >/dev/null 2>&1
like 'what streams through memory is warned of, with the criterion' \
	"$(pugmark numa replay seq.db)" 'WARNING RRI: .*lines of data come from memory for [0-9]+ walks, more than 4 each: bandwidth counts'
is 'random access is not' "$(pugmark numa replay m.db | grep -c 'WARNING RRI')" 0
like 'a trace that is too short is warned of' "$(pugmark numa replay m.db)" \
	"^WARNING: the warm-up of [0-9]+ rows has not filled a socket's cache"
is 'with a smaller cache it is long enough' "$(pugmark numa replay m.db --set machine.llc=1M | grep -c WARNING)" 0
like 'so is one of the published table' "$(pugmark numa published --workload redis --accesses 32768)" \
	"WARNING redis: three quarters of 32768 accesses have not filled"
exits 64 'a program without published times is refused' pugmark numa published --workload nginx

ok 'a move has a timeline' pugmark numa replay m.db --move guest --json
is 'of 350 samples a fix' "$(out | grep -c '"sample":')" 1400
is 'tables that follow bring all of the throughput back' \
	"$(out | grep '"design":"RRIM","samples"' | json_numbers end_ppm)" 1000000
ok 'so has one of the whole VM' pugmark numa replay m.db --move vm --set move.samples=200 --json
is 'where the guest tables go with the data' "$(out | grep -c '"sample":') $(out |
	grep '"design":"RI","sample":199' | json_numbers far_gpt_ppm)" '400 0'
if command -v gnuplot >/dev/null; then
	ok 'run times can be drawn' pugmark numa replay m.db --plot bars.svg
	like 'by parts' "$(cat bars.svg)" "host's tables"
	ok 'and timelines' pugmark numa replay m.db --move guest --plot move.svg
	like 'by design' "$(cat move.svg)" 'RRIG'
fi

exits 64 'letters that mean nothing are refused' pugmark numa replay m.db --design RRX
like 'with those there are' "$(err)" "no design 'RRX': letters as in vMitosis"
exits 64 'copies need a guest that knows of nodes' \
	pugmark numa replay m.db --design OF --set numa.gpt_fix=replicate
like 'or one that is told' "$(err)" 'guest_view=told \(NO-P\) or measured \(NO-F\)'
exits 64 'what is not walked cannot be moved' pugmark numa replay m.db --design L --set numa.ept_fix=migrate
exits 64 'contended memory is no faster than remote' pugmark numa replay m.db --set machine.contended=150%
exits 64 'a move needs nested tables' pugmark numa replay m.db --design L --move vm
exits 65 'a move needs run times' pugmark numa replay s.db --move vm
exits 65 'a trace without addresses is refused' pugmark numa replay nic.db
exits 66 'a missing trace is missing input' pugmark numa replay nope.db
exits 64 'a trace is needed' pugmark numa replay
done_testing
