// SPDX-License-Identifier: MIT
/* A declared CPU load: integers only, so that every machine draws the same touches. */
#include "sim/background.h"

#include "base/units.h"

const struct param background_params[] = {
	{ "background", "rate", PARAM_RATE, NULL, "1000/s | guess", 0, 0,
	  "CPU touches of the whole VM", offsetof(struct background_config, rate), NULL },
	{ "background", "theta_ppm", PARAM_PPM, NULL, "100% | guess", 0, 2000000,
	  "Exponent of the zipf law; 0: all pages alike",
	  offsetof(struct background_config, theta_ppm), NULL },
	{ "background", "pages_ppm", PARAM_PPM, NULL, "100% | guess", 1, 1000000,
	  "Share of the VM that the CPU touches at all",
	  offsetof(struct background_config, pages_ppm), NULL },
};
const size_t background_nparams = sizeof(background_params) / sizeof(*background_params);

static uint64_t root(unsigned __int128 v)
{
	uint64_t r = 0;
	for (uint64_t bit = UINT64_C(1) << 63; bit; bit >>= 1) {
		const uint64_t try = r | bit;
		if ((unsigned __int128)try * try <= v)
			r = try;
	}
	return r;
}

enum { FIXED = 32 }; /* bits behind the point */

/* 2^(1 - theta), from the binary digits of the exponent: a root for each. */
static uint64_t step_ratio(uint64_t theta_ppm)
{
	const bool falls = theta_ppm > PPM_PER_ONE;
	uint64_t exponent = falls ? theta_ppm - PPM_PER_ONE : PPM_PER_ONE - theta_ppm;
	uint64_t ratio = UINT64_C(1) << FIXED, power = UINT64_C(2) << FIXED;
	for (unsigned digit = 0; digit < 40 && exponent; digit++) {
		if (exponent >= PPM_PER_ONE) {
			ratio = (uint64_t)((unsigned __int128)ratio * power >> FIXED);
			exponent -= PPM_PER_ONE;
		}
		exponent *= 2;
		power = root((unsigned __int128)power << FIXED);
	}
	return falls ? (uint64_t)(((unsigned __int128)1 << 2 * FIXED) / ratio) : ratio;
}

/* Thresholds of the steps; the last one may be cut short by npages. */
static void make_steps(struct background *b, uint64_t theta_ppm)
{
	const uint64_t ratio = step_ratio(theta_ppm);
	unsigned __int128 weight[BACKGROUND_STEPS], sum = 0;
	unsigned __int128 w = (unsigned __int128)1 << 40;
	for (b->nsteps = 0; b->nsteps < BACKGROUND_STEPS && b->npages >> b->nsteps; b->nsteps++) {
		const uint64_t size = UINT64_C(1) << b->nsteps;
		const uint64_t room = b->npages - size + 1;
		weight[b->nsteps] = room < size ? w * room / size : w;
		sum += weight[b->nsteps];
		w = w * ratio >> FIXED;
	}
	unsigned __int128 below = 0;
	for (unsigned k = 0; k < b->nsteps; k++) {
		below += weight[k];
		b->steps[k] = (uint64_t)((below << 44) / sum << 20) - 1;
	}
	b->steps[b->nsteps - 1] = UINT64_MAX;
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		const uint64_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

/*
 * An exponential gap of the given mean: -ln(u) by von Neumann's comparisons
 * (1951) needs no logarithm: count runs of falling draws.
 */
static uint64_t draw_gap(struct rng *rng, uint64_t mean_ns)
{
	for (uint64_t whole = 0;; whole++) {
		const uint64_t first = rng_next(rng);
		uint64_t last = first;
		unsigned n = 1;
		for (;; n++) {
			const uint64_t draw = rng_next(rng);
			if (draw >= last)
				break;
			last = draw;
		}
		if (n % 2)
			return whole * mean_ns +
			       (uint64_t)((unsigned __int128)mean_ns * first >> 64);
	}
}

int background_init(struct background *b, const struct background_config *c, uint32_t vm_pages,
		    uint64_t run_seed, struct err *e)
{
	*b = (struct background){ .vm_pages = vm_pages, .next_ns = UINT64_MAX };
	rng_init(&b->rng, run_seed, "background");
	if (!c->rate.count || !vm_pages)
		return 0;
	b->gap_ns = c->rate.per_ns / c->rate.count;
	if (!b->gap_ns)
		return err_set(e, ERR_USAGE, "background.rate: more than one touch a nanosecond");

	const uint64_t pages = (uint64_t)vm_pages * c->pages_ppm / PPM_PER_ONE;
	b->npages = pages ? (uint32_t)pages : 1;
	make_steps(b, c->theta_ppm);
	/* near the golden section, so that neighbouring ranks lie far apart */
	b->factor = (uint64_t)((unsigned __int128)vm_pages * UINT64_C(2654435769) >> 32) | 1;
	while (gcd(b->factor, vm_pages) != 1)
		b->factor++;
	b->offset = rng_below(&b->rng, vm_pages);
	b->next_ns = draw_gap(&b->rng, b->gap_ns);
	return 0;
}

struct background_touch background_next(struct background *b)
{
	const uint64_t draw = rng_next(&b->rng);
	unsigned step = 0;
	while (draw > b->steps[step])
		step++;
	const uint64_t size = UINT64_C(1) << step, room = b->npages - size + 1;
	const uint64_t rank = size - 1 + rng_below(&b->rng, room < size ? room : size);
	const struct background_touch t = {
		.ts_ns = b->next_ns,
		.page = (uint32_t)((rank * b->factor + b->offset) % b->vm_pages),
	};
	b->next_ns += draw_gap(&b->rng, b->gap_ns);
	return t;
}
