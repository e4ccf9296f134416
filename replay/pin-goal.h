// SPDX-License-Identifier: MIT
/*
 * What somebody wants of a configuration: `iopf.max_1s<=1,cpu_major<=5/s`, or of
 * its I/O: `nic.gap<=50ms,block.p999<=+5%`. All
 * conditions must hold. Over a grid of budgets the answer is the least budget
 * from which on all larger ones that were tried pass: with reclaim in the loop
 * more pins are not always better, so a smaller budget that passes below one
 * that fails is no answer but is told (non-monotone).
 */
#ifndef PUGMARK_REPLAY_PIN_GOAL_H
#define PUGMARK_REPLAY_PIN_GOAL_H

#include "base/quantity.h"
#include "replay/pin-cell.h"

enum { PIN_GOAL_MAX = 8 };

enum pin_metric {
	PIN_GOAL_IOPF,
	PIN_GOAL_MAX_1S,
	PIN_GOAL_MAX_10S,
	PIN_GOAL_SECONDS_OVER_1,
	PIN_GOAL_SECONDS_OVER_10,
	PIN_GOAL_CPU_MAJOR,
	PIN_GOAL_CPU_STALL,
	PIN_GOAL_PINNED,
	PIN_GOAL_PINNED_P99,
	PIN_GOAL_PINNED_MEAN,
	PIN_GOAL_GAP, /* of the NIC, as are the next two */
	PIN_GOAL_DROPS,
	PIN_GOAL_RTO,
	PIN_GOAL_P50, /* of block I/O, as are the next ones; in the order of consequence_ppm */
	PIN_GOAL_P99,
	PIN_GOAL_P999,
	PIN_GOAL_P9999,
	PIN_METRICS
};

struct pin_condition {
	enum pin_metric metric;
	int device_class; /* enum pin_class; PIN_CLASSES: all together */
	uint64_t limit;   /* a count; ppm of a share; ns of a time */
	uint64_t per_ns;  /* of a rate; 0: the limit is something else */
	bool is_rise;     /* of a time: limit is ppm above what it is without faults */
};

struct pin_goal {
	struct pin_condition conditions[PIN_GOAL_MAX];
	unsigned n;
	const char *text; /* as given; borrowed */
};

/* ERR_USAGE quotes what is wrong and lists the metrics. */
int pin_goal_parse(const char *text, struct pin_goal *out, struct err *e);

/* The first condition that fails, or -1; exposure_ns: the time of the accesses. */
int pin_goal_failing(const struct pin_goal *g, const struct pin_result *r, uint32_t vm_pages,
		     uint64_t exposure_ns);

/* Whose devices it is about: enum pin_class; PIN_CLASSES: all, or none. */
int pin_condition_class(const struct pin_condition *c);

/* "iopf.max_1s" */
const char *pin_metric_name(enum pin_metric m);

/* A metric of the whole VM or one class: a count; ppm where it is a share (of the VM, of time). */
bool pin_metric_is_share(enum pin_metric m);
bool pin_metric_is_time(enum pin_metric m);
uint64_t pin_goal_measure(const struct pin_condition *c, const struct pin_result *r,
			  uint32_t vm_pages, uint64_t exposure_ns);

struct pin_answer_at {
	int least; /* index of the least budget that is an answer; -1: none */
	bool is_non_monotone;
};

/* passes: by budget, ascending. */
struct pin_answer_at pin_goal_least(const bool *passes, size_t n);

#endif
