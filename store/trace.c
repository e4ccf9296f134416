// SPDX-License-Identifier: MIT
/*
 * Opening traces: a file or a rotated set, its streams and its digest. A trace
 * may still be growing; then it is what was committed when it was opened.
 */
#include "store/trace.h"

#include "base/cleanup.h"
#include "store/digest.h"
#include "store/reader.h"
#include "store/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int add_file(struct trace *t, const char *path, struct err *e)
{
	struct trace_file *grown = realloc(t->files, (t->nfiles + 1) * sizeof(*grown));
	if (!grown)
		return err_set(e, ERR_NOMEM, "out of memory");
	t->files = grown;

	struct trace_file *f = &t->files[t->nfiles];
	*f = (struct trace_file){ .path = strdup(path) };
	if (!f->path)
		return err_set(e, ERR_NOMEM, "out of memory");
	t->nfiles++;
	return db_open_readonly(path, TRACE_APPLICATION_ID, &f->db, e);
}

/* A member that is missing before others would be rows missing without a word. */
static int check_gap(const char *path, unsigned n, struct err *e)
{
	enum { LOOKED_AHEAD = 100 };
	char missing[PATH_BYTES + 16], later[PATH_BYTES + 16];

	trace_set_name(path, n + 1, missing, sizeof(missing));
	for (unsigned i = n + 2; i <= n + LOOKED_AHEAD; i++) {
		trace_set_name(path, i, later, sizeof(later));
		if (!access(later, F_OK))
			return err_set(e, ERR_NOINPUT, "%.100s: is missing, but %.100s is there",
				       missing, later);
	}
	return 0;
}

/* The number in "T.0003.db" or "T.0003", with where it begins; 0: none. */
static unsigned number_in(const char *path, size_t *begin_out, size_t *end_out)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');
	unsigned number = 0;
	if (!dot)
		return 0;
	if (strspn(dot + 1, "0123456789") != strlen(dot + 1) || !dot[1]) { /* an ending */
		*end_out = (size_t)(dot - path);
		while (dot > name && *--dot != '.')
			;
	} else {
		*end_out = strlen(path);
	}
	*begin_out = (size_t)(dot - path);
	const size_t digits = *end_out - *begin_out - 1;
	if (*dot != '.' || dot == name || digits < 4 || digits > 9)
		return 0;
	for (size_t i = *begin_out + 1; i < *end_out; i++) {
		if (path[i] < '0' || path[i] > '9')
			return 0;
		number = number * 10 + (unsigned)(path[i] - '0');
	}
	return number;
}

bool trace_set_of(const char *path, char *out, size_t out_bytes)
{
	char member[PATH_BYTES + 16];
	size_t begin, end;
	const unsigned number = number_in(path, &begin, &end);
	if (!number || strlen(path) >= out_bytes || strlen(path) >= PATH_BYTES)
		return false;
	snprintf(out, out_bytes, "%.*s%s", (int)begin, path, path + end);
	trace_set_name(out, number, member, sizeof(member));
	if (strcmp(member, path) || !access(out, F_OK))
		return false;
	trace_set_name(out, 1, member, sizeof(member));
	if (access(member, F_OK))
		return false;
	trace_set_name(out, 2, member, sizeof(member));
	return number > 1 || !access(member, F_OK);
}

static int add_files(struct trace *t, const char *path, struct err *e)
{
	char member[PATH_BYTES + 16];
	trace_set_name(path, 1, member, sizeof(member));
	if (!access(path, F_OK) || access(member, F_OK))
		return add_file(t, path, e);

	int rc = 0;
	unsigned n = 0;
	for (; !rc; n++) {
		trace_set_name(path, n + 1, member, sizeof(member));
		if (access(member, F_OK))
			break;
		rc = add_file(t, member, e);
	}
	return rc ? rc : check_gap(path, n, e);
}

