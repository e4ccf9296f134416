// SPDX-License-Identifier: MIT
/*
 * fio's logs of one job (fio 3.33, HOWTO "Log file formats"): lat, clat, slat,
 * bw and iops, one sample a line, and histograms. The number of columns tells
 * the layout:
 *
 *	4..6	msec, value, ddir, bs [, prio] or [, offset, prio]
 *	7	msec, value, ddir, bs, offset, prio, issue_ns
 *	8	msec, mean, max, ddir, bs, offset, prio, issue_ns
 *	more	msec, ddir, bs, bins ...	(write_hist_log)
 *
 * What the values are stands in the file's name only (`_clat.1.log`): lat when
 * it does not. Every log becomes a distribution per direction with exact
 * quantiles; histograms are added up to one of bins. Samples of lat and clat
 * that are requests of their own (bs not 0: not averaged) are io rows too: lat
 * is the value, ts is issue_ns, or the completion, known to 1 ms, less lat.
 */
#include "base/units.h"
#include "collect/import.h"
#include "collect/iosort.h"
#include "collect/text.h"
#include "store/trace-distribution.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 8, DIRECTIONS = 4, BINS_MAX = 1 << 13, SUBJECT_BYTES = 128 };

enum quantity { LAT, CLAT, SLAT, BW, IOPS, QUANTITIES };

static const struct {
	const char *mark, *name; /* in the file's name; of the distribution */
} quantities[QUANTITIES] = {
	[LAT] = { "_lat.", "lat_ns" },    [CLAT] = { "_clat.", "clat_ns" },
	[SLAT] = { "_slat.", "slat_ns" }, [BW] = { "_bw.", "bw_kib_per_s" },
	[IOPS] = { "_iops.", "iops" },
};

/* of ddir; 3 is a sync */
static const uint8_t ops[DIRECTIONS] = { IO_READ, IO_WRITE, IO_DISCARD, IO_FLUSH };

struct values {
	uint64_t *v;
	size_t n, cap;
};

struct fio_log {
	struct import *im;
	struct iosort *sort; /* NULL until a row */
	enum quantity quantity;
	unsigned columns; /* of the first line */
	bool is_histogram;
	struct values values[DIRECTIONS];
	uint64_t *bins[DIRECTIONS], bins_n[DIRECTIONS];
	unsigned nbins;
	struct io_event row;
	uint64_t good, averaged;
};

struct sample {
	uint64_t ms, value, ddir, bytes, offset, issue_ns;
	bool has_offset;
};

/* ---- lines ---- */

/* Decimal numbers up to the newline, at most `most` of them into v; their count, 0: not such a
 * line.
 */
static unsigned scan_numbers(const char *p, uint64_t *v, unsigned most)
{
	unsigned n = 0;

	for (;;) {
		uint64_t number;
		p = text_decimal(text_blanks(p), &number);
		if (!p)
			return 0;
		if (n < most)
			v[n] = number;
		n++;
		p = text_blanks(p);
		if (*p == '\n')
			return n;
		if (*p++ != ',')
			return 0;
	}
}

/* From the columns of a line; false when it is none of the layouts. */
static bool make_sample(const uint64_t *v, unsigned n, struct sample *s)
{
	const unsigned one = n == 8; /* mean and max */

	if (n < 4 || n > 8)
		return false;
	*s = (struct sample){ .ms = v[0],
			      .value = v[1],
			      .ddir = v[2 + one],
			      .bytes = v[3 + one],
			      .has_offset = n >= 6 };
	if (s->has_offset)
		s->offset = v[4 + one];
	if (n >= 7)
		s->issue_ns = v[6 + one];
	return s->ddir < DIRECTIONS;
}

/* A line of a histogram may be longer than a head: its first columns must do. */
static bool is_histogram_line(const char *line)
{
	uint64_t v;
	unsigned n = 0;

	for (const char *p = line; (p = text_decimal(text_blanks(p), &v)); n++) {
		p = text_blanks(p);
		if (*p++ != ',')
			break;
	}
	return n > 2 * COLUMNS_MAX;
}

static int sniff(const uint8_t *head, size_t n, bool is_whole)
{
	struct text_head h = {};
	struct sample s;
	uint64_t v[COLUMNS_MAX];
	unsigned rows = 0, bad = 0;

	while (rows + bad < 50 && text_head_next(&h, head, n, is_whole)) {
		const unsigned columns = scan_numbers(h.line, v, COLUMNS_MAX);
		if (is_histogram_line(h.line) ||
		    (columns >= 4 && columns <= COLUMNS_MAX && make_sample(v, columns, &s)))
			rows++;
		else if (*text_blanks(h.line) != '\n')
			bad++;
	}
	return rows > bad ? 70 : 0;
}

/* ---- samples ---- */

static int keep_value(struct values *x, uint64_t v, struct err *e)
{
	if (x->n == x->cap) {
		const size_t cap = x->cap ? x->cap + x->cap / 2 : 256;
		uint64_t *p = realloc(x->v, cap * sizeof(*p));
		if (!p)
			return err_set(e, ERR_NOMEM, "no memory for %zu samples", cap);
		x->v = p;
		x->cap = cap;
	}
	x->v[x->n++] = v;
	return 0;
}

