// SPDX-License-Identifier: MIT
/*
 * The published combination at full length: one fault a second, D = 200 us, P99.9
 * and P99.99 of an open loop over hours, simulated against the closed form.
 */
#include "sim/block.h"
#include "base/units.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void hours_at_one_fault_a_second_follow_the_closed_form(void **state)
{
	static const uint64_t ppms[] = { 999000, 999900 };
	const uint64_t span_ns = 2 * 3600 * NS_PER_SEC; /* 36,000,000 requests */
	const struct rate one = { 1, NS_PER_SEC };
	const struct dist d = dist_const(200 * NS_PER_US);
	(void)state;

	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct arena a = {};
		struct param_set s = { .arena = &a };
		struct block_config c;
		struct block_result r;
		struct block_stall *stalls;
		struct block_whatif rows[2];
		struct quantile blocked;
		struct err e;
		size_t n;

		assert_int_equal(param_set_add(&s, block_params, block_nparams, &c, &e), 0);
		assert_int_equal(quantile_init(&blocked, &d, &a, &e), 0);
		assert_int_equal(block_result_init(&r, &a), 0);
		assert_int_equal(
			block_make_stalls(&c, one, &blocked, span_ns, seed, &stalls, &n, &e), 0);
		assert_int_equal(block_run(&c, stalls, n, span_ns, seed, &r, &e), 0);
		assert_int_equal(block_whatif(&c, &blocked, &one, 1, ppms, 2, 100000, rows, &e), 0);
		for (size_t i = 0; i < 2; i++) {
			const double ours = (double)hist_percentile(&r.latency, ppms[i]);
			const double off = fabs(ours / (double)rows[i].ns - 1);
			print_message("# seed %d: %g ns simulated, %g by the closed form\n",
				      (int)seed, ours, (double)rows[i].ns);
			assert_true(off < 0.02);
		}
		free(stalls);
		arena_deinit(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hours_at_one_fault_a_second_follow_the_closed_form),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
