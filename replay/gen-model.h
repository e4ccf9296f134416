// SPDX-License-Identifier: MIT
/*
 * What the generators share: parts that act one at a time in order of
 * their clocks, rows at the time of the acting part, and draws. Private to
 * replay/gen*.c.
 */
#ifndef PUGMARK_REPLAY_GEN_MODEL_H
#define PUGMARK_REPLAY_GEN_MODEL_H

#include "base/rng.h"
#include "base/units.h"
#include "replay/gen.h"

enum gen_kind { GEN_BEHAVIOUR, GEN_STATISTICS, GEN_ACCESS };

/* [gen] */
struct gen_common {
	int generator; /* enum gen_kind */
	uint64_t duration_ns, memory_bytes, epoch_ns;
};

static const uint64_t GEN_NEVER = UINT64_MAX;

/* Where rows go. The first failure sticks, so that models need not look at each row. */
struct gen_emit {
	const struct gen_sink *sink;
	uint64_t now_ns;
	struct err *e;
	int rc;
};

void gen_dma(struct gen_emit *m, enum gen_device dev, enum dma_dir dir, uint64_t pfn,
	     uint64_t npages);

/* period_ns 0: a touch at this very time; else seen over the period that ends now */
void gen_cpu(struct gen_emit *m, uint64_t pfn, uint64_t npages, bool is_write, uint64_t period_ns);

void gen_mem(struct gen_emit *m, uint64_t va, uint32_t bytes, enum mem_rw rw);

/* A range of the guest's pages. */
struct gen_span {
	uint64_t first, pages;
};

/* Cuts pages off the rest of the memory; ERR_USAGE, by name, when they are not there. */
int gen_cut(struct gen_span *rest, uint64_t pages, const char *name, struct gen_span *out,
	    struct err *e);

static inline uint64_t gen_share(uint64_t pages, uint64_t ppm)
{
	return pages * ppm / PPM_PER_ONE;
}

/* Uniform in least .. most. */
static inline uint64_t gen_between(struct rng *r, uint64_t least, uint64_t most)
{
	return most > least ? least + rng_below(r, most - least + 1) : least;
}

static inline bool gen_chance(struct rng *r, uint64_t ppm)
{
	return rng_below(r, PPM_PER_ONE) < ppm;
}

static inline uint64_t gen_add_ns(uint64_t a, uint64_t b)
{
	uint64_t sum;
	return __builtin_add_overflow(a, b, &sum) ? GEN_NEVER : sum;
}

/* Uniform between 0 and twice the mean gap of a rate, of which percent is in force. */
uint64_t gen_gap(struct rng *r, struct rate rate, uint32_t percent);

/* One that acts at a time of its own; step does it and moves at_ns on. */
struct gen_part {
	const char *name; /* of its random stream too */
	uint64_t at_ns;   /* GEN_NEVER: asleep */
	struct rng rng;
	void (*step)(void *model, struct gen_part *self);
};

/* Lets the parts act until the end of the duration; of equal times the lower number first. */
int gen_play(struct gen_part *parts, size_t n, void *model, const struct gen_common *c,
	     struct gen_emit *m);

/* [behaviour] sections; the models check them against the memory. */
struct gen_behaviour {
	/* [process] */
	uint64_t dead_ppm, hot_ppm, served_ppm, serve_ns, extent_pages;
	/* [day] */
	const char *hours;
	/* [cron] */
	uint64_t period_ns, walk_least_ns, walk_most_ns, delay_least_ns, delay_most_ns, skip_ppm;
	/* [nic] */
	uint64_t ring_pages, slab_pages, batch_pages, train_rows, train_gap_ns, tx_ppm;
	struct rate rx_rate;
	/* [standby] */
	uint64_t standby_pages, standby_least, standby_most, standby_gap_ns;
	/* [file] */
	uint64_t file_ppm, grown_ppm, file_extent_pages, hot_extents_ppm, hot_writes_ppm, flush_ns,
		tail_extents;
	struct rate write_rate;
	/* [scan] */
	struct rate scan_rate;
	uint64_t pool_pages, window_pages, scan_least, scan_most, window_gap_ns;
	/* [report] */
	uint64_t buffer_pages, buffer_least, recycled_pages, recycled_least, recycled_most,
		report_gap_ns;
};

extern const struct param gen_behaviour_params[];
extern const size_t gen_behaviour_nparams;

int gen_behaviour_check(const struct gen_common *c, const struct gen_behaviour *p, struct err *e);
int gen_behaviour_run(const struct gen_common *c, const struct gen_behaviour *p, uint64_t seed,
		      struct gen_emit *m, struct err *e);

/* Sections [touch] [ring] [disk] [burst]; tables are texts of quantiles. */
struct gen_statistics {
	uint64_t dead_ppm, hot_ppm, extent_pages;
	struct rate touch_rate;
	const char *touch_depth;

	uint64_t ring_pages, ring_tx_ppm;
	const char *ring_depth, *ring_gap;

	uint64_t disk_ppm, disk_grown_ppm, disk_extent_pages, disk_fresh_ppm, disk_read_ppm;
	struct rate disk_rate;
	const char *disk_depth;

	uint64_t nic_pages, block_pages, lonely_pages, lonely_ppm;
	const char *burst_gap, *burst_nic, *burst_block, *burst_spacing, *burst_depth;
};

extern const struct param gen_statistics_params[];
extern const size_t gen_statistics_nparams;

int gen_statistics_check(const struct gen_common *c, const struct gen_statistics *p, struct err *e);
int gen_statistics_run(const struct gen_common *c, const struct gen_statistics *p, uint64_t seed,
		       struct gen_emit *m, struct err *e);

/* Section [mem]. */
struct gen_access {
	int pattern;
	uint64_t size_ppm, accesses, updates_ppm, hot_keys_ppm, hot_ops_ppm;
	uint64_t record_bytes, objects, fanout, nuclides, neighbours;
	uint64_t native_walk_ppm;
};

extern const struct param gen_access_params[];
extern const size_t gen_access_nparams;

int gen_access_check(const struct gen_common *c, const struct gen_access *p, struct err *e);
int gen_access_run(const struct gen_common *c, const struct gen_access *p, uint64_t seed,
		   struct gen_emit *m, struct err *e);

#endif
