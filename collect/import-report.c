// SPDX-License-Identifier: MIT
/*
 * The report reads everything from the sealed trace itself, so that it shows
 * what a reader will find, and the digest that results will name.
 */
#include "collect/import-report.h"

#include "base/quantity.h"
#include "store/trace.h"

#include <sqlite3.h>
#include <stdio.h>

enum { ACCOUNT_COUNTS = 7 };

static const struct report_column columns[] = {
	{ "source", NULL, REPORT_TEXT, REPORT_EVERYWHERE },
	{ "seen", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "stored", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "filtered", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "ring_lost", "ring lost", REPORT_U64, REPORT_EVERYWHERE },
	{ "shed", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "decode_error", "decode error", REPORT_U64, REPORT_EVERYWHERE },
	{ "unaccounted", NULL, REPORT_U64, REPORT_EVERYWHERE },
};

/* Calls row with the source and counts of each accounting line, by name. */
static int each_account(struct trace *t,
			void (*row)(void *ctx, const char *source, const uint64_t *counts),
			void *ctx)
{
	sqlite3_stmt *st;

	for (unsigned i = 0; i < trace_nfiles(t); i++) {
		if (sqlite3_prepare_v2(trace_sqlite(t, i),
				       "SELECT source, seen, stored, filtered, ring_lost, shed,"
				       " decode_error, unaccounted FROM account ORDER BY source",
				       -1, &st, NULL))
			return ERR_FORMAT;
		while (sqlite3_step(st) == SQLITE_ROW) {
			uint64_t counts[ACCOUNT_COUNTS];
			for (int k = 0; k < ACCOUNT_COUNTS; k++)
				counts[k] = (uint64_t)sqlite3_column_int64(st, k + 1);
			row(ctx, (const char *)sqlite3_column_text(st, 0), counts);
		}
		sqlite3_finalize(st);
	}
	return 0;
}

static void add_lost(void *ctx, const char *source, const uint64_t *counts)
{
	uint64_t *lost = ctx;

	(void)source;
	for (int k = 3; k < ACCOUNT_COUNTS; k++) /* from ring_lost on */
		*lost += counts[k];
}

static void print_account(void *ctx, const char *source, const uint64_t *counts)
{
	struct report_value v[1 + ACCOUNT_COUNTS];

	v[0] = REPORT_S(source);
	for (int k = 0; k < ACCOUNT_COUNTS; k++)
		v[k + 1] = REPORT_U(counts[k]);
	report_row(ctx, v);
}

/* What no account knows: rows that gave way to a quota or a full disk, records cut off unread */
static uint64_t uncounted_loss(struct trace *t)
{
	uint64_t rows = 0;
	sqlite3_stmt *st;

	for (unsigned i = 0; i < trace_nfiles(t); i++) {
		if (sqlite3_prepare_v2(trace_sqlite(t, i),
				       "SELECT sum(n_lost) FROM loss"
				       " WHERE cause IN ('quota-evict', 'enospc', 'damage')",
				       -1, &st, NULL))
			continue;
		if (sqlite3_step(st) == SQLITE_ROW)
			rows += (uint64_t)sqlite3_column_int64(st, 0);
		sqlite3_finalize(st);
	}
	return rows;
}

static void print_verdict(struct report *r, struct trace *t, const struct import_result *result,
			  uint64_t lost)
{
	char rows[200] = "";
	size_t n = 0;

	for (unsigned i = 0; i < trace_nstreams(t) && n < sizeof(rows); i++) {
		const struct trace_stream_info *s = trace_stream_info(t, i);
		n += (size_t)snprintf(rows + n, sizeof(rows) - n, "%s%s %s", i ? ", " : "",
				      quantity_count(s->rows).s, s->kind->name);
	}
	if (!n)
		snprintf(rows, sizeof(rows), "no");
	if (!lost && !result->damaged)
		report_text(r, "%s: %s rows from %s; nothing was lost", result->path, rows,
			    result->format);
	else
		report_text(r, "%s: %s rows from %s; %s LOST, %s damaged place%s%s%s", result->path,
			    rows, result->format, quantity_count(lost).s,
			    quantity_count(result->damaged).s, result->damaged == 1 ? "" : "s",
			    result->first_damage ? ", first: " : "",
			    result->first_damage ? result->first_damage : "");
}

static int print(const struct cli *cli, const struct import_result *result, struct trace *t,
		 const char *digest)
{
	uint64_t lost = uncounted_loss(t);

	if (each_account(t, add_lost, &lost)) {
		const struct err e = { ERR_FORMAT, "the accounting cannot be read back" };
		return cli_fail(result->command, &e);
	}
	struct report *r =
		report_begin(stdout, cli_format(cli), result->command, trace_path(t), digest);
	if (!r) {
		const struct err e = { ERR_NOMEM, "out of memory" };
		return cli_fail(result->command, &e);
	}
	print_verdict(r, t, result, lost);
	report_member_text(r, "format", result->format);
	report_member_u64(r, "lost", lost);
	report_member_u64(r, "damaged", result->damaged);
	report_member_text(r, "first_damage", result->first_damage);
	report_table(r, "rows", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	each_account(t, print_account, r);
	return cli_report_end(result->command, r,
			      lost || result->damaged ? EXIT_DAMAGED : EXIT_DONE);
}

int import_report(const struct cli *cli, const struct import_result *result)
{
	struct trace *t = NULL;
	struct err e = {};
	char digest[TRACE_DIGEST_CHARS + 1];

	int rc = trace_open(result->path, &t, &e);
	if (!rc)
		rc = trace_digest(t, digest, &e);
	const int status = rc ? cli_fail(result->command, &e) : print(cli, result, t, digest);
	trace_close(t);
	return status;
}
