// SPDX-License-Identifier: MIT
/*
 * Distributions that a recording tells instead of, or beside, its events: the
 * latencies of a fio job. Tables distribution and distribution_point
 * (FORMAT.md section 4).
 */
#ifndef PUGMARK_STORE_TRACE_DISTRIBUTION_H
#define PUGMARK_STORE_TRACE_DISTRIBUTION_H

#include "store/trace-writer.h"

#include <stddef.h>
#include <stdint.h>

#define DISTRIBUTION_UNKNOWN UINT64_MAX

/* shares of a quantile, in 10^-8: fio tells 99.999999 % */
#define DISTRIBUTION_ONE UINT64_C(100000000)

struct distribution_point {
	uint64_t x; /* quantile: share in 10^-8; bin: its middle, in the quantity's unit */
	uint64_t y; /* quantile: value; bin: how many */
};

struct distribution {
	const char *source;   /* who told it: "fio-json" */
	const char *subject;  /* of whom: the name of a job, a file */
	const char *op;       /* enum io_op by name */
	const char *quantity; /* with its unit: "clat_ns", "bw_kib_per_s" */
	uint64_t n;
	/* DISTRIBUTION_UNKNOWN where not told; means and rates in 10^-6 */
	uint64_t sum, min, max, mean_e6, stddev_e6, per_second_e6;
	const struct distribution_point *quantiles, *bins; /* ascending x */
	size_t nquantiles, nbins;
};

/* The same subject, op and quantity again replaces the first. */
int trace_writer_distribution(struct trace_writer *w, const struct distribution *d, struct err *e);

/*
 * Sorts the values and puts what they tell: sum, extremes, mean and the
 * quantiles that fio prints, by nearest rank. d: names; the rest is filled in.
 */
int trace_writer_distribution_of(struct trace_writer *w, struct distribution *d, uint64_t *values,
				 size_t n, struct err *e);

#endif
