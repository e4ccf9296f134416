// SPDX-License-Identifier: MIT
/* Tables of a trace, read by SQL; devices that use memory, by their rows. */
#include "replay/pin-trace.h"

#include "base/cleanup.h"
#include "store/trace-meta.h"

#include <sqlite3.h>
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

static int mark_users(struct trace *t, const struct trace_stream_info *s, uint8_t *is_user,
		      struct err *e)
{
	const struct trace_select select = {
		.stream = s->id,
		.columns = UINT64_C(1) << DMA_COL_dev,
		.dev = -1,
	};
	struct trace_reader *r;
	const struct batch *b;
	int rc = trace_reader_open(t, &select, &r, e);
	if (rc)
		return rc;
	while ((rc = trace_reader_next(r, &b, e)) > 0) {
		const uint16_t *dev = batch_u16(b, DMA_COL_dev);
		for (uint32_t i = 0; i < b->n; i++)
			is_user[dev[i]] = 1;
	}
	trace_reader_close(r);
	return rc;
}

int pin_devices_read(struct trace *t, struct pin_devices *out, struct err *e)
{
	enum { LISTS_MAX = 255 };
	const struct trace_stream_info *s = trace_find_stream(t, KIND_DMA);
	*out = (struct pin_devices){};
	int rc = read_classes(t, out, e);
	if (!rc && s)
		rc = mark_users(t, s, out->list_of_dev, e);
	for (unsigned dev = 0; dev < 1 << 16; dev++) {
		if (!out->list_of_dev[dev])
			continue;
		if (out->nlists == LISTS_MAX)
			return err_set(e, ERR_FEATURE, "%s: more than %d devices use memory",
				       trace_path(t), LISTS_MAX);
		out->list_of_dev[dev] = (uint8_t)out->nlists++;
		out->ndevices[out->class_of_dev[dev]]++;
	}
	return rc;
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
