// SPDX-License-Identifier: MIT
/*
 * What I/O page faults do to block I/O: while a fault is open, no request of its
 * queue (or channel, or device) starts; requests that have started go on. So a
 * request that arrives w before the stall's end takes w longer (research/iopf.md
 * section 4). A quantile p moves when requests are blocked for more than 1 - p
 * of the time and blocked time + service exceed it.
 *
 * Two ways to the same answer: a simulation (block_run), and a closed form for
 * open arrivals and unlimited servers (block_quantile), which answers what-if
 * questions without noise and in milliseconds. t/block-test.c holds one against
 * the other. The arrival model changes the answer (a closed loop of low depth
 * sends little into a stall and hides it), so results carry it.
 *
 * Whether the request whose own DMA faults is among those counted is a choice,
 * counts_victim: at 10 faults/s in 5,000 requests/s victims are 0.2 % of all, as
 * many as wait behind stalls of 200 us. On one queue no D explains both published
 * knees with them (P99.9 wants 70-86 us, P99.99 at least 87); without them, or
 * with two queues or more behind each fault, one does: 182-254 us. Preset: without.
 *
 * Left out: merging, write caches, the link; sim/nvme replaces the device side.
 */
#ifndef PUGMARK_SIM_BLOCK_H
#define PUGMARK_SIM_BLOCK_H

#include "base/arena.h"
#include "base/err.h"
#include "base/hist.h"
#include "base/param.h"
#include "base/quantile.h"
#include "base/quantity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum block_scope { BLOCK_QUEUE, BLOCK_CHANNEL, BLOCK_DEVICE };
enum block_arrivals { BLOCK_OPEN, BLOCK_CLOSED };

/* Section [block]. */
struct block_config {
	int scope;                 /* enum block_scope: what one fault stops */
	uint64_t queues, channels; /* queue q is on channel q modulo channels */
	uint64_t servers;          /* of a queue: requests served at a time; 0: no limit */
	struct dist service;
	bool counts_victim;

	int arrivals;      /* enum block_arrivals */
	struct rate rate;  /* open: requests of a queue, Poisson */
	uint64_t depth;    /* closed: requests of a queue in flight */
	struct dist think; /* closed: between completion and next request */
};

extern const struct param block_params[];
extern const size_t block_nparams;

extern const char *const block_scope_names[], *const block_arrival_names[]; /* NULL-terminated */

/* How many groups of queues stall apart from each other: queues, channels, or 1. */
uint64_t block_domains(const struct block_config *c);

/* ---- simulation ---- */

/* A fault of a queue is open; lists are in order of from_ns. */
struct block_stall {
	uint64_t from_ns, until_ns;
	uint32_t queue;
};

struct block_result {
	struct hist latency; /* ns, told within 0.2 % */
	uint64_t ios, stalled, stalled_ns, victims;
};

/* Memory of the histogram is the arena's. */
int block_result_init(struct block_result *r, struct arena *a);

/*
 * Runs span_ns and adds to the result. No stalls: the baseline; arrivals and
 * service draw the same numbers with and without. ERR_USAGE for a configuration
 * that makes no sense, ERR_NOMEM.
 */
int block_run(const struct block_config *c, const struct block_stall *stalls, size_t nstalls,
	      uint64_t span_ns, uint64_t seed, struct block_result *r, struct err *e);

/* The same for requests of a trace: in order of at_ns; service_ns NULL: drawn. */
struct block_requests {
	const uint64_t *at_ns, *service_ns;
	const uint32_t *queue; /* below queues; NULL: all on queue 0 */
	size_t n;
};
int block_run_trace(const struct block_config *c, const struct block_stall *stalls, size_t nstalls,
		    const struct block_requests *q, uint64_t seed, struct block_result *r,
		    struct err *e);

/* Poisson faults of the device at that rate, on queues at random. The caller frees *out. */
int block_make_stalls(const struct block_config *c, struct rate faults,
		      const struct quantile *blocked, uint64_t span_ns, uint64_t seed,
		      struct block_stall **out, size_t *n_out, struct err *e);

/* ---- any arrivals, many stalls: sim/block-near.c ---- */

/*
 * Quantiles without and with the stalls of a span, and the share of requests that
 * meet one (met_ppm_out may be NULL), by simulating what is near them.
 */
