// SPDX-License-Identifier: MIT
/*
 * Drawing the figures (script reports/queries/paper.gp): panels in a grid, each
 * as high as the longest of its line, bars of the same height everywhere. The
 * unit of a panel follows from its greatest value; panels with the same axis
 * have the same range. What is known of rows stands below.
 */
#include "replay/paper-figures.h"

#include "base/cleanup.h"
#include "reports/plot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	WIDTH = 900, /* all in pixels */
	EDGE = 16,
	ROW = 26,
	ABOVE = 30, /* a panel: its title */
	BELOW = 48, /* its axis */
	NOTE = 66,  /* right of a bar */
	LETTER = 7,
	TICK = 36, /* between numbers of an axis, at least */
	LINE = 16, /* of small words */
	BARS_MAX = 64,
	PANELS_MAX = 16,
	NOTES_MAX = 8,
	LINE_MAX = 150, /* letters of a line */
	NO_OURS = 9,
};

struct drawn_panel {
	const struct paper_panel *panel;
	struct paper_bar bars[BARS_MAX];
	size_t n, slots;
	uint64_t most; /* of all panels with this axis */
	unsigned left, right, above, below;
};

/* A `why` of rows, and whose it is. */
struct note {
	const char *why;
	char rows[LINE_MAX + 50];
	size_t n;
};

struct drawing {
	const struct paper_figure *figure;
	struct drawn_panel panels[PANELS_MAX];
	size_t n, nbars;
	struct note notes[NOTES_MAX];
	size_t nnotes;
	unsigned top, notes_top, height;
};

/* ---- units ---- */

struct scale {
	const char *name;
	uint64_t one;
};

static struct scale scale_of(enum paper_unit unit, uint64_t most)
{
	static const struct scale times[] = {
		{ "s", 1000000000 }, { "ms", 1000000 }, { "us", 1000 }, { "ns", 1 }
	};
	static const struct scale sizes[] = {
		{ "GiB", 1 << 30 }, { "MiB", 1 << 20 }, { "KiB", 1 << 10 }, { "bytes", 1 }
	};
	const struct scale *s = unit == PAPER_NS ? times : sizes;
	switch (unit) {
	case PAPER_PPM:
		return (struct scale){ "%", 10000 };
	case PAPER_PER_S:
		return (struct scale){ "thousand/s", 1000 };
	case PAPER_PER_DAY:
		return (struct scale){ "thousand a day", 1000 };
	case PAPER_COUNT:
		return (struct scale){ "", 1 };
	case PAPER_NS:
	case PAPER_BYTES:
		break;
	}
	while (s->one > 1 && most < 2 * s->one)
		s++;
	return *s;
}

static uint64_t most_of(const struct paper_row *r)
{
	const uint64_t published = r->published_most ? r->published_most : r->published;
	return r->kind != PAPER_NOT_ADDRESSED && r->ours > published ? r->ours : published;
}

static struct scale scale_of_panel(const struct drawn_panel *d)
{
	return scale_of(d->bars[0].row->unit, d->most);
}

static bool has_same_axis(const struct drawn_panel *a, const struct drawn_panel *b)
{
	return a->bars[0].row->unit == b->bars[0].row->unit &&
	       !strcmp(a->panel->axis, b->panel->axis);
}

static void find_ranges(struct drawing *d)
{
	for (size_t i = 0; i < d->n; i++) {
		struct drawn_panel *x = &d->panels[i];
		x->most = 0;
		for (size_t k = 0; k < d->n; k++)
			for (size_t b = 0; b < d->panels[k].n; b++) {
				const uint64_t most = most_of(d->panels[k].bars[b].row);
				if (has_same_axis(x, &d->panels[k]) && most > x->most)
					x->most = most;
			}
	}
}

/* ---- notes ---- */

/* What a note calls its rows: the shortest that tells notes apart. */
enum naming { BY_LABEL, BY_PANEL, BY_BOTH };

static struct note *note_of(struct drawing *d, const char *why)
{
	size_t i = 0;
	while (i < d->nnotes && strcmp(d->notes[i].why, why))
		i++;
	if (i == NOTES_MAX)
		return NULL;
	if (i == d->nnotes)
		d->notes[d->nnotes++] = (struct note){ .why = why };
	return &d->notes[i];
}

