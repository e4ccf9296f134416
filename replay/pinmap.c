// SPDX-License-Identifier: MIT
/* Pin maps as files: JSON written by hand, read by jansson, checked member by member. */
#include "replay/pinmap.h"

#include "base/cleanup.h"
#include "base/quantity.h"
#include "base/units.h"
#include "reports/report.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char format_name[] = "pugmark-pinmap";
enum { FORMAT_VERSION = 1 };

const char *const pinmap_reason_names[] = { "coherent", "returns", "once", "ahead", NULL };

void pinmap_deinit(struct pinmap *m)
{
	free(m->ranges);
	*m = (struct pinmap){};
}

size_t pinmap_find(const struct pinmap *m, uint64_t page)
{
	size_t least = 0, most = m->nranges;
	while (least < most) {
		const size_t i = least + (most - least) / 2;
		if (m->ranges[i].first + m->ranges[i].npages <= page)
			least = i + 1;
		else
			most = i;
	}
	return least;
}

bool pinmap_has(const struct pinmap *m, uint64_t page)
{
	const size_t i = pinmap_find(m, page);
	return i < m->nranges && m->ranges[i].first <= page;
}

/* ---- writing ---- */

static void put_text(FILE *out, const char *key, const char *text)
{
	fprintf(out, "  \"%s\": ", key);
	report_json_string(out, text);
	fputs(",\n", out);
}

static void put_number(FILE *out, const char *key, uint64_t v)
{
	fprintf(out, "  \"%s\": %" PRIu64 ",\n", key, v);
}

static void put_interval(FILE *out, const char *key, const struct pinmap_interval *i)
{
	fprintf(out,
		"    \"%s\": {\"low\": %" PRIu64 ", \"middle\": %" PRIu64 ", \"high\": %" PRIu64
		"},\n",
		key, i->low, i->middle, i->high);
}

static void print_head(const struct pinmap *m, FILE *out)
{
	fprintf(out, "{\n  \"format\": \"%s\",\n", format_name);
	put_number(out, "version", FORMAT_VERSION);
	put_text(out, "vm", m->vm);
	put_number(out, "vm_pages", m->vm_pages);
	put_number(out, "page_bytes", m->page_bytes);
	put_text(out, "trace_digest", m->trace_digest);
	put_text(out, "design", m->design);
	put_text(out, "design_digest", m->design_digest);
	put_number(out, "seed", m->seed);
	put_number(out, "overcommit_ppm", m->overcommit_ppm);
	put_number(out, "budget_pages", m->budget_pages);
	put_number(out, "pinned_pages", m->pinned_pages);
	put_number(out, "learned_from_ns", m->from_ns);
	put_number(out, "learned_to_ns", m->to_ns);
	put_number(out, "learned_from_unix_ns", m->from_unix_ns);
	put_number(out, "learned_to_unix_ns", m->to_unix_ns);
}

static void print_promise(const struct pinmap *m, FILE *out)
{
	const struct pinmap_forecast *f = &m->forecast;
	fprintf(out,
		"  \"rollback\": {\n    \"iopf\": %" PRIu64 ",\n    \"window_ns\": %" PRIu64
		",\n    \"why\": ",
		m->rollback.iopf, m->rollback.window_ns);
	report_json_string(out, m->rollback.why);
	fputs("\n  },\n  \"forecast\": {\n", out);
	put_interval(out, "iopf_per_day_with_milli", &f->with);
	put_interval(out, "iopf_per_day_without_milli", &f->without);
	put_interval(out, "cut_ppm", &f->cut_ppm);
	fprintf(out,
		"    \"coverage_ppm\": %" PRIu64 ",\n    \"horizon_ns\": %" PRIu64
		",\n    \"blocks\": %" PRIu64 "\n  },\n",
		f->coverage_ppm, f->horizon_ns, f->blocks);
}

void pinmap_print(const struct pinmap *m, FILE *out)
{
	print_head(m, out);
	print_promise(m, out);
	fputs("  \"ranges\": [", out);
	for (size_t i = 0; i < m->nranges; i++) {
		const struct pinmap_range *r = &m->ranges[i];
		fprintf(out,
			"%s\n    {\"first_page\": %" PRIu64 ", \"npages\": %" PRIu64
			", \"reason\": \"%s\", \"expires_ns\": %" PRIu64 ", \"iopf\": %" PRIu64 "}",
			i ? "," : "", r->first, r->npages, pinmap_reason_names[r->reason],
			r->expires_ns, r->iopf);
	}
	fputs(m->nranges ? "\n  ]\n}\n" : "]\n}\n", out);
}

