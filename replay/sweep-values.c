// SPDX-License-Identifier: MIT
/* Lists and ranges, in decimal arithmetic on whole numbers: 0.1 stays 0.1. */
#include "replay/sweep-values.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { PART_BYTES = 200, DECIMALS_MAX = 6, UNIT_BYTES = 16 };

/* ---- numbers ---- */

/* value / 10^decimals, and the unit behind it */
struct number {
	uint64_t value;
	unsigned decimals;
	char unit[UNIT_BYTES];
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The characters that are a number with its unit; 0: none. */
static size_t parse_number(const char *text, struct number *out)
{
	const char *p = text;
	bool is_fraction = false;
	*out = (struct number){};
	for (; is_digit(*p) || (*p == '.' && !is_fraction && is_digit(p[1])); p++) {
		if (*p == '.') {
			is_fraction = true;
			continue;
		}
		if (__builtin_mul_overflow(out->value, 10, &out->value) ||
		    __builtin_add_overflow(out->value, (uint64_t)(*p - '0'), &out->value))
			return 0;
		out->decimals += is_fraction;
	}
	if (p == text || out->decimals > DECIMALS_MAX)
		return 0;
	size_t n = 0;
	while ((p[n] >= 'a' && p[n] <= 'z') || (p[n] >= 'A' && p[n] <= 'Z') || p[n] == '%' ||
	       p[n] == '/')
		n++;
	if (n >= UNIT_BYTES)
		return 0;
	memcpy(out->unit, p, n);
	return (size_t)(p - text) + n;
}

static bool scale(struct number *x, unsigned decimals)
{
	for (; x->decimals < decimals; x->decimals++)
		if (__builtin_mul_overflow(x->value, 10, &x->value))
			return false;
	return true;
}

static const char *print_number(const struct number *x, uint64_t value, struct arena *a)
{
	uint64_t whole = value, one = 1;
	unsigned decimals = x->decimals;
	char text[64];
	for (unsigned i = 0; i < decimals; i++)
		one *= 10;
	whole = value / one;
	uint64_t rest = value % one;
	for (; decimals && rest % 10 == 0; decimals--)
		rest /= 10;
	if (decimals)
		snprintf(text, sizeof(text), "%" PRIu64 ".%0*" PRIu64 "%s", whole, (int)decimals,
			 rest, x->unit);
	else
		snprintf(text, sizeof(text), "%" PRIu64 "%s", whole, x->unit);
	return arena_strdup(a, text);
}

/* ---- ranges ---- */

struct range {
	struct number first, last;
	struct number step; /* or factor */
	bool is_log;
};

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

static int refuse(const char *text, const char *why, struct err *e)
{
	return err_set(e, ERR_USAGE, "'%.60s': %s", text, why);
}

/* Whether the part begins as a range does, `NUMBER..`: a name with dots does not. */
static bool is_range(const char *text)
{
	struct number x;
	const size_t n = is_digit(*text) ? parse_number(text, &x) : 0;
	return n && !strncmp(text + n, "..", 2);
}

static int parse_step(const char *text, const char *p, struct range *r, struct err *e)
{
	size_t n;
	if (!*p) {
		r->step.value = 1;
		return 0;
	}
	r->is_log = *p == 'x';
	if (r->is_log)
		p++;
	else if (!strncmp(p, "step", 4) && strspn(p + 4, " \t"))
		p = skip_blanks(p + 4);
	else
		return refuse(text, "expected `A..B step C` or `A..B xN`", e);
	n = parse_number(p, &r->step);
	if (!n || *skip_blanks(p + n))
		return refuse(text, "expected `A..B step C` or `A..B xN`", e);
	if (r->is_log && (*r->step.unit || r->step.decimals || r->step.value < 2))
		return refuse(text, "a factor is a whole number from 2", e);
	if (!r->is_log && *r->step.unit && strcmp(r->step.unit, r->first.unit))
		return refuse(text, "its step has another unit", e);
	return r->step.value ? 0 : refuse(text, "its step is 0", e);
}

static int parse_range(const char *text, struct range *r, struct err *e)
{
	*r = (struct range){};
	const char *p = text + parse_number(text, &r->first) + strlen("..");
	const size_t n = parse_number(p, &r->last);
	if (!n)
		return refuse(text, "expected a number behind ..", e);
	int rc = parse_step(text, skip_blanks(p + n), r, e);
	if (rc)
		return rc;
	if (strcmp(r->first.unit, r->last.unit))
		return refuse(text, "its ends have different units", e);
	unsigned decimals = r->first.decimals;
	decimals = r->last.decimals > decimals ? r->last.decimals : decimals;
	if (!r->is_log)
		decimals = r->step.decimals > decimals ? r->step.decimals : decimals;
	if (!scale(&r->first, decimals) || !scale(&r->last, decimals) ||
	    (!r->is_log && !scale(&r->step, decimals)))
		return refuse(text, "its numbers are too large", e);
	if (r->first.value > r->last.value)
		return refuse(text, "it ends before it begins", e);
	return r->is_log && !r->first.value ? refuse(text, "a factor leads nowhere from 0", e) : 0;
}

/* ---- lists ---- */

static int add(struct sweep_values *v, const char *text, struct err *e)
{
	if (!text)
		return err_set(e, ERR_NOMEM, "no memory for the values");
	if (v->n == SWEEP_VALUES_MAX)
		return err_set(e, ERR_USAGE, "more than %d values", SWEEP_VALUES_MAX);
	v->text[v->n++] = text;
	return 0;
}

static int add_range(const char *text, struct arena *a, struct sweep_values *v, struct err *e)
{
	struct range r;
	int rc = parse_range(text, &r, e);
	uint64_t x = r.first.value;
	while (!rc && x <= r.last.value) {
		rc = add(v, print_number(&r.first, x, a), e);
		if (r.is_log ? __builtin_mul_overflow(x, r.step.value, &x)
			     : __builtin_add_overflow(x, r.step.value, &x))
			break;
	}
	return rc;
}

/* The part that begins at *at, without blanks around it; *at goes behind its comma. */
static int take_part(const char **at, char *part, bool *is_quoted, struct err *e)
{
	const char *p = skip_blanks(*at), *end;
	*is_quoted = *p == '"';
	if (*is_quoted) {
		end = strchr(++p, '"');
		if (!end)
			return refuse(*at, "expected a closing quote", e);
	} else {
		end = p + strcspn(p, ",");
	}
	const char *next = *is_quoted ? skip_blanks(end + 1) : end;
	if (*next && *next != ',')
		return refuse(next, "expected a comma behind a quote", e);
	while (!*is_quoted && end > p && strchr(" \t", end[-1]))
		end--;
	if ((size_t)(end - p) >= PART_BYTES)
		return refuse(p, "is too long", e);
	if (end == p)
		return err_set(e, ERR_USAGE, "an empty part in the list");
	memcpy(part, p, (size_t)(end - p));
	part[end - p] = 0;
	*at = *next ? next + 1 : NULL;
	return 0;
}

int sweep_values_parse(const char *text, struct arena *a, struct sweep_values *out, struct err *e)
{
	char part[PART_BYTES];
	bool is_quoted;
	int rc = 0;
	*out = (struct sweep_values){ .text = arena_alloc(a, SWEEP_VALUES_MAX, sizeof(char *)) };
	if (!out->text)
		return err_set(e, ERR_NOMEM, "no memory for the values");
	for (const char *at = text; at && !rc;) {
		rc = take_part(&at, part, &is_quoted, e);
		if (!rc && !is_quoted && is_range(part))
			rc = add_range(part, a, out, e);
		else if (!rc)
			rc = add(out, arena_strdup(a, part), e);
	}
	return rc;
}
