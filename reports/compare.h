// SPDX-License-Identifier: MIT
/* What report --compare found out, and its screen. Private to it. */
#ifndef PUGMARK_REPORTS_COMPARE_H
#define PUGMARK_REPORTS_COMPARE_H

#include "base/arena.h"
#include "reports/cli.h"
#include "reports/noise.h"
#include "reports/report.h"

struct difference {
	enum noise_verdict verdict;
	char *command, *trace, *config, *metric; /* arena */
	int64_t bucket;
	int64_t old, new;    /* means */
	uint64_t change_ppm; /* of the old mean, its size; UINT64_MAX: it was 0 */
	size_t old_seeds, new_seeds, number;
};

/* Figures that one file has alone, by command. */
struct alone {
	char *command, *example; /* arena; the coordinates of a configuration */
	uint64_t figures, configs;
	char key[72]; /* of the last one */
};

enum { COMMANDS_MAX = 16 };

struct comparison {
	struct arena arena;
	struct alone old_alone[COMMANDS_MAX], new_alone[COMMANDS_MAX];
	struct difference *list;
	size_t n, room;
	uint64_t counts[NOISE_BEYOND + 1];
	uint64_t only_old, only_new; /* figures */
	char why[200];               /* in which parameters compared configurations differ; or "" */
};

/* Sorts the differences and shows them. ERR_NOMEM. */
int compare_show(struct report *r, const struct cli *cli, struct comparison *c, struct err *e);

#endif
