// SPDX-License-Identifier: MIT
/*
 * A trace under other names. Everything beside rows is left out unless it is
 * listed here: numbers that replays need, the collectors' own sentences (no
 * digit, no path in them), names through a keyed hash.
 */
#include "collect/pseudonym.h"

#include "base/cleanup.h"
#include "store/db.h"
#include "store/trace-meta.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { NUMBERS = UINT16_MAX + 1 };

struct copy {
	const struct pseudonym *p;
	struct trace *t;
	struct trace_writer *w;
	sqlite3 *db; /* of the last file, which is complete */
	const char *path;
	struct pseudonym_counts *counts;
	uint16_t *devices, *sources; /* numbers in rows: ours of theirs */
	unsigned ndevices, nsources;
};

/* Sentences and names that collectors are made of; what a host brought in has digits or paths. */
static bool is_plain(const char *text)
{
	size_t n = 0;
	for (; text[n]; n++)
		if (!isascii((unsigned char)text[n]) ||
		    (!isalpha((unsigned char)text[n]) && !strchr(" +-_;,*()'", text[n]) &&
		     !(text[n] == ':' && n)))
			return false;
	return n <= 200;
}

static const char *column_text(sqlite3_stmt *st, int column)
{
	const char *text = (const char *)sqlite3_column_text(st, column);
	return text ? text : "";
}

/* Calls each for every row of a query. */
static int each_row(struct copy *c, const char *sql,
		    int (*each)(struct copy *c, sqlite3_stmt *st, struct err *e), struct err *e)
{
	sqlite3_stmt *st;
	int rc = db_prepare(c->db, c->path, sql, &st, e), step = SQLITE_DONE;
	if (rc)
		return rc;
	while (!rc && (step = sqlite3_step(st)) == SQLITE_ROW)
		rc = each(c, st, e);
	if (!rc && step != SQLITE_DONE)
		rc = db_error(c->db, c->path, "reading", e);
	sqlite3_finalize(st);
	return rc;
}

/* ---- meta ---- */

static const char *const kept_meta[] = { "sampled_kinds",
					 "clock",
					 "limit_steps",
					 "squeezes",
					 "dma_sets_accessed",
					 "swap",
					 "cpu_epoch_len_ns",
					 "swap_readahead_pages",
					 "t_limit_reached_ns",
					 "host_samples",
					 "t_workload_end_ns",
					 "record_wall_ns",
					 "record_cpu_ns",
					 "record_late_rows",
					 NULL };

static int put_shifted(struct copy *c, const char *key, const char *value, uint64_t shift_ns,
		       struct err *e)
{
	char text[24];
	unsigned long long v;
	int end = 0;
	if (sscanf(value, "%llu%n", &v, &end) != 1 || value[end])
		return 0;
	snprintf(text, sizeof(text), "%llu", v + (unsigned long long)shift_ns);
	return trace_writer_meta(c->w, key, text, e);
}

static int put_meta(struct copy *c, sqlite3_stmt *st, struct err *e)
{
	const char *key = column_text(st, 0), *value = column_text(st, 1);
	if (!strcmp(key, "format") || !strcmp(key, "program"))
		return 0; /* the writer's own */
	for (unsigned i = 0; kept_meta[i]; i++)
		if (!strcmp(kept_meta[i], key))
			return trace_writer_meta(c->w, key, value, e);
	if (!strcmp(key, "clock_base_ns"))
		return put_shifted(c, key, value, c->p->clock_shift_ns, e);
	if (!strcmp(key, "clock_base_realtime_ns"))
		return put_shifted(c, key, value, c->p->wall_shift_ns, e);
	c->counts->dropped_texts++;
	return 0;
}

static int put_host(struct copy *c, sqlite3_stmt *st, struct err *e)
{
	char name[PSEUDONYM_NAME_BYTES];
	int rc = 0;
	if (*column_text(st, 0)) {
		pseudonym_name(c->p, "host", column_text(st, 0), name);
		rc = trace_writer_host(c->w, "hostname", name, e);
	}
	if (!rc && *column_text(st, 1))
		rc = trace_writer_host(c->w, "cpus", column_text(st, 1), e);
	return rc;
}

static uint64_t shifted(sqlite3_stmt *st, int column, uint64_t shift_ns)
{
	return sqlite3_column_type(st, column) == SQLITE_NULL
		       ? UINT64_MAX
		       : (uint64_t)sqlite3_column_int64(st, column) + shift_ns;
}

static int put_clock(struct copy *c, sqlite3_stmt *st, struct err *e)
{
	const struct trace_clock x = {
		.trace_ns = (uint64_t)sqlite3_column_int64(st, 0),
		.mono_ns = shifted(st, 1, c->p->clock_shift_ns),
		.boot_ns = shifted(st, 2, c->p->clock_shift_ns),
		.real_ns = shifted(st, 3, c->p->wall_shift_ns),
	};
	return trace_writer_clock(c->w, &x, e);
}

