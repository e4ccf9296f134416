// SPDX-License-Identifier: MIT
/*
 * pugmark export --pseudonymise: a trace for a stranger, and in plain words what
 * it still tells and which answers it still gives.
 */
#include "collect/export.h"

#include "base/quantity.h"
#include "collect/pseudonym.h"

#include <string.h>

enum { HUGE_PAGE_SHIFT = 9 };

struct model {
	const char *name, *why;
	bool is_identical; /* always, or .. */
	bool is_with_2mib; /* .. when grains are 2 MiB or more */
};

/* What t/pseudonym.t compares on the samples, or shows to differ. */
static const struct model models[] = {
	{ .name = "cache",
	  .why = "misses of all policies, and --curve: pages are only compared",
	  .is_identical = true },
	{ .name = "age",
	  .why = "refaults, reclaimable pages: ages are times between uses of one page",
	  .is_identical = true },
	{ .name = "pin",
	  .why = "IOPF, CPU faults, pins of all policies and reclaims with 4 KiB backing",
	  .is_identical = true },
	{ .name = "pin memory.huge",
	  .why = "2 MiB pages: only where grains of 2 MiB or more stay together",
	  .is_with_2mib = true },
	{ .name = "pin bitmap_bytes", .why = "follows the span of page numbers, another one now" },
	{ .name = "policy region", .why = "neighbours beyond a grain are others: on other traces" },
	{ .name = "sampled traces", .why = "intervals: groups of pages are made by number" },
	{ .name = "io rows", .why = "counts of requests: one across the end of a grain is two" },
	{ .name = "cpu rows of hosts",
	  .why = "hva, hpa: memslots, which join them with guest pages, are left out" },
	{ .name = "dma rows", .why = "likewise counts of mappings (age: dma_rows, accesses)" },
	{ .name = "backtest", .why = "pages were written in address order: not in this one" },
	{ .name = "walk", .why = "upper levels of page tables follow addresses" },
	{ .name = "fault ip", .why = "where in a program: left out" },
};

static const struct report_column columns[] = {
	{ "model", NULL, REPORT_TEXT, 0 },
	{ "identical", NULL, REPORT_BOOL, 0 },
	{ "why", NULL, REPORT_TEXT, 0 },
};

static const struct report_column risk_columns[] = { { "risk", NULL, REPORT_TEXT, 0 } };
static const char *const risks[] = {
	"Times are as they were: who has a log of the same events finds them again.",
	"So do sizes, directions, devices' classes and numbers of queues.",
	"How often each page is used is as it was: the most used ones (rings, queues) stand out.",
	"Neighbours within a grain are still neighbours, and a page's place in its grain is kept.",
	"Which power of two a page lies below is kept above 4 GiB: so is about how much memory.",
	"Sources say what they see, at what share and how often: which collector it was is told.",
	"Who has the key, or may ask its holder for traces made at will, can name every page.",
};

enum { NRISKS = sizeof(risks) / sizeof(*risks) };

static bool is_identical(const struct model *m, unsigned grain_shift)
{
	return m->is_identical || (m->is_with_2mib && grain_shift >= HUGE_PAGE_SHIFT);
}

static void tell_counts(struct report *r, const struct pseudonym_counts *n)
{
	report_member_u64(r, "source_rows", n->rows_in);
	report_member_u64(r, "written_rows", n->rows_out);
	report_member_u64(r, "requests_cut", n->io_cut);
	report_member_u64(r, "texts_left_out", n->dropped_texts);
	report_member_u64(r, "chunks_damaged", n->damaged);
	report_member_u64(r, "memslots_left_out", n->has_memslots);
	if (n->has_memslots)
		report_text(r,
			    "Left out: memslots; cpu rows of host addresses find no guest page.");
	if (n->has_distributions)
		report_text(r,
			    "Left out: distributions that the recording told instead of events.");
	if (n->is_sampled)
		report_text(
			r, "The source kept a share of all pages by a hash of their real numbers.");
}

void export_tell_pseudonyms(struct report *r, const char *out, unsigned grain_shift,
			    const struct pseudonym_counts *n, bool is_json)
{
	report_text(
		r,
		"%s: %s rows from %s, in grains of %llu KiB. Harder to trace back, not anonymous:",
		out, quantity_count(n->rows_out).s, quantity_count(n->rows_in).s,
		4ULL << grain_shift);
	for (size_t i = 0; i < NRISKS; i++)
		report_text(r, "- %s", risks[i]);
	tell_counts(r, n);
	if (is_json)
		report_table(r, "risks", NULL, risk_columns, 1);
	for (size_t i = 0; i < NRISKS && is_json; i++)
		report_row(r, (struct report_value[]){ REPORT_S(risks[i]) });
	report_table(r, "rows", "The same answers afterwards", columns,
		     sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; i < sizeof(models) / sizeof(*models); i++)
		report_row(r,
			   (struct report_value[]){ REPORT_S(models[i].name),
						    REPORT_B(is_identical(&models[i], grain_shift)),
						    REPORT_S(models[i].why) });
}
