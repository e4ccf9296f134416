// SPDX-License-Identifier: MIT
/* What `pugmark nvme` hands out: screens, JSON rows, plots, results files. */
#ifndef PUGMARK_REPLAY_NVME_REPORT_H
#define PUGMARK_REPLAY_NVME_REPORT_H

#include "replay/nvme-run.h"
#include "reports/plot.h"
#include "reports/report.h"

enum nvme_axis { NVME_AXIS_NONE, NVME_AXIS_DEPTH, NVME_AXIS_VMS, NVME_AXIS_BLOCK, NVME_AXIS_RATE };

struct nvme_answer {
	const char *trace; /* path, or NULL */
	const struct nvme_trace_facts *facts;
	const char *doubt; /* about its times, or NULL */
	const struct nvme_point *points;
	size_t n;
	enum nvme_axis axis; /* what differs between points of a design */
};

void nvme_report(struct report *r, const struct nvme_answer *a, bool is_json, bool is_verbose);

/* Designs whose points are equally many and in a row, and how many; 0: one, or not comparable. */
size_t nvme_series(const struct nvme_answer *a, size_t *length_out);

/* Pairs of designs of which one is better at low, the other at high load. */
void nvme_show_crossings(struct report *r, const struct nvme_answer *a, bool is_json);

enum nvme_picture { NVME_PLOT_AXIS, NVME_PLOT_TAIL, NVME_PLOT_STAGES, NVME_PLOT_CORES, NVME_PLOTS };
const char *nvme_plot_script(enum nvme_picture picture);

/* Frees p, also on failure. */
int nvme_plot(enum nvme_picture picture, struct plot *p, const struct nvme_answer *a,
	      struct err *e);

struct results_run;
int nvme_store(const char *path, const struct results_run *run, const struct nvme_answer *a,
	       struct err *e);

/*
 * What counts of a whole run are divided by: of a VM its share of all requests
 * that were completed, those of the warm-up included.
 */
uint64_t nvme_completed(const struct nvme_result *r, const struct nvme_vm_result *v);

/* "QD 32 x 4 jobs", "Poisson 10,000/s": how the requests of a point come. */
struct nvme_load_text {
	char s[80];
};
struct nvme_load_text nvme_load_text(const struct nvme_config *c);

/* The value on an axis: a depth, a number of VMs, bytes, requests a second. */
uint64_t nvme_axis_value(const struct nvme_point *p, enum nvme_axis axis);

#endif
