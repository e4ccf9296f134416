// SPDX-License-Identifier: MIT
/*
 * The functions and tables of reports/results-view.h. A configuration is the
 * text of store/results.sql: lines of name=value, the first four of the run
 * (version, command, trace, seed), those with a dot parameters of its design
 * (section.name=value, sorted), the rest its coordinates (policy, size ..).
 */
#include "reports/results-view.h"

#include "base/cleanup.h"
#include "store/db.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* ---- lines of a configuration ---- */

struct line {
	const char *at;
	size_t len, name_len; /* without the newline; of the name before '=' */
};

/* The line at *text, which then stands at the next; false at the end. */
static bool next_line(const char **text, struct line *out)
{
	if (!**text)
		return false;
	out->at = *text;
	out->len = strcspn(*text, "\n");
	out->name_len = strcspn(*text, "=\n");
	*text += out->len + ((*text)[out->len] == '\n');
	return true;
}

static bool is_named(const struct line *l, const char *name)
{
	return l->name_len == strlen(name) && !memcmp(l->at, name, l->name_len);
}

static bool is_parameter(const struct line *l)
{
	return memchr(l->at, '.', l->name_len);
}

static void config_get(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	const char *text = (const char *)sqlite3_value_text(v[0]);
	const char *name = (const char *)sqlite3_value_text(v[1]);
	struct line l;

	(void)n;
	while (text && name && next_line(&text, &l))
		if (is_named(&l, name) && l.name_len < l.len) {
			sqlite3_result_text(ctx, l.at + l.name_len + 1,
					    (int)(l.len - l.name_len - 1), SQLITE_TRANSIENT);
			return;
		}
}

/* "seed", or of a model with a seed of its own "section.seed" */
static bool is_seed(const struct line *l)
{
	static const char seed[] = "seed";
	const size_t n = strlen(seed);
	return l->name_len >= n && !memcmp(l->at + l->name_len - n, seed, n) &&
	       (l->name_len == n || l->at[l->name_len - n - 1] == '.');
}

/* What two configurations must share to be equal, by config_hash(canon, what). */
enum { HASH_QUESTION, HASH_KEY, HASH_DESIGN };

/*
 * The question is all but who answered it (the version), the key the same under
 * any seed, the design the parameters alone.
 */
static bool is_hashed(const struct line *l, int what)
{
	if (is_seed(l))
		return what == HASH_QUESTION;
	return what == HASH_DESIGN ? is_parameter(l) : !is_named(l, "pugmark");
}

static void config_hash(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	const char *text = (const char *)sqlite3_value_text(v[0]);
	const int what = sqlite3_value_int(v[1]);
	char hex[33];
	XXH3_state_t *state = XXH3_createState();
	struct line l;

	(void)n;
	if (!state || XXH3_128bits_reset(state)) {
		XXH3_freeState(state);
		sqlite3_result_error_nomem(ctx);
		return;
	}
	while (text && next_line(&text, &l))
		if (is_hashed(&l, what))
			XXH3_128bits_update(state, l.at, l.len + 1);
	const XXH128_hash_t hash = XXH3_128bits_digest(state);
	XXH3_freeState(state);
	snprintf(hex, sizeof(hex), "%016llx%016llx", (unsigned long long)hash.high64,
		 (unsigned long long)hash.low64);
	sqlite3_result_text(ctx, hex, -1, SQLITE_TRANSIENT);
}

/* config_lines(canon, is_parameter): the parameters, or the coordinates. */
static void config_lines(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	static const char *const of_run[] = { "pugmark", "command", "trace" };
	const char *text = (const char *)sqlite3_value_text(v[0]);
	const bool wants_parameters = sqlite3_value_int(v[1]);
	char *out = text ? sqlite3_malloc64(strlen(text) + 2) : NULL;
	size_t len = 0;
	struct line l;

	(void)n;
	if (text && !out) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	while (text && next_line(&text, &l)) {
		bool is_left_out = is_parameter(&l) != wants_parameters || is_seed(&l);
		for (size_t i = 0; i < 3; i++)
			is_left_out |= is_named(&l, of_run[i]);
		if (is_left_out)
			continue;
		memcpy(out + len, l.at, l.len);
		len += l.len;
		out[len++] = '\n';
	}
	if (out)
		sqlite3_result_text64(ctx, out, len, sqlite3_free, SQLITE_UTF8);
}

static void scaled(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	(void)n;
	for (int i = 0; i < 3; i++)
		if (sqlite3_value_type(v[i]) == SQLITE_NULL)
			return;
	const __int128 of = sqlite3_value_int64(v[2]);
	if (of <= 0)
		return;
	const __int128 x = (__int128)sqlite3_value_int64(v[0]) * sqlite3_value_int64(v[1]);
	const __int128 q = (x + (x < 0 ? -of / 2 : of / 2)) / of;
	sqlite3_result_int64(ctx, q > INT64_MAX   ? INT64_MAX
				  : q < INT64_MIN ? INT64_MIN
						  : (sqlite3_int64)q);
}

