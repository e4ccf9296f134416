// SPDX-License-Identifier: MIT
/*
 * Screens of `pugmark cache`. For people: the verdict, one table of miss ratios,
 * the next step. For programs: flat rows of counts, every size where the curve
 * steps.
 */
#include "replay/cache-report.h"

#include <stdio.h>
#include <string.h>

enum { WIDE_MAX = 8, POLICIES_SHOWN_MAX = 64 };

uint64_t cache_size_pages(struct quantity asked, uint64_t unique_pages)
{
	uint64_t pages = asked.value;
	if (asked.is_ppm) {
		const unsigned __int128 wide = (unsigned __int128)unique_pages * asked.value;
		const unsigned __int128 share = wide / PPM_PER_ONE;
		pages = share > UINT64_MAX ? UINT64_MAX : (uint64_t)share;
	}
	return pages ? pages : 1;
}

static uint64_t ratio(const struct cache_answer *a, uint64_t misses)
{
	return quantity_ratio_ppm(misses, a->requests);
}

/* "10% = 26,921 pages", or the pages alone */
static void size_text(const struct cache_size *s, char *buf, size_t n)
{
	const struct quantity_text pages = quantity_count(s->pages);
	if (s->asked.is_ppm)
		snprintf(buf, n, "%s = %s", s->text, pages.s);
	else
		snprintf(buf, n, "%s", pages.s);
}

static void show_stream(struct report *r, const struct cache_answer *a)
{
	report_text(
		r,
		"%s: %s requests for %s%s pages (%s, %.2f requests a page); %s are first touches.",
		trace_path(a->trace), quantity_count(a->requests).s,
		a->sample_pages && !a->jobs ? "about " : "", quantity_count(a->unique_pages).s,
		a->stream->kind->name, (double)a->requests / (double)a->unique_pages,
		quantity_ppm(ratio(a, a->unique_pages)).s);
}

/* ---- policies ---- */

/* Least misses among policies that do not see the future; -1: there is none. */
static int best_policy(const struct cache_answer *a, size_t size)
{
	int best = -1;
	for (size_t p = 0; p < a->npolicies; p++) {
		if (a->policies[p]->needs_future)
			continue;
		if (best < 0 || cache_misses(a, p, size) < cache_misses(a, (size_t)best, size))
			best = (int)p;
	}
	return best;
}

static size_t count_rivals(const struct cache_answer *a)
{
	size_t n = 0;
	for (size_t p = 0; p < a->npolicies; p++)
		n += !a->policies[p]->needs_future;
	return n;
}

/* Name of the policy with least misses; NULL: they do not differ. There must be one. */
static const char *winner(const struct cache_answer *a, size_t size)
{
	const int best = best_policy(a, size);
	const uint64_t least = cache_misses(a, (size_t)best, size);
	for (size_t p = 0; p < a->npolicies; p++)
		if (!a->policies[p]->needs_future && cache_misses(a, p, size) != least)
			return a->policies[best]->name;
	return NULL;
}

static int find(const struct cache_answer *a, const char *name)
{
	for (size_t p = 0; p < a->npolicies; p++)
		if (!strcmp(a->policies[p]->name, name))
			return (int)p;
	return -1;
}

/* The size the verdict speaks of: 10 %, else the middle one. */
static size_t verdict_size(const struct cache_answer *a)
{
	for (size_t s = 0; s < a->nsizes; s++)
		if (a->sizes[s].asked.is_ppm && a->sizes[s].asked.value == PPM_PER_ONE / 10)
			return s;
	return a->nsizes / 2;
}

static void show_verdict(struct report *r, const struct cache_answer *a)
{
	const size_t size = verdict_size(a);
	const int best = best_policy(a, size), lru = find(a, "lru"), min = find(a, "min");
	char where[80], text[400];
	if (best < 0)
		return;

	const struct quantity_text pages = quantity_count(a->sizes[size].pages);
	if (a->sizes[size].asked.is_ppm)
		snprintf(where, sizeof(where), "%.20s (%s pages)", a->sizes[size].text, pages.s);
	else
		snprintf(where, sizeof(where), "%s pages", pages.s);
	const uint64_t misses = cache_misses(a, (size_t)best, size);
	const bool has_rivals = count_rivals(a) > 1, is_equal = has_rivals && !winner(a, size);
	int n = snprintf(text, sizeof(text), "At %s %s %s %s", where,
			 is_equal ? "all policies" : a->policies[best]->name,
			 is_equal     ? "miss alike:"
			 : has_rivals ? "misses least:"
				      : "misses",
			 quantity_ppm(ratio(a, misses)).s);
	if (lru >= 0 && lru != best && !is_equal)
		n += snprintf(text + n, sizeof(text) - (size_t)n, ", lru %s",
			      quantity_ppm(ratio(a, cache_misses(a, (size_t)lru, size))).s);
	if (min >= 0)
		snprintf(text + n, sizeof(text) - (size_t)n, ", the bound (min) %s",
			 quantity_ppm(ratio(a, cache_misses(a, (size_t)min, size))).s);
	report_text(r, "%s.", text);
}

