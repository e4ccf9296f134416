// SPDX-License-Identifier: MIT
/* Reading a case's parameters, with a sentence for everything that is not as expected. */
#include "replay/check-args.h"
#include "base/nearest.h"
#include "base/quantile-shapes.h"

#include <math.h>
#include <string.h>

static const double ns_max = 1e12;
static const double q16_per_ns = 65536;

static void __attribute__((format(printf, 2, 3)))
complain(struct check_args *a, const char *fmt, ...)
{
	char text[160];
	va_list args;

	if (a->e->code)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	err_set(a->e, ERR_UNUSABLE, "%s: %s", a->where, text);
}

struct check_args check_args_of(const json_t *object, const char *where, struct err *e)
{
	struct check_args a = { .object = object, .where = where, .e = e };

	if (!json_is_object(object))
		complain(&a, "expected an object {..}");
	return a;
}

bool check_has(const struct check_args *a, const char *key)
{
	return json_object_get(a->object, key);
}

static const json_t *take(struct check_args *a, const char *key)
{
	if (a->nused < CHECK_KEYS_MAX)
		a->used[a->nused++] = key;
	return json_object_get(a->object, key);
}

static double in_range(struct check_args *a, const json_t *v, const char *key, double least,
		       double most)
{
	const double x = json_number_value(v);

	if (!json_is_number(v))
		complain(a, "%s: expected a number", key);
	else if (!(x >= least && x <= most))
		complain(a, "%s: %g lies outside %g .. %g", key, x, least, most);
	else
		return x;
	return least;
}

double check_number(struct check_args *a, const char *key, double least, double most)
{
	const json_t *v = take(a, key);

	if (!v) {
		complain(a, "%s is missing", key);
		return least;
	}
	return in_range(a, v, key, least, most);
}

double check_number_or(struct check_args *a, const char *key, double least, double most,
		       double missing)
{
	const json_t *v = take(a, key);

	return !v || json_is_null(v) ? missing : in_range(a, v, key, least, most);
}

static uint64_t whole(struct check_args *a, const char *key, double x)
{
	if (x != floor(x))
		complain(a, "%s: %g is not whole", key, x);
	return (uint64_t)x;
}

uint64_t check_count(struct check_args *a, const char *key, uint64_t least, uint64_t most)
{
	return whole(a, key, check_number(a, key, (double)least, (double)most));
}

uint64_t check_count_or(struct check_args *a, const char *key, uint64_t least, uint64_t most,
			uint64_t missing)
{
	return whole(a, key, check_number_or(a, key, (double)least, (double)most, (double)missing));
}

size_t check_numbers(struct check_args *a, const char *key, double least, double *out)
{
	const json_t *list = take(a, key);
	const size_t n = json_array_size(list);

	if (!n || n > CHECK_LIST_MAX) {
		complain(a, "%s: expected a list of 1 to %d numbers", key, CHECK_LIST_MAX);
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = in_range(a, json_array_get(list, i), key, least, ns_max);
	return n;
}

size_t check_counts(struct check_args *a, const char *key, double least, double *out)
{
	const size_t n = check_numbers(a, key, least, out);

	for (size_t i = 0; i < n; i++)
		whole(a, key, out[i]);
	return n;
}

const json_t *check_array(struct check_args *a, const char *key)
{
	const json_t *list = take(a, key);
	const size_t n = json_array_size(list);

	if (n && n <= CHECK_LIST_MAX)
		return list;
	complain(a, "%s: expected a list of 1 to %d objects", key, CHECK_LIST_MAX);
	return NULL;
}

int check_word_or_first(struct check_args *a, const char *key, const char *const *words)
{
	const json_t *v = take(a, key);
	const char *text = json_string_value(v);

	if (!v)
		return 0;
	for (int i = 0; words[i]; i++)
		if (text && !strcmp(text, words[i]))
			return i;
	complain(a, "%s: '%.40s' is not known here%s%s", key, text ? text : "(no text)",
		 words[1] ? "" : ": expected ", words[1] ? "" : words[0]);
	return 0;
}

void check_ignore(struct check_args *a, const char *key)
{
	take(a, key);
}

void check_args_end(struct check_args *a)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)a->object, key, value)
	{
		bool is_used = false;
		for (size_t i = 0; i < a->nused; i++)
			is_used |= !strcmp(key, a->used[i]);
		if (!is_used)
			complain(a, "%.60s is not known here", key);
	}
}

