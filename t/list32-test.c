// SPDX-License-Identifier: MIT
/* Index lists: order, ends, and a long random run against a plain array. */
#include "base/list32.h"
#include "base/rng.h"

#include <string.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

enum { MEMBERS = 8, HEAD = MEMBERS, OTHER };

static void check_order(const struct list32_node *nodes, uint32_t head, const uint32_t *want,
			size_t n)
{
	size_t i = 0;
	LIST32_EACH (member, nodes, head) {
		assert_true(i < n);
		assert_int_equal(member, want[i++]);
	}
	assert_int_equal(i, n);

	uint32_t at = head;
	while (i) {
		at = nodes[at].prev;
		assert_int_equal(at, want[--i]);
	}
	assert_int_equal(nodes[at].prev, head);
}

static void members_keep_the_order_they_were_pushed_in(void **unused)
{
	(void)unused;
	struct list32_node nodes[MEMBERS + 2];
	list32_init(nodes, HEAD);
	assert_true(list32_is_empty(nodes, HEAD));
	assert_false(list32_is_single(nodes, HEAD));
	assert_int_equal(list32_front(nodes, HEAD), HEAD);

	list32_push_front(nodes, HEAD, 3);
	assert_true(list32_is_single(nodes, HEAD));
	list32_push_front(nodes, HEAD, 1);
	list32_push_back(nodes, HEAD, 0);
	list32_insert_after(nodes, 3, 5);
	assert_false(list32_is_single(nodes, HEAD));
	check_order(nodes, HEAD, (const uint32_t[]){ 1, 3, 5, 0 }, 4);
	assert_int_equal(list32_front(nodes, HEAD), 1);
	assert_int_equal(list32_back(nodes, HEAD), 0);

	list32_remove(nodes, 1);
	list32_remove(nodes, 0);
	check_order(nodes, HEAD, (const uint32_t[]){ 3, 5 }, 2);
	list32_remove(nodes, 3);
	list32_remove(nodes, 5);
	assert_true(list32_is_empty(nodes, HEAD));
}

/* two lists as plain arrays, moved with memmove: slow and obviously right */
struct plain {
	uint32_t member[MEMBERS];
	size_t n;
};

static void plain_insert(struct plain *p, size_t at, uint32_t v)
{
	memmove(p->member + at + 1, p->member + at, (p->n - at) * sizeof(v));
	p->member[at] = v;
	p->n++;
}

static bool plain_remove(struct plain *p, uint32_t v)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->member[i] != v)
			continue;
		memmove(p->member + i, p->member + i + 1, (--p->n - i) * sizeof(v));
		return true;
	}
	return false;
}

static void two_lists_in_one_array_match_plain_arrays_over_random_moves(void **unused)
{
	(void)unused;
	struct list32_node nodes[MEMBERS + 2];
	struct plain plain[2] = {};
	struct rng r;
	rng_init(&r, 1, "list32-test");
	list32_init(nodes, HEAD);
	list32_init(nodes, OTHER);

	for (int round = 0; round < 20000; round++) {
		const uint32_t member = (uint32_t)rng_below(&r, MEMBERS);
		const unsigned to = (unsigned)rng_below(&r, 2);
		if (plain_remove(&plain[0], member) || plain_remove(&plain[1], member))
			list32_remove(nodes, member);
		switch (rng_below(&r, 3)) {
		case 0:
			list32_push_front(nodes, HEAD + to, member);
			plain_insert(&plain[to], 0, member);
			break;
		case 1:
			list32_push_back(nodes, HEAD + to, member);
			plain_insert(&plain[to], plain[to].n, member);
			break;
		default: /* stays off both lists */
			break;
		}
		check_order(nodes, HEAD, plain[0].member, plain[0].n);
		check_order(nodes, OTHER, plain[1].member, plain[1].n);
	}
}

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_keep_the_order_they_were_pushed_in),
		cmocka_unit_test(two_lists_in_one_array_match_plain_arrays_over_random_moves),
	};
	return cmocka_run_group_tests_name("list32", tests, NULL, NULL);
}
