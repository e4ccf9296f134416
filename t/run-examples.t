#!/bin/sh
# SPDX-License-Identifier: MIT
# The runner of the manuals' examples: what must fail does.
. t/lib.sh

run() {
	"$ROOT/scripts/run-examples" "$@"
}

cat >good.md <<'EOD'
# Title
Prose with a $ sign, and `$ false` in a line.

```sh
$ echo one
one
$ x=kept
$ printf '%s\n' a b c; echo "$x 12345 rows"
a
...
kept ... rows
$ printf '%s ' two \
words
two words
$ cat <<END
> three
>
> four
> END
three

four
$ sh -c 'echo gone >&2; exit 65'
# exits 65
gone
$ echo 'not compared'
```

    $ mkdir below; cd below
    $ basename "$PWD"
    below
    $ cd ..

## A part
```c file=made/here.txt
first
last $HOME `x`
```
  ```text insert=made/here.txt before=last
  middle
  ```
```sh
$ cat made/here.txt
first
middle
last $HOME `x`
```
EOD
ok 'a good document passes' run good.md
is 'with a line per example' "$(out | grep -c '^ok')" 13
like 'naming file, line and command' "$(out)" '^ok 1 - good\.md:5: echo one$'
like 'as it is written' "$(out)" "^ok 3 - good\\.md:8: printf '%s\\\\n' a b c; echo"
like 'and a plan' "$(out)" '^1\.\.13$'
ok 'one part can be run alone' run --section 'A part' good.md
is 'with its examples only' "$(out | grep -c '^ok')" 3
exits 65 'a part that does not exist is told' run --section 'No part' good.md
ok 'examples can be listed' run --list good.md
is 'without being run' "$(out | head -n 1)" 'good.md:5: echo one'

# bad SENTENCE LINES REGEX: an example that must be refused
bad() {
	{ echo '```sh'; printf "$2"; echo '```'; } >bad.md
	exits 1 "$1" run bad.md
	like "$1: with the reason" "$(out)" "$3"
}
bad 'a command that fails' '$ false\n' '^# exit 1 instead of 0'
bad 'a command that should have failed' '$ true\n# exits 65\n' '^# exit 0 instead of 65'
bad 'another output' '$ echo one\ntwo\n' '^# got:  one'
bad 'more output' '$ echo one; echo two\none\n' '^# got:  two'
bad 'less output' '$ echo one\none\ntwo\n' '^# want: two'
bad 'another text after dots' '$ echo one; echo two\n...\nthree\n' '^not ok 1'
bad 'another end after dots' '$ echo one two\none ... three\n' '^not ok 1'
bad 'a missing command' '$ no-such-command\n' '^# exit 127 instead of 0'
printf '```c insert=nosuch before=x\n```\n' >bad.md
exits 1 'an insertion without its place' run bad.md

printf 'pugmark(1)\n\n# EXAMPLES\n\nProse\n\n```\n$ echo a b\na b\n```\n' >good.scd
ok 'a manual page in scdoc passes' run good.scd
like 'with its example' "$(out)" '^ok 1 - good\.scd:8: echo a b$'
done_testing
