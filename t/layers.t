#!/bin/sh
# SPDX-License-Identifier: MIT
# The tree keeps its layers, and the checker would notice if it did not.
. t/lib.sh

ok 'the tree keeps its layers, licence lines and sizes' "$ROOT/scripts/check-layers"
out | grep '^note' | while read -r note; do diag "$note"; done

check() {
	"$ROOT/scripts/check-layers" "$TMP"
}

# plant SENTENCE FILE LINE REGEX: a tree with this one file must be refused with this message
plant() {
	mkdir -p "$(dirname "$2")"
	printf '// SPDX-License-Identifier: MIT\n%b\n' "$3" >"$2"
	exits 1 "$1" check
	like "$1: told with file and line" "$(out)" "$4"
	rm -r "${2%%/*}"
}

plant 'base includes nothing of ours' base/a.c '#include "store/kinds.h"' \
	'^base/a\.c:2: base/ may not include store/'
plant 'replay does not include collect' replay/a.c '#include "collect/input.h"' '^replay/a\.c:2: .*collect/'
plant 'collect does not include sim' collect/a.h '\n#include "sim/evq.h"' '^collect/a\.h:3: .*sim/'
plant 'a policy never sees models' policies/a.c '#include "sim/evq.h"' '^policies/a\.c:2: .*sim/'
plant 'a policy never sees SQLite' policies/a.c '#include <sqlite3.h>' '<sqlite3\.h>'
plant 'a model never sees stdio' sim/a.c '#include <stdio.h>' '^sim/a\.c:2: .*<stdio\.h>'
plant 'a model uses no libm' sim/a.c '#include <math.h>' '<math\.h>'
plant 'a model has no clock' sim/a.c 'int x(void)\n{\n\treturn time(0);\n}' '^sim/a\.c:4: .*time'
plant 'a model has no randomness of the system' policies/a.c '\tx = rand();' '^policies/a\.c:2: .*rand'
plant 'the base library never prints' base/a.c '\tprintf("x");' '^base/a\.c:2: .*never prints'
plant 'not even to standard error' base/a.c '\tfprintf(stderr, "x");' '^base/a\.c:2: .*never prints'
plant 'include paths start at the root' store/a.c '#include "kinds.h"' '^store/a\.c:2: .*start at the root'
plant 'no path of one machine' store/a.c '// see /home\0057someone/x' '^store/a\.c:2: a path of one machine'
plant 'no fixed temporary folder' store/a.c 'const char *t = "/tmp/x";' '^store/a\.c:2: .*TMPDIR'

mkdir t
printf '#!/bin/sh\n# SPDX-License-Identifier: MIT\n' >t/a.t
exits 1 'a test may be executed' check
like 'a test may be executed: told' "$(out)" '^t/a\.t:1: .*chmod'
chmod +x t/a.t
ok 'then it is one' check
rm -r t

mkdir store
printf '// SPDX-License-Identifier: MIT\n' >store/a.h
plant 'a source includes its own header first' store/a.c '#include "base/err.h"\n#include "store/a.h"' \
	'^store/a\.c:2: .*own header first'

mkdir base
echo 'int x;' >base/a.c
exits 1 'a file without a licence line is refused' check
like 'with file and line' "$(out)" '^base/a\.c:1: .*SPDX'
{ echo '// SPDX-License-Identifier: MIT'; yes ' ' | head -n 1000; } >base/a.c
exits 1 'a source of a thousand lines is refused' check
{ echo '// SPDX-License-Identifier: MIT'; yes ' ' | head -n 920; } >base/a.c
ok 'a source slightly above the limit is only noted' check
like 'with its size' "$(out)" '^note base/a\.c:921'
printf '// SPDX-License-Identifier: MIT\n/* printf() is not\n * called: exit(1) */\nint x; // abort()\n' >base/a.c
ok 'a call in a comment is no call' check
printf '// SPDX-License-Identifier: MIT\nvoid f(FILE *out)\n{\n\tfprintf(out, "x");\n}\n' >base/a.c
ok 'a library may write to a stream it was given' check
printf '// SPDX-License-Identifier: MIT\n#include "policies/policy.h"\n#include "base/arena.h"\n' >base/a.c
mkdir policies && mv base/a.c policies/lru.c
ok 'a policy may include base and its own folder' check
done_testing
