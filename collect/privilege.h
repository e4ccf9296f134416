// SPDX-License-Identifier: MIT
/*
 * Rights of this process given up for good once its sources are open: what it
 * reads from then on comes from the kernel or a socket, and a mistake in a
 * decoder shall not have all of root's rights. Programs started before keep
 * theirs.
 */
#ifndef PUGMARK_COLLECT_PRIVILEGE_H
#define PUGMARK_COLLECT_PRIVILEGE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* CAP_PERFMON, CAP_BPF and CAP_DAC_READ_SEARCH as bits: what every recording may keep. */
extern const uint64_t privilege_recording;

/* What sources keep that have not said what they need: also SYS_ADMIN, SYS_PTRACE, NET_RAW. */
extern const uint64_t privilege_unsaid;

/*
 * Keeps those of `keep` that it has, and no others, and sets no_new_privs.
 * folder: where files are still to be made; when that takes CAP_DAC_OVERRIDE
 * (root in somebody else's folder) it is kept too, told by has_override_out.
 */
int privilege_drop(uint64_t keep, const char *folder, bool *has_override_out, struct err *e);

#endif
