#!/bin/sh
# SPDX-License-Identifier: MIT
# `make format` has nothing to do. Other versions of clang-format disagree with each other.
. t/lib.sh
need clang-format-14

cd "$ROOT" || exit 1
clang-format-14 --dry-run $(find . -path ./build -prune -o -name '*.[ch]' -print) 2>"$TMP/said"
sed -n 's|^\./||; s/:[0-9]*:[0-9]*: warning.*//p' "$TMP/said" | sort -u >"$TMP/unformatted"
is 'make format has nothing to do' "$(cat "$TMP/unformatted")" ''
done_testing
