// SPDX-License-Identifier: MIT
/* Tables of a trace, read by SQL; devices that use memory, by their rows. */
#include "replay/pin-trace.h"

#include "base/cleanup.h"
#include "store/trace-meta.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static enum pin_class class_of(const char *name)
{
	if (!strcmp(name, "nic"))
		return PIN_NIC;
	return !strcmp(name, "nvme") || !strcmp(name, "block") ? PIN_BLOCK : PIN_OTHER;
}

static int read_classes(const struct trace *t, struct pin_devices *d, struct err *e)
{
	_free_ struct trace_device_info *list = NULL;
	unsigned n;
	const int rc = trace_devices(t, &list, &n, e);
	memset(d->class_of_dev, PIN_OTHER, sizeof(d->class_of_dev));
	for (unsigned i = 0; i < n && !rc; i++)
		d->class_of_dev[list[i].dev] = class_of(list[i].class);
	return rc;
}

/* The source with a number, added at its first row; NULL when there are too many. */
static struct pin_source *source_of(struct pin_devices *d, unsigned id, bool is_cpu)
{
	for (unsigned i = 0; i < d->nsources; i++)
		if (d->sources[i].id == id && d->sources[i].is_cpu == is_cpu)
			return &d->sources[i];
	if (d->nsources == PIN_SOURCES_MAX)
		return NULL;
	struct pin_source *s = &d->sources[d->nsources++];
	*s = (struct pin_source){ .id = id, .is_cpu = is_cpu };
	return s;
}

/* A coherent area is for both directions, whatever the device does: it tells none. */
static bool tells_direction(uint8_t op)
{
	return op == DMA_MAP || op == DMA_ACCESS || op == DMA_DIRTY;
}

static void note_batch(struct pin_devices *d, const struct batch *b)
{
	const uint16_t *dev = batch_u16(b, DMA_COL_dev), *id = batch_u16(b, DMA_COL_source);
	const uint8_t *op = batch_u8(b, DMA_COL_op), *dir = batch_u8(b, DMA_COL_dir);
	struct pin_source *s = NULL;
	for (uint32_t i = 0; i < b->n; i++) {
		d->list_of_dev[dev[i]] = 1;
		if (!s || s->id != id[i])
			s = source_of(d, id[i], false);
		if (!tells_direction(op[i]))
			continue;
		const unsigned bit = 1U << (dir[i] & 7);
		d->directions_of_dev[dev[i]] |= (uint8_t)bit;
		if (s)
			s->directions |= bit;
	}
}

static int scan_dma(struct trace *t, const struct trace_stream_info *s, struct pin_devices *d,
		    struct err *e)
{
	const struct trace_select select = {
		.stream = s->id,
		.columns = UINT64_C(1) << DMA_COL_dev | UINT64_C(1) << DMA_COL_op |
			   UINT64_C(1) << DMA_COL_dir | UINT64_C(1) << DMA_COL_source,
		.dev = -1,
	};
	struct trace_reader *r;
	const struct batch *b;
	int rc = trace_reader_open(t, &select, &r, e);
	if (rc)
		return rc;
	while ((rc = trace_reader_next(r, &b, e)) > 0)
		note_batch(d, b);
	trace_reader_close(r);
	return rc;
}

/* Its first rows speak for it; of their periods the longest, as the first one may be cut. */
static int look_at_cpu(struct trace *t, struct pin_devices *d, struct err *e)
{
	const struct trace_stream_info *s = trace_find_stream(t, KIND_CPU);
	const struct trace_select select = {
		.stream = s ? s->id : 0,
		.columns = UINT64_C(1) << CPU_COL_period | UINT64_C(1) << CPU_COL_source,
		.dev = -1,
	};
	struct trace_reader *r;
	const struct batch *b;
	if (!s || !s->rows)
		return 0;
	int rc = trace_reader_open(t, &select, &r, e);
	if (rc)
		return rc;
	rc = trace_reader_next(r, &b, e);
	struct pin_source *source = rc > 0 ? source_of(d, batch_u16(b, CPU_COL_source)[0], true)
					   : NULL;
	const uint64_t *period = source ? batch_u64(b, CPU_COL_period) : NULL;
	for (uint32_t i = 0; period && i < b->n; i++)
		if (period[i] != UINT64_MAX && period[i] > source->period_ns)
			source->period_ns = period[i];
	trace_reader_close(r);
	return rc < 0 ? rc : 0;
}

