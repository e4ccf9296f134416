// SPDX-License-Identifier: MIT
/*
 * Quantile tables of named shapes, for models that are compared with queueing
 * theory or fitted to a histogram: finer than whole ns (values in 1/256 ns) and
 * with exactly the mean asked for, otherwise as in base/quantile.h. The variance
 * comes out within 0.1 % up to a cv of 2, and 3 % too large at 5. All in integers.
 *
 * Each returns 0, ERR_NOMEM, or ERR_USAGE with a sentence for parameters out of
 * range: values and means up to 2^58 / 256 ns, a cv from 0.01 to 5.
 */
#ifndef PUGMARK_BASE_QUANTILE_SHAPES_H
#define PUGMARK_BASE_QUANTILE_SHAPES_H

#include "base/quantile.h"

enum { QUANTILE_PARTS_MAX = 16, QUANTILE_STEPS_MAX = 60000 };

int quantile_exponential(struct quantile *q, uint64_t mean_256, struct arena *a, struct err *e);
int quantile_uniform(struct quantile *q, uint64_t lo_256, uint64_t hi_256, struct arena *a,
		     struct err *e);
int quantile_lognormal(struct quantile *q, uint64_t mean_256, uint64_t cv_micro, struct arena *a,
		       struct err *e);

/* Shape k of 2^-32: an Erlang for a whole k; 1 / cv^2 otherwise. */
int quantile_gamma(struct quantile *q, uint64_t mean_256, uint64_t k_q32, struct arena *a,
		   struct err *e);

/* n values, or means of exponentials, with weights of any sum. */
int quantile_discrete(struct quantile *q, const uint64_t *value_256, const uint64_t *weight,
		      size_t n, struct arena *a, struct err *e);
int quantile_hyperexponential(struct quantile *q, const uint64_t *mean_256, const uint64_t *weight,
			      size_t n, struct arena *a, struct err *e);

/*
 * A histogram: bin i holds count[i] values between end_256[i - 1] (low_256 for
 * the first) and end_256[i], evenly. Ends rise.
 */
int quantile_histogram(struct quantile *q, uint64_t low_256, const uint64_t *end_256,
		       const uint64_t *count, size_t n, struct arena *a, struct err *e);

#endif
