// SPDX-License-Identifier: MIT
/*
 * How fast host memory is with reclaim in the loop: touches per CPU second,
 * best of three, at a limit of 80 % of the pages used.
 *
 *	bench-hostmem [OUT.json]
 *
 * The requests of bench/requests.h as DMA that sets accessed bits, page numbers
 * made dense beforehand: what is measured is sim/hostmem and nothing else.
 *
 * No figure here is a test.
 */
#include "base/pagemap.h"
#include "bench/requests.h"
#include "sim/hostmem.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 3, AHEAD = 12 };

static double cpu_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fail(const char *why)
{
	fprintf(stderr, "bench-hostmem: %s\n", why);
	exit(70);
}

struct load {
	uint32_t *pages;
	size_t n;
	uint32_t npages;
};

static struct load make_load(void (*generate)(uint64_t *), size_t n)
{
	uint64_t *raw = malloc(n * sizeof(*raw));
	struct load l = { .pages = malloc(n * sizeof(*l.pages)), .n = n };
	struct pagemap map;
	if (!raw || !l.pages || pagemap_init(&map, 0))
		fail("out of memory");
	generate(raw);
	for (size_t i = 0; i < n; i++) {
		uint32_t *slot = pagemap_get(&map, (struct pfn){ raw[i] });
		if (!slot)
			fail("out of memory");
		if (!*slot)
			*slot = ++l.npages;
		l.pages[i] = *slot - 1;
	}
	pagemap_deinit(&map);
	free(raw);
	return l;
}

/* Touches per CPU second; the host's memory is made outside the clock. */
static double run(const struct load *l, const char *reclaim, uint64_t *swapped_out)
{
	struct hostmem_config c = {
		.vm_pages = l->npages,
		.npages = l->npages,
		.limit_pages = l->npages - l->npages / 5,
		.is_instant = true,
	};
	struct arena a = {}, texts = {};
	struct param_set set = { .arena = &texts };
	struct hostmem *h;
	struct err e = {};
	char choice[64];
	snprintf(choice, sizeof(choice), "memory.reclaim=%s", reclaim);
	if (param_set_add(&set, hostmem_params, hostmem_nparams, &c, &e) ||
	    param_assign(&set, choice, &e) ||
	    param_assign(&set, "memory.dma_sets_accessed=yes", &e) ||
	    param_assign(&set, "memory.age=100ms", &e) || hostmem_new(&c, NULL, &a, &h, &e))
		fail(e.msg);

	const double start = cpu_s();
	for (size_t i = 0; i < l->n; i++) {
		/* a microsecond apart */
		hostmem_prefetch(h, l->pages[i + AHEAD < l->n ? i + AHEAD : i]);
		hostmem_touch(h, l->pages[i], TOUCH_DMA, false, (struct ns){ i * NS_PER_US });
		if (i % 100000 == 0)
			hostmem_tick(h, (struct ns){ i * NS_PER_US });
	}
	const double rate = (double)l->n / (cpu_s() - start);
	*swapped_out = hostmem_counts(h)->swap_out;
	arena_deinit(&a);
	arena_deinit(&texts);
	return rate;
}

static json_t *measure(const char *name, const struct load *l)
{
	static const char *const kinds[] = { "none",  "lru", "clock", "two-list",
					     "mglru", "age", "psi" };
	json_t *o = json_object();
	printf("%s: %zu touches of %u pages\n", name, l->n, l->npages);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		double best = 0;
		uint64_t out = 0;
		for (int round = 0; round < ROUNDS; round++) {
			const double rate = run(l, kinds[i], &out);
			best = rate > best ? rate : best;
		}
		char key[64];
		snprintf(key, sizeof(key), "%s_per_s", kinds[i]);
		for (char *p = key; *p; p++)
			*p = *p == '-' ? '_' : *p;
		json_object_set_new(o, key, json_integer((json_int_t)best));
		printf("  %-10s %8.1f M/s  %10llu swapped out\n", kinds[i], best / 1e6,
		       (unsigned long long)out);
	}
	return o;
}

int main(int argc, char **argv)
{
	json_t *result = json_object();
	struct load block = make_load(requests_block, BLOCK_REQUESTS);
	json_object_set_new(result, "block", measure("block", &block));
	free(block.pages);
	struct load zipf = make_load(requests_zipf, ZIPF_REQUESTS);
	json_object_set_new(result, "zipf", measure("zipf", &zipf));
	free(zipf.pages);

	int rc = 0;
	if (argc > 1 && json_dump_file(result, argv[1], JSON_INDENT(2))) {
		fprintf(stderr, "bench-hostmem: %s cannot be written\n", argv[1]);
		rc = 73;
	}
	json_decref(result);
	return rc;
}
