// SPDX-License-Identifier: MIT
/*
 * Keyed permutations of numbers: without the key an image tells nothing about
 * its number but that equal numbers have equal images.
 *
 * A Feistel network over the least power of two that holds the domain, with
 * SipHash as its round function; an image outside the domain is permuted again
 * until it is inside ("cycle walking": Black, Rogaway, "Ciphers with arbitrary
 * finite domains", 2002). Ten rounds, as NIST SP 800-38G has for small domains.
 */
#ifndef PUGMARK_BASE_PERMUTE_H
#define PUGMARK_BASE_PERMUTE_H

#include "base/siphash.h"

#include <stdint.h>

/* The image of x within 0 .. last, x being one of them. */
uint64_t permute(const struct siphash_key *key, uint64_t last, uint64_t x);

/* The number whose image y is. */
uint64_t permute_back(const struct siphash_key *key, uint64_t last, uint64_t y);

/*
 * For domains whose size nobody knows beforehand, such as the pages of a host:
 * numbers below 2^first_bits among themselves, and from there on those with the
 * same highest bit. The image depends on key and number alone, and lies at most
 * at twice the greatest number there is.
 */
uint64_t permute_open(const struct siphash_key *key, unsigned first_bits, uint64_t x);

#endif
