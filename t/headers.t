#!/bin/sh
# SPDX-License-Identifier: MIT
# Every header compiles alone, so that includes can be read and sorted freely.
. t/lib.sh

ok 'every header of the tree compiles alone' make -s -C "$ROOT" BUILD="$BUILD" CC="${CC:-gcc}" headers

# the check itself: a header that needs another one is refused
mkdir base
printf 'struct pair { uint64_t a, b; };\n' >base/needy.h
cp "$ROOT/Makefile" .
exits 2 'a header that needs another one first is refused' make -s headers
like 'with its name' "$(err)" 'base/needy\.h'
sed -i '1i #include <stdint.h>' base/needy.h
ok 'and passes once it includes what it needs' make -s headers
done_testing
