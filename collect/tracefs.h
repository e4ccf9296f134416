// SPDX-License-Identifier: MIT
/*
 * The kernel's tracefs: formats of events, and instances of our own. Top-level
 * tracing belongs to whoever runs it: nothing here ever writes there, all
 * writes go below instances/pugmark-*.
 */
#ifndef PUGMARK_COLLECT_TRACEFS_H
#define PUGMARK_COLLECT_TRACEFS_H

#include "base/err.h"
#include "collect/evformat.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Where it is mounted, or NULL. The text is static. */
const char *tracefs_root(void);

/*
 * Reads a file below the root ("events/dma/dma_map_page/format"), at most
 * 1 MiB; the caller frees. ERR_PERM, ERR_FEATURE (no tracefs, no such event).
 */
int tracefs_read(const char *name, char **text_out, size_t *n_out, struct err *e);

/* The format of an event; its number is out->id. */
int tracefs_format(const char *system, const char *event, struct evformat *out, struct err *e);

bool tracefs_has_event(const char *system, const char *event);

/* An instance; ends with the process that owns it, or with the next start (tracefs_clean). */
struct tracefs_instance {
	char name[80]; /* "pugmark-PID-BOOT-N" */
};

int tracefs_instance_new(struct tracefs_instance *out, struct err *e);
int tracefs_instance_write(const struct tracefs_instance *i, const char *file, const char *text,
			   struct err *e);
int tracefs_instance_open(const struct tracefs_instance *i, const char *file, int flags,
			  int *fd_out, struct err *e);
void tracefs_instance_free(struct tracefs_instance *i);

/* Removes instances of ours whose process is gone, or that are of another boot; how many. */
unsigned tracefs_clean(void);

#endif
