# SPDX-License-Identifier: MIT
# What tests of live recordings share, after t/lib.sh. A machine that is slow, or busy with others,
# lets a ring of the kernel run over before the recorder has its turn: so a test asks for what was
# stored and what was counted as lost together, never for no loss.

# ask FILE EXPRESSION: one number from a trace, of a set too
ask() {
	pugmark sql -n "$1" "SELECT $2" 2>/dev/null
}

# rings_lost FILE: records that rings of the kernel lost, over all sources
rings_lost() {
	ask "$1" 'coalesce(sum(ring_lost), 0) FROM account'
}

# recorded FILE SENTENCE COMMAND..: ends with status 0, or with 3 where rings lost records and the
# trace says so; nothing is shed, undecodable or unaccounted for
recorded() {
	recorded_file=$1 recorded_name=$2
	shift 2
	recorded_got=0
	tap_run "$@" || recorded_got=$?
	recorded_ring=$(rings_lost "$recorded_file")
	recorded_want=0
	[ "${recorded_ring:-0}" -eq 0 ] || recorded_want=3
	if [ "$recorded_got" -eq $recorded_want ] && closes "$recorded_file"; then
		pass "$recorded_name"
		[ $recorded_want -eq 0 ] || diag "rings lost $recorded_ring records: a slow machine"
	else
		fail "$recorded_name"
		tap_tell "exit $recorded_got instead of $recorded_want: $*"
		diag "$(pugmark sql "$recorded_file" 'SELECT * FROM account')"
	fi
}

# closes FILE: each account's parts are all that was seen, and all of them are known
closes() {
	[ "$(ask "$1" 'count(*) > 0 AND sum(seen <> stored + filtered + ring_lost) = 0 FROM account')" = 1 ]
}

# orphans: tracefs instances of recorders that are gone
orphans() {
	for instance in /sys/kernel/tracing/instances/pugmark-*; do
		owner=${instance##*/pugmark-}
		[ ! -e "$instance" ] || [ -d "/proc/${owner%%-*}" ] || echo "$instance"
	done
}
