// SPDX-License-Identifier: MIT
/* Private to base/param*.c: one value, from text into a field and back. */
#ifndef PUGMARK_BASE_PARAM_VALUE_H
#define PUGMARK_BASE_PARAM_VALUE_H

#include "base/param.h"
#include "base/quantile.h"

/* A value of any type. */
struct param_parsed {
	uint64_t number; /* also bool, index of a choice, count of a rate or quantity */
	uint64_t per_ns; /* of a rate */
	bool is_ppm;     /* of a quantity */
	const char *text;
	struct dist dist;
};

int param_value_parse(const struct param *p, const char *text, struct param_parsed *out,
		      struct err *e);

/* Parses, checks the bounds and fills the field in base (if not NULL). */
int param_value_store(const struct param *p, const char *text, void *base, struct err *e);

#endif
