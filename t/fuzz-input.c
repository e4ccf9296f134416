// SPDX-License-Identifier: MIT
/*
 * Fuzzes collect/input.c and its decompressors: reads, lines, records and
 * random access of one input must give the same bytes.
 */
#include "collect/input.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_BYTES = 4 << 20 }; /* of a small input that decodes to much */

static struct input *open_again(const uint8_t *data, size_t size)
{
	struct input *in = NULL;
	struct err e = {};

	return input_open_memory("fuzz", data, size, &in, &e) ? NULL : in;
}

static size_t read_bytes(const uint8_t *data, size_t size, uint8_t *out, bool *has_damage_out)
{
	struct input *in = open_again(data, size);
	struct err e = {};
	size_t n = 0;

	if (!in)
		abort();
	for (ssize_t got; n < MOST_BYTES; n += (size_t)got) {
		got = input_read(in, out + n, MOST_BYTES - n, &e);
		if (got < 0)
			abort();
		if (!got)
			break;
	}
	*has_damage_out = input_damage(in);
	input_close(in);
	return n;
}

/* Lines until the end or one too long */
static void check_lines(const uint8_t *data, size_t size, const uint8_t *want, size_t n)
{
	struct input *in = open_again(data, size);
	struct err e = {};
	const char *p;
	size_t at = 0, got;

	while (at < n && input_lines(in, &p, &got, &e) > 0) {
		if (p[got - 1] != '\n' && p[got] != '\n')
			abort();
		if (memcmp(p, want + at, got < n - at ? got : n - at))
			abort();
		at += got;
		if (input_offset(in) != at)
			abort();
	}
	input_close(in);
}

static void check_records(const uint8_t *data, size_t size, const uint8_t *want, size_t n)
{
	struct input *in = open_again(data, size);
	struct err e = {};
	const uint8_t *p;
	size_t at = 0, got, rest = 0;

	while (at < n && input_records(in, 24, &p, &got, &rest, &e) > 0) {
		if (memcmp(p, want + at, got * 24 < n - at ? got * 24 : n - at))
			abort();
		at += got * 24;
	}
	if (at < n && at + rest != n && n < MOST_BYTES)
		abort();
	input_close(in);
}

static void check_random(const uint8_t *data, size_t size, const uint8_t *want, size_t n)
{
	struct input *in = open_again(data, size);
	struct err e = {};
	uint8_t byte;

	if (n < MOST_BYTES) { /* else a spool of any size */
		if (input_random(in, &e) || input_size(in) != n)
			abort();
		if (n && (input_pread(in, &byte, 1, n / 2, &e) || byte != want[n / 2]))
			abort();
		if (input_pread(in, &byte, 1, n, &e) != ERR_FORMAT)
			abort();
	}
	input_close(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(MOST_BYTES);
	bool has_damage;
	if (!bytes)
		abort();

	const size_t n = read_bytes(data, size, bytes, &has_damage);
	check_lines(data, size, bytes, n);
	check_records(data, size, bytes, n);
	check_random(data, size, bytes, n);
	free(bytes);
	return 0;
}
