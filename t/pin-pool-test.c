// SPDX-License-Identifier: MIT
/*
 * A pool whose clocks are only brought along when something is due, against one
 * whose clocks go along with every event; a pool of one, and one with room for
 * all, against pin_run; what sharing a swap device does.
 */
#include "base/units.h"
#include "policies/policy.h"
#include "replay/pin-consequence.h"
#include "replay/pin-design.h"
#include "replay/pin-pool.h"
#include "replay/pin.h"
#include "replay/policy-load.h"
#include "sim/iopf.h"
#include "sim/swap.h"
#include "store/trace-meta.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { VMS = 3 };

static const char *const origins[VMS] = { "datasets/nic.db", "datasets/nvme.db",
					  "datasets/nic.db" };
static const uint64_t begins_ns[VMS] = { 7 * NS_PER_SEC + 123456789, 0, 3 * NS_PER_SEC };

struct host {
	char paths[VMS][240];
	struct pin_pool_vm vms[VMS];
	struct policy_chosen at_risk;
	struct pin_design design;
	struct pin_pool_run run;
	struct err e;
};

#define must(call)                                           \
	do {                                                 \
		if (call)                                    \
			fail_msg("%s: %s", #call, h->e.msg); \
	} while (0)

static void copy(const char *from, const char *to)
{
	char bytes[1 << 16];
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	size_t n;
	assert_true(in && out);
	while ((n = fread(bytes, 1, sizeof(bytes), in)))
		assert_int_equal(fwrite(bytes, 1, n, out), n);
	fclose(in);
	assert_int_equal(fclose(out), 0);
}

static void set_clock(const char *path, uint64_t real_ns)
{
	char sql[300];
	sqlite3 *db;
	snprintf(sql, sizeof(sql),
		 "DELETE FROM clock; INSERT INTO clock(sess_id, trace_ns, real_ns)"
		 " SELECT sess_id, 0, %llu FROM session",
		 (unsigned long long)real_ns);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static int set_up(void **state)
{
	struct host *h = calloc(1, sizeof(*h));
	const char *tmp = getenv("TMPDIR");
	for (size_t i = 0; i < VMS; i++) {
		struct pin_pool_vm *v = &h->vms[i];
		snprintf(h->paths[i], sizeof(h->paths[i]), "%.150s/pin-pool-test-%d-%zu.db",
			 tmp && *tmp ? tmp : "/var/tmp", (int)getpid(), i);
		copy(origins[i], h->paths[i]);
		set_clock(h->paths[i], 1700000000 * NS_PER_SEC + begins_ns[i]);
		v->path = h->paths[i];
		snprintf(v->name, sizeof(v->name), "vm%zu", i);
		must(trace_open(v->path, &v->trace, &h->e));
		must(pin_devices_read(v->trace, &v->devices, &h->e));
	}
	*state = h;
	return 0;
}

static int tear_down(void **state)
{
	struct host *h = *state;
	for (size_t i = 0; i < VMS; i++) {
		trace_close(h->vms[i].trace);
		unlink(h->paths[i]);
	}
	arena_deinit(&h->design.arena);
	free(h);
	return 0;
}

/* sets: "section.key=value" with spaces between. */
static void configure(struct host *h, const char *sets)
{
	char text[400];
	const char *list[20];
	size_t n = 0;
	snprintf(text, sizeof(text), "%s", sets);
	for (char *p = strtok(text, " "); p; p = strtok(NULL, " "))
		list[n++] = p;
	arena_deinit(&h->design.arena);
	h->design = (struct pin_design){};
	h->at_risk = (struct policy_chosen){ .policy = policy_find_pinning("at-risk") };
	const struct pin_design_sources sources = {
		.chosen = &h->at_risk, .nchosen = 1, .sets = list, .nsets = n
	};
	must(pin_design_read(&h->design, &sources, &h->e));
	h->run = (struct pin_pool_run){
		.vms = h->vms,
		.nvms = VMS,
		.access = { .model = ACCESS_NEAR, .dma_stream = -1, .cpu_stream = -1 },
		.memory = h->design.memory,
		.iopf = h->design.iopf,
		.swap = h->design.swap,
		.block = h->design.block,
		.nic = h->design.nic,
		.background = h->design.background,
		.params = h->design.pin,
		.seed = 1,
	};
	for (size_t i = 0; i < VMS; i++)
		h->vms[i].vm_pages = 0;
}

static struct pin_pool_job job_of(const struct host *h, const char *policy, uint64_t pool_ppm,
				  enum pin_companion c)
{
	return (struct pin_pool_job){
		.policy = policy_find_pinning(policy),
		.policy_params = strcmp(policy, "at-risk") ? NULL : h->at_risk.params,
		.budget = { .value = 50000, .is_ppm = true },
		.pool = { .value = pool_ppm, .is_ppm = true },
		.companion = c,
	};
}

static void free_jobs(struct pin_pool_job *jobs, size_t n)
{
	for (size_t j = 0; j < n; j++)
		free(jobs[j].vms);
}

/* Two runs of the same jobs, compared. */
static void expect_same(struct host *h, struct pin_pool_job *jobs, struct pin_pool_job *others,
			size_t n, const char *what)
{
	for (size_t j = 0; j < n; j++) {
		assert_int_equal(jobs[j].max_1s, others[j].max_1s);
		assert_int_equal(jobs[j].swap_busy_ppm, others[j].swap_busy_ppm);
		assert_int_equal(jobs[j].swap_peak_ppm, others[j].swap_peak_ppm);
		for (size_t i = 0; i < h->run.nvms; i++)
			if (memcmp(&jobs[j].vms[i].result, &others[j].vms[i].result,
				   sizeof(struct pin_result)))
				fail_msg("%s: job %zu, VM %zu differ: %llu and %llu IOPFs", what, j,
					 i,
					 (unsigned long long)pin_iopf(&jobs[j].vms[i].result.total),
					 (unsigned long long)pin_iopf(
						 &others[j].vms[i].result.total));
	}
}

static const char *const settings[] = {
	"memory.reclaim=two-list",
	"memory.reclaim=lru memory.swap_device=own",
	"memory.reclaim=mglru memory.ssd_servers=1",
	"memory.reclaim=age memory.age=1s memory.ssd_servers=1",
	"memory.reclaim=psi iopf.backend=pri",
	"memory.reclaim=lru memory.dma_sets_accessed=yes pin.populated=yes memory.guest_io=100/s",
	"iopf.backend=viommu pin.epoch=1s",
	"iopf.backend=snoop pin.faults=instant",
};

static void test_lazy_clocks(void **state)
{
	struct host *h = *state;
	for (size_t k = 0; k < sizeof(settings) / sizeof(*settings); k++) {
		configure(h, settings[k]);
		struct pin_pool_job jobs[] = {
			job_of(h, "none", 600000, PIN_BY_COLD),
			job_of(h, "none", 700000, PIN_BY_BACKGROUND),
			job_of(h, "lru", 500000, PIN_BY_TOUCHED),
			job_of(h, "at-risk", 600000, PIN_BY_BACKGROUND),
		};
		enum { JOBS = sizeof(jobs) / sizeof(*jobs) };
		struct pin_pool_job others[JOBS];
		bool is_aligned;
		memcpy(others, jobs, sizeof(jobs));
		h->run.threads = 3;
		must(pin_pool_run(&h->run, jobs, JOBS, &is_aligned, &h->e));
		assert_true(is_aligned);
		assert_int_equal(h->vms[0].offset_ns, begins_ns[0]);
		h->run.threads = 1;
		h->run.is_stepwise = true;
		must(pin_pool_run(&h->run, others, JOBS, &is_aligned, &h->e));
		expect_same(h, jobs, others, JOBS, settings[k]);
		uint64_t swapped = 0;
		for (size_t j = 0; j < JOBS; j++)
			for (size_t i = 0; i < VMS; i++)
				swapped += jobs[j].vms[i].result.host.swap_in;
		assert_in_range(swapped, 100, UINT64_MAX);
		free_jobs(jobs, JOBS);
		free_jobs(others, JOBS);
	}
}

/* What `pugmark pin` says of the VM alone, with a limit of its own or none. */
static struct pin_job alone(struct host *h, size_t i, const struct pin_pool_job *like,
			    uint64_t overcommit_ppm, uint64_t seed)
{
	const struct pin_pool_vm *v = &h->vms[i];
	const struct pin_consequence_config effect = {
		.iopf = h->design.iopf,
		.block = h->design.block,
		.nic = h->design.nic,
		.list_of_dev = v->devices.list_of_dev,
		.class_of_list = v->devices.class_of_list,
		.nlists = v->devices.nlists,
	};
	const struct pin_run run = {
		.trace = v->trace,
		.path = v->path,
		.access = h->run.access,
		.class_of_dev = v->devices.class_of_dev,
		.list_of_dev = v->devices.list_of_dev,
		.nlists = v->devices.nlists,
		.memory = h->design.memory,
		.iopf = h->design.iopf,
		.swap = h->design.swap,
		.effect = &effect,
		.background = h->design.background,
		.params = h->design.pin,
		.seed = seed,
		.vm_pages = v->vm_pages,
	};
	struct pin_job job = {
		.policy = like->policy,
		.policy_params = like->policy_params,
		.budget = like->budget,
		.overcommit_ppm = overcommit_ppm,
		.companion = like->companion,
	};
	struct pin_facts facts;
	must(pin_run(&run, &job, 1, &facts, &h->e));
	return job;
}

static void test_pool_of_one(void **state)
{
	struct host *h = *state;
	for (size_t k = 0; k < sizeof(settings) / sizeof(*settings); k++) {
		bool is_aligned;
		configure(h, settings[k]);
		struct pin_pool_job job = job_of(h, "at-risk", 700000, PIN_BY_BACKGROUND);
		h->run.nvms = 1;
		must(pin_pool_run(&h->run, &job, 1, &is_aligned, &h->e));
		const struct pin_job pin = alone(h, 0, &job, 300000, 1);
		/* time-driven reclaim goes by the own limit, which a pool does not set */
		if (h->design.memory.reclaim != RECLAIM_PSI)
			assert_memory_equal(&job.vms[0].result, &pin.result, sizeof(pin.result));
		free(job.vms);
	}
}

/* Limits of their own, no more: with the device shared they meet in its line only. */
static void test_room_for_all(void **state)
{
	struct host *h = *state;
	for (size_t k = 0; k < sizeof(settings) / sizeof(*settings); k++) {
		const struct pin_pool_own own[VMS] = {
			{ .overcommit_ppm = 300000, .companion = PIN_BY_BACKGROUND },
			{ .overcommit_ppm = 200000, .companion = PIN_BY_BACKGROUND },
			{ .overcommit_ppm = 400000, .companion = PIN_BY_BACKGROUND },
		};
		bool is_aligned;
		char sets[300];
		snprintf(sets, sizeof(sets), "%s memory.swap_device=own", settings[k]);
		configure(h, strstr(settings[k], "=own") ? settings[k] : sets);
		struct pin_pool_job job = job_of(h, "at-risk", PPM_PER_ONE, PIN_BY_BACKGROUND);
		job.own = own;
		must(pin_pool_run(&h->run, &job, 1, &is_aligned, &h->e));
		for (size_t i = 0; i < VMS; i++) {
			const uint64_t seed = pin_pool_seed(1, &h->vms[i], VMS);
			const struct pin_job pin = alone(h, i, &job, own[i].overcommit_ppm, seed);
			if (memcmp(&job.vms[i].result, &pin.result, sizeof(pin.result)))
				fail_msg("%s: VM %zu: %llu IOPFs, %llu alone", sets, i,
					 (unsigned long long)pin_iopf(&job.vms[i].result.total),
					 (unsigned long long)pin_iopf(&pin.result.total));
		}
		free(job.vms);
	}
}

static void test_shared_device(void **state)
{
	struct host *h = *state;
	const struct pin_pool_own own[VMS] = {
		{ .overcommit_ppm = 500000, .companion = PIN_BY_COLD },
		{ .overcommit_ppm = 0, .companion = PIN_BY_COLD },
		{ .overcommit_ppm = 500000, .companion = PIN_BY_COLD },
	};
	uint64_t busy_ppm[2], wait_ns[2], stalled_ns[2] = {};
	for (int is_own = 0; is_own < 2; is_own++) {
		struct pin_pool_job job = job_of(h, "none", PPM_PER_ONE, PIN_BY_COLD);
		bool is_aligned;
		/* both VMs do the same, at the same time */
		configure(h, is_own ? "memory.ssd_servers=1 memory.swap_device=own"
				    : "memory.ssd_servers=1 memory.swap_device=shared");
		set_clock(h->paths[0], 1700000000 * NS_PER_SEC + begins_ns[2]);
		job.own = own;
		must(pin_pool_run(&h->run, &job, 1, &is_aligned, &h->e));
		busy_ppm[is_own] = job.swap_busy_ppm;
		wait_ns[is_own] = job.swap_wait_max_ns;
		for (size_t i = 0; i < VMS; i++)
			stalled_ns[is_own] += job.vms[i].result.effect.stalled_ns[PIN_NIC];
		free(job.vms);
	}
	set_clock(h->paths[0], 1700000000 * NS_PER_SEC + begins_ns[0]);
	assert_true(stalled_ns[0] > stalled_ns[1]);
	assert_true(wait_ns[0] > wait_ns[1]);
	assert_in_range(busy_ppm[0], busy_ppm[1] * 3 / 2, busy_ppm[1] * 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lazy_clocks),
		cmocka_unit_test(test_pool_of_one),
		cmocka_unit_test(test_room_for_all),
		cmocka_unit_test(test_shared_device),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
