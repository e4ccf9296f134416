// SPDX-License-Identifier: MIT
/*
 * How fast the cache replay is, in requests per CPU second, best of three.
 *
 *	bench-cache [OUT.json]
 *
 * Two traces, both as a mapped file of 64-bit page numbers that is in memory
 * before the clock starts (bench/requests.h).
 *
 * policies/clock.c is also built as a shared object, by the line that examples/
 * policy-mine.c gives, and measured beside the built-in one.
 *
 * No figure here is a test.
 */
#include "base/cleanup.h"
#include "bench/requests.h"
#include "replay/cachesim.h"
#include "replay/curve.h"
#include "replay/pageids.h"
#include "replay/policy-params.h"
#include "replay/policy-load.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 3 };

static double cpu_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* best rate so far of one figure */
struct figure {
	const char *name;
	uint64_t per_s;
};

static void keep_best(struct figure *f, const char *name, size_t requests, double seconds)
{
	const uint64_t rate = (uint64_t)((double)requests / seconds);
	f->name = name;
	if (rate > f->per_s)
		f->per_s = rate;
}

static void fail(const struct err *e)
{
	fprintf(stderr, "bench-cache: %s\n", e->msg);
	exit(70);
}

/* A mapped file of n page numbers; all its pages are resident. */
static const uint64_t *map_trace(void (*generate)(uint64_t *), size_t n)
{
	const char *dir = getenv("TMPDIR");
	char path[4096];
	snprintf(path, sizeof(path), "%s/bench-cache-XXXXXX", dir ? dir : "/var/tmp");
	const int fd = mkstemp(path);
	if (fd < 0 || unlink(path) || ftruncate(fd, (off_t)(n * sizeof(uint64_t)))) {
		perror(path);
		exit(73);
	}
	uint64_t *p = mmap(NULL, n * sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			   fd, 0);
	close(fd);
	if (p == MAP_FAILED) {
		perror("mmap");
		exit(71);
	}
	generate(p);
	return p;
}

struct bench {
	const char *name;
	const uint64_t *pages;
	size_t n;
	struct pageids ids;
	struct spool requests, future;
	const struct policy *plugin;
};

static void ingest(struct bench *b)
{
	struct page_array array = { .ranges = { .first = b->pages, .n = b->n } };
	const struct page_source source = { page_array_next, &array };
	struct err e = {};
	if (pageids_init(&b->ids, &e) || spool_init(&b->requests, SPOOL_MEMORY_BYTES, &e) ||
	    spool_init(&b->future, SPOOL_MEMORY_BYTES, &e) ||
	    pageids_ingest(&b->ids, &source, &b->requests, &e))
		fail(&e);
}

static void release(struct bench *b)
{
	pageids_deinit(&b->ids);
	spool_deinit(&b->requests);
	spool_deinit(&b->future);
}

static uint64_t run(struct bench *b, const struct policy *p, uint64_t size)
{
	const struct cachesim sim = { .requests = &b->requests,
				      .future = &b->future,
				      .npages = b->ids.n };
	struct cachesim_job job = { .policy = p, .size_pages = size };
	struct arena arena = {};
	struct err e = {};
	if (policy_params_default(p, &arena, &job.policy_params, &e) ||
	    cachesim_run(&sim, &job, 1, &e))
		fail(&e);
	arena_deinit(&arena);
	return job.misses;
}

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

/* 8 policies x 3 sizes from the mapped file to the counts, one thread */
static double batch(struct bench *b)
{
	static const unsigned percent[] = { 1, 10, 50 };
	const double start = cpu_s();
	struct err e = {};
	ingest(b);
	if (cachesim_future(&b->requests, b->ids.n, &b->future, &e))
		fail(&e);
	static const char *const beyond[] = { "2q", "lru-k", "s3fifo-2025", NULL };
	for (size_t i = 0; policies[i]; i++) {
		if (is_one_of(policies[i]->name, beyond))
			continue;
		for (unsigned k = 0; k < 3; k++)
			run(b, policies[i], (uint64_t)b->ids.n * percent[k] / 100);
	}
	const double seconds = cpu_s() - start;
	release(b);
	return seconds;
}

/* CLOCK as a plug-in; NULL when there is no compiler. Run from the project's root. */
static const struct policy *build_plugin(void)
{
	const char *dir = getenv("TMPDIR"), *cc = getenv("CC");
	char path[1024], line[4096];
	snprintf(path, sizeof(path), "%s/bench-cache-XXXXXX", dir ? dir : "/var/tmp");
	const int fd = mkstemp(path);
	if (fd < 0)
		return NULL;
	close(fd);
	snprintf(line, sizeof(line),
		 "%s -O2 -shared -fPIC -I. -Dpolicy_clock=pugmark_policy -o %s policies/clock.c",
		 cc ? cc : "gcc", path);
	const struct policy *p = NULL;
	if (system(line) || policy_load(path, &p, NULL))
		fprintf(stderr, "bench-cache: no plug-in: %s\n", line);
	unlink(path);
	return p;
}

