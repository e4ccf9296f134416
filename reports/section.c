// SPDX-License-Identifier: MIT
/* Sections of a results report: their heads, their rows. See reports/section.h. */
#include "reports/section.h"

#include "base/embedded.h"
#include "store/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char folder[] = "reports/sections/";

/* ---- heads ---- */

/* "reports/sections/30-age-curve.sql" -> "age_curve"; false for other files */
static bool name_section(const char *path, char name_out[SECTION_NAME_BYTES])
{
	const size_t head = strlen(folder), n = strlen(path);
	if (n <= head + 3 + 4 || n - head - 7 >= SECTION_NAME_BYTES ||
	    strncmp(path, folder, head) || strcmp(path + n - 4, ".sql"))
		return false;
	memcpy(name_out, path + head + 3, n - head - 7);
	name_out[n - head - 7] = 0;
	for (char *p = name_out; *p; p++)
		if (*p == '-')
			*p = '_';
	return true;
}

/* The comment line at *text without its dashes, and its length; false where the query begins. */
static bool next_comment(const char **text, const char **line_out, size_t *len_out)
{
	if (strncmp(*text, "--", 2))
		return false;
	*line_out = *text + 2 + strspn(*text + 2, " ");
	*len_out = strcspn(*line_out, "\n");
	*text = *line_out + *len_out;
	*text += **text == '\n';
	return true;
}

/* Text behind "word: ", or NULL. */
static const char *after(const char *line, size_t len, const char *word, size_t *len_out)
{
	const size_t n = strlen(word);
	if (len < n + 2 || strncmp(line, word, n) || line[n] != ':')
		return NULL;
	*len_out = len - n - 2;
	return line + n + 2;
}

static char *join(struct arena *arena, const char *before, const char *text, size_t len)
{
	const size_t n = before ? strlen(before) : 0;
	char *out = arena_alloc(arena, n + len + 2, 1);
	if (out)
		snprintf(out, n + len + 2, "%s%s%.*s", before ? before : "", n ? " " : "", (int)len,
			 text);
	return out;
}

static bool read_head(struct section *s, struct arena *arena)
{
	const char *text = s->sql, *line, *value;
	size_t len, n;
	s->head = text;
	for (unsigned i = 0; next_comment(&text, &line, &len); i++) {
		if (i == 1)
			s->title = join(arena, NULL, line, len);
		else if ((value = after(line, len, "about", &n)))
			s->about = join(arena, s->about, value, n);
		else if ((value = after(line, len, "panel", &n)))
			s->npanel = (unsigned)strtoul(value, NULL, 10);
		else if ((value = after(line, len, "series", &n)))
			s->nseries = (unsigned)strtoul(value, NULL, 10);
		else if ((value = after(line, len, "fold", &n)))
			s->is_folded = true;
	}
	return s->title;
}

int sections_list(struct arena *arena, struct section **out, size_t *n_out, struct err *e)
{
	size_t n = 0;
	char name[SECTION_NAME_BYTES];

	for (size_t i = 0; embedded_path(i); i++)
		n += name_section(embedded_path(i), name);
	struct section *list = arena_alloc(arena, n + 1, sizeof(*list));
	n = 0;
	for (size_t i = 0; list && embedded_path(i); i++) {
		const char *path = embedded_path(i);
		struct section *s = &list[n];
		if (!name_section(path, s->name))
			continue;
		char *script = arena_strdup(arena, path);
		if (script)
			memcpy(script + strlen(script) - 4, ".gp", 4);
		s->path = path;
		s->sql = embedded_text(path);
		if (!script || !read_head(s, arena))
			return err_set(e, ERR_NOMEM, "no memory for the sections");
		if (embedded_text(script))
			s->script = script;
		n++;
	}
	*out = list;
	*n_out = n;
	return list ? 0 : err_set(e, ERR_NOMEM, "no memory for the sections");
}

/* ---- columns ---- */

static bool ends_in(const char *text, const char *tail)
{
	const size_t n = strlen(text), m = strlen(tail);
	return n >= m && !strcmp(text + n - m, tail);
}

enum report_type section_type_of(const char *name, bool is_text)
{
	static const struct {
		const char *ending;
		enum report_type type;
	} units[] = {
		{ "_ns", REPORT_NS },
		{ "_change_ppm", REPORT_CHANGE },
		{ "_ppm", REPORT_PPM },
		{ "_bytes", REPORT_BYTES },
	};
	if (is_text)
		return REPORT_TEXT;
	if (!strcmp(name, "bytes"))
		return REPORT_BYTES;
	if (!strcmp(name, "pfn") || !strcmp(name, "lba") || !strcmp(name, "seed"))
		return REPORT_ID;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (ends_in(name, units[i].ending))
			return units[i].type;
	return REPORT_I64;
}

