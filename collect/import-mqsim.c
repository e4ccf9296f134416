// SPDX-License-Identifier: MIT
/*
 * ASCII traces of MQSim (Tavakkol et al., FAST 2018), one line a request:
 *
 *	arrival_ns device first_sector sectors type
 *
 * type 0 writes, 1 reads; a sector has 512 bytes. Arrivals are taken as they
 * are, from time 0 of the trace on. There is no latency.
 */
#include "base/units.h"
#include "collect/import.h"
#include "collect/iosort.h"
#include "collect/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { COLUMNS = 5, DEVICES_MAX = 1024 };
enum column { ARRIVAL, DEVICE, SECTOR, SECTORS, TYPE };

struct mqsim {
	struct import *im;
	struct iosort *sort;
	struct io_event row;
	uint16_t devices[DEVICES_MAX]; /* + 1; 0: no number yet */
};

/* Past the newline, or NULL. */
static const char *scan_line(const char *p, uint64_t v[COLUMNS])
{
	for (unsigned i = 0; i < COLUMNS; i++) {
		const char *q = text_blanks(p);
		if (i && q == p)
			return NULL;
		p = text_decimal(q, &v[i]);
		if (!p)
			return NULL;
	}
	p = text_blanks(p);
	return *p == '\n' && v[TYPE] <= 1 ? p + 1 : NULL;
}

static int sniff(const uint8_t *head, size_t n, bool is_whole)
{
	struct text_head h = {};
	unsigned rows = 0, bad = 0;
	uint64_t v[COLUMNS];

	while (rows + bad < 50 && text_head_next(&h, head, n, is_whole))
		if (scan_line(h.line, v))
			rows++;
		else if (*text_blanks(h.line) != '\n')
			bad++;
	return rows > bad ? 60 : 0;
}

static int device(struct mqsim *m, uint64_t number, uint16_t *dev_out, struct err *e)
{
	if (!m->devices[number]) {
		char name[32];
		uint16_t dev;
		snprintf(name, sizeof(name), "mqsim %" PRIu64, number);
		const struct trace_device d = { .bdf = name, .class = "block" };
		const int rc = trace_writer_device(m->im->w, &d, &dev, e);
		if (rc)
			return rc;
		m->devices[number] = (uint16_t)(dev + 1);
	}
	*dev_out = (uint16_t)(m->devices[number] - 1);
	return 0;
}

/* What is wrong with a line, or NULL. */
static const char *check(const uint64_t v[COLUMNS])
{
	uint64_t end;

	if (v[DEVICE] >= DEVICES_MAX)
		return "expected a device below 1,024";
	if (v[SECTORS] > UINT32_MAX || __builtin_add_overflow(v[SECTOR], v[SECTORS], &end) ||
	    end > UINT64_MAX / BLOCK_BYTES)
		return "sector range too large";
	return NULL;
}

static int put_block(struct mqsim *m, const char *p, const char *end, struct err *e)
{
	struct import_cursor *at = &m->im->at;

	for (const char *start = p; start < end; start = p, at->line++) {
		uint64_t v[COLUMNS];
		p = scan_line(start, v);
		const char *why = p ? check(v)
				    : "expected five decimal columns: arrival_ns device "
				      "first_sector sectors type (0 or 1)";
		if (why) {
			const bool is_blank = *text_blanks(start) == '\n';
			p = text_next_line(start);
			if (!is_blank)
				import_bad_line(m->im, at->line + 1, why);
			continue;
		}
		m->row.ts = v[ARRIVAL];
		m->row.op = v[TYPE] ? IO_READ : IO_WRITE;
		m->row.lba = v[SECTOR];
		m->row.bytes = v[SECTORS] * BLOCK_BYTES;
		int rc = device(m, v[DEVICE], &m->row.dev, e);
		if (!rc)
			rc = iosort_put(m->sort, &m->row, e);
		if (rc)
			return rc;
	}
	return 0;
}

static int run(struct import *im, struct err *e)
{
	struct mqsim *m = calloc(1, sizeof(*m));
	const char *p, *end;
	if (!m)
		return err_set(e, ERR_NOMEM, "out of memory");
	m->im = im;
	m->row = (struct io_event){ .lat = UINT64_MAX, .qid = UINT16_MAX, .cid = UINT16_MAX };

	int rc = trace_writer_source(im->w, "mqsim", "arrivals, no latency", &m->row.source, e);
	if (!rc)
		rc = iosort_new(im, &m->sort, e);
	while (!rc && (rc = import_lines(im, &p, &end, e)) > 0)
		rc = put_block(m, p, end, e);
	if (!rc)
		rc = iosort_finish(m->sort, e);
	if (!rc)
		rc = iosort_guard_unit(m->sort, "1 ns", e);
	if (!rc)
		rc = import_end(im, "io", e);
	iosort_free(m->sort);
	free(m);
	return rc;
}

const struct importer import_mqsim = {
	.name = "mqsim",
	.summary = "ASCII traces of MQSim: arrival_ns device sector sectors type",
	.extensions = "trace",
	.sniff = sniff,
	.run = run,
	.is_appendable = true,
};
