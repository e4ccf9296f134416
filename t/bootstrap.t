#!/bin/sh
# SPDX-License-Identifier: MIT
# scripts/bootstrap against a stand-in for the package system: it installs what
# is missing, nothing else, and says what it cannot do.
. t/lib.sh

mkdir -p tree/scripts stub
cp "$ROOT/scripts/bootstrap" tree/scripts
printf 'all: built\nbuilt:\n\ttouch built\n' >tree/Makefile
echo 'ID=debian' >debian
printf 'NAME=Fedora\nID=fedora\n' >fedora

# a PATH without the real package tools
for tool in sh env make sed tr dirname basename nproc cat touch mkdir grep; do
	ln -s "$(command -v $tool)" stub/
done
stub() {
	printf '#!/bin/sh\n%s\n' "$2" >"stub/$1"
	chmod +x "stub/$1"
}
stub dpkg-query 'for p; do :; done; grep -qx "$p" "$TMP/absent" || echo installed'
stub apt-cache 'grep -qx "$2" "$TMP/unlisted" || echo "$2 | 1.0"'
stub apt-get 'echo "apt-get $*" >>"$TMP/apt"; [ "$1" = update ] || : >"$TMP/absent"'
stub id 'cat "$TMP/uid"'
stub sudo 'echo "sudo $*" >>"$TMP/apt"; exec "$@"'

# state UID ABSENT UNLISTED
state() {
	echo "$1" >uid
	printf '%s\n' $2 >absent
	printf '%s\n' $3 >unlisted
	: >apt
}
bootstrap() {
	env PATH="$TMP/stub" BOOTSTRAP_OS_RELEASE="$TMP/${system:-debian}" sh tree/scripts/bootstrap "$@"
}

state 0 '' ''
ok 'with all packages in place it builds' bootstrap
is 'without touching the package system' "$(cat apt)" ''
ok 'a second run succeeds' bootstrap
is 'and says nothing' "$(out; err)" ''

state 0 'libzstd-dev scdoc' ''
ok 'two missing packages are installed' bootstrap
is 'these two alone, without recommended ones' "$(cat apt)" \
	'apt-get install -q -y --no-install-recommends libzstd-dev scdoc'
like 'and are named first' "$(out | head -n 1)" 'packages to install: libzstd-dev scdoc$'

state 0 'libzstd-dev' 'libzstd-dev'
ok 'a package unknown to apt' bootstrap
is 'makes it read the lists first' "$(head -n 1 apt)" 'apt-get update -q'

state 1000 'gcc' ''
ok 'a user installs' bootstrap
like 'through sudo' "$(head -n 1 apt)" '^sudo env .*apt-get install .* gcc$'

mv stub/sudo stub/no-sudo
state 1000 'gcc' ''
exits 77 'a user without sudo is stopped' bootstrap
like 'and told what to run' "$(err)" 'as root run apt-get install .* gcc$'
state 1000 '' ''
ok 'but needs no sudo when nothing is missing' bootstrap

state 1000 'gcc gnuplot-nox' ''
rm tree/built
ok 'a dry run needs no rights' bootstrap --dry-run
like 'it shows the command' "$(out)" '^\+ sudo env .* gcc gnuplot-nox$'
like 'and the build' "$(out)" '^\+ make$'
is 'but runs neither' "$(cat apt; ls tree/built 2>/dev/null)" ''

state 0 'clang-format-14' ''
bootstrap >/dev/null
is 'clang-format is for developers' "$(cat apt)" ''
ok 'who ask for all' bootstrap --all
like 'and get it' "$(cat apt)" 'install .* clang-format-14$'

state 0 'chromium' ''
ok 'a browser is for the long tests' bootstrap --browser
like 'which ask for it' "$(cat apt)" 'install .* chromium$'

state 0 'slurmd' ''
ok 'a cluster is for the long tests, too' bootstrap --cluster
like 'which ask for it' "$(cat apt)" 'install .* slurmd$'

stub apt-get 'echo "E: no network" >&2; exit 100'
state 0 'gcc' ''
exits 69 'a failing apt-get ends it' bootstrap
system=fedora
exits 69 'another distribution is refused' bootstrap
like 'by its name' "$(err)" 'fedora'
system=debian
state 0 "" ""
exits 64 'an unknown option is refused' bootstrap --al
exits 66 'a demo without samples says so' bootstrap demo
done_testing
