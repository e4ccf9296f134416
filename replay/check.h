// SPDX-License-Identifier: MIT
/*
 * Closed-form cases: a file of systems whose answers queueing theory knows, run
 * on the engine of `pugmark nvme` and compared.
 *
 *	{ "note": "..", "cases": [ { "id": "mm1", "kind": "open_single",
 *	  "params": {..}, "expect": { "mean_resp_ns": 20000 }, "formula": "..",
 *	  "tol_rel": 0.02, "completions": 1000000 }, .. ] }
 *
 * `simulated` may hold figures of another simulation, each with a tolerance.
 */
#ifndef PUGMARK_REPLAY_CHECK_H
#define PUGMARK_REPLAY_CHECK_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHECK_CASE_FIGURES_MAX = 64 };

struct check_set; /* the cases of a file */

/* Every case is read and understood, or a sentence says which one is not. */
int check_open_file(const char *path, struct check_set **out, struct err *e);
int check_open_text(const char *text, size_t n, struct check_set **out, struct err *e);
void check_close(struct check_set *s);
size_t check_ncases(const struct check_set *s);

struct check_compared {
	const char *key; /* the case's */
	double ours, expected, tolerance;
	bool is_within;
};

struct check_verdict {
	const char *id, *kind, *formula; /* formula may be NULL */
	uint64_t completions;
	bool is_ok;
	const char *broken; /* a law that the run broke, or NULL */
	struct check_compared figures[CHECK_CASE_FIGURES_MAX];
	size_t n;
};

struct check_how {
	unsigned threads;
	uint64_t seed;
	uint64_t most; /* completions of a case are cut to so many; 0: as stated */

	/* In the order of the file, from one thread; borrowed during the call. */
	void (*tell)(void *ctx, size_t i, const struct check_verdict *v);
	void *ctx;
};

/* 0, or ERR_NO when a case failed; another error when it could not be done. */
int check_all(struct check_set *s, const struct check_how *how, struct err *e);

#endif
