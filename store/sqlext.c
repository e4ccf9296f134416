// SPDX-License-Identifier: MIT
/*
 * Virtual tables over the chunks of a trace. SQLite asks for columns and a
 * range of times, a device, a range of pages; the trace reader skips chunks
 * and decodes only those columns. Every constraint is checked again by SQLite,
 * so a pushed-down one may be generous but never too narrow. Compiled twice:
 * with SQLITE_CORE into the program, without it as a loadable extension.
 */
#include "store/sqlext.h"

#ifdef SQLITE_CORE
#include <sqlite3.h>
#else
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT1
#endif

#include "store/aggregate.h"
#include "store/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The trace behind all tables of one connection; opened at first use. */
struct source {
	unsigned references;
	char *path; /* NULL: the main file of the connection */
	struct trace *trace;
	unsigned readers; /* open on it */
};

struct table {
	sqlite3_vtab base; /* first: SQLite's part */
	struct source *source;
	sqlite3 *db;
	const struct kind *kind; /* NULL: an aggregate */
	const struct function *function;
};

struct cursor {
	sqlite3_vtab_cursor base;
	struct trace_reader *reader;
	struct trace_select sel;
	unsigned stream; /* next stream to look at */
	const struct batch *batch;
	uint32_t row;
	sqlite3_int64 rowid; /* of a function: number of the result row */
	bool is_end;
	struct aggregate result; /* of a function */
	char by[32];
};

static int fail(sqlite3_vtab *vtab, const struct err *e)
{
	sqlite3_free(vtab->zErrMsg);
	vtab->zErrMsg = sqlite3_mprintf("%s", e->msg);
	return e->code == ERR_FORMAT ? SQLITE_CORRUPT_VTAB : SQLITE_ERROR;
}

/* A trace that still grows is opened anew for each query. */
static int open_trace(struct table *tab)
{
	struct source *src = tab->source;
	bool is_sealed = src->trace;
	if (src->readers) /* another table of the same query: what it reads must not move */
		return SQLITE_OK;
	for (unsigned i = 0; src->trace && i < trace_nstreams(src->trace); i++)
		is_sealed &= trace_stream_info(src->trace, i)->is_sealed;
	if (is_sealed)
		return SQLITE_OK;

	trace_close(src->trace);
	src->trace = NULL;
	const char *path = src->path ? src->path : sqlite3_db_filename(tab->db, "main");
	struct err e;
	if (!path || !*path) {
		err_set(&e, ERR_USAGE, "open a trace file first");
		return fail(&tab->base, &e);
	}
	return trace_open(path, &src->trace, &e) ? fail(&tab->base, &e) : SQLITE_OK;
}

/* ---- connecting ---- */

struct module_data {
	struct source *source;
	const struct kind *kind;
	const struct function *function;
};

static void release(struct source *src)
{
	if (--src->references)
		return;
	trace_close(src->trace);
	free(src->path);
	free(src);
}

static void free_module_data(void *arg)
{
	struct module_data *data = arg;
	release(data->source);
	free(data);
}

static int connect_table(sqlite3 *db, const struct module_data *data, const char *columns,
			 sqlite3_vtab **out)
{
	int rc = sqlite3_declare_vtab(db, columns);
	struct table *tab = rc ? NULL : sqlite3_malloc(sizeof(*tab));
	if (!tab)
		return rc ? rc : SQLITE_NOMEM;
	*tab = (struct table){
		.source = data->source, .db = db, .kind = data->kind, .function = data->function
	};
	*out = &tab->base;
	return SQLITE_OK;
}

static int x_disconnect(sqlite3_vtab *vtab)
{
	sqlite3_free(vtab);
	return SQLITE_OK;
}

static int x_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out)
{
	(void)vtab;
	struct cursor *cur = sqlite3_malloc(sizeof(*cur));
	if (!cur)
		return SQLITE_NOMEM;
	memset(cur, 0, sizeof(*cur));
	*out = &cur->base;
	return SQLITE_OK;
}

static void close_reader(struct cursor *cur)
{
	if (cur->reader)
		((struct table *)cur->base.pVtab)->source->readers--;
	trace_reader_close(cur->reader);
	cur->reader = NULL;
}

