// SPDX-License-Identifier: MIT
/*
 * SHA-256 (FIPS 180-4) for digests of canonical text: designs, configurations.
 * Not for secrets and not for bulk data (traces use XXH3).
 */
#ifndef PUGMARK_BASE_SHA256_H
#define PUGMARK_BASE_SHA256_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum {
	SHA256_BYTES = 32,
	SHA256_BLOCK_BYTES = 64,
	SHA256_HEX_CHARS = 64, /* without the terminating 0 */
};

struct sha256 {
	uint32_t h[8];
	uint64_t len_bytes;
	uint8_t block[SHA256_BLOCK_BYTES]; /* len_bytes % 64 of them are waiting */
};

void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *data, size_t n);

/* Afterwards s must be initialised again. */
void sha256_final(struct sha256 *s, uint8_t digest_out[SHA256_BYTES]);

/* The digest of n bytes in lower-case hexadecimal. */
void sha256_hex(const void *data, size_t n, char hex_out[SHA256_HEX_CHARS + 1]);

/* Ends s like sha256_final, in hexadecimal. */
void sha256_final_hex(struct sha256 *s, char hex_out[SHA256_HEX_CHARS + 1]);

/* Of a file's bytes. ERR_NOINPUT or ERR_IO. */
int sha256_file(const char *path, char hex_out[SHA256_HEX_CHARS + 1], struct err *e);

#endif
