// SPDX-License-Identifier: MIT
/* Rows of several sources become one order of time; nothing is lost or doubled on the way. */
#include "collect/rowbuf.h"

#include "base/rng.h"
#include "store/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SOURCES = 5, ROWS = 20000 };

struct out {
	struct trace_writer *w;
	struct trace_stream *s;
};

static void open_null(struct out *o)
{
	struct err e = {};
	assert_int_equal(trace_writer_open_null(&o->w, &e), 0);
	assert_int_equal(trace_writer_stream(o->w, KIND_FAULT, &o->s, &e), 0);
}

/* Rows carry their number in `va`, so that each can be found again. */
static void any_interleaving_of_ordered_sources_comes_out_in_order(void **state)
{
	struct err e = {};
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct rng rng;
		struct rowbuf b;
		struct out o;
		uint64_t now[SOURCES] = {}, mark = 0, put = 0, seen = 0, last = 0;
		static bool is_seen[ROWS];
		memset(is_seen, 0, sizeof(is_seen));
		rng_init(&rng, seed, "rowbuf");
		rowbuf_init(&b, KIND_FAULT);
		open_null(&o);
		while (put < ROWS) {
			const unsigned source = (unsigned)(rng_next(&rng) % SOURCES);
			for (uint64_t n = rng_next(&rng) % 50; n && put < ROWS; n--) {
				now[source] += rng_next(&rng) % 100;
				const struct fault_event row = { .ts = now[source], .va = put++ };
				assert_int_equal(rowbuf_add(&b, &row, &e), 0);
			}
			mark = now[0];
			for (unsigned i = 1; i < SOURCES; i++)
				mark = now[i] < mark ? now[i] : mark;
			if (put == ROWS)
				mark = UINT64_MAX;
			assert_int_equal(rowbuf_settle(&b, mark, o.s, &e), 0);
			for (uint32_t i = 0; i < o.s->n; i++) {
				const uint64_t ts = ((uint64_t *)o.s->col[0])[i];
				const uint64_t va = ((uint64_t *)o.s->col[3])[i];
				assert_true(ts >= last && ts < mark);
				assert_false(is_seen[va]);
				is_seen[va] = true;
				last = ts;
				seen++;
			}
			assert_int_equal(trace_writer_commit(o.w, &e), 0);
		}
		assert_int_equal(seen, ROWS);
		assert_int_equal(b.late, 0);
		rowbuf_deinit(&b);
		trace_writer_abort(o.w);
	}
}

static void a_late_row_is_counted_and_does_not_go_backwards(void **state)
{
	struct err e = {};
	struct rowbuf b;
	struct out o;
	(void)state;
	rowbuf_init(&b, KIND_FAULT);
	open_null(&o);
	assert_int_equal(rowbuf_add(&b, &(struct fault_event){ .ts = 10 }, &e), 0);
	assert_int_equal(rowbuf_settle(&b, 100, o.s, &e), 0);
	assert_int_equal(rowbuf_add(&b, &(struct fault_event){ .ts = 50 }, &e), 0);
	assert_int_equal(rowbuf_settle(&b, 200, o.s, &e), 0);
	assert_int_equal(o.s->n, 2);
	assert_int_equal(((uint64_t *)o.s->col[0])[1], 100);
	assert_int_equal(b.late, 1);
	rowbuf_deinit(&b);
	trace_writer_abort(o.w);
}

static void rows_of_one_time_keep_the_order_they_came_in(void **state)
{
	struct err e = {};
	struct rowbuf b;
	struct out o;
	(void)state;
	rowbuf_init(&b, KIND_FAULT);
	open_null(&o);
	for (uint64_t i = 0; i < 10; i++) /* 5 5 .. and then an older one: sorting is needed */
		assert_int_equal(
			rowbuf_add(&b, &(struct fault_event){ .ts = i == 9 ? 1 : 5, .va = i }, &e),
			0);
	assert_int_equal(rowbuf_settle(&b, UINT64_MAX, o.s, &e), 0);
	const uint64_t *va = o.s->col[3];
	assert_int_equal(va[0], 9);
	for (uint64_t i = 1; i < 10; i++)
		assert_int_equal(va[i], i - 1);
	rowbuf_deinit(&b);
	trace_writer_abort(o.w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_interleaving_of_ordered_sources_comes_out_in_order),
		cmocka_unit_test(a_late_row_is_counted_and_does_not_go_backwards),
		cmocka_unit_test(rows_of_one_time_keep_the_order_they_came_in),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
