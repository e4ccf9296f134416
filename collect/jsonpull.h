// SPDX-License-Identifier: MIT
/*
 * Tokens of a JSON text one after another, without a tree: what stands before a
 * damaged place is still told. Depth and length of names are bounded. Strings
 * are told as they stand, escapes unresolved. Private to collect/.
 */
#ifndef PUGMARK_COLLECT_JSONPULL_H
#define PUGMARK_COLLECT_JSONPULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JSON_DEPTH_MAX = 32, JSON_NAME_BYTES = 64 };

enum json_token {
	JSON_END,
	JSON_BAD, /* at `at`: no JSON, or the text ends early */
	JSON_OBJECT,
	JSON_OBJECT_END,
	JSON_ARRAY,
	JSON_ARRAY_END,
	JSON_STRING,
	JSON_NUMBER,
	JSON_WORD, /* true, false, null */
};

struct jsonpull {
	const char *text;
	size_t n, at;
	unsigned depth;
	bool is_object[JSON_DEPTH_MAX];
	bool has_element[JSON_DEPTH_MAX];
	char name[JSON_DEPTH_MAX][JSON_NAME_BYTES]; /* of the member at each depth; "" in arrays */
	const char *value;                          /* of a string, number or word */
	size_t value_bytes;
};

void jsonpull_init(struct jsonpull *j, const char *text, size_t n);
enum json_token jsonpull_next(struct jsonpull *j);

/* Name of the member that holds this token, `up` levels further out: "" where there is none. */
const char *jsonpull_name(const struct jsonpull *j, unsigned up);

/* The number just told in millionths; false when it is negative, too large or has an exponent. */
bool jsonpull_millionths(const struct jsonpull *j, uint64_t *out);

#endif
