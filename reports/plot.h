// SPDX-License-Identifier: MIT
/*
 * Plots through a gnuplot pipe. The target's ending picks the terminal: .svg,
 * .png, .pdf, or `-` for text on stdout. Files are written beside the target
 * and renamed, so a failed plot leaves nothing.
 */
#ifndef PUGMARK_REPORTS_PLOT_H
#define PUGMARK_REPORTS_PLOT_H

#include "base/err.h"

#include <stdint.h>
#include <stdio.h>

struct plot;

/*
 * Starts gnuplot with the script reports/queries/NAME.gp (built in), which
 * reads its data from named blocks ($data). ERR_FEATURE with one clear line
 * when gnuplot is missing, ERR_USAGE for an unknown ending, ERR_CREATE.
 */
int plot_begin(const char *target, const char *script, struct plot **out, struct err *e);

/* A string variable of the script: title, axis label ... */
void plot_set(struct plot *p, const char *variable, const char *value);

/* A data block `$name`; then write rows to the stream. */
FILE *plot_data(struct plot *p, const char *name);
void plot_data_end(struct plot *p);

/* Runs the script, waits, renames. Frees p, also on failure. A plot without points is ERR_UNUSABLE. */
int plot_end(struct plot *p, struct err *e);

/* Gives up: removes the temporary file and frees p. */
void plot_abort(struct plot *p);

#endif
