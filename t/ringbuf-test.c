// SPDX-License-Identifier: MIT
/* Ring-buffer pages: every kind of record, and lengths that lie. */
#include "collect/ringbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { PAGE = 256, HEAD = 16 };

static const struct ringbuf_layout layout = { 0, 8, 8, HEAD };

struct page {
	uint8_t b[PAGE];
	uint32_t n;
};

static void start(struct page *p, uint64_t ts)
{
	*p = (struct page){ .n = HEAD };
	le64_put(p->b, ts);
}

static void word(struct page *p, uint32_t v)
{
	le32_put(p->b + p->n, v);
	p->n += 4;
}

static void head(struct page *p, uint32_t type, uint32_t delta)
{
	word(p, delta << 5 | type);
}

static void commit(struct page *p, uint64_t flags)
{
	le64_put(p->b + 8, (p->n - HEAD) | flags);
}

static void walk(const struct page *p, struct ringbuf_page *w)
{
	assert_true(ringbuf_page_open(&layout, p->b, PAGE, PAGE, w));
}

static void times_add_up_over_all_kinds_of_records(void **state)
{
	struct page p;
	struct ringbuf_page w;
	struct ringbuf_record r;
	(void)state;
	start(&p, 1000);
	head(&p, 1, 5); /* one word */
	word(&p, 0xaaaa);
	head(&p, 30, 7); /* extend: 7 + (1 << 27) */
	word(&p, 1);
	head(&p, 2, 3); /* two words */
	word(&p, 0xbbbb);
	word(&p, 0xcccc);
	head(&p, 29, 10); /* discarded: its time counts, its 8 bytes do not */
	word(&p, 8);
	word(&p, 0xdead);
	head(&p, 31, 1); /* absolute: 1 + (3 << 27) */
	word(&p, 3);
	head(&p, 0, 2); /* length in the next word, itself included: 6 bytes of data, padded */
	word(&p, 10);
	word(&p, 0x11111111);
	word(&p, 0x22222222);
	head(&p, 29, 0); /* nothing from here on */
	word(&p, 0xffffffff);
	commit(&p, 0);

	walk(&p, &w);
	assert_int_equal(ringbuf_page_next(&w, &r), 1);
	assert_int_equal(r.ts, 1005);
	assert_int_equal(r.len, 4);
	assert_int_equal(le32_get(r.data), 0xaaaa);
	assert_int_equal(ringbuf_page_next(&w, &r), 1);
	assert_int_equal(r.ts, 1005 + 7 + (1 << 27) + 3);
	assert_int_equal(r.len, 8);
	assert_int_equal(ringbuf_page_next(&w, &r), 1);
	assert_int_equal(r.ts, 1 + (3 << 27) + 2);
	assert_int_equal(r.len, 6);
	assert_int_equal(le32_get(r.data), 0x11111111);
	assert_int_equal(ringbuf_page_next(&w, &r), 0);
	assert_int_equal(ringbuf_page_next(&w, &r), 0);
}

static void an_absolute_stamp_takes_its_high_bits_from_the_page(void **state)
{
	const uint64_t epoch = UINT64_C(0x17e0000000000000); /* TAI: more than 59 bits */
	struct page p;
	struct ringbuf_page w;
	struct ringbuf_record r;
	(void)state;
	start(&p, epoch);
	head(&p, 31, 9);
	word(&p, (uint32_t)((epoch & ((UINT64_C(1) << 59) - 1)) >> 27));
	head(&p, 1, 1);
	word(&p, 0);
	commit(&p, 0);
	walk(&p, &w);
	assert_int_equal(ringbuf_page_next(&w, &r), 1);
	assert_int_equal(r.ts, epoch + 10);
}

static void missed_events_are_told_with_their_number_where_it_is_stored(void **state)
{
	struct page p;
	struct ringbuf_page w;
	(void)state;
	start(&p, 1);
	head(&p, 1, 0);
	word(&p, 0);
	commit(&p, 0);
	walk(&p, &w);
	assert_false(w.has_missed);
	commit(&p, UINT64_C(1) << 31);
	walk(&p, &w);
	assert_true(w.has_missed);
	assert_int_equal(w.missed, 0);
	commit(&p, UINT64_C(3) << 30);
	le64_put(p.b + p.n, 12345);
	walk(&p, &w);
	assert_int_equal(w.missed, 12345);
}

static void a_page_that_claims_more_than_it_holds_is_refused(void **state)
{
	struct page p;
	struct ringbuf_page w;
	(void)state;
	start(&p, 1);
	p.n = PAGE;
	commit(&p, 0);
	assert_true(ringbuf_page_open(&layout, p.b, PAGE, PAGE, &w));
	le64_put(p.b + 8, PAGE - HEAD + 1);
	assert_false(ringbuf_page_open(&layout, p.b, PAGE, PAGE, &w));
}

static void a_record_longer_than_its_page_ends_the_walk(void **state)
{
	static const struct {
		uint32_t type, word;
	} bad[] = { { 28, 0 },         { 0, 3 },  { 0, 1000 },
		    { 0, UINT32_MAX }, { 29, 0 }, { 29, UINT32_MAX } };
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct page p;
		struct ringbuf_page w;
		struct ringbuf_record r;
		start(&p, 1);
		head(&p, 1, 1);
		word(&p, 7);
		head(&p, bad[i].type, 1);
		word(&p, bad[i].word);
		commit(&p, 0);
		walk(&p, &w);
		assert_int_equal(ringbuf_page_next(&w, &r), 1);
		assert_int_equal(ringbuf_page_next(&w, &r), ERR_FORMAT);
	}
}

static void a_cut_page_gives_the_records_that_are_there(void **state)
{
	struct page p;
	(void)state;
	start(&p, 1);
	for (unsigned i = 0; i < 20; i++) {
		head(&p, 2, 1);
		word(&p, i);
		word(&p, i);
	}
	commit(&p, 0);
	for (size_t avail = HEAD + 1; avail < p.n; avail++) {
		struct ringbuf_page w;
		struct ringbuf_record r;
		size_t n = 0;
		assert_true(ringbuf_page_open(&layout, p.b, PAGE, avail, &w));
		while (ringbuf_page_next(&w, &r) == 1)
			n++;
		assert_int_equal(n, (avail - HEAD) / 12);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_add_up_over_all_kinds_of_records),
		cmocka_unit_test(an_absolute_stamp_takes_its_high_bits_from_the_page),
		cmocka_unit_test(missed_events_are_told_with_their_number_where_it_is_stored),
		cmocka_unit_test(a_page_that_claims_more_than_it_holds_is_refused),
		cmocka_unit_test(a_record_longer_than_its_page_ends_the_walk),
		cmocka_unit_test(a_cut_page_gives_the_records_that_are_there),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
