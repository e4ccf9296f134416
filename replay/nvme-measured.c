// SPDX-License-Identifier: MIT
/* Distributions of a recording, by SQL; a file that is no trace is imported first. */
#include "replay/nvme-measured.h"

#include "base/cleanup.h"
#include "base/units.h"
#include "store/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

enum { POINTS_MAX = 11 }; /* as many as fit a line of a profile */

/* ---- a file that is no trace ---- */

static int is_database(const char *path, bool *out, struct err *e)
{
	static const char magic[] = "SQLite format 3";
	char head[sizeof(magic)] = "";
	_fclose_ FILE *f = fopen(path, "re");

	if (!f)
		return err_set(e, errno == EACCES ? ERR_PERM : ERR_NOINPUT, "%s: %s", path,
			       strerror(errno));
	*out = fread(head, 1, sizeof(head), f) == sizeof(head) &&
	       !memcmp(head, magic, sizeof(magic));
	return 0;
}

static int import(const char *path, const char *db, struct err *e)
{
	char self[] = "/proc/self/exe", name[] = "pugmark", command[] = "import", o[] = "-o",
	     quiet[] = "--quiet", json[] = "--json";
	_free_ char *from = strdup(path), *to = strdup(db);
	char *const argv[] = { name, command, quiet, json, from, o, to, NULL };
	posix_spawn_file_actions_t files;
	pid_t pid;
	int status = 0;

	if (!from || !to || posix_spawn_file_actions_init(&files))
		return err_set(e, ERR_NOMEM, "no memory to import %s", path);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	const int why = posix_spawn(&pid, self, &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	if (why)
		return err_set(e, ERR_IO, "cannot run pugmark import: %s", strerror(why));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) &&
	    (WEXITSTATUS(status) == EXIT_DONE || WEXITSTATUS(status) == EXIT_DAMAGED))
		return 0;
	return err_set(e, ERR_UNUSABLE, "%s: pugmark import could not read it", path);
}

/* ---- distributions ---- */

/* The sum of trapezoids that lines between the points make, in 10^-6 ns. */
static __uint128_t mean_e6(const struct dist *d)
{
	__uint128_t sum = 0;
	for (size_t i = 1; i < d->npoints; i++)
		sum += (__uint128_t)(d->points[i].ppm - d->points[i - 1].ppm) *
		       (d->points[i].ns + d->points[i - 1].ns) / 2;
	return sum;
}

/*
 * Between its points a distribution bends; lines lie above a tail, and below a
 * step. The widest gap gets a knee, as low or high as the measured mean asks
 * for. False: nothing to do, or no room.
 */
static bool bend(struct dist *d, uint64_t mean_ns)
{
	const __uint128_t is = mean_e6(d), want = (__uint128_t)mean_ns * PPM_PER_ONE;
	const bool is_down = is > want;
	const __uint128_t off = is_down ? is - want : want - is;
	__uint128_t most = 0;
	size_t at = 0;

	for (size_t i = 1; i < d->npoints; i++) {
		const struct dist_point *p = &d->points[i];
		const __uint128_t area = (__uint128_t)(p->ppm - p[-1].ppm) * (p->ns - p[-1].ns);
		if (p->ppm - p[-1].ppm > 1 && area > most) {
			most = area;
			at = i;
		}
	}
	if (off * 1000 < want || !at || d->npoints == POINTS_MAX)
		return false;
	struct dist_point *p = &d->points[at];
	const uint64_t width = p->ppm - p[-1].ppm, height = p->ns - p[-1].ns;
	const __uint128_t by = off * 2 / width; /* of a knee in the middle */
	struct dist_point knee = { p[-1].ppm + width / 2, p[-1].ns + height / 2 };
	if (by <= height / 2) {
		knee.ns = is_down ? knee.ns - (uint64_t)by : knee.ns + (uint64_t)by;
	} else { /* on the floor or at the ceiling, and as far to the side as need be */
		const __uint128_t side = off * 2 / height;
		const uint64_t to = side < width ? (uint64_t)side : width - 1;
		knee.ns = is_down ? p[-1].ns : p->ns;
		knee.ppm = is_down ? p[-1].ppm + to : p->ppm - to;
	}
	memmove(p + 1, p, (d->npoints - at) * sizeof(*p));
	*p = knee;
	d->npoints++;
	return true;
}

