// SPDX-License-Identifier: MIT
/*
 * fio's --output-format=json and json+ (fio 3.33): of each job and direction
 * the latencies slat_ns, clat_ns and lat_ns, as distributions with n, least,
 * greatest, mean, standard deviation, percentiles and (json+) bins; and the
 * rate of the direction, iops. There are no events in it. What fio prints
 * before the first brace is passed over.
 */
#include "collect/import.h"
#include "collect/jsonpull.h"
#include "store/trace-distribution.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TEXT_BYTES_MAX = 1 << 28,
	POINTS_MAX = 1 << 16, /* of one distribution: fio has 1,856 bins */
	SUBJECT_BYTES = 128,
	MILLION = 1000000,
};

struct points {
	struct distribution_point *p;
	size_t n, cap;
};

struct fio_json {
	struct import *im;
	struct jsonpull json;
	char subject[SUBJECT_BYTES];
	unsigned jobs;
	uint64_t rate_e6; /* iops of the direction; UNKNOWN */
	bool is_open;     /* within a latency object */
	struct distribution d;
	struct points quantiles, bins;
	uint64_t stored;
};

/* ---- where a token stands ---- */

static const char *direction_op(const char *name)
{
	static const char *const names[] = { "read", "write", "trim", "sync" };
	static const uint8_t ops[] = { IO_READ, IO_WRITE, IO_DISCARD, IO_FLUSH };

	for (size_t i = 0; i < sizeof(ops); i++)
		if (!strcmp(name, names[i]))
			return kind_io_op_names[ops[i]];
	return NULL;
}

static const char *latency_name(const char *name)
{
	static const char *const names[] = { "slat_ns", "clat_ns", "lat_ns" };

	for (size_t i = 0; i < 3; i++)
		if (!strcmp(name, names[i]))
			return names[i];
	return NULL;
}

/* Members of the root that hold jobs: depth 1 the root, 2 the list, 3 a job */
static bool is_in_job(const struct jsonpull *j, unsigned depth)
{
	return j->depth >= depth &&
	       (!strcmp(j->name[0], "jobs") || !strcmp(j->name[0], "client_stats"));
}

/* ---- points ---- */

static int add_point(struct points *x, uint64_t a, uint64_t b, struct err *e)
{
	if (x->n == POINTS_MAX)
		return 0;
	if (x->n == x->cap) {
		const size_t cap = x->cap ? 2 * x->cap : 64;
		struct distribution_point *p = realloc(x->p, cap * sizeof(*p));
		if (!p)
			return err_set(e, ERR_NOMEM, "out of memory");
		x->p = p;
		x->cap = cap;
	}
	x->p[x->n++] = (struct distribution_point){ a, b };
	return 0;
}

/* "99.950000" in 10^-8 of all, or a bin's middle */
static bool key_number(const char *key, uint64_t *e6_out)
{
	const struct jsonpull j = { .value = key, .value_bytes = strlen(key) };

	return jsonpull_millionths(&j, e6_out);
}

static int take_point(struct fio_json *f, uint64_t e6, struct err *e)
{
	const struct jsonpull *j = &f->json;
	uint64_t key;

	if (!key_number(jsonpull_name(j, 0), &key))
		return 0;
	if (!strcmp(jsonpull_name(j, 1), "percentile"))
		return add_point(&f->quantiles, key, e6 / MILLION, e);
	if (!strcmp(jsonpull_name(j, 1), "bins"))
		return add_point(&f->bins, key / MILLION, e6 / MILLION, e);
	return 0;
}

/* ---- distributions ---- */

static void open_distribution(struct fio_json *f, const char *op, const char *quantity)
{
	f->is_open = true;
	f->quantiles.n = f->bins.n = 0;
	f->d = (struct distribution){ .source = "fio-json",
				      .op = op,
				      .quantity = quantity,
				      .sum = DISTRIBUTION_UNKNOWN,
				      .min = DISTRIBUTION_UNKNOWN,
				      .max = DISTRIBUTION_UNKNOWN,
				      .mean_e6 = DISTRIBUTION_UNKNOWN,
				      .stddev_e6 = DISTRIBUTION_UNKNOWN,
				      .per_second_e6 = f->rate_e6 };
}

static int close_distribution(struct fio_json *f, struct err *e)
{
	f->is_open = false;
	if (!f->d.n) /* a direction that was not used */
		return 0;
	f->d.subject = f->subject;
	f->d.quantiles = f->quantiles.p;
	f->d.nquantiles = f->quantiles.n;
	f->d.bins = f->bins.p;
	f->d.nbins = f->bins.n;
	f->stored++;
	return trace_writer_distribution(f->im->w, &f->d, e);
}

static void take_moment(struct fio_json *f, uint64_t e6)
{
	const char *name = jsonpull_name(&f->json, 0);

	if (!strcmp(name, "N"))
		f->d.n = e6 / MILLION;
	else if (!strcmp(name, "min"))
		f->d.min = e6 / MILLION;
	else if (!strcmp(name, "max"))
		f->d.max = e6 / MILLION;
	else if (!strcmp(name, "mean"))
		f->d.mean_e6 = e6;
	else if (!strcmp(name, "stddev"))
		f->d.stddev_e6 = e6;
}

/* ---- tokens: a job has depth 3, its direction 4, a latency 5, its points 6 ---- */

