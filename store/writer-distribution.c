// SPDX-License-Identifier: MIT
/* The tables distribution and distribution_point, and distributions of values at hand. */
#include "store/trace-distribution.h"

#include "store/writer.h"

#include <stdlib.h>

static int put_points(struct trace_writer *w, int64_t id, const char *shape,
		      const struct distribution_point *p, size_t n, struct err *e)
{
	sqlite3_stmt *st;
	int rc = db_prepare(w->db, w->file,
			    "INSERT OR REPLACE INTO distribution_point VALUES (?, ?, ?, ?)", &st,
			    e);

	for (size_t i = 0; !rc && i < n; i++) {
		sqlite3_bind_int64(st, 1, id);
		sqlite3_bind_text(st, 2, shape, -1, SQLITE_STATIC);
		sqlite3_bind_int64(st, 3, (int64_t)p[i].x);
		sqlite3_bind_int64(st, 4, (int64_t)p[i].y);
		if (sqlite3_step(st) != SQLITE_DONE)
			rc = db_error(w->db, w->file, "writing a distribution", e);
		sqlite3_reset(st);
	}
	sqlite3_finalize(st);
	return rc;
}

/* UNKNOWN is NULL */
static void bind(sqlite3_stmt *st, int at, uint64_t v)
{
	if (v == DISTRIBUTION_UNKNOWN)
		sqlite3_bind_null(st, at);
	else
		sqlite3_bind_int64(st, at, (int64_t)v);
}

static int put_head(struct trace_writer *w, const struct distribution *d, int64_t *id_out,
		    struct err *e)
{
	sqlite3_stmt *st;
	int rc = db_run(
		w->db, w->file, e,
		"DELETE FROM distribution_point WHERE dist_id IN (SELECT dist_id FROM"
		" distribution WHERE sess_id = ? AND subject = ? AND op = ? AND quantity = ?)",
		"isss", w->sess_id, d->subject, d->op, d->quantity);
	if (!rc)
		rc = db_prepare(w->db, w->file,
				"INSERT OR REPLACE INTO distribution(sess_id, source, subject, op,"
				" quantity, n, sum, min, max, mean_e6, stddev_e6, per_second_e6)"
				" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
				&st, e);
	if (rc)
		return rc;
	const char *const names[] = { d->source, d->subject, d->op, d->quantity };
	const uint64_t numbers[] = { d->n,       d->sum,       d->min,          d->max,
				     d->mean_e6, d->stddev_e6, d->per_second_e6 };
	sqlite3_bind_int64(st, 1, w->sess_id);
	for (int i = 0; i < 4; i++)
		sqlite3_bind_text(st, 2 + i, names[i], -1, SQLITE_STATIC);
	for (int i = 0; i < 7; i++)
		bind(st, 6 + i, numbers[i]);
	if (sqlite3_step(st) != SQLITE_DONE)
		rc = db_error(w->db, w->file, "writing a distribution", e);
	sqlite3_finalize(st);
	*id_out = sqlite3_last_insert_rowid(w->db);
	return rc;
}

int trace_writer_distribution(struct trace_writer *w, const struct distribution *d, struct err *e)
{
	int64_t id = 0;

	if (!w->db)
		return 0;
	int rc = db_exec(w->db, w->file, "BEGIN IMMEDIATE", e);
	if (rc)
		return rc;
	rc = put_head(w, d, &id, e);
	if (!rc)
		rc = put_points(w, id, "quantile", d->quantiles, d->nquantiles, e);
	if (!rc)
		rc = put_points(w, id, "bin", d->bins, d->nbins, e);
	if (!rc)
		return db_exec(w->db, w->file, "COMMIT", e);
	sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

/* ---- of values ---- */

static int by_value(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

int trace_writer_distribution_of(struct trace_writer *w, struct distribution *d, uint64_t *values,
				 size_t n, struct err *e)
{
	static const uint32_t percent_e6[] = { 1000000,  5000000,  10000000, 20000000, 30000000,
					       40000000, 50000000, 60000000, 70000000, 80000000,
					       90000000, 95000000, 99000000, 99500000, 99900000,
					       99950000, 99990000 };
	enum { QUANTILES = sizeof(percent_e6) / sizeof(percent_e6[0]) };
	struct distribution_point q[QUANTILES];
	unsigned __int128 sum = 0;

	if (!n)
		return 0;
	qsort(values, n, sizeof(*values), by_value);
	for (size_t i = 0; i < n; i++)
		sum += values[i];
	for (size_t i = 0; i < QUANTILES; i++) {
		const unsigned __int128 rank =
			((unsigned __int128)n * percent_e6[i] + DISTRIBUTION_ONE - 1) /
			DISTRIBUTION_ONE;
		q[i] = (struct distribution_point){ percent_e6[i], values[rank ? rank - 1 : 0] };
	}
	const unsigned __int128 mean_e6 = sum > UINT64_MAX ? sum / n * 1000000 : sum * 1000000 / n;
	d->n = n;
	d->sum = sum > INT64_MAX ? DISTRIBUTION_UNKNOWN : (uint64_t)sum;
	d->min = values[0];
	d->max = values[n - 1];
	d->mean_e6 = mean_e6 > INT64_MAX ? DISTRIBUTION_UNKNOWN : (uint64_t)mean_e6;
	d->stddev_e6 = d->per_second_e6 = DISTRIBUTION_UNKNOWN;
	d->quantiles = q;
	d->nquantiles = QUANTILES;
	const int rc = trace_writer_distribution(w, d, e);
	d->quantiles = NULL;
	d->nquantiles = 0;
	return rc;
}