static int x_close(sqlite3_vtab_cursor *base)
{
	struct cursor *cur = (struct cursor *)base;
	close_reader(cur);
	aggregate_deinit(&cur->result);
	sqlite3_free(cur);
	return SQLITE_OK;
}

static int x_eof(sqlite3_vtab_cursor *base)
{
	return ((struct cursor *)base)->is_end;
}

enum { ROW_BITS = 18, STREAM_SHIFT = 54 }; /* CHUNK_ROWS_MAX rows, 2^36 chunks, 512 streams */

_Static_assert(CHUNK_ROWS_MAX <= 1 << ROW_BITS, "a row of a chunk needs more bits");

static int function_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
	const struct cursor *cur = (const struct cursor *)base;
	*out = (sqlite3_int64)((uint64_t)cur->stream << STREAM_SHIFT) | cur->rowid;
	return SQLITE_OK;
}

/*
 * A row has one number however it was found: for `a = 1 OR b = 2` SQLite looks
 * twice and knows by it which rows it has already.
 */
static int kind_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
	const struct cursor *cur = (const struct cursor *)base;
	const struct batch *b = cur->batch;
	const uint32_t row = b->rows ? b->rows[cur->row] : b->first_row + cur->row;
	*out = (sqlite3_int64)((uint64_t)cur->sel.stream << STREAM_SHIFT | b->seq << ROW_BITS |
			       row);
	return SQLITE_OK;
}

/* ---- tables of rows ---- */

static int kind_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
			sqlite3_vtab **out, char **message)
{
	const struct module_data *data = aux;
	char sql[1024] = "CREATE TABLE x(";
	size_t n = strlen(sql);
	(void)argc, (void)argv, (void)message;

	for (unsigned c = 0; c < data->kind->ncolumns; c++)
		n += (size_t)snprintf(sql + n, sizeof(sql) - n, "%s\"%s\" %s", c ? ", " : "",
				      data->kind->columns[c].sql_name,
				      data->kind->columns[c].names ? "TEXT" : "INTEGER");
	snprintf(sql + n, sizeof(sql) - n, ")");
	return connect_table(db, data, sql, out);
}

/* What a constraint narrows; the plan string has one such letter per argument. */
enum { PLAN_FROM = 'f', PLAN_AFTER = 'a', PLAN_TO = 't', PLAN_UPTO = 'u', PLAN_AT = '=' };

/* column role: 't' time, 'd' device, 'p' page, or 0 */
static char role_of(const struct kind *k, int column)
{
	return column == 0 ? 't' : column == k->dev ? 'd' : column == k->pfn ? 'p' : 0;
}

static char plan_of(unsigned char op)
{
	switch (op) {
	case SQLITE_INDEX_CONSTRAINT_EQ:
		return PLAN_AT;
	case SQLITE_INDEX_CONSTRAINT_GE:
		return PLAN_FROM;
	case SQLITE_INDEX_CONSTRAINT_GT:
		return PLAN_AFTER;
	case SQLITE_INDEX_CONSTRAINT_LT:
		return PLAN_TO;
	case SQLITE_INDEX_CONSTRAINT_LE:
		return PLAN_UPTO;
	default:
		return 0;
	}
}

static int kind_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
	const struct table *tab = (struct table *)vtab;
	char *plan = sqlite3_malloc(2 * info->nConstraint + 24);
	if (!plan)
		return SQLITE_NOMEM;

	int n = 0;
	double cost = 1e9;
	for (int i = 0; i < info->nConstraint; i++) {
		const struct sqlite3_index_constraint *c = &info->aConstraint[i];
		const char role = role_of(tab->kind, c->iColumn), how = plan_of(c->op);
		if (!c->usable || !role || !how || (role == 'd' && how != PLAN_AT))
			continue;
		plan[2 * n] = role;
		plan[2 * n + 1] = how;
		info->aConstraintUsage[i].argvIndex = ++n;
		cost /= how == PLAN_AT ? 1000 : 10;
	}
	/* bit 63 stands for all columns from 63 on; no kind has so many */
	sqlite3_snprintf(24, plan + 2 * n, "%llu", (unsigned long long)info->colUsed);
	info->idxNum = n;
	info->idxStr = plan;
	info->needToFreeIdxStr = 1;
	info->estimatedCost = cost;
	return SQLITE_OK;
}

