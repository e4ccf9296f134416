// SPDX-License-Identifier: MIT
/*
 * A section of a results report is reports/sections/NAME.sql and, if it is
 * drawn, NAME.gp beside it; no C. NAME begins with two digits, the order. The
 * query's first comments say the rest:
 *
 *	-- SPDX-License-Identifier: MIT
 *	-- Title
 *	-- about: what it shows, and under which assumptions; may be repeated
 *	-- panel: 2		the first 2 columns tell figures apart
 *	-- series: 1		the next tell the lines of a figure
 *	-- fold: yes		shown closed on a page
 *	-- column: iopf_max_1s worst 1 s	the title of a column
 *
 * A section whose query has no row is not there. A column's name ends in its
 * unit (_ns, _ppm, _bytes ..: shown in units); one that begins with _ is for
 * the figure alone; one without any value is not shown. See
 * reports/results-view.h for what the query finds.
 *
 * The script reads $data: a block (index) for each line, its first row the
 * line's name as columnheader(1), then one row a row of the columns after the
 * series ones; a missing value is NaN. Variables: series (how many lines), name_0 ..; for each
 *column least_NAME and most_NAME, its extremes. reports/sections/style.gp, which stands above it,
 *defines what figures share.
 */
#ifndef PUGMARK_REPORTS_SECTION_H
#define PUGMARK_REPORTS_SECTION_H

#include "base/arena.h"
#include "base/err.h"
#include "reports/report.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

enum { SECTION_COLUMNS_MAX = 32, SECTION_NAME_BYTES = 48 };

struct section {
	char name[SECTION_NAME_BYTES]; /* "age_curve": a JSON key, without order */
	const char *title, *about;     /* arena */
	const char *path, *sql;        /* borrowed */
	const char *script;            /* path for reports/plot.h, or NULL */
	const char *head;              /* the query's comments */
	unsigned npanel, nseries;
	bool is_folded;
};

struct section_cell {
	struct report_value v;
	bool is_text;
};

/* Everything lives in the arena. */
struct section_table {
	struct report_column columns[SECTION_COLUMNS_MAX];
	bool is_shown[SECTION_COLUMNS_MAX];
	unsigned ncolumns;
	struct section_cell *cells; /* by row, then column */
	size_t nrows;
};

/* The sections there are, in order; *n_out of them, in the arena. */
int sections_list(struct arena *arena, struct section **out, size_t *n_out, struct err *e);

/* Runs the query. */
int section_run(sqlite3 *db, const char *path, const struct section *s, struct arena *arena,
		struct section_table *out, struct err *e);

/* Whether two rows have the same values in columns first .. first + n - 1. */
bool section_is_same(const struct section_table *t, size_t row, size_t other, unsigned first,
		     unsigned n);

/* How a column of this name is shown. */
enum report_type section_type_of(const char *name, bool is_text);

#endif
