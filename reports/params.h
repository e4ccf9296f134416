// SPDX-License-Identifier: MIT
/* Parameter tables in print: for --help, manual pages, and as a file that can be read again. */
#ifndef PUGMARK_REPORTS_PARAMS_H
#define PUGMARK_REPORTS_PARAMS_H

#include "base/param.h"
#include "reports/report.h"

#include <stdio.h>

enum params_style { PARAMS_HELP, PARAMS_SCDOC };

/* The rows with defaults, sources and bounds. */
void params_print_rows(FILE *out, const struct param *rows, size_t n, enum params_style style);

/* The used sections as an INI file with kinds and sources. */
void params_print_values(FILE *out, const struct param_set *s);

/* The same as a table "assumptions" of a report for programs: a begin, then each set of each
 * design (NULL: there are no designs). */
void params_report_begin(struct report *r);
void params_report_values(struct report *r, const char *design, const struct param_set *s);

#endif