enum { DEPTH_JOB = 3, DEPTH_DIRECTION, DEPTH_LATENCY, DEPTH_POINTS };

static int take_number(struct fio_json *f, struct err *e)
{
	const struct jsonpull *j = &f->json;
	uint64_t e6;

	if (!is_in_job(j, DEPTH_DIRECTION) || !jsonpull_millionths(j, &e6))
		return 0;
	if (j->depth == DEPTH_DIRECTION && !strcmp(jsonpull_name(j, 0), "iops"))
		f->rate_e6 = e6;
	if (f->is_open && j->depth == DEPTH_LATENCY)
		take_moment(f, e6);
	return f->is_open && j->depth == DEPTH_POINTS ? take_point(f, e6, e) : 0;
}

static void take_object(struct fio_json *f)
{
	const struct jsonpull *j = &f->json;

	if (!is_in_job(j, DEPTH_JOB))
		return;
	if (j->depth == DEPTH_JOB) {
		f->jobs++;
		snprintf(f->subject, sizeof(f->subject), "job %u", f->jobs);
	}
	if (j->depth == DEPTH_DIRECTION)
		f->rate_e6 = DISTRIBUTION_UNKNOWN;
	const char *op = j->depth == DEPTH_LATENCY ? direction_op(jsonpull_name(j, 2)) : NULL;
	const char *quantity = op ? latency_name(jsonpull_name(j, 1)) : NULL;
	if (quantity)
		open_distribution(f, op, quantity);
}

/* Several jobs may have one name: all but the first are told apart by number. */
static void take_text(struct fio_json *f)
{
	const struct jsonpull *j = &f->json;
	char name[SUBJECT_BYTES - 16];
	size_t n = 0;

	if (!is_in_job(j, DEPTH_JOB) || j->depth != DEPTH_JOB ||
	    strcmp(jsonpull_name(j, 0), "jobname"))
		return;
	for (size_t i = 0; i < j->value_bytes && n + 1 < sizeof(name); i++)
		if (j->value[i] >= ' ' && j->value[i] <= '~')
			name[n++] = j->value[i];
	name[n] = '\0';
	if (f->jobs == 1)
		snprintf(f->subject, sizeof(f->subject), "%s", name);
	else
		snprintf(f->subject, sizeof(f->subject), "%s (%u)", name, f->jobs);
}

static int take_token(struct fio_json *f, enum json_token token, struct err *e)
{
	switch (token) {
	case JSON_OBJECT:
		take_object(f);
		return 0;
	case JSON_OBJECT_END:
		return f->is_open && f->json.depth == DEPTH_DIRECTION ? close_distribution(f, e)
								      : 0;
	case JSON_NUMBER:
		return take_number(f, e);
	case JSON_STRING:
		take_text(f);
		return 0;
	default:
		return 0;
	}
}

/* ---- the file ---- */

static int decode(struct fio_json *f, const char *text, size_t n, struct err *e)
{
	const char *brace = memchr(text, '{', n);
	const size_t front = brace ? (size_t)(brace - text) : n;
	enum json_token token;
	int rc = 0;

	jsonpull_init(&f->json, text + front, n - front);
	while (!rc && (token = jsonpull_next(&f->json)) != JSON_END && token != JSON_BAD) {
		rc = take_token(f, token, e);
		if (!f->json.depth) /* what follows the root is fio's talk */
			return rc;
	}
	if (!rc)
		import_bad_record(f->im, front + f->json.at,
				  "expected JSON of fio, up to its last brace");
	return rc;
}

static int finish(struct fio_json *f, struct err *e)
{
	struct import *im = f->im;
	const struct trace_account a = { .seen = f->stored + im->at.bad,
					 .stored = f->stored,
					 .decode_error = im->at.bad };
	int rc = trace_writer_account(im->w, "fio:distributions", &a, e);

	if (input_damage(im->in))
		import_damage(im, "%s", input_damage(im->in));
	if (!rc && im->at.damaged)
		rc = trace_writer_loss(im->w, NULL, 0, 0, im->at.bad, "parse", im->first_damage.msg,
				       e);
	if (rc || f->stored)
		return rc;
	return im->first_damage.code
		       ? err_set(e, ERR_UNUSABLE, "%.200s (no job is usable)", im->first_damage.msg)
		       : err_set(e, ERR_UNUSABLE, "%s: holds no latency of a job",
				 input_name(im->in));
}

static int run(struct import *im, struct err *e)
{
	struct fio_json *f = calloc(1, sizeof(*f));
	char *text = NULL;
	size_t n = 0;
	if (!f)
		return err_set(e, ERR_NOMEM, "out of memory");
	f->im = im;
	f->rate_e6 = DISTRIBUTION_UNKNOWN;

	int rc = import_whole(im, TEXT_BYTES_MAX, &text, &n, e);
	if (!rc) {
		rc = decode(f, text, n, e);
		free(text);
	}
	if (!rc)
		rc = finish(f, e);
	free(f->quantiles.p);
	free(f->bins.p);
	free(f);
	return rc;
}

static int sniff(const uint8_t *head, size_t n, bool is_whole)
{
	(void)is_whole;
	return memmem(head, n, "\"fio version\"", 13) ? 95 : 0;
}

const struct importer import_fio_json = {
	.name = "fio-json",
	.summary = "fio's JSON output: latency distributions of jobs, no events",
	.extensions = "json",
	.sniff = sniff,
	.run = run,
};
