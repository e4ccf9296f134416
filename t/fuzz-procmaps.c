// SPDX-License-Identifier: MIT
/*
 * Fuzzes collect/procmaps.c and collect/vmmram.c: words of a command line, one
 * a line, an empty line, and the text of a maps file.
 */
#include "collect/vmmram.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is found must lie in the mappings. */
static void check_slots(const struct vmm_command *c, const struct procmaps *m)
{
	struct vmm_slot s[VMM_SLOTS_MAX];
	unsigned n;
	struct err e;
	uint64_t pages = 0;
	if (vmmram_find(c, m, s, &n, &e))
		return;
	for (unsigned i = 0; i < n; i++) {
		pages += s[i].npages;
		if (s[i].hva_pfn < m->list[0].start >> 12 ||
		    s[i].hva_pfn + s[i].npages > m->list[m->n - 1].end >> 12)
			abort();
	}
	if (pages != c->ram_bytes >> 12)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vmm_command c;
	struct procmaps m;
	struct err e;
	const uint8_t *gap = size ? memmem(data, size, "\n\n", 2) : NULL;
	const size_t n = gap ? (size_t)(gap - data) : size, from = gap ? n + 2 : size;

	/* copies of their own, so that reading past them is seen */
	char *words = malloc(n + !n), *text = malloc(size - from + (size == from));
	memcpy(words, data, n);
	for (size_t i = 0; i < n; i++)
		words[i] = words[i] == '\n' ? 0 : words[i];
	memcpy(text, data + from, size - from);
	const int rc = vmmram_command(words, n, &c, &e);
	if (!procmaps_parse(text, size - from, &m, &e)) {
		if (!rc)
			check_slots(&c, &m);
		procmaps_free(&m);
	}
	free(words);
	free(text);
	return 0;
}