/* Adds a name in commas; whether another note has it already. */
static bool add_name(struct drawing *d, struct note *x, const char *name)
{
	enum { NAMED_MAX = 110 };
	char wanted[LINE_MAX];
	snprintf(wanted, sizeof(wanted), ", %s,", name);
	for (size_t i = 0; i < d->nnotes; i++)
		if (&d->notes[i] != x && strstr(d->notes[i].rows, wanted))
			return true;
	const size_t used = strlen(x->rows);
	if (strstr(x->rows, wanted) || (used && strstr(x->rows, " ..")))
		return false;
	snprintf(x->rows + used, sizeof(x->rows) - used, "%s",
		 used > NAMED_MAX ? " ..," : wanted + (used > 0));
	return false;
}

static bool name_notes(struct drawing *d, enum naming naming)
{
	bool is_shared = false;
	d->nnotes = d->nbars = 0;
	for (size_t i = 0; i < d->n; i++)
		for (size_t b = 0; b < d->panels[i].n; b++) {
			const struct paper_bar *bar = &d->panels[i].bars[b];
			const char *title = d->panels[i].panel->title;
			struct note *x = bar->row->why ? note_of(d, bar->row->why) : NULL;
			char name[LINE_MAX - 8];
			d->nbars++;
			if (!x)
				continue;
			snprintf(name, sizeof(name), "%s%s%s", naming == BY_LABEL ? "" : title,
				 naming == BY_BOTH ? " " : "",
				 naming == BY_PANEL ? "" : bar->label);
			is_shared |= add_name(d, x, name);
			x->n++;
		}
	return !is_shared;
}

static void find_notes(struct drawing *d)
{
	if (!name_notes(d, BY_LABEL) && !name_notes(d, BY_PANEL))
		name_notes(d, BY_BOTH);
}

/* ---- places ---- */

/* Room for the labels of a column of panels. */
static unsigned label_width(const struct drawing *d, size_t first, size_t step)
{
	size_t n = 4;
	for (size_t i = first; i < d->n; i += step)
		for (size_t b = 0; b < d->panels[i].n; b++) {
			const size_t letters = strlen(d->panels[i].bars[b].label);
			n = letters > n ? letters : n;
		}
	return (unsigned)n * LETTER + 8;
}

/* A line of panels, [first, end); where it ends. */
static unsigned place_line(struct drawing *d, size_t first, size_t end, unsigned ncolumns,
			   unsigned y)
{
	const unsigned width = (WIDTH - 2 * EDGE) / ncolumns;
	size_t slots = 0;
	unsigned above = 8;
	for (size_t i = first; i < end; i++) {
		slots = d->panels[i].n > slots ? d->panels[i].n : slots;
		above = *d->panels[i].panel->title ? ABOVE : above;
	}
	for (size_t i = first; i < end; i++) {
		struct drawn_panel *x = &d->panels[i];
		const unsigned left = EDGE + (unsigned)(i - first) * width;
		x->slots = slots;
		x->left = left + label_width(d, i - first, ncolumns);
		x->right = left + width - NOTE;
		x->above = y + above;
		x->below = x->above + (unsigned)slots * ROW;
	}
	return y + above + (unsigned)slots * ROW + BELOW;
}

static void place(struct drawing *d, unsigned top)
{
	const unsigned wanted = d->figure->columns;
	const unsigned ncolumns = d->n < wanted ? (unsigned)d->n : wanted;
	unsigned y = top;
	d->top = top;
	for (size_t first = 0; first < d->n; first += ncolumns)
		y = place_line(d, first, first + ncolumns < d->n ? first + ncolumns : d->n,
			       ncolumns, y);
	d->notes_top = y + LINE / 2;
	d->height = y + (unsigned)d->nnotes * LINE + (d->nnotes ? LINE : LINE / 2);
}

/* ---- data ---- */

static void set_of(struct plot *p, const char *what, size_t i, const char *value)
{
	char name[80];
	snprintf(name, sizeof(name), "%s_%zu", what, i);
	plot_set(p, name, value);
}

static void set_number(struct plot *p, const char *what, size_t i, size_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "%zu", value);
	set_of(p, what, i, text);
}

