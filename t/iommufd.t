#!/bin/sh
# SPDX-License-Identifier: MIT
# The probe iommufd without an IOMMU: what it asks of its user, and what it says of other files.
. t/lib.sh
need_command record doctor

like 'doctor says what it sees, or why not' "$(pugmark doctor --json | tr '{' '\n' | grep '"source":"iommufd"')" \
	'untested on hardware|no /dev/iommu|no dirty tracking'
exits 64 'nothing is read until the user says that nobody else reads' \
	pugmark record -o a.db --probe iommufd --set iommufd.fd=5 --for 1ms
like 'because of live migration' "$(err)" 'live migration.*exclusive=yes'
exits 64 'a descriptor is needed' pugmark record -o a.db --probe iommufd --set iommufd.exclusive=yes --for 1ms
exec 5</dev/null
exits 69 'one of another file is none' \
	pugmark record -o a.db --probe iommufd --set iommufd.exclusive=yes --set iommufd.fd=5 --for 1ms
like 'and told so' "$(err)" 'iommufd: turning dirty tracking on: .*6\.7'
is 'no file is left' "$(ls a.db* 2>/dev/null)" ''
done_testing
