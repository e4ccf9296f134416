// SPDX-License-Identifier: MIT
/*
 * Fixed-point mathematics without libm: the square root digit by digit, the
 * binary logarithm by repeated squaring, and powers of two as a product of
 * 2^(1/2), 2^(1/4), ... out of a table.
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
		log *= 2; /* may be negative: no shift */
		if (m >= UINT64_C(1) << 63) {
			m >>= 1;
			log++;
		}
	}
	return log;
}

/* 2^(2^-i) for i = 1 .. 32 in Q62: the square root of 2, its square root, ... */
static const uint64_t roots_of_2[32] = {
	UINT64_C(0x5a827999fcef3242), UINT64_C(0x4c1bf828c6dc54b8), UINT64_C(0x45cae0f1f545eb74),
	UINT64_C(0x42d561b3e6243d8b), UINT64_C(0x4166c34c5615d0ec), UINT64_C(0x40b268f9de0183ba),
	UINT64_C(0x4058f6a7ecccd5b6), UINT64_C(0x402c6be96af2fb59), UINT64_C(0x4016321b687027a9),
	UINT64_C(0x400b18178ba33b14), UINT64_C(0x40058bce410147e9), UINT64_C(0x4002c5d7bff71daf),
	UINT64_C(0x400162e807ee7e5c), UINT64_C(0x4000b1730df6a525), UINT64_C(0x400058b9497b8152),
	UINT64_C(0x40002c5c955dd701), UINT64_C(0x4000162e46d6f26c), UINT64_C(0x40000b1722757b1b),
	UINT64_C(0x4000058b90fd3e0d), UINT64_C(0x400002c5c86f3f27), UINT64_C(0x40000162e433c79c),
	UINT64_C(0x400000b17218edd0), UINT64_C(0x40000058b90c3969), UINT64_C(0x4000002c5c860d55),
	UINT64_C(0x400000162e4302d2), UINT64_C(0x4000000b17218073), UINT64_C(0x400000058b90bffc),
	UINT64_C(0x40000002c5c85fef), UINT64_C(0x4000000162e42ff4), UINT64_C(0x40000000b17217f9),
	UINT64_C(0x4000000058b90bfc), UINT64_C(0x400000002c5c85fe),
};

/* 2^x for x in [0, 1) in Q32, as Q62 */
static uint64_t exp2_fraction(uint32_t x)
{
	uint64_t power = UINT64_C(1) << 62;

	for (; x; x &= x - 1) {
		const uint64_t root = roots_of_2[__builtin_clz(x & -x)];
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
