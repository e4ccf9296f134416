// SPDX-License-Identifier: MIT
/* Buffer and digits of collect/outbuf.h. */
#include "collect/outbuf.h"

#include <errno.h>
#include <unistd.h>

void outbuf_init(struct outbuf *o, int fd)
{
	o->fd = fd;
	o->error = 0;
	o->p = o->buf;
	o->end = o->buf + OUTBUF_BYTES;
}

void outbuf_make_room(struct outbuf *o)
{
	for (const char *p = o->buf; p < o->p && !o->error;) {
		const ssize_t put = write(o->fd, p, (size_t)(o->p - p));
		if (put >= 0)
			p += put;
		else if (errno != EINTR)
			o->error = errno;
	}
	o->p = o->buf;
}

int outbuf_flush(struct outbuf *o, struct err *e)
{
	outbuf_make_room(o);
	if (o->error)
		return err_set(e, ERR_CREATE, "writing the output: %s", strerror(o->error));
	return 0;
}

char *outbuf_digits(char *p, uint64_t v)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";
	char digits[OUTBUF_NUMBER_CHARS];
	char *d = digits + sizeof(digits);

	for (; v >= 100; v /= 100) {
		d -= 2;
		memcpy(d, pairs + v % 100 * 2, 2);
	}
	if (v >= 10) {
		d -= 2;
		memcpy(d, pairs + v * 2, 2);
	} else {
		*--d = (char)('0' + v);
	}
	const size_t n = (size_t)(digits + sizeof(digits) - d);
	memcpy(p, d, n);
	return p + n;
}

void outbuf_bytes(struct outbuf *o, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		outbuf_room(o, n < OUTBUF_BYTES ? n : OUTBUF_BYTES);
		const size_t part = n < OUTBUF_BYTES ? n : OUTBUF_BYTES;
		memcpy(o->p, p, part);
		o->p += part;
		p += part;
		n -= part;
	}
}
