#!/bin/sh
# SPDX-License-Identifier: MIT
# The build rebuilds what it must and nothing else. A small tree stands in for ours.
. t/lib.sh

cp "$ROOT/Makefile" .
mkdir base store collect sim
echo 'int base_f(void); enum { BASE_N = 1 };' >base/f.h
echo '#include "base/f.h"' >base/f.c && echo 'int base_f(void) { return BASE_N; }' >>base/f.c
echo 'int store_g(void); int store_g(void) { return 2; }' >store/g.c
echo '#include "base/f.h"' >main.c && echo 'int main(void) { return base_f() - BASE_N; }' >>main.c
unset CI CFLAGS LDFLAGS OPT V

build() {
	make "CC=${CC:-gcc}" BUILD=release "$@"
}

# the files that the last make compiled
compiled() {
	out | sed -n 's/^  CC *//p' | sort | tr '\n' ' '
}

ok 'a clean tree builds' build
is 'from its three sources' "$(compiled)" 'base/f.c main.c store/g.c '
ok 'and the command runs' build/release/pugmark
ok 'nothing is left to do' build -q
is 'nothing is written beside the sources' "$(find . -path ./build -prune -o -name '*.[oda]' -print)" ''

find . -exec touch -d '2001-01-01' {} + # equal times are up to date
touch base/f.h
build >"$TMP/said"
is 'a header rebuilds what includes it, and only that' \
	"$(sed -n 's/^  CC *//p' said | sort | tr '\n' ' ')" 'base/f.c main.c '

ok 'another version' build VERSION=9.9.9
is 'rebuilds everything' "$(compiled)" 'base/f.c main.c store/g.c '
ok 'other flags' build VERSION=9.9.9 CFLAGS=-DX=1
is 'rebuild everything' "$(compiled)" 'base/f.c main.c store/g.c '
ok 'the same flags again' build VERSION=9.9.9 CFLAGS=-DX=1
is 'rebuild nothing' "$(compiled)" ''
build >/dev/null

ok 'debug objects' build BUILD=debug
ok 'leave the release objects alone' build -q

rm store/g.c
ok 'a tree that lost a source builds' build
is 'and its archive lost the object' "$(ar t build/release/libpugmark.a | tr '\n' ' ')" 'f.o '
rm base/f.h
exits 2 'a lost header is an error' build
echo 'int base_f(void); enum { BASE_N = 1 };' >base/f.h && build >/dev/null

exits 2 'a missing library stops the build' build REQUIRED=nosuchlib:libnosuch-dev
like 'with the name of its package' "$(err)" 'libnosuch-dev'
ok 'an optional library may be missing' build OPTIONAL=nosuchlib:libnosuch-dev:HAVE_IT:packet-capture
like 'which is told with what is gone' "$(out)" '^without libnosuch-dev: no packet capture$'
ok 'and the next time' build OPTIONAL=nosuchlib:libnosuch-dev:HAVE_IT:packet-capture
unlike 'is not told again' "$(out)" 'libnosuch'
build >/dev/null
ok 'an optional library that is there' build OPTIONAL=zlib:zlib1g-dev:HAVE_IT:packet-capture V=1
like 'defines its macro' "$(out)" '-DHAVE_IT '
exits 2 'an unknown BUILD is refused' build BUILD=relaese
like 'with the choices' "$(err)" 'release, debug, asan, cov'
ok 'clean needs no library' build clean REQUIRED=nosuchlib:libnosuch-dev
is 'and removes all' "$(ls -d build 2>/dev/null)" ''

echo 'int unused(int x) { return 0; }' >store/g.c
ok 'a warning is a warning for users' build
exits 2 'and an error in CI' env CI=true make "CC=${CC:-gcc}" BUILD=release
rm store/g.c

# the SQLite extension: the same sources, one of them compiled twice
echo 'int sqlext_is_core(void); int sqlext_is_core(void) {' >store/sqlext.c
printf '#ifdef SQLITE_CORE\nreturn 1;\n#else\nreturn 0;\n#endif\n}\n' >>store/sqlext.c
printf '__attribute__((visibility("default"))) int sqlite3_pugmark_init(void);\n' >>store/sqlext.c
printf 'int sqlite3_pugmark_init(void) { return sqlext_is_core(); }\n' >>store/sqlext.c
ok 'a tree with the extension builds' build
is 'its source is compiled twice' "$(compiled)" 'base/f.c main.c store/sqlext.c store/sqlext.c '
is 'the shared object shows its entry alone' \
	"$(nm -D --defined-only build/release/pugmark.so | awk '{ print $3 }')" sqlite3_pugmark_init
ok 'nothing is left to do with it either' build -q

mkdir policies examples scripts
cp "$ROOT/scripts/install" scripts
touch policies/p.md store/FORMAT.md store/schema.sql store/columns.h
echo '#include "base/f.h"' >policies/policy.h
ok 'install puts everything under DESTDIR' build install DESTDIR="$TMP/dest" prefix=/usr
is 'the command, the extension, the header of plug-ins with what it includes, and documents with what they speak of' \
	"$(cd dest && find . -type f | sort | tr '\n' ' ')" \
	'./usr/bin/pugmark ./usr/include/pugmark/base/f.h ./usr/include/pugmark/policies/policy.h ./usr/lib/pugmark/pugmark.so ./usr/share/doc/pugmark/FORMAT.md ./usr/share/doc/pugmark/columns.h ./usr/share/doc/pugmark/policies/p.md ./usr/share/doc/pugmark/schema.sql '
ok 'uninstall takes it away' build uninstall DESTDIR="$TMP/dest" prefix=/usr
is 'to the last file' "$(find dest -type f)" ''
done_testing
