// SPDX-License-Identifier: MIT
/*
 * Buffered output of exports: to a descriptor, with numbers written without
 * stdio. The first error sticks and is told at the end. Private to collect/.
 */
#ifndef PUGMARK_COLLECT_OUTBUF_H
#define PUGMARK_COLLECT_OUTBUF_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	OUTBUF_BYTES = 1 << 18,
	OUTBUF_NUMBER_CHARS = 20, /* most that a number needs */
};

struct outbuf {
	int fd;
	int error; /* errno of the first failed write, or 0 */
	char *p, *end;
	char buf[OUTBUF_BYTES + 64];
};

void outbuf_init(struct outbuf *o, int fd);

/* Writes what is buffered. ERR_CREATE when this or an earlier write failed. */
int outbuf_flush(struct outbuf *o, struct err *e);

/* Makes room for n bytes (at most OUTBUF_BYTES). */
void outbuf_make_room(struct outbuf *o);
static inline void outbuf_room(struct outbuf *o, size_t n)
{
	if (__builtin_expect((size_t)(o->end - o->p) < n, 0))
		outbuf_make_room(o);
}

/* Decimal digits of v at p: past them */
char *outbuf_digits(char *p, uint64_t v);

static inline void outbuf_char(struct outbuf *o, char c)
{
	outbuf_room(o, 1);
	*o->p++ = c;
}

static inline void outbuf_u64(struct outbuf *o, uint64_t v)
{
	outbuf_room(o, OUTBUF_NUMBER_CHARS);
	o->p = outbuf_digits(o->p, v);
}

void outbuf_bytes(struct outbuf *o, const void *data, size_t n);

static inline void outbuf_text(struct outbuf *o, const char *s)
{
	outbuf_bytes(o, s, strlen(s));
}

#endif
