// SPDX-License-Identifier: MIT
/*
 * The whole way of `pugmark pin`, from a trace file to rows, as a process of its
 * own: the reference stream (refstream.h), ROWS of it, each a page event, on a
 * VM as large as it touches, of which 20 % is taken away (reclaim in the loop, no CPU companion).
 *CPU time of the process; wall time for two threads; best of ROUNDS. Then eight configurations in
 *one pass against eight passes of one. No figure is a test.
 *
 *	bench-pin OUT.json
 */
#include "bench/refstream.h"
#include "store/trace-writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROWS = 20000000, ROUNDS = 2 };

static void __attribute__((noreturn)) die(const struct err *e)
{
	fprintf(stderr, "bench-pin: %s\n", e->msg);
	exit(1);
}

static void write_trace(const char *path)
{
	static const char *const bdf[] = { "0000:00:01.0", "0000:00:02.0", "0000:00:03.0",
					   "0000:00:04.0" };
	struct refstream *r = refstream_new(1, 0);
	struct trace_writer *w;
	struct trace_stream *s;
	struct err e = { .msg = "no memory for the stream" };
	uint16_t dev;
	if (!r || trace_writer_open(path, NULL, &w, &e) || trace_writer_stream(w, KIND_DMA, &s, &e))
		die(&e);
	for (int i = 0; i < 4; i++) {
		const struct trace_device d = { .bdf = bdf[i], .class = i < 2 ? "nic" : "nvme" };
		if (trace_writer_device(w, &d, &dev, &e))
			die(&e);
	}
	for (long i = 0; i < ROWS; i++) {
		struct dma_event row;
		refstream_next(r, &row);
		row.op = DMA_ACCESS; /* each row is one event, whatever it mapped */
		if (dma_put(s, &row, &e))
			die(&e);
	}
	if (trace_writer_seal(w, &e))
		die(&e);
	refstream_free(r);
}

struct cost {
	double cpu_s, wall_s;
	long rss_kib;
};

static double wall(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct cost run(const char *path, const char *policies, const char *budgets,
		       const char *overcommits, const char *reclaim, const char *threads)
{
	struct cost best = { .cpu_s = 1e9, .wall_s = 1e9 };
	for (int round = 0; round < ROUNDS; round++) {
		struct rusage use;
		int status;
		const double start = wall();
		fflush(NULL);
		const pid_t pid = fork();
		if (!pid) {
			if (!freopen("/dev/null", "w", stdout))
				_exit(1);
			execl("build/release/pugmark", "pugmark", "pin", path, "--memory", "6600M",
			      "--cpu", "cold", "--policy", policies, "--budget", budgets,
			      "--overcommit", overcommits, "--reclaim", reclaim, "--threads",
			      threads, "--json", NULL);
			_exit(127);
		}
		if (wait4(pid, &status, 0, &use) != pid || status) {
			fprintf(stderr, "bench-pin: pugmark pin failed\n");
			exit(1);
		}
		const double spent = wall() - start;
		const double cpu = (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
				   (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6;
		best.cpu_s = cpu < best.cpu_s ? cpu : best.cpu_s;
		best.wall_s = spent < best.wall_s ? spent : best.wall_s;
		best.rss_kib = use.ru_maxrss;
	}
	return best;
}

static void singles(const char *path, FILE *json)
{
	static const char *const policies[] = { "none", "lru", "at-risk" };
	static const char *const reclaims[] = { "lru", "two-list" };
	for (int r = 0; r < 2; r++)
		for (int p = 0; p < 3; p++) {
			const struct cost c = run(path, policies[p], "5%", "20%", reclaims[r], "1");
			const double rate = ROWS / 1e6 / c.cpu_s;
			fprintf(json, "\"%s.%s_mevents_s\": %.2f,\n", reclaims[r], policies[p],
				rate);
			printf("reclaim %-8s %-8s %6.1f M page events/s, %ld MiB\n", reclaims[r],
			       policies[p], rate, c.rss_kib / 1024);
		}
}

/* Two policies x two budgets x two overcommits, none of them twice. */
static void eight(const char *path, FILE *json)
{
	static const char *const policies[] = { "lru", "clock" }, *const budgets[] = { "2%", "5%" },
				 *const overcommits[] = { "10%", "20%" };
	double alone = 0;
	for (int i = 0; i < 8; i++)
		alone += run(path, policies[i & 1], budgets[i >> 1 & 1], overcommits[i >> 2],
			     "two-list", "1")
				 .cpu_s;
	const struct cost one = run(path, "lru,clock", "2%,5%", "10%,20%", "two-list", "1");
	const struct cost two = run(path, "lru,clock", "2%,5%", "10%,20%", "two-list", "2");
	fprintf(json,
		"\"eight_alone_cpu_s\": %.3f,\n\"eight_together_cpu_s\": %.3f,\n"
		"\"eight_two_threads_cpu_s\": %.3f,\n\"eight_two_threads_wall_s\": %.3f\n",
		alone, one.cpu_s, two.cpu_s, two.wall_s);
	printf("8 configurations: %.2f s CPU in one pass, %.2f s in eight (%.2f); two threads: "
	       "wall %.2f of CPU\n",
	       one.cpu_s, alone, one.cpu_s / alone, two.wall_s / two.cpu_s);
}

int main(int argc, char **argv)
{
	FILE *json = argc == 2 ? fopen(argv[1], "w") : NULL;
	if (!json) {
		fprintf(stderr, "usage: bench-pin OUT.json\n");
		return 64;
	}
	const char *tmp = getenv("TMPDIR");
	char dir[200], path[240];
	snprintf(dir, sizeof(dir), "%.150s/bench-pin-XXXXXX", tmp ? tmp : "/var/tmp");
	if (!mkdtemp(dir))
		return 73;
	snprintf(path, sizeof(path), "%s/reference.db", dir);
	write_trace(path);
	fputs("{\n", json);
	singles(path, json);
	eight(path, json);
	fputs("}\n", json);
	fclose(json);
	unlink(path);
	rmdir(dir);
	return 0;
}