/* ---- names ---- */

static int put_vm(struct copy *c, sqlite3_stmt *st, struct err *e)
{
	char name[PSEUDONYM_NAME_BYTES];
	pseudonym_name(c->p, "vm", column_text(st, 1), name);
	const struct trace_vm vm = { .vm = (unsigned)sqlite3_column_int64(st, 0),
				     .name = *column_text(st, 1) ? name : NULL,
				     .mem_pages = (uint64_t)sqlite3_column_int64(st, 2) };
	return trace_writer_vm(c->w, &vm, e);
}

static int put_device(struct copy *c, sqlite3_stmt *st, struct err *e)
{
	const uint64_t id = (uint64_t)sqlite3_column_int64(st, 0);
	const char *coverage = column_text(st, 4);
	char name[PSEUDONYM_NAME_BYTES];
	if (id >= NUMBERS)
		return err_set(e, ERR_FORMAT, "%s: device %llu: numbers end at 65,535", c->path,
			       (unsigned long long)id);
	pseudonym_name(c->p, "dev", column_text(st, 1), name);
	const struct trace_device d = { .bdf = name,
					.class = column_text(st, 2),
					.queues = (unsigned)sqlite3_column_int64(st, 3),
					.coverage = *coverage && is_plain(coverage) ? coverage
										    : NULL };
	c->ndevices = (unsigned)id + 1;
	return trace_writer_device(c->w, &d, &c->devices[id], e);
}

static int put_source(struct copy *c, sqlite3_stmt *st, struct err *e)
{
	const uint64_t id = (uint64_t)sqlite3_column_int64(st, 0);
	const char *name = column_text(st, 1), *coverage = column_text(st, 2);
	char other[PSEUDONYM_NAME_BYTES];
	if (id >= NUMBERS)
		return err_set(e, ERR_FORMAT, "%s: source %llu: numbers end at 65,535", c->path,
			       (unsigned long long)id);
	pseudonym_name(c->p, "source", name, other);
	int rc = trace_writer_source(c->w, is_plain(name) ? name : other,
				     *coverage && is_plain(coverage) ? coverage : NULL,
				     &c->sources[id], e);
	const uint64_t sample_ppm = (uint64_t)sqlite3_column_int64(st, 5);
	c->nsources = (unsigned)id + 1;
	c->counts->is_sampled |= sample_ppm && sample_ppm < 1000000;
	if (!rc && strcmp(name, "input"))
		rc = trace_writer_source_detail(
			c->w, c->sources[id], (uint64_t)sqlite3_column_int64(st, 3),
			(uint64_t)sqlite3_column_int64(st, 4), sample_ppm, e);
	return rc;
}

static int put_loss(struct copy *c, sqlite3_stmt *st, struct err *e)
{
	const char *stream = column_text(st, 0);
	c->counts->dropped_texts += *column_text(st, 5) != 0;
	return trace_writer_loss(
		c->w, *stream && is_plain(stream) ? stream : NULL,
		(uint64_t)sqlite3_column_int64(st, 1), (uint64_t)sqlite3_column_int64(st, 2),
		sqlite3_column_type(st, 3) == SQLITE_NULL ? UINT64_MAX
							  : (uint64_t)sqlite3_column_int64(st, 3),
		column_text(st, 4), NULL, e);
}

static int put_account(struct copy *c, sqlite3_stmt *st, struct err *e)
{
	const char *name = column_text(st, 0);
	char other[PSEUDONYM_NAME_BYTES];
	uint64_t v[7];
	for (int i = 0; i < 7; i++)
		v[i] = (uint64_t)sqlite3_column_int64(st, i + 1);
	const struct trace_account a = { v[0], v[1], v[2], v[3], v[4], v[5], v[6] };
	/* a probe somebody made is named after what it is in */
	const bool is_own = !strncmp(name, "probe", 5) || !strncmp(name, "uprobe", 6) ||
			    !strncmp(name, "sdt_", 4);
	pseudonym_name(c->p, "source", name, other);
	return trace_writer_account(c->w, is_plain(name) && !is_own ? name : other, &a, e);
}

static int note_memslot(struct copy *c, sqlite3_stmt *st, struct err *e)
{
	(void)st;
	(void)e;
	c->counts->has_memslots = true;
	return 0;
}

static int note_distribution(struct copy *c, sqlite3_stmt *st, struct err *e)
{
	(void)st;
	(void)e;
	c->counts->has_distributions = true;
	return 0;
}

