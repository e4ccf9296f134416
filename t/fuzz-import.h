// SPDX-License-Identifier: MIT
/*
 * One importer under fuzzing: the input is its file, rows are counted only.
 * Aborts where the importer stored another number of rows than it accounts for
 * or its cursor does not survive its text.
 */
#include "collect/import.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_import(const struct importer *importer, const uint8_t *data, size_t size)
{
	const struct import_options options = { .as = AS_PA };
	struct import im = { .options = &options, .is_last = true };
	struct import_cursor again;
	struct err e = {};
	char text[IMPORT_POSITION_CHARS];
	uint64_t rows = 0;

	const int score = importer->sniff(data, size, true);
	if (score < 0 || score > 100)
		abort();
	if (input_open_memory("fuzz", data, size, &im.in, &e))
		return;
	if (trace_writer_open_null(&im.w, &e))
		abort();
	importer->run(&im, &e);
	if (im.state_free)
		im.state_free(im.state);
	for (unsigned i = 0; i < KIND_COUNT; i++)
		rows += trace_writer_rows(im.w, (enum kind_id)i);
	import_cursor_print(&im.at, text);
	import_cursor_parse(&again, text);
	if (rows != im.at.stored || memcmp(&again, &im.at, sizeof(again)))
		abort();
	trace_writer_abort(im.w);
	input_close(im.in);
}
