// SPDX-License-Identifier: MIT
/* Fuzzes replay/pinmap.c: what it accepts is written and read again, and is the same. */
#include "replay/pinmap.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *print(const struct pinmap *m)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);
	if (!out)
		abort();
	pinmap_print(m, out);
	if (fclose(out))
		abort();
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pinmap m, again;
	struct err e = {};
	if (pinmap_parse("fuzz", (const char *)data, size, &m, &e)) {
		if (!*e.msg)
			abort();
		return 0;
	}
	uint64_t pages = 0;
	for (size_t i = 0; i < m.nranges; i++)
		pages += m.ranges[i].npages;
	char *text = print(&m);
	if (pages != m.pinned_pages || pinmap_parse("again", text, strlen(text), &again, &e))
		abort();
	char *second = print(&again);
	if (strcmp(text, second))
		abort();
	free(second);
	pinmap_deinit(&again);
	pinmap_deinit(&m);
	free(text);
	return 0;
}
