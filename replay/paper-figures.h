// SPDX-License-Identifier: MIT
/*
 * The figures of the works, as sets of rows of the table of published figures:
 * what stands in which figure, and how it is drawn (published beside ours). No
 * number is here: a bar is a row that the same run made.
 */
#ifndef PUGMARK_REPLAY_PAPER_FIGURES_H
#define PUGMARK_REPLAY_PAPER_FIGURES_H

#include "replay/paper.h"

/* A figure is a file; panels that follow one another and name the same figure are in it. */
struct paper_figure {
	const char *name; /* of the file, without ending */
	const char *title;
	const char *about; /* source, load, what to keep in mind */
	unsigned columns;  /* of panels, at most */
};
extern const struct paper_figure paper_figures[]; /* to a NULL name */

enum { PAPER_PATTERNS = 6 };

/*
 * Rows of a panel, by work and quantity. A '*' in a pattern stands for any text
 * without a comma and is the bar's label, or stands in the label where that has
 * a '*'; a pattern without one has a label.
 */
struct paper_panel {
	const char *figure, *title;
	const char *axis; /* without its unit */
	struct {
		const char *work, *quantity, *label;
	} patterns[PAPER_PATTERNS];
};
extern const struct paper_panel paper_panels[]; /* to a NULL figure */

struct paper_bar {
	const struct paper_row *row;
	char label[48];
};

/*
 * Rows of a panel in their order, at most `most`; how many. A row that several
 * patterns match is there once.
 */
size_t paper_panel_bars(const struct paper_panel *panel, const struct paper *p, size_t most,
			struct paper_bar *out);

/* The figure that carries a row, or NULL. */
const char *paper_figure_of(const struct paper_row *row);

/*
 * Makes DIR when absent and tells whether a file can be written there: before the
 * models run. ending: "svg", "png", "pdf". ERR_FEATURE without gnuplot.
 */
int paper_plot_check(const char *dir, const char *ending, struct err *e);

/* Draws DIR/NAME.ENDING for every figure that has rows, and counts them. */
int paper_plot(const struct paper *p, const char *dir, const char *ending, size_t *n_out,
	       struct err *e);

#endif
