// SPDX-License-Identifier: MIT
/*
 * Block traces as MSR Cambridge published them (SNIA IOTTA, D. Narayanan et al.,
 * FAST 2008), one csv line a request, one io row each:
 *
 *	Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime
 *	128166372003061629,hm,1,Read,383496192,32768,413
 *
 * Timestamp is a Windows FILETIME (100 ns since 1601), ResponseTime counts 100
 * ns too, Offset and Size are bytes. Type is Read or Write. The device is
 * "HOST.DISK". Time 0 is the first line's; the table clock has it since 1970.
 * Files that go on from one another are read in their order; those of several
 * disks are traces of their own (pugmark merge).
 */
#include "base/units.h"
#include "collect/import.h"
#include "collect/iosort.h"
#include "collect/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOST_BYTES = 40, DISKS_MAX = 1024, NS_PER_TICK = 100 };

/* FILETIME of 1970-01-01, 1980-01-01 and 2100-01-01 */
static const uint64_t epoch_1970 = UINT64_C(116444736000000000);
static const uint64_t epoch_1980 = UINT64_C(119600064000000000);
static const uint64_t epoch_2100 = UINT64_C(157468320000000000);

struct line {
	uint64_t ticks, disk, offset, bytes, response;
	char host[HOST_BYTES];
	uint8_t op;
};

struct disk {
	char name[HOST_BYTES + 24];
	uint16_t dev;
};

struct msr {
	struct import *im;
	struct iosort *sort;
	struct disk disks[DISKS_MAX];
	unsigned ndisks, last_disk;
	uint16_t source;
	bool has_first; /* a stamp became time 0, of this file or one before */
};

/* ---- a line ---- */

static const char *scan_comma(const char *p, uint64_t *out)
{
	p = text_decimal(text_blanks(p), out);
	if (!p)
		return NULL;
	p = text_blanks(p);
	return *p == ',' ? p + 1 : NULL;
}

static const char *scan_word(const char *p, char *out, size_t out_bytes)
{
	size_t n = 0;

	p = text_blanks(p);
	while (n + 1 < out_bytes && *p > ' ' && *p <= '~' && *p != ',')
		out[n++] = *p++;
	out[n] = '\0';
	p = text_blanks(p);
	return n && *p == ',' ? p + 1 : NULL;
}

static int op_of(const char *type)
{
	return !strcasecmp(type, "read") ? IO_READ : !strcasecmp(type, "write") ? IO_WRITE : -1;
}

/* Past the newline, or NULL. */
static const char *scan_line(const char *p, struct line *l)
{
	char type[16];

	p = scan_comma(p, &l->ticks);
	if (p)
		p = scan_word(p, l->host, sizeof(l->host));
	if (p)
		p = scan_comma(p, &l->disk);
	if (p)
		p = scan_word(p, type, sizeof(type));
	if (!p || op_of(type) < 0)
		return NULL;
	l->op = (uint8_t)op_of(type);
	p = scan_comma(p, &l->offset);
	if (p)
		p = scan_comma(p, &l->bytes);
	if (p)
		p = text_decimal(text_blanks(p), &l->response);
	if (p)
		p = text_blanks(p);
	return p && *p == '\n' ? p + 1 : NULL;
}

static bool is_header(const char *p)
{
	return !strncasecmp(p, "timestamp,", 10);
}

static int sniff(const uint8_t *head, size_t n, bool is_whole)
{
	struct text_head h = {};
	struct line l;
	unsigned rows = 0, bad = 0;

	while (rows + bad < 50 && text_head_next(&h, head, n, is_whole))
		if (scan_line(h.line, &l))
			rows++;
		else if (*text_blanks(h.line) != '\n' && !is_header(h.line))
			bad++;
	return rows > bad ? 90 : 0;
}

/* ---- rows ---- */

static int device(struct msr *m, const struct line *l, uint16_t *dev_out, struct err *e)
{
	struct disk fresh;

	snprintf(fresh.name, sizeof(fresh.name), "%s.%" PRIu64, l->host, l->disk);
	if (m->ndisks && !strcmp(m->disks[m->last_disk].name, fresh.name)) {
		*dev_out = m->disks[m->last_disk].dev;
		return 0;
	}
	for (m->last_disk = 0; m->last_disk < m->ndisks; m->last_disk++)
		if (!strcmp(m->disks[m->last_disk].name, fresh.name)) {
			*dev_out = m->disks[m->last_disk].dev;
			return 0;
		}
	if (m->ndisks == DISKS_MAX)
		return 1;
	const struct trace_device d = { .bdf = fresh.name, .class = "block" };
	const int rc = trace_writer_device(m->im->w, &d, &fresh.dev, e);
	if (rc)
		return rc;
	*dev_out = fresh.dev;
	m->disks[m->ndisks++] = fresh;
	return 0;
}

