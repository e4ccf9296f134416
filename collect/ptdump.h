// SPDX-License-Identifier: MIT
/*
 * Page-table dumps as text, read as a stream: the format of the public dump
 * tool of the Mitosis project. A file holds `<numamap>` with lines `node base
 * limit` (bytes), then one or more snapshots: `<ptdump process="N" count="N">`,
 * a line `<levelN b="frame">` with 512 entries a table, `</ptdump>`. An entry
 * is 0 or `[n][x|p]frame` in hexadecimal: n = a NUMA hint (not present, but
 * mapped), x = executable, p at level 2 = points to a table; a frame at level 2
 * without p is that of a 2 MiB page (address >> 21).
 *
 * Lines that are none of this are counted and told, and the rest is read on.
 */
#ifndef PUGMARK_COLLECT_PTDUMP_H
#define PUGMARK_COLLECT_PTDUMP_H

#include "collect/input.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	PTDUMP_ENTRIES = 512,
	PTDUMP_LEVELS = 5, /* the tool writes 4 */
	PTDUMP_FRAME_BITS = 52,
	PTDUMP_TOLD_MAX = 3, /* damages of a file that are told one by one */
};

/* Bits above the frame of an entry. */
#define PTDUMP_HINT       (UINT64_C(1) << 63)
#define PTDUMP_EXECUTABLE (UINT64_C(1) << 62)
#define PTDUMP_TABLE      (UINT64_C(1) << 61)

static inline uint64_t ptdump_frame(uint64_t entry)
{
	return entry & ((UINT64_C(1) << PTDUMP_FRAME_BITS) - 1);
}

enum ptdump_item {
	PTDUMP_END_OF_INPUT,
	PTDUMP_NODE,  /* a line of the numamap: d->node */
	PTDUMP_BEGIN, /* of a snapshot: process, count */
	PTDUMP_LEVEL, /* d->table */
	PTDUMP_DONE,  /* a snapshot ends: d->tables lines were tables */
};

struct ptdump_node {
	uint64_t begin, end; /* bytes, half open */
	unsigned node;
};

/* Only the entries that are not 0, in order. */
struct ptdump_table {
	uint64_t frame;
	unsigned level, n;
	uint16_t index[PTDUMP_ENTRIES];
	uint64_t entry[PTDUMP_ENTRIES];
};

struct ptdump {
	struct input *in; /* borrowed */
	uint64_t line;    /* that the item was on, from 1 */
	uint64_t process, count, tables;
	struct ptdump_node node;
	struct ptdump_table table;
	uint64_t damages;
	struct err first_damage;
	/* told as it happens, up to PTDUMP_TOLD_MAX; may be NULL */
	void (*warn)(void *ctx, const char *sentence);
	void *ctx;
	/* private */
	const char *p, *end;
	bool is_in_map, is_in_dump, is_ended;
};

/* A ptdump is ready when zeroed and given its input. */

/*
 * The next item: an enum ptdump_item, negative on an error of the system. What
 * ends before its </ptdump> is a damage, and the snapshot ends there.
 */
int ptdump_next(struct ptdump *d, struct err *e);

/* Counts a damage of the line of the last item, "FILE: line N: why", and keeps the first. */
void ptdump_damage(struct ptdump *d, const char *why, ...) __attribute__((format(printf, 2, 3)));

#endif
