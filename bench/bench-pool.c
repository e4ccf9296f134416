// SPDX-License-Identifier: MIT
/*
 * Sixteen VMs of one host, an hour each (four of each generated workload, 512 MiB
 * of memory), as `pugmark pin --pool` replays them on one clock: with room for
 * all, and with a fifth of their memory taken away. CPU time, one thread. No
 * figure is a test.
 *
 *	bench-pool OUT.json
 */
#include "bench/command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { KINDS = 4, SEEDS = 4, VMS = KINDS * SEEDS, ARGS_MAX = VMS + 20 };

static const char *const kinds[KINDS] = { "nic", "block", "mix", "production" };

struct traces {
	char paths[VMS][240];
};

static void generate(const struct bench_folder *f, struct traces *t)
{
	for (unsigned i = 0; i < VMS; i++) {
		char seed[8];
		snprintf(seed, sizeof(seed), "%u", 1 + i / KINDS);
		snprintf(t->paths[i], sizeof(t->paths[i]), "%s/vm%02u.db", f->path, i);
		const char *const argv[] = { "pugmark", "gen",   kinds[i % KINDS],
					     "--seed",  seed,    "--duration",
					     "1h",      "--set", "gen.memory=512M",
					     "--quiet", "-o",    t->paths[i],
					     NULL };
		bench_run(argv, 1);
	}
}

static void run(const struct traces *t, const char *const *words, FILE *json, const char *name)
{
	const char *argv[ARGS_MAX] = { "pugmark" };
	size_t n = 1;
	for (; *words; words++)
		argv[n++] = *words;
	for (unsigned i = 0; i < VMS; i++)
		argv[n++] = t->paths[i];
	const struct bench_cost c = bench_run(argv, 1);
	fprintf(json, "\"%s_cpu_s\": %.3f,\n\"%s_rss_kib\": %ld", name, c.cpu_s, name, c.rss_kib);
	printf("pool of %d VMs, %-22s %6.2f s CPU, %ld MiB\n", VMS, name, c.cpu_s,
	       c.rss_kib / 1024);
}

int main(int argc, char **argv)
{
	static const char *const room[] = { "pin",     "--pool",   "100%", "--policy",
					    "at-risk", "--budget", "5%",   "--threads",
					    "1",       NULL };
	static const char *const full[] = { "pin",     "--pool",   "80%", "--policy",
					    "at-risk", "--budget", "5%",  "--threads",
					    "1",       NULL };
	FILE *json = argc == 2 ? fopen(argv[1], "w") : NULL;
	if (!json) {
		fprintf(stderr, "usage: bench-pool OUT.json\n");
		return 64;
	}
	const struct bench_folder folder = bench_folder_new("bench-pool");
	struct traces t;
	generate(&folder, &t);
	fputs("{\n", json);
	run(&t, room, json, "with_room_for_all");
	fputs(",\n", json);
	run(&t, full, json, "without_a_fifth");
	fputs("\n}\n", json);
	fclose(json);
	for (unsigned i = 0; i < VMS; i++)
		unlink(t.paths[i]);
	bench_folder_remove(&folder);
	return 0;
}
