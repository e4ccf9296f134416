// SPDX-License-Identifier: MIT
/*
 * A results file as one HTML page that needs nothing else: style, script and
 * figures are inside, its content security policy lets nothing be fetched. The
 * same results give the same page.
 */
#ifndef PUGMARK_REPORTS_PAGE_H
#define PUGMARK_REPORTS_PAGE_H

#include "base/arena.h"
#include "reports/section.h"

/* Sections that have rows, with them. */
struct page_part {
	const struct section *section;
	struct section_table table;
};

/* Reads all sections of a results file; the arena owns them. */
int page_read(sqlite3 *db, const char *path, struct arena *arena, struct page_part **out,
	      size_t *n_out, struct err *e);

/*
 * Where a row belongs: the values of its panel columns, "nvme.db, overcommit 20 %".
 * The second: those that all rows share. The caller frees.
 */
char *page_panel_name(const struct section *s, const struct section_table *t, size_t row);
char *page_shared_name(const struct section *s, const struct section_table *t);

/*
 * Writes DIR/index.html; DIR is made if it is not there. ERR_FEATURE without
 * gnuplot; nothing is left behind by a failure.
 */
int page_write(const char *dir, sqlite3 *db, const char *path, const struct page_part *parts,
	       size_t n, struct err *e);

#endif
