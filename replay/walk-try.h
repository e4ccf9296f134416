// SPDX-License-Identifier: MIT
/*
 * How far guesses carry a verdict: two designs again, with one input at another
 * value that it could have as well. Costs need no second look at the trace;
 * sizes of caches take one more pass, all of them together.
 */
#ifndef PUGMARK_REPLAY_WALK_TRY_H
#define PUGMARK_REPLAY_WALK_TRY_H

#include "replay/walk-report.h"

enum { WALK_TRIES_MAX = 24 };

struct walk_tried {
	const char *input;     /* "walk.ntlb" */
	const char *from, *to; /* as written; borrowed from design and table */
	uint64_t ratio_ppm;    /* time of the slower design by that of the faster, as they were */
};

struct walk_tries {
	const struct walk_row *fast, *slow; /* of the verdict */
	struct walk_tried all[WALK_TRIES_MAX];
	size_t n;
};

/* Where the designs come from, to read them again. */
struct walk_try_sources {
	const char *fast, *slow; /* path or name */
	const char *const *sets;
	size_t nsets;
	struct trace *trace;
	const struct trace_stream_info *stream;
};

/* fast and slow of *out are given; inputs that the user gave a value are not tried. */
int walk_try(const struct walk_try_sources *s, struct arena *a, struct walk_tries *out,
	     struct err *e);

#endif
