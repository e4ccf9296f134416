// SPDX-License-Identifier: MIT
/* What `pugmark age` found out, and the screens that show it. Private to the command. */
#ifndef PUGMARK_REPLAY_AGE_REPORT_H
#define PUGMARK_REPLAY_AGE_REPORT_H

#include "replay/age.h"
#include "reports/plot.h"
#include "reports/report.h"
#include "store/results.h"
#include "store/trace-meta.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The trace under one access model; results as age_finish gives them, the total last. */
struct age_run {
	struct access_info info;
	struct age_result *results;
	size_t n;
};

struct param_set;

struct age_answer {
	const struct trace *trace;
	const struct trace_device_info *devices;
	unsigned ndevices;
	const char *vm_name;   /* NULL: not known */
	uint64_t memory_pages; /* of the VM; 0: not known */
	uint64_t length_ns, lost_events;
	bool is_lost_least;   /* there are losses of unknown size too */
	const uint64_t *taus; /* of all runs, ascending */
	const bool *is_asked; /* by tau: in rows; the others are for the plot */
	unsigned ntaus;
	unsigned verdict;           /* the tau that the verdict speaks of */
	const struct age_run *runs; /* the model asked for first */
	unsigned nruns;
	bool is_cpu_left_out;           /* cpu rows exist, but cannot be used */
	bool is_cpu_unwanted;           /* --no-cpu */
	const struct param_set *params; /* [access] */
};

/* Figures of one result at one tau, scaled to the whole where pages were sampled. */
struct age_figures {
	uint64_t refaults, first_late;
	/* time in which a refault could be seen: the length less tau; 0: rates are not known */
	uint64_t exposure_ns;
	uint64_t per_day, per_day_low, per_day_high;
	uint64_t pages, cold_pages, active_pages; /* cold + active = pages; means over time */
	uint64_t never_pages;                     /* of the VM, never touched; total only */
	uint64_t reclaimable_pages;
};

struct age_figures age_figures(const struct age_answer *a, const struct age_run *run,
			       const struct age_result *r, unsigned tau);

/* The CPU's own result of a run, or NULL. */
const struct age_result *age_of_cpu(const struct age_run *run);

/* "0000:3b:00.0", "total", "unknown" or a number. */
struct age_name {
	char s[104];
};
struct age_name age_device_name(const struct age_answer *a, unsigned dev);

/* Everything between report_begin and report_end. */
void age_report(struct report *r, const struct age_answer *a, bool is_json, bool is_verbose);

/* Fills the plot of script "age" and ends it, also on failure. */
int age_plot(struct plot *p, const struct age_answer *a, struct err *e);

/* Adds a run to a results file: all runs and devices, with tau as the bucket. */
int age_store(const char *path, const struct results_run *run, const struct age_answer *a,
	      struct err *e);

#endif
