// SPDX-License-Identifier: MIT
/*
 * Damages the file of an importer in every way of the book: cut at any byte,
 * a byte flipped anywhere, 4 KiB zeroed. Of a cut file the rows before the cut
 * must be there, of a flipped one at least the rows that stood before the flip;
 * nothing may be taken for whole that is not.
 */
#ifndef PUGMARK_T_DAMAGE_H
#define PUGMARK_T_DAMAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collect/import.h"

struct damage_result {
	int rc;
	uint64_t stored, damaged;
	struct err e, first;
};

static inline struct damage_result damage_import(const char *format, const void *data, size_t n)
{
	static const struct import_options options = { .as = AS_PA };
	struct damage_result r = {};
	struct import im = { .options = &options, .is_last = true };

	assert_int_equal(input_open_memory("in", data, n, &im.in, &r.e), 0);
	assert_int_equal(trace_writer_open_null(&im.w, &r.e), 0);
	r.rc = importer_find(format)->run(&im, &r.e);
	r.stored = im.at.stored;
	r.damaged = im.at.damaged;
	r.first = im.first_damage;
	assert_true(r.rc == 0 || r.rc == ERR_UNUSABLE);
	trace_writer_abort(im.w);
	input_close(im.in);
	return r;
}

/* An exact copy, so that a sanitizer sees the first byte too far. */
static inline struct damage_result damage_copy(const char *format, const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	memcpy(copy, data, n);
	const struct damage_result r = damage_import(format, copy, n);
	free(copy);
	return r;
}

/*
 * is_text: a cut line may look like a whole one. slack: rows that one damaged
 * byte may cost although they stood before it (a request is two records).
 */
static inline void damage_everything(const char *format, const uint8_t *data, size_t n,
				     bool is_text, uint64_t slack)
{
	const struct damage_result whole = damage_copy(format, data, n);
	uint64_t *stored = calloc(n + 1, sizeof(*stored));
	uint8_t *copy = malloc(n);

	assert_int_equal(whole.rc, 0);
	assert_int_equal(whole.damaged, 0);
	for (size_t cut = 0; cut <= n; cut++) {
		const struct damage_result r = damage_copy(format, data, cut);
		stored[cut] = r.stored;
		if (cut && !is_text)
			assert_true(stored[cut] >= stored[cut - 1]);
		assert_true(stored[cut] <= whole.stored);
	}
	for (size_t at = 0; at < n; at++) {
		static const uint8_t flips[] = { 0x01, 0x80, 0xff };
		memcpy(copy, data, n);
		copy[at] ^= flips[at % 3];
		const struct damage_result r = damage_copy(format, copy, n);
		assert_true(r.stored + slack >= stored[at]);
	}
	for (size_t at = 0; at < n; at += 512) {
		const size_t most = n - at;
		memcpy(copy, data, n);
		memset(copy + at, 0, most < 4096 ? most : 4096);
		const struct damage_result r = damage_copy(format, copy, n);
		assert_true(r.stored + slack >= stored[at]);
		assert_true(r.rc || r.damaged);
	}
	free(copy);
	free(stored);
}

#endif
