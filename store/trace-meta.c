// SPDX-License-Identifier: MIT
/* Small questions to the tables beside the chunks; a damaged table reads as an empty one. */
#include "store/trace-meta.h"

#include "base/cleanup.h"
#include "store/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sqlite3_stmt *ask(const struct trace *t, const char *sql)
{
	sqlite3_stmt *st = NULL;

	if (!t->nfiles || sqlite3_prepare_v2(t->files[t->nfiles - 1].db, sql, -1, &st, NULL))
		return NULL;
	return st;
}

char *trace_meta(const struct trace *t, const char *key)
{
	sqlite3_stmt *st = ask(t, "SELECT v FROM meta WHERE k = ?");
	char *text = NULL;

	if (!st)
		return NULL;
	sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
	if (sqlite3_step(st) == SQLITE_ROW && sqlite3_column_text(st, 0))
		text = strdup((const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	return text;
}

bool trace_is_sampled(const struct trace *t, const struct kind *kind)
{
	_free_ char *names = trace_meta(t, "sampled_kinds");
	const size_t n = strlen(kind->name);

	for (const char *p = names; p && *p; p += strcspn(p, " "), p += strspn(p, " "))
		if (strcspn(p, " ") == n && !memcmp(p, kind->name, n))
			return true;
	return false;
}

int trace_meta_u64(const struct trace *t, const char *key, uint64_t *out, struct err *e)
{
	_free_ char *text = trace_meta(t, key);
	uint64_t v = 0;

	if (!text)
		return 0;
	const char *p = text;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			break;
	if (p == text || *p)
		return err_set(e, ERR_UNUSABLE, "%.100s: meta %.40s is '%.40s', expected a number",
			       t->path, key, text);
	*out = v;
	return 1;
}

uint64_t trace_vm_pages(const struct trace *t, unsigned vm)
{
	sqlite3_stmt *st = ask(t, "SELECT mem_pages FROM vm WHERE vm_id = ?");
	int64_t pages = 0;

	if (!st)
		return 0;
	sqlite3_bind_int64(st, 1, vm ? vm : trace_own_vm(t));
	if (sqlite3_step(st) == SQLITE_ROW)
		pages = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return pages > 0 ? (uint64_t)pages : 0;
}

int trace_devices(const struct trace *t, struct trace_device_info **out, unsigned *n_out,
		  struct err *e)
{
	sqlite3_stmt *st = ask(t, "SELECT dev_id, bdf, class FROM device ORDER BY dev_id");
	struct trace_device_info *list = NULL;
	unsigned n = 0;

	while (st && sqlite3_step(st) == SQLITE_ROW) {
		struct trace_device_info *grown = realloc(list, (n + 1) * sizeof(*list));
		if (!grown) {
			free(list);
			sqlite3_finalize(st);
			return err_set(e, ERR_NOMEM, "out of memory");
		}
		list = grown;
		list[n] = (struct trace_device_info){
			.dev = (uint16_t)sqlite3_column_int64(st, 0),
		};
		const char *bdf = (const char *)sqlite3_column_text(st, 1);
		const char *class = (const char *)sqlite3_column_text(st, 2);
		snprintf(list[n].bdf, sizeof(list[n].bdf), "%s", bdf ? bdf : "");
		snprintf(list[n].class, sizeof(list[n].class), "%s", class ? class : "other");
		n++;
	}
	sqlite3_finalize(st);
	*out = list;
	*n_out = n;
	return 0;
}

int trace_find_source(const struct trace *t, const char *name)
{
	sqlite3_stmt *st = ask(t, "SELECT source_id FROM source WHERE name = ?");
	int id = -1;

	if (!st)
		return -1;
	sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	if (sqlite3_step(st) == SQLITE_ROW)
		id = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	return id;
}

bool trace_unix_start(const struct trace *t, int64_t *out)
{
	sqlite3_stmt *st = ask(t, "SELECT real_ns - trace_ns FROM clock"
				  " WHERE real_ns IS NOT NULL ORDER BY clock_id LIMIT 1");
	const bool has = st && sqlite3_step(st) == SQLITE_ROW;

	if (has)
		*out = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return has;
}
