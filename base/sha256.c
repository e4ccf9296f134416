// SPDX-License-Identifier: MIT
/*
 * SHA-256 as FIPS 180-4 writes it: the functions of section 4.1.2, constants of
 * 4.2.2 (the first 32 bits of the fractions of the cube roots of the first 64
 * primes), padding of 5.1.1, computation of 6.2.
 */
#include "base/sha256.h"
#include "base/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const uint32_t round_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t rotate_right(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static uint32_t big_endian_word(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void prepare_schedule(uint32_t w[64], const uint8_t *block)
{
	for (int t = 0; t < 16; t++)
		w[t] = big_endian_word(block + (size_t)t * 4);
	for (int t = 16; t < 64; t++) {
		const uint32_t x = w[t - 15], y = w[t - 2];
		const uint32_t s0 = rotate_right(x, 7) ^ rotate_right(x, 18) ^ x >> 3;
		const uint32_t s1 = rotate_right(y, 17) ^ rotate_right(y, 19) ^ y >> 10;
		w[t] = w[t - 16] + s0 + w[t - 7] + s1;
	}
}

static void add_block(uint32_t state[8], const uint8_t *block)
{
	uint32_t w[64], v[8]; /* v: a b c d e f g h of the standard */

	prepare_schedule(w, block);
	memcpy(v, state, sizeof(v));
	for (int t = 0; t < 64; t++) {
		const uint32_t a = v[0], e = v[4];
		const uint32_t s1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
		const uint32_t choice = (e & v[5]) ^ (~e & v[6]);
		const uint32_t t1 = v[7] + s1 + choice + round_constants[t] + w[t];
		const uint32_t s0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
		const uint32_t majority = (a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]);

		memmove(v + 1, v, 7 * sizeof(v[0]));
		v[4] += t1;
		v[0] = t1 + s0 + majority;
	}
	for (int i = 0; i < 8; i++)
		state[i] += v[i];
}

void sha256_init(struct sha256 *s)
{
	*s = (struct sha256){
		.h = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
		       0x1f83d9ab, 0x5be0cd19 },
	};
}

void sha256_update(struct sha256 *s, const void *data, size_t n)
{
	const uint8_t *p = data;

	while (n) {
		const size_t waiting = s->len_bytes % SHA256_BLOCK_BYTES;
		const size_t room = SHA256_BLOCK_BYTES - waiting;
		const size_t take = n < room ? n : room;

		memcpy(s->block + waiting, p, take);
		s->len_bytes += take;
		p += take;
		n -= take;
		if (take == room)
			add_block(s->h, s->block);
	}
}

void sha256_final(struct sha256 *s, uint8_t digest_out[SHA256_BYTES])
{
	static const uint8_t padding[SHA256_BLOCK_BYTES] = { 0x80 };
	const uint64_t len_bits = s->len_bytes * 8;
	const size_t waiting = s->len_bytes % SHA256_BLOCK_BYTES;
	uint8_t len[8];

	for (int i = 0; i < 8; i++)
		len[i] = (uint8_t)(len_bits >> (56 - 8 * i));
	/* the length ends a block: 56 bytes before it, in this block or the next */
	sha256_update(s, padding, (waiting < 56 ? 56 : 120) - waiting);
	sha256_update(s, len, sizeof(len));
	for (int i = 0; i < SHA256_BYTES; i++)
		digest_out[i] = (uint8_t)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}

void sha256_final_hex(struct sha256 *s, char hex_out[SHA256_HEX_CHARS + 1])
{
	uint8_t digest[SHA256_BYTES];

	sha256_final(s, digest);
	for (size_t i = 0; i < SHA256_BYTES; i++)
		snprintf(hex_out + 2 * i, 3, "%02x", digest[i]);
}

void sha256_hex(const void *data, size_t n, char hex_out[SHA256_HEX_CHARS + 1])
{
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, data, n);
	sha256_final_hex(&s, hex_out);
}

int sha256_file(const char *path, char hex_out[SHA256_HEX_CHARS + 1], struct err *e)
{
	struct sha256 s;
	char buf[4096];
	size_t n;

	_fclose_ FILE *f = fopen(path, "re");
	if (!f)
		return err_set(e, ERR_NOINPUT, "%s: %s", path, strerror(errno));
	sha256_init(&s);
	while ((n = fread(buf, 1, sizeof(buf), f)))
		sha256_update(&s, buf, n);
	if (ferror(f))
		return err_set(e, ERR_IO, "%s: %s", path, strerror(errno));
	sha256_final_hex(&s, hex_out);
	return 0;
}
