// SPDX-License-Identifier: MIT
/*
 * What importers share: telling damage, blocks of lines and records with their
 * accounting, and the cursor that makes an interrupted import go on.
 */
#include "collect/import.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SENTENCES = 5 }; /* told per import; the rest is only counted */

void import_damage(struct import *im, const char *fmt, ...)
{
	if (im->at.damaged++ >= SENTENCES && im->first_damage.code)
		return;

	char sentence[sizeof(im->first_damage.msg)];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	if (!im->first_damage.code)
		err_set(&im->first_damage, ERR_FORMAT, "%s", sentence);
	if (im->warn)
		im->warn(im->ctx, sentence);
}

static void count_bad(struct import *im)
{
	if (!im->at.bad++)
		im->at.bad_from_ns = im->at.last_ns;
}

int import_whole(struct import *im, size_t most, char **text_out, size_t *n_out, struct err *e)
{
	char *text = NULL;
	size_t n = 0, cap = 0;
	ssize_t got;

	do {
		if (n == cap) {
			cap = cap ? cap + cap / 2 : 1 << 16;
			char *p = cap <= most ? realloc(text, cap) : NULL;
			if (!p) {
				free(text);
				return err_set(e, ERR_UNUSABLE, "%s: is too long for such a file",
					       input_name(im->in));
			}
			text = p;
		}
		got = input_read(im->in, text + n, cap - n, e);
		n += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	if (got < 0) {
		free(text);
		return (int)got;
	}
	*text_out = text;
	*n_out = n;
	return 0;
}

void import_bad_line(struct import *im, uint64_t line, const char *expected)
{
	count_bad(im);
	import_damage(im, "%s: line %" PRIu64 ": %s", input_name(im->in), line, expected);
}

void import_bad_record(struct import *im, uint64_t offset, const char *expected)
{
	count_bad(im);
	import_damage(im, "%s: byte %" PRIu64 ": %s", input_name(im->in), offset, expected);
}

int import_begin(struct import *im, struct err *e)
{
	return im->resume_offset ? input_skip_to(im->in, im->resume_offset, e) : 0;
}

static void show_progress(struct import *im)
{
	if (!im->progress)
		return;
	uint64_t done, total;
	input_position(im->in, &done, &total);
	im->progress(im->ctx, done, total);
}

int import_lines(struct import *im, const char **p_out, const char **end_out, struct err *e)
{
	size_t n;
	struct err why = {};
	const int rc = input_lines(im->in, p_out, &n, &why);

	show_progress(im);
	if (rc == ERR_FORMAT) {
		count_bad(im);
		import_damage(im, "%s", why.msg);
		return 0;
	}
	if (rc < 0)
		return err_set(e, rc, "%s", why.msg);

	const char *damage = input_damage(im->in);
	if (!rc) {
		if (damage)
			import_damage(im, "%s", damage);
		return 0;
	}
	im->block_offset = input_offset(im->in) - n;
	*end_out = *p_out + n;
	if (damage && (*end_out)[-1] != '\n') { /* half a line may look like a whole one */
		count_bad(im);
		const char *nl = memrchr(*p_out, '\n', n);
		*end_out = nl ? nl + 1 : *p_out;
	}
	return 1;
}

int import_records(struct import *im, size_t size, const uint8_t **p_out, size_t *n_out,
		   struct err *e)
{
	size_t left_over;
	const int rc = input_records(im->in, size, p_out, n_out, &left_over, e);

	show_progress(im);
	im->block_offset = input_offset(im->in) - (rc > 0 ? *n_out * size : 0);
	if (rc)
		return rc;
	if (left_over) {
		char expected[64];
		snprintf(expected, sizeof(expected), "%zu bytes left, expected a record of %zu",
			 left_over, size);
		import_bad_record(im, input_offset(im->in), expected);
	}
	if (input_damage(im->in))
		import_damage(im, "%s", input_damage(im->in));
	return 0;
}

/* ---- cursor ---- */

struct cursor_field {
	const char *name;
	size_t offset;
};

/* short names: with 20 digits each where a time may have them, all fit the text */
static const struct cursor_field cursor_fields[] = {
	{ "file", offsetof(struct import_cursor, file) },
	{ "base", offsetof(struct import_cursor, base) },
	{ "line", offsetof(struct import_cursor, line) },
	{ "first", offsetof(struct import_cursor, first) },
	{ "t", offsetof(struct import_cursor, last_ns) },
	{ "tbad", offsetof(struct import_cursor, bad_from_ns) },
	{ "dmg", offsetof(struct import_cursor, damaged) },
	{ "put", offsetof(struct import_cursor, stored) },
	{ "not", offsetof(struct import_cursor, filtered) },
	{ "bad", offsetof(struct import_cursor, bad) },
};
enum { CURSOR_FIELDS = sizeof(cursor_fields) / sizeof(cursor_fields[0]) };
_Static_assert(CURSOR_FIELDS * 8 == sizeof(struct import_cursor), "a field has no name");

void import_cursor_print(const struct import_cursor *at, char *text_out)
{
	size_t n = 0;
	*text_out = '\0';
	for (size_t i = 0; i < CURSOR_FIELDS && n < IMPORT_POSITION_CHARS; i++) {
		uint64_t v;
		memcpy(&v, (const char *)at + cursor_fields[i].offset, sizeof(v));
		if (v)
			n += (size_t)snprintf(text_out + n, IMPORT_POSITION_CHARS - n,
					      "%s%s=%" PRIu64, n ? " " : "", cursor_fields[i].name,
					      v);
	}
}

void import_cursor_parse(struct import_cursor *at, const char *text)
{
	char name[16];
	uint64_t v;
	int n;

	*at = (struct import_cursor){};
	for (; sscanf(text, " %15[a-z_]=%" SCNu64 "%n", name, &v, &n) == 2; text += n)
		for (size_t i = 0; i < CURSOR_FIELDS; i++)
			if (!strcmp(name, cursor_fields[i].name))
				memcpy((char *)at + cursor_fields[i].offset, &v, sizeof(v));
}

void import_resume(struct import *im, const struct importer *importer)
{
	const char *position;
	const uint64_t offset = trace_writer_resume_point(im->w, &position);

	if (!importer->is_seekable) /* replays, and the writer drops what it has */
		return;
	import_cursor_parse(&im->at, position);
	if (offset >= im->at.base)
		im->resume_offset = offset - im->at.base;
	else
		im->at = (struct import_cursor){};
}

int import_checkpoint(struct import *im, uint64_t offset)
{
	char text[IMPORT_POSITION_CHARS];

	import_cursor_print(&im->at, text);
	trace_writer_progress(im->w, im->at.base + offset, text);
	return 0;
}

static int tell_losses(struct import *im, const char *source, struct err *e)
{
	const struct import_cursor *at = &im->at;
	int rc = 0;

	if (at->bad && im->is_last)
		rc = trace_writer_loss(im->w, source, at->bad_from_ns, at->last_ns, at->bad,
				       "parse", im->first_damage.msg, e);
	if (!rc && input_damage(im->in))
		rc = trace_writer_loss(im->w, source, at->last_ns, at->last_ns, UINT64_MAX,
				       "damage", input_damage(im->in), e);
	return rc;
}

int import_end(struct import *im, const char *source, struct err *e)
{
	const struct import_cursor *at = &im->at;
	const struct trace_account account = {
		.seen = at->stored + at->filtered + at->bad,
		.stored = at->stored,
		.filtered = at->filtered,
		.decode_error = at->bad,
	};
	int rc = import_checkpoint(im, input_offset(im->in));

	if (!rc)
		rc = trace_writer_account(im->w, source, &account, e);
	if (!rc)
		rc = tell_losses(im, source, e);
	if (rc || at->stored)
		return rc;
	if (im->first_damage.code)
		return err_set(e, ERR_UNUSABLE, "%.200s (no row is usable)", im->first_damage.msg);
	return err_set(e, ERR_UNUSABLE, "%s: holds no row", input_name(im->in));
}