static void add_points(sqlite3 *db, int64_t dist, struct dist *d, const uint64_t edge[2])
{
	static const uint64_t levels_ppm[] = {
		10000, 500000, 900000, 950000, 990000, 999000, 999900
	};
	sqlite3_stmt *st = NULL;

	d->kind = DIST_POINTS;
	d->npoints = 0;
	d->points[d->npoints++] = (struct dist_point){ 0, edge[0] };
	if (sqlite3_prepare_v2(db,
			       "SELECT y FROM distribution_point WHERE dist_id = ?1 AND "
			       "shape = 'quantile' AND x = ?2",
			       -1, &st, NULL) != SQLITE_OK)
		return;
	for (size_t i = 0; i < sizeof(levels_ppm) / sizeof(*levels_ppm); i++) {
		sqlite3_reset(st);
		sqlite3_bind_int64(st, 1, dist);
		sqlite3_bind_int64(st, 2, (int64_t)levels_ppm[i] * 100);
		if (sqlite3_step(st) != SQLITE_ROW)
			continue;
		const uint64_t y = (uint64_t)sqlite3_column_int64(st, 0);
		if (y >= d->points[d->npoints - 1].ns)
			d->points[d->npoints++] = (struct dist_point){ levels_ppm[i], y };
	}
	sqlite3_finalize(st);
	const uint64_t last = d->points[d->npoints - 1].ns;
	d->points[d->npoints++] =
		(struct dist_point){ PPM_PER_ONE, edge[1] > last ? edge[1] : last };
}

enum { COL_MEAN = 5, COL_RATE = 6, COL_OP = 9, COL_SOURCE = 10 };

/* fio tells mean and rate of all it measured; what is no such number was not stored. */
static int check_row(const char *path, sqlite3_stmt *st, struct err *e)
{
	const char *op = (const char *)sqlite3_column_text(st, COL_OP);
	const char *quantity = (const char *)sqlite3_column_text(st, 1);
	const int64_t least = sqlite3_column_int64(st, 3), most = sqlite3_column_int64(st, 4);
	const int64_t mean = sqlite3_column_int64(st, COL_MEAN) / 1000000;

	if (strcmp((const char *)sqlite3_column_text(st, COL_SOURCE), "fio-json") != 0)
		return 0;
	if (sqlite3_column_int64(st, COL_MEAN) <= 0 || mean < least || (most && mean > most))
		return err_set(e, ERR_UNUSABLE,
			       "%s: %s.%s.mean: expected a number of ns between its min and max",
			       path, op, quantity);
	if (sqlite3_column_int64(st, COL_RATE) <= 0)
		return err_set(e, ERR_UNUSABLE,
			       "%s: %s.iops: expected a number of requests/s above 0", path, op);
	return 0;
}

/* One row: whether it tells the points, the whole latency, or neither. */
static void take_row(sqlite3 *db, sqlite3_stmt *st, struct nvme_measured_op *op)
{
	const char *quantity = (const char *)sqlite3_column_text(st, 1);
	const uint64_t n = (uint64_t)sqlite3_column_int64(st, 2);
	const uint64_t edge[] = { (uint64_t)sqlite3_column_int64(st, 3),
				  (uint64_t)sqlite3_column_int64(st, 4) };
	const uint64_t mean = (uint64_t)sqlite3_column_int64(st, 5) / 1000000;
	const bool is_whole = !strcmp(quantity, "lat_ns");
	const bool has_points = sqlite3_column_int64(st, 7);

	if (is_whole || !op->n) {
		op->n = n;
		op->mean_ns = mean;
		op->milli_iops = (uint64_t)sqlite3_column_int64(st, 6) / 1000;
	}
	if (has_points && (!op->points.npoints || is_whole)) {
		op->service_ns = mean;
		add_points(db, sqlite3_column_int64(st, 0), &op->points, edge);
		while (bend(&op->points, mean))
			;
		snprintf(op->quantity, sizeof(op->quantity), "%s", quantity);
	}
}

