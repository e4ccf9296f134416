// SPDX-License-Identifier: MIT
/* Costs: constants, and tables with their cells. */
#include "sim/nvme-cost.h"
#include "base/units.h"

enum { CELL_SHIFT = 32 - 10 };

static const uint64_t ask_table = UINT64_C(1) << 63;

void nvme_cost_const(struct nvme_cost *c, uint64_t fixed_q16)
{
	*c = (struct nvme_cost){ .fixed = fixed_q16 };
}

/* Whether a line across the cell is within 0.1 % of the table at its quarters. */
static bool is_straight(const struct quantile *q, uint64_t from, uint64_t lo, uint64_t hi)
{
	for (uint64_t i = 1; i < 4; i++) {
		const uint64_t line = lo + (hi - lo) * i / 4;
		const uint64_t exact = quantile_at_256(q, from + (i << (CELL_SHIFT - 2)));
		const uint64_t off = line > exact ? line - exact : exact - line;
		if (off > exact >> 10)
			return false;
	}
	return true;
}

int nvme_cost_table(struct nvme_cost *c, const struct quantile *table, uint64_t seed,
		    const char *name, struct arena *a)
{
	*c = (struct nvme_cost){ .table = table };
	rng_init(&c->rng, seed, name);
	c->cell = arena_alloc(a, NVME_COST_CELLS + 1, sizeof(*c->cell));
	if (!c->cell)
		return ERR_NOMEM;
	for (uint64_t i = 0; i <= NVME_COST_CELLS; i++)
		c->cell[i] = quantile_at_256(table, i < NVME_COST_CELLS ? i << CELL_SHIFT
									: QUANTILE_ONE - 1);
	for (uint64_t i = 0; i < NVME_COST_CELLS; i++)
		if (!is_straight(table, i << CELL_SHIFT, c->cell[i], c->cell[i + 1]))
			c->cell[i] |= ask_table;
	return 0;
}

int nvme_cost_init(struct nvme_cost *c, const struct dist *d, uint64_t seed, const char *name,
		   struct arena *a, struct err *e)
{
	if (d->kind == DIST_CONST) {
		nvme_cost_const(c, d->a_ns << NVME_COST_BITS);
		return 0;
	}
	struct quantile *q = arena_alloc(a, 1, sizeof(*q));
	if (!q)
		return err_set(e, ERR_NOMEM, "out of memory for %s", name);
	const int rc = quantile_init(q, d, a, e);
	if (rc)
		return err_prefix(e, "%s", name);
	return nvme_cost_table(c, q, seed, name, a) ? err_set(e, ERR_NOMEM, "out of memory") : 0;
}

void nvme_cost_copy(struct nvme_cost *c, const struct nvme_cost *from, uint64_t seed,
		    const char *name)
{
	*c = *from;
	if (c->table)
		rng_init(&c->rng, seed, name);
}

void nvme_cost_per_byte(struct nvme_cost *c, uint64_t bytes_per_s)
{
	c->byte_q32 = bytes_per_s ? (uint64_t)(((unsigned __int128)NS_PER_SEC << 32) / bytes_per_s)
				  : 0;
}

int nvme_cost_stratify(struct nvme_cost *c, struct arena *a)
{
	c->strata = arena_alloc(a, NVME_COST_STRATA, sizeof(*c->strata));
	if (!c->strata)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < NVME_COST_STRATA; i++)
		c->strata[i] = (uint8_t)i;
	return 0;
}

/* The next stratum: a shuffle (Fisher and Yates) that goes on from tour to tour. */
static uint64_t stratified(struct nvme_cost *c, uint64_t p)
{
	const uint32_t i = c->drawn++ % NVME_COST_STRATA;
	const uint32_t k = i + (uint32_t)rng_below(&c->rng, NVME_COST_STRATA - i);
	const uint8_t stratum = c->strata[k];

	c->strata[k] = c->strata[i];
	c->strata[i] = stratum;
	return ((uint64_t)stratum << 32 | p) / NVME_COST_STRATA;
}

uint64_t nvme_cost_draw_256(struct nvme_cost *c)
{
	uint64_t p = rng_next(&c->rng) >> 32;

	if (c->strata)
		p = stratified(c, p);
	const uint64_t lo = c->cell[p >> CELL_SHIFT];

	if (lo & ask_table)
		return quantile_at_256(c->table, p);
	const uint64_t rise = (c->cell[(p >> CELL_SHIFT) + 1] & ~ask_table) - lo;
	return lo + (rise * (p & ((1 << CELL_SHIFT) - 1)) >> CELL_SHIFT);
}

uint64_t nvme_cost_mean(const struct nvme_cost *c)
{
	return (c->fixed >> NVME_COST_BITS) + (c->table ? quantile_mean(c->table) : 0);
}
