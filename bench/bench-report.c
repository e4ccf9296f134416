// SPDX-License-Identifier: MIT
/*
 * Reports of a results file with 100,000 rows such as `pugmark pin` stores (a
 * design of 80 lines, policies x budgets x overcommits x companions x seeds):
 * CPU time of storing, of the tables, of the page with its figures (gnuplot's
 * too) and of a comparison with itself. No figure here is a test.
 *
 *	bench-report OUT.json
 */
#include "bench/command.h"
#include "store/results.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ROWS = 100000, METRICS = 25, CONFIGS = ROWS / METRICS, SEEDS = 4, ROUNDS = 3 };

static double cpu_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void put_config(struct results *r, unsigned i)
{
	static const char *const names[METRICS] = {
		"total.iopf",     "total.iopf_max_1s", "cpu_major",
		"returned_pages", "pinned_mean_ppm",   "pinned_max",
		"pin_ops",        "unpin_ops",         "swap_in",
		"swap_out",       "resident_pages",    "absent_pages",
		"cold_pages",     "forced_pages",      "cpu_stall_ns",
		"pinned_p99",     "service_cpu_ns",    "update_cpu_ns",
		"nic_gap_ns",     "nic_drops",         "block_p999_base_ns",
		"block_p999_ns",  "block_p9999_ns",    "block_p9999_base_ns",
		"nic_rto",
	};
	static const char *const policies[] = { "none", "lru", "arc", "sieve", "at-risk" };
	char config[6000];
	size_t n = 0;
	struct err e;
	for (unsigned k = 0; k < 80; k++)
		n += (size_t)snprintf(config + n, sizeof(config) - n,
				      "model.parameter_%02u=p50 %u000ns p99 90000ns\n", k, k);
	snprintf(config + n, sizeof(config) - n,
		 "access=near\nvm_pages=1000000\npolicy=%s\nbudget_pages=%u\novercommit_ppm=%u\n"
		 "cpu=%s\n",
		 policies[i % 5], 1000 * (i / 5 % 20), 100000 * (i / 100 % 5 + 1),
		 i / 500 % 2 ? "cold" : "background");
	for (unsigned m = 0; m < METRICS; m++)
		if (results_put(r, config, names[m], 0,
				(int64_t)((i * 2654435761U + m * 40503U) % 1000000), &e))
			bench_die(e.msg);
}

static void write_results(const char *path)
{
	struct results *r;
	struct err e;
	if (results_open(path, &r, &e))
		bench_die(e.msg);
	for (unsigned s = 0; s < SEEDS; s++) {
		const struct results_run run = { .command = "pin",
						 .args = "pin t.db",
						 .trace_path = "t.db",
						 .trace_digest = "00ff",
						 .seed = s };
		if (results_begin_run(r, &run, &e))
			bench_die(e.msg);
		for (unsigned i = 0; i < CONFIGS / SEEDS; i++)
			put_config(r, i);
	}
	if (results_close(r, &e))
		bench_die(e.msg);
}

static void measure(const char *name, const char *const *argv, FILE *json)
{
	const struct bench_cost c = bench_run(argv, ROUNDS);
	fprintf(json, ",\n  \"%s_cpu_s\": %.3f,\n  \"%s_rss_kib\": %ld", name, c.cpu_s, name,
		c.rss_kib);
	printf("%-8s %.2f s CPU, %.2f s, %ld KiB\n", name, c.cpu_s, c.wall_s, c.rss_kib);
}

int main(int argc, char **argv)
{
	FILE *json = argc == 2 ? fopen(argv[1], "w") : NULL;
	char path[240], page[240], index[260];
	if (!json) {
		fprintf(stderr, "usage: bench-report OUT.json\n");
		return 64;
	}
	const struct bench_folder folder = bench_folder_new("bench-report");
	snprintf(path, sizeof(path), "%s/r.db", folder.path);
	snprintf(page, sizeof(page), "%s/page", folder.path);
	snprintf(index, sizeof(index), "%s/index.html", page);
	const double start = cpu_s();
	write_results(path);
	fprintf(json, "{\n  \"rows\": %d,\n  \"store_cpu_s\": %.3f", ROWS, cpu_s() - start);
	printf("store    %.2f s CPU, %d rows\n", cpu_s() - start, ROWS);
	measure("tables", (const char *const[]){ "pugmark", "report", "-q", path, "--json", NULL },
		json);
	measure("page", (const char *const[]){ "pugmark", "report", "-q", path, "-o", page, NULL },
		json);
	measure("compare",
		(const char *const[]){ "pugmark", "report", "--compare", path, path, NULL }, json);
	fputs("\n}\n", json);
	fclose(json);
	unlink(index);
	rmdir(page);
	unlink(path);
	bench_folder_remove(&folder);
	return 0;
}