/* What constraints leave of a column, in SQL's order: 64-bit numbers are signed there. */
struct range {
	int64_t first, last; /* inclusive */
};

static void narrow(struct range *r, char how, sqlite3_value *value)
{
	if (sqlite3_value_type(value) != SQLITE_INTEGER)
		return; /* SQLite compares it itself */
	const int64_t v = sqlite3_value_int64(value);
	int64_t first = INT64_MIN, last = INT64_MAX;

	if (how == PLAN_FROM || how == PLAN_AT)
		first = v;
	if (how == PLAN_UPTO || how == PLAN_AT)
		last = v;
	if (how == PLAN_AFTER)
		first = v < INT64_MAX ? v + 1 : v; /* one too many is checked again */
	if (how == PLAN_TO)
		last = v > INT64_MIN ? v - 1 : v;
	r->first = first > r->first ? first : r->first;
	r->last = last < r->last ? last : r->last;
}

/*
 * The same range of the unsigned column. Numbers from 2^63 up are negative in
 * SQL: a range that crosses 0 is no range of theirs, and nothing is narrowed.
 */
static bool as_unsigned(const struct range *r, uint64_t *first_out, uint64_t *last_out)
{
	const bool is_range = r->first >= 0 || r->last < 0;
	*first_out = is_range ? (uint64_t)r->first : 0;
	*last_out = is_range ? (uint64_t)r->last : UINT64_MAX;
	return r->first <= r->last;
}

/* The next batch with rows, from this stream or the next of the kind. */
static int next_batch(struct cursor *cur, struct table *tab)
{
	struct trace *t = tab->source->trace;
	struct err e;

	for (;;) {
		if (cur->reader) {
			const int got = trace_reader_next(cur->reader, &cur->batch, &e);
			if (got < 0)
				return fail(&tab->base, &e);
			cur->row = 0;
			if (got)
				return SQLITE_OK;
			close_reader(cur);
		}
		while (cur->stream < trace_nstreams(t) &&
		       trace_stream_info(t, cur->stream)->kind != tab->kind)
			cur->stream++;
		if (cur->stream >= trace_nstreams(t)) {
			cur->is_end = true;
			return SQLITE_OK;
		}
		cur->sel.stream = cur->stream++;
		if (trace_reader_open(t, &cur->sel, &cur->reader, &e))
			return fail(&tab->base, &e);
		tab->source->readers++;
	}
}

static int kind_filter(sqlite3_vtab_cursor *base, int n, const char *plan, int argc,
		       sqlite3_value **argv)
{
	struct cursor *cur = (struct cursor *)base;
	struct table *tab = (struct table *)base->pVtab;
	struct range time = { INT64_MIN, INT64_MAX }, page = { INT64_MIN, INT64_MAX };
	uint64_t from, to, first, last;
	bool is_possible = true;
	(void)argc;

	close_reader(cur);
	cur->is_end = false;
	cur->stream = 0;
	cur->sel =
		(struct trace_select){ .columns = strtoull(plan + 2 * n, NULL, 10) | 1, .dev = -1 };
	for (int i = 0; i < n; i++) {
		const char role = plan[2 * i];
		if (sqlite3_value_type(argv[i]) == SQLITE_NULL)
			is_possible = false; /* nothing compares with NULL */
		else if (role != 'd')
			narrow(role == 't' ? &time : &page, plan[2 * i + 1], argv[i]);
		else if (sqlite3_value_type(argv[i]) == SQLITE_INTEGER)
			cur->sel.dev = sqlite3_value_int64(argv[i]) >= 0 &&
						       sqlite3_value_int64(argv[i]) <= UINT16_MAX
					       ? sqlite3_value_int(argv[i])
					       : -1;
	}
	is_possible = is_possible && as_unsigned(&time, &from, &to) &&
		      as_unsigned(&page, &first, &last);
	if (!is_possible) {
		cur->is_end = true;
		return SQLITE_OK;
	}
	cur->sel.from_ns = from;
	cur->sel.to_ns = to == UINT64_MAX ? 0 : to + 1;
	if (first || last != UINT64_MAX) {
		cur->sel.pfn_first = first;
		cur->sel.pfn_last = last ? last : 1; /* 0, 0 would mean all */
	}

	const int rc = open_trace(tab);
	return rc ? rc : next_batch(cur, tab);
}

