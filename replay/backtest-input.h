// SPDX-License-Identifier: MIT
/*
 * What a back-test reads of a recording: the run's settings from the trace's
 * meta texts, the recorded truth, and everything that happened as events in
 * order of time.
 *
 * A cpu row says that a page was touched within a period, and where the first
 * touch was seen, when. A row whose first touch is not known stands for one
 * touch at a time drawn from its page and period (a hash, so that a run
 * repeats): the page was in use in the epochs before too, so that no fault
 * hangs on the exact time, but all pages of an epoch at its start would be one
 * burst that never was.
 */
#ifndef PUGMARK_REPLAY_BACKTEST_INPUT_H
#define PUGMARK_REPLAY_BACKTEST_INPUT_H

#include "base/param.h"
#include "replay/backtest-score.h"
#include "store/trace.h"

enum backtest_class {
	BACKTEST_NIC,
	BACKTEST_BLOCK,
	BACKTEST_OTHER, /* devices of no known class */
	BACKTEST_CPU,
	BACKTEST_CLASSES
};

/* A squeeze holds for a moment; 0 pages: it is over, back to the limit before. */
struct backtest_step {
	uint64_t ts_ns, pages;
	bool is_squeeze;
};

/* Of the recorded run; texts and arrays are owned by it. */
struct backtest_recording {
	struct trace *trace;
	uint64_t vm_pages;
	bool is_populated; /* every page was written once, in address order, before time 0 */
	struct backtest_step *steps; /* of the limit, in order of time; at least one */
	size_t nsteps, nsqueezes;
	uint64_t limit_pages;    /* the last */
	uint64_t from_ns, to_ns; /* scored */
	uint64_t epoch_ns; /* cpu rows of a shorter period begin with their first touch; 0: none do
			    */
	uint8_t class_of_dev[65536]; /* enum backtest_class */
	char *dma_sets_accessed;     /* as a parameter value, or NULL: the trace does not say */
	uint64_t readahead_pages;    /* UINT64_MAX: likewise */
	uint64_t *samples_ns;        /* when statistics of the group were read; may be none */
	size_t nsamples;
	char *swap; /* "zram", "file" .., or NULL */
};

/* ERR_UNUSABLE with what is missing: memory size, limit, dma rows, recorded faults. */
int backtest_recording_init(struct backtest_recording *r, struct trace *t, struct err *e);
void backtest_recording_deinit(struct backtest_recording *r);

/* Recorded faults by class, major and minor alike. The lists are the caller's, zeroed. */
int backtest_read_truth(const struct backtest_recording *r, struct backtest_faults *by_class,
			struct err *e);

enum backtest_what {
	BACKTEST_LIMIT,
	BACKTEST_SAMPLE, /* somebody read the statistics of the memory group */
	BACKTEST_SNAPSHOT,
	BACKTEST_DMA,
	BACKTEST_TOUCH,
};

/* At the same time in the order of backtest_what. */
struct backtest_event {
	enum backtest_what what;
	uint64_t ts_ns;
	uint64_t pages;  /* LIMIT: the new one */
	uint64_t first;  /* DMA, TOUCH, and SNAPSHOT: one run of absent pages of it */
	uint32_t npages; /* all within the VM */
	uint16_t dev;
	bool is_write;
	bool is_squeeze; /* LIMIT: see struct backtest_step */
	bool is_last;    /* SNAPSHOT: its last run */
};

/* Section [backtest]. */
struct backtest_config {
	uint64_t interval_ns;
	bool has_squeezes;
	uint64_t seed;
};

extern const struct param backtest_params[];
extern const size_t backtest_nparams;

struct backtest_input;

int backtest_input_open(const struct backtest_recording *r, const struct backtest_config *c,
			struct backtest_input **out, struct err *e);
void backtest_input_close(struct backtest_input *in);

/* 1 and an event, 0 at the end, negative on damage. */
int backtest_input_next(struct backtest_input *in, struct backtest_event *out, struct err *e);

#endif
