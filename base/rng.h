// SPDX-License-Identifier: MIT
/*
 * Random numbers that repeat: xoshiro256** (Blackman and Vigna, "Scrambled
 * linear pseudorandom number generators", 2018), its state filled by
 * splitmix64. A stream belongs to one component of one run and is seeded by
 * (run seed, component name), so adding a component never shifts another.
 * Not for secrets.
 */
#ifndef PUGMARK_BASE_RNG_H
#define PUGMARK_BASE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t s[4]; /* never all zero */
};

/* Steps a splitmix64 state and returns its output; any state is valid. */
static inline uint64_t splitmix64_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* One well-mixed value from another: a bijection, hence also a hash without collisions. */
static inline uint64_t splitmix64_mix(uint64_t x)
{
	return splitmix64_next(&x);
}

static inline uint64_t rng_rotate(uint64_t x, unsigned left)
{
	return x << left | x >> (64 - left);
}

/* The next 64 random bits. */
static inline uint64_t rng_next(struct rng *r)
{
	uint64_t *s = r->s;
	const uint64_t result = rng_rotate(s[1] * 5, 7) * 9;
	const uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rng_rotate(s[3], 45);
	return result;
}

/* The seed of a component's stream. */
uint64_t rng_seed(uint64_t run_seed, const char *component);

/* Starts the stream of a component. */
void rng_init(struct rng *r, uint64_t run_seed, const char *component);

/* Uniform in 0 .. n-1 without bias; n at least 1. */
uint64_t rng_below(struct rng *r, uint64_t n);

#endif
