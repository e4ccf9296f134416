// SPDX-License-Identifier: MIT
/*
 * Where the page tables of nested walks lie, from dumps of guest and extended
 * page table (ptdump.h): the classes LL, LR, RL, RR of Panwar et al., "Fast
 * Local Page-Tables for Virtualized NUMA Servers with vMitosis" (ASPLOS 2021).
 * Of a leaf entry of the guest's table the first letter is the node of the host
 * frame of the leaf table that holds it, the second the node of the leaf table
 * of the extended page table that maps the data page; L = the node of the
 * observing socket. An entry of which either has no mapping is an error for
 * every socket. A leaf table counts once for each entry of level 2 that points
 * to it: no walk gets to one without.
 *
 * Of a guest's leaf table its frame and node counts are kept: 16 bytes and 2 a
 * node; of the extended page table what ptmap.h says.
 *
 * Leaves out 1 GiB pages, which the text does not tell from tables.
 */
#ifndef PUGMARK_COLLECT_PTCLASS_H
#define PUGMARK_COLLECT_PTCLASS_H

#include "collect/ptdump.h"

#include <stdint.h>

enum ptclass_kind { PTCLASS_LL, PTCLASS_LR, PTCLASS_RL, PTCLASS_RR, PTCLASS_KINDS };

/* Of one snapshot. */
struct ptclass_counts {
	unsigned nodes;
	/* by node of the guest's leaf table and of the extended one's: nodes x nodes */
	const uint64_t *entries, *huge; /* huge: those of them that map 2 MiB */
	uint64_t errors, huge_errors;
	uint64_t unreached; /* leaf tables that no entry of level 2 points to */
	uint64_t missing;   /* entries of level 2 that point to a table that is not there */
};

/* Sums of entries or huge as a socket sees them. */
void ptclass_of_socket(const struct ptclass_counts *c, const uint64_t *counts, unsigned socket,
		       uint64_t out[PTCLASS_KINDS]);

struct ptclass;

/* The inputs are borrowed. 0 or ERR_NOMEM. */
int ptclass_new(struct ptdump *guest, struct ptdump *extended, struct ptclass **out, struct err *e);
void ptclass_free(struct ptclass *c);

/*
 * The next snapshot that both dumps have: 1, counts borrowed until the next
 * call; 0 when either has no more, which is a damage of it if the other has.
 * ERR_FORMAT where the extended page table cannot be read as one.
 */
int ptclass_next(struct ptclass *c, const struct ptclass_counts **out, struct err *e);

#endif