int results_view_register(sqlite3 *db, const char *path, struct err *e)
{
	static const struct {
		const char *name;
		int nargs;
		void (*fn)(sqlite3_context *, int, sqlite3_value **);
	} functions[] = {
		{ "config_get", 2, config_get },
		{ "config_hash", 2, config_hash },
		{ "config_lines", 2, config_lines },
		{ "scaled", 3, scaled },
	};
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		if (sqlite3_create_function(db, functions[i].name, functions[i].nargs,
					    SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
					    functions[i].fn, NULL, NULL))
			return db_error(db, path, "register a function", e);
	return 0;
}

/* ---- what tells designs apart ---- */

struct design {
	char *hash, *text; /* lines of parameters, sorted */
	char *label;
};

struct designs {
	struct design *list;
	size_t n;
	char **names; /* of parameters that differ */
	size_t nnames;
};

static void designs_deinit(struct designs *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->list[i].hash);
		free(d->list[i].text);
		free(d->list[i].label);
	}
	for (size_t i = 0; i < d->nnames; i++)
		free(d->names[i]);
	free(d->list);
	free(d->names);
	*d = (struct designs){};
}

static bool add_name(struct designs *d, const struct line *l)
{
	for (size_t i = 0; i < d->nnames; i++)
		if (is_named(l, d->names[i]))
			return true;
	char **grown = realloc(d->names, (d->nnames + 1) * sizeof(*grown));
	if (!grown)
		return false;
	d->names = grown;
	grown[d->nnames] = strndup(l->at, l->name_len);
	return grown[d->nnames++];
}

static int compare_names(const struct line *a, const struct line *b)
{
	const size_t n = a->name_len < b->name_len ? a->name_len : b->name_len;
	const int order = memcmp(a->at, b->at, n);
	return order ? order : (a->name_len > b->name_len) - (a->name_len < b->name_len);
}

/* Both are sorted: what one has and the other has not, or otherwise. */
static bool add_differences(struct designs *d, const char *a, const char *b)
{
	struct line x, y;
	bool has_x = next_line(&a, &x), has_y = next_line(&b, &y), is_ok = true;

	while ((has_x || has_y) && is_ok) {
		const int order = !has_x ? 1 : !has_y ? -1 : compare_names(&x, &y);
		if (order || x.len != y.len || memcmp(x.at, y.at, x.len))
			is_ok = add_name(d, order <= 0 ? &x : &y);
		if (order <= 0)
			has_x = next_line(&a, &x);
		if (order >= 0)
			has_y = next_line(&b, &y);
	}
	return is_ok;
}

/* "iopf.backend pri, memory.limit 3": as far as it fits a table. */
static char *label_of(const struct designs *d, const char *text)
{
	enum { LABEL_CHARS = 100 };
	char *out = NULL;
	size_t bytes;
	FILE *f = open_memstream(&out, &bytes);
	struct line l;
	bool is_cut = false;

	if (!f)
		return NULL;
	while (next_line(&text, &l))
		for (size_t i = 0; i < d->nnames && !is_cut; i++)
			if (is_named(&l, d->names[i])) {
				is_cut = ftell(f) + (long)l.len > LABEL_CHARS;
				if (is_cut)
					fputs(ftell(f) ? ", ..." : "...", f);
				else
					fprintf(f, "%s%.*s %.*s", ftell(f) ? ", " : "",
						(int)l.name_len, l.at,
						(int)(l.len - l.name_len - 1),
						l.at + l.name_len + 1);
			}
	fclose(f);
	return out;
}

static bool label_designs(struct designs *d)
{
	bool is_ok = true;
	for (size_t i = 1; i < d->n && is_ok; i++)
		is_ok = add_differences(d, d->list[0].text, d->list[i].text);
	for (size_t i = 0; i < d->n && is_ok; i++) {
		d->list[i].label = label_of(d, d->list[i].text);
		is_ok = d->list[i].label;
	}
	return is_ok;
}

static int put_labels(sqlite3 *db, const char *path, struct designs *d, const char *group,
		      struct err *e)
{
	if (!label_designs(d))
		return err_set(e, ERR_NOMEM, "%s: out of memory", path);
	int rc = 0;
	for (size_t i = 0; i < d->n && !rc; i++)
		rc = db_run(db, path, e, "INSERT INTO temp.label VALUES (?, ?, ?)", "sss", group,
			    d->list[i].hash, d->n > 1 ? d->list[i].label : "");
	designs_deinit(d);
	return rc;
}

static int add_design(struct designs *d, const char *path, sqlite3_stmt *st, struct err *e)
{
	struct design *grown = realloc(d->list, (d->n + 1) * sizeof(*grown));
	if (!grown)
		return err_set(e, ERR_NOMEM, "%s: out of memory", path);
	d->list = grown;
	const char *text = (const char *)sqlite3_column_text(st, 2);
	const struct design own = { .hash = strdup((const char *)sqlite3_column_text(st, 1)),
				    .text = strdup(text ? text : "") };
	d->list[d->n++] = own;
	return own.hash && own.text ? 0 : err_set(e, ERR_NOMEM, "%s: out of memory", path);
}