static int put_names(struct copy *c, struct err *e)
{
	static const struct {
		const char *sql;
		int (*each)(struct copy *c, sqlite3_stmt *st, struct err *e);
	} tables[] = {
		{ "SELECT k, v FROM meta ORDER BY k", put_meta },
		{ "SELECT hostname, cpus FROM host ORDER BY host_id LIMIT 1", put_host },
		{ "SELECT vm_id, name, mem_pages FROM vm ORDER BY vm_id", put_vm },
		{ "SELECT dev_id, bdf, class, queues, coverage FROM device ORDER BY dev_id",
		  put_device },
		{ "SELECT source_id, name, coverage, granularity, period_ns, sample_ppm"
		  " FROM source ORDER BY source_id",
		  put_source },
		{ "SELECT memslot_id FROM memslot LIMIT 1", note_memslot },
		{ "SELECT trace_ns, mono_ns, boot_ns, real_ns FROM clock ORDER BY clock_id",
		  put_clock },
		{ "SELECT source, seen, stored, filtered, ring_lost, shed, decode_error,"
		  " unaccounted FROM account ORDER BY source",
		  put_account },
	};
	int64_t is_there = 0; /* a table that traces of earlier versions do not have */
	int rc = db_get_i64(c->db, c->path,
			    "SELECT 1 FROM sqlite_schema WHERE name = 'distribution'", 0, &is_there,
			    e);
	if (!rc && is_there)
		rc = each_row(c, "SELECT dist_id FROM distribution LIMIT 1", note_distribution, e);
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables) && !rc; i++)
		rc = each_row(c, tables[i].sql, tables[i].each, e);
	/* losses lie in the file where they happened */
	for (unsigned i = 0; i < trace_nfiles(c->t) && !rc; i++) {
		c->db = trace_sqlite(c->t, i);
		rc = each_row(c,
			      "SELECT stream, from_ns, to_ns, n_lost, cause, detail FROM loss"
			      " ORDER BY loss_id",
			      put_loss, e);
	}
	return rc;
}

/* ---- rows ---- */

static int put_batch(struct copy *c, const struct batch *b, struct trace_stream *s, struct err *e)
{
	const struct kind *k = b->kind;
	const int source = kind_column_find(k, "source");
	uint64_t row[KIND_MAX_COLUMNS];
	int rc = 0;
	for (uint32_t i = 0; i < b->n && !rc; i++) {
		for (unsigned column = 0; column < k->ncolumns; column++)
			row[column] = batch_value(b, column, i);
		if (k->dev >= 0 && row[k->dev] < c->ndevices)
			row[k->dev] = c->devices[row[k->dev]];
		if (source >= 0 && row[source] < c->nsources)
			row[source] = c->sources[row[source]];
		rc = pseudonym_put(c->p, s, row, c->counts, e);
	}
	return rc;
}

static int put_stream(struct copy *c, const struct trace_stream_info *info, struct err *e)
{
	const struct trace_select select = { .stream = info->id, .dev = -1 };
	struct trace_reader *r = NULL;
	struct trace_stream *s = NULL;
	const struct batch *b;
	int rc = trace_writer_stream(c->w, info->kind->id, &s, e);
	if (!rc)
		rc = trace_reader_open(c->t, &select, &r, e);
	while (!rc) {
		const int got = trace_reader_next(r, &b, e);
		if (!got)
			break;
		if (got > 0)
			rc = put_batch(c, b, s, e);
		else if (got == ERR_FORMAT)
			c->counts->damaged++;
		else
			rc = got;
	}
	trace_reader_close(r);
	return rc;
}

static int check_recordings(struct copy *c, struct err *e)
{
	int64_t n = 0;
	const int rc = db_get_i64(c->db, c->path, "SELECT count(*) FROM session", 0, &n, e);
	if (!rc && n > 1)
		return err_set(
			e, ERR_FEATURE,
			"%s: holds %lld recordings: pseudonymise each before they are merged",
			c->path, (long long)n);
	return rc;
}

static int write_all(struct copy *c, struct err *e)
{
	int rc = put_names(c, e);
	for (unsigned i = 0; i < trace_nstreams(c->t) && !rc; i++)
		rc = put_stream(c, trace_stream_info(c->t, i), e);
	return rc;
}

int pseudonym_write(const struct pseudonym *p, struct trace *t, const char *out,
		    struct pseudonym_counts *counts_out, struct err *e)
{
	const unsigned last = trace_nfiles(t) - 1;
	_free_ uint16_t *numbers = calloc(2 * (size_t)NUMBERS, sizeof(*numbers));
	struct copy c = { .p = p,
			  .t = t,
			  .db = trace_sqlite(t, last),
			  .path = trace_file_path(t, last),
			  .counts = counts_out,
			  .devices = numbers,
			  .sources = numbers ? numbers + NUMBERS : NULL };
	_free_ char *clock = trace_meta(t, "clock");
	const struct trace_writer_options options = { .collector = "export --pseudonymise",
						      .clock = clock ? clock : "trace" };
	*counts_out = (struct pseudonym_counts){};
	if (!numbers)
		return err_set(e, ERR_NOMEM, "out of memory");
	int rc = check_recordings(&c, e);
	if (!rc)
		rc = trace_writer_open(out, &options, &c.w, e);
	if (rc)
		return rc;
	rc = write_all(&c, e);
	if (rc) {
		trace_writer_abort(c.w);
		return rc;
	}
	return trace_writer_seal(c.w, e);
}