/* Requests/s of a log: its rows over their span. */
static void take_rate(const struct trace *t, struct nvme_measured *m)
{
	const struct trace_stream_info *s = trace_find_stream(t, KIND_IO);
	const uint64_t span = s ? s->last_ns - s->first_ns : 0;

	for (int k = 0; k < NVME_OPS && span; k++)
		if (m->op[k].n && !m->op[k].milli_iops)
			m->op[k].milli_iops =
				(uint64_t)((__uint128_t)m->op[k].n * 1000 * NS_PER_SEC / span);
}

/* `file` is what the user named: the trace, or what it was made of. */
static int read_trace(const char *path, const char *file, struct nvme_measured *out, struct err *e)
{
	static const char sql[] =
		"SELECT d.dist_id, quantity, n, coalesce(min, 0), coalesce(max, 0), "
		"coalesce(mean_e6, 0), coalesce(per_second_e6, 0), "
		"EXISTS (SELECT 1 FROM distribution_point p WHERE p.dist_id = d.dist_id AND "
		"shape = 'quantile'), subject, op, source "
		"FROM distribution d WHERE quantity IN ('lat_ns', 'clat_ns') AND n > 0 AND "
		"op IN ('read', 'write') AND subject = (SELECT subject FROM distribution WHERE "
		"quantity IN ('lat_ns', 'clat_ns') AND op IN ('read', 'write') AND n > 0 "
		"ORDER BY dist_id LIMIT 1) ORDER BY d.dist_id";
	sqlite3_stmt *st = NULL;
	struct trace *t;
	int rc = trace_open(path, &t, e);

	if (rc)
		return rc;
	sqlite3 *db = trace_sqlite(t, trace_nfiles(t) - 1);
	*out = (struct nvme_measured){};
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		rc = err_set(e, ERR_UNUSABLE, "%s: %s", path, sqlite3_errmsg(db));
	while (!rc && sqlite3_step(st) == SQLITE_ROW) {
		const char *op = (const char *)sqlite3_column_text(st, COL_OP);
		rc = check_row(file, st, e);
		if (rc)
			break;
		snprintf(out->subject, sizeof(out->subject), "%s",
			 (const char *)sqlite3_column_text(st, 8));
		take_row(db, st, &out->op[strcmp(op, "read") ? NVME_WRITE : NVME_READ]);
	}
	sqlite3_finalize(st);
	take_rate(t, out);
	trace_close(t);
	return rc;
}

static int read_imported(const char *path, struct nvme_measured *out, struct err *e)
{
	char folder[300], db[330];
	const char *tmp = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%.250s/pugmark-calibrate.XXXXXX",
		 tmp && *tmp ? tmp : "/var/tmp");
	if (!mkdtemp(folder))
		return err_set(e, ERR_CREATE, "%s: %s (see TMPDIR)", folder, strerror(errno));
	snprintf(db, sizeof(db), "%s/m.db", folder);
	int rc = import(path, db, e);
	if (!rc)
		rc = read_trace(db, path, out, e);
	unlink(db);
	rmdir(folder);
	return rc;
}

int nvme_measured_read(const char *path, struct nvme_measured *out, struct err *e)
{
	bool is_trace = false, has_points = false;
	int rc = is_database(path, &is_trace, e);

	if (!rc)
		rc = is_trace ? read_trace(path, path, out, e) : read_imported(path, out, e);
	for (int k = 0; k < NVME_OPS && !rc; k++)
		has_points |= out->op[k].points.npoints != 0;
	if (!rc && !has_points)
		return err_set(e, ERR_UNUSABLE,
			       "%s: no latencies of reads or writes as quantiles: expected fio's "
			       "JSON, or a lat or clat log",
			       path);
	return rc;
}

uint64_t nvme_measured_milli_depth(const struct nvme_measured *m)
{
	__uint128_t sum = 0;

	for (int k = 0; k < NVME_OPS; k++)
		sum += (__uint128_t)m->op[k].milli_iops * m->op[k].mean_ns;
	return (uint64_t)((sum + NS_PER_SEC / 2) / NS_PER_SEC);
}