static int put_row(struct fio_log *l, const struct sample *s, struct err *e)
{
	const uint64_t end = s->ms * NS_PER_MS;

	if (!l->sort) {
		const int rc = iosort_new(l->im, &l->sort, e);
		if (rc)
			return rc;
	}
	l->row.ts = s->issue_ns ? s->issue_ns : end > s->value ? end - s->value : 0;
	l->row.lat = s->value;
	l->row.op = ops[s->ddir];
	l->row.lba = s->has_offset ? s->offset / BLOCK_BYTES : UINT64_MAX;
	l->row.bytes = s->bytes;
	return iosort_put(l->sort, &l->row, e);
}

static int take_sample(struct fio_log *l, const struct sample *s, struct err *e)
{
	const bool is_request = (l->quantity == LAT || l->quantity == CLAT) && s->bytes;
	int rc = keep_value(&l->values[s->ddir], s->value, e);

	l->good++;
	l->averaged += !s->bytes;
	if (!rc && is_request)
		rc = put_row(l, s, e);
	return rc;
}

static const char *take_line(struct fio_log *l, const char *line, int *rc_out, struct err *e)
{
	uint64_t v[COLUMNS_MAX];
	struct sample s;
	const unsigned n = scan_numbers(line, v, COLUMNS_MAX);

	if (!n || n > COLUMNS_MAX || (l->columns && n != l->columns))
		return l->columns ? "expected as many decimal columns as in the first line"
				  : "expected 4 to 8 decimal columns: msec, value, ddir, bs ..";
	if (!make_sample(v, n, &s))
		return "expected a direction of 0 to 3";
	if (s.ms > UINT64_MAX / NS_PER_MS || s.value > INT64_MAX)
		return "time above 584 years";
	l->columns = n;
	*rc_out = take_sample(l, &s, e);
	return NULL;
}

/* ---- histograms ---- */

static const char *take_histogram(struct fio_log *l, const char *line, int *rc_out, struct err *e)
{
	enum { FRONT = 3 };
	uint64_t v[FRONT + BINS_MAX];
	const unsigned n = scan_numbers(line, v, FRONT + BINS_MAX);

	if (n < FRONT + 2 || n > FRONT + BINS_MAX || (l->columns && n != l->columns))
		return "expected msec, ddir, bs and as many bins as in the first line";
	if (v[1] >= DIRECTIONS)
		return "expected a direction of 0 to 3";
	l->columns = n;
	l->nbins = n - FRONT;
	uint64_t **bins = &l->bins[v[1]];
	if (!*bins)
		*bins = calloc(l->nbins, sizeof(**bins));
	if (!*bins) {
		*rc_out = err_set(e, ERR_NOMEM, "out of memory");
		return NULL;
	}
	for (unsigned i = 0; i < l->nbins; i++) {
		if (v[FRONT + i] > UINT32_MAX)
			return "expected counts below 2^32";
		(*bins)[i] += v[FRONT + i];
		l->bins_n[v[1]] += v[FRONT + i];
	}
	l->good++;
	return NULL;
}

/*
 * The middle of bin i: 64 bins to each power of two, values below 128 have a
 * bin each (fio stat.h). With --log_hist_coarseness c, 2^c bins are one.
 */
static uint64_t bin_middle(unsigned i, unsigned coarseness)
{
	enum { SUB_BITS = 6, SUB = 1 << SUB_BITS };
	const uint64_t at = (uint64_t)i << coarseness;

	if (at < 2 * SUB)
		return at + ((1u << coarseness) >> 1);
	const unsigned shift = (unsigned)(at >> SUB_BITS) - 1;
	if (shift > 62 - SUB_BITS)
		return INT64_MAX;
	const uint64_t low = (SUB + at % SUB) << shift;
	return low + ((UINT64_C(1) << shift << coarseness) >> 1);
}

/* fio has 29 * 64 bins, before 3.0 19 * 64; a coarser log 2^c times less. */
static unsigned coarseness_of(unsigned nbins)
{
	enum { BINS = 1856, BINS_OLD = 1216, COARSEST = 6 };

	for (int c = 0; c <= COARSEST; c++)
		if ((int)nbins == BINS >> c || (int)nbins == BINS_OLD >> c)
			return (unsigned)c;
	return 0;
}

static int put_bins(struct fio_log *l, struct distribution *d, const uint64_t *bins, struct err *e)
{
	struct distribution_point *points = calloc(l->nbins, sizeof(*points));
	const unsigned c = coarseness_of(l->nbins);

	if (!points)
		return err_set(e, ERR_NOMEM, "out of memory");
	d->bins = points;
	for (unsigned i = 0; i < l->nbins; i++)
		if (bins[i])
			points[d->nbins++] =
				(struct distribution_point){ bin_middle(i, c), bins[i] };
	d->sum = d->min = d->max = d->mean_e6 = DISTRIBUTION_UNKNOWN;
	d->stddev_e6 = d->per_second_e6 = DISTRIBUTION_UNKNOWN;
	const int rc = trace_writer_distribution(l->im->w, d, e);
	free(points);
	return rc;
}

