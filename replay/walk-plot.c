// SPDX-License-Identifier: MIT
/* The plot of `pugmark walk`: script reports/queries/walk.gp, a stacked bar a design. */
#include "replay/walk-report.h"

#include "base/quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Of 1,000 accesses, with three decimals. */
static void put_per_thousand(FILE *out, uint64_t refs, uint64_t accesses)
{
	const uint64_t ppm = quantity_ratio_ppm(refs, accesses);
	fprintf(out, " %" PRIu64 ".%03" PRIu64, ppm / 1000, ppm % 1000);
}

/* A word of the data: what would split it or end the data becomes '_'. */
static void put_name(FILE *out, const char *name)
{
	for (const unsigned char *c = (const unsigned char *)name; *c; c++)
		putc(*c > ' ' && *c < 0x7f && !strchr("\"'$#", *c) ? *c : '_', out);
}

static const uint64_t *refs_of(const struct walk_counts *c, bool is_host)
{
	return is_host ? c->host_refs_level : c->guest_refs_level;
}

/* Whether any design reads tables of the level. */
static bool is_read(const struct walk_answer *a, unsigned level, bool is_host)
{
	bool is_any = false;
	for (size_t i = 0; i < a->nrows; i++)
		is_any |= refs_of(&a->rows[i].counts, is_host)[level] != 0;
	return is_any;
}

/* A series for each side and level that is read, the leaf tables at the bottom: how many. */
static unsigned put_rows(FILE *out, const struct walk_answer *a)
{
	static const char *const sides[] = { "guest", "host" };
	unsigned series = 0;
	fputs("design", out);
	for (unsigned k = 2; k < 2 * PAGETABLE_LEVELS_MAX + 2; k++)
		if (is_read(a, k / 2, k % 2)) {
			fprintf(out, " %s-%u", sides[k % 2], k / 2);
			series++;
		}
	for (size_t i = 0; i < a->nrows; i++) {
		const struct walk_counts *c = &a->rows[i].counts;
		putc('\n', out);
		put_name(out, a->rows[i].design->name);
		for (unsigned k = 2; k < 2 * PAGETABLE_LEVELS_MAX + 2; k++)
			if (is_read(a, k / 2, k % 2))
				put_per_thousand(out, refs_of(c, k % 2)[k / 2], c->accesses);
	}
	putc('\n', out);
	return series;
}

int walk_plot(struct plot *p, const struct walk_answer *a, struct err *e)
{
	char text[16];
	plot_set(p, "title", trace_path(a->trace));
	snprintf(text, sizeof(text), "%u", put_rows(plot_data(p, "data"), a));
	plot_data_end(p);
	plot_set(p, "series", text);
	return plot_end(p, e);
}
