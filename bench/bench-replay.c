// SPDX-License-Identifier: MIT
/*
 * The whole way of `pugmark cache`, from a trace file to a miss count, as a
 * process of its own: the block trace as one row a request and as one row a
 * run. CPU time of the process for one thread; wall time for one and two.
 */
#include "bench/requests.h"
#include "store/trace-writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 3 };

static void die(const struct err *e)
{
	fprintf(stderr, "bench-replay: %s\n", e->msg);
	exit(1);
}

static void write_trace(const char *path, const uint64_t *pages, int has_runs)
{
	struct err e;
	struct trace_writer *w;
	struct trace_stream *s;
	if (trace_writer_open(path, NULL, &w, &e) || trace_writer_stream(w, KIND_OBJECT, &s, &e))
		die(&e);
	for (size_t i = 0; i < BLOCK_REQUESTS;) {
		size_t n = 1;
		while (has_runs && n < 64 && i + n < BLOCK_REQUESTS && pages[i + n] == pages[i] + n)
			n++;
		const struct object_event row = {
			.ts = i * 500, .obj = pages[i], .npages = (uint32_t)n, .bytes = n * 4096
		};
		if (object_put(s, &row, &e))
			die(&e);
		i += n;
	}
	if (trace_writer_seal(w, &e))
		die(&e);
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

static struct cost run(const char *path, const char *policies, const char *sizes,
		       const char *threads)
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
			execl("build/release/pugmark", "pugmark", "cache", path, "--policy",
			      policies, "--size", sizes, "--threads", threads, "--json", NULL);
			_exit(127);
		}
		if (wait4(pid, &status, 0, &use) != pid || status) {
			fprintf(stderr, "bench-replay: pugmark cache failed\n");
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

int main(int argc, char **argv)
{
	FILE *json = argc == 2 ? fopen(argv[1], "w") : NULL;
	if (!json) {
		fprintf(stderr, "usage: bench-replay OUT.json\n");
		return 64;
	}
	const char *tmp = getenv("TMPDIR");
	char dir[200], path[2][240];
	snprintf(dir, sizeof(dir), "%.150s/bench-replay-XXXXXX", tmp ? tmp : "/var/tmp");
	uint64_t *pages = malloc(BLOCK_REQUESTS * sizeof(*pages));
	if (!pages || !mkdtemp(dir))
		return 73;
	requests_block(pages);

	static const char *const names[] = { "row_a_request", "row_a_run" };
	fputc('{', json);
	for (int i = 0; i < 2; i++) {
		snprintf(path[i], sizeof(path[i]), "%s/%s.db", dir, names[i]);
		write_trace(path[i], pages, i);
		const struct cost one = run(path[i], "lru", "10%", "1");
		const struct cost two = run(path[i], "lru", "10%", "2");
		const struct cost all =
			run(path[i], "lru,fifo,clock,arc,lfu,sieve,s3fifo,min", "1%,10%,50%", "1");
		const double m = BLOCK_REQUESTS / 1e6;
		fprintf(json,
			"%s\n  \"%s.lru_cpu_mreq_s\": %.3f,\n  \"%s.lru_wall_1_mreq_s\": %.3f,"
			"\n  \"%s.lru_wall_2_mreq_s\": %.3f,\n  \"%s.batch_8x3_cpu_s\": %.3f,"
			"\n  \"%s.batch_8x3_rss_kib\": %ld",
			i ? "," : "", names[i], m / one.cpu_s, names[i], m / one.wall_s, names[i],
			m / two.wall_s, names[i], all.cpu_s, names[i], all.rss_kib);
		printf("%-14s lru %.1f M/s CPU, %.1f wall on one thread, %.1f on two; 8 x 3: %.2f "
		       "s CPU, "
		       "%ld KiB\n",
		       names[i], m / one.cpu_s, m / one.wall_s, m / two.wall_s, all.cpu_s,
		       all.rss_kib);
		unlink(path[i]);
	}
	fputs("\n}\n", json);
	fclose(json);
	rmdir(dir);
	free(pages);
	return 0;
}
