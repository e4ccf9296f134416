// SPDX-License-Identifier: MIT
/*
 * Figures for pages: rows become gnuplot's data, gnuplot's svg becomes a part of
 * the page: without its frame (title, ids, symbols: twenty figures would repeat
 * them), with the page's colours in place of its own.
 */
#include "reports/figure.h"

#include "base/cleanup.h"
#include "reports/plot.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- data ---- */

/* The line that a row is of: the values of its series columns. The caller frees. */
static char *name_line(const struct section_table *t, size_t row, const struct section *s)
{
	char *out = NULL;
	size_t bytes, n = 0;
	FILE *f = open_memstream(&out, &bytes);
	if (!f)
		return NULL;
	for (unsigned c = s->npanel; c < s->npanel + s->nseries && c < t->ncolumns; c++) {
		const struct section_cell *cell = &t->cells[row * t->ncolumns + c];
		_free_ char *text = report_value_text(t->columns[c].type, &cell->v);
		if (c > s->npanel)
			fputs(", ", f);
		for (const char *p = text ? text : "?"; *p; p++) {
			if (n++ > 40 && (*p & 0xc0) != 0x80) {
				fputs("..", f);
				break;
			}
			putc(*p == '"' || *p == '\\' ? '\'' : *p, f);
		}
	}
	fclose(f);
	return out;
}

static void put_row(FILE *f, const struct section_table *t, size_t row, unsigned first)
{
	for (unsigned c = first; c < t->ncolumns; c++) {
		const struct section_cell *cell = &t->cells[row * t->ncolumns + c];
		if (cell->v.is_null || cell->is_text)
			fputs("NaN", f);
		else
			fprintf(f, "%" PRId64, cell->v.i);
		putc(c + 1 < t->ncolumns ? ' ' : '\n', f);
	}
}

static void set_number(struct plot *p, const char *what, const char *column, int64_t value)
{
	char name[80], text[32];
	snprintf(name, sizeof(name), "%s%.60s", what, column);
	snprintf(text, sizeof(text), "%" PRId64, value);
	plot_set(p, name, text);
}

/* The extremes of each column, for axes whose unit depends on them; 0 without any value. */
static void set_variables(struct plot *p, const struct section *s, const struct section_table *t,
			  size_t first, size_t end, unsigned nlines)
{
	for (unsigned c = s->npanel + s->nseries; c < t->ncolumns; c++) {
		int64_t least = 0, most = 0;
		bool has_value = false;
		for (size_t row = first; row < end; row++) {
			const struct section_cell *cell = &t->cells[row * t->ncolumns + c];
			if (cell->v.is_null || cell->is_text)
				continue;
			least = !has_value || cell->v.i < least ? cell->v.i : least;
			most = !has_value || cell->v.i > most ? cell->v.i : most;
			has_value = true;
		}
		set_number(p, "least_", t->columns[c].key, least);
		set_number(p, "most_", t->columns[c].key, most);
	}
	set_number(p, "series", "", nlines);
}

static bool begins_line(const struct section_table *t, size_t row, size_t first,
			const struct section *s)
{
	return row == first || !section_is_same(t, row, row - 1, s->npanel, s->nseries);
}

/* Names in quotes, so that none can end the data or look like a number; the number of lines. */
static unsigned put_data(struct plot *p, const struct section *s, const struct section_table *t,
			 size_t first, size_t end)
{
	FILE *f = plot_data(p, "data");
	unsigned n = 0;
	for (size_t row = first; row < end; row++) {
		if (begins_line(t, row, first, s)) {
			_free_ char *name = name_line(t, row, s);
			fprintf(f, "%s\"%s\"\n", n++ ? "\n\n" : "", name ? name : "?");
		}
		put_row(f, t, row, s->npanel + s->nseries);
	}
	plot_data_end(p);
	return n;
}

