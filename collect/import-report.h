// SPDX-License-Identifier: MIT
/* What commands that write a trace say at their end: accounting, losses, exit status. */
#ifndef PUGMARK_COLLECT_IMPORT_REPORT_H
#define PUGMARK_COLLECT_IMPORT_REPORT_H

#include "reports/cli.h"

#include <stdint.h>

struct import_result {
	const char *command;      /* "import", "record" ... */
	const char *path;         /* of the sealed trace */
	const char *format;       /* of the inputs */
	uint64_t damaged;         /* places of the inputs */
	const char *first_damage; /* a sentence, or NULL */
};

/*
 * Prints verdict and accounting of the trace; EXIT_DONE, EXIT_DAMAGED when
 * something was damaged or lost, or the status of an error that it tells.
 */
int import_report(const struct cli *cli, const struct import_result *result);

#endif
