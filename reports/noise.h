// SPDX-License-Identifier: MIT
/*
 * Is a difference between two samples more than their scatter? Welch's test at
 * 99 %, two-sided, on values of several seeds. A sample of one has no scatter to
 * know, so two samples that differ then cannot be told apart from noise.
 */
#ifndef PUGMARK_REPORTS_NOISE_H
#define PUGMARK_REPORTS_NOISE_H

#include <stddef.h>
#include <stdint.h>

enum noise_verdict {
	NOISE_SAME,    /* the same values */
	NOISE_WITHIN,  /* they differ as much as seeds do */
	NOISE_UNKNOWN, /* they differ, and a sample has one value only */
	NOISE_BEYOND,
};

/* "same", "within noise", "not known", "beyond noise" */
extern const char *const noise_verdict_names[];

/* Values in the order of their seeds. */
enum noise_verdict noise_compare(const int64_t *a, size_t na, const int64_t *b, size_t nb);

/* Rounded to the nearest, halves away from 0; 0 of none. */
int64_t noise_mean(const int64_t *v, size_t n);

#endif
