// SPDX-License-Identifier: MIT
/*
 * From a trace file to ages, in rows per second of CPU time of all threads of
 * the process: reading accesses alone, ages under each access model, and the
 * whole command as a process of its own. The reference stream (refstream.h),
 * ROWS of it written to a trace once; best of ROUNDS. No figure here is a test.
 *
 *	bench-age OUT.json
 */
#include "base/units.h"
#include "bench/refstream.h"
#include "replay/age.h"
#include "store/trace-writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROWS = 20000000, ROUNDS = 3 };

static const uint64_t taus[] = { 1000000000, 2000000000, 5000000000, 10000000000 };

static void __attribute__((noreturn)) die(const struct err *e)
{
	fprintf(stderr, "bench-age: %s\n", e->msg);
	exit(1);
}

static double cpu_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
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
		if (dma_put(s, &row, &e))
			die(&e);
	}
	if (trace_writer_seal(w, &e))
		die(&e);
	refstream_free(r);
}

/* CPU seconds of one pass; ages: else only reads. *bytes_out: of age's tables */
static double pass(struct trace *t, enum access_model model, int ages, size_t *bytes_out,
		   uint64_t *pages_out)
{
	const struct access_config c = { .model = model,
					 .threaded = true,
					 .dma_stream = -1,
					 .cpu_stream = -1,
					 .live_period_ns = NS_PER_SEC };
	const double start = cpu_s();
	const struct age_result *results;
	struct access_batch b;
	struct access *in;
	struct age *age;
	struct err e;
	size_t n;
	int rc;
	if (access_open(t, &c, &in, &e) || age_new(taus, 4, &age, &e))
		die(&e);
	while ((rc = access_next(in, &b, &e)) > 0)
		if (ages && age_add(age, &b, &e))
			die(&e);
	if (rc || age_finish(age, access_info(in)->end_ns, &results, &n, &e))
		die(&e);
	const double spent = cpu_s() - start;
	*bytes_out = age_memory_bytes(age);
	*pages_out = results[n - 1].pages;
	age_free(age);
	access_close(in);
	return spent;
}

/* CPU seconds of the whole command. */
static double command(const char *path, long *rss_kib_out)
{
	struct rusage use;
	int status;
	fflush(NULL);
	const pid_t pid = fork();
	if (!pid) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(1);
		execl("build/release/pugmark", "pugmark", "age", path, "--json", NULL);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &use) != pid || status) {
		fprintf(stderr, "bench-age: pugmark age failed\n");
		exit(1);
	}
	*rss_kib_out = use.ru_maxrss;
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6;
}

static void measure(const char *path, FILE *json)
{
	const double m = ROWS / 1e6;
	struct trace *t;
	struct err e;
	size_t bytes = 0;
	uint64_t pages = 0;
	if (trace_open(path, &t, &e))
		die(&e);
	for (int model = 0; model < ACCESS_MODELS; model++) {
		double best[2] = { 1e9, 1e9 };
		for (int i = 0; i < 2 * ROUNDS; i++) {
			const double s = pass(t, (enum access_model)model, i & 1, &bytes, &pages);
			best[i & 1] = s < best[i & 1] ? s : best[i & 1];
		}
		fprintf(json, "\n  \"%s.access_mrows_s\": %.3f,\n  \"%s.age_mrows_s\": %.3f,",
			access_model_names[model], m / best[0], access_model_names[model],
			m / best[1]);
		printf("%-6s access %.1f M rows/s CPU, age %.1f M rows/s CPU, %.1f bytes a page of "
		       "%llu\n",
		       access_model_names[model], m / best[0], m / best[1],
		       (double)bytes / (double)pages, (unsigned long long)pages);
	}
	trace_close(t);
	double best = 1e9;
	long rss_kib = 0;
	for (int i = 0; i < ROUNDS; i++) {
		const double s = command(path, &rss_kib);
		best = s < best ? s : best;
	}
	fprintf(json,
		"\n  \"bytes_per_page\": %.1f,\n  \"command_mrows_s\": %.3f,"
		"\n  \"command_rss_kib\": %ld\n",
		(double)bytes / (double)pages, m / best, rss_kib);
	printf("pugmark age: %.1f M rows/s CPU, %ld KiB\n", m / best, rss_kib);
}

int main(int argc, char **argv)
{
	FILE *json = argc == 2 ? fopen(argv[1], "w") : NULL;
	if (!json) {
		fprintf(stderr, "usage: bench-age OUT.json\n");
		return 64;
	}
	const char *tmp = getenv("TMPDIR");
	char dir[200], path[240];
	snprintf(dir, sizeof(dir), "%.150s/bench-age-XXXXXX", tmp ? tmp : "/var/tmp");
	if (!mkdtemp(dir))
		return 73;
	snprintf(path, sizeof(path), "%s/t.db", dir);
	write_trace(path);
	fputc('{', json);
	measure(path, json);
	fputs("}\n", json);
	fclose(json);
	unlink(path);
	rmdir(dir);
	return 0;
}
