#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark check: the queueing engine against known answers, and what must fail does.
. t/lib.sh
need_command check

cases=$ROOT/t/data/queueing.json
ok 'every kind of system comes out as theory says' pugmark check "$cases"
is 'a line a case' "$(out | grep -c '^ok [0-9]* - [a-z]')" 26
is 'after a plan' "$(out | head -n 1)" 1..26
out >one.tap
ok 'threads do not change a byte' pugmark check --threads 1 "$cases"
is 'of what is told' "$(out)" "$(cat one.tap)"
ok 'as JSON' pugmark check --json "$cases"
out >one.json
is 'a row a figure, all of them good' "$(grep -c '"ok":true' one.json)" "$(grep -c '"key":' one.json)"
is 'in numbers' "$(grep '"hybrid".*"spin_ns"' one.json)" \
	'{"id":"hybrid","kind":"hybrid_poll","key":"spin_ns","ours":37000,"expected":37000,"off_ppm":0,"tolerance_ppm":100,"completions":200000,"ok":true,"broken":null},'

# the same system with an expectation 10 % off
sed 's/"throughput_per_s": 233333.333/"throughput_per_s": 256666.7/' "$cases" >spoilt.json
exits 1 'a wrong expectation fails' pugmark check spoilt.json
is 'and it alone' "$(out | grep -c '^ok')" 25
like 'with both figures' "$(out)" '^not ok 13 - closed-hashed throughput_per_s ours 2.*, expected 256666\.7, off -'

# one CASE [SED]: a file of one case, changed
one() {
	grep "\"id\": \"$1\"" "$cases" | sed 's/},$/}/' | sed "${2:-}" | sed '1s/^/{"cases": [/; $s/$/]}/' >one.json
}
# refused NAME CASE SED WORD: exit 65 and a sentence with the word
refused() {
	one "$2" "$3"
	exits 65 "$1" pugmark check one.json
	like 'with a sentence' "$(err)" "$4"
	is 'and nothing on standard output' "$(out | grep -c ok)" 0
}
one ring
ok 'one case alone' pugmark check one.json
refused 'an unknown kind is refused' ring 's/closed_tandem_det/tandem/' "ring: kind 'tandem' is not known"
refused 'an unknown parameter is refused' ring 's/"think_ns"/"pause_ns"/' 'ring: params: pause_ns is not known'
refused 'a missing parameter is refused' ring 's/"population": 4, //' 'ring: params: population is missing'
refused 'a parameter out of range is refused' ring 's/"population": 4/"population": 0/' 'population: 0 lies outside'
refused 'text for a number is refused' ring 's/"population": 4/"population": "4"/' 'population: expected a number'
refused 'an unknown figure is refused' ring 's/"mean_resp_ns"/"mean_rep_ns"/' 'does not measure mean_rep_ns'
refused 'an unknown key of a case is refused' ring 's/"formula"/"fromula"/' 'case 1: fromula is not known'
refused 'an unknown shape is refused' one-server 's/"service": "exp"/"service": "expo"/' "service: 'expo' is not known"
refused 'another discipline is refused' priority 's/nonpreemptive/preemptive/' "discipline: 'preemptive'"
refused 'probabilities sum to 1' bimodal 's/0\.9, 0\.1/0.9, 0.2/' 'probs: they sum to 1.1'
refused 'a link at odds with its station is refused' link 's/"link_bytes_per_ns": 2\.4/"link_bytes_per_ns": 1.2/' 'a block takes'
refused 'a tolerance is a share' ring 's/"tol_rel": 0\.0001/"tol_rel": 2/' 'tol_rel'
printf '{"cases": [{"id":' >broken.json
exits 65 'broken JSON is refused' pugmark check broken.json
like 'with the line' "$(err)" 'broken\.json: line 1: '
exits 66 'a missing file is told as one' pugmark check nope.json
exits 64 'a file is needed' pugmark check
done_testing
