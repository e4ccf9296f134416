// SPDX-License-Identifier: MIT
/* A choice along an order is the number of steps that were given up. */
#include "replay/pool-search.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

struct search {
	const struct pool_search *s;
	struct pool_found *out;
	unsigned *order; /* VM whose next step is given up */
	size_t nsteps;
	unsigned *choices; /* of a batch */
	int *wrong;
};

static uint64_t bytes_of(const struct pool_search *s, const unsigned *levels)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < s->nvms; i++)
		sum += s->bytes[i * s->nlevels + levels[i]];
	return sum;
}

/* Tries the n choices that are in place; holds by choice. */
static int try(struct search *x, size_t n, bool *holds, struct err *e)
{
	const size_t nvms = x->s->nvms;
	const int rc = x->s->try(x->s->ctx, x->choices, n, x->wrong, e);
	x->out->tries += (unsigned)n;
	for (size_t c = 0; c < n && !rc; c++) {
		holds[c] = true;
		for (size_t i = 0; i < nvms; i++)
			holds[c] &= x->wrong[c * nvms + i] == POOL_WELL;
	}
	return rc;
}

static bool may_try(struct search *x, size_t n)
{
	if (x->out->tries + n <= x->s->tries_max)
		return true;
	x->out->is_cut = true;
	return false;
}

/* ---- orders ---- */

/* Load a byte of going down from one level to another, as a fraction. */
struct relief {
	uint64_t load, bytes;
};

static struct relief relief(const struct pool_search *s, size_t vm, unsigned from, unsigned to)
{
	const uint64_t *load = &s->load[vm * s->nlevels], *bytes = &s->bytes[vm * s->nlevels];
	return (struct relief){
		.load = load[from] > load[to] ? load[from] - load[to] : 0,
		.bytes = bytes[from] > bytes[to] ? bytes[from] - bytes[to] : 0,
	};
}

/* What costs no byte is given up first. */
static bool is_better(struct relief a, struct relief b)
{
	const unsigned __int128 x = (unsigned __int128)a.load * b.bytes,
				y = (unsigned __int128)b.load * a.bytes;
	return x != y ? x > y : a.bytes < b.bytes;
}

/* The VM and level to go down to that relieve most; false: all are at 0. */
static bool next_fall(const struct pool_search *s, const unsigned *levels, const int *hurt,
		      size_t *vm_out, unsigned *to_out)
{
	struct relief best = {};
	bool has = false, is_hurt = false;
	for (size_t i = 0; i < s->nvms; i++)
		for (unsigned to = 0; to < levels[i]; to++) {
			const struct relief r = relief(s, i, levels[i], to);
			const bool is_own = hurt && hurt[i] != POOL_WELL;
			if (has && is_own == is_hurt ? !is_better(r, best) : has && is_hurt)
				continue;
			best = r;
			has = true;
			is_hurt = is_own;
			*vm_out = i;
			*to_out = to;
		}
	return has;
}

/* hurt NULL: nobody comes first. */
static void make_order(struct search *x, const int *hurt)
{
	unsigned levels[POOL_VMS_MAX], to;
	size_t vm;
	memcpy(levels, x->s->top, x->s->nvms * sizeof(*levels));
	for (x->nsteps = 0; next_fall(x->s, levels, hurt, &vm, &to);)
		for (; levels[vm] > to; levels[vm]--)
			x->order[x->nsteps++] = (unsigned)vm;
}

static void put_choice(struct search *x, size_t at, size_t given_up)
{
	unsigned *levels = &x->choices[at * x->s->nvms];
	memcpy(levels, x->s->top, x->s->nvms * sizeof(*levels));
	for (size_t i = 0; i < given_up; i++)
		levels[x->order[i]]--;
}

/* The fewest steps to give up: fails holds not, all hold. */
static int bisect(struct search *x, size_t *steps_out, struct err *e)
{
	size_t fails = 0, holds = x->nsteps;
	bool held[POOL_BATCH_MAX];
	while (holds - fails > 1) {
		const size_t room = holds - fails - 1;
		const size_t n = room < x->s->batch ? room : x->s->batch;
		size_t at[POOL_BATCH_MAX];
		if (!may_try(x, n))
			break;
		for (size_t k = 0; k < n; k++) {
			at[k] = fails + (holds - fails) * (k + 1) / (n + 1);
			put_choice(x, k, at[k]);
		}
		const int rc = try(x, n, held, e);
		if (rc)
			return rc;
		/* from the end that holds down to the first that fails */
		size_t k = n;
		while (k && held[k - 1])
			holds = at[--k];
		for (size_t i = 0; k && i + 1 < k; i++)
			x->out->is_non_monotone |= held[i];
		fails = k ? at[k - 1] : fails;
	}
	*steps_out = holds;
	return 0;
}

/* ---- raising single VMs ---- */

struct raise {
	bool is_stuck[POOL_VMS_MAX];
};