/* Does the answer depend on the size? */
static void show_ranking(struct report *r, const struct cache_answer *a)
{
	char text[400] = "";
	size_t n = 0;
	bool is_stable = true;
	if (count_rivals(a) < 2 || a->nsizes < 2)
		return;
	const char *first = winner(a, 0), *before = NULL;
	for (size_t s = 0; s < a->nsizes && n + 60 < sizeof(text); s++) {
		const char *best = winner(a, s);
		const bool is_same = s && best == before;
		is_stable &= best == first;
		if (!is_same)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s at", s ? "; " : "",
					      best ? best : "all alike");
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s %.20s", is_same ? "," : "",
				      a->sizes[s].text);
		before = best;
	}
	if (is_stable && !first)
		report_text(r, "The policies do not differ at any size tried.");
	else if (is_stable)
		report_text(r, "%s is best at every size tried.", first);
	else
		report_text(r, "Best by size: %s.", text);
}

/* One row a policy, one column a size. */
static void show_wide(struct report *r, const struct cache_answer *a)
{
	struct report_column columns[WIDE_MAX + 1] = { { "policy", NULL, REPORT_TEXT, 0 } };
	char titles[WIDE_MAX][80];
	for (size_t s = 0; s < a->nsizes; s++) {
		size_text(&a->sizes[s], titles[s], sizeof(titles[s]));
		columns[s + 1] = (struct report_column){ titles[s], NULL, REPORT_PPM, 0 };
	}
	report_table(r, "rows", "Misses, by policy and size in pages", columns,
		     (unsigned)a->nsizes + 1);
	for (size_t p = 0; p < a->npolicies; p++) {
		struct report_value v[WIDE_MAX + 1] = { REPORT_S(a->policies[p]->name) };
		for (size_t s = 0; s < a->nsizes; s++)
			v[s + 1] = REPORT_U(ratio(a, cache_misses(a, p, s)));
		report_row(r, v);
	}
}

/* One row a size, one column a policy: for many sizes. */
static void show_long(struct report *r, const struct cache_answer *a)
{
	const size_t n = a->npolicies < POLICIES_SHOWN_MAX ? a->npolicies : POLICIES_SHOWN_MAX;
	struct report_column columns[POLICIES_SHOWN_MAX + 1] = { { "size_pages", "pages",
								   REPORT_U64, 0 } };
	for (size_t p = 0; p < n; p++)
		columns[p + 1] =
			(struct report_column){ a->policies[p]->name, NULL, REPORT_PPM, 0 };
	report_table(r, "rows", "Misses, by size and policy", columns, (unsigned)n + 1);
	for (size_t s = 0; s < a->nsizes; s++) {
		struct report_value v[POLICIES_SHOWN_MAX + 1] = { REPORT_U(a->sizes[s].pages) };
		for (size_t p = 0; p < n; p++)
			v[p + 1] = REPORT_U(ratio(a, cache_misses(a, p, s)));
		report_row(r, v);
	}
}

static const struct report_column flat_columns[] = {
	{ "policy", NULL, REPORT_TEXT, REPORT_EVERYWHERE },
	{ "size_pages", "pages", REPORT_U64, REPORT_EVERYWHERE },
	{ "requests", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "unique_pages", "unique pages", REPORT_U64, REPORT_EVERYWHERE },
	{ "misses", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "miss_ratio", "miss ratio", REPORT_PPM, REPORT_ONLY_TABLE },
};

static void show_flat(struct report *r, const struct cache_answer *a)
{
	report_table(r, "rows", NULL, flat_columns, sizeof(flat_columns) / sizeof(*flat_columns));
	for (size_t p = 0; p < a->npolicies; p++)
		for (size_t s = 0; s < a->nsizes; s++) {
			const uint64_t misses = cache_misses(a, p, s);
			report_row(r, (struct report_value[]){
					      REPORT_S(a->policies[p]->name),
					      REPORT_U(a->sizes[s].pages), REPORT_U(a->requests),
					      REPORT_U(a->unique_pages), REPORT_U(misses),
					      REPORT_U(ratio(a, misses)) });
		}
}

/* ---- the curve ---- */

/* The least size that misses no more than `misses`; 0: none does. */
static uint64_t least_size(const struct curve *c, uint64_t misses)
{
	uint64_t low = 0, high = c->n - 1;
	if (c->misses[high] > misses)
		return 0;
	while (low < high) {
		const uint64_t middle = low + (high - low) / 2;
		if (c->misses[middle] > misses)
			low = middle + 1;
		else
			high = middle;
	}
	return low * c->step_pages;
}

