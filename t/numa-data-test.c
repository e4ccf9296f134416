// SPDX-License-Identifier: MIT
/*
 * The model of a move against a real guest: a process of 96 MB that went to
 * another node by migrate_pages, its tables read out of guest memory by the host
 * before and after. And the published seconds against the logs they come from.
 */
#include "replay/numa-published.h"
#include "t/values-check.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t number(const json_t *phase, const char *table, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(json_object_get(phase, table), key));
}

/* What lies where in a phase: entries of leaf tables on node 0 by the node of their page. */
struct phase {
	uint64_t leaf_tables, near, far;
};

static struct phase phase_of(const json_t *all, size_t i)
{
	const json_t *p = json_array_get(all, i);
	return (struct phase){ number(p, "tables", "L1n0"),
			       number(p, "pte_page_node_vs_data_node", "pt0->d0"),
			       number(p, "pte_page_node_vs_data_node", "pt0->d1") };
}

static void the_recorded_guest_leaves_all_leaf_tables_behind_and_so_do_we(void **state)
{
	static const char name[] = "guest/n-numa-pt/ptwalk.json";
	struct arena arena = {};
	struct numa_leaves l;
	uint64_t n[2][2];
	(void)state;

	need(name);
	json_t *all = json_load_file(data_path(name), 0, NULL);
	assert_int_equal(json_array_size(all), 3);
	const struct phase before = phase_of(all, 0), after = phase_of(all, 2);
	assert_true(before.near > 20000);

	/* what the process had, touched first on node 0: its tables are there too */
	assert_true(numa_leaves_init(&l, before.near, &arena));
	numa_leaves_count(&l, n);
	assert_int_equal(l.n, before.leaf_tables);
	assert_int_equal(n[0][0], before.near);
	assert_int_equal(n[0][1], before.far);

	/* the kernel moves data alone */
	numa_leaves_move(&l, before.near);
	numa_leaves_count(&l, n);
	assert_int_equal(l.n - l.tables_moved, after.leaf_tables);
	assert_int_equal(n[0][0], after.near);
	assert_int_equal(n[0][1], after.far);

	/* vMitosis would not have left one */
	assert_int_equal(numa_leaves_follow(&l), after.leaf_tables);
	json_decref(all);
	arena_deinit(&arena);
}

/* Mean seconds times ten of a workload's runs of a configuration; canneal: of one host. */
static uint64_t deciseconds_of(FILE *f, const char *workload, const char *config)
{
	char line[400], w[40], c[40], host[40];
	unsigned long seconds, sum = 0, runs = 0;

	rewind(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%39[^,],%39[^,],%39[^,],%*[^,],%lu", w, c, host, &seconds) != 4)
			continue;
		if (strcmp(w, workload) || strcmp(c, config))
			continue;
		if (!strcmp(w, "canneal") && strcmp(host, "mitosis"))
			continue;
		sum += seconds;
		runs++;
	}
	return runs ? (10 * sum + runs / 2) / runs : 0;
}

static void the_published_seconds_are_the_means_of_the_logs(void **state)
{
	static const char name[] = "walk/vmitosis_perf_reference.csv";
	(void)state;

	need(name);
	FILE *f = fopen(data_path(name), "r");
	assert_non_null(f);
	for (size_t w = 0; w < NUMA_WORKLOADS; w++)
		for (size_t c = 0; c < NUMA_THIN_CONFIGS; c++) {
			const uint64_t want =
				deciseconds_of(f, numa_thin[w].workload, numa_thin_configs[c]);
			if (numa_thin[w].deciseconds[c] != want)
				fail_msg("%s %s: %u, the logs say %lu", numa_thin[w].workload,
					 numa_thin_configs[c], numa_thin[w].deciseconds[c],
					 (unsigned long)want);
		}
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_recorded_guest_leaves_all_leaf_tables_behind_and_so_do_we),
		cmocka_unit_test(the_published_seconds_are_the_means_of_the_logs),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