int pinmap_write(const struct pinmap *m, const char *path, struct err *e)
{
	_free_ char *temporary = NULL;
	if (asprintf(&temporary, "%s.tmp%ld", path, (long)getpid()) < 0) {
		temporary = NULL;
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	FILE *out = fopen(temporary, "w");
	if (!out)
		return err_set(e, ERR_CREATE, "%s: %s", path, strerror(errno));
	pinmap_print(m, out);
	const bool is_whole = !fflush(out) && !ferror(out) && !fsync(fileno(out));
	const bool is_closed = !fclose(out);
	if (is_whole && is_closed && !rename(temporary, path))
		return 0;
	const int why = errno;
	unlink(temporary);
	return err_set(e, ERR_CREATE, "%s: %s", path, strerror(why));
}

/* ---- reading ---- */

/* The first complaint is kept; after it all reads give zeros. */
struct reader {
	const char *name;
	struct err *e;
	int rc;
};

static void __attribute__((format(printf, 2, 3))) complain(struct reader *r, const char *fmt, ...)
{
	char text[160];
	va_list args;
	if (r->rc)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	r->rc = err_set(r->e, ERR_UNUSABLE, "%.70s: %s", r->name, text);
}

static uint64_t number(struct reader *r, const json_t *o, const char *key, uint64_t least,
		       uint64_t most)
{
	const json_t *v = json_object_get(o, key);
	const json_int_t n = json_integer_value(v);
	if (!json_is_integer(v) || n < 0 || (uint64_t)n < least || (uint64_t)n > most) {
		complain(r, "%s: expected a whole number in %" PRIu64 " .. %" PRIu64, key, least,
			 most);
		return 0;
	}
	return (uint64_t)n;
}

static void text(struct reader *r, const json_t *o, const char *key, char *out, size_t bytes)
{
	const json_t *v = json_object_get(o, key);
	if (!json_is_string(v) || json_string_length(v) >= bytes)
		complain(r, "%s: expected a text below %zu bytes", key, bytes);
	else
		memcpy(out, json_string_value(v), json_string_length(v) + 1);
}

static void digest(struct reader *r, const json_t *o, const char *key, char *out, size_t chars)
{
	text(r, o, key, out, chars + 1);
	if (!r->rc && (strlen(out) != chars || strspn(out, "0123456789abcdef") != chars))
		complain(r, "%s: expected %zu hexadecimal digits", key, chars);
}

static const json_t *object(struct reader *r, const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	if (!json_is_object(v))
		complain(r, "%s: expected an object {..}", key);
	return v;
}

static struct pinmap_interval interval(struct reader *r, const json_t *o, const char *key,
				       uint64_t most)
{
	const json_t *v = object(r, o, key);
	const struct pinmap_interval i = { number(r, v, "low", 0, most),
					   number(r, v, "middle", 0, most),
					   number(r, v, "high", 0, most) };
	if (!r->rc && (i.low > i.middle || i.middle > i.high))
		complain(r, "%s: expected low <= middle <= high", key);
	return i;
}

static enum pinmap_reason reason(struct reader *r, const json_t *o)
{
	const char *s = json_string_value(json_object_get(o, "reason"));
	for (unsigned i = 0; i < PINMAP_REASONS && s; i++)
		if (!strcmp(s, pinmap_reason_names[i]))
			return (enum pinmap_reason)i;
	complain(r, "reason: expected coherent, returns, once or ahead");
	return PINMAP_COHERENT;
}

static void read_head(struct reader *r, const json_t *o, struct pinmap *m)
{
	const uint64_t any = INT64_MAX;
	const char *format = json_string_value(json_object_get(o, "format"));
	if (!format || strcmp(format, format_name))
		complain(r, "no pin map: expected \"format\": \"%s\"", format_name);
	number(r, o, "version", FORMAT_VERSION, FORMAT_VERSION);
	text(r, o, "vm", m->vm, sizeof(m->vm));
	m->vm_pages = number(r, o, "vm_pages", 1, any / PAGE_BYTES);
	m->page_bytes = number(r, o, "page_bytes", PAGE_BYTES, PAGE_BYTES);
	digest(r, o, "trace_digest", m->trace_digest, TRACE_DIGEST_CHARS);
	text(r, o, "design", m->design, sizeof(m->design));
	digest(r, o, "design_digest", m->design_digest, SHA256_HEX_CHARS);
	m->seed = number(r, o, "seed", 0, any);
	m->overcommit_ppm = number(r, o, "overcommit_ppm", 0, PPM_PER_ONE - 1);
	m->budget_pages = number(r, o, "budget_pages", 0, any);
	m->pinned_pages = number(r, o, "pinned_pages", 0, m->budget_pages);
	m->from_ns = number(r, o, "learned_from_ns", 0, any);
	m->to_ns = number(r, o, "learned_to_ns", m->from_ns, any);
	m->from_unix_ns = number(r, o, "learned_from_unix_ns", 0, any);
	m->to_unix_ns = number(r, o, "learned_to_unix_ns", m->from_unix_ns, any);
}

static void read_promise(struct reader *r, const json_t *o, struct pinmap *m)
{
	const uint64_t any = INT64_MAX;
	const json_t *back = object(r, o, "rollback"), *f = object(r, o, "forecast");
	m->rollback.iopf = number(r, back, "iopf", 0, any);
	m->rollback.window_ns = number(r, back, "window_ns", 1, any);
	text(r, back, "why", m->rollback.why, sizeof(m->rollback.why));
	m->forecast = (struct pinmap_forecast){
		.with = interval(r, f, "iopf_per_day_with_milli", any),
		.without = interval(r, f, "iopf_per_day_without_milli", any),
		.cut_ppm = interval(r, f, "cut_ppm", PPM_PER_ONE),
		.coverage_ppm = number(r, f, "coverage_ppm", 0, PPM_PER_ONE),
		.horizon_ns = number(r, f, "horizon_ns", 0, any),
		.blocks = number(r, f, "blocks", 0, any),
	};
}

static void read_ranges(struct reader *r, const json_t *o, struct pinmap *m)
{
	const json_t *list = json_object_get(o, "ranges");
	const size_t n = json_array_size(list);
	uint64_t next = 0, pages = 0;
	if (!json_is_array(list) || n > PINMAP_RANGES_MAX)
		return complain(r, "ranges: expected a list of at most %d", PINMAP_RANGES_MAX);
	m->ranges = calloc(n + 1, sizeof(*m->ranges));
	if (!m->ranges) {
		r->rc = err_set(r->e, ERR_NOMEM, "no memory for %zu ranges", n);
		return;
	}
	for (size_t i = 0; i < n && !r->rc; i++) {
		const json_t *v = json_array_get(list, i);
		m->ranges[i] = (struct pinmap_range){
			.first = number(r, v, "first_page", next, INT64_MAX / PAGE_BYTES),
			.npages = number(r, v, "npages", 1, m->pinned_pages - pages),
			.reason = reason(r, v),
			.expires_ns = number(r, v, "expires_ns", 1, INT64_MAX),
			.iopf = number(r, v, "iopf", 0, INT64_MAX),
		};
		pages += m->ranges[i].npages;
		next = m->ranges[i].first + m->ranges[i].npages;
		if (r->rc)
			err_prefix(r->e, "range %zu", i);
	}
	m->nranges = n;
	if (pages != m->pinned_pages)
		complain(r, "pinned_pages: expected %" PRIu64 ", the pages of all ranges", pages);
}

int pinmap_parse(const char *name, const char *json, size_t n, struct pinmap *out, struct err *e)
{
	json_error_t why;
	struct reader r = { .name = name, .e = e };
	*out = (struct pinmap){};
	json_t *root = json_loadb(json, n, JSON_REJECT_DUPLICATES, &why);
	if (!root)
		return err_set(e, ERR_UNUSABLE, "%.70s: line %d: %.80s", name, why.line, why.text);
	if (!json_is_object(root))
		complain(&r, "expected a JSON object");
	read_head(&r, root, out);
	read_promise(&r, root, out);
	if (!r.rc)
		read_ranges(&r, root, out);
	json_decref(root);
	if (r.rc)
		pinmap_deinit(out);
	return r.rc;
}

int pinmap_read(const char *path, struct pinmap *out, struct err *e)
{
	_fclose_ FILE *in = fopen(path, "r");
	struct stat st;
	if (!in || fstat(fileno(in), &st))
		return err_set(e, errno == EACCES ? ERR_PERM : ERR_NOINPUT, "%s: %s", path,
			       strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > PINMAP_FILE_BYTES_MAX)
		return err_set(e, ERR_UNUSABLE, "%s: expected a file of at most %d MiB", path,
			       PINMAP_FILE_BYTES_MAX >> 20);
	const size_t n = (size_t)st.st_size;
	_free_ char *json = malloc(n + 1);
	if (!json)
		return err_set(e, ERR_NOMEM, "no memory for %zu bytes", n);
	if (fread(json, 1, n, in) != n)
		return err_set(e, ERR_IO, "%s: could not be read", path);
	return pinmap_parse(path, json, n, out, e);
}
