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
# one copied tree follows all recipes: they must not be in each other's way
has_command() {
	pugmark help | grep -q "^  $1 "
}

copy_tree
if [ -f "$ROOT/policies/all.c" ] && has_command import && has_command cache; then
	ok 'the recipe for a policy works as written' follow 'Add a policy'
else
	skip 'the recipe for a policy' 'this tree has no policies or no cache command'
fi
done_testing
