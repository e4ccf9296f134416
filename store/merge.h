// SPDX-License-Identifier: MIT
/*
 * Several traces into one, by copying their chunks as they are. Recordings
 * (sessions) stay apart: each keeps its streams, with their digests, its times
 * from its own start and its clocks; numbers of devices, VMs and sources in its
 * rows are translated by the table renumber (FORMAT.md section 4).
 */
#ifndef PUGMARK_STORE_MERGE_H
#define PUGMARK_STORE_MERGE_H

#include "base/err.h"
#include "store/trace.h"

#include <stdint.h>

struct merge;

struct merge_options {
	/* told of recordings left out and of damage; may be NULL */
	void (*note)(void *ctx, const char *sentence);
	void *ctx;
};

struct merge_result {
	uint64_t recordings; /* added */
	uint64_t repeated;   /* left out: they are there already */
	uint64_t chunks, damaged_chunks;
	uint64_t unfinished; /* recordings whose writer died */
	struct err first_damage;
};

/* Works in a file beside path until merge_finish. */
int merge_begin(const char *path, const struct merge_options *o, struct merge **out, struct err *e);

/* All recordings of a trace. ERR_UNUSABLE while another process writes it. */
int merge_add(struct merge *m, struct trace *t, struct err *e);

/* Gives the file its name, where there is none of that name. Frees m, also on failure. */
int merge_finish(struct merge *m, struct merge_result *result_out, struct err *e);
void merge_abort(struct merge *m);

#endif
