// SPDX-License-Identifier: MIT
/* Error object: code and sentence. No allocation, so it cannot fail itself. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What is too long loses its middle: a long path is at its start, the reason at the end. */
static void shorten(struct err *e, const char *text, size_t n)
{
	enum { HEAD = 80 };
	const size_t tail = sizeof(e->msg) - HEAD - 4;

	memcpy(e->msg, text, HEAD);
	memcpy(e->msg + HEAD, "...", 3);
	memcpy(e->msg + HEAD + 3, text + n - tail, tail + 1);
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	enum { LONGEST = 8192 }; /* of what is looked at: a path and some words */
	char text[LONGEST];

	if (!e)
		return code;

	va_list ap;
	va_start(ap, fmt);
	const int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	e->code = code;
	if (n < 0)
		e->msg[0] = 0;
	else if ((size_t)n < sizeof(e->msg))
		memcpy(e->msg, text, (size_t)n + 1);
	else
		shorten(e, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
	return code;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
	if (!e)
		return ERR_BUG;

	char old[sizeof(e->msg)];
	memcpy(old, e->msg, sizeof(old));

	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(e->msg) - 2) {
		char *rest = stpcpy(e->msg + n, ": ");
		const size_t room = (size_t)(e->msg + sizeof(e->msg) - rest);
		memcpy(rest, old, strnlen(old, room - 1));
		rest[strnlen(old, room - 1)] = 0;
	}
	return e->code;
}

int err_exit_status(int code)
{
	switch (code) {
	case ERR_OK:
		return EXIT_DONE;
	case ERR_NO:
		return EXIT_NO;
	case ERR_USAGE:
		return 64;
	case ERR_UNUSABLE:
	case ERR_FORMAT:
		return 65;
	case ERR_NOINPUT:
		return 66;
	case ERR_FEATURE:
		return 69;
	case ERR_NOMEM:
		return 71;
	case ERR_CREATE:
		return 73;
	case ERR_IO:
		return 74;
	case ERR_PERM:
		return 77;
	default:
		return 70;
	}
}