enum { FIGURES_MAX = 32 };

static size_t measure_once(struct bench *b, struct figure *f)
{
	size_t n = 0;
	struct curve curve;
	struct err e = {};
	double start = cpu_s();
	ingest(b);
	const double ingested = cpu_s() - start;
	keep_best(&f[n++], "ingest", b->n, ingested);

	start = cpu_s();
	run(b, policy_find("lru"), b->ids.n / 10);
	keep_best(&f[n++], "ingest_lru", b->n, ingested + cpu_s() - start);

	start = cpu_s();
	if (curve_exact(&b->requests, b->ids.n, &curve, &e))
		fail(&e);
	keep_best(&f[n++], "curve", b->n, cpu_s() - start);
	keep_best(&f[n++], "ingest_curve", b->n, ingested + cpu_s() - start);
	curve_deinit(&curve);

	start = cpu_s();
	if (cachesim_future(&b->requests, b->ids.n, &b->future, &e))
		fail(&e);
	keep_best(&f[n++], "future", b->n, cpu_s() - start);
	for (size_t i = 0; policies[i]; i++) {
		start = cpu_s();
		run(b, policies[i], b->ids.n / 10);
		keep_best(&f[n++], policies[i]->name, b->n, cpu_s() - start);
	}
	if (b->plugin) {
		start = cpu_s();
		run(b, b->plugin, b->ids.n / 10);
		keep_best(&f[n++], "clock_plugin", b->n, cpu_s() - start);
	}
	release(b);

	struct page_array array = { .ranges = { .first = b->pages, .n = b->n } };
	const struct page_source source = { page_array_next, &array };
	start = cpu_s();
	if (curve_sample(&source, 8192, 1, &curve, &e))
		fail(&e);
	keep_best(&f[n++], "sample_8192", b->n, cpu_s() - start);
	curve_deinit(&curve);
	return n;
}

static json_t *measure(struct bench *b)
{
	struct figure f[FIGURES_MAX] = {};
	size_t n = 0;
	double best_batch = 1e9;
	for (int round = 0; round < ROUNDS; round++)
		n = measure_once(b, f);
	for (int round = 0; round < ROUNDS; round++) {
		const double s = batch(b);
		best_batch = s < best_batch ? s : best_batch;
	}

	json_t *o = json_object();
	printf("%s: %zu requests\n", b->name, b->n);
	for (size_t i = 0; i < n; i++) {
		char key[64];
		printf("  %-14s %8.1f M/s\n", f[i].name, (double)f[i].per_s / 1e6);
		snprintf(key, sizeof(key), "%s_per_s", f[i].name);
		for (char *c = key; *c; c++)
			*c = *c == '-' ? '_' : *c;
		json_object_set_new(o, key, json_integer((json_int_t)f[i].per_s));
	}
	printf("  %-14s %8.3f CPU s\n", "batch 8x3", best_batch);
	json_object_set_new(o, "batch_8x3_cpu_us", json_integer((json_int_t)(best_batch * 1e6)));
	return o;
}

int main(int argc, char **argv)
{
	struct rusage before, after;
	json_t *result = json_object();
	const struct policy *plugin = build_plugin();
	struct bench block = { .name = "block", .n = BLOCK_REQUESTS, .plugin = plugin };
	block.pages = map_trace(requests_block, block.n);
	getrusage(RUSAGE_SELF, &before);
	json_object_set_new(result, "block", measure(&block));
	getrusage(RUSAGE_SELF, &after);
	json_object_set_new(result, "block_rss_kib",
			    json_integer(after.ru_maxrss - before.ru_maxrss));
	printf("block: peak RSS besides the input %ld MiB\n",
	       (after.ru_maxrss - before.ru_maxrss) >> 10);

	struct bench zipf = { .name = "zipf", .n = ZIPF_REQUESTS, .plugin = plugin };
	zipf.pages = map_trace(requests_zipf, zipf.n);
	json_object_set_new(result, "zipf", measure(&zipf));
	int rc = 0;
	if (argc > 1 && json_dump_file(result, argv[1], JSON_INDENT(2))) {
		fprintf(stderr, "bench-cache: %s cannot be written\n", argv[1]);
		rc = 73;
	}
	json_decref(result);
	return rc;
}
