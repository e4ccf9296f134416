// SPDX-License-Identifier: MIT
/* Traces and processes for benchmarks; CPU time is what the kernel charged to the process. */
#include "bench/command.h"

#include "bench/refstream.h"
#include "store/trace-writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void bench_die(const char *why)
{
	fprintf(stderr, "benchmark: %s\n", why);
	exit(1);
}

struct bench_folder bench_folder_new(const char *name)
{
	const char *tmp = getenv("TMPDIR");
	struct bench_folder f;
	snprintf(f.path, sizeof(f.path), "%.150s/%.30s-XXXXXX", tmp ? tmp : "/var/tmp", name);
	if (!mkdtemp(f.path))
		bench_die("no folder for traces");
	return f;
}

void bench_folder_remove(const struct bench_folder *f)
{
	rmdir(f->path);
}

static void write_rows(struct trace_stream *s, const struct bench_trace_config *c)
{
	struct refstream *r = refstream_new(1, 0);
	const uint64_t slower = c->slower ? c->slower : 1;
	struct err e;
	if (!r)
		bench_die("no memory for the stream");
	for (uint64_t i = 0; i < c->rows; i++) {
		struct dma_event row;
		refstream_next(r, &row);
		row.ts *= slower;
		row.op = c->is_access ? DMA_ACCESS : row.op;
		if (dma_put(s, &row, &e))
			bench_die(e.msg);
	}
	refstream_free(r);
}

struct bench_trace bench_trace_write(const struct bench_folder *f,
				     const struct bench_trace_config *c)
{
	static const char *const bdf[] = { "0000:00:01.0", "0000:00:02.0", "0000:00:03.0",
					   "0000:00:04.0" };
	struct bench_trace t;
	struct trace_writer *w;
	struct trace_stream *s;
	struct err e;
	uint16_t dev;
	snprintf(t.path, sizeof(t.path), "%s/%.30s", f->path, c->name);
	if (trace_writer_open(t.path, NULL, &w, &e) || trace_writer_stream(w, KIND_DMA, &s, &e))
		bench_die(e.msg);
	for (int i = 0; i < 4; i++) {
		const struct trace_device d = { .bdf = bdf[i], .class = i < 2 ? "nic" : "nvme" };
		if (trace_writer_device(w, &d, &dev, &e))
			bench_die(e.msg);
	}
	write_rows(s, c);
	if (trace_writer_seal(w, &e))
		bench_die(e.msg);
	return t;
}

static double wall_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct bench_cost run_once(const char *const *argv)
{
	struct rusage use;
	int status;
	const double start = wall_s();
	fflush(NULL);
	const pid_t pid = fork();
	if (!pid) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(1);
		execv("build/release/pugmark", (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &use) != pid || status)
		bench_die("the command failed");
	return (struct bench_cost){
		.cpu_s = (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
			 (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6,
		.wall_s = wall_s() - start,
		.rss_kib = use.ru_maxrss,
	};
}

struct bench_cost bench_run(const char *const *argv, int rounds)
{
	struct bench_cost best = run_once(argv);
	for (int i = 1; i < rounds; i++) {
		const struct bench_cost c = run_once(argv);
		best.cpu_s = c.cpu_s < best.cpu_s ? c.cpu_s : best.cpu_s;
		best.wall_s = c.wall_s < best.wall_s ? c.wall_s : best.wall_s;
		best.rss_kib = c.rss_kib;
	}
	return best;
}
