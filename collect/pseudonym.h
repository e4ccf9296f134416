// SPDX-License-Identifier: MIT
/*
 * Other names for what a trace tells of a host: page, block and object numbers
 * through keyed permutations, names through keyed hashes. Equal stays equal, so
 * that traces under one key can still be joined; what is which only the key
 * tells. Times, sizes, directions and frequencies remain as they are.
 *
 * Numbers are permuted in grains (2 MiB, unless asked otherwise): neighbours
 * within one stay neighbours, and grains above 4 GiB among those with the same
 * highest bit, so that nobody need say how much memory a host has.
 */
#ifndef PUGMARK_COLLECT_PSEUDONYM_H
#define PUGMARK_COLLECT_PSEUDONYM_H

#include "base/permute.h"
#include "base/sha256.h"
#include "store/trace-writer.h"
#include "store/trace.h"

enum {
	PSEUDONYM_KEY_BYTES_MIN = 16,
	PSEUDONYM_KEY_BYTES_MAX = 4096,
	PSEUDONYM_GRAIN_SHIFT_MAX = 20, /* 4 GiB */
	PSEUDONYM_NAME_BYTES = 40,
};

/* What has numbers of its own. */
enum pseudonym_space {
	PSEUDONYM_PAGE,
	PSEUDONYM_BLOCK,
	PSEUDONYM_SLOT,
	PSEUDONYM_OBJECT,
	PSEUDONYM_TASK,   /* process or address space */
	PSEUDONYM_NUMBER, /* flows, requests: any number */
	PSEUDONYM_SEQUENCE,
	PSEUDONYM_SPACES,
};

struct pseudonym {
	struct siphash_key keys[PSEUDONYM_SPACES];
	uint8_t secret[SHA256_BYTES]; /* of names */
	unsigned grain_shift;         /* pages in a grain: 1 << grain_shift */
	uint64_t clock_shift_ns, wall_shift_ns;
};

/*
 * Reads the key: a file of ours alone, 16 bytes or more. ERR_PERM when others
 * could read it, ERR_USAGE when it is too short or too long.
 */
int pseudonym_init(struct pseudonym *p, const char *key_path, unsigned grain_shift, struct err *e);

/* The secrets are gone afterwards. */
void pseudonym_deinit(struct pseudonym *p);

/* Of a page (a 4 KiB block, an object): inside a grain it keeps its place. */
uint64_t pseudonym_page(const struct pseudonym *p, enum pseudonym_space s, uint64_t page);

/* "dev-0123456789ab" of a name. */
void pseudonym_name(const struct pseudonym *p, const char *prefix, const char *name,
		    char out[PSEUDONYM_NAME_BYTES]);

struct pseudonym_counts {
	uint64_t rows_in, rows_out; /* out: a range is cut where a grain ends */
	uint64_t io_cut;            /* block requests among those cut */
	uint64_t dropped_texts;     /* meta, details of losses */
	uint64_t damaged;           /* chunks that could not be read */
	bool has_memslots, has_distributions, is_sampled;
};

/* Writes out: a trace without anything of t but what is said above. */
int pseudonym_write(const struct pseudonym *p, struct trace *t, const char *out,
		    struct pseudonym_counts *counts_out, struct err *e);

/* ---- of single rows, for pseudonym_write and tests ---- */

/* Puts a row of k, in as many parts as it spans grains. */
int pseudonym_put(const struct pseudonym *p, struct trace_stream *s, uint64_t *values,
		  struct pseudonym_counts *counts, struct err *e);

#endif
