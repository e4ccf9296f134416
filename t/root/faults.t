#!/bin/sh
# SPDX-License-Identifier: MIT
# majfault, filemap and swap tell exactly the pages that a program lost and took back.
TMPDIR=/var/tmp # a disk: files in tmpfs cannot be dropped from memory
export TMPDIR
zram=
. t/lib.sh
. "$ROOT/t/root/recording.sh"
on_exit() {
	[ -n "$zram" ] || return
	swapoff /dev/zram$zram 2>/dev/null
	echo $zram >/sys/class/zram-control/hot_remove
}
TMPDIR=/tmp alone recording
need_root
need gcc
need_command record sql info verify
status() {
	pugmark doctor --json | tr '{' '\n' | grep "\"source\":\"$1\"" | sed 's/.*"status":"\([a-z]*\)".*/\1/'
}
[ "$(status majfault)" = usable ] || skip_all 'page faults may not be recorded here'
gcc -O2 -o faults "$ROOT/t/programs/faults.c" || exit 1
./faults file file 8 >/dev/null || skip_all 'files cannot be dropped from the page cache here'

# told WHAT: of the program, sorted; got DB SQL: of the trace
told() { sed -n "s/^$1 //p" said | sort; }
# the pages from the first to the last that it touched, those between that it did not included
range() { told touched | sort -n | sed -n '1p;$p' | paste -s -d: | sed 's/:/ AND /'; }
got() { pugmark sql -n "$1" "$2" | sort; }
cat >run <<-'END'
	#!/bin/sh
	exec ./faults "$@" >said
END
chmod +x run

probes=majfault
[ "$(status filemap)" = usable ] && probes=majfault,filemap
# rings that hold what all processes may do meanwhile
recorded f.db 'a program that reads a dropped file is recorded' pugmark record -q -o f.db --ring 32M --probe $probes -- ./run file file 300
ok 'the trace verifies' pugmark verify f.db
told major >want
is 'every page it read was a major fault' "$(wc -l <want)" 100
got f.db "SELECT va / 4096 FROM fault WHERE is_major = 1 AND va / 4096 BETWEEN $(range)" >have
same 'majfault tells exactly these pages, once each' have want
is 'its account closes' "$(ask f.db "seen - ring_lost - (SELECT count(*) FROM fault) FROM account WHERE source = 'major-faults'")" 0
if [ $probes != majfault ]; then
	told frame | sort -u >want
	got f.db "SELECT pfn FROM dma WHERE npages = 1" | sort -u | comm -12 - want >have
	same 'filemap tells the frame that each page got' have want
	is 'as accesses whose direction is not known' \
		"$(pugmark sql -n f.db 'SELECT DISTINCT op, dir, "as" FROM dma')" "$(printf 'access\tunknown\tpa')"
	like 'and says that they are inferred' "$(pugmark sql -n f.db 'SELECT coverage FROM source')" inferred
fi

recorded m.db 'minor faults are recorded where asked for' \
	pugmark record -q -o m.db --ring 32M --probe majfault --set majfault.minor=yes -- ./run file file 300
told major >want
got m.db "SELECT va / 4096 FROM fault WHERE is_major = 1 AND va / 4096 BETWEEN $(range)" >have
same 'major ones are told apart' have want
like 'minor ones are there' "$(pugmark sql -n m.db 'SELECT count(*) FROM fault WHERE is_major = 0')" '^[1-9]'

# a swap device of our own: compressed memory, 4 MiB
zram=$(cat /sys/class/zram-control/hot_add 2>/dev/null)
if [ -z "$zram" ] || ! echo 4M >/sys/block/zram$zram/disksize ||
	! mkswap /dev/zram$zram >/dev/null 2>&1 || ! swapon /dev/zram$zram 2>/dev/null; then
	skip 'what left for swap comes back as major faults' 'no swap device can be made here'
	done_testing
	exit
fi
[ "$(wc -l </proc/swaps)" -eq 2 ] && ./faults swap 8 >/dev/null || {
	skip 'what left for swap comes back as major faults' 'pages cannot be made to leave memory'
	done_testing
	exit
}
probes=majfault
[ "$(status swap)" = usable ] && probes=majfault,swap
recorded s.db 'a program whose memory was swapped is recorded' pugmark record -q -o s.db --ring 32M --probe $probes -- ./run swap 300
told major >want
is 'every page it took back was a major fault' "$(wc -l <want)" 100
got s.db "SELECT va / 4096 FROM fault WHERE is_major = 1 AND va / 4096 BETWEEN $(range)" >have
same 'majfault tells exactly these pages' have want
if [ $probes != majfault ]; then
	told frame | sort -u >want
	got s.db "SELECT pfn FROM swap WHERE op = 'out'" | sort -u | comm -12 - want >have
	same 'swap tells the frames that were written' have want
	like 'they were stored' "$(ask s.db "stored FROM account WHERE source = 'vmscan:mm_vmscan_write_folio'")" '^[1-9]'
fi
done_testing
