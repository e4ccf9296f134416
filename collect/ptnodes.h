// SPDX-License-Identifier: MIT
/* Which NUMA node a host frame is on, as the numamap of a page-table dump says (ptdump.h). */
#ifndef PUGMARK_COLLECT_PTNODES_H
#define PUGMARK_COLLECT_PTNODES_H

#include "base/err.h"
#include "base/units.h"
#include "collect/ptdump.h"

#include <stddef.h>
#include <stdint.h>

enum {
	PTNODES_MAX = 254,
	PTNODES_NONE = 255, /* no node: what a frame outside of all ranges is on */
	PTNODES_RANGES_MAX = 1 << 16,
};

/* Ready when zeroed. */
struct ptnodes {
	struct ptdump_node
		*ranges; /* by first byte, none overlap: of what does the first line holds */
	size_t n;
	unsigned nodes; /* greatest number + 1 */
};

/* One range more. ERR_FORMAT: a node above PTNODES_MAX - 1, or too many ranges. */
int ptnodes_add(struct ptnodes *m, const struct ptdump_node *range, struct err *e);
void ptnodes_deinit(struct ptnodes *m);

/* The node of a frame, or PTNODES_NONE. */
static inline unsigned ptnodes_find(const struct ptnodes *m, uint64_t frame)
{
	const uint64_t byte = frame << PAGE_SHIFT;
	size_t from = 0, to = m->n;
	while (from < to) {
		const size_t middle = (from + to) / 2;
		if (byte < m->ranges[middle].begin)
			to = middle;
		else if (byte >= m->ranges[middle].end)
			from = middle + 1;
		else
			return m->ranges[middle].node;
	}
	return PTNODES_NONE;
}

#endif