/* Names each design of a command and trace by what tells it from the others. */
static int make_labels(sqlite3 *db, const char *path, struct err *e)
{
	struct designs d = {};
	_free_ char *group = NULL;
	sqlite3_stmt *st;
	int step, rc = db_prepare(db, path,
				  "SELECT grp, design, config_lines(canon, 1) FROM"
				  " (SELECT grp, design, min(cfg_hash) AS cfg_hash FROM temp.raw"
				  "  GROUP BY grp, design) JOIN config USING (cfg_hash)"
				  " ORDER BY grp, design",
				  &st, e);
	if (rc)
		return rc;
	while (!rc && (step = sqlite3_step(st)) == SQLITE_ROW) {
		const char *own = (const char *)sqlite3_column_text(st, 0);
		if (!group || strcmp(group, own)) {
			rc = group ? put_labels(db, path, &d, group, e) : 0;
			free(group);
			group = strdup(own);
		}
		if (!rc)
			rc = add_design(&d, path, st, e);
	}
	if (!rc && step != SQLITE_DONE)
		rc = db_error(db, path, "read configurations", e);
	if (!rc && group)
		rc = put_labels(db, path, &d, group, e);
	designs_deinit(&d);
	sqlite3_finalize(st);
	return rc;
}

/* ---- opening ---- */

static const char make_raw[] =
	"PRAGMA temp_store=MEMORY;"
	"CREATE TEMP TABLE raw AS SELECT * FROM ("
	" SELECT *, max(run_id) OVER (PARTITION BY question) AS last_run FROM ("
	"  SELECT cfg_hash, config_hash(canon, 0) AS question, config_hash(canon, 1) AS key,"
	"   config_hash(canon, 2) AS design, run.command, run.trace_digest, run.seed, run_id,"
	"   run.command || '/' || coalesce(run.trace_digest, '') AS grp"
	"  FROM (SELECT cfg_hash, max(run_id) AS run_id FROM run_config GROUP BY cfg_hash)"
	"   JOIN run USING (run_id) JOIN config USING (cfg_hash))"
	") WHERE run_id = last_run;"
	"CREATE TEMP TABLE label (grp TEXT, design TEXT, label TEXT, PRIMARY KEY (grp, design))"
	" WITHOUT ROWID;"
	"CREATE TEMP TABLE called AS SELECT trace_digest, trace_path, max(run_id) AS run_id"
	" FROM run WHERE trace_digest IS NOT NULL GROUP BY trace_digest";

static const char make_cfg[] =
	"CREATE TEMP TABLE cfg AS SELECT cfg_hash, key, command,"
	" coalesce(trace_path, 'no trace') AS trace, trace_digest, label AS design, seed,"
	" raw.run_id, config_lines(canon, 0) AS canon FROM raw JOIN label USING (grp, design)"
	" JOIN config USING (cfg_hash) LEFT JOIN called USING (trace_digest);"
	"CREATE INDEX temp.cfg_command ON cfg (command);"
	"DROP TABLE temp.raw; DROP TABLE temp.label";

/* Another's file may bear our number: what queries will ask for must be there. */
static int check_tables(sqlite3 *db, const char *path, struct err *e)
{
	static const char *const asked[] = {
		"run_id, version, command, args, trace_path, trace_digest, design_digest, seed"
		" FROM run",
		"run_id, name, value, kind, source FROM assumption",
		"cfg_hash, canon FROM config",
		"run_id, cfg_hash FROM run_config",
		"cfg_hash, metric, bucket, value FROM result",
		"run_id, seq, part, sentence FROM said",
		"trace_digest, vm, vm_pages, lost_events, unknown_losses, sampled, is_sealed"
		" FROM trace",
		"trace_digest, stream, kind, events, last_ns FROM trace_stream",
		"trace_digest, dev, bdf, class FROM trace_device",
		"trace_digest, source, seen, stored, filtered, ring_lost, shed, decode_error,"
		" unaccounted FROM trace_account",
	};
	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
		char sql[200];
		sqlite3_stmt *st = NULL;
		snprintf(sql, sizeof(sql), "SELECT %s LIMIT 0", asked[i]);
		const int failed = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
		sqlite3_finalize(st);
		if (failed)
			return err_set(e, ERR_FORMAT, "%s: lacks what a results file has: %s", path,
				       sqlite3_errmsg(db));
	}
	return 0;
}

int results_view_open(const char *path, sqlite3 **out, struct err *e)
{
	sqlite3 *db;
	int rc = db_open_readonly(path, RESULT_APPLICATION_ID, &db, e);
	if (rc)
		return rc;
	rc = check_tables(db, path, e);
	if (!rc)
		rc = results_view_register(db, path, e);
	if (!rc)
		rc = db_exec(db, path, make_raw, e);
	if (!rc)
		rc = make_labels(db, path, e);
	if (!rc)
		rc = db_exec(db, path, make_cfg, e);
	if (rc)
		sqlite3_close(db);
	else
		*out = db;
	return rc;
}
