// SPDX-License-Identifier: MIT
/* The address space of a process as /proc/PID/maps tells it (proc(5)). */
#ifndef PUGMARK_COLLECT_PROCMAPS_H
#define PUGMARK_COLLECT_PROCMAPS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROCMAPS_MAX = 1 << 18, PROCMAP_NAME_BYTES = 80 };

struct procmap {
	uint64_t start, end; /* addresses, end behind the last */
	uint64_t offset, inode;
	uint32_t device; /* major << 20 | minor */
	bool is_readable, is_writable, is_shared;
	char name[PROCMAP_NAME_BYTES]; /* of the file or "[heap]", its beginning; "" for none */
};

/* In order of address. */
struct procmaps {
	struct procmap *list;
	size_t n;
};

/* From text of n bytes. ERR_FORMAT names the line and what was expected; *out is empty then. */
int procmaps_parse(const char *text, size_t n, struct procmaps *out, struct err *e);
void procmaps_free(struct procmaps *m);

/*
 * A file of /proc as a whole, without a known size; a 0 follows the last byte
 * (not in *n_out). Caller frees. ERR_NOINPUT when there is none, ERR_PERM,
 * ERR_FORMAT above max bytes.
 */
int procfile_read(const char *path, size_t max, char **text_out, size_t *n_out, struct err *e);

#endif
