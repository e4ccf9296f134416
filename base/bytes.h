// SPDX-License-Identifier: MIT
/*
 * Loads and stores on bytes of any alignment, and LEB128. Every file format of
 * pugmark and most that it imports are little endian; a few are in the order of
 * the machine that wrote them.
 */
#ifndef PUGMARK_BASE_BYTES_H
#define PUGMARK_BASE_BYTES_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t le16_get(const void *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static inline uint32_t le32_get(const void *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static inline uint64_t le64_get(const void *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static inline uint16_t be16_get(const void *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof(v));
	return be16toh(v);
}

static inline uint32_t be32_get(const void *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

static inline uint64_t be64_get(const void *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return be64toh(v);
}

/* in the order that a file's first bytes told */
static inline uint16_t u16_get(const void *p, bool is_big)
{
	return is_big ? be16_get(p) : le16_get(p);
}

static inline uint32_t u32_get(const void *p, bool is_big)
{
	return is_big ? be32_get(p) : le32_get(p);
}

static inline uint64_t u64_get(const void *p, bool is_big)
{
	return is_big ? be64_get(p) : le64_get(p);
}

static inline void le16_put(void *p, uint16_t v)
{
	v = htole16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void le32_put(void *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void le64_put(void *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
}

/* small magnitudes of either sign become small unsigned numbers */
static inline uint64_t zigzag(uint64_t delta)
{
	return (delta << 1) ^ (uint64_t)((int64_t)delta >> 63);
}

static inline uint64_t unzigzag(uint64_t z)
{
	return (z >> 1) ^ (0 - (z & 1));
}

#endif