static int kind_next(sqlite3_vtab_cursor *base)
{
	struct cursor *cur = (struct cursor *)base;
	if (++cur->row < cur->batch->n)
		return SQLITE_OK;
	return next_batch(cur, (struct table *)base->pVtab);
}

static int kind_column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int column)
{
	const struct cursor *cur = (struct cursor *)base;
	const struct kind_column *col = &cur->batch->kind->columns[column];
	if (!cur->batch->col[column])
		return SQLITE_OK; /* NULL: not asked for */

	const uint64_t v = batch_value(cur->batch, (unsigned)column, cur->row);
	if (col->is_nullable && v == kind_null(col->width_bytes))
		return SQLITE_OK;
	if (!col->names) {
		sqlite3_result_int64(ctx, (sqlite3_int64)v);
		return SQLITE_OK;
	}
	for (uint64_t i = 0; col->names[i]; i++)
		if (i == v) {
			sqlite3_result_text(ctx, col->names[i], -1, SQLITE_STATIC);
			return SQLITE_OK;
		}
	sqlite3_result_int64(ctx, (sqlite3_int64)v); /* a later writer's name */
	return SQLITE_OK;
}

/* ---- functions ---- */

enum { FUNCTION_ARGS = 4 };

/* Arguments t0, t1, third, kind: hidden columns after the result columns. */
struct function {
	const char *name, *columns;
	int nresults;
	int (*compute)(struct trace *t, unsigned stream, uint64_t from, uint64_t to,
		       sqlite3_value *third, uint64_t used, struct aggregate *out, struct err *e);
};

static int compute_events(struct trace *t, unsigned stream, uint64_t from, uint64_t to,
			  sqlite3_value *third, uint64_t used, struct aggregate *out, struct err *e)
{
	const char *by = third ? (const char *)sqlite3_value_text(third) : "dev,op";
	unsigned mask = 0;

	for (const char *p = by ? by : ""; *p;) {
		const size_t n = strcspn(p, ", ");
		if (n == 3 && !strncmp(p, "dev", 3))
			mask |= AGGREGATE_DEV;
		else if (n == 2 && !strncmp(p, "op", 2))
			mask |= AGGREGATE_OP;
		else if (n == 3 && !strncmp(p, "dir", 3))
			mask |= AGGREGATE_DIR;
		else if (n)
			return err_set(e, ERR_USAGE, "event_agg: '%.20s' is not dev, op or dir", p);
		p += n + (p[n] != 0);
	}
	return aggregate_events(t, stream, from, to, mask, used & (3 << 6), out, e);
}

static int compute_hist(struct trace *t, unsigned stream, uint64_t from, uint64_t to,
			sqlite3_value *third, uint64_t used, struct aggregate *out, struct err *e)
{
	const sqlite3_int64 bucket = third ? sqlite3_value_int64(third) : 1000000000;
	(void)used;
	if (bucket <= 0)
		return err_set(e, ERR_USAGE, "event_hist: bucket_ns must be above 0");
	return aggregate_hist(t, stream, from, to, (uint64_t)bucket, out, e);
}

static int compute_pages(struct trace *t, unsigned stream, uint64_t from, uint64_t to,
			 sqlite3_value *third, uint64_t used, struct aggregate *out, struct err *e)
{
	const sqlite3_int64 limit = third ? sqlite3_value_int64(third) : 0;
	(void)used;
	return aggregate_pages(t, stream, from, to, limit > 0 ? (uint64_t)limit : 0, out, e);
}

