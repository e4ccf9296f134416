// SPDX-License-Identifier: MIT
/* Exports that must be JSON, read back by jansson; digits; the rule of pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#include "base/cleanup.h"
#include "collect/outbuf.h"
#include "store/pages.h"
#include "store/trace-writer.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int cmd_export(int argc, char **argv);

static const char trace_file[] = "build/export-test.db";
static const char json_file[] = "build/export-test.json";

/* Two devices, one with a name that needs escapes, and rows of four kinds. */
static int write_trace(void **state)
{
	const struct trace_writer_options options = { .collector = "test", .args = "test" };
	struct trace_writer *w;
	struct trace_stream *s;
	struct err e = {};
	uint16_t plain, odd;
	(void)state;

	unlink(trace_file);
	assert_int_equal(trace_writer_open(trace_file, &options, &w, &e), 0);
	trace_writer_device(w, &(struct trace_device){ .bdf = "0000:00:06.0" }, &plain, &e);
	trace_writer_device(w, &(struct trace_device){ .bdf = "o\"d\\d\n\xff" }, &odd, &e);

	trace_writer_stream(w, KIND_IO, &s, &e);
	struct io_event io = { .ts = 1, .lat = 2500, .dev = odd, .qid = 3, .lba = 8, .bytes = 512 };
	io_put(s, &io, &e);
	io = (struct io_event){ .ts = 2, .lat = UINT64_MAX, .qid = UINT16_MAX, .lba = UINT64_MAX };
	io_put(s, &io, &e);

	trace_writer_stream(w, KIND_DMA, &s, &e);
	struct dma_event dma = { .ts = 1000, .dev = plain, .op = DMA_MAP, .pfn = 7, .npages = 1 };
	dma_put(s, &dma, &e);
	dma = (struct dma_event){
		.ts = 2000, .dev = plain, .op = DMA_UNMAP, .pfn = 7, .npages = 1
	};
	dma_put(s, &dma, &e);
	dma = (struct dma_event){ .ts = 3000, .dev = plain, .op = DMA_ACCESS, .pfn = UINT64_MAX };
	dma_put(s, &dma, &e);

	trace_writer_stream(w, KIND_FAULT, &s, &e);
	struct fault_event fault = { .ts = 5, .va = UINT64_MAX, .lat = UINT64_MAX, .major = 1 };
	fault_put(s, &fault, &e);

	trace_writer_stream(w, KIND_IOPF, &s, &e);
	struct iopf_event iopf = { .ts = 5, .resume = 1005, .queue = UINT16_MAX, .outcome = 200 };
	iopf_put(s, &iopf, &e);
	return trace_writer_seal(w, &e);
}

static int remove_trace(void **state)
{
	(void)state;
	unlink(trace_file);
	unlink(json_file);
	return 0;
}

static void export_to_file(const char *format, const char *kind)
{
	const char *argv[] = { "export",  trace_file, "--format", format, "-o",
			       json_file, "--stream", kind,       NULL };
	assert_int_equal(cmd_export(kind ? 8 : 6, (char **)argv), 0);
}

static unsigned count_phase(json_t *events, const char *phase)
{
	unsigned n = 0;
	for (size_t i = 0; i < json_array_size(events); i++) {
		json_t *event = json_array_get(events, i);
		n += !strcmp(json_string_value(json_object_get(event, "ph")), phase);
		assert_true(json_is_integer(json_object_get(event, "pid")));
		assert_true(json_is_integer(json_object_get(event, "tid")));
		assert_true(json_is_number(json_object_get(event, "ts")));
	}
	return n;
}

static void perfetto_is_json_with_an_event_per_row(void **state)
{
	(void)state;
	json_error_t why;
	export_to_file("perfetto", NULL);
	json_t *root = json_load_file(json_file, JSON_REJECT_DUPLICATES, &why);
	assert_non_null(root);
	json_t *events = json_object_get(root, "traceEvents");
	assert_int_equal(json_array_size(events), 3 + 7); /* names, then rows */
	assert_int_equal(count_phase(events, "M"), 3);
	assert_int_equal(count_phase(events, "X"), 2); /* what has a duration */
	assert_int_equal(count_phase(events, "i"), 3);
	assert_int_equal(count_phase(events, "b"), 1);
	assert_int_equal(count_phase(events, "e"), 1);

	json_t *odd = json_object_get(json_array_get(events, 2), "args");
	assert_string_equal(json_string_value(json_object_get(odd, "name")),
			    "o\"d\\d\n\xef\xbf\xbd");
	json_decref(root);
}

