#!/bin/sh
# SPDX-License-Identifier: MIT
# Every example of README and manuals does what it shows (CONTRIBUTING.md says how they are written).
. t/lib.sh

cd "$ROOT" || exit 1
pages=$(ls README.md man/*.scd policies/*.md store/FORMAT.md 2>/dev/null)
cd "$TMP" || exit 1

# a folder with the samples, and what t/examples.setup makes of them, for one page
prepare() {
	mkdir "$1" && cd "$1" || return 1
	for sample in "$ROOT"/datasets/*; do
		[ ! -f "$sample" ] || cp "$sample" .
	done
	[ ! -f "$ROOT/t/examples.setup" ] || sh -e "$ROOT/t/examples.setup"
}
# A shell of its own: the folders of pages side by side, not one in the other.
run_page() {
	(prepare "$(echo "$1" | tr / _)" && "$ROOT/scripts/run-examples" "$ROOT/$1")
}

for page in $pages; do
	[ -n "$("$ROOT/scripts/run-examples" --list "$ROOT/$page")" ] || continue
	ok "every example of $page runs" run_page "$page"
done
[ $tap_count -gt 0 ] || skip_all 'no page has an example yet'
done_testing
