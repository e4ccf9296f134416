// SPDX-License-Identifier: MIT
/* Escaping for HTML: see reports/html.h. */
#include "reports/html.h"

#include "reports/report.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* U+200E, U+200F, U+202A .. U+202E, U+2066 .. U+2069: three bytes each */
static bool turns_direction(const unsigned char *p)
{
	if (p[0] != 0xe2)
		return false;
	if (p[1] == 0x80)
		return p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xaa && p[2] <= 0xae);
	return p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9;
}

static const char *reference(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void html_text(FILE *out, const char *s)
{
	for (const char *p = s; *p;) {
		const size_t n = report_utf8_len(p);
		const unsigned char *u = (const unsigned char *)p;
		const bool is_control = n && ((*u < 0x20 && *u != '\t' && *u != '\n') ||
					      *u == 0x7f || (*u == 0xc2 && u[1] < 0xa0));
		if (!n || is_control || (n == 3 && turns_direction(u)))
			fputs("\xef\xbf\xbd", out);
		else if (reference(*p))
			fputs(reference(*p), out);
		else
			fwrite(p, 1, n, out);
		p += n ? n : 1;
	}
}

void html_hash(const char *text, size_t n, char out[HTML_HASH_CHARS + 1])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t bytes[SHA256_BYTES + 1] = {};
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, text, n);
	sha256_final(&s, bytes);
	for (size_t i = 0, at = 0; i < SHA256_BYTES; i += 3) {
		const uint32_t v = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 |
				   (i + 2 < SHA256_BYTES ? bytes[i + 2] : 0);
		for (int shift = 18; shift >= 0; shift -= 6)
			out[at++] = digits[v >> shift & 63];
	}
	out[HTML_HASH_CHARS - 1] = '='; /* 32 bytes: the last group has two */
	out[HTML_HASH_CHARS] = 0;
}
