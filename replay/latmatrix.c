// SPDX-License-Identifier: MIT
/* Two passes: how many CPUs there are, then their cells. Numbers without strtod: no locale. */
#include "replay/latmatrix.h"

#include "base/cleanup.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PS_PER_NS = 1000, FRACTION_DIGITS = 3 };

struct reader {
	const char *name, *p, *end;
	unsigned line, cell; /* from 1 */
	uint32_t *cells;     /* n x n as they stand */
	unsigned n;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void trim(const char **from, const char **to)
{
	while (*from < *to && is_blank(**from))
		++*from;
	while (*from < *to && is_blank((*to)[-1]))
		--*to;
}

/* Digits with a fraction, to the nearest ps; false for anything else or 4 ms and more. */
static bool parse_ps(const char *p, const char *end, uint32_t *out)
{
	uint64_t v = 0;
	bool has_digit = false;
	for (; p < end && *p >= '0' && *p <= '9'; p++, has_digit = true)
		if ((v = v * 10 + (uint64_t)(*p - '0')) > UINT32_MAX / PS_PER_NS)
			return false;
	if (p < end && *p == '.')
		p++;
	unsigned digits = 0;
	bool rounds_up = false;
	for (; p < end && *p >= '0' && *p <= '9'; p++, has_digit = true) {
		if (digits < FRACTION_DIGITS)
			v = v * 10 + (uint64_t)(*p - '0');
		else if (digits == FRACTION_DIGITS)
			rounds_up = *p >= '5';
		digits++;
	}
	for (; digits < FRACTION_DIGITS; digits++)
		v *= 10;
	v += rounds_up;
	*out = (uint32_t)v;
	return has_digit && p == end && v <= UINT32_MAX;
}

static int bad_cell(const struct reader *r, const char *from, const char *to, struct err *e)
{
	return err_set(
		e, ERR_UNUSABLE,
		"%.100s: line %u: cell %u: expected a latency in ns, below 4 ms, or nothing, "
		"found '%.*s'",
		r->name, r->line, r->cell, to - from > 20 ? 20 : (int)(to - from), from);
}

static int take_cell(struct reader *r, const char *from, const char *to, struct err *e)
{
	uint32_t ps = 0;
	trim(&from, &to);
	if (from < to && !(to - from == 3 && !strncasecmp(from, "nan", 3)) &&
	    !parse_ps(from, to, &ps))
		return bad_cell(r, from, to, e);
	if (r->cell > r->n) {
		if (from == to) /* a comma at the end */
			return 0;
		return err_set(e, ERR_UNUSABLE,
			       "%.100s: line %u: cell %u: expected at most %u, as there are lines",
			       r->name, r->line, r->cell, r->n);
	}
	if (r->cell != r->line) /* a CPU with itself */
		r->cells[(size_t)(r->line - 1) * r->n + r->cell - 1] = ps;
	return 0;
}

static int take_line(struct reader *r, const char *end, struct err *e)
{
	r->line++;
	r->cell = 0;
	for (const char *p = r->p;; p++) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		r->cell++;
		const int rc = take_cell(r, p, comma ? comma : end, e);
		if (rc || !comma)
			return rc;
		p = comma;
	}
}

/* Lines up to the last one that is not empty. */
static unsigned count_lines(const char *p, const char *end)
{
	while (p < end && (end[-1] == '\n' || is_blank(end[-1])))
		end--;
	unsigned n = p < end;
	while ((p = memchr(p, '\n', (size_t)(end - p))) && n < UINT_MAX) {
		n++;
		p++;
	}
	return n;
}

static void merge_halves(const struct reader *r, struct latmatrix *out)
{
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < i; k++) {
			const uint64_t a = r->cells[i * r->n + k], b = r->cells[k * r->n + i];
			const uint32_t ps = (uint32_t)(a && b ? (a + b + 1) / 2 : a + b);
			out->ps[i * r->n + k] = out->ps[k * r->n + i] = ps;
			out->known += ps != 0;
			out->missing += ps == 0;
		}
}

int latmatrix_parse(const char *name, const char *text, size_t n, struct latmatrix *out,
		    struct err *e)
{
	struct reader r = { .name = name, .p = text, .end = text + n };
	*out = (struct latmatrix){};
	r.n = n ? count_lines(text, r.end) : 0;
	if (!r.n)
		return err_set(e, ERR_UNUSABLE, "%.150s: expected a line a CPU, it is empty", name);
	if (r.n > LATMATRIX_CPUS_MAX)
		return err_set(e, ERR_UNUSABLE, "%.150s: %u lines: expected one a CPU, at most %d",
			       name, r.n, LATMATRIX_CPUS_MAX);
	_free_ uint32_t *cells = calloc((size_t)r.n * r.n, sizeof(*cells));
	r.cells = cells;
	out->ps = calloc((size_t)r.n * r.n, sizeof(*out->ps));
	out->n = r.n;
	int rc = cells && out->ps ? 0 : err_set(e, ERR_NOMEM, "no memory for %u CPUs", r.n);
	while (!rc && r.line < r.n) {
		const char *end = memchr(r.p, '\n', (size_t)(r.end - r.p));
		rc = take_line(&r, end ? end : r.end, e);
		r.p = end ? end + 1 : r.end;
	}
	if (!rc)
		merge_halves(&r, out);
	else
		latmatrix_deinit(out);
	return rc;
}

static int read_all(FILE *in, const char *name, char **text_out, size_t *n_out, struct err *e)
{
	char *text = NULL;
	size_t n = 0;
	for (size_t cap = 1 << 16; n == cap / 2 || !text; cap *= 2) {
		char *more = cap <= LATMATRIX_TEXT_MAX ? realloc(text, cap) : NULL;
		if (!more) {
			free(text);
			return cap > LATMATRIX_TEXT_MAX
				       ? err_set(e, ERR_UNUSABLE, "%.150s: above %d MiB: no matrix",
						 name, LATMATRIX_TEXT_MAX >> 20)
				       : err_set(e, ERR_NOMEM, "no memory for %zu bytes", cap);
		}
		text = more;
		n += fread(text + n, 1, cap - n, in);
	}
	if (ferror(in)) {
		free(text);
		return err_set(e, ERR_IO, "%.150s: %s", name, strerror(errno));
	}
	*text_out = text;
	*n_out = n;
	return 0;
}

int latmatrix_read(const char *path, struct latmatrix *out, struct err *e)
{
	const bool is_stdin = !strcmp(path, "-");
	const char *name = is_stdin ? "standard input" : path;
	_fclose_ FILE *opened = is_stdin ? NULL : fopen(path, "re");
	FILE *in = is_stdin ? stdin : opened;
	_free_ char *text = NULL;
	size_t n = 0;
	*out = (struct latmatrix){};
	if (!in)
		return err_set(e, errno == EACCES ? ERR_PERM : ERR_NOINPUT, "%.150s: %s", name,
			       strerror(errno));
	const int rc = read_all(in, name, &text, &n, e);
	return rc ? rc : latmatrix_parse(name, text, n, out, e);
}

void latmatrix_deinit(struct latmatrix *m)
{
	free(m->ps);
	*m = (struct latmatrix){};
}
