// SPDX-License-Identifier: MIT
/*
 * Fuzz target: the chunk decoder. Random bytes rarely get past a checksum, so
 * the checksums are made right first: what is tested is the decoding behind
 * them. The first byte picks the kind, the second the columns.
 */
#include "base/bytes.h"
#include "store/chunk-layout.h"
#include "store/chunk.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Makes every checksum of a blob right, as far as its entries make sense. */
static void seal(uint8_t *blob, size_t n)
{
	if (n < CHUNK_HEADER_BYTES)
		return;
	const size_t ncolumns = le16_get(blob + HEADER_NCOLUMNS);
	const size_t header_bytes = CHUNK_HEADER_BYTES + ncolumns * CHUNK_ENTRY_BYTES;
	if (header_bytes > n)
		return;
	for (size_t i = 0; i < ncolumns; i++) {
		uint8_t *entry = blob + CHUNK_HEADER_BYTES + i * CHUNK_ENTRY_BYTES;
		const size_t offset = le32_get(entry + ENTRY_OFFSET);
		const size_t bytes = le32_get(entry + ENTRY_STORED);
		if (offset <= n && bytes <= n - offset)
			le64_put(entry + ENTRY_XXH3, XXH3_64bits(blob + offset, bytes));
	}
	le64_put(blob + HEADER_XXH3, chunk_header_hash(blob, header_bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 2)
		return 0;
	const struct kind *k = &kinds[data[0] % KIND_COUNT];
	const uint64_t mask = data[1] ? (uint64_t)data[1] * 0x010203 : UINT64_MAX;
	uint8_t *blob = malloc(n - 1); /* never empty: malloc(0) may be NULL */
	struct chunk_decoder *dec = chunk_decoder_new();
	struct chunk_header h;
	void *columns[KIND_MAX_COLUMNS];
	struct err e;
	if (!blob || !dec)
		abort();

	memcpy(blob, data + 2, n - 2);
	seal(blob, n - 2);
	if (!chunk_decode(dec, k, blob, n - 2, mask, UINT32_MAX, &h, columns, &e)) {
		uint64_t sum = 0; /* every row of every column must be readable */
		for (unsigned c = 0; c < k->ncolumns; c++)
			for (uint32_t i = 0; columns[c] && i < h.n * k->columns[c].width_bytes; i++)
				sum += ((uint8_t *)columns[c])[i];
		*(volatile uint64_t *)&sum = sum;
	}
	chunk_decoder_free(dec);
	free(blob);
	return 0;
}
