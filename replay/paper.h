// SPDX-License-Identifier: MIT
/*
 * Every published figure of the works that the tool can address, beside ours.
 *
 *	predicted	ours comes out of a model that was not fitted to it
 *	calibrated	a parameter was fitted to it
 *	identity	ours is counted, the other follows from the design
 *	arithmetic	ours follows from other published or calibrated figures
 *	not addressed	nothing here makes it; `why` says so
 */
#ifndef PUGMARK_REPLAY_PAPER_H
#define PUGMARK_REPLAY_PAPER_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum paper_kind {
	PAPER_PREDICTED,
	PAPER_CALIBRATED,
	PAPER_IDENTITY,
	PAPER_ARITHMETIC,
	PAPER_NOT_ADDRESSED,
	PAPER_KINDS
};
extern const char *const paper_kind_names[PAPER_KINDS + 1];

enum paper_unit { PAPER_PPM, PAPER_NS, PAPER_BYTES, PAPER_PER_S, PAPER_PER_DAY, PAPER_COUNT };
extern const char *const paper_unit_names[];

struct paper_row {
	const char *work, *quantity;
	enum paper_unit unit;
	uint64_t published, published_most; /* or a range's ends; most 0: one figure */
	uint64_t ours;
	enum paper_kind kind;
	const char *command; /* that makes ours; NULL: not addressed */
	const char *why;     /* it is not addressed, or is far off; or NULL */
};

/* Texts are the arena's or static. */
struct paper {
	struct arena *arena;
	struct paper_row *rows;
	size_t n, cap;
};

int paper_add(struct paper *p, const struct paper_row *row, struct err *e);

/* (ours - published) / published in ppm; 0 inside a range. */
int64_t paper_error_ppm(const struct paper_row *row);

/* The sentences above the table. */
struct report;
void paper_say(struct report *r, const struct paper *p);

/* Adds a run to a results file. */
struct results_run;
int paper_store(const char *path, const struct results_run *run, const struct paper *p,
		struct err *e);

/* What adds the rows of some works. threads never changes a figure. */
int paper_add_vpri(struct paper *p, unsigned threads, struct err *e);
int paper_add_walks(struct paper *p, unsigned threads, struct err *e);
int paper_add_nvme(struct paper *p, unsigned threads, struct err *e);
int paper_add_numa(struct paper *p, unsigned threads, struct err *e);

#endif
