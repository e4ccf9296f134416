// SPDX-License-Identifier: MIT
/* Uses of coherent areas, told between the rows of their devices. */
#include "replay/live.h"

#include "base/rng.h"

#include <stdlib.h>
#include <string.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

enum {
	ROWS = 3000,
	TOLD_MAX = 400000,
	DEVS = 4,
	ALLOC = ACCESS_TOUCH | ACCESS_WRITE | ACCESS_LIVE_BEGIN | ACCESS_SWEPT,
	FREE = ACCESS_LIVE_END | ACCESS_SWEPT,
};

struct rows {
	uint64_t ts[TOLD_MAX], first[TOLD_MAX];
	uint32_t npages[TOLD_MAX];
	uint16_t dev[TOLD_MAX];
	uint8_t what[TOLD_MAX];
	size_t n;
};

static void put(struct rows *r, uint64_t ts, uint16_t dev, unsigned what, uint64_t first,
		uint32_t npages)
{
	assert_true(r->n < TOLD_MAX);
	r->ts[r->n] = ts;
	r->dev[r->n] = dev;
	r->what[r->n] = (uint8_t)what;
	r->first[r->n] = first;
	r->npages[r->n++] = npages;
}

/* What access.c makes of live.c, in batches of a length. */
static void tell(const struct rows *in, uint64_t period_ns, size_t length, struct rows *out)
{
	struct live l;
	struct err e;
	out->n = 0;
	assert_int_equal(live_init(&l, period_ns, &e), 0);
	for (size_t start = 0; start < in->n; start += length) {
		struct access_batch use;
		const struct access_batch b = {
			.ts_ns = in->ts + start,
			.first = in->first + start,
			.npages = in->npages + start,
			.dev = in->dev + start,
			.what = in->what + start,
			.n = in->n - start < length ? in->n - start : length,
		};
		for (size_t at = 0, end; at < b.n; at = end) {
			assert_int_equal(live_pass(&l, &b, at, &end, &e), 0);
			for (size_t i = at; i < end; i++)
				put(out, b.ts_ns[i], b.dev[i], b.what[i], b.first[i], b.npages[i]);
			while (live_take(&l, &use))
				for (size_t i = 0; i < use.n; i++)
					put(out, use.ts_ns[i], use.dev[i], use.what[i],
					    use.first[i], use.npages[i]);
		}
	}
	live_deinit(&l);
}

/* The same, in the plainest way. */
static void tell_plainly(const struct rows *in, uint64_t period_ns, struct rows *out)
{
	static struct rows areas; /* in the order they began */
	uint64_t since[DEVS];
	bool has[DEVS] = {};
	areas.n = out->n = 0;
	for (size_t i = 0; i < in->n; i++) {
		const uint16_t dev = in->dev[i];
		const bool is_area = in->what[i] & ACCESS_SWEPT;
		const unsigned active = ACCESS_TOUCH | ACCESS_OPEN | ACCESS_CLOSE;
		if (!is_area && in->what[i] & active && !(in->what[i] & ACCESS_BY_CPU) &&
		    has[dev] && in->ts[i] >= since[dev] + period_ns) {
			since[dev] = in->ts[i];
			for (size_t k = 0; k < areas.n; k++)
				if (areas.dev[k] == dev)
					put(out, in->ts[i], dev, ACCESS_TOUCH | ACCESS_WRITE,
					    areas.first[k], areas.npages[k]);
		}
		put(out, in->ts[i], dev, in->what[i], in->first[i], in->npages[i]);
		if (is_area && in->what[i] & ACCESS_LIVE_BEGIN) {
			put(&areas, 0, dev, 0, in->first[i], in->npages[i]);
			since[dev] = has[dev] ? since[dev] : in->ts[i];
			has[dev] = true;
		} else if (is_area) {
			/* of several that begin at one page, the last one ends */
			for (size_t k = areas.n; k-- > 0;) {
				if (areas.dev[k] != dev || areas.first[k] != in->first[i])
					continue;
				areas.n--;
				for (; k < areas.n; k++) {
					areas.first[k] = areas.first[k + 1];
					areas.npages[k] = areas.npages[k + 1];
					areas.dev[k] = areas.dev[k + 1];
				}
				break;
			}
			has[dev] = false;
			for (size_t k = 0; k < areas.n; k++)
				has[dev] |= areas.dev[k] == dev;
		}
	}
}

