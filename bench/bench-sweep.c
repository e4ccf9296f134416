// SPDX-License-Identifier: MIT
/*
 * The claim: a pin sweep of 1,000 configurations (five policies x budgets x ten
 * overcommits) on a trace of 5 million page events takes on two cores at most
 * twice half of the sum of its policy passes. The sum is the CPU time of one
 * process that runs all of them as lists on one thread and decodes once; the
 * sweep is the local engine with two jobs. CPU times are right on any machine;
 * wall times only where the sweep gets both cores, so it is told how much of them
 * it got. SWEEP_CONFIGS=100 is a smaller one. Then the time of doing nothing
 * again, and of merging 20 results. No figure is a test.
 *
 *	bench-sweep OUT.json
 */
#include "bench/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONFIGS = 1000, CONFIGS_MAX = 1000, PER_BUDGET = 50, MERGED = 20, BATCH = 32 };

static const char policies[] = "lru,clock,fifo,sieve,at-risk";
static const char overcommits[] = "5%,10%,15%,20%,25%,30%,35%,40%,45%,50%";

struct names {
	char trace[240], ini[240], folder[240], merged[240], small[240];
};

static struct bench_cost generate(const struct names *n)
{
	const char *const argv[] = { "pugmark", "gen", "nic",    "--duration", "86min",
				     "--quiet", "-o",  n->trace, NULL };
	return bench_run(argv, 1);
}

static void list_budgets(unsigned n, char *out, size_t bytes)
{
	size_t used = 0;
	for (unsigned i = 1; i <= n; i++)
		used += (size_t)snprintf(out + used, bytes - used, "%s%u%%", i > 1 ? "," : "", i);
}

static struct bench_cost alone(const struct names *n, const char *budgets)
{
	const char *const argv[] = { "pugmark",   "pin",      n->trace, "--policy",
				     policies,    "--budget", budgets,  "--overcommit",
				     overcommits, "--cpu",    "cold",   "--threads",
				     "1",         "--json",   NULL };
	return bench_run(argv, 1);
}

static struct bench_cost sweep(const char *trace, const char *ini, const char *folder,
			       const char *budgets, unsigned batch)
{
	const char *const argv[] = { "pugmark", "sweep", ini, "-o", folder, "--jobs", "2", NULL };
	FILE *f = fopen(ini, "w");
	if (!f)
		bench_die("no sweep file");
	fprintf(f,
		"[sweep]\ncommand = pin\ntraces = %s\nbatch = %u\n[options]\npolicy = %s\n"
		"budget = %s\novercommit = %s\ncpu = cold\n",
		trace, batch, policies, budgets, overcommits);
	fclose(f);
	return bench_run(argv, 1);
}

static struct bench_cost merge(const struct names *n)
{
	const char *const argv[] = {
		"pugmark", "sweep", "--merge", n->small, "-o", n->merged, NULL
	};
	return bench_run(argv, 3);
}

static void name(const struct bench_folder *f, const char *what, char out[240])
{
	snprintf(out, 240, "%s/%s", f->path, what);
}

static void clean(const struct bench_folder *f)
{
	char command[300];
	snprintf(command, sizeof(command), "rm -rf '%s'", f->path);
	if (system(command))
		bench_die("the folder of the benchmark stays");
}

static void tell(FILE *json, unsigned configs, const struct bench_cost *one,
		 const struct bench_cost *all, const struct bench_cost *again,
		 const struct bench_cost *merged)
{
	const double cpu_ratio = all->cpu_s / one->cpu_s, cores = all->cpu_s / all->wall_s;
	const double wall_ratio = all->wall_s / (one->cpu_s / 2);
	fprintf(json,
		"{\n\"configurations\": %u,\n\"passes_cpu_s\": %.2f,\n\"sweep_cpu_s\": %.2f,\n"
		"\"sweep_wall_s\": %.2f,\n\"sweep_cores\": %.2f,\n\"cpu_ratio\": %.2f,\n"
		"\"wall_ratio\": %.2f,\n\"resume_wall_s\": %.3f,\n\"merge_%d_cpu_s\": %.3f,\n"
		"\"merge_%d_wall_s\": %.3f\n}\n",
		configs, one->cpu_s, all->cpu_s, all->wall_s, cores, cpu_ratio, wall_ratio,
		again->wall_s, MERGED, merged->cpu_s, MERGED, merged->wall_s);
	printf("%u configurations on 5 M page events: policy passes %.1f CPU s, sweep %.1f CPU s = "
	       "%.2f of them (at most 2)\n",
	       configs, one->cpu_s, all->cpu_s, cpu_ratio);
	printf("wall %.1f s = %.2f of half of them; the sweep got %.2f of 2 cores%s\n", all->wall_s,
	       wall_ratio, cores, cores < 1.6 ? ": others were at work" : "");
	printf("nothing to do %.2f s; merge of %d %.3f s\n", again->wall_s, MERGED, merged->wall_s);
}

int main(int argc, char **argv)
{
	const char *asked = getenv("SWEEP_CONFIGS");
	const unsigned long wanted = asked ? strtoul(asked, NULL, 10) : CONFIGS;
	const unsigned nbudgets =
		(unsigned)((wanted < CONFIGS_MAX ? wanted : CONFIGS_MAX) + PER_BUDGET - 1) /
		PER_BUDGET;
	FILE *json = argc == 2 ? fopen(argv[1], "w") : NULL;
	if (!json || !nbudgets) {
		fprintf(stderr, "usage: [SWEEP_CONFIGS=1..%d] bench-sweep OUT.json\n", CONFIGS_MAX);
		return 64;
	}
	const struct bench_folder folder = bench_folder_new("bench-sweep");
	struct names n;
	char budgets[200], small_ini[240];
	name(&folder, "nic.db", n.trace);
	name(&folder, "sweep.ini", n.ini);
	name(&folder, "sweep", n.folder);
	name(&folder, "small.ini", small_ini);
	name(&folder, "small", n.small);
	name(&folder, "merged.db", n.merged);
	list_budgets(nbudgets, budgets, sizeof(budgets));
	generate(&n);
	const struct bench_cost one = alone(&n, budgets);
	const struct bench_cost all = sweep(n.trace, n.ini, n.folder, budgets, BATCH);
	const struct bench_cost again = sweep(n.trace, n.ini, n.folder, budgets, BATCH);
	sweep("datasets/nic.db", small_ini, n.small, "1%,2%", 5);
	const struct bench_cost merged = merge(&n);
	const unsigned configs = nbudgets * PER_BUDGET;
	tell(json, configs, &one, &all, &again, &merged);
	fclose(json);
	clean(&folder);
	return 0;
}
