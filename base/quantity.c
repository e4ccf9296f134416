// SPDX-License-Identifier: MIT
/*
 * Quantities: a decimal number is a 64-bit mantissa and a count of fraction
 * digits; mantissa * unit fits 128 bits for every unit here, so one division
 * by a power of ten says exactly whether the value is whole and in range.
 */
#include "base/quantity.h"
#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FRACTION_DIGITS_MAX = 18 };

/* mantissa / 10^digits, followed by a unit */
struct decimal {
	uint64_t mantissa;
	uint64_t divisor; /* 10^digits */
	const char *unit; /* rest of the text, blanks skipped */
	bool is_too_large;
};

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit byte_units[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "K", UINT64_C(1) << 10 },
	{ "M", UINT64_C(1) << 20 },
	{ "G", UINT64_C(1) << 30 },
	{ "T", UINT64_C(1) << 40 },
	{ "P", UINT64_C(1) << 50 },
	{},
};

static const struct unit time_units[] = {
	{ "ns", 1 },
	{ "us", NS_PER_US },
	{ "ms", NS_PER_MS },
	{ "s", NS_PER_SEC },
	{ "min", 60 * NS_PER_SEC },
	{ "m", 60 * NS_PER_SEC },
	{ "h", 3600 * NS_PER_SEC },
	{ "d", 86400 * NS_PER_SEC },
	{},
};

static const struct unit rate_units[] = {
	{ "/s", NS_PER_SEC },         { "/min", 60 * NS_PER_SEC },    { "/h", 3600 * NS_PER_SEC },
	{ "/d", 86400 * NS_PER_SEC }, { "/day", 86400 * NS_PER_SEC }, {},
};

