// SPDX-License-Identifier: MIT
/*
 * A question is the text of a configuration, lines of name=value. A name whose
 * values in one file are none of those in the other keeps every question of the
 * two apart; where no name does, only combinations of them do.
 */
#include "reports/compare-why.h"

#include "base/arena.h"
#include "store/db.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { NAMES_TOLD = 4, VALUE_CHARS = 16 };

/* Names of a file and their values, each once, sorted. */
struct values {
	const char **name, **value;
	size_t n;
};

static const char sql[] =
	"WITH RECURSIVE line(text, rest) AS ("
	" SELECT NULL, canon || char(10) FROM config WHERE cfg_hash IN (SELECT cfg_hash FROM cfg)"
	" UNION SELECT substr(rest, 1, instr(rest, char(10)) - 1),"
	"  substr(rest, instr(rest, char(10)) + 1) FROM line WHERE rest <> '')"
	" SELECT DISTINCT substr(text, 1, instr(text, '=') - 1) AS name,"
	"  substr(text, instr(text, '=') + 1) AS value FROM line WHERE instr(text, '=')"
	" AND name <> 'pugmark' AND name <> 'seed' AND name NOT LIKE '%.seed'"
	" ORDER BY instr(name, '.') > 0, name, value";

static int add(struct values *v, size_t *room, sqlite3_stmt *st, struct arena *a, struct err *e)
{
	if (v->n == *room) {
		const size_t more = 2 * *room + 64;
		const char **name = arena_alloc(a, more, sizeof(*name));
		const char **value = arena_alloc(a, more, sizeof(*value));
		if (!name || !value)
			return err_set(e, ERR_NOMEM, "no memory for the comparison");
		if (v->n) {
			memcpy(name, v->name, v->n * sizeof(*name));
			memcpy(value, v->value, v->n * sizeof(*value));
		}
		v->name = name;
		v->value = value;
		*room = more;
	}
	v->name[v->n] = arena_strdup(a, (const char *)sqlite3_column_text(st, 0));
	v->value[v->n] = arena_strdup(a, (const char *)sqlite3_column_text(st, 1));
	return v->name[v->n] && v->value[v->n++]
		       ? 0
		       : err_set(e, ERR_NOMEM, "no memory for the comparison");
}

static int read_values(const struct compare_file *f, struct values *v, struct arena *a,
		       struct err *e)
{
	sqlite3_stmt *st;
	size_t room = 0;
	int step, rc = db_prepare(f->db, f->path, sql, &st, e);
	if (rc)
		return rc;
	while (!rc && (step = sqlite3_step(st)) == SQLITE_ROW)
		rc = add(v, &room, st, a, e);
	if (!rc && step != SQLITE_DONE)
		rc = db_error(f->db, f->path, "read configurations", e);
	sqlite3_finalize(st);
	return rc;
}

/* Where values of that name begin, and behind the last of them: *end_out. */
static size_t find(const struct values *v, const char *name, size_t *end_out)
{
	size_t first = 0;
	while (first < v->n && strcmp(v->name[first], name))
		first++;
	for (*end_out = first; *end_out < v->n && !strcmp(v->name[*end_out], name); ++*end_out)
		;
	return first;
}

/* "200000", "lru and 3 more", "-" */
static void write_values(const struct values *v, size_t first, size_t end, FILE *f)
{
	const char *text = first < end ? v->value[first] : "-";
	fprintf(f, "%.*s", VALUE_CHARS, *text ? text : "-");
	if (end > first + 1)
		fprintf(f, " and %zu more", end - first - 1);
}

static bool have_common(const struct values *a, size_t first, size_t end, const struct values *b,
			size_t from, size_t to)
{
	for (size_t i = first; i < end; i++)
		for (size_t k = from; k < to; k++)
			if (!strcmp(a->value[i], b->value[k]))
				return true;
	return false;
}

/* A sentence holds few; a name that one file lacks altogether is another command's, which is told.
 */
static void write_names(const struct values *a, const struct values *b, FILE *f)
{
	size_t end, to, told = 0;
	for (size_t first = 0; first < a->n; first = end) {
		find(a, a->name[first], &end);
		const size_t from = find(b, a->name[first], &to);
		if (from == to || have_common(a, first, end, b, from, to))
			continue;
		if (told++ >= NAMES_TOLD)
			continue;
		fprintf(f, "%s%s (", told > 1 ? ", " : "they differ in ", a->name[first]);
		write_values(a, first, end, f);
		fputs(" / ", f);
		write_values(b, from, to, f);
		fputc(')', f);
	}
	if (told > NAMES_TOLD)
		fprintf(f, " and %zu more", told - NAMES_TOLD);
	if (!told)
		fputs("each of their values is in both, but not together", f);
}

int compare_why(const struct compare_file *old_file, const struct compare_file *new_file, char *out,
		size_t bytes, struct err *e)
{
	_arena_ struct arena arena = {};
	struct values a = {}, b = {};
	int rc = read_values(old_file, &a, &arena, e);
	if (!rc)
		rc = read_values(new_file, &b, &arena, e);
	if (rc)
		return rc;
	FILE *f = fmemopen(out, bytes, "w");
	if (!f)
		return err_set(e, ERR_NOMEM, "no memory for the comparison");
	write_names(&a, &b, f);
	fclose(f);
	out[bytes - 1] = 0;
	return 0;
}
