// SPDX-License-Identifier: MIT
/* The sections of a results file that have rows, and the names of their panels. */
#include "reports/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Panel columns that are the same in all rows go into captions alone. */
static void hide_constants(const struct section *s, struct section_table *t)
{
	for (unsigned c = 0; c < s->npanel && c < t->ncolumns; c++) {
		bool is_constant = true;
		for (size_t row = 1; row < t->nrows && is_constant; row++)
			is_constant = section_is_same(t, row, 0, c, 1);
		t->is_shown[c] &= !is_constant;
	}
}

int page_read(sqlite3 *db, const char *path, struct arena *arena, struct page_part **out,
	      size_t *n_out, struct err *e)
{
	struct section *sections;
	size_t nsections, n = 0;
	int rc = sections_list(arena, &sections, &nsections, e);
	struct page_part *parts = rc ? NULL : arena_alloc(arena, nsections, sizeof(*parts));
	if (!parts)
		return rc ? rc : err_set(e, ERR_NOMEM, "no memory for the report");
	for (size_t i = 0; i < nsections && !rc; i++) {
		parts[n].section = &sections[i];
		rc = section_run(db, path, &sections[i], arena, &parts[n].table, e);
		if (rc || !parts[n].table.nrows)
			continue;
		hide_constants(&sections[i], &parts[n].table);
		n++;
	}
	*out = parts;
	*n_out = n;
	return rc;
}

/* Columns whose values say by themselves what they are. */
static bool speaks_for_itself(const char *key)
{
	return !strcmp(key, "trace") || !strcmp(key, "design") || !strcmp(key, "arrivals") ||
	       !strcmp(key, "load");
}

static char *name_row(const struct section *s, const struct section_table *t, size_t row,
		      bool is_shared)
{
	char *out = NULL;
	size_t bytes;
	FILE *f = open_memstream(&out, &bytes);
	if (!f)
		return NULL;
	for (unsigned c = 0; c < s->npanel && c < t->ncolumns; c++) {
		const struct section_cell *cell = &t->cells[row * t->ncolumns + c];
		if (cell->v.is_null || (cell->is_text && !*cell->v.s) ||
		    (is_shared && t->is_shown[c]))
			continue;
		char *text = report_value_text(t->columns[c].type, &cell->v);
		const char *title = speaks_for_itself(t->columns[c].key) ? "" : t->columns[c].title;
		char *cents = text ? strstr(text, ".00 %") : NULL;
		if (cents) /* "10.00 %" belongs into a column */
			memmove(cents, cents + 3, strlen(cents + 3) + 1);
		fprintf(f, "%s%s%s%s", ftell(f) ? ", " : "", title, *title ? " " : "",
			text ? text : "?");
		free(text);
	}
	fclose(f);
	return out;
}

char *page_panel_name(const struct section *s, const struct section_table *t, size_t row)
{
	return name_row(s, t, row, false);
}

char *page_shared_name(const struct section *s, const struct section_table *t)
{
	return name_row(s, t, 0, true);
}
