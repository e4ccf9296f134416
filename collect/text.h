// SPDX-License-Identifier: MIT
/*
 * Numbers and lines of text inputs. The scanners stop at the first byte that
 * is no digit; the caller guarantees one, which import_lines does with the
 * newline of the last line. Private to collect/.
 */
#ifndef PUGMARK_COLLECT_TEXT_H
#define PUGMARK_COLLECT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The rare cases of text_decimal: no digit, or 20 digits and more. */
const char *text_decimal_long(const char *p, const char *end, uint64_t *out);

/* Past a decimal number, or NULL when there is none or it does not fit 64 bits. */
static inline const char *text_decimal(const char *p, uint64_t *out)
{
	const char *start = p;
	uint64_t v = 0;

	for (unsigned d; (d = (unsigned char)*p - (unsigned)'0') < 10; p++)
		v = v * 10 + d;
	if (__builtin_expect((size_t)(p - start) - 1 >= 19, 0))
		return text_decimal_long(start, p, out);
	*out = v;
	return p;
}

/* Values of hexadecimal digits plus 1; 0: not one */
extern const uint8_t text_hex_digits[256];

/* Past a hexadecimal number without 0x, or NULL when there is none or it does not fit. */
static inline const char *text_hex(const char *p, uint64_t *out)
{
	uint64_t v = 0, lost = 0;
	const char *start = p;

	for (uint8_t d; (d = text_hex_digits[(unsigned char)*p]); p++) {
		lost |= v >> 60;
		v = v << 4 | (d - 1U);
	}
	*out = v;
	return p == start || lost ? NULL : p;
}

/* Past blanks: spaces, tabs, and the carriage return of a CRLF line end. */
static inline const char *text_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\r')
		p++;
	return p;
}

/* Past the newline that ends the line of p. */
static inline const char *text_next_line(const char *p)
{
	return (const char *)rawmemchr(p, '\n') + 1;
}

/*
 * Lines of a head to be sniffed, copied one at a time with a newline at the
 * end; zeroed to begin with. False where the head has no further whole line.
 */
struct text_head {
	size_t at;
	char line[512];
};
bool text_head_next(struct text_head *h, const uint8_t *head, size_t n, bool is_whole);

#endif