int block_measure(const struct block_config *c, const struct block_stall *stalls, size_t n,
		  uint64_t span_ns, uint64_t seed, const uint64_t *ppms, size_t nppms,
		  uint64_t *base_out, uint64_t *ns_out, uint64_t *met_ppm_out, struct err *e);

/* ---- closed form ---- */

/* Else what follows is simulated, with the noise of 2^19 requests, or of 2^14 faults. */
static inline bool block_has_closed_form(const struct block_config *c)
{
	return c->arrivals == BLOCK_OPEN && !c->servers;
}

/* How long a request that arrives at any time has to wait for stalls. */
struct block_wait {
	uint32_t n;
	uint64_t *v;      /* rising blocked times, 1/256 ns */
	uint64_t *above;  /* share (2^-32) or number of faults that block longer */
	uint64_t *excess; /* E or sum of (blocked - v)+, 1/256 ns */
	bool is_poisson;
	struct rate faults;   /* poisson: in one domain */
	uint64_t span_ns;     /* measured */
	struct rate victims;  /* in one queue; 0: not counted */
	struct rate requests; /* of a queue */
};

/* Faults of the device at a rate, blocked as the distribution says. */
int block_wait_poisson(struct block_wait *w, const struct block_config *c, struct rate faults,
		       const struct quantile *blocked, struct arena *a, struct err *e);

/* Recorded or simulated faults: the exact time average over span_ns and all queues. */
int block_wait_measured(struct block_wait *w, const struct block_config *c,
			const struct block_stall *stalls, size_t n, uint64_t span_ns,
			struct arena *a, struct err *e);

/* The share of requests that wait longer than ns, and that take longer in all; in 2^-32. */
uint64_t block_waits_above(const struct block_wait *w, uint64_t ns);
uint64_t block_takes_above(const struct block_wait *w, const struct quantile *service, uint64_t ns);

/* The latency that ppm of the requests do not exceed. */
uint64_t block_quantile(const struct block_wait *w, const struct quantile *service, uint64_t ppm);

/* ---- what if ---- */

enum block_verdict {
	BLOCK_SAFE,   /* no fault, or the quantile stays */
	BLOCK_RARE,   /* fewer than 1 - p of the requests meet a stall */
	BLOCK_HIDDEN, /* enough do, but the base is slower than a stall: invisible */
	BLOCK_SHIFTS, /* it moves, by less than asked about */
	BLOCK_RISES,  /* by as much or more */
};
const char *block_verdict_text(enum block_verdict v);

struct block_whatif {
	struct rate faults; /* of the device */
	uint64_t ppm;       /* the quantile */
	uint64_t base_ns, ns;
	int64_t change_ppm;
	uint64_t met_ppm; /* of the requests meet a stall */
	enum block_verdict verdict;
};

/* One row for each rate and quantile, rates outermost. rise_ppm: what counts as a rise. */
int block_whatif(const struct block_config *c, const struct quantile *blocked,
		 const struct rate *faults, size_t nfaults, const uint64_t *ppms, size_t nppms,
		 uint64_t rise_ppm, struct block_whatif *rows_out, struct err *e);

/*
 * The blocked times D for which the quantile rises at faults but does not at
 * below: least, greatest, and the middle. ERR_NO when there is none.
 */
struct block_fit {
	uint64_t least_ns, greatest_ns, middle_ns;
};
int block_fit_blocked(const struct block_config *c, uint64_t ppm, uint64_t rise_ppm,
		      struct rate faults, struct rate below, struct block_fit *out, struct err *e);

/*
 * Faults a day of the device that keep the quantile within max_rise_ppm of the
 * base, and that do not: next to each other in closed form, else 0.4 % apart.
 */
struct block_bracket {
	uint64_t keeps_per_day, breaks_per_day; /* breaks 0: no rate does */
};
int block_limit_bracket(const struct block_config *c, const struct quantile *blocked, uint64_t ppm,
			uint64_t max_rise_ppm, struct block_bracket *out, struct err *e);

/* Only what keeps it. */
int block_limit_rate(const struct block_config *c, const struct quantile *blocked, uint64_t ppm,
		     uint64_t max_rise_ppm, uint64_t *per_day_out, struct err *e);

#endif
