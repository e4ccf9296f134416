// SPDX-License-Identifier: MIT
/* Text files that travel inside the program: schema, queries, plot scripts (scripts/embed). */
#ifndef PUGMARK_BASE_EMBEDDED_H
#define PUGMARK_BASE_EMBEDDED_H

#include <stddef.h>

/* The text of a file by its path in the source tree, or NULL. */
const char *embedded_text(const char *path);

/* Path of file number i, from 0; NULL past the last. */
const char *embedded_path(size_t i);

#endif
