// SPDX-License-Identifier: MIT
/* Seeding by name and bounded draws; the generators themselves are inline in the header. */
#include "base/rng.h"

uint64_t rng_seed(uint64_t run_seed, const char *component)
{
	uint64_t h = splitmix64_mix(run_seed);
	for (const char *c = component; *c; c++)
		h = splitmix64_mix(h ^ (unsigned char)*c);
	return h;
}

void rng_init(struct rng *r, uint64_t run_seed, const char *component)
{
	uint64_t state = rng_seed(run_seed, component);
	for (unsigned i = 0; i < 4; i++)
		r->s[i] = splitmix64_next(&state);
}

/*
 * The high half of a 128-bit product maps 2^64 values on n buckets; rejecting
 * the 2^64 mod n lowest low halves makes all buckets the same size.
 */
uint64_t rng_below(struct rng *r, uint64_t n)
{
	const uint64_t reject_below = -n % n;
	for (;;) {
		const unsigned __int128 wide = (unsigned __int128)rng_next(r) * n;
		if ((uint64_t)wide >= reject_below)
			return (uint64_t)(wide >> 64);
	}
}
