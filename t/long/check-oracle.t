#!/bin/sh
# SPDX-License-Identifier: MIT
# All closed-form cases of the data folder at their stated length.
. t/lib.sh
need_command check
[ -r "$DATA/nvme/oracle.json" ] || skip_all "no oracle in $DATA"

ok 'the whole oracle is within its tolerances' pugmark check "$DATA/nvme/oracle.json"
diag "$(out | grep '^not ok')"
is 'all 55 of it' "$(out | grep -c '^ok')" 55
done_testing
