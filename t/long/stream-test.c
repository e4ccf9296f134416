// SPDX-License-Identifier: MIT
/*
 * Memory of a replay grows with pages, never with events: 10^8 page events of
 * a VM of 4 GiB stream through `age` and `pin` in the bounds stated here.
 *
 *	any replay	64 MiB, and 64 bytes a page (numbers of pages while they grow)
 *	configuration	48 bytes a page (host memory 23, policy and cell the rest)
 */
#include "base/err.h"
#include "store/trace-writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

enum { PAGES = 1 << 20, ROW_PAGES = 64, MIB = 1 << 20 };

/* First all of the VM, then mostly a quarter of it. */
static uint64_t first_page(uint64_t row)
{
	const uint64_t places = PAGES / ROW_PAGES;
	const bool is_all = row < places || row % 64 == 0;
	return row * 7919 % (is_all ? places : places / 4) * ROW_PAGES;
}

/* Rows of 64 pages, 10 ms apart. */
static void write_trace(const char *path, uint64_t events)
{
	const struct trace_device nvme = { .bdf = "0000:00:06.0", .class = "nvme" };
	struct trace_writer *w;
	struct trace_stream *s;
	struct err e;
	uint16_t dev;
	assert_int_equal(trace_writer_open(path, NULL, &w, &e), 0);
	assert_int_equal(trace_writer_stream(w, KIND_DMA, &s, &e), 0);
	assert_int_equal(trace_writer_device(w, &nvme, &dev, &e), 0);
	for (uint64_t i = 0; i < events / ROW_PAGES; i++) {
		const struct dma_event row = {
			.ts = i * 10000000,
			.op = DMA_ACCESS,
			.dir = DIR_FROM_DEVICE,
			.as = AS_GPA,
			.dev = dev,
			.npages = ROW_PAGES,
			.pfn = first_page(i),
			.req = UINT64_MAX,
		};
		assert_int_equal(dma_put(s, &row, &e), 0);
	}
	assert_int_equal(trace_writer_seal(w, &e), 0);
}

/* The most memory of a run of the command, in bytes. */
static uint64_t memory_of(const char *const *argv)
{
	const char *program = getenv("PUGMARK");
	struct rusage use;
	int status;
	fflush(NULL);
	const pid_t pid = fork();
	if (!pid) {
		if (freopen("/dev/null", "w", stdout))
			execv(program ? program : "build/release/pugmark",
			      (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	assert_int_equal(wait4(pid, &status, 0, &use), pid);
	assert_int_equal(status, 0);
	return (uint64_t)use.ru_maxrss * 1024;
}

static void a_hundred_million_events_take_no_more_memory_than_ten(void **state)
{
	(void)state;
	const char *tmp = getenv("TMPDIR");
	char folder[200], path[240];
	snprintf(folder, sizeof(folder), "%.150s/pugmark-stream-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/t.db", folder);
	const char *const age[] = { "pugmark", "age", path, "--json", NULL };
	const char *const pin[] = {
		"pugmark",  "pin",       path,    "--policy", "none,lru,at-risk",
		"--budget", "5%",        "--cpu", "cold",     "--overcommit",
		"20%",      "--threads", "1",     "--json",   NULL
	};
	const uint64_t replay = 64 * (uint64_t)MIB + 64 * (uint64_t)PAGES,
		       cell = 48 * (uint64_t)PAGES;
	uint64_t used[2][2];
	for (unsigned i = 0; i < 2; i++) {
		write_trace(path, i ? 100000000 : 10000000);
		used[i][0] = memory_of(age);
		used[i][1] = memory_of(pin);
		unlink(path);
		print_message("# %s events: age %llu MiB, pin %llu MiB\n", i ? "10^8" : "10^7",
			      (unsigned long long)used[i][0] / MIB,
			      (unsigned long long)used[i][1] / MIB);
	}
	rmdir(folder);
	assert_true(used[1][0] <= replay && used[1][1] <= replay + 3 * cell);
	assert_true(used[1][0] <= used[0][0] + 8 * MIB && used[1][1] <= used[0][1] + 8 * MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hundred_million_events_take_no_more_memory_than_ten),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
