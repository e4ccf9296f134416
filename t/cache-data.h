// SPDX-License-Identifier: MIT
/*
 * Readers for the two traces of the cache data pack, just large enough for
 * tests: vSCSI v1 records as (first page, pages) and ARC's .lis, zstd packed.
 */
#ifndef PUGMARK_T_CACHE_DATA_H
#define PUGMARK_T_CACHE_DATA_H

#include "base/bytes.h"
#include "replay/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

struct trace_data {
	uint64_t *first;
	uint32_t *count;
	size_t n;
};

/* "cache/NAME" below $DATA or ../shared/data; NULL when absent. Caller frees. */
static inline unsigned char *data_read(const char *name, size_t *bytes_out)
{
	const char *dir = getenv("DATA");
	char path[4096];
	snprintf(path, sizeof(path), "%s/cache/%s", dir ? dir : "../shared/data", name);
	FILE *f = fopen(path, "rb");
	if (!f)
		return NULL;
	fseek(f, 0, SEEK_END);
	const size_t n = (size_t)ftell(f);
	rewind(f);
	unsigned char *p = malloc(n + 1);
	*bytes_out = fread(p, 1, n, f);
	p[*bytes_out] = 0;
	fclose(f);
	return p;
}

static inline void data_free(struct trace_data *t)
{
	free(t->first);
	free(t->count);
	*t = (struct trace_data){};
}

static inline bool data_vscsi(struct trace_data *t)
{
	size_t bytes;
	unsigned char *p = data_read("cloudPhysicsIO.vscsi", &bytes);
	if (!p)
		return false;
	t->n = bytes / 32;
	t->first = calloc(t->n, sizeof(*t->first));
	t->count = calloc(t->n, sizeof(*t->count));
	for (size_t i = 0; i < t->n; i++) {
		const uint64_t len = le32_get(p + 32 * i + 4), lbn = le64_get(p + 32 * i + 16);
		t->first[i] = lbn * 512 / 4096;
		t->count[i] = (uint32_t)((lbn * 512 + len - 1) / 4096 - t->first[i] + 1);
	}
	free(p);
	return true;
}

static inline bool data_lis(struct trace_data *t)
{
	size_t bytes;
	unsigned char *p = data_read("OLTP.lis.zst", &bytes);
	if (!p)
		return false;
	const size_t max = 64 << 20;
	char *text = malloc(max + 1);
	const size_t n = ZSTD_decompress(text, max, p, bytes);
	free(p);
	if (ZSTD_isError(n)) {
		free(text);
		return false;
	}
	text[n] = 0;
	t->first = calloc(1 << 20, sizeof(*t->first));
	t->count = calloc(1 << 20, sizeof(*t->count));
	for (char *at = text; *at && t->n < 1 << 20; t->n++) {
		t->first[t->n] = strtoull(at, &at, 10);
		t->count[t->n] = (uint32_t)strtoul(at, &at, 10);
		strtoul(at, &at, 10);
		strtoul(at, &at, 10);
		while (*at == '\n' || *at == '\r')
			at++;
	}
	free(text);
	return true;
}

#endif