/* As the head says, else the name without its unit, blanks for underscores. */
static char *title_of(const struct section *s, const char *name, enum report_type type,
		      struct arena *arena)
{
	const char *text = s->head, *line, *value;
	size_t len, n;
	while (next_comment(&text, &line, &len)) {
		value = after(line, len, "column", &n);
		const size_t m = strlen(name);
		if (value && n > m + 1 && !strncmp(value, name, m) && value[m] == ' ')
			return join(arena, NULL, value + m + 1, n - m - 1);
	}
	char *title = arena_strdup(arena, name);
	if (!title)
		return NULL;
	char *unit = strrchr(title, '_');
	if (unit && unit > title &&
	    (type == REPORT_NS || type == REPORT_PPM || type == REPORT_CHANGE ||
	     type == REPORT_BYTES))
		*unit = 0;
	for (char *p = title; *p; p++)
		if (*p == '_')
			*p = ' ';
	return title;
}

/* Types follow from the values, so columns are made last. */
static int make_columns(sqlite3_stmt *st, const struct section *s, struct section_table *t,
			struct arena *arena, struct err *e)
{
	for (unsigned c = 0; c < t->ncolumns; c++) {
		const char *name = sqlite3_column_name(st, (int)c);
		bool is_text = false, has_value = false;
		for (size_t row = 0; row < t->nrows; row++) {
			const struct section_cell *cell = &t->cells[row * t->ncolumns + c];
			is_text |= cell->is_text;
			has_value |= cell->is_text ? *cell->v.s != 0 : !cell->v.is_null;
		}
		const enum report_type type = section_type_of(name, is_text);
		char *key = arena_strdup(arena, name);
		char *title = title_of(s, name, type, arena);
		if (!key || !title)
			return err_set(e, ERR_NOMEM, "no memory for the report");
		t->columns[c] = (struct report_column){ .key = key, .title = title, .type = type };
		t->is_shown[c] = has_value && *name != '_';
	}
	/* a number in a column of texts would be taken for one */
	for (size_t i = 0; i < t->nrows * t->ncolumns; i++)
		if (t->columns[i % t->ncolumns].type == REPORT_TEXT && !t->cells[i].is_text)
			t->cells[i].v.is_null = true;
	return 0;
}

/* ---- rows ---- */

struct growing {
	struct section_cell *cells;
	size_t n, room;
};

static int add_row(struct growing *g, sqlite3_stmt *st, unsigned ncolumns, struct arena *arena,
		   struct err *e)
{
	if (g->n + ncolumns > g->room) {
		const size_t room = 2 * g->room + 64 * SECTION_COLUMNS_MAX;
		struct section_cell *grown = realloc(g->cells, room * sizeof(*grown));
		if (!grown)
			return err_set(e, ERR_NOMEM, "no memory for the report");
		g->cells = grown;
		g->room = room;
	}
	for (unsigned c = 0; c < ncolumns; c++) {
		struct section_cell *cell = &g->cells[g->n++];
		const int type = sqlite3_column_type(st, (int)c);
		*cell = (struct section_cell){ .v = REPORT_I(sqlite3_column_int64(st, (int)c)) };
		cell->v.is_null = type == SQLITE_NULL;
		if (type != SQLITE_TEXT)
			continue;
		cell->is_text = true;
		cell->v.s = arena_strdup(arena, (const char *)sqlite3_column_text(st, (int)c));
		if (!cell->v.s)
			return err_set(e, ERR_NOMEM, "no memory for the report");
	}
	return 0;
}

int section_run(sqlite3 *db, const char *path, const struct section *s, struct arena *arena,
		struct section_table *out, struct err *e)
{
	struct growing g = {};
	sqlite3_stmt *st;
	int step, rc = db_prepare(db, path, s->sql, &st, e);
	if (rc)
		return rc;
	*out = (struct section_table){ .ncolumns = (unsigned)sqlite3_column_count(st) };
	if (out->ncolumns > SECTION_COLUMNS_MAX)
		rc = err_set(e, ERR_BUG, "section %s has too many columns", s->name);
	while (!rc && (step = sqlite3_step(st)) == SQLITE_ROW)
		rc = add_row(&g, st, out->ncolumns, arena, e);
	if (!rc && step != SQLITE_DONE) /* numbers that no run stores, in somebody's file */
		rc = err_set(e, ERR_FORMAT, "%s: section %s: %s", path, s->name,
			     sqlite3_errmsg(db));
	out->nrows = out->ncolumns ? g.n / out->ncolumns : 0;
	out->cells = arena_alloc(arena, g.n, sizeof(*g.cells));
	if (!rc && !out->cells)
		rc = err_set(e, ERR_NOMEM, "no memory for the report");
	if (!rc && g.n)
		memcpy(out->cells, g.cells, g.n * sizeof(*g.cells));
	free(g.cells);
	if (!rc)
		rc = make_columns(st, s, out, arena, e);
	sqlite3_finalize(st);
	return rc;
}

bool section_is_same(const struct section_table *t, size_t row, size_t other, unsigned first,
		     unsigned n)
{
	for (unsigned c = first; c < first + n && c < t->ncolumns; c++) {
		const struct section_cell *x = &t->cells[row * t->ncolumns + c];
		const struct section_cell *y = &t->cells[other * t->ncolumns + c];
		if (x->is_text != y->is_text || x->v.is_null != y->v.is_null)
			return false;
		if (x->is_text ? strcmp(x->v.s, y->v.s) : !x->v.is_null && x->v.i != y->v.i)
			return false;
	}
	return true;
}
