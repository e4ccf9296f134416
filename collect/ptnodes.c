// SPDX-License-Identifier: MIT
/* Ranges of bytes by node, inserted in order. */
#include "collect/ptnodes.h"

#include <stdlib.h>
#include <string.h>

static int insert(struct ptnodes *m, size_t at, struct ptdump_node r, struct err *e)
{
	if (m->n >= PTNODES_RANGES_MAX)
		return err_set(e, ERR_FORMAT, "a numamap of more than %d ranges",
			       PTNODES_RANGES_MAX);
	if (!(m->n & (m->n + 1))) { /* room for 2^k - 1 */
		struct ptdump_node *more = realloc(m->ranges, (2 * m->n + 1) * sizeof(*more));
		if (!more)
			return err_set(e, ERR_NOMEM, "out of memory");
		m->ranges = more;
	}
	memmove(&m->ranges[at + 1], &m->ranges[at], (m->n - at) * sizeof(*m->ranges));
	m->ranges[at] = r;
	m->n++;
	return 0;
}

int ptnodes_add(struct ptnodes *m, const struct ptdump_node *range, struct err *e)
{
	struct ptdump_node left = *range;
	if (range->node >= PTNODES_MAX)
		return err_set(e, ERR_FORMAT, "node %u: expected one below %d", range->node,
			       PTNODES_MAX);
	if (range->node >= m->nodes)
		m->nodes = range->node + 1;
	size_t at = 0;
	/* what the ranges that are there leave of it, piece by piece */
	for (; left.begin < left.end; at++) {
		while (at < m->n && m->ranges[at].end <= left.begin)
			at++;
		struct ptdump_node piece = left;
		if (at < m->n && m->ranges[at].begin < piece.end)
			piece.end = m->ranges[at].begin;
		left.begin = piece.end;
		if (piece.begin < piece.end) {
			const int rc = insert(m, at, piece, e);
			if (rc)
				return rc;
		}
		if (left.begin < left.end) { /* the next range begins here: go past it */
			const size_t next = at + (piece.begin < piece.end);
			left.begin = m->ranges[next].end;
			at = next;
		}
	}
	return 0;
}

void ptnodes_deinit(struct ptnodes *m)
{
	free(m->ranges);
	*m = (struct ptnodes){};
}