static void set_names(struct plot *p, const struct section *s, const struct section_table *t,
		      size_t first, size_t end)
{
	unsigned n = 0;
	for (size_t row = first; row < end; row++)
		if (begins_line(t, row, first, s)) {
			_free_ char *name = name_line(t, row, s);
			char variable[24];
			snprintf(variable, sizeof(variable), "name_%u", n++);
			plot_set(p, variable, name ? name : "?");
		}
}

/* ---- gnuplot's svg ---- */

const char figure_marks[] =
	"<symbol id=\"gpDot\" overflow=\"visible\"><circle r=\".5\" "
	"fill=\"currentColor\"/></symbol>"
	"<symbol id=\"gpPt5\" overflow=\"visible\"><circle r=\"1\" stroke-width=\".3\" "
	"stroke=\"currentColor\" fill=\"none\"/></symbol>"
	"<symbol id=\"gpPt6\" overflow=\"visible\"><circle r=\"1\" fill=\"currentColor\" "
	"stroke=\"none\"/></symbol>";

/* Copies a number of our own palette, "rgb(  1,   2,  11)", as the variable of it. */
static const char *copy_colour(const char *p, FILE *out)
{
	unsigned r, g, b;
	int n = 0;
	if (sscanf(p, "rgb( %u , %u , %u )%n", &r, &g, &b, &n) < 3 || !n)
		return NULL;
	if (r == 1 && g == 2)
		fprintf(out, "var(--p%u)", b);
	else
		fwrite(p, 1, (size_t)n, out);
	return p + n;
}

static bool begins(const char *p, const char *word)
{
	return !strncmp(p, word, strlen(word));
}

/* Past `to` behind p, or p itself if it is not there. */
static const char *past(const char *p, const char *to)
{
	const char *found = strstr(p, to);
	return found ? found + strlen(to) : p;
}

/* What is left out at p: ids, titles, groups with nothing in them. Where it ends, or NULL. */
static const char *leave_out(const char *p)
{
	if (begins(p, " id=\""))
		return past(p + 5, "\"");
	if (begins(p, "<title>"))
		return past(p, "</title>");
	if (begins(p, "<g fill=")) {
		const char *end = past(p, ">");
		if (begins(end, "\n</g>\n"))
			return end + 6;
	}
	return NULL;
}

static void copy_svg(const char *svg, FILE *out)
{
	const char *p = past(svg, "</defs>");
	while (*p && !begins(p, "</svg>")) {
		const char *next = leave_out(p);
		if (!next && begins(p, "rgb("))
			next = copy_colour(p, out);
		if (!next && (begins(p, "\"black\"") || begins(p, "'black'"))) {
			fputs("\"var(--p3)\"", out);
			next = p + 7;
		}
		if (!next && *p == '\t')
			next = p + 1;
		if (!next)
			putc(*p, out);
		p = next ? next : p + 1;
	}
}

int figure_draw(const struct section *s, const struct section_table *t, size_t first, size_t end,
		char **svg_out, struct err *e)
{
	struct plot *p;
	_free_ char *svg = NULL;
	size_t bytes;
	int rc = plot_begin_inline(s->script, &p, e);
	*svg_out = NULL;
	if (rc)
		return rc;
	const unsigned nlines = put_data(p, s, t, first, end);
	set_variables(p, s, t, first, end, nlines);
	set_names(p, s, t, first, end);
	rc = plot_end_inline(p, &svg, e);
	if (rc)
		return rc == ERR_UNUSABLE ? 0 : rc;
	FILE *out = open_memstream(svg_out, &bytes);
	if (!out)
		return err_set(e, ERR_NOMEM, "no memory for a figure");
	fputs("<g>", out); /* the group that gnuplot opened before its symbols */
	copy_svg(svg, out);
	if (fclose(out)) {
		free(*svg_out);
		*svg_out = NULL;
		return err_set(e, ERR_NOMEM, "no memory for a figure");
	}
	return 0;
}
