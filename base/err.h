// SPDX-License-Identifier: MIT
/*
 * Errors: a function that can fail returns 0 or a negative enum err_code; the
 * sentence for a person travels in a caller-owned struct err passed last. The
 * code alone decides the exit status (DESIGN section 10).
 */
#ifndef PUGMARK_BASE_ERR_H
#define PUGMARK_BASE_ERR_H

enum err_code {
	ERR_OK = 0,
	ERR_USAGE = -1,    /* wrong option or argument                  exit 64 */
	ERR_UNUSABLE = -2, /* input holds nothing we can use            exit 65 */
	ERR_NOINPUT = -3,  /* input does not exist or cannot be opened  exit 66 */
	ERR_FEATURE = -4,  /* a library, program or kernel feature      exit 69 */
	ERR_BUG = -5,      /* our own mistake                           exit 70 */
	ERR_CREATE = -6,   /* output cannot be created or is full       exit 73 */
	ERR_PERM = -7,     /* permission denied                         exit 77 */
	ERR_FORMAT = -8,   /* damaged bytes, found while reading        exit 65 */
	ERR_IO = -9,       /* the device or file system failed us       exit 74 */
	ERR_NOMEM = -10,   /* out of memory                             exit 71 */
	ERR_NO = -11,      /* the answer to the question is no          exit 1  */
};

enum exit_status {
	EXIT_DONE = 0,
	EXIT_NO = 1,
	EXIT_DAMAGED = 3, /* done, but input was damaged or events were lost */
};

struct err {
	enum err_code code;
	char msg[240];
};

/*
 * Fills e (which may be NULL) and returns code, so that a failing function
 * ends in `return err_set(e, ERR_FORMAT, "%s: byte %llu: ...", ...)`.
 */
int err_set(struct err *e, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "prefix: " in front of the sentence already in e; returns e->code. */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The process exit status for a code; 0 for ERR_OK. */
int err_exit_status(int code);

#endif
