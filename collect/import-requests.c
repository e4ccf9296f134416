// SPDX-License-Identifier: MIT
/*
 * `time_us,object_id` lines, with or without that header: the row list of
 * export --format requests. One object row per line; times are kept as they
 * are, in microseconds from the start of the trace. Blank lines and lines that
 * begin with # are no rows.
 */
#include "base/units.h"
#include "collect/import.h"
#include "collect/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

static const char header[] = "time_us,object_id\n";

static bool is_header(const char *line)
{
	for (const char *h = header; *h; h++, line++) {
		line = text_blanks(line);
		if ((*line | 0x20) != (*h | 0x20))
			return false;
	}
	return true;
}

/* The line's two numbers, blanks allowed */
static bool scan_line(const char *p, uint64_t *us_out, uint64_t *id_out)
{
	p = text_decimal(text_blanks(p), us_out);
	if (!p)
		return false;
	p = text_blanks(p);
	if (*p != ',')
		return false;
	p = text_decimal(text_blanks(p + 1), id_out);
	return p && *text_blanks(p) == '\n';
}

static int sniff(const uint8_t *head, size_t n, bool is_whole)
{
	struct text_head h = {};
	unsigned rows = 0, bad = 0;
	uint64_t us, id;

	while (rows + bad < 50 && text_head_next(&h, head, n, is_whole)) {
		const char *p = text_blanks(h.line);
		if (!rows && !bad && is_header(p))
			return 95;
		if (*p == '\n' || *p == '#')
			continue;
		if (scan_line(p, &us, &id))
			rows++;
		else
			bad++;
	}
	return rows > bad ? 60 : 0;
}

/* A line off the fast path: 1 for a row, 0 for none. */
static int slow_line(struct import *im, const char *line, uint64_t *us_out, uint64_t *id_out)
{
	if (scan_line(line, us_out, id_out))
		return 1;
	const char *p = text_blanks(line);
	if (*p != '\n' && *p != '#' && !(im->at.line == 0 && is_header(line)))
		import_bad_line(im, im->at.line + 1,
				"expected two decimal numbers: time_us,object_id");
	return 0;
}

static int put_block(struct import *im, struct trace_stream *s, struct object_event *ev,
		     const char *p, const char *end, struct err *e)
{
	struct import_cursor *at = &im->at;
	const char *const block = p;

	for (const char *line = p; line < end; line = p, at->line++) {
		uint64_t us, id;
		const char *q = text_decimal(line, &us);
		if (q && *q == ',' && (q = text_decimal(q + 1, &id)) && *q == '\n') {
			p = q + 1;
		} else {
			p = text_next_line(line);
			if (!slow_line(im, line, &us, &id))
				continue;
		}
		if (__builtin_mul_overflow(us, NS_PER_US, &ev->ts)) {
			import_bad_line(im, at->line + 1, "time above 584 years");
			continue;
		}
		if (ev->ts < at->last_ns) {
			import_bad_line(im, at->line + 1, "time goes backwards");
			continue;
		}
		ev->obj = id;
		int rc = import_before_put(im, s, im->block_offset + (uint64_t)(line - block));
		if (!rc)
			rc = object_put(s, ev, e);
		if (rc)
			return rc;
		at->last_ns = ev->ts;
		at->stored++;
	}
	return 0;
}

static int run(struct import *im, struct err *e)
{
	struct trace_stream *s;
	/* the lines say neither size nor direction */
	struct object_event ev = { .npages = 1, .bytes = UINT64_MAX, .op = IO_OTHER };
	const struct trace_device device = { .bdf = "objects", .class = "other" };
	int rc = trace_writer_stream(im->w, KIND_OBJECT, &s, e);
	if (!rc)
		rc = trace_writer_device(im->w, &device, &ev.dev, e);
	if (!rc)
		rc = import_begin(im, e);
	if (rc)
		return rc;

	const char *p, *end;
	while ((rc = import_lines(im, &p, &end, e)) > 0) {
		rc = put_block(im, s, &ev, p, end, e);
		if (rc)
			return rc;
	}
	return rc ? rc : import_end(im, "object", e);
}

const struct importer import_requests = {
	.name = "requests",
	.variant_of = "csv",
	.summary = "lines time_us,object_id: one object request each",
	.extensions = "csv",
	.sniff = sniff,
	.run = run,
	.is_seekable = true,
	.is_appendable = true,
};
