// SPDX-License-Identifier: MIT
/*
 * Reports: one row description, two renderings. JSON goes out as it comes, one
 * row a line, so that it can be compared by lines and costs no memory. Tables
 * are collected by libsmartcols, which knows all widths only at the end. The
 * library's own JSON is not used: it lower-cases keys, has no envelope and
 * passes through text that is not UTF-8.
 */
#include "reports/report.h"
#include "base/err.h"
#include "base/quantity.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <libsmartcols.h>

struct report {
	FILE *out;
	enum report_format format;
	int failure;       /* first negative code, told by report_end */
	int failure_errno; /* errno that came with it */
	const struct report_column *columns;
	unsigned ncolumns;
	const char *title; /* of the open table, for an empty one */
	struct libscols_table *table;
	uint64_t nrows;   /* of the open table */
	bool is_open;     /* a table is open */
	bool is_skipped;  /* rows go nowhere until the next table */
	bool has_rows;    /* the envelope's member of that name was written */
	bool has_printed; /* something stands above: a blank line goes between */

	/* of REPORT_SENTENCES */
	void (*say)(void *ctx, unsigned part, const char *sentence);
	void *say_ctx;
	unsigned ntables;
};

static void remember_failure(struct report *r, int code)
{
	if (!r->failure) {
		r->failure = code;
		r->failure_errno = errno;
	}
}

/* Asked after each row: by the end of the report errno would have forgotten why. */
static void check_stream(struct report *r)
{
	if (r->out && ferror(r->out))
		remember_failure(r, errno == ENOSPC || errno == EDQUOT || errno == EFBIG
					    ? ERR_CREATE
					    : ERR_IO);
}

/* ---- text ---- */

/*
 * Length of the UTF-8 sequence at s, or 0 when it is none (RFC 3629: no
 * overlong forms, no surrogates, nothing above U+10FFFF). Stops at the final 0.
 */
static size_t utf8_len(const unsigned char *s)
{
	if (s[0] < 0x80)
		return 1;
	const size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

size_t report_utf8_len(const char *s)
{
	return utf8_len((const unsigned char *)s);
}

void report_json_string(FILE *out, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	putc('"', out);
	while (*p) {
		const size_t n = utf8_len(p);
		if (!n)
			fputs("\\ufffd", out);
		else if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else if (*p < 0x20)
			fprintf(out, "\\u%04x", *p);
		else
			fwrite(p, 1, n, out);
		p += n ? n : 1;
	}
	putc('"', out);
}

char *report_printable(const char *s)
{
	char *copy = strdup(s);
	if (!copy)
		return NULL;
	for (unsigned char *p = (unsigned char *)copy; *p;) {
		const size_t n = utf8_len(p);
		/* U+0080..U+009F are control characters too */
		if (!n || *p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0))
			memset(p, '?', n ? n : 1);
		p += n ? n : 1;
	}
	return copy;
}

static bool is_in_json(const struct report_column *c)
{
	return c->where == REPORT_EVERYWHERE || c->where == REPORT_ONLY_JSON;
}

static bool is_in_table(const struct report_column *c)
{
	return c->where == REPORT_EVERYWHERE || c->where == REPORT_ONLY_TABLE;
}

/* ---- JSON ---- */

static void json_value(FILE *out, enum report_type type, const struct report_value *v)
{
	const bool is_text = type == REPORT_TEXT || type == REPORT_LIST;

	if (v->is_null || (is_text && !v->s)) {
		fputs("null", out);
		return;
	}
	switch (type) {
	case REPORT_U64:
	case REPORT_ID:
	case REPORT_PPM:
	case REPORT_BYTES:
	case REPORT_NS:
		fprintf(out, "%" PRIu64, v->u);
		break;
	case REPORT_I64:
	case REPORT_CHANGE:
		fprintf(out, "%" PRId64, v->i);
		break;
	case REPORT_BOOL:
		fputs(v->u ? "true" : "false", out);
		break;
	case REPORT_TEXT:
		report_json_string(out, v->s);
		break;
	case REPORT_LIST:
		fputs(v->s, out);
		break;
	}
}

