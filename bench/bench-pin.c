// SPDX-License-Identifier: MIT
/*
 * The whole way of `pugmark pin`, from a trace file to rows, as a process of its
 * own: the reference stream (refstream.h), ROWS of it, each a page event, on a
 * VM as large as it touches, of which 20 % is taken away (reclaim in the loop,
 * no CPU companion). CPU time of the process, wall time for two threads; best of
 * ROUNDS. No figure is a test.
 *
 * The stream runs at 1.8 M events a second, which no swap device could follow:
 * with faults that take time, only its queues would be measured. So the goals
 * are measured with instant faults, and timed ones on the same stream SLOWER.
 *
 *	bench-pin OUT.json
 */
#include "bench/command.h"

#include <stdio.h>
#include <unistd.h>

enum { ROWS = 20000000, ROUNDS = 2, SLOWER = 64 };

struct setting {
	const char *policies, *budgets, *overcommits, *reclaim, *faults, *threads;
};

static struct bench_cost run(const struct bench_trace *t, const struct setting *s)
{
	const char *const argv[] = {
		"pugmark",      "pin",       t->path,     "--memory", "6600M",    "--cpu",
		"cold",         "--policy",  s->policies, "--budget", s->budgets, "--overcommit",
		s->overcommits, "--reclaim", s->reclaim,  "--set",    s->faults,  "--threads",
		s->threads,     "--json",    NULL
	};
	return bench_run(argv, ROUNDS);
}

static void singles(const struct bench_trace *t, const char *faults, FILE *json)
{
	static const char *const policies[] = { "none", "lru", "at-risk" };
	static const char *const reclaims[] = { "lru", "two-list" };
	for (int r = 0; r < 2; r++)
		for (int p = 0; p < 3; p++) {
			char set[40];
			snprintf(set, sizeof(set), "pin.faults=%s", faults);
			const struct setting s = {
				policies[p], "5%", "20%", reclaims[r], set, "1"
			};
			const struct bench_cost c = run(t, &s);
			const double rate = ROWS / 1e6 / c.cpu_s;
			fprintf(json, "\"%s.%s.%s_mevents_s\": %.2f,\n", faults, reclaims[r],
				policies[p], rate);
			printf("%-8s reclaim %-8s %-8s %6.1f M page events/s, %ld MiB\n", faults,
			       reclaims[r], policies[p], rate, c.rss_kib / 1024);
		}
}

/* Two policies x two budgets x two overcommits, none of them twice. */
static void eight(const struct bench_trace *t, FILE *json)
{
	static const char *const policies[] = { "lru", "clock" }, *const budgets[] = { "2%", "5%" },
				 *const overcommits[] = { "10%", "20%" };
	double alone = 0;
	struct setting s = { .reclaim = "two-list",
			     .faults = "pin.faults=instant",
			     .threads = "1" };
	for (int i = 0; i < 8; i++) {
		s.policies = policies[i & 1];
		s.budgets = budgets[i >> 1 & 1];
		s.overcommits = overcommits[i >> 2];
		alone += run(t, &s).cpu_s;
	}
	s.policies = "lru,clock";
	s.budgets = "2%,5%";
	s.overcommits = "10%,20%";
	const struct bench_cost one = run(t, &s);
	s.threads = "2";
	const struct bench_cost two = run(t, &s);
	fprintf(json,
		"\"eight_alone_cpu_s\": %.3f,\n\"eight_together_cpu_s\": %.3f,\n"
		"\"eight_two_threads_cpu_s\": %.3f,\n\"eight_two_threads_wall_s\": %.3f,\n"
		"\"eight_together_rss_kib\": %ld\n",
		alone, one.cpu_s, two.cpu_s, two.wall_s, one.rss_kib);
	printf("8 configurations: %.2f s CPU in one pass, %.2f s in eight (%.2f), %ld MiB; two "
	       "threads: wall %.2f of CPU\n",
	       one.cpu_s, alone, one.cpu_s / alone, one.rss_kib / 1024, two.wall_s / two.cpu_s);
}

int main(int argc, char **argv)
{
	FILE *json = argc == 2 ? fopen(argv[1], "w") : NULL;
	if (!json) {
		fprintf(stderr, "usage: bench-pin OUT.json\n");
		return 64;
	}
	const struct bench_folder folder = bench_folder_new("bench-pin");
	const struct bench_trace_config fast = { "fast.db", ROWS, true, 1 },
					slow = { "slow.db", ROWS, true, SLOWER };
	const struct bench_trace reference = bench_trace_write(&folder, &fast),
				 stretched = bench_trace_write(&folder, &slow);
	fputs("{\n", json);
	singles(&reference, "instant", json);
	singles(&stretched, "timed", json);
	eight(&reference, json);
	fputs("}\n", json);
	fclose(json);
	unlink(reference.path);
	unlink(stretched.path);
	bench_folder_remove(&folder);
	return 0;
}
