// SPDX-License-Identifier: MIT
/* Records that rings of the kernel lost, as losses of the trace. */
#ifndef PUGMARK_COLLECT_RINGLOSS_H
#define PUGMARK_COLLECT_RINGLOSS_H

#include "base/err.h"

#include <stdint.h>

struct perfring;
struct recording;

/* Takes those told since the last time; *lost_out (may be NULL) grows by their number. */
int ringloss_note(struct recording *r, struct perfring *ring, const char *stream,
		  uint64_t *lost_out, struct err *e);

#endif
