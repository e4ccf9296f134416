// SPDX-License-Identifier: MIT
/* Data that moves, tables that follow or stay, and the throughput meanwhile. */
#include "sim/numa-move.h"

enum {
	TABLE_ENTRIES = 512,
	SCALE_TABLES = 2048, /* a timeline plays so many tables, whatever the program has */
};

#define ROW(name, type, unit, text, min, max, help, field)             \
	{                                                              \
		"move", name, type, unit, text, min, max, help,        \
			offsetof(struct numa_move_config, field), NULL \
	}

const struct param numa_move_params[] = {
	ROW("samples", PARAM_U64, "samples", "350 | published | vMitosis, live migration", 2,
	    1000000, "Of the timeline", samples),
	ROW("start", PARAM_U64, "samples", "50 | guess", 1, 1000000, "When the move begins", start),
	ROW("pace", PARAM_U64, "samples", "100 | guess", 1, 1000000, "Until all data has followed",
	    pace),
	ROW("data_exposed", PARAM_PPM, NULL, "50% | guess", 0, 1000000,
	    "Added latency of data that is still away, as far as the program waits for it",
	    data_exposed_ppm),
};
const size_t numa_move_nparams = sizeof(numa_move_params) / sizeof(*numa_move_params);

/* ---- leaves ---- */

bool numa_leaves_init(struct numa_leaves *l, uint64_t pages, struct arena *a)
{
	const uint64_t n = (pages + TABLE_ENTRIES - 1) / TABLE_ENTRIES;

	*l = (struct numa_leaves){ .n = (uint32_t)n, .pages = pages };
	l->filled = arena_alloc(a, n, sizeof(*l->filled));
	l->moved = arena_alloc(a, n, sizeof(*l->moved));
	l->is_moved = arena_alloc(a, n, sizeof(*l->is_moved));
	if (!l->filled || !l->moved || !l->is_moved)
		return false;
	for (uint64_t i = 0; i < n; i++) {
		const uint64_t left = pages - i * TABLE_ENTRIES;
		l->filled[i] = (uint16_t)(left < TABLE_ENTRIES ? left : TABLE_ENTRIES);
		l->moved[i] = l->is_moved[i] = 0;
	}
	return true;
}

bool numa_leaves_move_one(struct numa_leaves *l, uint32_t t)
{
	if (l->moved[t] == l->filled[t])
		return false;
	l->moved[t]++;
	l->pages_moved++;
	return true;
}

void numa_leaves_move(struct numa_leaves *l, uint64_t n)
{
	while (n && l->hand < l->n)
		if (numa_leaves_move_one(l, l->hand))
			n--;
		else
			l->hand++;
}

uint64_t numa_leaves_follow(struct numa_leaves *l)
{
	uint64_t went = 0;

	for (uint32_t t = 0; t < l->n; t++)
		if (!l->is_moved[t] && 2 * l->moved[t] > l->filled[t]) {
			l->is_moved[t] = 1;
			went++;
		}
	l->tables_moved += went;
	return went;
}

void numa_leaves_count(const struct numa_leaves *l, uint64_t out[2][2])
{
	out[0][0] = out[0][1] = out[1][0] = out[1][1] = 0;
	for (uint32_t t = 0; t < l->n; t++) {
		out[l->is_moved[t]][1] += l->moved[t];
		out[l->is_moved[t]][0] += l->filled[t] - l->moved[t];
	}
}

/* ---- timeline ---- */

/* AutoNUMA moves what is touched: pages anywhere. */
static void scatter(struct numa_leaves *l, uint64_t n, struct rng *rng)
{
	while (n && l->pages_moved < l->pages)
		if (numa_leaves_move_one(l, (uint32_t)rng_below(rng, l->n)))
			n--;
}

static uint64_t share(uint64_t v, uint64_t ppm)
{
	return (uint64_t)((unsigned __int128)v * ppm / PPM_PER_ONE);
}

static void take_sample(const struct numa_move_config *c, const struct numa_pace *p,
			const struct numa_leaves *l, const bool *follows_data,
			const bool *follows_tables, bool has_moved, struct numa_sample *out)
{
	uint64_t cycles = p->run_cycles;

	*out = (struct numa_sample){};
	if (has_moved)
		out->far_data_ppm = (l->pages - l->pages_moved) * PPM_PER_ONE / l->pages;
	cycles += share(share(p->far_data_cycles, out->far_data_ppm), c->data_exposed_ppm);
	for (int t = NUMA_GPT; t < NUMA_TABLES && has_moved; t++) {
		out->far_ppm[t] = follows_data[t] ? out->far_data_ppm
				  : follows_tables[t]
					  ? (l->n - l->tables_moved) * PPM_PER_ONE / l->n
					  : PPM_PER_ONE;
		cycles += share(p->far_cycles[t], out->far_ppm[t]);
	}
	out->throughput_ppm =
		cycles ? (uint64_t)((unsigned __int128)p->run_cycles * PPM_PER_ONE / cycles) : 0;
}

int numa_move_play(const struct numa_move_config *c, enum numa_mover mover, const int *fix,
		   const struct numa_pace *pace, uint64_t seed, struct arena *a,
		   struct numa_sample *out, struct err *e)
{
	const bool follows_data[NUMA_TABLES] = { mover == NUMA_VM_MOVES, false };
	const bool follows_tables[NUMA_TABLES] = { fix[NUMA_GPT] == NUMA_MIGRATE,
						   fix[NUMA_EPT] == NUMA_MIGRATE };
	struct numa_leaves leaves;
	struct rng rng;

	if (!numa_leaves_init(&leaves, (uint64_t)SCALE_TABLES * TABLE_ENTRIES, a))
		return err_set(e, ERR_NOMEM, "no memory for a migration");
	rng_init(&rng, seed, "numa.move");
	for (uint64_t i = 0; i < c->samples; i++) {
		const bool has_moved = i >= c->start;
		take_sample(c, pace, &leaves, follows_data, follows_tables, has_moved, &out[i]);
		if (!has_moved)
			continue;
		/* so that the last page goes after exactly `pace` samples */
		const uint64_t step = i - c->start + 1;
		const uint64_t goal = step < c->pace ? leaves.pages * step / c->pace : leaves.pages;
		scatter(&leaves, goal - leaves.pages_moved, &rng);
		numa_leaves_follow(&leaves);
	}
	return 0;
}

uint64_t numa_move_end_ppm(const struct numa_sample *s, uint64_t samples, uint64_t n)
{
	uint64_t sum = 0;

	n = n < samples ? n : samples;
	for (uint64_t i = samples - n; i < samples; i++)
		sum += s[i].throughput_ppm;
	return n ? (sum + n / 2) / n : 0;
}
