// SPDX-License-Identifier: MIT
/*
 * SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012): a
 * keyed hash of 64 bits whose outputs tell nothing about the key.
 */
#ifndef PUGMARK_BASE_SIPHASH_H
#define PUGMARK_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t k[2];
};

uint64_t siphash(const struct siphash_key *key, const void *data, size_t n);

#endif