static void perfetto_of_one_stream_leaves_out_the_others(void **state)
{
	(void)state;
	export_to_file("perfetto", "dma");
	json_t *root = json_load_file(json_file, 0, NULL);
	assert_non_null(root);
	assert_int_equal(json_array_size(json_object_get(root, "traceEvents")), 3 + 3);
	json_decref(root);
}

static void each_jsonl_line_is_an_object_with_all_columns(void **state)
{
	(void)state;
	const enum kind_id shown[] = { KIND_IO, KIND_DMA, KIND_FAULT, KIND_IOPF };
	for (size_t i = 0; i < 4; i++) {
		const struct kind *k = &kinds[shown[i]];
		char line[1000];
		export_to_file("jsonl", k->name);
		_fclose_ FILE *f = fopen(json_file, "r");
		assert_non_null(f);
		while (fgets(line, sizeof(line), f)) {
			json_t *row = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
			assert_non_null(row);
			assert_int_equal(json_object_size(row), k->ncolumns);
			for (unsigned c = 0; c < k->ncolumns; c++)
				assert_non_null(json_object_get(row, k->columns[c].sql_name));
			json_decref(row);
		}
	}
}

static void digits_are_those_of_printf(void **state)
{
	(void)state;
	for (uint64_t v = 1, step = 0; step < 2000; step++, v = v * 3 + step) {
		const uint64_t values[] = { v, v >> 33, v >> 57, ~v, step };
		for (size_t i = 0; i < 5; i++) {
			char got[32], want[32];
			*outbuf_digits(got, values[i]) = '\0';
			snprintf(want, sizeof(want), "%" PRIu64, values[i]);
			assert_string_equal(got, want);
		}
	}
}

static void assert_pages(struct row_pages got, uint64_t first, uint64_t count)
{
	assert_int_equal(got.first, first);
	assert_int_equal(got.count, count);
}

static void pages_follow_the_rule_at_its_edges(void **state)
{
	(void)state;
	assert_pages(pages_of_io(IO_READ, 0, 4096), 0, 1);
	assert_pages(pages_of_io(IO_READ, 7, 512), 0, 1);
	assert_pages(pages_of_io(IO_WRITE, 7, 513), 0, 2);
	assert_pages(pages_of_io(IO_OTHER, 1, 8192), 0, 3);
	assert_pages(pages_of_io(IO_READ, UINT64_MAX - 1, 512), UINT64_MAX >> 3, 1);
	assert_int_equal(pages_of_io(IO_READ, 1, 0).count, 0);
	assert_int_equal(pages_of_io(IO_FLUSH, 1, 512).count, 0);
	assert_int_equal(pages_of_io(IO_DISCARD, 1, 512).count, 0);
	assert_int_equal(pages_of_io(IO_READ, UINT64_MAX, 512).count, 0);
	assert_pages(pages_range(5, 3), 5, 3);
	assert_pages(pages_range(UINT64_MAX, 1), UINT64_MAX, 1);
	assert_pages(pages_range(UINT64_MAX - 1, 9), UINT64_MAX - 1, 2);
	assert_int_equal(pages_range(UINT64_MAX, 0).count, 0);
	assert_pages(pages_of_dma(DMA_MAP, 9, 2), 9, 2);
	assert_int_equal(pages_of_dma(DMA_UNMAP, 9, 2).count, 0);
	assert_int_equal(pages_of_dma(DMA_FREE, 9, 2).count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(perfetto_is_json_with_an_event_per_row),
		cmocka_unit_test(perfetto_of_one_stream_leaves_out_the_others),
		cmocka_unit_test(each_jsonl_line_is_an_object_with_all_columns),
		cmocka_unit_test(digits_are_those_of_printf),
		cmocka_unit_test(pages_follow_the_rule_at_its_edges),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, write_trace, remove_trace);
}
