// SPDX-License-Identifier: MIT
/* The parts of `pugmark report` that read results files; each gives an exit status. */
#ifndef PUGMARK_REPORTS_RESULTS_SCREEN_H
#define PUGMARK_REPORTS_RESULTS_SCREEN_H

#include "reports/cli.h"

/* Verdicts and tables; or, if dir is not NULL, a page there. */
int report_results(const struct cli *cli, const char *path, const char *dir);

/* What differs between two files; EXIT_NO when something does that no noise explains. */
int compare_results(const struct cli *cli, const char *old_path, const char *new_path);

#endif
