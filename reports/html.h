// SPDX-License-Identifier: MIT
/* Text for HTML: whatever a trace or a path calls itself stays text. */
#ifndef PUGMARK_REPORTS_HTML_H
#define PUGMARK_REPORTS_HTML_H

#include "base/sha256.h"

#include <stddef.h>
#include <stdio.h>

/*
 * Fit for an element's content and for a quoted attribute: & < > " and ' as
 * references; what is not UTF-8, control characters and the marks that turn the
 * direction of writing as U+FFFD.
 */
void html_text(FILE *out, const char *s);

/* The base64 of a SHA-256: what a content security policy knows a script by. */
enum { HTML_HASH_CHARS = 44 };
void html_hash(const char *text, size_t n, char out[HTML_HASH_CHARS + 1]);

#endif
