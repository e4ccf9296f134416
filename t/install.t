#!/bin/sh
# SPDX-License-Identifier: MIT
# make install (scripts/install, which it calls): what is installed works without the sources, all of it lies where
# it was asked for, and make uninstall takes all of it away.
. t/lib.sh
need install gcc

prefix=/pugmark-$$ # nothing of that name: what is written past DESTDIR is seen
dest=$TMP/dest usr=$TMP/dest$prefix
mkdir man
if command -v scdoc >/dev/null; then
	for page in pugmark.1:pugmark pugmark-pin.1:pugmark-pin; do
		(cd "$ROOT" && sh scripts/manpage <"man/${page#*:}.scd") >"man/${page%:*}"
	done
fi
run_install() {
	(cd "$ROOT" && CC=gcc sh scripts/install "$@" "$dest" "$prefix" "$B" "$TMP/man")
}
ok 'everything is installed' run_install
ok 'again likewise' run_install
is 'nothing lies outside' "$(ls -d "$prefix" 2>/dev/null; ls "$dest")" "${prefix#/}"

mkdir away && cd away || exit 1
ok 'the program runs' env -i PATH=/usr/bin:/bin "$usr/bin/pugmark" gen nic -o t.db --duration 1min
ok 'from anywhere' env -i PATH=/usr/bin:/bin "$usr/bin/pugmark" verify t.db

if command -v sqlite3 >/dev/null && [ -f "$B/pugmark.so" ]; then
	is 'SQLite loads the extension' "$(sqlite3 t.db ".load $usr/lib/pugmark/pugmark" 'SELECT count(*) FROM dma')" \
		"$("$usr/bin/pugmark" sql -n t.db 'SELECT count(*) FROM dma')"
else
	skip 'SQLite loads the extension' 'no sqlite3 here'
fi

if command -v scdoc >/dev/null && command -v man >/dev/null; then
	is 'manual pages are found' "$(man -M "$usr/share/man" -w pugmark-pin)" "$usr/share/man/man1/pugmark-pin.1"
else
	skip 'manual pages are found' 'no scdoc or no man here'
fi

if command -v bash >/dev/null; then
	is 'the completion asks the installed program' "$(PATH=$usr/bin:$PATH bash -c '
		. "$0"; COMP_WORDS=(pugmark pin --backend v) COMP_CWORD=3; _pugmark; echo "${COMPREPLY[@]}"' \
		"$usr/share/bash-completion/completions/pugmark")" 'viommu vpri'
else
	skip 'the completion asks the installed program' 'no bash here'
fi

ok 'a design that was installed is a design' "$usr/bin/pugmark" pin t.db --design "$usr/share/pugmark/designs/vpri.ini"
ok 'a workload that was installed is a profile' \
	"$usr/bin/pugmark" gen "$usr/share/pugmark/workloads/block.ini" -o b.db --duration 1min
ok 'a policy is built with the headers alone' gcc -O2 -shared -fPIC -I"$usr/include/pugmark" -o mine.so \
	"$usr/share/doc/pugmark/examples/policy-mine.c"
ok 'and taken' "$usr/bin/pugmark" cache t.db --policy ./mine.so --size 10%

unit=$usr/lib/systemd/system/pugmark-record.service
like 'the unit starts the installed program' "$(cat "$unit")" "exec $prefix/bin/pugmark record"
unlike 'and no other' "$(cat "$unit")" /usr/local
if command -v systemd-analyze >/dev/null; then
	ok 'systemd understands it' systemd-analyze verify --man=no "$unit"
	is 'without a complaint' "$(err)" ''
else
	skip 'systemd understands it' 'no systemd-analyze here'
fi

touch "$usr/share/doc/pugmark/of-somebody-else"
ok 'uninstall' run_install --remove
is 'takes all of it away, and nothing else' "$(cd "$usr" && find . -type f)" ./share/doc/pugmark/of-somebody-else
done_testing
