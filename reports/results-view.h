// SPDX-License-Identifier: MIT
/*
 * A results file as reports see it. Beside its own tables a query finds
 *
 *	cfg	the newest answer to each question (of several versions of pugmark
 *		the last run's): cfg_hash, key (sha256 of the question without
 *		version and seed: equal for all seeds), command, trace (as it was
 *		called last), trace_digest, design (what tells it from the other
 *		designs of this command and trace, "" if there is one), seed, run_id,
 *		canon
 *	config_get(canon, name)	the value of a line name=value, or NULL
 *	scaled(v, by, of)	v * by / of, rounded, in 128 bits; NULL where of is 0
 *
 * so that a section of a report is one query (reports/section.h).
 */
#ifndef PUGMARK_REPORTS_RESULTS_VIEW_H
#define PUGMARK_REPORTS_RESULTS_VIEW_H

#include "base/err.h"

#include <sqlite3.h>

/* Opens read-only; close it by sqlite3_close. ERR_NOINPUT, ERR_UNUSABLE .. with a sentence. */
int results_view_open(const char *path, sqlite3 **out, struct err *e);

/* Registers the functions alone. */
int results_view_register(sqlite3 *db, const char *path, struct err *e);

#endif