static void copy_text(sqlite3_stmt *st, int column, char *out, size_t bytes)
{
	const char *text = (const char *)sqlite3_column_text(st, column);
	snprintf(out, bytes, "%s", text ? text : "");
}

static void name_sources(const struct trace *t, struct pin_devices *d)
{
	sqlite3_stmt *st = NULL;
	struct sqlite3 *db = trace_sqlite(t, trace_nfiles(t) - 1);
	if (sqlite3_prepare_v2(db, "SELECT source_id, name, coverage FROM source", -1, &st, NULL) ==
	    SQLITE_OK)
		while (sqlite3_step(st) == SQLITE_ROW)
			for (unsigned i = 0; i < d->nsources; i++) {
				struct pin_source *s = &d->sources[i];
				if (s->id != (unsigned)sqlite3_column_int(st, 0))
					continue;
				copy_text(st, 1, s->name, sizeof(s->name));
				copy_text(st, 2, s->coverage, sizeof(s->coverage));
			}
	sqlite3_finalize(st);
}

static void count_blind(struct pin_devices *d)
{
	const unsigned any = 1U << DIR_BOTH | 1U << DIR_UNKNOWN;
	for (unsigned dev = 0; dev < 1 << 16; dev++) {
		const unsigned seen = d->directions_of_dev[dev];
		if (!seen) /* no device, or one with coherent areas only */
			continue;
		d->no_reads += !(seen & (any | 1U << DIR_TO_DEVICE));
		d->no_writes += !(seen & (any | 1U << DIR_FROM_DEVICE));
	}
}

static int number_users(const struct trace *t, struct pin_devices *d, struct err *e)
{
	enum { LISTS_MAX = 255 };
	for (unsigned dev = 0; dev < 1 << 16; dev++) {
		if (!d->list_of_dev[dev])
			continue;
		if (d->nlists == LISTS_MAX)
			return err_set(e, ERR_FEATURE, "%s: more than %d devices use memory",
				       trace_path(t), LISTS_MAX);
		d->class_of_list[d->nlists] = d->class_of_dev[dev];
		d->list_of_dev[dev] = (uint8_t)d->nlists++;
		d->ndevices[d->class_of_dev[dev]]++;
	}
	return 0;
}

int pin_devices_read(struct trace *t, struct pin_devices *out, struct err *e)
{
	const struct trace_stream_info *s = trace_find_stream(t, KIND_DMA);
	*out = (struct pin_devices){};
	int rc = read_classes(t, out, e);
	if (!rc && s)
		rc = scan_dma(t, s, out, e);
	if (!rc)
		rc = look_at_cpu(t, out, e);
	if (rc)
		return rc;
	name_sources(t, out);
	count_blind(out);
	return number_users(t, out, e);
}

void pin_vm_name(const struct trace *t, char *name_out, size_t bytes)
{
	sqlite3_stmt *st = NULL;
	*name_out = '\0';
	if (sqlite3_prepare_v2(trace_sqlite(t, trace_nfiles(t) - 1),
			       "SELECT name FROM vm WHERE vm_id = ?", -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_bind_int64(st, 1, trace_own_vm(t)) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		copy_text(st, 0, name_out, bytes);
	sqlite3_finalize(st);
}

uint64_t pin_middle_ns(const struct trace *t)
{
	const struct trace_stream_info *dma = trace_find_stream(t, KIND_DMA);
	return dma ? dma->first_ns + (dma->last_ns - dma->first_ns) / 2 : 0;
}

uint64_t pin_rows(const struct trace *t)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < trace_nstreams(t); i++)
		n += trace_stream_info(t, i)->rows;
	return n;
}

static int64_t first_number(struct sqlite3 *db, const char *sql, bool *is_null_out)
{
	sqlite3_stmt *st = NULL;
	int64_t v = 0;
	*is_null_out = true;
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW) {
		v = sqlite3_column_int64(st, 0);
		*is_null_out = sqlite3_column_type(st, 0) == SQLITE_NULL;
	}
	sqlite3_finalize(st);
	return v;
}

uint64_t pin_lost_events(const struct trace *t, bool *is_unknown_out)
{
	uint64_t lost = 0;
	bool is_null;
	*is_unknown_out = false;
	for (unsigned f = 0; f < trace_nfiles(t); f++) {
		struct sqlite3 *db = trace_sqlite(t, f);
		lost += (uint64_t)first_number(db, "SELECT sum(n_lost) FROM loss", &is_null);
		*is_unknown_out |= first_number(db,
						"SELECT count(*) FROM loss WHERE n_lost IS NULL",
						&is_null) > 0;
	}
	return lost;
}
