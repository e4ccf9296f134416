// SPDX-License-Identifier: MIT
/* Why two results files answer no question in common: values that only one of them has. */
#ifndef PUGMARK_REPORTS_COMPARE_WHY_H
#define PUGMARK_REPORTS_COMPARE_WHY_H

#include "base/err.h"

#include <sqlite3.h>
#include <stddef.h>

struct compare_file {
	sqlite3 *db; /* of results_view_open */
	const char *path;
};

/*
 * "they differ in overcommit_ppm (200000 / 300000)", old before new: names of
 * which no value is in both files. At most bytes of out.
 */
int compare_why(const struct compare_file *old_file, const struct compare_file *new_file, char *out,
		size_t bytes, struct err *e);

#endif
