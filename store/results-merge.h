// SPDX-License-Identifier: MIT
/*
 * Results of many processes: each seals a file of its own, and merging puts any
 * number of them into one file whose bytes depend on what is in them only,
 * neither on their names nor on their order.
 */
#ifndef PUGMARK_STORE_RESULTS_MERGE_H
#define PUGMARK_STORE_RESULTS_MERGE_H

#include "base/err.h"

#include <stdint.h>
#include <stddef.h>

/* What a file was made for; borrowed during the call. */
struct results_task {
	const char *hash;         /* of the canonical text: the file's name will be HASH.db */
	const char *canon;        /* what was to be computed */
	const char *args;         /* the command line without what differs by machine */
	const char *trace_digest; /* which all its runs must have */
};

/*
 * Ends a results file that one task wrote: notes what it was made for and a
 * digest of all its rows, and sees that it is on the disk. ERR_UNUSABLE when
 * its numbers are of another trace.
 */
int results_seal(const char *path, const struct results_task *t, struct err *e);

/*
 * Is this the sealed file of that task, with every row as it was? Otherwise the
 * sentence says what is wrong with it: ERR_NO if all can be read, but rows were
 * changed. hash NULL: of any task, or a results file that no task sealed.
 */
int results_check_sealed(const char *path, const char *hash, struct err *e);

struct results_merged {
	uint64_t files, runs, configs, numbers;
};

/* Whether results_merge would find a conflict; nothing is written. */
int results_compare(const char *const *paths, size_t n, struct err *e);

/*
 * All runs and numbers of n results files into out_path, which gets its name
 * when it is whole and replaces a results file that was there. What is in
 * several files is there once. ERR_NO when two files have different numbers for
 * the same configuration: the sentence names both.
 */
int results_merge(const char *const *paths, size_t n, const char *out_path,
		  struct results_merged *out, struct err *e);

#endif
