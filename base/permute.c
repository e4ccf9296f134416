// SPDX-License-Identifier: MIT
/* Unbalanced Feistel rounds: halves of a and b bits take turns, so that any width is exact. */
#include "base/permute.h"

#include "base/bytes.h"

enum { ROUNDS = 10 };

struct network {
	const struct siphash_key *key;
	uint64_t last; /* of the domain: two domains of one width differ */
	unsigned low_bits;
	uint64_t low_mask, high_mask;
};

static struct network network_of(const struct siphash_key *key, uint64_t last)
{
	const unsigned width = last ? 64 - (unsigned)__builtin_clzll(last) : 0;
	const unsigned low = width / 2, high = width - low;
	return (struct network){
		.key = key,
		.last = last,
		.low_bits = low,
		.low_mask = (UINT64_C(1) << low) - 1,
		.high_mask = (UINT64_C(1) << high) - 1, /* at most 32 bits */
	};
}

static uint64_t round_value(const struct network *n, unsigned round, uint64_t half)
{
	uint8_t text[24];
	le64_put(text, round);
	le64_put(text + 8, n->last);
	le64_put(text + 16, half);
	return siphash(n->key, text, sizeof(text));
}

/* Rounds in either direction: each undoes itself. */
static uint64_t run(const struct network *n, uint64_t x, int from, int step)
{
	uint64_t low = x & n->low_mask, high = x >> n->low_bits;
	for (int i = from; i >= 0 && i < ROUNDS; i += step)
		if (i % 2)
			low ^= round_value(n, (unsigned)i, high) & n->low_mask;
		else
			high ^= round_value(n, (unsigned)i, low) & n->high_mask;
	return high << n->low_bits | low;
}

uint64_t permute(const struct siphash_key *key, uint64_t last, uint64_t x)
{
	const struct network n = network_of(key, last);
	if (!last)
		return x;
	do
		x = run(&n, x, 0, 1);
	while (x > last);
	return x;
}

uint64_t permute_back(const struct siphash_key *key, uint64_t last, uint64_t y)
{
	const struct network n = network_of(key, last);
	if (!last)
		return y;
	do
		y = run(&n, y, ROUNDS - 1, -1);
	while (y > last);
	return y;
}

uint64_t permute_open(const struct siphash_key *key, unsigned first_bits, uint64_t x)
{
	if (!(x >> first_bits))
		return permute(key, (UINT64_C(1) << first_bits) - 1, x);
	const uint64_t first = UINT64_C(1) << (63 - (unsigned)__builtin_clzll(x));
	return first + permute(key, first - 1, x - first);
}
