// SPDX-License-Identifier: MIT
/*
 * What a replacement policy is: one file with a state, an access function and a
 * table of functions at its end, one line in policies/all.c and one short
 * manual NAME.md. The same files serve `pugmark cache` (resident = held by the
 * policy) and `pin` (held = pinned). A policy that only pins has a table of
 * pinning functions instead of access: policies/pinning.h.
 *
 * Pages are dense numbers 0 .. npages-1 in order of first touch; a policy
 * keeps plain arrays indexed by them, taken from the arena at init, and never
 * allocates afterwards. The caller checks arguments and results; a policy does
 * no defensive checks of its own.
 */
#ifndef PUGMARK_POLICIES_POLICY_H
#define PUGMARK_POLICIES_POLICY_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Version of this header's structs: an out-of-tree policy is refused on mismatch. */
enum { POLICY_ABI = 2 };

/* Results of an access; any other value is the page that was evicted to make room. */
enum {
	POLICY_HIT = UINT32_MAX,      /* the page was held */
	POLICY_ROOM = UINT32_MAX - 1, /* miss, and nothing had to go */
	POLICY_UNNAMED =
		UINT32_MAX - 2, /* miss; a page went, the policy does not know which (min) */
};

/* npages and capacity_pages are not above this: doubling one still fits 32 bits. */
enum { POLICY_PAGES_MAX = 2000000000 };

/* Requests are counted from 0; a page that is not asked for again has this next use. */
#define POLICY_NEVER UINT64_MAX

struct policy_pinning;
struct policy_view;
struct policy_hindsight;
struct policy_map;
struct param;

struct policy_setup {
	struct arena *arena;     /* lives as long as the state */
	uint32_t npages;         /* dense page numbers are below this */
	uint32_t capacity_pages; /* at least 1: how many may be held at once */
	uint64_t nrequests;      /* that will be made */
	uint64_t seed;           /* of this policy's own random stream */

	const void *params; /* what policy.params describe; NULL without such rows */

	/* for pinning policies; NULL for others */
	const struct policy_view *view; /* as long as the state */
	const struct policy_hindsight *hindsight;
	const struct policy_map *map; /* only if needs_map, never NULL then */
};

/* A run of requests, oldest first. */
struct policy_batch {
	const uint32_t *pages;
	const uint64_t *next_use; /* request number, or POLICY_NEVER; only if needs_future */
	size_t n;
	uint64_t first; /* number of the first request */
};

struct policy {
	unsigned abi; /* POLICY_ABI */
	const char *name;
	const char *summary; /* one line */
	const char *source;  /* where the algorithm is described */
	bool needs_future;   /* wants next_use */

	/* Makes the state in setup->arena; NULL when memory is out. */
	void *(*init)(const struct policy_setup *setup);

	/* One request: POLICY_HIT, POLICY_ROOM or the evicted page. */
	uint32_t (*access)(void *state, uint32_t page, uint64_t request, uint64_t next_use);

	/* A whole batch; returns its misses. Made by POLICY_RUN below; missing: access is looped.
	 */
	uint64_t (*run)(void *state, const struct policy_batch *batch);

	/* Releases what the arena does not own; missing: nothing. */
	void (*deinit)(void *state);

	/* Since version 2. Set: the policy only pins, and has neither access nor run. */
	const struct policy_pinning *pinning;

	/* Asks for the memory that an access to the page will need; may be missing. */
	void (*prefetch)(void *state, uint32_t page);

	/* Rows of section [pin] that fill a struct of params_bytes (base/param.h); may be missing.
	 */
	const struct param *params;
	size_t nparams, params_bytes;
};

/* Policies prefetch the page this many requests ahead (measured: 12-16 hide a miss). */
enum { POLICY_AHEAD = 12 };

/* What the hot functions of a policy are: inlined into its run. */
#define POLICY_INLINE static inline __attribute__((always_inline))

/*
 * Makes `uint64_t NAME_run(void *, const struct policy_batch *)`, the loop that
 * a policy named NAME puts into .run, from its NAME_access and NAME_prefetch
 * (void *state, uint32_t page: asks for the memory that an access will need).
 * The loop works on a copy of struct NAME, which the compiler keeps in
 * registers: without it every store through a byte pointer reloads the state.
 */
#define POLICY_RUN(name)                                                                   \
	static uint64_t name##_run(void *state, const struct policy_batch *b)              \
	{                                                                                  \
		struct name copy = *(struct name *)state;                                  \
		uint64_t misses = 0;                                                       \
		for (size_t i = 0; i < b->n; i++) {                                        \
			const size_t ahead = i + POLICY_AHEAD;                             \
			name##_prefetch(&copy, b->pages[ahead < b->n ? ahead : i]);        \
			const uint64_t next = b->next_use ? b->next_use[i] : POLICY_NEVER; \
			misses += name##_access(&copy, b->pages[i], b->first + i, next) != \
				  POLICY_HIT;                                              \
		}                                                                          \
		*(struct name *)state = copy;                                              \
		return misses;                                                             \
	}

extern const struct policy *const policies[];     /* that replace: alphabetical, NULL at the end */
extern const struct policy *const pin_policies[]; /* that only pin, likewise */

/* Built-in policy that replaces, or also one that only pins, by name; NULL: there is none. */
const struct policy *policy_find(const char *name);
const struct policy *policy_find_pinning(const char *name);

#endif