static const struct function functions[] = {
	{ "event_agg",
	  "CREATE TABLE x(dev INTEGER, op TEXT, dir TEXT, events INTEGER, pages INTEGER,"
	  " bytes INTEGER, first_ns INTEGER, last_ns INTEGER,"
	  " t0 HIDDEN, t1 HIDDEN, by HIDDEN, kind HIDDEN)",
	  8, compute_events },
	{ "event_hist",
	  "CREATE TABLE x(ts_ns INTEGER, events INTEGER, bytes INTEGER,"
	  " t0 HIDDEN, t1 HIDDEN, bucket_ns HIDDEN, kind HIDDEN)",
	  3, compute_hist },
	{ "page_agg",
	  "CREATE TABLE x(dev INTEGER, pfn INTEGER, touches INTEGER, first_ns INTEGER, last_ns "
	  "INTEGER,"
	  " t0 HIDDEN, t1 HIDDEN, max_rows HIDDEN, kind HIDDEN)",
	  5, compute_pages },
};

static int function_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
			    sqlite3_vtab **out, char **message)
{
	const struct module_data *data = aux;
	(void)argc, (void)argv, (void)message;
	return connect_table(db, data, data->function->columns, out);
}

/* idxNum: low bits say which arguments come, the rest which result columns are used */
static int function_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
	const struct table *tab = (struct table *)vtab;
	int place[FUNCTION_ARGS] = { -1, -1, -1, -1 }, n = 0;

	for (int i = 0; i < info->nConstraint; i++) {
		const struct sqlite3_index_constraint *c = &info->aConstraint[i];
		const int arg = c->iColumn - tab->function->nresults;
		if (arg < 0 || c->op != SQLITE_INDEX_CONSTRAINT_EQ)
			continue;
		if (!c->usable)
			return SQLITE_CONSTRAINT; /* an argument must be known */
		place[arg] = i;
	}
	info->idxNum = (int)(info->colUsed & 0xff) << FUNCTION_ARGS;
	for (int arg = 0; arg < FUNCTION_ARGS; arg++)
		if (place[arg] >= 0) {
			info->aConstraintUsage[place[arg]].argvIndex = ++n;
			info->aConstraintUsage[place[arg]].omit = 1;
			info->idxNum |= 1 << arg;
		}
	info->estimatedCost = 1e6;
	return SQLITE_OK;
}

static int find_stream(struct table *tab, sqlite3_value *name, unsigned *out, struct err *e)
{
	const struct trace *t = tab->source->trace;
	const char *want = name ? (const char *)sqlite3_value_text(name) : NULL;
	for (unsigned i = 0; i < trace_nstreams(t); i++)
		if (!want || !strcmp(want, trace_stream_info(t, i)->kind->name)) {
			*out = i;
			return 0;
		}
	return err_set(e, ERR_USAGE, "%s: no stream%s%s in this trace", tab->function->name,
		       want ? " of kind " : "", want ? want : "");
}

static int function_filter(sqlite3_vtab_cursor *base, int plan, const char *text, int argc,
			   sqlite3_value **argv)
{
	struct cursor *cur = (struct cursor *)base;
	struct table *tab = (struct table *)base->pVtab;
	sqlite3_value *args[FUNCTION_ARGS] = {};
	struct err e;
	unsigned stream = 0;
	(void)text, (void)argc;

	for (int arg = 0, n = 0; arg < FUNCTION_ARGS; arg++)
		if (plan >> arg & 1) {
			args[arg] = argv[n++];
			if (sqlite3_value_type(args[arg]) == SQLITE_NULL)
				args[arg] = NULL;
		}
	int rc = open_trace(tab);
	if (rc)
		return rc;

	aggregate_deinit(&cur->result);
	const sqlite3_int64 from = args[0] ? sqlite3_value_int64(args[0]) : 0;
	const sqlite3_int64 to = args[1] ? sqlite3_value_int64(args[1]) : 0;
	if (find_stream(tab, args[3], &stream, &e) ||
	    tab->function->compute(tab->source->trace, stream, from > 0 ? (uint64_t)from : 0,
				   to > 0 ? (uint64_t)to : 0, args[2],
				   (uint64_t)plan >> FUNCTION_ARGS, &cur->result, &e))
		return fail(&tab->base, &e);
	cur->stream = stream;
	cur->rowid = 0;
	cur->is_end = !cur->result.nrows;
	return SQLITE_OK;
}

