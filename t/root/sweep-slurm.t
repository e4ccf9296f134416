#!/bin/sh
# SPDX-License-Identifier: MIT
# A Slurm of one node on the loopback runs an array of 20 tasks, while its slurmd and two tasks are killed:
# all 20 are done in the end, and the merged results are those of the local engine, byte for byte.
PATH=$PATH:/usr/sbin:/sbin
. t/lib.sh
need_root
need munged slurmctld slurmd sbatch squeue scancel setpriv sqlite3
need_command sweep pin
id munge >/dev/null 2>&1 || skip_all 'there is no user munge'
getent hosts "$(hostname -s)" >/dev/null || skip_all 'the name of this host does not resolve'
alone slurm

# wait_until SECONDS COMMAND..: asks ten times a second
wait_until() {
	polls=$(($1 * 10))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ $((polls -= 1)) -gt 0 ] || return 1
		sleep 0.1
	done
}
alive() {
	kill -0 "$1" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}
gone() {
	! alive "$1"
}
# whatever happens: the job, the daemons, and what they run
sweep= munged= ctld= slurmd=
on_exit() {
	[ -z "$ctld" ] || scancel --me 2>/dev/null
	for pid in $sweep $slurmd $ctld $munged $(ours); do
		kill -TERM "$pid" 2>/dev/null
		wait_until 10 gone "$pid" || kill -KILL "$pid" 2>/dev/null
	done
	wait
}
# processes that have our folder on their command line (steps of jobs, tasks)
ours() {
	grep -laF "$TMP" /proc/[0-9]*/cmdline 2>/dev/null | grep -v "^/proc/$$/" | cut -d/ -f3
}

# ---- the cluster
# two free ports
free_port() {
	port=$1
	while grep -qi ":$(printf %04X "$port") " /proc/net/tcp /proc/net/tcp6 2>/dev/null; do
		port=$((port + 1))
	done
	echo "$port"
}
host=$(hostname -s)
cpus=$(nproc)
[ "$cpus" -le 4 ] || cpus=4
mkdir munge state spool work
chmod 755 "$TMP"
head -c 1024 /dev/urandom >munge/key
chmod 400 munge/key
chown -R munge: munge
chmod 711 munge
ctld_port=$(free_port 36817)
slurmd_port=$(free_port $((ctld_port + 1)))
cat >slurm.conf <<END
ClusterName=sweep
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$TMP/munge/socket
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort=$ctld_port
SlurmdPort=$slurmd_port
SlurmctldPidFile=$TMP/ctld.pid
SlurmdPidFile=$TMP/slurmd.pid
SlurmctldLogFile=$TMP/ctld.log
SlurmdLogFile=$TMP/slurmd.log
StateSaveLocation=$TMP/state
SlurmdSpoolDir=$TMP/spool
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2
ReturnToService=2
MaxArraySize=1001
PlugStackConfig=/dev/null
JobRequeue=1
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus Boards=1 SocketsPerBoard=1 CoresPerSocket=$cpus ThreadsPerCore=1 RealMemory=500 State=UNKNOWN
PartitionName=sweep Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
SLURM_CONF=$TMP/slurm.conf
export SLURM_CONF

setpriv --reuid munge --regid munge --clear-groups munged --foreground --key-file="$TMP/munge/key" \
	--socket="$TMP/munge/socket" --pid-file="$TMP/munge/pid" --log-file="$TMP/munge/log" \
	--seed-file="$TMP/munge/seed" >munged.out 2>&1 9>&- &
munged=$!
wait_until 20 test -S munge/socket || skip_all "munged does not start: $(tail -n 1 munged.out)"
slurmctld -D -c >/dev/null 2>&1 9>&- &
ctld=$!
ctld_answers() {
	scontrol ping | grep -q 'is UP'
}
wait_until 60 ctld_answers || skip_all "slurmctld does not answer: $(tail -n 1 ctld.log)"
start_slurmd() {
	slurmd -D -N "$host" >/dev/null 2>&1 9>&- &
	slurmd=$!
}
start_slurmd
node_is_idle() {
	sinfo --noheader --format=%T | grep -q '^idle'
}
wait_until 60 node_is_idle || skip_all "the node does not come up: $(tail -n 1 slurmd.log)"

# ---- the sweep
cp "$ROOT/datasets/nic.db" .
cat >s.ini <<'END'
[sweep]
command = pin
traces = nic.db
batch = 2
[options]
policy = none, lru
budget = 1%..20% step 1%
overcommit = 20%
cpu = cold
END
ok 'the local engine gives the reference' pugmark sweep s.ini -o local --jobs 1
is 'with 20 tasks' "$(find local -name '*.db' ! -name results.db | wc -l)" 20

# the program as tasks 3 and 4 find it: at their first try they stay until they are killed
mkdir caught
cat >stuck-pugmark <<END
#!/bin/sh
case \$3 in
3 | 4)
	if [ ! -e "$TMP/caught/\$3" ]; then
		echo \$\$ >"$TMP/caught/\$3.new" && mv "$TMP/caught/\$3.new" "$TMP/caught/\$3"
		exec tail -f /dev/null "$TMP/caught/\$3"
	fi
	;;
esac
exec "$PUGMARK" "\$@"
END
chmod +x stuck-pugmark
PUGMARK="$TMP/stuck-pugmark" "$PUGMARK" sweep s.ini -o slurm --engine slurm >out 2>err 9>&- &
sweep=$!

ok 'two tasks are at work' wait_until 120 test -s caught/3 -a -s caught/4
kill -KILL "$slurmd"
ok 'slurmd is killed' wait_until 20 gone "$slurmd"
wait "$slurmd"
for n in 3 4; do
	kill -KILL "$(cat caught/$n)" 2>/dev/null
	ok "task $n is killed" wait_until 20 gone "$(cat caught/$n)"
done
node_is_up() {
	sinfo --noheader --format=%T | grep -qE '^(idle|mixed|allocated)$'
}
start_slurmd
ok 'slurmd starts again' wait_until 60 node_is_up

ok 'the sweep comes to its end' wait_until 300 gone "$sweep"
wait "$sweep"
is 'it is complete' $? 0
sweep=
like 'and says so' "$(cat out)" '40 configurations in 20 tasks: all done'
is '20 of 20 results' "$(find slurm -name '*.db' ! -name results.db | wc -l)" 20
is 'nothing half-written is left' "$(find slurm -name '*.tmp*')" ''
same 'the merged bytes are those of the local engine' local/results.db slurm/results.db

# ---- and again
: >out
ok 'a finished sweep asks Slurm for nothing' env SLURM_CONF=/nonexistent pugmark sweep s.ini -o slurm --engine slurm
like 'and computes nothing' "$(out)" 'nic.db +20 +40 +20 +0 +0 +0'

rm -r slurm caught/3
pugmark sweep s.ini -o slurm --engine slurm --quiet >out 2>err 9>&- &
sweep=$!
touch caught/4
some_done() {
	[ "$(find slurm -name '*.db' 2>/dev/null | wc -l)" -ge 1 ]
}
ok 'another one is at work' wait_until 120 some_done
kill -TERM "$sweep" 2>/dev/null
ok 'told to stop it ends' wait_until 60 gone "$sweep"
wait "$sweep"
is 'as one does that was stopped' $? 143
sweep=
queue_is_empty() {
	[ -z "$(squeue --noheader)" ]
}
ok 'and takes its job from the queue' wait_until 60 queue_is_empty
ok 'the rest is done by whoever comes' pugmark sweep s.ini -o slurm --engine local --jobs 2
same 'with the same bytes' local/results.db slurm/results.db
done_testing
