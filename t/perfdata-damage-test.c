// SPDX-License-Identifier: MIT
/* perf.data files made by hand and damaged: cut or flipped anywhere, zeroed, unpacking to anything.
 */
#include "collect/perfdata.h"
#include "collect/perfqueue.h"
#include "t/perfdata-form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct events {
	int rc;
	struct err e;
	uint64_t damaged;
	size_t n, cap;
	struct event {
		uint64_t ts;
		uint32_t cpu, hash;
	} * list;
};

static void count_damage(void *ctx, const char *sentence)
{
	struct events *x = ctx;
	assert_memory_equal(sentence, "byte ", 5);
	x->damaged++;
}

static struct events read_events(const void *p, size_t n)
{
	struct events x = {};
	struct input *in;
	struct perfdata *d = NULL;
	struct perfdata_sample s;
	const struct perfdata_handlers h = { &x, no_format, count_damage, no_missed };
	assert_int_equal(input_open_memory("made.data", p, n, &in, &x.e), 0);
	x.rc = perfdata_open(in, &h, &d, &x.e);
	while (!x.rc && perfdata_next(d, &s, &x.e) == 1) {
		if (s.is_round_end)
			continue;
		uint32_t hash = s.raw_len;
		for (uint32_t i = 0; i < s.raw_len; i++)
			hash = hash * 31 + s.raw[i];
		if (x.n == x.cap) {
			x.cap = x.cap ? 2 * x.cap : 64;
			x.list = realloc(x.list, x.cap * sizeof(*x.list));
		}
		x.list[x.n++] = (struct event){ s.ts, s.cpu, hash };
	}
	perfdata_close(d);
	input_close(in);
	return x;
}

static void a_file_cut_anywhere_gives_its_first_samples_or_a_sentence(void **state)
{
	(void)state;
	for (enum form form = 0; form < FORMS; form++) {
		struct mk m = make_form(form, 50);
		struct events whole = read_events(m.p, m.n);
		size_t last = 0;
		assert_int_equal(whole.n, EVENTS);
		for (size_t n = 0; n < m.n; n += 61) {
			uint8_t *copy = malloc(n ? n : 1); /* exact: a sanitizer sees too far */
			memcpy(copy, m.p, n);
			struct events cut = read_events(copy, n);
			if (cut.rc)
				assert_int_equal(cut.rc, ERR_UNUSABLE);
			assert_true(cut.n >= last && cut.n <= EVENTS);
			assert_memory_equal(cut.n ? cut.list : whole.list, whole.list,
					    cut.n * sizeof(*cut.list));
			last = cut.n;
			free(cut.list);
			free(copy);
		}
		assert_true(last > EVENTS * 9 / 10);
		free(whole.list);
		mk_free(&m);
	}
}

/* The whole import, rows counted only; what it must keep whatever the damage. */
static int import_damaged(const void *p, size_t n, uint64_t *stored_out, uint64_t *damaged_out)
{
	const struct import_options options = { .as = AS_PA };
	struct import im = { .options = &options, .is_last = true };
	struct err e = {};
	assert_int_equal(input_open_memory("made.data", p, n, &im.in, &e), 0);
	assert_int_equal(trace_writer_open_null(&im.w, &e), 0);
	const int rc = importer_find("perf-data")->run(&im, &e);
	im.state_free(im.state);
	if (rc)
		assert_int_equal(rc, ERR_UNUSABLE);
	*stored_out = im.at.stored;
	*damaged_out = im.at.damaged;
	trace_writer_abort(im.w);
	input_close(im.in);
	return rc;
}

static void a_flipped_byte_anywhere_costs_little_or_is_told(void **state)
{
	(void)state;
	for (enum form form = 0; form < FORMS; form++) {
		struct mk m = make_form(form, 50);
		uint64_t whole, stored, damaged;
		assert_int_equal(import_damaged(m.p, m.n, &whole, &damaged), 0);
		assert_int_equal(whole, 2 * WORKS * 4);
		for (size_t i = 0; i < m.n; i += 97) {
			const uint8_t was = m.p[i];
			m.p[i] ^= (uint8_t)(1 + i % 255);
			const int rc = import_damaged(m.p, m.n, &stored, &damaged);
			if (!rc && stored + 4 < whole && !damaged) {
				/* a format's name or number: the account tells */
				struct rows r = import_bytes(&m, 1);
				assert_true(rows_number(&r, "SELECT sum(seen) FROM account") + 1 >=
					    EVENTS);
				rows_free(&r);
			}
			m.p[i] = was;
		}
		mk_free(&m);
	}
}

