#!/bin/sh
# SPDX-License-Identifier: MIT
# One design file serves every command: each uses its sections and checks the others.
. t/lib.sh
need_command pin walk

cat >whole.ini <<'EOF'
[memory]
reclaim = clock
[walk]
mode = nested
[nic]
ring = 512
EOF
grep -v walk whole.ini | grep -v mode >part.ini
d=$ROOT/datasets/nvme.db
pin() {
	pugmark pin "$d" --policy lru --overcommit 20% --json --design "$1" | tr -d '\n'
}
like 'pin reads it' "$(pin whole.ini)" '"policy":"lru"'
is 'a section of page walks changes nothing for pin' "$(pin whole.ini)" "$(pin part.ini)"

sed 's/nested/nestled/' whole.ini >bad.ini
exits 65 'but it is checked' pugmark pin "$d" --design bad.ini
like 'with its place' "$(pugmark pin "$d" --design bad.ini 2>&1)" 'bad.ini: line 4: .*nestled.*nested'
exits 64 'and --set of it would do nothing' pugmark pin "$d" --design whole.ini --set walk.mode=native
exits 64 'a built-in design that is not there' pugmark pin "$d" --design no-such

cat >chosen.ini <<'EOF'
[memory]
overcommit = 10%, 20%
[pin]
policy = lru, at-risk
budget = 2%
at_risk_min_visits = 3
EOF
rows() {
	pugmark pin "$d" --json "$@" | tr '{' '\n' | grep '"policy"'
}
is 'a design may choose policies, budgets and overcommits' "$(rows --design chosen.ini)" "$(
	rows --policy lru,at-risk --budget 2% --overcommit 10%,20% --set pin.at_risk_min_visits=3)"
is 'but the options have the last word' "$(rows --design chosen.ini --policy lru --budget 5%)" "$(
	rows --policy lru --budget 5% --overcommit 10%,20%)"
sed -i 's/lru, at-risk/lru, at-rest/' chosen.ini
like 'what is wrong in it is told' "$(pugmark pin "$d" --design chosen.ini 2>&1)" \
	"chosen.ini:4: pin.policy: .*'at-rest'.*at-risk"
for wrong in 'pin policy at-rest' 'pin budget 5%%' 'memory overcommit 120%' 'nvme path virtoi'; do
	set -- $wrong
	printf '; with a mistake\n[%s]\n%s = %s\n' "$@" >wrong.ini
	exits 64 "score refuses $1.$2 = $3" pugmark score "$d" --design ./wrong.ini
	like 'by file and line' "$(err)" "wrong.ini:3: $1.$2: .*'$3'"
done

# files of one name, one that bears a built-in design's, and dots in names
mkdir -p a b
for i in a/mine b/mine vpri v1.5 v1.10; do
	printf '[memory]\novercommit = 20%%\n[walk]\nmode = nested\n[numa]\ngpt = local\n[nvme]\npath = vfio\n' >$i.ini
done
names() {
	tr '{' '\n' | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" | uniq | tr '\n' ' '
}
pugmark gen gups --set mem.accesses=10K -o mem.db >/dev/null
all='a/mine.ini,b/mine.ini,vpri,./vpri.ini,v1.5.ini,v1.10.ini'
called='a/mine b/mine vpri ./vpri v1.5 v1.10 '
is 'score tells files of one name apart' "$(pugmark score "$d" --design $all --json | names design)" "$called"
is 'so does walk' "$(pugmark walk mem.db --design $all --json | names design)" "$called"
is 'and numa replay' "$(pugmark numa replay mem.db --design $all --json | names design)" "$called"
is 'and nvme' "$(pugmark nvme --design $all --requests 100 --json | sed '/"stages"/,$d' | names design)" "$called"
is 'a name of its own is enough' "$(pugmark walk mem.db --design a/mine.ini,v1.5.ini --json | names design)" 'mine v1.5 '
done_testing
