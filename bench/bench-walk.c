// SPDX-License-Identifier: MIT
/*
 * Page walks from decoded accesses: M accesses per second of CPU time of one
 * core, for one design alone and for all modes in one pass, and what all cost
 * over nested alone (the same run, rounds in turn). Traces: those of $DATA/walk
 * where they are, and 5 M uniform loads of 4 GiB. Best of ROUNDS.
 *
 * ChampSim (2ff25011, default build) ran the sqlite trace at 75,000 accesses/s on
 * such a machine. It is a cycle-level simulator and does far more for each access:
 * the ratio tells what a question about walks alone costs there, not a merit.
 *
 *	bench-walk OUT.json
 */
#include "base/rng.h"
#include "bench/command.h"
#include "replay/walk-design.h"
#include "sim/walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zstd.h>

enum { ROUNDS = 7, ACCESSES_MAX = 5000000, TEXT_MAX = 128 << 20, CHAMPSIM_PER_S = 75000 };

static const char *const all_modes[] = { "native",        "nested",  "shadow-naive",
					 "shadow-unsync", "tpt-opt", "tpt-naive" };

struct accesses {
	uint64_t *va;
	uint32_t *bytes;
	size_t n;
};

static struct accesses accesses_new(void)
{
	struct accesses a = { .va = malloc(ACCESSES_MAX * sizeof(*a.va)),
			      .bytes = malloc(ACCESSES_MAX * sizeof(*a.bytes)) };
	if (!a.va || !a.bytes)
		bench_die("no memory for accesses");
	return a;
}

static char *unpack(FILE *f)
{
	fseek(f, 0, SEEK_END);
	const size_t packed = (size_t)ftell(f);
	rewind(f);
	char *in = malloc(packed), *text = malloc(TEXT_MAX);
	if (!in || !text || fread(in, 1, packed, f) != packed)
		bench_die("a trace cannot be read");
	ZSTD_DCtx *z = ZSTD_createDCtx();
	ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, 30);
	const size_t n = ZSTD_decompressDCtx(z, text, TEXT_MAX - 1, in, packed);
	ZSTD_freeDCtx(z);
	free(in);
	if (ZSTD_isError(n))
		bench_die("a trace cannot be unpacked");
	text[n] = 0;
	return text;
}

/* A lackey log; n 0: it is not there. */
static struct accesses read_lackey(const char *name)
{
	const char *dir = getenv("DATA");
	char path[4096];
	struct accesses a = {};
	snprintf(path, sizeof(path), "%s/walk/%s.lackey.zst", dir ? dir : "../shared/data", name);
	FILE *f = fopen(path, "rb");
	if (!f)
		return a;
	a = accesses_new();
	char *text = unpack(f), *next;
	fclose(f);
	for (char *line = text; *line && a.n < ACCESSES_MAX; line = next) {
		next = strchr(line, '\n') + 1;
		if (*line != ' ')
			continue;
		a.va[a.n] = strtoull(line + 3, &line, 16);
		a.bytes[a.n++] = (uint32_t)strtoul(line + 1, NULL, 10);
	}
	free(text);
	return a;
}

static struct accesses make_random(void)
{
	struct accesses a = accesses_new();
	struct rng rng;
	rng_init(&rng, 1, "bench-walk");
	for (; a.n < ACCESSES_MAX; a.n++) {
		a.va[a.n] = 0x7f0000000000 + rng_below(&rng, UINT64_C(4) << 30 >> 3) * 8;
		a.bytes[a.n] = 8;
	}
	return a;
}

static double cpu_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* CPU seconds of one pass of n designs. */
static double pass(const struct accesses *a, const char *const *names, size_t n)
{
	struct walk_design designs[8];
	const struct walk_config *configs[8];
	struct arena arena = {};
	struct walk *walk;
	struct err e;
	for (size_t i = 0; i < n; i++) {
		if (walk_design_read(names[i], NULL, 0, &arena, &designs[i], &e))
			bench_die(e.msg);
		configs[i] = &designs[i].config;
	}
	const double start = cpu_s();
	if (walk_new(configs, n, &arena, &walk, &e) ||
	    walk_access(walk, 0, a->va, a->bytes, a->n, &e))
		bench_die(e.msg);
	const double spent = cpu_s() - start;
	arena_deinit(&arena);
	return spent;
}

static void measure(const char *name, struct accesses a, FILE *json)
{
	double native = 1e9, nested = 1e9, all = 1e9;
	if (!a.n)
		return;
	for (int i = 0; i < ROUNDS; i++) {
		const double one = pass(&a, all_modes, 1), two = pass(&a, all_modes + 1, 1),
			     six = pass(&a, all_modes, sizeof(all_modes) / sizeof(*all_modes));
		native = one < native ? one : native;
		nested = two < nested ? two : nested;
		all = six < all ? six : all;
	}
	const double m = (double)a.n / 1e6;
	printf("%-12s native %.0f M accesses/s CPU, nested %.0f, all modes %.0f (%.2f times "
	       "nested); "
	       "nested is %.0f times ChampSim's %d/s, which is cycle-level\n",
	       name, m / native, m / nested, m / all, all / nested,
	       m * 1e6 / nested / CHAMPSIM_PER_S, CHAMPSIM_PER_S);
	fprintf(json,
		"  \"%s.native_maccesses_s\": %.1f,\n  \"%s.nested_maccesses_s\": %.1f,\n"
		"  \"%s.all_maccesses_s\": %.1f,\n  \"%s.all_over_nested\": %.3f,\n",
		name, m / native, name, m / nested, name, m / all, name, all / nested);
	free(a.va);
	free(a.bytes);
}

int main(int argc, char **argv)
{
	FILE *json = argc == 2 ? fopen(argv[1], "w") : NULL;
	if (!json) {
		fprintf(stderr, "usage: bench-walk OUT.json\n");
		return 64;
	}
	fputs("{\n", json);
	measure("sqlite3_rand", read_lackey("sqlite3_rand"), json);
	measure("graph_push", read_lackey("graph_push"), json);
	measure("random_4g", make_random(), json);
	fprintf(json, "  \"champsim_accesses_s\": %d\n}\n", CHAMPSIM_PER_S);
	fclose(json);
	return 0;
}
