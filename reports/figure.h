// SPDX-License-Identifier: MIT
/* One figure of a section, as svg for the inside of a page. */
#ifndef PUGMARK_REPORTS_FIGURE_H
#define PUGMARK_REPORTS_FIGURE_H

#include "reports/section.h"

/*
 * Draws rows [first, end) by the section's script. *svg_out is what stands
 * between <svg> and </svg>, 640 wide and 384 high, with colours by the page's
 * variables (--p1 grid, --p2 axes, --p3 words, --p11 .. --p18 lines) and marks
 * that figure_marks defines; the caller frees. NULL where there is nothing to draw.
 */
int figure_draw(const struct section *s, const struct section_table *t, size_t first, size_t end,
		char **svg_out, struct err *e);

/* The marks of all figures of a page, once: symbols that they refer to. */
extern const char figure_marks[];

#endif
