// SPDX-License-Identifier: MIT
/*
 * Quantities as people write them, in integer arithmetic only. A number may
 * have a decimal fraction (`1.5s`) and blanks before its unit (`64 KiB`); it
 * has no sign, no exponent and no separators, and the locale never matters.
 *
 *	size      4096, 64K, 4Ki, 4KiB, 1.5G	K, M, G, T, P are powers of 1024, as in
 *						the kernel, with or without `i` and `B`
 *	duration  250us, 10ms, 1.5s, 8min (or 8m), 2h, 3d	a unit is needed, except for 0
 *	share     5%, 0.5%, 0.0001%		kept as parts per million, exactly
 *	count     512, 64K			K, M ... likewise powers of 1024
 *	rate      10/s, 5/min, 41/day		a count per second, minute, hour or day
 *
 * What does not come out whole is refused, except that a size is rounded down
 * to a byte (`1.3G`). All parsers return 0 or ERR_USAGE and a sentence that
 * quotes the text and says what was expected; out is then unchanged.
 */
#ifndef PUGMARK_BASE_QUANTITY_H
#define PUGMARK_BASE_QUANTITY_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define PPM_PER_ONE UINT64_C(1000000)

/* A count, or a share of something the caller knows. */
struct quantity {
	uint64_t value;
	bool is_ppm;
};

/* count events in per_ns */
struct rate {
	uint64_t count;
	uint64_t per_ns; /* 1 s, 1 min, 1 h or 1 day */
};

int quantity_parse_bytes(const char *text, uint64_t *bytes_out, struct err *e);
int quantity_parse_ns(const char *text, uint64_t *ns_out, struct err *e);
int quantity_parse_ppm(const char *text, uint64_t *ppm_out, struct err *e);
int quantity_parse_count(const char *text, uint64_t *count_out, struct err *e);
int quantity_parse_rate(const char *text, struct rate *rate_out, struct err *e);

/* A count or a share. */
int quantity_parse(const char *text, struct quantity *out, struct err *e);

/* The count itself, or that share of whole, rounded to the nearest; saturates. */
uint64_t quantity_of(struct quantity q, uint64_t whole);

/* part / whole in ppm, rounded to the nearest; 0 when whole is 0; saturates. */
uint64_t quantity_ratio_ppm(uint64_t part, uint64_t whole);

/* Text by value, for use as an argument: printf("%s", quantity_bytes(n).s). */
struct quantity_text {
	char s[32];
};

/* At most one decimal, none from 100 up: "17 B", "64 KiB", "1.9 GiB". */
struct quantity_text quantity_bytes(uint64_t bytes);

/* Likewise: "12 ms", "1.5 s", "8 min", "26.4 h" (days from 48 h up). */
struct quantity_text quantity_ns(uint64_t ns);

/* "1,234,567" */
struct quantity_text quantity_count(uint64_t count);

/* Two decimals, four below 0.01 %: "3.00 %", "0.02 %", "0.0003 %". */
struct quantity_text quantity_ppm(uint64_t ppm);

#endif
