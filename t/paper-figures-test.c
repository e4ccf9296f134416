// SPDX-License-Identifier: MIT
/*
 * The table of figures against the rows there are, read from the golden copy
 * docs/paper.md: no model runs.
 */
#include "replay/paper-figures.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { BARS = 64, CELLS = 7, UNIT_BYTES = 16 };

/* A row, the figure that the copy says it is in, and its unit as printed. */
struct golden {
	struct arena arena;
	struct paper paper;
	const char **figures;
	char (*units)[UNIT_BYTES];
};

/* "| a | b |" into its cells; how many */
static size_t split(char *line, char *cells[CELLS])
{
	size_t n = 0;
	for (char *p = line + 2, *next; n < CELLS && (next = strstr(p, " |")); p = next + 3) {
		*next = 0;
		cells[n++] = p;
		if (next[2] != ' ')
			break;
	}
	return n;
}

static enum paper_kind kind_of(const char *name)
{
	size_t i = 0;
	while (i < PAPER_NOT_ADDRESSED && strcmp(paper_kind_names[i], name))
		i++;
	return (enum paper_kind)i;
}

static void add_row(struct golden *g, const char *work, char *cells[CELLS])
{
	struct err e;
	const struct paper_row row = { .work = arena_strdup(&g->arena, work),
				       .quantity = arena_strdup(&g->arena, cells[0]),
				       .kind = kind_of(cells[4]) };
	const char *unit = strrchr(cells[1], ' ');
	snprintf(g->units[g->paper.n], UNIT_BYTES, "%.15s", unit ? unit + 1 : "");
	g->figures[g->paper.n] = arena_strdup(&g->arena, cells[5]);
	assert_int_equal(paper_add(&g->paper, &row, &e), 0);
}

static int set_up(void **state)
{
	enum { ROWS_MAX = 1000 };
	struct golden *g = calloc(1, sizeof(*g));
	char work[80] = "", line[2000], *cells[CELLS];
	FILE *f = fopen("docs/paper.md", "r");
	assert_non_null(f);
	g->paper.arena = &g->arena;
	g->figures = calloc(ROWS_MAX, sizeof(*g->figures));
	g->units = calloc(ROWS_MAX, sizeof(*g->units));
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "## ", 3))
			snprintf(work, sizeof(work), "%.79s", line + 3);
		else if (!strncmp(line, "| ", 2) && strncmp(line, "| quantity ", 11) &&
			 split(line, cells) == CELLS && g->paper.n < ROWS_MAX)
			add_row(g, work, cells);
	}
	fclose(f);
	*state = g;
	return 0;
}

static int tear_down(void **state)
{
	struct golden *g = *state;
	arena_deinit(&g->arena);
	free(g->figures);
	free(g->units);
	free(g);
	return 0;
}

static void test_rows(void **state)
{
	const struct golden *g = *state;
	assert_true(g->paper.n > 190);
	for (size_t i = 0; i < g->paper.n; i++) {
		const struct paper_row *row = &g->paper.rows[i];
		const char *figure = paper_figure_of(row);
		if (row->kind != PAPER_NOT_ADDRESSED && !figure)
			fail_msg("%s: %s: in no figure", row->work, row->quantity);
		assert_string_equal(figure ? figure : "-", g->figures[i]);
	}
}

static void test_patterns(void **state)
{
	const struct golden *g = *state;
	for (const struct paper_panel *panel = paper_panels; panel->figure; panel++)
		for (size_t i = 0; i < PAPER_PATTERNS && panel->patterns[i].work; i++) {
			struct paper_panel one = *panel;
			struct paper_bar bars[BARS];
			memset(one.patterns, 0, sizeof(one.patterns));
			one.patterns[0] = panel->patterns[i];
			if (!paper_panel_bars(&one, &g->paper, BARS, bars))
				fail_msg("%s: no row is '%s'", panel->figure,
					 panel->patterns[i].quantity);
		}
}

static void test_once(void **state)
{
	const struct golden *g = *state;
	unsigned *times = calloc(g->paper.n, sizeof(*times));
	for (const struct paper_panel *panel = paper_panels; panel->figure; panel++) {
		struct paper_bar bars[BARS];
		const size_t n = paper_panel_bars(panel, &g->paper, BARS, bars);
		for (size_t i = 0; i < n; i++)
			times[bars[i].row - g->paper.rows]++;
	}
	for (size_t i = 0; i < g->paper.n; i++)
		if (times[i] > 1)
			fail_msg("%s: in %u panels", g->paper.rows[i].quantity, times[i]);
	free(times);
}

static void test_bars(void **state)
{
	const struct golden *g = *state;
	for (const struct paper_panel *panel = paper_panels; panel->figure; panel++) {
		struct paper_bar bars[BARS];
		const size_t n = paper_panel_bars(panel, &g->paper, BARS, bars);
		for (size_t i = 0; i < n; i++) {
			assert_true(*bars[i].label);
			assert_string_equal(g->units[bars[i].row - g->paper.rows],
					    g->units[bars[0].row - g->paper.rows]);
			for (size_t k = 0; k < i; k++)
				assert_string_not_equal(bars[i].label, bars[k].label);
		}
	}
}

static void test_figures(void **state)
{
	(void)state;
	for (const struct paper_figure *f = paper_figures; f->name; f++) {
		size_t n = 0;
		for (const struct paper_panel *panel = paper_panels; panel->figure; panel++)
			n += !strcmp(panel->figure, f->name);
		assert_true(n > 0 && f->columns > 0);
		assert_true(strlen(f->about) > 10 && strlen(f->title) > 10);
	}
	for (const struct paper_panel *panel = paper_panels; panel->figure; panel++) {
		const struct paper_figure *f = paper_figures;
		while (f->name && strcmp(f->name, panel->figure))
			f++;
		if (!f->name || !*panel->axis)
			fail_msg("%s, '%s': no such figure, or no axis", panel->figure,
				 panel->title);
	}
}

static void test_comma(void **state)
{
	(void)state;
	const struct paper_panel panel = { .patterns = { { "w", "a, *, c", "the *!" },
							 { "w", "plain", "label" } } };
	struct paper_row rows[] = {
		{ .work = "w", .quantity = "a, b, c" }, { .work = "w", .quantity = "a, b, b, c" },
		{ .work = "v", .quantity = "a, b, c" }, { .work = "w", .quantity = "a, , c" },
		{ .work = "w", .quantity = "a, c" },    { .work = "w", .quantity = "plain" }
	};
	const struct paper p = { .rows = rows, .n = COUNT(rows) };
	struct paper_bar bars[4];
	assert_int_equal(paper_panel_bars(&panel, &p, COUNT(bars), bars), 2);
	assert_string_equal(bars[0].label, "the b!");
	assert_string_equal(bars[1].label, "label");
	assert_int_equal(paper_panel_bars(&panel, &p, 1, bars), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "each row with ours is in the figure that the golden copy names", test_rows,
		  set_up, tear_down, NULL },
		{ "each pattern of the table finds a row", test_patterns, set_up, tear_down, NULL },
		{ "no row is in two panels", test_once, set_up, tear_down, NULL },
		{ "bars of a panel have labels of their own and one unit", test_bars, set_up,
		  tear_down, NULL },
		{ "figures have panels, panels a figure and an axis", test_figures, NULL, NULL,
		  NULL },
		{ "a star is any text without a comma", test_comma, NULL, NULL, NULL },
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
