// SPDX-License-Identifier: MIT
/*
 * The parameters of a closed-form case: read by name, each at most once, so
 * that what nobody asked for is known at the end. The first complaint is kept;
 * after it all reads give harmless values.
 */
#ifndef PUGMARK_REPLAY_CHECK_ARGS_H
#define PUGMARK_REPLAY_CHECK_ARGS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/quantile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

enum { CHECK_KEYS_MAX = 32, CHECK_LIST_MAX = 64 };

struct check_args {
	const json_t *object;
	const char *where; /* "mm1_rho0.5: params" */
	const char *used[CHECK_KEYS_MAX];
	size_t nused;
	struct err *e; /* e->code is set by the first complaint */
};

/* An object's reader; anything but an object is a complaint. */
struct check_args check_args_of(const json_t *object, const char *where, struct err *e);

bool check_has(const struct check_args *a, const char *key);

/* A number in that range; the second gives `missing` when there is none. */
double check_number(struct check_args *a, const char *key, double least, double most);
double check_number_or(struct check_args *a, const char *key, double least, double most,
		       double missing);
uint64_t check_count(struct check_args *a, const char *key, uint64_t least, uint64_t most);
uint64_t check_count_or(struct check_args *a, const char *key, uint64_t least, uint64_t most,
			uint64_t missing);

/* A list of 1 to CHECK_LIST_MAX numbers; its length. */
size_t check_numbers(struct check_args *a, const char *key, double least, double *out);
size_t check_counts(struct check_args *a, const char *key, double least, double *out); /* whole */

/* An array of objects, or NULL after a complaint. */
const json_t *check_array(struct check_args *a, const char *key);

/* One of the words, NULL-terminated; its index. Absent: 0. */
int check_word_or_first(struct check_args *a, const char *key, const char *const *words);

/* A text that only explains. */
void check_ignore(struct check_args *a, const char *key);

/* Complains of what was not read. */
void check_args_end(struct check_args *a);

/* A service or think time: `service` says which shape, `mean` what its mean is called. */
struct check_service {
	const struct quantile *table; /* NULL: constant */
	uint64_t fixed_q16;           /* of ns */
};
struct check_service check_service(struct check_args *a, const char *shape, const char *mean,
				   struct arena *arena);

/* The mean time between events of a rate per second, as a constant or exponential. */
struct check_service check_gap(struct check_args *a, double per_s, bool is_const,
			       struct arena *arena);

#endif