static void json_row(struct report *r, const struct report_value *values)
{
	bool is_first = true;

	fputs(r->nrows ? ",\n{" : "\n{", r->out);
	for (unsigned i = 0; i < r->ncolumns; i++) {
		if (!is_in_json(&r->columns[i]))
			continue;
		if (!is_first)
			putc(',', r->out);
		is_first = false;
		report_json_string(r->out, r->columns[i].key);
		putc(':', r->out);
		json_value(r->out, r->columns[i].type, &values[i]);
	}
	putc('}', r->out);
}

/* ---- tables ---- */

static bool is_left(enum report_type type)
{
	return type == REPORT_TEXT || type == REPORT_LIST || type == REPORT_BOOL;
}

char *report_value_text(enum report_type type, const struct report_value *v)
{
	const bool is_negative = v->i < 0;
	const uint64_t magnitude = is_negative ? 0 - v->u : v->u;
	struct quantity_text t = {};
	char *text = NULL;

	if (v->is_null)
		return strdup("-");
	switch (type) {
	case REPORT_TEXT:
	case REPORT_LIST:
		return report_printable(v->s ? v->s : "-");
	case REPORT_BOOL:
		return strdup(v->u ? "yes" : "no");
	case REPORT_ID:
		return asprintf(&text, "%" PRIu64, v->u) < 0 ? NULL : text;
	case REPORT_U64:
		return strdup(quantity_count(v->u).s);
	case REPORT_PPM:
		return strdup(quantity_ppm(v->u).s);
	case REPORT_BYTES:
		return strdup(quantity_bytes(v->u).s);
	case REPORT_NS:
		return strdup(quantity_ns(v->u).s);
	case REPORT_I64:
		t = quantity_count(magnitude);
		return asprintf(&text, "%s%s", is_negative ? "-" : "", t.s) < 0 ? NULL : text;
	case REPORT_CHANGE:
		t = quantity_ppm(magnitude);
		return asprintf(&text, "%s%s",
				is_negative ? "-"
				: magnitude ? "+"
					    : "",
				t.s) < 0
			       ? NULL
			       : text;
	}
	return NULL;
}

static void table_row(struct report *r, const struct report_value *values)
{
	struct libscols_line *line = r->table ? scols_table_new_line(r->table, NULL) : NULL;
	size_t cell = 0;

	if (!line) {
		remember_failure(r, ERR_NOMEM);
		return;
	}
	for (unsigned i = 0; i < r->ncolumns; i++) {
		if (!is_in_table(&r->columns[i]))
			continue;
		char *text = report_value_text(r->columns[i].type, &values[i]);
		if (!text || scols_line_refer_data(line, cell++, text)) {
			free(text);
			remember_failure(r, ERR_NOMEM);
			return;
		}
	}
}

static struct libscols_table *new_table(const struct report *r)
{
	struct libscols_table *t = scols_new_table();
	if (!t)
		return NULL;

	/* neither the terminal's width nor the locale's character set has a say */
	int err = scols_table_set_termforce(t, SCOLS_TERMFORCE_NEVER);
	err |= scols_table_enable_noencoding(t, 1);
	err |= scols_table_set_column_separator(t, "  ");
	err |= scols_table_set_stream(t, r->out);
	for (unsigned i = 0; i < r->ncolumns && !err; i++) {
		const struct report_column *c = &r->columns[i];
		if (!is_in_table(c))
			continue;
		if (!scols_table_new_column(t, c->title ? c->title : c->key, 0,
					    is_left(c->type) ? 0 : SCOLS_FL_RIGHT))
			err = -1;
	}
	if (err) {
		scols_unref_table(t);
		return NULL;
	}
	return t;
}

/* ---- the two together ---- */

static void end_table(struct report *r)
{
	if (!r->is_open)
		return;
	r->is_open = false;
	if (r->format == REPORT_SENTENCES)
		return;
	if (r->format == REPORT_JSON) {
		fputs(r->nrows ? "\n]" : "]", r->out);
		return;
	}
	if (!r->nrows)
		fputs("(nothing to show)\n", r->out);
	else if (r->table && scols_print_table(r->table) && !ferror(r->out))
		remember_failure(r, ERR_NOMEM);
	check_stream(r);
	scols_unref_table(r->table);
	r->table = NULL;
}

