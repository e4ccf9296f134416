// SPDX-License-Identifier: MIT
/* What `pugmark walk` found out, and the screens that show it. Private to the command. */
#ifndef PUGMARK_REPLAY_WALK_REPORT_H
#define PUGMARK_REPLAY_WALK_REPORT_H

#include "replay/walk-design.h"
#include "reports/plot.h"
#include "reports/report.h"
#include "store/results.h"
#include "store/trace.h"

struct walk_tries;

struct walk_row {
	const struct walk_design *design;
	struct walk_counts counts;
	struct walk_cycles cycles;
};

struct walk_answer {
	const struct trace *trace;
	const struct trace_stream_info *stream;
	const struct walk_row *rows;
	size_t nrows;
	uint64_t lost_events;
	uint64_t vm_pages;              /* of the trace's VM; 0: not known */
	uint64_t sample_ppm;            /* of pages that were recorded; 0: all */
	uint64_t native_walk_ppm;       /* the program's, of its time; 0: the trace has none */
	const char *native_source;      /* who says so; NULL or "": nobody */
	const struct walk_tries *tries; /* NULL: no input was tried at other values */
};

/* The model's share of native walks beside the program's own. */
struct walk_calibration {
	bool is_known;        /* there is a figure, and a native design of 4 KiB pages */
	bool is_off;          /* the two differ by more than 2 points */
	uint64_t model_ppm;   /* of native's time, translation */
	char set[60];         /* what would make them agree, for --set; "": nothing, or no need */
	uint64_t reached_ppm; /* with that, which is rounded */
};
void walk_calibrate(const struct walk_answer *a, struct walk_calibration *out);

/* A sentence for people, members for programs. */
void walk_show_calibration(struct report *r, const struct walk_answer *a);

/* Least and most time of the designs that virtualise; NULL: fewer than two do. */
const struct walk_row *walk_fastest(const struct walk_answer *a);
const struct walk_row *walk_slowest(const struct walk_answer *a);

/* The native design that a row is compared with: of the same processor; NULL: there is none. */
const struct walk_row *walk_native(const struct walk_answer *a, const struct walk_row *row);

/* part / whole with two decimals: "1.36"; "-" when whole is 0. */
struct quantity_text walk_ratio(uint64_t part, uint64_t whole);

/* Sentences before and after the table of designs. */
void walk_verdict(struct report *r, const struct walk_answer *a);
void walk_outlook(struct report *r, const struct walk_answer *a);

/* Everything between report_begin and report_end. */
void walk_report(struct report *r, const struct walk_answer *a, bool is_json, bool is_verbose);

/* Values of all designs, each once, as a file that can be read again. */
/* Into the report for programs, or, where that is NULL, as text. */
void walk_assumptions(FILE *out, struct report *r, const struct walk_answer *a);

/* References of a walk by level and design, stacked. Ends p, also on failure. */
int walk_plot(struct plot *p, const struct walk_answer *a, struct err *e);

/* Adds a run for each design to a results file. */
int walk_store(const char *path, const struct results_run *run, const struct walk_answer *a,
	       struct err *e);

#endif
