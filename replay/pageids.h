// SPDX-License-Identifier: MIT
/*
 * Dense page numbers: maps any 64-bit page number to 0, 1, 2 ... in order of
 * first touch. Policies then index plain arrays. The numbers depend on the
 * requests only, never on the hash.
 *
 * Memory: 12.8 bytes a slot, 16 to 32 bytes a page; while the table doubles,
 * the old one exists beside the new.
 */
#ifndef PUGMARK_REPLAY_PAGEIDS_H
#define PUGMARK_REPLAY_PAGEIDS_H

#include "base/err.h"
#include "replay/source.h"

#include <stddef.h>
#include <stdint.h>

struct pageids_line;

struct pageids {
	struct pageids_line *lines; /* a power of two of them */
	unsigned shift;             /* 64 - log2(lines) */
	uint32_t n;                 /* pages so far: the next number */
	uint32_t n_max;             /* the table grows before it holds more */
};

int pageids_init(struct pageids *p, struct err *e);
void pageids_deinit(struct pageids *p);

/* The numbers of n pages, in order; new pages get the next numbers. */
int pageids_map(struct pageids *p, const uint64_t *pages, size_t n, uint32_t *ids_out,
		struct err *e);

/* The pages by their number: p->n of them. */
void pageids_list(const struct pageids *p, uint64_t *pages_out);

/* Bytes of the table. */
size_t pageids_bytes(const struct pageids *p);

struct spool;

/* Reads a source to its end: expands its ranges and appends their ids to the spool. */
int pageids_ingest(struct pageids *p, const struct page_source *source, struct spool *out,
		   struct err *e);

#endif