/* ---- distributions ---- */

static uint64_t in_256(double ns)
{
	return (uint64_t)(ns * 256 + 0.5);
}

static uint64_t in_micro(double x)
{
	return (uint64_t)(x * 1e6 + 0.5);
}

static int make_parts(struct check_args *a, bool are_means, struct quantile *q, struct arena *arena)
{
	double value[CHECK_LIST_MAX] = {}, prob[CHECK_LIST_MAX] = {};
	uint64_t value_256[CHECK_LIST_MAX], weight[CHECK_LIST_MAX];
	double sum = 0;
	const size_t n = check_numbers(a, are_means ? "means_ns" : "values_ns", 0, value);

	if (check_numbers(a, "probs", 0, prob) != n)
		complain(a, "probs: expected %zu of them", n);
	for (size_t i = 0; i < n; i++) {
		value_256[i] = in_256(value[i]);
		weight[i] = (uint64_t)(prob[i] * 0x1p32 + 0.5);
		sum += prob[i];
	}
	if (sum < 1 - 1e-6 || sum > 1 + 1e-6)
		complain(a, "probs: they sum to %g, not 1", sum);
	if (a->e->code)
		return ERR_UNUSABLE;
	return are_means ? quantile_hyperexponential(q, value_256, weight, n, arena, a->e)
			 : quantile_discrete(q, value_256, weight, n, arena, a->e);
}

enum shape { CONST, EXP, UNIFORM, DISCRETE, ERLANG, HYPEREXP, LOGNORMAL, GAMMA };
static const char *const shapes[] = { "const",    "exp",       "uniform", "discrete", "erlang",
				      "hyperexp", "lognormal", "gamma",   NULL };

static int make_table(struct check_args *a, enum shape shape, const char *mean, struct quantile *q,
		      struct arena *arena)
{
	uint64_t mean_256 = 0;

	if (shape == DISCRETE || shape == HYPEREXP)
		return make_parts(a, shape == HYPEREXP, q, arena);
	if (shape == UNIFORM) {
		const double lo = check_number(a, "lo_ns", 0, ns_max);
		const double hi = check_number(a, "hi_ns", 0, ns_max);
		return quantile_uniform(q, in_256(lo), in_256(hi), arena, a->e);
	}
	mean_256 = in_256(check_number(a, mean, 0, ns_max));
	if (shape == EXP)
		return quantile_exponential(q, mean_256, arena, a->e);
	if (shape == ERLANG)
		return quantile_gamma(q, mean_256, check_count(a, "k", 1, 10000) << 32, arena,
				      a->e);
	const double cv = check_number(a, "cv", 0.01, 5);
	if (shape == LOGNORMAL)
		return quantile_lognormal(q, mean_256, in_micro(cv), arena, a->e);
	return quantile_gamma(q, mean_256, (uint64_t)(0x1p32 / (cv * cv) + 0.5), arena, a->e);
}

struct check_service check_service(struct check_args *a, const char *shape, const char *mean,
				   struct arena *arena)
{
	const enum shape s = (enum shape)check_word_or_first(a, shape, shapes);
	struct check_service service = {};

	if (s == CONST) {
		service.fixed_q16 = (uint64_t)(check_number(a, mean, 0, ns_max) * q16_per_ns + 0.5);
		return service;
	}
	struct quantile *q = arena_alloc(arena, 1, sizeof(*q));
	const int had = a->e->code;
	const int rc = q ? make_table(a, s, mean, q, arena)
			 : err_set(a->e, ERR_NOMEM, "out of memory for a distribution");
	if (!had && rc && a->e->code == ERR_USAGE) {
		a->e->code = ERR_UNUSABLE;
		err_prefix(a->e, "%s: %s", a->where, shape);
	}
	service.table = rc ? NULL : q;
	return service;
}

struct check_service check_gap(struct check_args *a, double per_s, bool is_const,
			       struct arena *arena)
{
	struct check_service gap = {};
	const double ns = 1e9 / per_s;

	if (is_const) {
		gap.fixed_q16 = (uint64_t)(ns * q16_per_ns + 0.5);
		return gap;
	}
	struct quantile *q = arena_alloc(arena, 1, sizeof(*q));
	const int had = a->e->code;
	if (!q || quantile_exponential(q, in_256(ns), arena, a->e))
		a->e->code = had ? had : q ? ERR_UNUSABLE : ERR_NOMEM;
	else
		gap.table = q;
	return gap;
}