/* ---- the end ---- */

static int put_distributions(struct fio_log *l, struct err *e)
{
	const char *path = input_name(l->im->in), *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	int rc = 0;

	for (unsigned i = 0; !rc && i < DIRECTIONS; i++) {
		struct distribution d = { .source = "fio-log",
					  .subject = name,
					  .op = kind_io_op_names[ops[i]],
					  .quantity = quantities[l->quantity].name };
		if (l->bins_n[i]) {
			d.n = l->bins_n[i];
			rc = put_bins(l, &d, l->bins[i], e);
		} else {
			rc = trace_writer_distribution_of(l->im->w, &d, l->values[i].v,
							  l->values[i].n, e);
		}
	}
	return rc;
}

static int finish(struct fio_log *l, struct err *e)
{
	struct import *im = l->im;
	const struct trace_account a = { .seen = l->good + im->at.bad,
					 .stored = l->good,
					 .decode_error = im->at.bad };
	char source[32];
	int rc = l->sort ? iosort_finish(l->sort, e) : 0;

	snprintf(source, sizeof(source), "fio:%s", quantities[l->quantity].name);
	if (!rc && !l->good)
		return im->first_damage.code
			       ? err_set(e, ERR_UNUSABLE, "%.200s (no sample is usable)",
					 im->first_damage.msg)
			       : err_set(e, ERR_UNUSABLE, "%s: holds no sample",
					 input_name(im->in));
	if (!rc && l->sort)
		rc = iosort_guard_unit(l->sort, "1 ms", e);
	if (!rc)
		rc = put_distributions(l, e);
	if (!rc)
		rc = trace_writer_account(im->w, source, &a, e);
	if (!rc && l->averaged)
		rc = trace_writer_meta(im->w, "fio_samples_averaged", "yes", e);
	if (!rc && im->at.bad)
		rc = trace_writer_loss(im->w, "io", im->at.bad_from_ns, im->at.last_ns, im->at.bad,
				       "parse", im->first_damage.msg, e);
	if (!rc && input_damage(im->in))
		rc = trace_writer_loss(im->w, "io", im->at.last_ns, im->at.last_ns, UINT64_MAX,
				       "damage", input_damage(im->in), e);
	return rc;
}

static enum quantity quantity_of(const char *name)
{
	for (unsigned i = 0; i < QUANTITIES; i++)
		if (strstr(name, quantities[i].mark))
			return (enum quantity)i;
	return strstr(name, "_clat_hist.") ? CLAT : LAT;
}

static int begin(struct fio_log *l, struct err *e)
{
	static const char device[] = "fio";
	const struct trace_device d = { .bdf = device, .class = "block" };
	const uint8_t *head;
	struct text_head h = {};
	size_t n;
	int rc = input_peek(l->im->in, &head, &n, e);

	if (rc)
		return rc;
	while (!l->is_histogram && h.at < n && h.at < 4096 &&
	       text_head_next(&h, head, n, n < INPUT_PEEK_BYTES))
		l->is_histogram = is_histogram_line(h.line);
	l->quantity = quantity_of(input_name(l->im->in));
	l->row = (struct io_event){ .qid = UINT16_MAX, .cid = UINT16_MAX };
	if (l->is_histogram || (l->quantity != LAT && l->quantity != CLAT))
		return 0;
	rc = trace_writer_source(l->im->w, l->quantity == LAT ? "fio-lat" : "fio-clat",
				 "requests of a job; times to 1 ms unless the log has the issue",
				 &l->row.source, e);
	return rc ? rc : trace_writer_device(l->im->w, &d, &l->row.dev, e);
}

static int run(struct import *im, struct err *e)
{
	struct fio_log *l = calloc(1, sizeof(*l));
	const char *p, *end;
	if (!l)
		return err_set(e, ERR_NOMEM, "out of memory");
	l->im = im;

	int rc = begin(l, e);
	while (!rc && (rc = import_lines(im, &p, &end, e)) > 0) {
		rc = 0;
		for (const char *start = p; !rc && start < end; start = p, im->at.line++) {
			p = text_next_line(start);
			if (*text_blanks(start) == '\n')
				continue;
			const char *why = l->is_histogram ? take_histogram(l, start, &rc, e)
							  : take_line(l, start, &rc, e);
			if (why)
				import_bad_line(im, im->at.line + 1, why);
		}
	}
	if (!rc)
		rc = finish(l, e);
	iosort_free(l->sort);
	for (unsigned i = 0; i < DIRECTIONS; i++) {
		free(l->values[i].v);
		free(l->bins[i]);
	}
	free(l);
	return rc;
}

const struct importer import_fio_log = {
	.name = "fio-log",
	.summary = "fio's logs of latency, bandwidth and IOPS, and histograms",
	.extensions = "log",
	.sniff = sniff,
	.run = run,
};
