// SPDX-License-Identifier: MIT
/*
 * Fuzzes collect/ptdump.c, ptmap.c and ptclass.c: a guest's dump, an empty
 * line, and the dump of its extended page table.
 */
#include "collect/ptclass.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every socket sees every entry once. */
static void check(const struct ptclass_counts *c)
{
	uint64_t all = 0, huge = 0;
	for (size_t i = 0; i < (size_t)c->nodes * c->nodes; i++) {
		all += c->entries[i];
		huge += c->huge[i];
		if (c->huge[i] > c->entries[i])
			abort();
	}
	for (unsigned s = 0; s < c->nodes; s++) {
		uint64_t n[PTCLASS_KINDS];
		ptclass_of_socket(c, c->entries, s, n);
		if (n[PTCLASS_LL] + n[PTCLASS_LR] + n[PTCLASS_RL] + n[PTCLASS_RR] != all)
			abort();
	}
	if (huge > all || c->huge_errors > c->errors)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *gap = size ? memmem(data, size, "\n\n", 2) : NULL;
	const size_t n = gap ? (size_t)(gap - data) : size, from = gap ? n + 2 : size;
	struct ptdump guest = {}, extended = {};
	struct ptclass *classes = NULL;
	const struct ptclass_counts *counts;
	struct err e = {};
	if (!input_open_memory("gpt", data, n, &guest.in, &e) &&
	    !input_open_memory("ept", data + from, size - from, &extended.in, &e) &&
	    !ptclass_new(&guest, &extended, &classes, &e))
		while (ptclass_next(classes, &counts, &e) > 0)
			check(counts);
	ptclass_free(classes);
	input_close(guest.in);
	input_close(extended.in);
	return 0;
}
