#!/bin/sh
# SPDX-License-Identifier: MIT
# The recipes of CONTRIBUTING.md, followed to the letter in a copy of the tree.
. t/lib.sh

# a copy with its objects, so that only what a recipe touches is built again
copy_tree() {
	rm -rf tree && mkdir tree
	tar -cf - -C "$ROOT" --exclude=./.git --exclude=./build . | tar -xf - -C tree
	if [ -d "$ROOT/build/release" ]; then
		mkdir tree/build && cp -a "$ROOT/build/release" tree/build/
	fi
}
follow() {
	cd "$TMP/tree" && "$ROOT/scripts/run-examples" --section "$1" "$ROOT/CONTRIBUTING.md"
}
# recipe HEADING COMMAND..: all follow each other in one tree, as they would over time
recipe() {
	for tap_p in import "$2"; do
		pugmark help | grep -q "^  $tap_p " || { skip "$1: the recipe" "no 'pugmark $tap_p'"; return; }
	done
	ok "$1: the recipe works as written" follow "$1"
}

copy_tree
recipe 'Add a policy' cache
recipe 'Add an importer' verify
recipe 'Add a drive, a host, a path' nvme
recipe 'Add a design' score
if command -v gnuplot >/dev/null; then
	recipe 'Add a report' report
else
	skip 'Add a report: the recipe' 'gnuplot is not installed'
fi

recipe 'Add a section to reports of results' report

# The lists in tests are open to what a recipe adds, or the recipe adds to them. Left to the author are the
# sentences and manuals that name all there is: t/errors.t and t/man.t say where.
rm "$TMP/tree/t/man.t" "$TMP/tree/t/errors.t"
ok 'the short suite passes after all recipes' make -C "$TMP/tree" -j2 check

# what the recipes say must also be what our own rules accept
ok 'the recipes keep the layers' "$TMP/tree/scripts/check-layers"
if command -v clang-format-14 >/dev/null; then
	ok 'and the format' clang-format-14 --dry-run -Werror \
		"$TMP/tree/policies/mru.c" "$TMP/tree/collect/import-pagelist.c"
else
	skip 'and the format' 'clang-format-14 is not installed'
fi
done_testing