static void show_curve_verdict(struct report *r, const struct cache_answer *a)
{
	const struct curve *c = a->curve;
	const uint64_t least = c->misses[c->n - 1];
	const uint64_t avoidable = c->requests > least ? c->requests - least : 0;
	if (!avoidable) {
		report_text(r, a->sample_pages ? "No page of the sample is asked for twice: a "
						 "larger one may show more."
					       : "No LRU cache helps: no page is asked for twice.");
		return;
	}
	const uint64_t half = least_size(c, c->requests - (avoidable - avoidable / 2));
	const uint64_t most = least_size(c, c->requests - (avoidable - avoidable / 10));
	report_text(
		r,
		"LRU loses half of its avoidable misses at %s pages (%s), nine tenths at %s (%s).",
		quantity_count(half).s, quantity_ppm(quantity_ratio_ppm(half, c->unique_pages)).s,
		quantity_count(most).s, quantity_ppm(quantity_ratio_ppm(most, c->unique_pages)).s);
	if (a->sample_pages)
		report_text(r, "Estimated from a sample of %s pages (seed %llu).",
			    quantity_count(a->sample_pages).s, (unsigned long long)a->seed);
}

static const struct report_column curve_columns[] = {
	{ "size_pages", "pages", REPORT_U64, REPORT_EVERYWHERE },
	{ "share", NULL, REPORT_PPM, REPORT_ONLY_TABLE },
	{ "misses", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "miss_ratio", "miss ratio", REPORT_PPM, REPORT_ONLY_TABLE },
};

static void show_curve_row(struct report *r, const struct curve *c, uint64_t pages)
{
	const uint64_t misses = curve_misses(c, pages);
	report_row(r, (struct report_value[]){ REPORT_U(pages),
					       REPORT_U(quantity_ratio_ppm(pages, c->unique_pages)),
					       REPORT_U(misses),
					       REPORT_U(quantity_ratio_ppm(misses, c->requests)) });
}

static void show_curve_steps(struct report *r, const struct curve *c)
{
	for (uint64_t i = 1; i < c->n; i++)
		if (curve_is_step(c, i))
			show_curve_row(r, c, i * c->step_pages);
}

static void show_curve(struct report *r, const struct cache_answer *a, bool is_json)
{
	static const unsigned permille[] = { 1,   2,   5,   10,  20,  30,  50,  75,  100, 150,
					     200, 250, 300, 400, 500, 600, 700, 800, 900, 1000 };
	report_table(r, a->jobs ? "curve" : "rows", "LRU misses by size", curve_columns,
		     sizeof(curve_columns) / sizeof(*curve_columns));
	if (a->has_own_sizes && !a->jobs) {
		for (size_t s = 0; s < a->nsizes; s++)
			show_curve_row(r, a->curve, a->sizes[s].pages);
	} else if (is_json) {
		show_curve_steps(r, a->curve);
	} else {
		uint64_t before = 0;
		for (size_t i = 0; i < sizeof(permille) / sizeof(*permille); i++) {
			const struct quantity share = { permille[i] * UINT64_C(1000), true };
			const uint64_t pages = cache_size_pages(share, a->curve->unique_pages);
			if (pages != before)
				show_curve_row(r, a->curve, pages);
			before = pages;
		}
	}
}

/* ---- all of it ---- */

static void show_members(struct report *r, const struct cache_answer *a)
{
	report_member_text(r, "stream", a->stream->kind->name);
	report_member_u64(r, "requests", a->requests);
	report_member_u64(r, "unique_pages", a->unique_pages);
	report_member_u64(r, "lost_events", a->lost_events);
	report_member_u64(r, "seed", a->seed);
	if (a->sample_pages)
		report_member_u64(r, "sample_pages", a->sample_pages);
}

void cache_report(struct report *r, const struct cache_answer *a, bool is_json, bool is_verbose)
{
	show_members(r, a);
	if (a->jobs)
		show_verdict(r, a);
	if (a->curve)
		show_curve_verdict(r, a);
	if (a->jobs)
		show_ranking(r, a);
	show_stream(r, a);

	if (a->jobs && (is_json || is_verbose))
		show_flat(r, a);
	else if (a->jobs && a->nsizes <= WIDE_MAX)
		show_wide(r, a);
	else if (a->jobs)
		show_long(r, a);
	if (a->curve)
		show_curve(r, a, is_json);

	if (!a->curve)
		report_text(r, "Next: --curve for every LRU size, --verbose or --json for counts.");
	else if (!a->jobs)
		report_text(r, "Next: --policy lru,s3fifo,min --size N to see what policy adds.");
}
