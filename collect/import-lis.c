// SPDX-License-Identifier: MIT
/*
 * .lis, the format of the ARC paper's traces (Megiddo and Modha, FAST 2003):
 * four decimal columns `first_block n_blocks ignored request_number`. One line
 * is one object row of n_blocks pages. The format has no time: row time is the
 * request number as milliseconds, a made-up clock called "synthetic".
 */
#include "base/units.h"
#include "collect/import.h"
#include "collect/text.h"

struct lis_line {
	uint64_t first, n, ignored, request;
};

/* Past the newline, or NULL. */
static inline const char *scan_line(const char *p, struct lis_line *out)
{
	uint64_t *const column[] = { &out->first, &out->n, &out->ignored, &out->request };

	for (unsigned i = 0; i < 4; i++) {
		p = text_decimal(text_blanks(p), column[i]);
		if (!p || (i < 3 && *p != ' ' && *p != '\t'))
			return NULL;
	}
	if (*p != '\n')
		p = text_blanks(p);
	return *p == '\n' ? p + 1 : NULL;
}

static int sniff(const uint8_t *head, size_t n, bool is_whole)
{
	struct text_head h = {};
	struct lis_line line;
	unsigned rows = 0, bad = 0;

	while (rows + bad < 50 && text_head_next(&h, head, n, is_whole))
		if (scan_line(h.line, &line))
			rows++;
		else if (*text_blanks(h.line) != '\n')
			bad++;
	return rows > bad ? 70 : 0;
}

/* What is wrong with a line, or NULL. */
static inline const char *check_line(const struct lis_line *line, uint64_t last_ns,
				     uint64_t *ts_out)
{
	uint64_t end;

	if (line->n > UINT32_MAX || __builtin_add_overflow(line->first, line->n, &end))
		return "block range too large";
	if (__builtin_mul_overflow(line->request, NS_PER_MS, ts_out))
		return "request number too large";
	if (*ts_out < last_ns)
		return "time goes backwards (fourth column)";
	return NULL;
}

static int put_block(struct import *im, struct trace_stream *s, struct object_event *ev,
		     const char *p, const char *end, struct err *e)
{
	struct import_cursor *at = &im->at;
	const char *const block = p;

	for (const char *start = p; start < end; start = p, at->line++) {
		struct lis_line line;
		p = scan_line(start, &line);
		if (!p) {
			p = text_next_line(start);
			if (*text_blanks(start) != '\n')
				import_bad_line(im, at->line + 1,
						"expected four decimal columns: first_block "
						"n_blocks ignored request_number");
			continue;
		}
		const char *why = check_line(&line, at->last_ns, &ev->ts);
		if (why) {
			import_bad_line(im, at->line + 1, why);
			continue;
		}
		if (!line.n) { /* touches nothing */
			at->filtered++;
			continue;
		}
		ev->obj = line.first;
		ev->npages = (uint32_t)line.n;
		int rc = import_before_put(im, s, im->block_offset + (uint64_t)(start - block));
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
	/* the lines say neither block size nor direction */
	struct object_event ev = { .bytes = UINT64_MAX, .op = IO_OTHER };
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

const struct importer import_lis = {
	.name = "lis",
	.summary = "ARC paper traces: first_block n_blocks ignored request_number",
	.extensions = "lis arc",
	.sniff = sniff,
	.run = run,
	.is_seekable = true,
	.is_appendable = true,
	.clock = "synthetic",
};
