// SPDX-License-Identifier: MIT
/*
 * What a folder has for `pugmark list` beside designs, policies and parameters:
 * a table ending in {}. main.c hands the tables to the command.
 */
#ifndef PUGMARK_REPORTS_CATALOGUE_H
#define PUGMARK_REPORTS_CATALOGUE_H

#include "base/choices.h"

struct catalogue {
	const char *name, *title;
	choices_fill fill;
};

extern const struct catalogue report_catalogues[], collect_catalogues[];

#endif
