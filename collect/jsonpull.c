// SPDX-License-Identifier: MIT
/* RFC 8259. */
#include "collect/jsonpull.h"

#include <string.h>

void jsonpull_init(struct jsonpull *j, const char *text, size_t n)
{
	*j = (struct jsonpull){ .text = text, .n = n };
}

static void skip_blanks(struct jsonpull *j)
{
	while (j->at < j->n && strchr(" \t\r\n", j->text[j->at]) && j->text[j->at])
		j->at++;
}

static bool is_next(const struct jsonpull *j, char c)
{
	return j->at < j->n && j->text[j->at] == c;
}

/* At a quote: the bytes between it and the next that is not escaped. */
static bool take_string(struct jsonpull *j)
{
	const size_t start = ++j->at;

	for (; j->at < j->n; j->at++) {
		const unsigned char c = (unsigned char)j->text[j->at];
		if (c == '"') {
			j->value = j->text + start;
			j->value_bytes = j->at++ - start;
			return true;
		}
		if (c < ' ')
			return false;
		if (c == '\\' && ++j->at == j->n)
			return false;
	}
	return false;
}

static void take_while(struct jsonpull *j, const char *set)
{
	const size_t start = j->at;

	while (j->at < j->n && j->text[j->at] && strchr(set, j->text[j->at]))
		j->at++;
	j->value = j->text + start;
	j->value_bytes = j->at - start;
}

static bool take_word(struct jsonpull *j)
{
	take_while(j, "aeflnrstu");
	return (j->value_bytes == 4 &&
		(!memcmp(j->value, "true", 4) || !memcmp(j->value, "null", 4))) ||
	       (j->value_bytes == 5 && !memcmp(j->value, "false", 5));
}

/* "name": in front of a member */
static bool take_name(struct jsonpull *j)
{
	char *name = j->name[j->depth - 1];

	skip_blanks(j);
	if (!is_next(j, '"') || !take_string(j))
		return false;
	const size_t n = j->value_bytes < JSON_NAME_BYTES - 1 ? j->value_bytes
							      : JSON_NAME_BYTES - 1;
	memcpy(name, j->value, n);
	name[n] = '\0';
	skip_blanks(j);
	if (!is_next(j, ':'))
		return false;
	j->at++;
	skip_blanks(j);
	return true;
}

static enum json_token open_level(struct jsonpull *j, bool is_object)
{
	if (j->depth == JSON_DEPTH_MAX)
		return JSON_BAD;
	j->at++;
	j->is_object[j->depth] = is_object;
	j->has_element[j->depth] = false;
	j->name[j->depth][0] = '\0';
	j->depth++;
	return is_object ? JSON_OBJECT : JSON_ARRAY;
}

enum json_token jsonpull_next(struct jsonpull *j)
{
	skip_blanks(j);
	if (j->depth) {
		const unsigned top = j->depth - 1;
		if (is_next(j, j->is_object[top] ? '}' : ']')) {
			j->at++;
			j->depth--;
			return j->is_object[top] ? JSON_OBJECT_END : JSON_ARRAY_END;
		}
		if (j->has_element[top]) {
			if (!is_next(j, ','))
				return JSON_BAD;
			j->at++;
			skip_blanks(j);
		}
		j->has_element[top] = true;
		if (j->is_object[top] && !take_name(j))
			return JSON_BAD;
	}
	if (j->at >= j->n)
		return j->depth ? JSON_BAD : JSON_END;
	switch (j->text[j->at]) {
	case '{':
		return open_level(j, true);
	case '[':
		return open_level(j, false);
	case '"':
		return take_string(j) ? JSON_STRING : JSON_BAD;
	case 't':
	case 'f':
	case 'n':
		return take_word(j) ? JSON_WORD : JSON_BAD;
	default:
		take_while(j, "+-.0123456789Ee");
		return j->value_bytes ? JSON_NUMBER : JSON_BAD;
	}
}

const char *jsonpull_name(const struct jsonpull *j, unsigned up)
{
	return up < j->depth ? j->name[j->depth - 1 - up] : "";
}

bool jsonpull_millionths(const struct jsonpull *j, uint64_t *out)
{
	uint64_t v = 0;
	int decimals = -1;

	for (size_t i = 0; i < j->value_bytes && decimals < 6; i++) {
		const char c = j->value[i];
		if (c == '.' && decimals < 0) {
			decimals = 0;
			continue;
		}
		if (c < '0' || c > '9')
			return false;
		if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
		    __builtin_add_overflow(v, (uint64_t)(c - '0'), &v))
			return false;
		decimals += decimals >= 0;
	}
	for (int i = decimals < 0 ? 0 : decimals; i < 6; i++)
		if (__builtin_mul_overflow(v, UINT64_C(10), &v))
			return false;
	*out = v;
	return j->value_bytes > 0 && v <= INT64_MAX;
}
