// SPDX-License-Identifier: MIT
/*
 * Welch's t-test: t = (mean a - mean b) / sqrt(va/na + vb/nb), degrees of freedom
 * after Welch and Satterthwaite, rounded down, against the 99.5 % quantiles of
 * Student's t (standard tables). Compared squared, so that no root is needed.
 */
#include "reports/noise.h"

#include <stdbool.h>
#include <string.h>

const char *const noise_verdict_names[] = { "same", "within noise", "not known", "beyond noise" };

static double mean_of(const int64_t *v, size_t n)
{
	__int128 sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return (double)sum / (double)n;
}

/* Variance of the mean: the sample's, divided by n. */
static double scatter_of(const int64_t *v, size_t n)
{
	const double mean = mean_of(v, n);
	double squares = 0;
	for (size_t i = 0; i < n; i++)
		squares += ((double)v[i] - mean) * ((double)v[i] - mean);
	return squares / (double)(n - 1) / (double)n;
}

static double quantile(double freedom)
{
	static const double t[] = {
		63.657, 9.925, 5.841, 4.604, 4.032, 3.707, 3.499, 3.355, 3.250, 3.169,
		3.106,  3.055, 3.012, 2.977, 2.947, 2.921, 2.898, 2.878, 2.861, 2.845,
		2.831,  2.819, 2.807, 2.797, 2.787, 2.779, 2.771, 2.763, 2.756, 2.750,
	};
	const size_t n = sizeof(t) / sizeof(*t);
	const size_t k = freedom < 1 ? 1 : freedom > (double)n ? n : (size_t)freedom;
	return t[k - 1];
}

enum noise_verdict noise_compare(const int64_t *a, size_t na, const int64_t *b, size_t nb)
{
	if (na == nb && !memcmp(a, b, na * sizeof(*a)))
		return NOISE_SAME;
	if (na < 2 || nb < 2)
		return NOISE_UNKNOWN;
	const double sa = scatter_of(a, na), sb = scatter_of(b, nb);
	const double difference = mean_of(a, na) - mean_of(b, nb);
	if (sa + sb <= 0)
		return difference < 0 || difference > 0 ? NOISE_BEYOND : NOISE_SAME;
	const double freedom =
		(sa + sb) * (sa + sb) / (sa * sa / (double)(na - 1) + sb * sb / (double)(nb - 1));
	const double t = quantile(freedom);
	return difference * difference > t * t * (sa + sb) ? NOISE_BEYOND : NOISE_WITHIN;
}

int64_t noise_mean(const int64_t *v, size_t n)
{
	__int128 sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += v[i];
	const __int128 half = (__int128)(n / 2);
	return n ? (int64_t)((sum + (sum < 0 ? -half : half)) / (__int128)n) : 0;
}
