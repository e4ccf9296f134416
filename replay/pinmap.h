// SPDX-License-Identifier: MIT
/*
 * A pin map says which guest-physical pages of one VM a VMM should keep pinned,
 * why, and for how long: what a replay of the VM's past learned
 * (replay/pinmap-learn.h), in a form that a VMM can apply. It says as well what
 * it promises (I/O page faults a day with it and without), and when to give it
 * up: faults in a window above which the VMM drops the map and pins as before.
 *
 * As a file: one JSON object, pugmark-pinmap(5). All numbers are integers; times
 * are ns, of the trace's clock or after the map's start.
 */
#ifndef PUGMARK_REPLAY_PINMAP_H
#define PUGMARK_REPLAY_PINMAP_H

#include "base/err.h"
#include "base/sha256.h"
#include "store/trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	PINMAP_NAME_BYTES = 80,
	PINMAP_RANGES_MAX = 1 << 20,     /* of a file */
	PINMAP_FILE_BYTES_MAX = 1 << 28, /* likewise */
};

/* Why a page is in the map; each is something that the replay saw, in this order of precedence. */
enum pinmap_reason {
	PINMAP_COHERENT, /* mapped for a device from before the end of the past and still: a ring */
	PINMAP_RETURNS,  /* faulted in more than one spell of use: it comes back after it left */
	PINMAP_ONCE,     /* faulted in one spell of use */
	PINMAP_AHEAD,    /* did not fault, but lies beside a row of pages that did: where a device
			    walks on */
	PINMAP_REASONS
};
extern const char *const pinmap_reason_names[]; /* "coherent" .., NULL at the end */

struct pinmap_range {
	uint64_t first, npages; /* page numbers of the guest's physical memory */
	enum pinmap_reason reason;
	uint64_t expires_ns; /* after the map's start: from then on it need not be pinned */
	uint64_t iopf;       /* that its pages had in the past without pins */
};

/* An expected value and its interval, low <= middle <= high. */
struct pinmap_interval {
	uint64_t low, middle, high;
};

struct pinmap_forecast {
	struct pinmap_interval with, without; /* IOPFs a day, in thousandths */
	struct pinmap_interval cut_ppm;       /* of those without the map: share that it spares */
	uint64_t coverage_ppm;                /* of the intervals, nominal */
	uint64_t horizon_ns;                  /* how long after the start it is good for */
	uint64_t blocks; /* of the past, that the intervals rest on; below 2 they are no better
			    than a Poisson count's */
};

/* More IOPFs than that within the window: drop the map, pin as before. */
struct pinmap_rollback {
	uint64_t iopf, window_ns;
	char why[160]; /* how it was derived: a sentence */
};

struct pinmap {
	char vm[PINMAP_NAME_BYTES]; /* "": the trace does not say */
	char trace_digest[TRACE_DIGEST_CHARS + 1];
	char design[PINMAP_NAME_BYTES], design_digest[SHA256_HEX_CHARS + 1];
	uint64_t vm_pages, page_bytes;
	uint64_t from_ns, to_ns;           /* the past, on the trace's clock */
	uint64_t from_unix_ns, to_unix_ns; /* likewise; both 0: the trace does not know */
	uint64_t overcommit_ppm, budget_pages, pinned_pages;
	uint64_t seed;
	struct pinmap_rollback rollback;
	struct pinmap_forecast forecast;
	struct pinmap_range *ranges; /* by first page, apart from each other */
	size_t nranges;
};

void pinmap_deinit(struct pinmap *m);

/* The range that a page lies in, or that it would stand before: nranges where there is none. */
size_t pinmap_find(const struct pinmap *m, uint64_t page);
bool pinmap_has(const struct pinmap *m, uint64_t page);

/* JSON, to a stream (caller checks it) or a file, which appears whole or not at all: ERR_CREATE. */
void pinmap_print(const struct pinmap *m, FILE *out);
int pinmap_write(const struct pinmap *m, const char *path, struct err *e);

/*
 * Reads a map: all its members are there and agree with each other, or ERR_NOINPUT,
 * ERR_UNUSABLE with a sentence. To be released only after success.
 */
int pinmap_read(const char *path, struct pinmap *out, struct err *e);
int pinmap_parse(const char *name, const char *text, size_t n, struct pinmap *out, struct err *e);

#endif