static void a_page_of_zeros_costs_no_more_than_itself(void **state)
{
	(void)state;
	for (enum form form = 0; form <= PIPE_FORM; form++) {
		struct mk m = make_form(form, 50);
		struct events whole = read_events(m.p, m.n);
		struct mk copy = {};
		/* behind the header; in the file form the formats follow the records */
		const size_t from = 16384, to = form == FILE_FORM ? 65536 : m.n - 4096;
		for (size_t at = from; at + 4096 < to; at += 4096) {
			copy.n = 0;
			mk_put(&copy, m.p, m.n);
			memset(copy.p + at, 0, 4096);
			struct events x = read_events(copy.p, copy.n);
			assert_int_equal(x.rc, 0);
			assert_true(x.damaged);
			assert_true(x.n + 60 > whole.n && x.n < whole.n);
			assert_int_equal(x.list[x.n - 1].hash, whole.list[whole.n - 1].hash);
			free(x.list);
		}
		mk_free(&copy);
		free(whole.list);
		mk_free(&m);
	}
}

static void a_sample_from_the_future_does_not_take_the_rest_along(void **state)
{
	struct pf_attr attr = { .type = 1, .config = 2, .sample_type = PF_FAULT_TYPE, .period = 1 };
	(void)state;
	for (unsigned liar = 1; liar < 30000; liar += 2500) {
		struct mk records = {};
		for (unsigned i = 0; i < 30000; i++) {
			const uint64_t lie = i == liar ? UINT64_C(1) << 45 : 0;
			pf_sample(&records, &attr, 0, 1000 + 1000 * (uint64_t)i + lie, i / 100 % 2,
				  1, 0x1000, NULL, 0);
			if (i % 5000 == 4999)
				pf_round(&records);
		}
		struct mk m = pf_pipe(&attr, 1, &records, "made");
		struct rows r = import_bytes(&m, 1);
		assert_int_equal(r.rc, 0);
		assert_int_equal(r.damaged, 1);
		assert_int_equal(r.nfault, 29999);
		assert_int_equal(r.fault[29998].ts, 29999000);
		assert_int_equal(rows_account(&r, "page-faults", "decode_error"), 1);
		rows_free(&r);
		mk_free(&m);
		mk_free(&records);
	}
}

static void a_compressed_record_that_unpacks_to_anything_is_refused(void **state)
{
	struct pf_attr attr = { .type = 1, .config = 2, .sample_type = PF_FAULT_TYPE, .period = 1 };
	struct mk plain = {};
	(void)state;
	for (unsigned i = 0; i < (200 << 20) / 65528; i++) {
		/* records that say nothing, of the largest size */
		const size_t at = pf_begin(&plain, 72, 0);
		mk_zeros(&plain, 0);
		if (plain.cap < plain.n + 65528) {
			plain.cap = 2 * (plain.n + 65528);
			plain.p = realloc(plain.p, plain.cap);
		}
		memset(plain.p + plain.n, 0, 65520);
		plain.n += 65520;
		le16_put(plain.p + at + 6, 65528);
	}
	struct mk packed = pf_compress(&plain, 81, plain.n);
	struct mk m = pf_pipe(&attr, 1, &packed, "made");
	struct events x = read_events(m.p, m.n);
	assert_int_equal(x.rc, 0);
	assert_int_equal(x.n, 0);
	assert_true(x.damaged);
	mk_free(&m);
	mk_free(&packed);
	mk_free(&plain);
}

static void what_is_not_supported_is_refused_with_its_reason(void **state)
{
	static const struct {
		size_t offset;
		const char *bytes;
		size_t n;
		const char *reason;
	} cases[] = {
		{ 0, "2ELIFREP", 8, "big-endian" },       { 0, "PERFFILE", 8, "before 2.6.38" },
		{ 0, "x", 1, "not a perf.data" },         { 8, "\1", 1, "a header of 1 bytes" },
		{ 16, "\1\0", 2, "an event of 1 bytes" },
	};
	(void)state;
	struct mk m = make_form(FILE_FORM, 50);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t was[8];
		memcpy(was, m.p + cases[i].offset, sizeof(was));
		memcpy(m.p + cases[i].offset, cases[i].bytes, cases[i].n);
		struct events x = read_events(m.p, m.n);
		assert_int_equal(x.rc, ERR_UNUSABLE);
		assert_non_null(strstr(x.e.msg, cases[i].reason));
		memcpy(m.p + cases[i].offset, was, sizeof(was));
	}
	/* what stood behind the samples is gone */
	m.n = m.n / 2;
	struct rows r = import_bytes(&m, 1);
	assert_int_equal(r.rc, ERR_UNUSABLE);
	assert_non_null(strstr(r.e.msg, "the formats of its tracepoints"));
	rows_free(&r);
	mk_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_cut_anywhere_gives_its_first_samples_or_a_sentence),
		cmocka_unit_test(a_flipped_byte_anywhere_costs_little_or_is_told),
		cmocka_unit_test(a_page_of_zeros_costs_no_more_than_itself),
		cmocka_unit_test(a_sample_from_the_future_does_not_take_the_rest_along),
		cmocka_unit_test(a_compressed_record_that_unpacks_to_anything_is_refused),
		cmocka_unit_test(what_is_not_supported_is_refused_with_its_reason),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
