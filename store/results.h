// SPDX-License-Identifier: MIT
/*
 * Results files: what was computed, from what, under which assumptions. One
 * SQLite file apart from the traces (store/results.sql), to which any number of
 * runs may add. Everything between open and close is one transaction: a run is
 * there completely or not at all. It locks the file, so open it when the
 * numbers are there.
 *
 * A configuration is known by the sha256 of its canonical text together with
 * program version, trace digest and seed. Storing the same number again is no
 * change; another number for the same configuration is an error, because the
 * same input must give the same output.
 */
#ifndef PUGMARK_STORE_RESULTS_H
#define PUGMARK_STORE_RESULTS_H

#include "base/err.h"

#include <stdint.h>

struct results;
struct trace;

/* Where results come from; borrowed during the call. The version is the program's own. */
struct results_run {
	const char *command;
	const char *args;          /* the command line */
	const char *trace_path;    /* NULL: no trace */
	const char *trace_digest;  /* NULL likewise */
	const char *design_digest; /* NULL: no design */
	uint64_t seed;
	const struct trace
		*trace; /* kept with its digest are its streams, devices and losses; or NULL */
};

/* Whether results_open could write there, as far as can be told without trying. */
int results_check_writable(const char *path, struct err *e);

/*
 * Opens or creates a results file. ERR_UNUSABLE for any other file, ERR_CREATE
 * or ERR_PERM when it cannot be written or another process is writing it.
 */
int results_open(const char *path, struct results **out, struct err *e);

/* Starts a run; what follows belongs to it. */
int results_begin_run(struct results *r, const struct results_run *run, struct err *e);

/* A number the run took for granted: see param_kind_names for kind. */
int results_assume(struct results *r, const char *name, const char *value, const char *kind,
		   const char *source, struct err *e);

/*
 * A sentence that the run told a person; part: how many tables stood above it,
 * so that part 0 is the verdict. reports/said.h takes them from a report.
 */
int results_say(struct results *r, unsigned part, const char *sentence, struct err *e);

/*
 * One number. config is canonical text (param_canonical, or lines of key=value
 * in a fixed order); bucket is 0 but for histograms and curves. ERR_BUG when
 * the same configuration has another number already.
 */
int results_put(struct results *r, const char *config, const char *metric, int64_t bucket,
		int64_t value, struct err *e);

/*
 * Commits and frees r. After a failure above, or its own, nothing is stored and
 * the first failure is told (again).
 */
int results_close(struct results *r, struct err *e);

/* Frees r and stores nothing; a file that results_open created is removed. */
void results_abort(struct results *r);

#endif