static int function_next(sqlite3_vtab_cursor *base)
{
	struct cursor *cur = (struct cursor *)base;
	cur->is_end = (size_t)++cur->rowid >= cur->result.nrows;
	return SQLITE_OK;
}

/* Names of the operation and direction columns of event_agg. */
static const char *const *names_of(const struct table *tab, const struct cursor *cur, int column)
{
	const struct kind *k = trace_stream_info(tab->source->trace, cur->stream)->kind;
	const int dir = kind_column_find(k, "dir");
	if (strcmp(tab->function->name, "event_agg"))
		return NULL;
	if (column == 1 && k->op >= 0)
		return k->columns[k->op].names;
	return column == 2 && dir >= 0 ? k->columns[dir].names : NULL;
}

static int function_column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int column)
{
	const struct cursor *cur = (struct cursor *)base;
	const struct table *tab = (struct table *)base->pVtab;
	if (column >= tab->function->nresults)
		return SQLITE_OK; /* arguments read as NULL */

	const int64_t v =
		cur->result.cells[(size_t)cur->rowid * cur->result.ncolumns + (size_t)column];
	const char *const *names = names_of(tab, cur, column);
	if (v == INT64_MIN)
		return SQLITE_OK;
	for (int64_t i = 0; names && names[i]; i++)
		if (i == v) {
			sqlite3_result_text(ctx, names[i], -1, SQLITE_STATIC);
			return SQLITE_OK;
		}
	sqlite3_result_int64(ctx, v);
	return SQLITE_OK;
}

/* ---- registration ---- */

static const sqlite3_module kind_module = {
	.xConnect = kind_connect,
	.xBestIndex = kind_best_index,
	.xDisconnect = x_disconnect,
	.xOpen = x_open,
	.xClose = x_close,
	.xFilter = kind_filter,
	.xNext = kind_next,
	.xEof = x_eof,
	.xColumn = kind_column,
	.xRowid = kind_rowid,
};

static const sqlite3_module function_module = {
	.xConnect = function_connect,
	.xBestIndex = function_best_index,
	.xDisconnect = x_disconnect,
	.xOpen = x_open,
	.xClose = x_close,
	.xFilter = function_filter,
	.xNext = function_next,
	.xEof = x_eof,
	.xColumn = function_column,
	.xRowid = function_rowid,
};

static int add_module(sqlite3 *db, struct source *src, const char *name,
		      const sqlite3_module *module, const struct kind *k, const struct function *f)
{
	struct module_data *data = malloc(sizeof(*data));
	if (!data)
		return SQLITE_NOMEM;
	*data = (struct module_data){ .source = src, .kind = k, .function = f };
	src->references++;
	return sqlite3_create_module_v2(db, name, module, data, free_module_data);
}

int sqlext_register(struct sqlite3 *db, const char *path)
{
	struct source *src = calloc(1, sizeof(*src));
	if (!src || (path && !(src->path = strdup(path)))) {
		free(src);
		return SQLITE_NOMEM;
	}

	int rc = SQLITE_OK;
	src->references = 1;
	for (size_t i = 0; !rc && i < KIND_COUNT; i++)
		rc = add_module(db, src, kinds[i].name, &kind_module, &kinds[i], NULL);
	for (size_t i = 0; !rc && i < sizeof(functions) / sizeof(*functions); i++)
		rc = add_module(db, src, functions[i].name, &function_module, NULL, &functions[i]);
	release(src);
	return rc;
}

#ifndef SQLITE_CORE
int sqlite3_pugmark_init(sqlite3 *db, char **message, const sqlite3_api_routines *api);

__attribute__((visibility("default"))) int sqlite3_pugmark_init(sqlite3 *db, char **message,
								const sqlite3_api_routines *api)
{
	(void)message;
	SQLITE_EXTENSION_INIT2(api);
	return sqlext_register(db, NULL);
}
#endif
