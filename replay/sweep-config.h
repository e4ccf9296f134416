// SPDX-License-Identifier: MIT
/*
 * A sweep file: which command, on which traces, with which values of its
 * options and of the models' parameters. Every value is checked before anything
 * is run, the options by the command itself (reports/options.h), so that any
 * command that stores results can be swept.
 *
 *	[sweep]
 *	command = pin
 *	traces = nic.db, day-*.db
 *	designs = today.ini, vpri.ini
 *	seeds = 1..3
 *
 *	[options]
 *	policy = none, lru, at-risk
 *	budget = 1%..20% step 1%
 *
 *	[vary]
 *	memory.reclaim = lru, two-list
 */
#ifndef PUGMARK_REPLAY_SWEEP_CONFIG_H
#define PUGMARK_REPLAY_SWEEP_CONFIG_H

#include "base/param.h"
#include "replay/sweep-values.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SWEEP_AXES_MAX = 64, SWEEP_WORDS_MAX = 4 };

enum sweep_axis_kind {
	SWEEP_FLAG,   /* --name, or nothing: yes, no */
	SWEEP_SINGLE, /* --name=value */
	SWEEP_LIST,   /* --name=value,value: one run takes several */
	SWEEP_SET,    /* --set name=value, name being section.key */
};

/* What is varied, in the order of the file. Texts are the arena's. */
struct sweep_axis {
	const char *name;
	const char *origin; /* "night.ini:7" */
	enum sweep_axis_kind kind;
	struct sweep_values values;
	const char **canon; /* of each value, as it goes into the hash */
	uint64_t most;      /* values of a list that the command takes at once */
};

struct sweep_config {
	struct arena *arena;
	const char *path;
	const char *command; /* "pin", "numa replay" */
	const char *words[SWEEP_WORDS_MAX];
	size_t nwords; /* of the command */
	const char *traces_text, *designs_text, *seeds_text;
	struct sweep_values traces; /* patterns replaced by what is there */
	struct sweep_axis axes[SWEEP_AXES_MAX];
	size_t naxes;
	uint64_t batch, retries;
	bool takes_threads; /* the command has --threads */
};

extern const struct param sweep_params[];
extern const size_t sweep_nparams;

/* Reads and checks all of it; c->arena is filled in. */
int sweep_config_read(struct sweep_config *c, const char *path, struct err *e);

#endif
