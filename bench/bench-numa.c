// SPDX-License-Identifier: MIT
/*
 * pugmark numa classify on a pair of page-table dumps of about 1 GB of text:
 * a guest that has mapped 256 GiB in random order, on a host of four nodes.
 * Every table is full; the dumps are in level order, as the dump tool has them.
 * CPU seconds and memory of the command as a process; the dumps are made anew
 * (some 10 s) and removed. No figure here is a test.
 *
 *	bench-numa OUT.json
 */
#include "bench/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENTRIES = 512, LEAVES = 1 << 17, NODES = 4, ROUNDS = 2 };

static const uint64_t frames = (uint64_t)LEAVES * ENTRIES;

/* A permutation of frames by two odd factors and a shift: every one is used once. */
static uint64_t scatter(uint64_t i, uint64_t factor)
{
	uint64_t x = i * factor % frames;
	x ^= x >> 11;
	return x * factor % frames;
}

struct plan {
	uint64_t factor; /* of data frames */
	uint64_t tables; /* frame of table number 0; the others follow, scattered over nodes */
};

static uint64_t table_frame(const struct plan *p, uint64_t i)
{
	return p->tables + i;
}

/* One line; first: number of what its entry 0 points to. */
static void put_table(FILE *out, const struct plan *p, unsigned level, uint64_t frame,
		      uint64_t first, uint64_t n)
{
	fprintf(out, "<level%u b=\"%" PRIx64 "\">", level, frame);
	for (uint64_t i = 0; i < ENTRIES; i++)
		if (i >= n)
			fputs("0 ", out);
		else if (level == 1)
			fprintf(out, "%" PRIx64 " ", scatter(first + i, p->factor));
		else
			fprintf(out, "%s%" PRIx64 " ", level == 2 ? "p" : "",
				table_frame(p, first + i));
	fprintf(out, "</level%u>\n", level);
}

/* Tables are numbered from the leaves up. */
static void put_dump(FILE *out, const struct plan *p)
{
	const uint64_t n[5] = { 0, LEAVES, LEAVES / ENTRIES, 1, 1 };
	uint64_t first[5] = { 0, 0, n[1], n[1] + n[2], n[1] + n[2] + n[3] };
	fprintf(out, "<ptdump process=\"1\" count=\"%" PRIu64 "\">\n", first[4] + n[4]);
	fputs("<numamigrations>0</numamigrations>\n", out);
	for (unsigned level = 4; level >= 1; level--)
		for (uint64_t i = 0; i < n[level]; i++)
			put_table(out, p, level, table_frame(p, first[level] + i),
				  (level > 1 ? first[level - 1] : 0) + i * ENTRIES,
				  level > 1 && n[level - 1] < ENTRIES ? n[level - 1] : ENTRIES);
	fputs("</ptdump>\n", out);
}

static uint64_t put_file(const char *path, const struct plan *p, int has_map)
{
	FILE *out = fopen(path, "w");
	struct stat st;
	if (!out)
		bench_die(path);
	if (has_map) {
		fputs("<numamap>\n", out);
		for (uint64_t i = 0; i < NODES; i++)
			fprintf(out, "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", i,
				i * frames / NODES * 4096, (i + 1) * frames / NODES * 4096);
		fputs("</numamap>\n", out);
	}
	put_dump(out, p);
	if (fclose(out) || stat(path, &st))
		bench_die(path);
	return (uint64_t)st.st_size;
}

int main(int argc, char **argv)
{
	FILE *json = argc == 2 ? fopen(argv[1], "w") : NULL;
	if (!json) {
		fprintf(stderr, "usage: bench-numa OUT.json\n");
		return 64;
	}
	const struct bench_folder folder = bench_folder_new("bench-numa");
	char guest[260], extended[260];
	snprintf(guest, sizeof(guest), "%s/gpt.txt", folder.path);
	snprintf(extended, sizeof(extended), "%s/ept.txt", folder.path);
	/* the guest's tables in the middle of its memory, the host's in a node of their own */
	const struct plan of_guest = { 0x9e3779b1, frames / 2 },
			  of_host = { 0x85ebca6b, frames / 3 };
	const uint64_t bytes = put_file(guest, &of_guest, 0) + put_file(extended, &of_host, 1);

	const char *const run[] = {
		"pugmark", "numa", "classify", guest, extended, "--json", NULL
	};
	const struct bench_cost c = bench_run(run, ROUNDS);
	printf("%.2f GB of dump text in %.2f s of CPU: %.0f MB/s, %.1f s a GB, %ld MiB\n",
	       (double)bytes / 1e9, c.cpu_s, (double)bytes / 1e6 / c.cpu_s,
	       c.cpu_s / ((double)bytes / 1e9), c.rss_kib / 1024);
	fprintf(json,
		"{\n  \"text_bytes\": %" PRIu64 ",\n  \"cpu_s_per_gb\": %.3f,\n"
		"  \"rss_kib\": %ld\n}\n",
		bytes, c.cpu_s / ((double)bytes / 1e9), c.rss_kib);
	fclose(json);
	unlink(guest);
	unlink(extended);
	bench_folder_remove(&folder);
	return 0;
}
