// SPDX-License-Identifier: MIT
/* What a results file says in words: verdicts, their sentences, what was lost. */
#ifndef PUGMARK_REPORTS_RESULTS_FACTS_H
#define PUGMARK_REPORTS_RESULTS_FACTS_H

#include "base/err.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What runs of a command on a trace said, each wording once, by its last run; a
 * run that was made again counts as its last time alone. Strings are borrowed.
 */
struct results_verdict {
	int64_t run_id;
	const char *command, *trace, *args; /* trace: NULL without one */
	const char *apart; /* "--qd 8": what its line has and the others' lack; "" if it is alone */
	size_t nruns, n,
		i; /* runs of that command and trace, verdicts of them, which one is this */
};

/* More different verdicts of one command and trace than this are for the tables to tell. */
enum { RESULTS_VERDICTS_TOLD = 4 };

/* In order of importance: whole designs, pinning, age, then the rest. Of each the newest first. */
int results_each_verdict(sqlite3 *db, const char *path,
			 int (*fn)(void *ctx, const struct results_verdict *v), void *ctx,
			 struct err *e);

/* "36 runs with 30 different verdicts: see the tables" */
void results_verdicts_count(const struct results_verdict *v, char *out, size_t bytes);

/* The sentences of a run: those of the verdict, or the others. A YES or NO comes first. */
int results_each_sentence(sqlite3 *db, const char *path, int64_t run_id, bool is_verdict,
			  void (*fn)(void *ctx, const char *sentence), void *ctx, struct err *e);

/* A sentence for each thing that traces lack: events lost, samples, unsealed, unknown. */
int results_each_warning(sqlite3 *db, const char *path, void (*fn)(void *ctx, const char *sentence),
			 void *ctx, struct err *e);

/* "5 runs of pin and age on 2 traces": at most bytes of out. */
int results_summary(sqlite3 *db, const char *path, char *out, size_t bytes, struct err *e);

#endif
