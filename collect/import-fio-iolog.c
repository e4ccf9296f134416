// SPDX-License-Identifier: MIT
/*
 * fio's write_iolog, versions 2 and 3 (fio 3.33, HOWTO "Trace file format"), one
 * io row per read, write, trim, sync and datasync; it tells the issue of
 * requests only, so lat is "not observed".
 *
 *	fio version 3 iolog		fio version 2 iolog
 *	452 FILE open			FILE open
 *	456 FILE read 8093696 12288	FILE read 8093696 12288
 *					FILE wait 1000 0
 *
 * Stamps of version 3 are microseconds from the start of the run; those of
 * version 2 come from waits, also microseconds. fio replays a wait as a time
 * from the start (fio issues 247 and 756), its manual says from the wait
 * before: the first is assumed unless waits go back; then it is the second.
 * The device is the file. add, open and close are filtered.
 */
#include "base/units.h"
#include "collect/import.h"
#include "collect/iosort.h"
#include "collect/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 1024, FILE_BYTES = 256, ACTION_BYTES = 12 };

struct file {
	char name[FILE_BYTES];
	uint16_t dev;
};

struct iolog {
	struct import *im;
	struct iosort *sort;
	struct io_event row;
	unsigned version; /* 0: no header yet */
	struct file *files;
	unsigned nfiles, last_file;
	uint64_t now_us, last_wait_us; /* version 2 */
	bool waits_add_up;
	char why[100];
};

struct action {
	uint64_t us, offset, bytes;
	char file[FILE_BYTES], name[ACTION_BYTES];
};

/* ---- a line ---- */

/* 2 or 3, or 0 */
static unsigned header_version(const char *p)
{
	uint64_t v;

	if (strncmp(p, "fio version ", 12))
		return 0;
	const char *q = text_decimal(p + 12, &v);
	return q && !strncmp(q, " iolog", 6) && (v == 2 || v == 3) ? (unsigned)v : 0;
}

static const char *scan_word(const char *p, char *out, size_t out_bytes)
{
	size_t n = 0;

	p = text_blanks(p);
	while (*p != '\n' && *p != ' ' && *p != '\t' && *p != '\r' && n + 1 < out_bytes)
		out[n++] = *p++;
	out[n] = '\0';
	return n && text_blanks(p) != p ? p : n && *p == '\n' ? p : NULL;
}

/* What follows a line that is whole; NULL when it is none. */
static bool scan_action(const char *p, unsigned version, struct action *a)
{
	*a = (struct action){};
	if (version == 3) {
		p = text_decimal(text_blanks(p), &a->us);
		if (!p || text_blanks(p) == p)
			return false;
	}
	p = scan_word(p, a->file, sizeof(a->file));
	if (p)
		p = scan_word(p, a->name, sizeof(a->name));
	if (!p)
		return false;
	p = text_blanks(p);
	if (*p == '\n')
		return true;
	p = text_decimal(p, &a->offset);
	if (!p)
		return false;
	p = text_blanks(p);
	if (*p == '\n') /* wait may have one number */
		return true;
	p = text_decimal(p, &a->bytes);
	return p && *text_blanks(p) == '\n';
}

static int op_of(const char *action)
{
	static const char *const names[] = { "read", "write", "trim", "sync", "datasync" };
	static const uint8_t ops[] = { IO_READ, IO_WRITE, IO_DISCARD, IO_FLUSH, IO_FLUSH };

	for (size_t i = 0; i < sizeof(ops); i++)
		if (!strcmp(action, names[i]))
			return ops[i];
	return -1;
}

static int sniff(const uint8_t *head, size_t n, bool is_whole)
{
	struct text_head h = {};

	return text_head_next(&h, head, n, is_whole) && header_version(h.line) ? 100 : 0;
}

/* ---- rows ---- */

static int device(struct iolog *l, const char *name, struct err *e)
{
	if (l->last_file < l->nfiles && !strcmp(l->files[l->last_file].name, name)) {
		l->row.dev = l->files[l->last_file].dev;
		return 0;
	}
	for (l->last_file = 0; l->last_file < l->nfiles; l->last_file++)
		if (!strcmp(l->files[l->last_file].name, name)) {
			l->row.dev = l->files[l->last_file].dev;
			return 0;
		}
	if (l->nfiles == FILES_MAX)
		return 1;
	if (!l->files)
		l->files = calloc(FILES_MAX, sizeof(*l->files));
	if (!l->files)
		return err_set(e, ERR_NOMEM, "out of memory");
	struct file *f = &l->files[l->nfiles];
	snprintf(f->name, sizeof(f->name), "%s", name);
	const struct trace_device d = { .bdf = name, .class = "block" };
	const int rc = trace_writer_device(l->im->w, &d, &f->dev, e);
	if (rc)
		return rc;
	l->nfiles++;
	l->row.dev = f->dev;
	return 0;
}

