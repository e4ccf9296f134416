#!/bin/sh
# SPDX-License-Identifier: MIT
# Every command has a manual page with two examples, and all pages are well formed and show what is run.
. t/lib.sh
ls "$ROOT"/man/*.scd >/dev/null 2>&1 || skip_all 'no manual pages yet'
need scdoc mandoc

# NAME.N.scd is of section N, NAME.scd of 1
file_of() {
	case $1 in
	*.[57].scd) echo "${1%.scd}" ;;
	*) echo "${1%.scd}.1" ;;
	esac
}
# lines of examples that a reader of the page does not see as t/examples.t runs them: scdoc takes a backslash away
lost_lines() {
	mandoc -Tascii "$(file_of "$1")" | sed 's/.\x08//g' >rendered
	grep -E '^[$>] ' "$ROOT/man/$1" | while IFS= read -r line; do
		grep -qF -e "$line" rendered || printf '%s\n' "$line"
	done
}
for page in "$ROOT"/man/*.scd; do
	name=${page##*/} file=$(file_of "${page##*/}")
	ok "$name is scdoc" sh -c 'cd "$ROOT" && scripts/manpage <"$1" >"$2"' - "$page" "$TMP/$file"
	ok "$name passes mandoc's lint" mandoc -Tlint -W warning "$file"
	unlike "$name hides the marks of its examples" "$(cat "$file")" '# exits [0-9]'
	like "$name is of the section it says" "$(cat "$file")" "^\.TH \"${file%.?}\" \"${file##*.}\""
	is "$name shows its examples as they are run" "$(lost_lines "$name")" ''
done
for command in $(pugmark help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
	page=$ROOT/man/pugmark-$command.scd
	if [ ! -f "$page" ]; then
		fail "pugmark $command has a manual page" "expected man/pugmark-$command.scd"
	elif [ "$("$ROOT/scripts/run-examples" --list "$page" | wc -l)" -lt 2 ]; then
		fail "the manual of pugmark $command has two examples"
	else
		pass "pugmark $command has a manual page with two examples"
	fi
done

# names_are_told PAGE[.SECTION] NAMES: each has a place of its own in the page, so that no list goes stale unseen
names_are_told() {
	like "there are names for pugmark-$1" "$2" '^[a-z0-9]'
	for name in $2; do
		ok "pugmark-$1 tells of $name" grep -qE "^([|][[ ] )?[*]$name[*]\$" "$ROOT/man/pugmark-$1.scd"
	done
}
formats() {
	pugmark "$1" --help | sed -n '/^Formats:/,/^$/s/^  \([^ ]*\) .*/\1/p'
}
names_are_told import "$(formats import)"
names_are_told formats.5 "$(formats import)"
names_are_told export "$(formats export)"
names_are_told cache "$(pugmark list policies --json | grep '"commands":"cache' | json_text policy)"
names_are_told report "$(pugmark report --list --json | json_text report)"
for section in $(cd "$ROOT/reports/sections" && ls *.sql | sed 's/^[0-9]*-//; s/\.sql$//' | tr - _); do
	ok "pugmark-report(1) tells of section $section" grep -q "[*]$section[*]" "$ROOT/man/pugmark-report.scd"
done
for page in "$ROOT"/man/pugmark-*.scd; do
	case $page in *.[57].scd) continue ;; esac
	ok "${page##*/} tells exit statuses" grep -q '^# EXIT STATUS' "$page"
done

# columns_of KIND: its list in pugmark-trace(5), which begins with the time
columns_of() {
	awk -v name="*$1*" '$0 == name { on = 1; next } /^$/ { on = 0 } on' "$ROOT/man/pugmark-trace.5.scd" | tr '\t\n' '  ' |
		grep -oE 'ts_ns, [a-z_]+, [a-z_, ]*' | tr -d ',' | tr -s ' ' | sed 's/ $//'
}
# the columns of each kind, as the program has them
pugmark import "$ROOT/t/data/dma.csv" -o t.db >/dev/null
for kind in dma object io cpu mem fault iopf pkt walk pt ptpage swap; do
	is "pugmark-sql(1) has the columns of $kind" \
		"$(awk -v name="*$kind*" '$0 == name { on = 1; next } /^$/ { on = 0 } on' "$ROOT/man/pugmark-sql.scd" |
			tr -d ' \t\n' | tr , ' ')" \
		"$(pugmark sql t.db "SELECT * FROM $kind LIMIT 0" | tr '\t' ' ')"
	is "pugmark-trace(5) has the columns of $kind" "$(columns_of "$kind")" \
		"$(pugmark sql t.db "SELECT * FROM $kind LIMIT 0" | tr '\t' ' ')"
done
# pages that pages speak of
for named in $(cat "$ROOT"/man/*.scd | grep -oE '[*]pugmark[a-z-]*[*]\([0-9]\)' | sort -u | tr -d '*()'); do
	name=${named%?} section=${named#"${named%?}"}
	[ "$section" = 1 ] && file=$name.scd || file=$name.$section.scd
	ok "$name($section) is there, as pages speak of it" test -f "$ROOT/man/$file"
done
# sections of a design
for section in $(pugmark list parameters | sed -n 's/^\[\(.*\)\]$/\1/p'); do
	ok "pugmark-design(5) tells of [$section]" grep -qE "^[|][ []+(.*, )?$section(,.*)?\$" "$ROOT/man/pugmark-design.5.scd"
done
done_testing
