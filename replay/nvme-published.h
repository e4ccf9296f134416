// SPDX-License-Identifier: MIT
/*
 * Published figures beside what the model gives for them. A row's kind says
 * what the comparison is worth: `calibrated` (a parameter was fitted to this
 * figure), `derived` (follows from calibrated figures by arithmetic alone: a cap
 * over a calibrated cap), `predicted` (nothing was fitted to it), `ours only`
 * (nobody published one, or only an image).
 */
#ifndef PUGMARK_REPLAY_NVME_PUBLISHED_H
#define PUGMARK_REPLAY_NVME_PUBLISHED_H

#include "base/arena.h"
#include "reports/cli.h"

#include <stddef.h>
#include <stdint.h>

enum nvme_row_kind { NVME_CALIBRATED, NVME_DERIVED, NVME_PREDICTED, NVME_OURS_ONLY };
extern const char *const nvme_row_kind_names[];

struct nvme_published_row {
	const char *work, *quantity, *unit; /* unit: "requests/s", "ns", "ppm" */
	uint64_t published;                 /* or the least of a range; 0: ours only, */
	uint64_t published_most;            /* and the most; 0: one figure */
	uint64_t ours;
	int64_t error_ppm; /* of ours; 0 inside a range */
	enum nvme_row_kind kind;
	const char *command; /* that gives ours (of a ratio: the numerator) */
	const char *miss;    /* why it is far off, where it is; else NULL */
};

/* Runs the model for all rows; texts and rows are the arena's. */
int nvme_published_rows(unsigned threads, struct arena *a, const struct nvme_published_row **out,
			size_t *n_out, struct err *e);

/* Prints them; exit status or a negative code. */
int nvme_published(const struct cli *cli, unsigned threads, struct err *e);

#endif