static void put_value(FILE *f, uint64_t v, struct scale s)
{
	const uint64_t part = (uint64_t)((unsigned __int128)(v % s.one) * 1000000 / s.one);
	fprintf(f, " %" PRIu64 ".%06" PRIu64, v / s.one, part);
}

/* What stands behind a bar: how far ours is off. */
static void put_note(FILE *f, const struct paper_row *r)
{
	const int64_t error = paper_error_ppm(r);
	const uint64_t tenths = ((uint64_t)(error < 0 ? -error : error) + 500) / 1000;
	const char *sign = !tenths ? "" : error > 0 ? "+" : "-";
	if (r->kind == PAPER_NOT_ADDRESSED)
		fputs(" \"no ours\"\n", f);
	else if (r->published_most && !error)
		fputs(" \"inside\"\n", f);
	else
		fprintf(f, " \"%s%" PRIu64 ".%" PRIu64 " %%\"\n", sign, tenths / 10, tenths % 10);
}

static void put_data(struct plot *p, const struct drawing *d)
{
	FILE *f = plot_data(p, "data");
	for (size_t i = 0; i < d->n; i++) {
		const struct drawn_panel *x = &d->panels[i];
		const struct scale s = scale_of_panel(x);
		fputs(i ? "\n\n" : "", f);
		for (size_t k = 0; k < x->n; k++) {
			const struct paper_row *r = x->bars[k].row;
			const bool is_ours = r->kind != PAPER_NOT_ADDRESSED;
			fprintf(f, "%zu", k);
			put_value(f, r->published, s);
			put_value(f, r->published_most ? r->published_most : r->published, s);
			put_value(f, is_ours ? r->ours : 0, s);
			fprintf(f, " %d", is_ours ? (int)r->kind : NO_OURS);
			put_note(f, r);
		}
	}
	plot_data_end(p);
}

/* Two lines, broken at a blank. */
static void set_about(struct plot *p, const char *about)
{
	char line[2 * LINE_MAX];
	snprintf(line, sizeof(line), "%s", about);
	char *next = line + strlen(line);
	if (strlen(line) > LINE_MAX) {
		next = line + LINE_MAX;
		while (*next != ' ')
			next--;
		*next++ = 0;
	}
	plot_set(p, "about_0", line);
	plot_set(p, "about_1", next);
}

/* 1, 2 or 5 times a power of ten, so that numbers of the axis do not touch. */
static void set_step(struct plot *p, const struct drawn_panel *x, size_t i)
{
	const struct scale s = scale_of_panel(x);
	const unsigned room = (x->right - x->left) / TICK;
	const uint64_t most = (uint64_t)((unsigned __int128)x->most * 1000 / s.one);
	uint64_t step = 1, unit = 1;
	char text[40];
	while (step * (room ? room : 1) < most) {
		step = step == 5 * unit ? 10 * unit : step == 2 * unit ? 5 * unit : 2 * unit;
		unit = step == 10 * unit ? step : unit;
	}
	snprintf(text, sizeof(text), "%" PRIu64 ".%03" PRIu64, step / 1000, step % 1000);
	set_of(p, "step", i, text);
	snprintf(text, sizeof(text), "%" PRIu64 ".%03" PRIu64, most / 1000, most % 1000);
	set_of(p, "most", i, text);
}

static void set_panel(struct plot *p, const struct drawn_panel *x, size_t i)
{
	const struct scale s = scale_of_panel(x);
	char axis[120], name[40];
	snprintf(axis, sizeof(axis), "%s%s%s", x->panel->axis, *s.name ? ", " : "", s.name);
	set_of(p, "title", i, x->panel->title);
	set_of(p, "axis", i, axis);
	set_number(p, "rows", i, x->n);
	set_number(p, "slots", i, x->slots);
	set_number(p, "left", i, x->left);
	set_number(p, "right", i, x->right);
	set_number(p, "above", i, x->above);
	set_number(p, "below", i, x->below);
	set_step(p, x, i);
	snprintf(name, sizeof(name), "label_%zu", i);
	for (size_t k = 0; k < x->n; k++)
		set_of(p, name, k, x->bars[k].label);
}

