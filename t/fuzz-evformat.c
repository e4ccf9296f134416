// SPDX-License-Identifier: MIT
/*
 * Fuzzes collect/evformat.c: a format text, a 0 byte and a record, all of whose
 * fields are then read.
 */
#include "collect/evformat.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct evformat f;
	struct err e;
	const uint8_t *end = memchr(data, 0, size);
	const size_t n = end ? (size_t)(end - data) : size;

	if (evformat_parse((const char *)data, n, &f, &e))
		return 0;
	if (!end)
		return 0;

	/* a copy of its own, so that reading past it is seen */
	const size_t len = size - n - 1;
	uint8_t *rec = malloc(len + !len);
	memcpy(rec, end + 1, len);
	for (uint32_t i = 0; i < f.nfields; i++) {
		const uint8_t *p;
		const char *s;
		uint64_t v;
		size_t k;
		if (evfield_u64(&f.fields[i], rec, len, &v) && f.fields[i].size > 8)
			abort();
		if (evfield_bytes(&f.fields[i], rec, len, &p, &k) && (p < rec || p + k > rec + len))
			abort();
		if (evfield_string(&f.fields[i], rec, len, &s, &k) && memchr(s, 0, k))
			abort();
		if (evformat_find(&f, f.names[i]) > &f.fields[i])
			abort();
	}
	free(rec);
	return 0;
}