/* VMs that may go up, those that give most first; at most a batch. */
static size_t pick_raises(const struct search *x, const struct raise *r, size_t *vms)
{
	const struct pool_search *s = x->s;
	const unsigned *levels = x->out->levels;
	uint64_t gains[POOL_BATCH_MAX];
	size_t n = 0;
	for (size_t i = 0; i < s->nvms; i++) {
		if (r->is_stuck[i] || levels[i] >= s->top[i])
			continue;
		const uint64_t gain = relief(s, i, levels[i] + 1, levels[i]).bytes;
		size_t at = n < s->batch ? n++ : s->batch;
		for (; at && gains[at - 1] < gain; at--)
			if (at < s->batch) {
				gains[at] = gains[at - 1];
				vms[at] = vms[at - 1];
			}
		if (at < s->batch) {
			gains[at] = gain;
			vms[at] = i;
		}
	}
	return n;
}

static void note_blocked(struct search *x, struct raise *r, size_t vm, const int *wrong)
{
	r->is_stuck[vm] = true;
	for (size_t i = 0; i < x->s->nvms; i++)
		if (wrong[i] != POOL_WELL) {
			x->out->blocked_by[vm] = (unsigned)i;
			x->out->blocked_why[vm] = wrong[i];
			return;
		}
}

static int raise_all(struct search *x, struct err *e)
{
	const size_t nvms = x->s->nvms;
	struct raise r = {};
	size_t vms[POOL_BATCH_MAX] = {}, n;
	bool held[POOL_BATCH_MAX];
	while ((n = pick_raises(x, &r, vms)) && may_try(x, n)) {
		for (size_t k = 0; k < n; k++) {
			unsigned *levels = &x->choices[k * nvms];
			memcpy(levels, x->out->levels, nvms * sizeof(*levels));
			levels[vms[k]]++;
		}
		const int rc = try(x, n, held, e);
		if (rc)
			return rc;
		size_t best = n;
		for (size_t k = 0; k < n; k++) {
			if (!held[k])
				note_blocked(x, &r, vms[k], &x->wrong[k * nvms]);
			else if (best == n)
				best = k;
		}
		if (best < n)
			x->out->levels[vms[best]]++;
	}
	return 0;
}

/* ---- all ---- */

static int follow(struct search *x, const int *hurt, bool is_first, struct err *e)
{
	size_t given_up;
	make_order(x, hurt);
	const int rc = bisect(x, &given_up, e);
	if (rc)
		return rc;
	put_choice(x, 0, given_up);
	if (is_first || bytes_of(x->s, x->choices) > bytes_of(x->s, x->out->levels))
		memcpy(x->out->levels, x->choices, x->s->nvms * sizeof(*x->choices));
	return 0;
}

/* All at their highest, else nothing taken at all; nothing to look for between is an answer. */
static int try_ends(struct search *x, bool *is_found, struct err *e)
{
	struct pool_found *out = x->out;
	bool holds;
	put_choice(x, 0, 0);
	memcpy(out->levels, x->choices, x->s->nvms * sizeof(*x->choices));
	int rc = try(x, 1, &holds, e);
	memcpy(out->wrong_at_top, x->wrong, x->s->nvms * sizeof(*x->wrong));
	out->holds = holds;
	*is_found = rc || holds || !x->nsteps;
	if (*is_found)
		return rc;
	put_choice(x, 0, x->nsteps);
	memcpy(out->levels, x->choices, x->s->nvms * sizeof(*x->choices));
	rc = try(x, 1, &holds, e);
	out->holds = holds;
	*is_found = rc || !holds;
	return rc;
}

static bool is_any_hurt(const int *hurt, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (hurt[i] != POOL_WELL)
			return true;
	return false;
}

int pool_search_run(const struct pool_search *s, struct pool_found *out, struct err *e)
{
	_free_ unsigned *order = calloc(s->nvms * s->nlevels, sizeof(*order));
	_free_ unsigned *choices = calloc(s->nvms * POOL_BATCH_MAX, sizeof(*choices));
	_free_ int *wrong = calloc(s->nvms * POOL_BATCH_MAX, sizeof(*wrong));
	struct search x = {
		.s = s, .out = out, .order = order, .choices = choices, .wrong = wrong
	};
	bool is_found;
	*out = (struct pool_found){};
	for (size_t i = 0; i < POOL_VMS_MAX; i++)
		out->blocked_why[i] = out->wrong_at_top[i] = POOL_WELL;
	if (!order || !choices || !wrong)
		return err_set(e, ERR_NOMEM, "no memory to search among %zu VMs", s->nvms);
	make_order(&x, NULL);
	int rc = try_ends(&x, &is_found, e);
	if (rc || is_found)
		return rc;
	rc = follow(&x, NULL, true, e);
	if (!rc && is_any_hurt(out->wrong_at_top, s->nvms))
		rc = follow(&x, out->wrong_at_top, false, e);
	return rc ? rc : raise_all(&x, e);
}
