// SPDX-License-Identifier: MIT
/*
 * Figures that the screens of `pugmark pin` derive from counts when they print
 * them: rates with their interval, shares, comparisons with another policy.
 * Nothing of this is stored. Private to the command.
 */
#ifndef PUGMARK_REPLAY_PIN_FIGURES_H
#define PUGMARK_REPLAY_PIN_FIGURES_H

#include "replay/pin-report.h"
#include "reports/report.h"

struct pin_text {
	char s[120];
};

/* Three digits or more: "9,999", "1.49M", "39.7M", "181k" */
struct pin_text pin_compact(uint64_t n);

/* "20 %", "5.25 %" */
struct pin_text pin_percent(uint64_t ppm);

/* Pages as bytes. */
struct pin_text pin_memory(uint64_t pages);

/*
 * IOPFs a day with the 95 % interval of a Poisson mean (wider for a sample: base/cluster.h),
 * "41 [22-88]"; none seen in T: "< 3/T".
 * "-" without exposure.
 */
struct pin_text pin_per_day(const struct pin_result *x, uint64_t exposure_ns);

/* "0.9", "120" */
struct pin_text pin_per_second(uint64_t count, uint64_t exposure_ns);

/* The same figure a day, for what has no Poisson interval (seconds over a rate). */
struct pin_text pin_day(uint64_t count, uint64_t exposure_ns);

/* A metric of a goal, in the unit that its limit has: "24", "3.1 /s", "5 %". */
struct pin_text pin_measured(const struct pin_answer *a, const struct pin_condition *c,
			     const struct pin_result *x);

/* "nic.iopf.max_1s", "<= 10", "<= 5/s" */
struct pin_text pin_condition_name(const struct pin_condition *c);
struct pin_text pin_condition_limit(const struct pin_condition *c);

/* A trace of less than an hour: a figure a day is extrapolated, and says little. */
bool pin_is_short(const struct pin_answer *a);

/* Memory that the host has back at the end: all of the VM that is not in memory. */
uint64_t pin_returned_pages(const struct pin_answer *a, const struct pin_job *j);

/* The job that differs from j in its policy (none: and its budget) only. NULL: it was not run. */
const struct pin_job *pin_job_like(const struct pin_answer *a, const struct pin_job *j,
				   const char *policy);

/* A figure of devices of a class that there is, else nothing. */
struct report_value pin_of_class(const struct pin_answer *a, enum pin_class k, uint64_t v);

/* IOPFs of a class (PIN_CLASSES: all). */
uint64_t pin_iopf_of(const struct pin_job *j, unsigned device_class);

/*
 * Two populations, never mixed: "-93 %" is the change against no pinning at all,
 * "6.28x" how many times more faults lru has with the same budget. "-": nothing
 * to compare with.
 */
struct pin_text pin_against_none(const struct pin_answer *a, const struct pin_job *j,
				 unsigned device_class);
struct pin_text pin_against_lru(const struct pin_answer *a, const struct pin_job *j,
				unsigned device_class);

#endif
