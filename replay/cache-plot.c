// SPDX-License-Identifier: MIT
/* The plots of `pugmark cache`: scripts reports/queries/cache-curve.gp and cache-policies.gp. */
#include "replay/cache-report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { POINTS_MAX = 1000 }; /* of a curve; a picture has fewer columns */

static void put_percent(FILE *out, uint64_t part, uint64_t whole)
{
	const uint64_t ppm = quantity_ratio_ppm(part, whole);
	fprintf(out, " %" PRIu64 ".%04" PRIu64, ppm / 10000, ppm % 10000);
}

/* A column title: what would split it or end the data becomes '_'. */
static void put_name(FILE *out, const char *name)
{
	putc(' ', out);
	for (const unsigned char *c = (const unsigned char *)name; *c; c++)
		putc(*c > ' ' && *c < 0x7f && !strchr("\"'$#", *c) ? *c : '_', out);
}

/* Beside its curve, points of LRU would say the same again. */
static bool is_drawn(const struct cache_answer *a, size_t policy)
{
	return !a->curve || strcmp(a->policies[policy]->name, "lru") != 0;
}

static size_t count_drawn(const struct cache_answer *a)
{
	size_t n = 0;
	for (size_t p = 0; a->jobs && p < a->npolicies; p++)
		n += is_drawn(a, p);
	return n;
}

static void put_policies(FILE *out, const struct cache_answer *a)
{
	fputs("pages", out);
	for (size_t p = 0; p < a->npolicies; p++)
		if (is_drawn(a, p))
			put_name(out, a->policies[p]->name);
	for (size_t s = 0; s < a->nsizes; s++) {
		fprintf(out, "\n%" PRIu64, a->sizes[s].pages);
		for (size_t p = 0; p < a->npolicies; p++)
			if (is_drawn(a, p))
				put_percent(out, cache_misses(a, p, s), a->requests);
	}
	putc('\n', out);
}

static void put_curve(FILE *out, const struct curve *c)
{
	const uint64_t every = c->n / POINTS_MAX + 1;
	for (uint64_t i = 0; i < c->n; i += every) {
		fprintf(out, "%" PRIu64, i * c->step_pages);
		put_percent(out, c->misses[i], c->requests);
		putc('\n', out);
	}
	fprintf(out, "%" PRIu64, (c->n - 1) * c->step_pages);
	put_percent(out, c->misses[c->n - 1], c->requests);
	putc('\n', out);
}

const char *cache_plot_script(bool has_curve)
{
	return has_curve ? "cache-curve" : "cache-policies";
}

int cache_plot(struct plot *p, const struct cache_answer *a, struct err *e)
{
	const size_t series = count_drawn(a);
	char text[32];
	snprintf(text, sizeof(text), "%zu", series);
	plot_set(p, "title", trace_path(a->trace));
	plot_set(p, "series", text);
	if (a->curve) {
		put_curve(plot_data(p, "data"), a->curve);
		plot_data_end(p);
	}
	if (series) {
		put_policies(plot_data(p, a->curve ? "points" : "data"), a);
		plot_data_end(p);
	}
	return plot_end(p, e);
}