static struct trace_stream_state *stream_of(struct trace *t, const struct kind *k,
					    int64_t stream_id)
{
	for (unsigned i = 0; i < t->nstreams; i++)
		if (t->streams[i].info.kind == k && t->streams[i].stream_id == stream_id)
			return &t->streams[i];

	struct trace_stream_state *grown = realloc(t->streams, (t->nstreams + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	t->streams = grown;
	struct trace_stream_state *s = &t->streams[t->nstreams];
	*s = (struct trace_stream_state){
		.stream_id = stream_id,
		.info = { .id = t->nstreams,
			  .kind = k,
			  .first_ns = UINT64_MAX,
			  .unique_pages = UINT64_MAX },
	};
	t->nstreams++;
	return s;
}

static int add_stream_row(struct trace *t, const struct trace_file *f, sqlite3_stmt *st,
			  struct err *e)
{
	const char *name = (const char *)sqlite3_column_text(st, 1);
	const char *digest = (const char *)sqlite3_column_text(st, 4);
	const char *state = (const char *)sqlite3_column_text(st, 5);
	const struct kind *k = name ? kind_find(name) : NULL;
	if (!k || sqlite3_column_int64(st, 2) != k->schema_id)
		return err_set(e, ERR_UNUSABLE,
			       "%s: stream '%.40s' is of a kind this program does not know",
			       f->path, name ? name : "?");

	struct trace_stream_state *s = stream_of(t, k, sqlite3_column_int64(st, 0));
	if (!s)
		return err_set(e, ERR_NOMEM, "out of memory");
	s->ncolumns = (unsigned)sqlite3_column_int64(st, 3);
	s->session_id = sqlite3_column_int64(st, 11);
	s->info.is_sealed = state && strcmp(state, "open");
	snprintf(s->info.digest, sizeof(s->info.digest), "%s", digest ? digest : "");
	if (sqlite3_column_type(st, 6) == SQLITE_NULL)
		return 0; /* no chunk of it in this file */

	const uint64_t first = (uint64_t)sqlite3_column_int64(st, 8);
	const uint64_t last = (uint64_t)sqlite3_column_int64(st, 9);
	s->info.rows += (uint64_t)sqlite3_column_int64(st, 6);
	s->info.chunks += (uint64_t)sqlite3_column_int64(st, 7);
	s->info.blob_bytes += (uint64_t)sqlite3_column_int64(st, 10);
	s->info.first_ns = first < s->info.first_ns ? first : s->info.first_ns;
	s->info.last_ns = last > s->info.last_ns ? last : s->info.last_ns;
	return 0;
}

static int add_streams(struct trace *t, const struct trace_file *f, struct err *e)
{
	sqlite3_stmt *st;
	int rc = db_prepare(f->db, f->path,
			    "SELECT s.stream_id, s.kind, s.schema_id, s.ncolumns, s.digest,"
			    " session.state, sum(n), count(n), min(first_ns), max(last_ns),"
			    " sum(blob_bytes), s.sess_id"
			    " FROM stream s JOIN session USING (sess_id)"
			    " LEFT JOIN chunk c ON c.stream_id = s.stream_id"
			    " GROUP BY s.stream_id ORDER BY s.stream_id",
			    &st, e);
	if (rc == ERR_BUG) /* no such table */
		rc = err_set(e, ERR_UNUSABLE,
			     "%s: its tables are missing: was it copied without its -wal file?",
			     f->path);
	int step = SQLITE_DONE;
	while (!rc && (step = sqlite3_step(st)) == SQLITE_ROW)
		rc = add_stream_row(t, f, st, e);
	if (!rc && step != SQLITE_DONE)
		rc = db_error(f->db, f->path, "reading the streams", e);
	sqlite3_finalize(st);
	return rc;
}

static int add_number(struct trace_renumber *r, uint64_t number, uint64_t id, struct err *e)
{
	if (number > UINT16_MAX || id > UINT16_MAX)
		return 0;
	if (number >= r->n) {
		uint16_t *to = realloc(r->to, (number + 1) * sizeof(*to));
		if (!to)
			return err_set(e, ERR_NOMEM, "out of memory");
		for (uint64_t i = r->n; i <= number; i++)
			to[i] = (uint16_t)i;
		r->to = to;
		r->n = (uint32_t)number + 1;
	}
	r->to[number] = (uint16_t)id;
	return 0;
}

/* The table is complete in the last file of a set; a trace of an earlier writer has none. */
static int load_numbers(struct trace *t, struct trace_stream_state *s, struct err *e)
{
	const struct trace_file *f = &t->files[t->nfiles - 1];
	sqlite3_stmt *st;
	int rc = 0;

	if (db_prepare(f->db, f->path,
		       "SELECT what, number, id FROM renumber JOIN stream USING (sess_id)"
		       " WHERE stream_id = ?",
		       &st, NULL))
		return 0;
	sqlite3_bind_int64(st, 1, s->stream_id);
	while (!rc && sqlite3_step(st) == SQLITE_ROW) {
		const char *what = (const char *)sqlite3_column_text(st, 0);
		struct trace_renumber *r = !strcmp(what, "dev")  ? &s->dev
					   : !strcmp(what, "vm") ? &s->vm
								 : &s->source;
		rc = add_number(r, (uint64_t)sqlite3_column_int64(st, 1),
				(uint64_t)sqlite3_column_int64(st, 2), e);
	}
	sqlite3_finalize(st);
	return rc;
}

/* Streams in order of kind: the order of the digest and of every listing. */
static int by_kind(const void *a, const void *b)
{
	const struct trace_stream_state *x = a, *y = b;
	if (x->info.kind->id != y->info.kind->id)
		return x->info.kind->id < y->info.kind->id ? -1 : 1;
	return x->stream_id < y->stream_id ? -1 : 1;
}

int trace_open(const char *path, struct trace **out, struct err *e)
{
	struct trace *t = calloc(1, sizeof(*t));
	if (!t || !(t->path = strdup(path))) {
		free(t);
		return err_set(e, ERR_NOMEM, "out of memory");
	}

	int rc = strlen(path) < PATH_BYTES ? add_files(t, path, e)
					   : err_set(e, ERR_NOINPUT, "the path is too long");
	for (unsigned i = 0; !rc && i < t->nfiles; i++)
		rc = add_streams(t, &t->files[i], e);
	for (unsigned i = 0; !rc && i < t->nstreams; i++)
		rc = load_numbers(t, &t->streams[i], e);
	if (rc) {
		trace_close(t);
		return rc;
	}
	if (t->nstreams)
		qsort(t->streams, t->nstreams, sizeof(*t->streams), by_kind);
	for (unsigned i = 0; i < t->nstreams; i++) {
		struct trace_stream_info *info = &t->streams[i].info;
		info->id = i;
		if (!info->rows)
			info->first_ns = 0;
	}
	*out = t;
	return 0;
}

/* ---- recordings ---- */

/* The session of recording n, counted from 1; 0: there is none. */
static int64_t session_of(const struct trace *t, unsigned n)
{
	int64_t session = 0;
	for (; n; n--) {
		int64_t next = 0;
		for (unsigned i = 0; i < t->nstreams; i++) {
			const int64_t each = t->streams[i].session_id;
			if (each > session && (!next || each < next))
				next = each;
		}
		if (!next)
			return 0;
		session = next;
	}
	return session;
}

unsigned trace_nrecordings(const struct trace *t)
{
	unsigned n = 0;
	while (session_of(t, n + 1))
		n++;
	return n;
}

unsigned trace_recording_with(const struct trace *t, enum kind_id kind)
{
	int64_t session;
	for (unsigned n = 1; (session = session_of(t, n)); n++)
		for (unsigned i = 0; i < t->nstreams; i++) {
			const struct trace_stream_state *s = &t->streams[i];
			if (s->session_id == session && s->info.kind->id == kind && s->info.rows)
				return n;
		}
	return 0;
}

static void free_numbers(struct trace_stream_state *s)
{
	free(s->dev.to);
	free(s->vm.to);
	free(s->source.to);
}

int trace_choose_recording(struct trace *t, unsigned n, struct err *e)
{
	const int64_t session = n ? session_of(t, n) : 0;
	const unsigned all = t->nstreams;
	if (!session)
		return err_set(e, ERR_USAGE, "%s: no recording %u: it holds %u", t->path, n,
			       trace_nrecordings(t));
	t->nstreams = 0;
	for (unsigned i = 0; i < all; i++) {
		if (t->streams[i].session_id != session) {
			free_numbers(&t->streams[i]);
			continue;
		}
		t->streams[t->nstreams] = t->streams[i];
		t->streams[t->nstreams].info.id = t->nstreams;
		t->nstreams++;
	}
	return 0;
}

unsigned trace_own_vm(const struct trace *t)
{
	return t->nstreams ? renumber(&t->streams[0].vm, 0) : 0;
}

void trace_close(struct trace *t)
{
	if (!t)
		return;
	for (unsigned i = 0; i < t->nfiles; i++) {
		sqlite3_close(t->files[i].db);
		free(t->files[i].path);
	}
	for (unsigned i = 0; i < t->nstreams; i++)
		free_numbers(&t->streams[i]);
	free(t->files);
	free(t->streams);
	free(t->path);
	free(t);
}

const char *trace_path(const struct trace *t)
{
	return t->path;
}

unsigned trace_nstreams(const struct trace *t)
{
	return t->nstreams;
}

const struct trace_stream_info *trace_stream_info(const struct trace *t, unsigned i)
{
	return &t->streams[i].info;
}

const struct trace_stream_info *trace_find_stream(const struct trace *t, enum kind_id kind)
{
	for (unsigned i = 0; i < t->nstreams; i++)
		if (t->streams[i].info.kind->id == kind)
			return &t->streams[i].info;
	return NULL;
}

unsigned trace_nfiles(const struct trace *t)
{
	return t->nfiles;
}

struct sqlite3 *trace_sqlite(const struct trace *t, unsigned file)
{
	return t->files[file].db;
}

const char *trace_file_path(const struct trace *t, unsigned file)
{
	return t->files[file].path;
}

/* ---- digest ---- */

int trace_stream_digest(struct trace *t, unsigned stream, char *out, struct err *e)
{
	const struct trace_stream_state *s = &t->streams[stream];
	struct stream_digest *d = stream_digest_new(s->info.kind, s->ncolumns);
	const struct trace_select all = {
		.stream = stream, .dev = -1, .threaded = true, .as_stored = true
	};
	struct trace_reader *r = NULL;
	const struct batch *b;

	int rc = d ? trace_reader_open(t, &all, &r, e) : err_set(e, ERR_NOMEM, "out of memory");
	while (!rc && (rc = trace_reader_next(r, &b, e)) > 0) {
		stream_digest_update(d, b->n, b->col);
		rc = 0;
	}
	if (!rc)
		stream_digest_text(d, out);
	trace_reader_close(r);
	stream_digest_free(d);
	return rc;
}

int trace_digest(struct trace *t, char *digest_out, struct err *e)
{
	_free_ char(*texts)[TRACE_DIGEST_CHARS + 1] = calloc(t->nstreams + 1, sizeof(*texts));
	_free_ const char **list = calloc(t->nstreams + 1, sizeof(*list));
	if (!texts || !list)
		return err_set(e, ERR_NOMEM, "out of memory");

	for (unsigned i = 0; i < t->nstreams; i++) {
		struct trace_stream_info *info = &t->streams[i].info;
		int rc = 0;
		if (info->digest[0])
			memcpy(texts[i], info->digest, sizeof(texts[i]));
		else
			rc = trace_stream_digest(t, i, texts[i], e);
		if (rc)
			return rc;
		list[i] = texts[i];
	}
	trace_digest_combine(list, t->nstreams, digest_out);
	return 0;
}
