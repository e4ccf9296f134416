// SPDX-License-Identifier: MIT
/*
 * XXH3 over each column's values as little-endian bytes, however the rows
 * arrive. Big-endian machines would have to swap first; Linux on x86 and ARM
 * does not.
 */
#include "store/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct stream_digest {
	const struct kind *kind;
	unsigned ncolumns;
	uint64_t rows;
	XXH3_state_t *column[KIND_MAX_COLUMNS];
};

struct stream_digest *stream_digest_new(const struct kind *k, unsigned ncolumns)
{
	struct stream_digest *d = calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	d->kind = k;
	d->ncolumns = ncolumns < k->ncolumns ? ncolumns : k->ncolumns;
	for (unsigned c = 0; c < d->ncolumns; c++) {
		d->column[c] = XXH3_createState();
		if (!d->column[c]) {
			stream_digest_free(d);
			return NULL;
		}
		XXH3_64bits_reset(d->column[c]);
	}
	return d;
}

void stream_digest_free(struct stream_digest *d)
{
	if (!d)
		return;
	for (unsigned c = 0; c < d->ncolumns; c++)
		XXH3_freeState(d->column[c]);
	free(d);
}

void stream_digest_update(struct stream_digest *d, uint32_t n, const void *const *columns)
{
	d->rows += n;
	for (unsigned c = 0; c < d->ncolumns; c++)
		XXH3_64bits_update(d->column[c], columns[c],
				   (size_t)n * d->kind->columns[c].width_bytes);
}

static void to_text(XXH128_hash_t h, char *out)
{
	snprintf(out, TRACE_DIGEST_CHARS + 1, "%016llx%016llx", (unsigned long long)h.high64,
		 (unsigned long long)h.low64);
}

void stream_digest_text(const struct stream_digest *d, char *out)
{
	char text[64 + KIND_MAX_COLUMNS * 40];
	int n = snprintf(text, sizeof(text), "%s %llu", d->kind->name, (unsigned long long)d->rows);
	for (unsigned c = 0; c < d->ncolumns; c++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " %s=%016llx",
			      d->kind->columns[c].name,
			      (unsigned long long)XXH3_64bits_digest(d->column[c]));
	to_text(XXH3_128bits(text, (size_t)n), out);
}

void trace_digest_combine(const char *const *digests, unsigned n, char *out)
{
	XXH3_state_t *state = XXH3_createState();
	if (!state) {
		out[0] = 0;
		return;
	}
	XXH3_128bits_reset(state);
	for (unsigned i = 0; i < n; i++)
		XXH3_128bits_update(state, digests[i], strlen(digests[i]) + 1);
	to_text(XXH3_128bits_digest(state), out);
	XXH3_freeState(state);
}