static void draw(struct rng *r, struct rows *out, bool is_crowded)
{
	uint64_t now = 0;
	out->n = 0;
	while (out->n < ROWS) {
		const uint16_t dev = (uint16_t)rng_below(r, DEVS);
		const uint64_t dice = rng_below(r, 100), page = rng_below(r, is_crowded ? 600 : 40);
		now += rng_below(r, 4) ? 0 : rng_below(r, 300);
		if (dice < (is_crowded ? 30 : 3))
			put(out, now, dev, ALLOC, page, 1 + (uint32_t)rng_below(r, 9));
		else if (dice < 8)
			put(out, now, dev, FREE, page, 1);
		else if (dice < 20)
			put(out, now, dev, ACCESS_TOUCH | ACCESS_BY_CPU, page, 1);
		else if (dice < 25)
			put(out, now, dev, 0, page, 1);
		else
			put(out, now, dev, dice & 1 ? ACCESS_OPEN : ACCESS_TOUCH, page, 1);
	}
}

static void uses_equal_the_obvious_model(void **state)
{
	static const uint64_t periods[] = { 1, 100, 3000, UINT64_MAX };
	struct rows *in = malloc(sizeof(*in)), *told = malloc(sizeof(*told)),
		    *plain = malloc(sizeof(*plain));
	(void)state;
	for (unsigned seed = 0; seed < 12; seed++) {
		struct rng r;
		rng_init(&r, seed, "live-test");
		draw(&r, in, seed % 3 == 2);
		const uint64_t period = periods[seed % 4];
		if (period != UINT64_MAX) {
			tell_plainly(in, period, plain);
		} else {
			memcpy(plain, in, sizeof(*in));
		}
		const size_t lengths[] = { ROWS, 1, 7 };
		for (unsigned k = 0; k < 3; k++) {
			tell(in, period, lengths[k], told);
			assert_int_equal(told->n, plain->n);
			for (size_t i = 0; i < told->n; i++) {
				assert_int_equal(told->ts[i], plain->ts[i]);
				assert_int_equal(told->first[i], plain->first[i]);
				assert_int_equal(told->npages[i], plain->npages[i]);
				assert_int_equal(told->dev[i], plain->dev[i]);
				assert_int_equal(told->what[i], plain->what[i]);
			}
		}
	}
	free(in);
	free(told);
	free(plain);
}

static void an_idle_device_leaves_its_ring_alone(void **state)
{
	struct rows *in = malloc(sizeof(*in)), *told = malloc(sizeof(*told));
	(void)state;
	in->n = 0;
	put(in, 0, 1, ALLOC, 100, 16);
	put(in, 50, 1, ACCESS_TOUCH, 7, 1);
	put(in, 100, 1, ACCESS_TOUCH, 7, 1); /* the first period is over: the ring before it */
	put(in, 100, 1, ACCESS_TOUCH, 8, 1);
	put(in, 5000, 2, ACCESS_TOUCH, 9, 1); /* somebody else works */
	put(in, 9000, 1, ACCESS_TOUCH, 7, 1); /* idle till now: once, not once a period */
	tell(in, 100, ROWS, told);
	assert_int_equal(told->n, 8);
	assert_int_equal(told->first[2], 100);
	assert_int_equal(told->npages[2], 16);
	assert_int_equal(told->ts[2], 100);
	assert_int_equal(told->first[6], 100);
	assert_int_equal(told->ts[6], 9000);
	assert_int_equal(told->what[6], ACCESS_TOUCH | ACCESS_WRITE);
	free(in);
	free(told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uses_equal_the_obvious_model),
		cmocka_unit_test(an_idle_device_leaves_its_ring_alone),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
