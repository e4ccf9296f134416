// SPDX-License-Identifier: MIT
/*
 * Fuzzes collect/swapdir-*.c: the first byte picks the file of the folder, the
 * rest is its bytes. Aborts where rows stored differ from rows accounted.
 */
#include "collect/swapdir.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t rows_stored(const struct trace_writer *w)
{
	uint64_t rows = 0;

	for (unsigned i = 0; i < KIND_COUNT; i++)
		rows += trace_writer_rows(w, (enum kind_id)i);
	return rows;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct import im = { .is_last = true };
	struct swapdir d = {
		.im = &im,
		.meta = { .epoch0_ns = 5000000000, .epoch_ns = 1000000000, .mem_pages = 1 << 20 },
	};
	struct err e = {};

	if (!size || input_open_memory("fuzz", data + 1, size - 1, &im.in, &e))
		return 0;
	if (trace_writer_open_null(&im.w, &e))
		abort();
	const unsigned member = data[0] % (SWAPDIR_MEMBERS + 1);
	if (member == SWAPDIR_MEMBERS)
		swapdir_read_meta(&im, &d.meta, &e);
	else if (!swapdir_read_member(&d, (enum swapdir_member)member, &e) &&
		 rows_stored(im.w) != d.rows_stored)
		abort();
	trace_writer_abort(im.w);
	input_close(im.in);
	return 0;
}