/* The stamp that becomes time 0: a wrong unit shows here. */
static int begin_time(struct msr *m, uint64_t ticks, struct err *e)
{
	struct import *im = m->im;
	char text[200];

	im->at.first = ticks;
	if (ticks >= epoch_1980 && ticks < epoch_2100) {
		const struct trace_clock c = { .mono_ns = UINT64_MAX,
					       .boot_ns = UINT64_MAX,
					       .real_ns = (ticks - epoch_1970) * NS_PER_TICK };
		return trace_writer_clock(im->w, &c, e);
	}
	static const struct {
		uint64_t from, to; /* 2000 .. 2100 */
		const char *unit;
	} units[] = {
		{ 946684800, 4102444800, "seconds since 1970" },
		{ 946684800000, 4102444800000, "milliseconds since 1970" },
		{ 946684800000000, 4102444800000000, "microseconds since 1970" },
		{ 946684800000000000, 4102444800000000000, "nanoseconds since 1970" },
	};
	const char *likely = "another unit, or another beginning";
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (ticks >= units[i].from && ticks < units[i].to)
			likely = units[i].unit;
	snprintf(text, sizeof(text),
		 "%.80s: its times are read as 100 ns since 1601, but %" PRIu64
		 " is none of 1980 to 2100: probably %s",
		 input_name(im->in), ticks, likely);
	if (im->warn)
		im->warn(im->ctx, text);
	return trace_writer_meta(im->w, "unit_warning", text, e);
}

static const char *fill_row(const struct import_cursor *at, const struct line *l,
			    struct io_event *row)
{
	row->op = l->op;
	row->lba = l->offset / BLOCK_BYTES;
	row->bytes = l->bytes;
	row->ts = 0; /* older than the first line by a little: sorting would need what has left */
	if (l->ticks > at->first &&
	    __builtin_mul_overflow(l->ticks - at->first, (uint64_t)NS_PER_TICK, &row->ts))
		return "time above 584 years";
	if (__builtin_mul_overflow(l->response, (uint64_t)NS_PER_TICK, &row->lat) ||
	    row->lat == UINT64_MAX)
		return "response time above 584 years";
	return NULL;
}

static int put_line(struct msr *m, const struct line *l, struct err *e)
{
	struct import_cursor *at = &m->im->at;
	struct io_event row = { .qid = UINT16_MAX, .cid = UINT16_MAX, .source = m->source };
	int rc = m->has_first ? 0 : begin_time(m, l->ticks, e);
	if (rc)
		return rc;
	m->has_first = true;

	const char *why = fill_row(at, l, &row);
	rc = why ? 0 : device(m, l, &row.dev, e);
	if (rc > 0)
		why = "more than 1,024 disks";
	if (why) {
		import_bad_line(m->im, at->line + 1, why);
		return 0;
	}
	return rc ? rc : iosort_put(m->sort, &row, e);
}

static int put_block(struct msr *m, const char *p, const char *end, struct err *e)
{
	struct import_cursor *at = &m->im->at;

	for (const char *start = p; start < end; start = p, at->line++) {
		struct line l;
		p = scan_line(start, &l);
		if (p) {
			const int rc = put_line(m, &l, e);
			if (rc)
				return rc;
			continue;
		}
		p = text_next_line(start);
		if (*text_blanks(start) != '\n' && !(at->line == 0 && is_header(start)))
			import_bad_line(m->im, at->line + 1,
					"expected Timestamp,Hostname,DiskNumber,Type,Offset,Size,"
					"ResponseTime");
	}
	return 0;
}

static int run(struct import *im, struct err *e)
{
	struct msr *m = calloc(1, sizeof(*m));
	const char *p, *end;
	if (!m)
		return err_set(e, ERR_NOMEM, "out of memory");
	m->im = im;
	m->has_first = im->at.stored > 0;

	int rc = trace_writer_source(im->w, "msr", "block requests and response times", &m->source,
				     e);
	if (!rc)
		rc = iosort_new(im, &m->sort, e);
	while (!rc && (rc = import_lines(im, &p, &end, e)) > 0)
		rc = put_block(m, p, end, e);
	if (!rc)
		rc = iosort_finish(m->sort, e);
	if (!rc)
		rc = iosort_guard_unit(m->sort, "100 ns", e);
	if (!rc)
		rc = import_end(im, "io", e);
	iosort_free(m->sort);
	free(m);
	return rc;
}

const struct importer import_msr = {
	.name = "msr",
	.summary = "csv of MSR Cambridge: block requests with FILETIME stamps",
	.extensions = "csv",
	.sniff = sniff,
	.run = run,
	.is_appendable = true,
};
