// SPDX-License-Identifier: MIT
/* What `pugmark numa replay` puts into a results file: a run for each design, its counts. */
#include "replay/numa-answer.h"

#include "base/cleanup.h"
#include "reports/said.h"

#include <stdio.h>
#include <string.h>

static int put_result(struct results *r, const char *config, const struct numa_result *x,
		      struct err *e)
{
	const struct {
		const char *name;
		uint64_t value;
		bool is_known;
	} metrics[] = {
		{ "rows", x->counts.rows, true },
		{ "walks", x->counts.walks, true },
		{ "walk_cycles", x->cycles[NUMA_TABLES], true },
		{ "gpt_cycles", x->cycles[NUMA_GPT], true },
		{ "ept_cycles", x->cycles[NUMA_EPT], true },
		{ "native_cycles", x->native_cycles, true },
		{ "local_cycles", x->local_cycles, true },
		{ "work_cycles", x->work_cycles, x->run_cycles },
		{ "run_cycles", x->run_cycles, x->run_cycles },
		{ "local_run_cycles", x->local_run_cycles, x->run_cycles },
		{ "map_updates", x->updates.map, true },
		{ "unmap_updates", x->updates.unmap, true },
		{ "protect_updates", x->updates.protect, true },
		{ "update_cycles", x->update_cycles, true },
		{ "tables", x->tables[NUMA_GPT] + x->tables[NUMA_EPT], true },
		{ "memory_bytes", x->memory_bytes, true },
		{ "is_bandwidth_bound", x->is_bandwidth_bound, true },
	};
	int rc = 0;
	for (size_t i = 0; i < sizeof(metrics) / sizeof(*metrics) && !rc; i++)
		if (metrics[i].is_known)
			rc = results_put(r, config, metrics[i].name, 0, (int64_t)metrics[i].value,
					 e);
	return rc;
}

/* Throughput over that before the move, by sample. */
static int put_timeline(struct results *r, const char *canonical, const struct numa_answer *a,
			const struct numa_timeline *line, struct err *e)
{
	const struct numa_move_config *m = a->move;
	_free_ char *config = NULL;
	int rc = 0;
	if (asprintf(&config,
		     "%sdesign=%s\ntimeline=%s\nmove_start=%llu\nmove_pace=%llu\n"
		     "move_data_exposed_ppm=%llu\n",
		     canonical, a->moved->design->name, line->name, (unsigned long long)m->start,
		     (unsigned long long)m->pace, (unsigned long long)m->data_exposed_ppm) < 0) {
		config = NULL;
		return err_set(e, ERR_NOMEM, "no memory for a configuration");
	}
	for (uint64_t k = 0; k < m->samples && !rc; k++)
		rc = results_put(r, config, "throughput_ppm", (int64_t)k,
				 (int64_t)line->samples[k].throughput_ppm, e);
	return rc;
}

static int put_design(struct results *r, const struct results_run *run, const struct numa_answer *a,
		      size_t i, struct err *e)
{
	const struct numa_result *x = &a->results[i];
	_free_ char *canonical = NULL, *config = NULL;
	int rc = said_begin_design(r, run, &x->design->set, &canonical, e);
	if (!rc && !i) {
		struct report *said = said_begin(r);
		if (!said)
			return err_set(e, ERR_NOMEM, "no memory for the results");
		numa_report(said, a, false);
		report_end(said);
	}
	if (rc)
		return rc;
	if (asprintf(&config, "%sdesign=%s\nwarm_rows=%llu\nnative_walk_ppm=%llu\n", canonical,
		     x->design->name, (unsigned long long)a->warm_rows,
		     (unsigned long long)a->known.native_walk_ppm) < 0) {
		config = NULL;
		return err_set(e, ERR_NOMEM, "no memory for a configuration");
	}
	rc = put_result(r, config, x, e);
	for (size_t k = 0; x == a->moved && k < a->ntimelines && !rc; k++)
		rc = put_timeline(r, canonical, a, &a->timelines[k], e);
	return rc;
}

int numa_store(const char *path, const struct results_run *run, const struct numa_answer *a,
	       struct err *e)
{
	struct results *r;
	int rc = results_open(path, &r, e);
	for (size_t i = 0; i < a->nresults && !rc; i++) {
		rc = put_design(r, run, a, i, e);
		if (rc)
			results_abort(r);
	}
	return rc ? rc : results_close(r, e);
}
