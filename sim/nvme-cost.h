// SPDX-License-Identifier: MIT
/*
 * How long a piece of work takes: a draw from a table or a constant, and a part
 * by size. Fractions of a ns are carried to the next draw, so that the mean is
 * right to 2^-16 ns although each draw is whole.
 *
 * Draws come from 1024 even cells of probability where a line across the cell
 * is as good as the table (3 ns), else from the table itself (10 ns).
 */
#ifndef PUGMARK_SIM_NVME_COST_H
#define PUGMARK_SIM_NVME_COST_H

#include "base/arena.h"
#include "base/err.h"
#include "base/quantile.h"
#include "base/rng.h"

#include <stdbool.h>
#include <stdint.h>

enum { NVME_COST_CELLS = 1024, NVME_COST_BITS = 16, NVME_COST_STRATA = 64 };

/* Zeroed: costs nothing. */
struct nvme_cost {
	const struct quantile *table; /* NULL: the constant */
	uint64_t fixed;               /* 2^-16 ns */
	uint64_t byte_q32;            /* ns a byte, 2^-32 */
	uint64_t carry;               /* 2^-16 ns */
	uint64_t *cell;               /* 1/256 ns at the cells' ends; the top bit: ask the table */
	uint8_t *strata;              /* NULL: draws are independent */
	uint32_t drawn;               /* of the strata */
	struct rng rng;
};

/* The text of a parameter; name is the component's, for its random stream. */
int nvme_cost_init(struct nvme_cost *c, const struct dist *d, uint64_t seed, const char *name,
		   struct arena *a, struct err *e);

/* A constant of 2^-16 ns; a table, which is borrowed. */
void nvme_cost_const(struct nvme_cost *c, uint64_t fixed_q16);
int nvme_cost_table(struct nvme_cost *c, const struct quantile *table, uint64_t seed,
		    const char *name, struct arena *a);

/* The same cost with a random stream of its own; tables are shared. */
void nvme_cost_copy(struct nvme_cost *c, const struct nvme_cost *from, uint64_t seed,
		    const char *name);

/* On top, bytes at so many a second; 0: none. */
void nvme_cost_per_byte(struct nvme_cost *c, uint64_t bytes_per_s);

/*
 * For rare events: from now on, of 64 draws one comes from each 64th of the
 * distribution, in random order (Latin hypercube sampling). The distribution
 * stays the same, neighbours correlate by 1/63, and a run has the right number
 * of events to 1/8 of what independent draws would be off.
 */
int nvme_cost_stratify(struct nvme_cost *c, struct arena *a);

uint64_t nvme_cost_draw_256(struct nvme_cost *c);

static inline bool nvme_cost_is_nothing(const struct nvme_cost *c)
{
	return !c->table && !c->fixed && !c->byte_q32;
}

static inline uint64_t nvme_cost_take(struct nvme_cost *c, uint32_t bytes)
{
	uint64_t v = c->fixed + c->carry;

	if (c->table)
		v += nvme_cost_draw_256(c) << (NVME_COST_BITS - 8);
	if (c->byte_q32)
		v += (uint64_t)((unsigned __int128)bytes * c->byte_q32 >> (32 - NVME_COST_BITS));
	c->carry = v & ((1 << NVME_COST_BITS) - 1);
	return v >> NVME_COST_BITS;
}

/* In whole ns. */
uint64_t nvme_cost_mean(const struct nvme_cost *c);

#endif