static const struct unit percent_units[] = {
	{ "%", PPM_PER_ONE / 100 },
	{},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool parse_decimal(const char *text, struct decimal *d)
{
	const char *p = text;
	unsigned fraction = 0;
	bool has_point = false;
	*d = (struct decimal){ .divisor = 1 };

	if (!is_digit(*p))
		return false;
	for (; is_digit(*p) || (*p == '.' && !has_point); p++) {
		if (*p == '.') {
			has_point = true;
			continue;
		}
		if (__builtin_mul_overflow(d->mantissa, 10, &d->mantissa) ||
		    __builtin_add_overflow(d->mantissa, (uint64_t)(*p - '0'), &d->mantissa)) {
			d->is_too_large = !has_point;
			return false;
		}
		if (has_point) {
			if (++fraction > FRACTION_DIGITS_MAX)
				return false;
			d->divisor *= 10;
		}
	}
	if (p[-1] == '.')
		return false;
	while (*p == ' ')
		p++;
	d->unit = p;
	return true;
}

/* mantissa * factor / divisor; false when above 64 bits, or not whole where that is asked */
static bool scale(struct decimal *d, uint64_t factor, bool must_be_whole, uint64_t *out)
{
	const unsigned __int128 product = (unsigned __int128)d->mantissa * factor;
	const unsigned __int128 v = product / d->divisor;

	d->is_too_large = v > UINT64_MAX;
	if (d->is_too_large || (must_be_whole && product % d->divisor))
		return false;
	*out = (uint64_t)v;
	return true;
}

static const struct unit *find_unit(const struct unit *units, const char *name)
{
	for (const struct unit *u = units; u->name; u++)
		if (!strcmp(u->name, name))
			return u;
	return NULL;
}

/* "K", "Ki", "KB", "KiB", in capitals or not; with is_count neither "i" nor "B" */
static const struct unit *find_byte_unit(const char *name, bool is_count)
{
	char letter[2] = { name[0], 0 };
	const char *rest = name[0] ? name + 1 : name;

	if (letter[0] >= 'a' && letter[0] <= 'z')
		letter[0] = (char)(letter[0] - 'a' + 'A');
	const bool has_letter = letter[0] && letter[0] != 'B';
	if (has_letter && *rest == 'i')
		rest++;
	if (has_letter && *rest == 'B')
		rest++;
	if (*rest || (is_count && (letter[0] == 'B' || strchr(name, 'B'))))
		return NULL;
	return find_unit(byte_units, letter);
}

static int refuse(struct err *e, const char *text, const struct decimal *d, const char *expected)
{
	return err_set(e, ERR_USAGE,
		       d->is_too_large ? "'%.60s' is too large: expected %s" : "'%.60s' is not %s",
		       text, expected);
}

int quantity_parse_bytes(const char *text, uint64_t *bytes_out, struct err *e)
{
	struct decimal d;
	const struct unit *u = NULL;

	if (parse_decimal(text, &d))
		u = find_byte_unit(d.unit, false);
	if (!u || !scale(&d, u->factor, false, bytes_out))
		return refuse(e, text, &d,
			      "a size below 16 EiB such as 4096, 64K, 4KiB or 1.5G (K is 1024)");
	return 0;
}

int quantity_parse_ns(const char *text, uint64_t *ns_out, struct err *e)
{
	struct decimal d;
	const struct unit *u = NULL;

	if (parse_decimal(text, &d))
		u = !*d.unit && !d.mantissa ? time_units : find_unit(time_units, d.unit);
	if (!u || !scale(&d, u->factor, true, ns_out))
		return refuse(e, text, &d,
			      "a duration in whole ns with its unit (ns us ms s min h d) such as "
			      "250us, 1.5s or 8min");
	return 0;
}

int quantity_parse_ppm(const char *text, uint64_t *ppm_out, struct err *e)
{
	struct decimal d;
	const struct unit *u = NULL;

	if (parse_decimal(text, &d))
		u = find_unit(percent_units, d.unit);
	if (!u || !scale(&d, u->factor, true, ppm_out))
		return refuse(e, text, &d,
			      "a percentage such as 5% or 0.5%, to 0.0001% at the finest");
	return 0;
}

static int count_of(const char *text, struct decimal *d, uint64_t *count_out)
{
	const struct unit *u = NULL;

	if (parse_decimal(text, d))
		u = find_byte_unit(d->unit, true);
	return u && scale(d, u->factor, true, count_out) ? 0 : ERR_USAGE;
}

int quantity_parse_count(const char *text, uint64_t *count_out, struct err *e)
{
	struct decimal d;

	if (count_of(text, &d, count_out))
		return refuse(e, text, &d, "a whole number such as 512 or 64K (K is 1024)");
	return 0;
}

int quantity_parse(const char *text, struct quantity *out, struct err *e)
{
	const size_t n = strlen(text);
	struct quantity q = { .is_ppm = n && text[n - 1] == '%' };
	struct decimal d;
	const int err = q.is_ppm ? quantity_parse_ppm(text, &q.value, e)
				 : count_of(text, &d, &q.value);

	if (err)
		return q.is_ppm ? err
				: refuse(e, text, &d,
					 "a whole number or a percentage such as 512, 64K (K is "
					 "1024) or 5%");
	*out = q;
	return 0;
}

int quantity_parse_rate(const char *text, struct rate *rate_out, struct err *e)
{
	struct decimal d;
	struct rate r;
	const struct unit *u = NULL;

	if (parse_decimal(text, &d))
		u = find_unit(rate_units, d.unit);
	if (!u || !scale(&d, 1, true, &r.count))
		return refuse(e, text, &d,
			      "a rate in whole events such as 10/s, 5/min, 100/h or 41/day");
	r.per_ns = u->factor;
	*rate_out = r;
	return 0;
}

/* a * b / c to the nearest, saturating; c is not 0 */
static uint64_t mul_div(uint64_t a, uint64_t b, uint64_t c)
{
	const unsigned __int128 v = ((unsigned __int128)a * b + c / 2) / c;

	return v > UINT64_MAX ? UINT64_MAX : (uint64_t)v;
}

uint64_t quantity_of(struct quantity q, uint64_t whole)
{
	return q.is_ppm ? mul_div(whole, q.value, PPM_PER_ONE) : q.value;
}

uint64_t quantity_ratio_ppm(uint64_t part, uint64_t whole)
{
	return whole ? mul_div(part, PPM_PER_ONE, whole) : 0;
}

/* one step of a ladder of units: used while the rounded number stays below limit */
struct step {
	const char *name;
	uint64_t factor;
	uint64_t limit; /* 0: the last step */
};

static struct quantity_text format_steps(uint64_t v, const struct step *s)
{
	struct quantity_text t;

	for (;; s++) {
		const uint64_t tenths = mul_div(v, 10, s->factor);
		const uint64_t whole = mul_div(v, 1, s->factor);
		const bool is_long = tenths >= 1000;

		if (s->limit && (is_long ? whole : tenths / 10) >= s->limit)
			continue;
		if (is_long || tenths % 10 == 0)
			snprintf(t.s, sizeof(t.s), "%" PRIu64 " %s", is_long ? whole : tenths / 10,
				 s->name);
		else
			snprintf(t.s, sizeof(t.s), "%" PRIu64 ".%u %s", tenths / 10,
				 (unsigned)(tenths % 10), s->name);
		return t;
	}
}

struct quantity_text quantity_bytes(uint64_t bytes)
{
	static const struct step steps[] = {
		{ "B", 1, 1024 },
		{ "KiB", UINT64_C(1) << 10, 1024 },
		{ "MiB", UINT64_C(1) << 20, 1024 },
		{ "GiB", UINT64_C(1) << 30, 1024 },
		{ "TiB", UINT64_C(1) << 40, 1024 },
		{ "PiB", UINT64_C(1) << 50, 0 },
	};

	return format_steps(bytes, steps);
}

struct quantity_text quantity_ns(uint64_t ns)
{
	static const struct step steps[] = {
		{ "ns", 1, 1000 },
		{ "us", NS_PER_US, 1000 },
		{ "ms", NS_PER_MS, 1000 },
		{ "s", NS_PER_SEC, 60 },
		{ "min", 60 * NS_PER_SEC, 60 },
		{ "h", 3600 * NS_PER_SEC, 48 },
		{ "d", 86400 * NS_PER_SEC, 0 },
	};

	return format_steps(ns, steps);
}

struct quantity_text quantity_count(uint64_t count)
{
	char digits[24];
	const int n = snprintf(digits, sizeof(digits), "%" PRIu64, count);
	struct quantity_text t;
	char *p = t.s;

	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			*p++ = ',';
		*p++ = digits[i];
	}
	*p = 0;
	return t;
}

struct quantity_text quantity_ppm(uint64_t ppm)
{
	struct quantity_text t;

	if (ppm && ppm < 100) {
		snprintf(t.s, sizeof(t.s), "0.%04u %%", (unsigned)ppm);
		return t;
	}
	const uint64_t hundredths = mul_div(ppm, 1, 100);
	snprintf(t.s, sizeof(t.s), "%" PRIu64 ".%02u %%", hundredths / 100,
		 (unsigned)(hundredths % 100));
	return t;
}
