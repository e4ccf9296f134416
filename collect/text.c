// SPDX-License-Identifier: MIT
/* The slow parts of collect/text.h. */
#include "collect/text.h"

const uint8_t text_hex_digits[256] = {
	['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
	['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
	['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
	['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

const char *text_decimal_long(const char *p, const char *end, uint64_t *out)
{
	if (p == end)
		return NULL;

	uint64_t v = 0;
	for (; p < end; p++)
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return NULL;
	*out = v;
	return end;
}

bool text_head_next(struct text_head *h, const uint8_t *head, size_t n, bool is_whole)
{
	if (h->at >= n)
		return false;

	const uint8_t *p = head + h->at;
	const uint8_t *nl = memchr(p, '\n', n - h->at);
	if (!nl && !is_whole)
		return false;
	size_t len = nl ? (size_t)(nl - p) : n - h->at;
	h->at += len + 1;
	if (len > sizeof(h->line) - 2)
		len = sizeof(h->line) - 2;
	memcpy(h->line, p, len);
	memcpy(h->line + len, "\n", 2);
	return true;
}
