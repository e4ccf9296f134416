// SPDX-License-Identifier: MIT
/* What `pugmark pin` found out, and the screens that show it. Private to the command. */
#ifndef PUGMARK_REPLAY_PIN_REPORT_H
#define PUGMARK_REPLAY_PIN_REPORT_H

#include "replay/pin-goal.h"
#include "replay/pin-trace.h"
#include "replay/pin.h"
#include "reports/plot.h"
#include "reports/report.h"
#include "store/results.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct param_set;
struct pin_inputs;
struct pin_story;

/*
 * Jobs of all seeds, and in each: by companion, overcommit, policy, budget
 * (ascending), as struct pin_series walks them.
 */
struct pin_answer {
	const struct trace *trace;
	const struct pin_facts *facts;
	const struct pin_devices *devices;
	struct pin_job *jobs;
	size_t njobs; /* of one seed */
	const uint64_t *seeds;
	size_t nseeds;
	const struct pin_goal *goal;
	bool has_own_goal;
	uint64_t lost_events;
	bool has_unknown_loss;
	const char *memory_from;        /* how the size of the VM is known, for people */
	bool is_memory_known;           /* told by somebody, not the pages that the trace touches */
	bool is_timed;                  /* faults take time: CPU stalls were measured */
	const struct param_set *params; /* the design */
	const char *canonical;          /* of it: param_canonical */
	const char *limit_schedule;     /* or NULL */
	const char *reclaim;
	const struct block_config *block;
	const struct iopf_config *iopf;
	unsigned nparams, nguesses;
	const struct pin_inputs *inputs; /* replay/pin-decide.h */
	const struct pin_story *story;   /* replay/pin-explain.h; NULL: nobody asked */
};

/* Jobs of one seed that differ in their budget only. */
struct pin_series {
	const struct pin_job *jobs;
	size_t first, n; /* in answer.jobs */
};

/* The series that begins at job `first` of the first seed. */
struct pin_series pin_series_at(const struct pin_answer *a, size_t first);

/* Whether a job meets the goal under all seeds; otherwise *why_out: the first condition broken. */
bool pin_passes(const struct pin_answer *a, size_t job, int *why_out);

/* What is said about one companion and overcommit. */
struct pin_verdict {
	enum pin_companion companion;
	uint64_t overcommit_ppm;
	bool is_yes, is_non_monotone;
	size_t job; /* the answer, or without one the job that comes closest */
	int why;    /* condition that breaks it, or that the next smaller budget breaks; -1 */
};

enum { PIN_VERDICTS_MAX = 256 };

/* In the order of the jobs; the number of them. */
size_t pin_judge(const struct pin_answer *a, struct pin_verdict *out);

/* Trace before background before the scenarios: the one that decides the exit status. */
enum pin_companion pin_main_companion(const struct pin_answer *a);

uint64_t pin_exposure_ns(const struct pin_answer *a);

/* Parts of the report: who and what was replayed; a row for each configuration and class. */
void pin_show_subject(struct report *r, const struct pin_answer *a);
void pin_show_sources(struct report *r, const struct pin_answer *a); /* JSON */
void pin_show_rows(struct report *r, const struct pin_answer *a);

/* The verdict that the answer rests on: the main companion's largest overcommit with a yes. */
const struct pin_verdict *pin_decisive(const struct pin_answer *a, const struct pin_verdict *v,
				       size_t n);

/* Everything between report_begin and report_end; is_yes_out: what the answer is. ERR_NOMEM. */
int pin_report(struct report *r, const struct pin_answer *a, bool is_json, bool is_verbose,
	       bool *is_yes_out, struct err *e);

/*
 * Fill the plots of the scripts "pin", "pin-timeline" and "pin-footprint" and end
 * them, also on failure. The latter two are of the answer's story.
 */
int pin_plot(struct plot *p, const struct pin_answer *a, struct err *e);
int pin_plot_timeline(struct plot *p, const struct pin_answer *a, struct err *e);
int pin_plot_footprint(struct plot *p, const struct pin_answer *a, struct err *e);

/* Adds a run to a results file. */
int pin_store(const char *path, const struct results_run *run, const struct pin_answer *a,
	      struct err *e);

#endif
