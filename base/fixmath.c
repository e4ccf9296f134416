// SPDX-License-Identifier: MIT
/*
 * Fixed-point mathematics without libm: the square root digit by digit, the
 * binary logarithm by repeated squaring, and powers of two as a product of
 * 2^(1/2), 2^(1/4), ..., themselves repeated square roots of 2.
 */
#include "base/fixmath.h"

uint64_t fix_sqrt(unsigned __int128 v)
{
	unsigned __int128 root = 0;

	for (unsigned __int128 bit = (unsigned __int128)1 << 126; bit; bit >>= 2) {
		if (v >= root + bit) {
			v -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	return (uint64_t)root;
}

/* v * 2^left without its leading bit's place: in [2^62, 2^63); v at least 1 */
static uint64_t normalise(uint64_t v, int *exponent_out)
{
	const int top = 63 - __builtin_clzll(v);

	*exponent_out = top;
	return top > 62 ? v >> 1 : v << (62 - top);
}

int64_t fix_log2_ratio(uint64_t a, uint64_t b)
{
	int ea, eb;
	const uint64_t ma = normalise(a, &ea), mb = normalise(b, &eb);
	uint64_t m = (uint64_t)(((unsigned __int128)ma << 62) / mb); /* Q62 in (1/2, 2) */
	int64_t log = (int64_t)(ea - eb);

	if (m < UINT64_C(1) << 62) {
		m <<= 1;
		log--;
	}
	for (int bit = 0; bit < 32; bit++) {
		m = (uint64_t)((unsigned __int128)m * m >> 62);
		log <<= 1;
		if (m >= UINT64_C(1) << 63) {
			m >>= 1;
			log |= 1;
		}
	}
	return log;
}

/* 2^x for x in [0, 1) in Q32, as Q62 */
static uint64_t exp2_fraction(uint32_t x)
{
	uint64_t power = UINT64_C(1) << 62;
	uint64_t root = UINT64_C(2) << 62;

	for (uint32_t bit = UINT32_C(1) << 31; bit; bit >>= 1) {
		root = fix_sqrt((unsigned __int128)root << 62);
		if (x & bit)
			power = (uint64_t)((unsigned __int128)power * root >> 62);
	}
	return power;
}

uint64_t fix_scale_exp2(uint64_t v, int64_t x_q32)
{
	const int64_t whole = x_q32 >> 32;
	const unsigned __int128 scaled =
		(unsigned __int128)v * exp2_fraction((uint32_t)(x_q32 & 0xffffffff));
	const int64_t right = 62 - whole;

	if (!v || right > 127)
		return 0;
	if (right <= 0)
		return UINT64_MAX;
	const unsigned __int128 rounded = (scaled >> right) + (scaled >> (right - 1) & 1);
	return rounded > UINT64_MAX ? UINT64_MAX : (uint64_t)rounded;
}
