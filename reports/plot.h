// SPDX-License-Identifier: MIT
/*
 * Plots by gnuplot. The target's ending picks the terminal: .svg, .png, .pdf,
 * or `-` for text on stdout (as wide as COLUMNS says, else 80x24). Files are
 * written beside the target and renamed once they are whole, so a failed plot
 * leaves nothing. The same input gives the same svg, png and text; a pdf
 * carries its date.
 */
#ifndef PUGMARK_REPORTS_PLOT_H
#define PUGMARK_REPORTS_PLOT_H

#include "base/err.h"

#include <stdint.h>
#include <stdio.h>

struct plot;

/*
 * Prepares the script reports/queries/NAME.gp (built in), which reads its data
 * from named blocks ($data). ERR_FEATURE with one clear line when gnuplot is
 * missing, ERR_USAGE for an unknown ending, ERR_CREATE or ERR_PERM for a target
 * that cannot be written.
 */
int plot_begin(const char *target, const char *script, struct plot **out, struct err *e);

/* The same in a size of its own instead of 800 x 500; paper has 40 pixels a centimetre. */
struct plot_size {
	unsigned width_px, height_px;
};
int plot_begin_sized(const char *target, const char *script, struct plot_size size,
		     struct plot **out, struct err *e);

/* A string variable of the script: title, axis label ... Any text is safe. */
void plot_set(struct plot *p, const char *variable, const char *value);

/*
 * A data block `$name`; then write rows to the stream: numbers in columns, and
 * text only as the caller knows it free of blanks, quotes and newlines.
 */
FILE *plot_data(struct plot *p, const char *name);
void plot_data_end(struct plot *p);

/*
 * Runs gnuplot, waits, renames. Frees p, also on failure. A plot without points
 * is ERR_UNUSABLE.
 */
int plot_end(struct plot *p, struct err *e);

/*
 * A picture for a page instead of a file: svg without background or size of its
 * own. script is a whole path ("reports/sections/20-age-curve.gp"), which comes
 * after reports/sections/style.gp.
 */
int plot_begin_inline(const char *script, struct plot **out, struct err *e);

/* plot_end for it: the text, which the caller frees. */
int plot_end_inline(struct plot *p, char **svg_out, struct err *e);

/* Gives up: removes the temporary file and frees p. */
void plot_abort(struct plot *p);

#endif
