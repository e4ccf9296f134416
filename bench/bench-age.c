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
#include "bench/command.h"
#include "replay/age.h"
#include "store/trace.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { ROWS = 20000000, ROUNDS = 3 };

static const uint64_t taus[] = { 1000000000, 2000000000, 5000000000, 10000000000 };

static double cpu_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
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
		bench_die(e.msg);
	while ((rc = access_next(in, &b, &e)) > 0)
		if (ages && age_add(age, &b, &e))
			bench_die(e.msg);
	if (rc || age_finish(age, access_info(in)->end_ns, &results, &n, &e))
		bench_die(e.msg);
	const double spent = cpu_s() - start;
	*bytes_out = age_memory_bytes(age);
	*pages_out = results[n - 1].pages;
	age_free(age);
	access_close(in);
	return spent;
}

static void measure(const char *path, FILE *json)
{
	const double m = ROWS / 1e6;
	struct trace *t;
	struct err e;
	size_t bytes = 0;
	uint64_t pages = 0;
	if (trace_open(path, &t, &e))
		bench_die(e.msg);
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
	const char *const argv[] = { "pugmark", "age", path, "--json", NULL };
	const struct bench_cost c = bench_run(argv, ROUNDS);
	fprintf(json,
		"\n  \"bytes_per_page\": %.1f,\n  \"command_mrows_s\": %.3f,"
		"\n  \"command_rss_kib\": %ld\n",
		(double)bytes / (double)pages, m / c.cpu_s, c.rss_kib);
	printf("pugmark age: %.1f M rows/s CPU, %ld KiB\n", m / c.cpu_s, c.rss_kib);
}

int main(int argc, char **argv)
{
	FILE *json = argc == 2 ? fopen(argv[1], "w") : NULL;
	if (!json) {
		fprintf(stderr, "usage: bench-age OUT.json\n");
		return 64;
	}
	const struct bench_folder folder = bench_folder_new("bench-age");
	const struct bench_trace_config config = { .name = "t.db", .rows = ROWS };
	const struct bench_trace trace = bench_trace_write(&folder, &config);
	fputc('{', json);
	measure(trace.path, json);
	fputs("}\n", json);
	fclose(json);
	unlink(trace.path);
	bench_folder_remove(&folder);
	return 0;
}
