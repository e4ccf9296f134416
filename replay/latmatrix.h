// SPDX-License-Identifier: MIT
/*
 * Latencies between CPUs as text: one line a CPU, one cell a CPU, ns with or
 * without a fraction, parted by commas (as core-to-core-latency writes them: the
 * lower triangle, empty above). An upper triangle or a whole matrix will do; of
 * two values for one pair the mean is taken. Empty, 0 and nan are "not known".
 * Lines may end before the last CPU.
 */
#ifndef PUGMARK_REPLAY_LATMATRIX_H
#define PUGMARK_REPLAY_LATMATRIX_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum { LATMATRIX_CPUS_MAX = 1024, LATMATRIX_TEXT_MAX = 1 << 26 };

struct latmatrix {
	unsigned n;
	uint32_t *ps;            /* n x n, symmetric, 0: not known */
	uint64_t known, missing; /* pairs */
};

/* name is for messages. ERR_UNUSABLE with line and cell where the text is none. */
int latmatrix_parse(const char *name, const char *text, size_t n, struct latmatrix *out,
		    struct err *e);

/* path "-" is standard input. ERR_NOINPUT, ERR_PERM, ERR_IO, or as above. */
int latmatrix_read(const char *path, struct latmatrix *out, struct err *e);
void latmatrix_deinit(struct latmatrix *m);

#endif