static void set_notes(struct plot *p, const struct drawing *d)
{
	set_number(p, "notes", 0, d->nnotes);
	set_number(p, "notes", 1, d->notes_top);
	for (size_t i = 0; i < d->nnotes; i++) {
		const struct note *x = &d->notes[i];
		const bool is_of_all = x->n == d->nbars;
		char text[4 * LINE_MAX];
		/* ", a, b,": without its first comma and its last */
		const int n = (int)strlen(x->rows) - 3;
		snprintf(text, sizeof(text), "%.*s%s%s", is_of_all ? 0 : n, x->rows + 2,
			 is_of_all ? "" : ": ", x->why);
		set_of(p, "note", i, text);
	}
}

static void set_all(struct plot *p, const struct drawing *d, const char *ending)
{
	char text[24];
	bool is_used[PAPER_KINDS] = {};
	plot_set(p, "title", d->figure->title);
	set_about(p, d->figure->about);
	/* a letter is told in pixels in svg, else in points */
	plot_set(p, "scale", strcmp(ending, "svg") ? "0.75" : "1");
	snprintf(text, sizeof(text), "%d", WIDTH);
	plot_set(p, "width", text);
	snprintf(text, sizeof(text), "%u", d->height);
	plot_set(p, "height", text);
	snprintf(text, sizeof(text), "%u", d->top);
	plot_set(p, "top", text);
	snprintf(text, sizeof(text), "%zu", d->n);
	plot_set(p, "panels", text);
	set_notes(p, d);
	for (size_t i = 0; i < d->n; i++) {
		set_panel(p, &d->panels[i], i);
		for (size_t k = 0; k < d->panels[i].n; k++)
			is_used[d->panels[i].bars[k].row->kind] = true;
	}
	for (size_t k = 0; k < PAPER_NOT_ADDRESSED; k++)
		set_number(p, "used", k, is_used[k]);
}

/* ---- files ---- */

static void collect(const struct paper *p, struct drawing *d)
{
	d->n = 0;
	for (const struct paper_panel *x = paper_panels; x->figure && d->n < PANELS_MAX; x++) {
		struct drawn_panel *to = &d->panels[d->n];
		if (strcmp(x->figure, d->figure->name))
			continue;
		to->panel = x;
		to->n = paper_panel_bars(x, p, BARS_MAX, to->bars);
		d->n += to->n > 0;
	}
}

static int draw(struct drawing *d, const char *dir, const char *ending, struct err *e)
{
	enum { HEAD = 92 };
	_free_ char *target = NULL;
	struct plot *p;
	find_ranges(d);
	find_notes(d);
	place(d, strlen(d->figure->about) > LINE_MAX ? HEAD + LINE : HEAD);
	if (asprintf(&target, "%s/%s.%s", dir, d->figure->name, ending) < 0)
		return err_set(e, ERR_NOMEM, "no memory for a figure");
	const struct plot_size size = { WIDTH, d->height };
	const int rc = plot_begin_sized(target, "paper", size, &p, e);
	if (rc)
		return rc;
	set_all(p, d, ending);
	put_data(p, d);
	return plot_end(p, e);
}

int paper_plot_check(const char *dir, const char *ending, struct err *e)
{
	_free_ char *target = NULL;
	struct plot *p;
	if (mkdir(dir, 0777) && errno != EEXIST)
		return err_set(e, errno == EACCES || errno == EPERM ? ERR_PERM : ERR_CREATE,
			       "%s: %s", dir, strerror(errno));
	if (asprintf(&target, "%s/%s.%s", dir, paper_figures[0].name, ending) < 0)
		return err_set(e, ERR_NOMEM, "no memory for a figure");
	const int rc = plot_begin(target, "paper", &p, e);
	if (!rc)
		plot_abort(p);
	return rc;
}

int paper_plot(const struct paper *p, const char *dir, const char *ending, size_t *n_out,
	       struct err *e)
{
	_free_ struct drawing *d = calloc(1, sizeof(*d));
	int rc = 0;
	*n_out = 0;
	if (!d)
		return err_set(e, ERR_NOMEM, "no memory for the figures");
	for (d->figure = paper_figures; d->figure->name && !rc; d->figure++) {
		collect(p, d);
		if (!d->n)
			continue;
		rc = draw(d, dir, ending, e);
		*n_out += !rc;
	}
	return rc;
}