struct report *report_begin(FILE *out, enum report_format format, const char *command,
			    const char *trace_path, const char *trace_digest)
{
	struct report *r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;

	r->out = out;
	r->format = format;
	if (format == REPORT_TABLE)
		return r;

	fputs("{\"command\":", out);
	report_json_string(out, command);
	fputs(",\"version\":\"" PUGMARK_VERSION "\",\"trace\":", out);
	if (trace_path) {
		fputs("{\"path\":", out);
		report_json_string(out, trace_path);
		fputs(",\"digest\":", out);
		json_value(out, REPORT_TEXT, &REPORT_S(trace_digest));
		putc('}', out);
	} else {
		fputs("null", out);
	}
	return r;
}

struct report *report_begin_sentences(void (*say)(void *ctx, unsigned part, const char *sentence),
				      void *ctx)
{
	struct report *r = report_begin(NULL, REPORT_TABLE, "", NULL, NULL);
	if (!r)
		return NULL;
	r->format = REPORT_SENTENCES;
	r->say = say;
	r->say_ctx = ctx;
	return r;
}

void report_text(struct report *r, const char *fmt, ...)
{
	if (r->format == REPORT_JSON)
		return;
	end_table(r);

	char *text;
	va_list ap;
	va_start(ap, fmt);
	const int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	char *clean = n < 0 ? NULL : report_printable(text);
	if (clean && r->say)
		r->say(r->say_ctx, r->ntables, clean);
	else if (clean)
		fprintf(r->out, "%s\n", clean);
	else
		remember_failure(r, ERR_NOMEM);
	free(clean);
	if (n >= 0)
		free(text);
	r->has_printed = true;
}

static void begin_member(struct report *r, const char *key)
{
	end_table(r);
	fputs(",\n", r->out);
	report_json_string(r->out, key);
	putc(':', r->out);
}

void report_member_text(struct report *r, const char *key, const char *value)
{
	if (r->format != REPORT_JSON)
		return;
	begin_member(r, key);
	json_value(r->out, REPORT_TEXT, &REPORT_S(value));
}

void report_member_u64(struct report *r, const char *key, uint64_t value)
{
	if (r->format != REPORT_JSON)
		return;
	begin_member(r, key);
	json_value(r->out, REPORT_U64, &REPORT_U(value));
}

void report_table(struct report *r, const char *name, const char *title,
		  const struct report_column *columns, unsigned n)
{
	end_table(r);
	r->is_skipped = !name && r->format != REPORT_TABLE;
	if (r->is_skipped)
		return;
	if (r->format == REPORT_JSON)
		begin_member(r, name);
	r->has_rows |= name && !strcmp(name, "rows");
	r->columns = columns;
	r->ncolumns = n;
	r->nrows = 0;
	r->is_open = true;
	r->ntables++;
	if (r->format == REPORT_SENTENCES)
		return;
	if (r->format == REPORT_JSON) {
		putc('[', r->out);
		return;
	}
	if (r->has_printed)
		putc('\n', r->out);
	r->has_printed = true;
	if (title)
		fprintf(r->out, "%s\n", title);
	r->table = new_table(r);
	if (!r->table)
		remember_failure(r, ERR_NOMEM);
}

void report_row(struct report *r, const struct report_value *values)
{
	if (r->is_skipped)
		return;
	assert(r->is_open);
	if (r->format == REPORT_JSON)
		json_row(r, values);
	else if (r->format == REPORT_TABLE)
		table_row(r, values);
	r->nrows++;
	check_stream(r);
}

int report_end(struct report *r)
{
	end_table(r);
	if (r->format == REPORT_JSON && !r->has_rows)
		fputs(",\n\"rows\":[]", r->out);
	if (r->format == REPORT_JSON)
		fputs("}\n", r->out);

	check_stream(r);
	if (r->out)
		fflush(r->out); /* a failure sets the stream's error flag */
	check_stream(r);
	const int failure = r->failure;
	errno = r->failure_errno;
	free(r);
	return failure;
}
