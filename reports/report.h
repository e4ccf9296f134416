// SPDX-License-Identifier: MIT
/*
 * Results for people and for programs from one row description: aligned tables
 * (libsmartcols) or the JSON envelope of DESIGN section 10, written by our own
 * streaming writer (constant memory, escapes what is not UTF-8). Counts are
 * integers; a ratio is shown from two integers and never stored. Tables hold
 * their rows until they end (some 80 bytes a cell: 100,000 rows of 8 cost
 * 67 MB; a row budget is the caller's business). No output depends on the
 * locale or on the terminal; there are no colours.
 *
 *	struct report *r = report_begin(stdout, REPORT_TABLE, "cache", path, digest);
 *	report_table(r, "rows", NULL, columns, n);
 *	report_row(r, values);	...
 *	report_end(r);
 */
#ifndef PUGMARK_REPORTS_REPORT_H
#define PUGMARK_REPORTS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum report_format { REPORT_TABLE, REPORT_JSON, REPORT_SENTENCES };

enum report_type {
	REPORT_U64, /* a count; a table shows 1,234,567 */
	REPORT_I64,
	REPORT_ID, /* u64 that is a name rather than a count: shown as it is */
	REPORT_TEXT,
	REPORT_BOOL,
	REPORT_PPM,    /* u64 parts per million; a table shows per cent */
	REPORT_CHANGE, /* i64 ppm of a change or an error; a table shows +1.10 % */
	REPORT_BYTES,  /* u64; a table shows KiB, MiB ... */
	REPORT_NS,     /* u64; a table shows us, ms, s ... */
	REPORT_LIST,   /* text that already is JSON (an array); shown as it is */
};

enum report_where {
	REPORT_EVERYWHERE,
	REPORT_ONLY_JSON,  /* exact numbers that would crowd a screen */
	REPORT_ONLY_TABLE, /* derived figures: never stored, never in JSON */
	REPORT_NOWHERE,    /* of a table that shows some columns only */
};

struct report_column {
	const char *key;   /* snake_case, with its unit: the JSON key */
	const char *title; /* of the table column; NULL: the key */
	enum report_type type;
	enum report_where where;
};

struct report_value {
	union {
		uint64_t u;
		int64_t i;
		const char *s; /* borrowed during the call; need not be UTF-8 */
	};
	bool is_null;
};

#define REPORT_U(v)   ((struct report_value){ .u = (v) })
#define REPORT_I(v)   ((struct report_value){ .i = (v) })
#define REPORT_B(v)   ((struct report_value){ .u = (v) ? 1 : 0 })
#define REPORT_S(v)   ((struct report_value){ .s = (v), .is_null = !(v) })
#define REPORT_NULL() ((struct report_value){ .is_null = true })

struct report;

/*
 * Starts a report on out. trace_path and trace_digest may be NULL (a command
 * without a trace): JSON then has "trace":null. Of a report without a table
 * "rows" the envelope has an empty one. NULL when memory is out.
 */
struct report *report_begin(FILE *out, enum report_format format, const char *command,
			    const char *trace_path, const char *trace_digest);

/*
 * A report that nobody sees: each line of prose goes to say, with the number of
 * tables that would stand above it; rows and members go nowhere.
 */
struct report *report_begin_sentences(void (*say)(void *ctx, unsigned part, const char *sentence),
				      void *ctx);

/* A line of prose above or between tables; not in JSON. */
void report_text(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A top-level JSON member beside the tables; not in tables. */
void report_member_text(struct report *r, const char *key, const char *value);
void report_member_u64(struct report *r, const char *key, uint64_t value);

/*
 * Ends the table before it, if any. name is the JSON key, or NULL: it shows more of the rows of
 * the table before it, on a screen only; title the heading of a table, or NULL.
 */
void report_table(struct report *r, const char *name, const char *title,
		  const struct report_column *columns, unsigned n);
void report_row(struct report *r, const struct report_value *values);

/*
 * Ends and frees; everything is flushed. 0, or a negative code when memory ran
 * out (ERR_NOMEM) or writing failed (ERR_CREATE on a full disk, else ERR_IO;
 * errno says which). A command calls cli_report_end instead.
 */
int report_end(struct report *r);

/* One value as a table shows it; the caller frees. NULL when memory is out. */
char *report_value_text(enum report_type type, const struct report_value *v);

/* Bytes of the UTF-8 sequence at s, or 0 when it is none (RFC 3629). */
size_t report_utf8_len(const char *s);

/* Writes s as a JSON string with quotes; each byte that is not UTF-8 becomes U+FFFD. */
void report_json_string(FILE *out, const char *s);

/*
 * A copy fit for a terminal: bytes that are not UTF-8 and control characters
 * become '?'. The caller frees; NULL when memory is out.
 */
char *report_printable(const char *s);

#endif
