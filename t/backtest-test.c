// SPDX-License-Identifier: MIT
/* A back-test of the tiny recording in t/data/swapdir, whose faults under LRU are worked out by
 * hand. */
#include "collect/import.h"
#include "replay/backtest.h"
#include "store/trace-writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char db[240];
	struct trace *trace;
	struct backtest_recording recording;
	struct backtest_config config;
	struct hostmem_config memory;
	struct arena arena;
	struct param_set params;
	struct backtest_result result;
	struct err e;
};

#define must(call)                                           \
	do {                                                 \
		if (call)                                    \
			fail_msg("%s: %s", #call, f->e.msg); \
	} while (0)

static void import(struct fixture *f)
{
	static const struct import_options options = { .as = AS_PA };
	static const char folder[] = "t/data/swapdir";
	const struct trace_writer_options writer = { .collector = "test", .clock = "trace" };
	const struct importer *importer = NULL;
	struct import im = { .options = &options, .is_last = true, .folder = folder };

	must(importer_open_folder(folder, &importer, &im.in, &f->e));
	must(trace_writer_open(f->db, &writer, &im.w, &f->e));
	must(importer->run(&im, &f->e));
	input_close(im.in);
	must(trace_writer_seal(im.w, &f->e));
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	snprintf(f->db, sizeof(f->db), "%.150s/backtest-test-%d.db", tmp && *tmp ? tmp : "/var/tmp",
		 (int)getpid());
	unlink(f->db);
	import(f);
	must(trace_open(f->db, &f->trace, &f->e));
	must(backtest_recording_init(&f->recording, f->trace, &f->e));
	f->params.arena = &f->arena;
	must(param_set_add(&f->params, hostmem_params, hostmem_nparams, &f->memory, &f->e));
	must(param_set_add(&f->params, backtest_params, backtest_nparams, &f->config, &f->e));
	must(backtest_assign(&f->recording, &f->params, &f->e));
	must(param_assign(&f->params, "memory.reclaim=lru", &f->e));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	backtest_result_deinit(&f->result);
	backtest_recording_deinit(&f->recording);
	trace_close(f->trace);
	arena_deinit(&f->arena);
	unlink(f->db);
	free(f);
	return 0;
}

static void the_recording_tells_its_settings(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->recording.vm_pages, 8);
	assert_int_equal(f->recording.limit_pages, 4);
	assert_int_equal(f->recording.nsteps, 3);
	assert_int_equal(f->recording.from_ns, 2 * NS_PER_SEC);
	assert_int_equal(f->recording.to_ns, 30 * NS_PER_SEC);
	assert_true(f->recording.is_populated);
	assert_true(f->memory.dma_sets_accessed);
	assert_int_equal(f->memory.readahead_pages, 1);
	assert_string_equal(param_find(&f->params, "memory", "swap_tier")->text, "zswap");
	assert_string_equal(param_find(&f->params, "memory", "writeback_async")->text, "no");
}

/* They make reclaim's statistics fresh, so their place among the touches matters. */
static void samples_of_the_host_are_replayed_in_order(void **state)
{
	struct fixture *f = *state;
	struct backtest_input *in;
	struct backtest_event ev;
	uint64_t seen = 0, last_ns = 0;

	assert_int_equal(f->recording.nsamples, 3);
	must(backtest_input_open(&f->recording, &f->config, &in, &f->e));
	while (backtest_input_next(in, &ev, &f->e) > 0) {
		assert_true(ev.ts_ns >= last_ns);
		last_ns = ev.ts_ns;
		if (ev.what == BACKTEST_SAMPLE)
			assert_int_equal(ev.ts_ns, f->recording.samples_ns[seen++]);
	}
	assert_int_equal(seen, 3);
	backtest_input_close(in);
}

static void assert_class(struct fixture *f, enum backtest_class class, uint64_t faults_true,
			 uint64_t predicted, uint64_t both)
{
	const struct backtest_score *s = &f->result.scores[class];

	assert_int_equal(s->faults_true, faults_true);
	assert_int_equal(s->faults_predicted, predicted);
	assert_int_equal(s->pairs_both, both);
}

/*
 * The limit takes 0 to 3, which were never touched. DMA then meets 0, and 6,
 * which went for 0; 1 at 15 s; the CPU meets 2 at 25.3 s. The host recorded 0,
 * 1 and 2, and 6 not.
 */
