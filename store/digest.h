// SPDX-License-Identifier: MIT
/*
 * Digest of a stream: a hash of its canonical decoded rows, fed in any pieces
 * with the same result (FORMAT.md section 5). Each column is hashed on its own
 * as little-endian values; the stream's digest hashes the column digests.
 */
#ifndef PUGMARK_STORE_DIGEST_H
#define PUGMARK_STORE_DIGEST_H

#include "store/kinds.h"
#include "store/trace.h"

#include <stdbool.h>
#include <stdint.h>

struct stream_digest;

/* ncolumns: the first so many columns of the kind. NULL when memory is out. */
struct stream_digest *stream_digest_new(const struct kind *k, unsigned ncolumns);
void stream_digest_free(struct stream_digest *d);

/* n more rows; columns as typed arrays. */
void stream_digest_update(struct stream_digest *d, uint32_t n, const void *const *columns);

/* out: TRACE_DIGEST_CHARS + 1 bytes. More rows may follow. */
void stream_digest_text(const struct stream_digest *d, char *out);

/* The digest of a trace from those of its streams, in order of kind. */
void trace_digest_combine(const char *const *digests, unsigned n, char *out);

#endif
