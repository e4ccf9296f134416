// SPDX-License-Identifier: MIT
/* What `pugmark walk` puts into a results file: a run for each design, its numbers. */
#include "replay/walk-report.h"

#include "base/cleanup.h"
#include "reports/said.h"

#include <stdio.h>
#include <string.h>

static int put_numbers(struct results *r, const char *config, const struct walk_row *row,
		       struct err *e)
{
	const struct walk_counts *c = &row->counts;
	const struct walk_cycles *y = &row->cycles;
	const struct {
		const char *name;
		uint64_t value;
	} metrics[] = {
		{ "accesses", c->accesses },
		{ "l1_miss", c->l1_miss },
		{ "stlb_miss", c->stlb_miss },
		{ "guest_refs", c->guest_refs },
		{ "host_refs", c->host_refs },
		{ "host_refs_for_tables", c->host_refs_for_tables },
		{ "host_refs_for_data", c->host_refs_for_data },
		{ "total_refs", c->total_refs },
		{ "ntlb_lookup", c->ntlb_lookup },
		{ "ntlb_hit", c->ntlb_hit },
		{ "data_pages", c->data_pages },
		{ "table_pages", c->table_pages },
		{ "updates", c->updates },
		{ "exits", c->exits },
		{ "tag_lookups", c->tag_lookups },
		{ "tag_misses", c->tag_misses },
		{ "walk_cycles", y->walk },
		{ "translation_cycles", y->translation },
		{ "exit_cycles", y->exits },
		{ "total_cycles", y->total },
	};
	int rc = 0;
	for (size_t i = 0; i < sizeof(metrics) / sizeof(*metrics) && !rc; i++)
		rc = results_put(r, config, metrics[i].name, 0, (int64_t)metrics[i].value, e);
	/* walks by the references they took: the curve of a figure */
	for (unsigned i = 0; i <= WALK_REFS_MAX && !rc; i++)
		if (c->walk_refs_hist[i])
			rc = results_put(r, config, "walks_by_refs", i,
					 (int64_t)c->walk_refs_hist[i], e);
	return rc;
}

static int put_row(struct results *r, const struct results_run *run, const struct walk_answer *a,
		   size_t i, struct err *e)
{
	const struct walk_row *row = &a->rows[i];
	_free_ char *canonical = NULL, *config = NULL;
	int rc = said_begin_design(r, run, &row->design->set, &canonical, e);
	if (!rc && !i) {
		struct report *said = said_begin(r);
		if (!said)
			return err_set(e, ERR_NOMEM, "no memory for the results");
		walk_report(said, a, false, false);
		report_end(said);
	}
	if (rc)
		return rc;
	if (asprintf(&config, "%sstream=%u\ndesign=%s\nmode=%s\n", canonical, a->stream->id,
		     row->design->name, walk_mode_names[row->design->config.mode]) < 0) {
		config = NULL;
		return err_set(e, ERR_NOMEM, "no memory for a configuration");
	}
	return put_numbers(r, config, row, e);
}

int walk_store(const char *path, const struct results_run *run, const struct walk_answer *a,
	       struct err *e)
{
	struct results *r;
	int rc = results_open(path, &r, e);
	for (size_t i = 0; i < a->nrows && !rc; i++) {
		rc = put_row(r, run, a, i, e);
		if (rc)
			results_abort(r);
	}
	return rc ? rc : results_close(r, e);
}