static void faults_are_those_worked_out_by_hand(void **state)
{
	struct fixture *f = *state;

	must(backtest_run(&f->recording, &f->config, &f->memory, &f->result, &f->e));
	assert_class(f, BACKTEST_NIC, 0, 0, 0);
	assert_class(f, BACKTEST_BLOCK, 2, 3, 2);
	assert_class(f, BACKTEST_OTHER, 0, 0, 0);
	assert_class(f, BACKTEST_CPU, 1, 1, 1);
	assert_int_equal(f->result.predicted[BACKTEST_CPU].v[0].pfn, 2);
	assert_int_equal(f->result.absent.snapshots, 2);
	assert_int_equal(f->result.absent.pages_true, 4 + 3);
	assert_int_equal(f->result.absent.pages_predicted, 4 + 4);
}

/* Only touches whose place in the epoch is not known move, and they stay within it. */
static void drawn_times_stay_in_their_epoch_and_in_order(void **state)
{
	struct fixture *f = *state;

	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct backtest_input *in;
		struct backtest_event ev;
		uint64_t last_ns = 0, touches = 0;
		f->config.seed = seed;
		must(backtest_input_open(&f->recording, &f->config, &in, &f->e));
		while (backtest_input_next(in, &ev, &f->e) > 0) {
			assert_true(ev.ts_ns >= last_ns);
			last_ns = ev.ts_ns;
			if (ev.what != BACKTEST_TOUCH)
				continue;
			touches++;
			if (ev.first == 5)
				assert_int_equal(ev.ts_ns, NS_PER_SEC / 10);
			if (ev.first == 2)
				assert_int_equal(ev.ts_ns, 25300 * NS_PER_MS);
			if (ev.first == 4 && ev.ts_ns != 900 * NS_PER_MS)
				assert_int_equal(ev.ts_ns / NS_PER_SEC, 1);
		}
		assert_int_equal(touches, 6);
		backtest_input_close(in);
	}
}

/* At 10 s, for 50 ms: page 0, 6 and what else was in memory then is met again later. */
static void a_squeeze_takes_pages_for_a_moment(void **state)
{
	struct fixture *f = *state;
	const struct backtest_step squeeze[] = { { 10 * NS_PER_SEC, 1, true },
						 { 10050 * NS_PER_MS, 0, true } };

	f->recording.steps = realloc(f->recording.steps, 5 * sizeof(squeeze[0]));
	memcpy(f->recording.steps + 3, squeeze, sizeof(squeeze));
	f->recording.nsteps = 5;
	f->config.has_squeezes = true;
	must(backtest_run(&f->recording, &f->config, &f->memory, &f->result, &f->e));
	assert_int_equal(f->result.counts.absent + f->result.counts.swapped[HOSTMEM_ZSWAP], 5);
	backtest_result_deinit(&f->result);
	f->config.has_squeezes = false;
	must(backtest_run(&f->recording, &f->config, &f->memory, &f->result, &f->e));
	assert_int_equal(f->result.counts.absent + f->result.counts.swapped[HOSTMEM_ZSWAP], 4);
}

/* The host's tables of the VM, 1 page here, take their share of a limit, but not of none. */
static void a_limit_that_holds_the_vm_takes_nothing(void **state)
{
	struct fixture *f = *state;

	must(param_assign(&f->params, "memory.index_ppm=10%", &f->e));
	f->recording.vm_pages = 16;
	f->recording.nsteps = 1;
	for (uint64_t limit = 16; limit >= 15; limit--) {
		f->recording.steps[0].pages = limit;
		must(backtest_run(&f->recording, &f->config, &f->memory, &f->result, &f->e));
		assert_int_equal(f->result.counts.swapped[HOSTMEM_ZSWAP], limit == 16 ? 0 : 2);
		backtest_result_deinit(&f->result);
	}
	f->result = (struct backtest_result){};
}

static void a_page_outside_the_vm_is_refused(void **state)
{
	struct fixture *f = *state;

	f->recording.vm_pages = 6;
	assert_int_equal(backtest_run(&f->recording, &f->config, &f->memory, &f->result, &f->e),
			 ERR_UNUSABLE);
	assert_non_null(strstr(f->e.msg, "outside the VM's 6"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_recording_tells_its_settings, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(samples_of_the_host_are_replayed_in_order, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(faults_are_those_worked_out_by_hand, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(drawn_times_stay_in_their_epoch_and_in_order,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_squeeze_takes_pages_for_a_moment, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_limit_that_holds_the_vm_takes_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_page_outside_the_vm_is_refused, set_up,
						tear_down),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