static const char *wait(struct iolog *l, uint64_t us)
{
	if (!l->waits_add_up && us < l->last_wait_us) {
		l->waits_add_up = true;
		if (l->im->warn)
			l->im->warn(
				l->im->ctx,
				"waits go back: from here on they are taken from the one before");
	}
	l->last_wait_us = us;
	if (!l->waits_add_up)
		l->now_us = us > l->now_us ? us : l->now_us;
	else if (__builtin_add_overflow(l->now_us, us, &l->now_us))
		return "time above 584 years";
	return NULL;
}

static bool is_file_action(const char *name)
{
	return !strcmp(name, "add") || !strcmp(name, "open") || !strcmp(name, "close");
}

/* What is wrong with it, or NULL; *rc_out: an error of the system. */
static const char *take(struct iolog *l, const struct action *a, int *rc_out, struct err *e)
{
	const int op = op_of(a->name);

	if (l->version == 2 && !strcmp(a->name, "wait")) {
		const char *why = wait(l, a->offset);
		l->im->at.filtered += !why;
		return why;
	}
	if (is_file_action(a->name)) {
		l->im->at.filtered++;
		return NULL;
	}
	if (op < 0)
		return "expected add, open, close, read, write, trim, sync, datasync or (in "
		       "version 2) wait";
	const uint64_t us = l->version == 3 ? a->us : l->now_us;
	if (__builtin_mul_overflow(us, NS_PER_US, &l->row.ts))
		return "time above 584 years";
	l->row.op = (uint8_t)op;
	l->row.lba = op == IO_FLUSH ? UINT64_MAX : a->offset / BLOCK_BYTES;
	l->row.bytes = a->bytes;
	*rc_out = device(l, a->file, e);
	if (*rc_out > 0) {
		*rc_out = 0;
		return "more than 1,024 files";
	}
	if (!*rc_out)
		*rc_out = iosort_put(l->sort, &l->row, e);
	return NULL;
}

static int put_block(struct iolog *l, const char *p, const char *end, struct err *e)
{
	struct import_cursor *at = &l->im->at;

	for (const char *start = p; start < end; start = p, at->line++) {
		struct action a;
		p = text_next_line(start);
		if (*text_blanks(start) == '\n')
			continue;
		if (header_version(start)) { /* also where logs follow one another */
			l->version = header_version(start);
			continue;
		}
		int rc = 0;
		const char *why = !l->version ? "expected 'fio version 3 iolog', or 2"
				  : !scan_action(start, l->version, &a)
					  ? l->version == 3
						    ? "expected: us FILE ACTION [offset length]"
						    : "expected: FILE ACTION [offset length]"
					  : take(l, &a, &rc, e);
		if (rc)
			return rc;
		if (why)
			import_bad_line(l->im, at->line + 1, why);
	}
	return 0;
}

static int run(struct import *im, struct err *e)
{
	struct iolog *l = calloc(1, sizeof(*l));
	const char *p, *end;
	if (!l)
		return err_set(e, ERR_NOMEM, "out of memory");
	l->im = im;
	l->row = (struct io_event){ .lat = UINT64_MAX, .qid = UINT16_MAX, .cid = UINT16_MAX };

	int rc = trace_writer_source(im->w, "fio-iolog", "issue of requests, no completion",
				     &l->row.source, e);
	if (!rc)
		rc = iosort_new(im, &l->sort, e);
	while (!rc && (rc = import_lines(im, &p, &end, e)) > 0)
		rc = put_block(l, p, end, e);
	if (!rc)
		rc = iosort_finish(l->sort, e);
	if (!rc)
		rc = iosort_guard_unit(l->sort, "1 us", e);
	if (!rc)
		rc = import_end(im, "io", e);
	iosort_free(l->sort);
	free(l->files);
	free(l);
	return rc;
}

const struct importer import_fio_iolog = {
	.name = "fio-iolog",
	.summary = "fio's write_iolog, versions 2 and 3",
	.extensions = "iolog log",
	.sniff = sniff,
	.run = run,
};
