// SPDX-License-Identifier: MIT
/* What `pugmark cache` found out, and the screens that show it. Private to the command. */
#ifndef PUGMARK_REPLAY_CACHE_REPORT_H
#define PUGMARK_REPLAY_CACHE_REPORT_H

#include "base/quantity.h"
#include "replay/cachesim.h"
#include "replay/curve.h"
#include "reports/plot.h"
#include "reports/report.h"
#include "store/results.h"
#include "store/trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct param_set;

struct cache_size {
	const char *text; /* as asked for: "10%", "64K" */
	struct quantity asked;
	uint64_t pages; /* once the unique pages are known */
};

struct cache_answer {
	const struct trace *trace;
	const struct trace_stream_info *stream;
	uint64_t requests, unique_pages, lost_events, seed;
	uint64_t sample_pages; /* of the curve; 0: exact */

	const struct policy *const *policies;
	const char *const *policy_names; /* as asked for: a name or a file */
	const struct param_set *params;  /* of the policies */
	size_t npolicies;
	const struct cache_size *sizes;
	size_t nsizes;
	bool has_own_sizes;              /* asked for, not our choice */
	const struct cachesim_job *jobs; /* by policy, then size; NULL: none were run */
	const struct curve *curve;       /* NULL: not asked for */
};

static inline uint64_t cache_misses(const struct cache_answer *a, size_t policy, size_t size)
{
	return a->jobs[policy * a->nsizes + size].misses;
}

/* A share of the unique pages rounded down, or a number; at least one page. */
uint64_t cache_size_pages(struct quantity asked, uint64_t unique_pages);

/* Everything between report_begin and report_end. */
void cache_report(struct report *r, const struct cache_answer *a, bool is_json, bool is_verbose);

/* The script for plot_begin; cache_plot fills the plot and ends it, also on failure. */
const char *cache_plot_script(bool has_curve);
int cache_plot(struct plot *p, const struct cache_answer *a, struct err *e);

/* Adds a run to a results file. */
int cache_store(const char *path, const struct results_run *run, const struct cache_answer *a,
		struct err *e);

#endif
