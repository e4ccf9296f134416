#!/bin/sh
# SPDX-License-Identifier: MIT
# pugmark score --plot: one figure that tells which design wins.
. t/lib.sh
need_command score gen
need gnuplot

d=$ROOT/datasets/nvme.db
designs='--design today,vpri,pri,snoop,viommu,mdev'
pugmark score -q "$d" $designs --plot a.svg >screen
for name in today mdev viommu snoop 'vpri, pri'; do
	like "$name is named" "$(cat a.svg)" ">$name<"
done
like 'the winner is that of the screen' "$(cat a.svg)" 'nvme.db: viommu gives back most of those that are safe'
like 'the screen says so' "$(cat screen)" '^viommu gives back most'
like 'the arrival model is told' "$(cat a.svg)" 'requests at the times of the trace \(open arrivals\)'
like 'x has a unit' "$(cat a.svg)" 'memory given back, KiB'
like 'y too' "$(cat a.svg)" 'P99.99 of block I/O, ms'
like 'designs with too many faults are set apart' "$(cat a.svg)" 'not safe: over 10 I/O page faults in a second'
like 'the front is drawn' "$(cat a.svg)" 'front of the safe ones'
pugmark score -q "$d" $designs --plot b.svg --threads 1 >/dev/null
ok 'the same answer is the same picture' cmp a.svg b.svg
printf '[memory]\novercommit = 20%%\n' >memory.ini
pugmark score -q "$d" --design ./memory.ini --plot c.svg >/dev/null
like 'without requests faults in the worst second are shown' "$(cat c.svg)" 'I/O page faults in the worst second'
pugmark gen gups --set mem.accesses=10K -o mem.db >/dev/null
exits 65 'without memory there is nothing to draw' pugmark score -q mem.db --design vpri --plot d.svg
ok 'and no file is left' test ! -e d.svg
like 'a terminal gets it as text' "$(pugmark score -q "$d" $designs --plot - | tail -n 25)" 'vpri, p'
exits 64 'an unknown kind of file is refused' pugmark score "$d" --plot a.gif
done_testing
