// SPDX-License-Identifier: MIT
/*
 * A csv whose header names columns of one kind by their SQL names (`dma`:
 * ts_ns,dev,op,dir,as,pfn,npages,offset_bytes,bytes,req,source): what export
 * --format csv writes, and what a script can write easily. Columns may come in
 * any order and only ts_ns must be there. `# kind: mem` before the header names
 * the kind where the columns fit several.
 *
 * Numbers are decimal or 0x hexadecimal, enums are names or numbers, an empty
 * field or NULL is "not observed". dev and source are numbers or names; number
 * N is the device "devN". Missing columns: NULL where the kind allows it; as =
 * --as; dma op = access; dma npages from offset and bytes, or 1, and bytes from
 * npages; other npages and counts 1; anything else 0.
 */
#include "base/units.h"
#include "collect/import.h"
#include "collect/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAME_BYTES = 64, NAMES_CACHED = 32 };

enum field_role { ROLE_NUMBER, ROLE_DEVICE, ROLE_SOURCE };

/* Numbers of devices or sources, as the writer gave them. */
struct name_table {
	struct {
		char name[NAME_BYTES];
		uint16_t number;
	} cached[NAMES_CACHED];
	unsigned ncached;
	uint32_t nknown; /* numbers below this have a name */
};

struct field {
	const struct kind_column *column;
	unsigned index; /* within the kind */
	enum field_role role;
	uint64_t most; /* greatest value */
};

struct table {
	const struct kind *kind;
	unsigned nfields;
	struct field fields[KIND_MAX_COLUMNS];
	uint64_t seen_mask;                  /* of columns of the kind in the file */
	uint64_t defaults[KIND_MAX_COLUMNS]; /* of the others */
	struct name_table device, source;
	char why[120]; /* of the last bad field */
};

/* ---- header ---- */

/* Next name of the header: its length, and *p after its comma or at the newline. */
static size_t next_name(const char **p, const char **name_out)
{
	const char *start = text_blanks(*p);
	size_t n = strcspn(start, ",\n");
	*p = start + n;
	if (**p == ',')
		(*p)++;
	while (n && *text_blanks(start + n - 1) != start[n - 1])
		n--;
	*name_out = start;
	return n;
}

static int find_column(const struct kind *k, const char *name, size_t n)
{
	char word[NAME_BYTES];

	if (!n || n >= sizeof(word))
		return -1;
	memcpy(word, name, n);
	word[n] = '\0';
	return kind_column_find(k, word);
}

/* Columns of k that the header names as a set of bits; 0 where it names another, or one twice. */
static uint64_t header_mask(const struct kind *k, const char *line)
{
	uint64_t mask = 0;

	while (*line != '\n') {
		const char *name;
		const size_t n = next_name(&line, &name);
		const int i = find_column(k, name, n);
		if (i < 0 || mask >> i & 1)
			return 0;
		mask |= UINT64_C(1) << i;
	}
	return mask & 1 ? mask : 0; /* column 0: ts_ns */
}

/*
 * The kind of a header: the one whose columns are all there, else dma, else the
 * only one that fits. NULL for none; *nfit_out tells how many would.
 */
static const struct kind *find_kind(const char *line, unsigned *nfit_out)
{
	const struct kind *fit = NULL;

	*nfit_out = 0;
	for (size_t i = 0; i < KIND_COUNT; i++) {
		const uint64_t mask = header_mask(&kinds[i], line);
		if (!mask || !(mask & (mask - 1)))
			continue;
		if (mask == (UINT64_C(1) << kinds[i].ncolumns) - 1)
			return &kinds[i];
		if (!fit)
			fit = &kinds[i];
		++*nfit_out;
	}
	return *nfit_out == 1 || (fit && fit->id == KIND_DMA) ? fit : NULL;
}

/* `# kind: NAME`, or NULL */
static const struct kind *named_kind(const char *line)
{
	char name[16];

	return sscanf(line, "# kind: %15[a-z]", name) == 1 ? kind_find(name) : NULL;
}

struct header {
	const struct kind *kind; /* NULL: not found */
	unsigned nfit;
	uint64_t lines; /* up to the header, it included */
	size_t bytes;
	char line[sizeof(((struct text_head *)0)->line)];
};

static void read_header(const uint8_t *head, size_t n, bool is_whole, struct header *out)
{
	struct text_head h = {};
	const struct kind *told = NULL;

	*out = (struct header){};
	while (text_head_next(&h, head, n, is_whole)) {
		const char *p = text_blanks(h.line);
		out->lines++;
		if (*p == '#' && named_kind(p))
			told = named_kind(p);
		if (*p == '\n' || *p == '#')
			continue;
		memcpy(out->line, h.line, sizeof(out->line));
		out->bytes = h.at < n ? h.at : n;
		out->kind = find_kind(p, &out->nfit);
		if (told)
			out->kind = header_mask(told, p) ? told : NULL;
		return;
	}
}

static int sniff(const uint8_t *head, size_t n, bool is_whole)
{
	struct header h;

	read_header(head, n, is_whole, &h);
	return h.kind ? 92 : h.nfit ? 50 : 0;
}

/* ---- defaults ---- */

static uint64_t default_of(const struct kind *k, const struct kind_column *c,
			   const struct import_options *options)
{
	if (c->is_nullable)
		return kind_null(c->width_bytes);
	if (!strcmp(c->name, "as"))
		return options ? options->as : AS_PA;
	if (k->id == KIND_DMA && !strcmp(c->name, "op"))
		return DMA_ACCESS;
	return !strcmp(c->name, "npages") || (k->id == KIND_CPU && !strcmp(c->name, "count"));
}

static void prepare(struct table *t, const struct header *h, const struct import_options *options)
{
	const char *p = h->line;

	t->kind = h->kind;
	while (*p != '\n') {
		const char *name;
		const size_t n = next_name(&p, &name);
		const unsigned i = (unsigned)find_column(t->kind, name, n);
		const struct kind_column *c = &t->kind->columns[i];
		struct field *f = &t->fields[t->nfields++];
		*f = (struct field){ .column = c, .index = i, .most = kind_null(c->width_bytes) };
		if ((int)i == t->kind->dev)
			f->role = ROLE_DEVICE;
		else if (!strcmp(c->name, "source"))
			f->role = ROLE_SOURCE;
		t->seen_mask |= UINT64_C(1) << i;
	}
	for (unsigned i = 0; i < t->kind->ncolumns; i++)
		t->defaults[i] = default_of(t->kind, &t->kind->columns[i], options);
}

/* Pages and bytes of a dma row follow from each other. */
static void complete_dma(const struct table *t, uint64_t *v)
{
	const bool has_npages = t->seen_mask >> DMA_COL_npages & 1;
	const bool has_bytes = t->seen_mask >> DMA_COL_bytes & 1;

	if (!has_npages && has_bytes) {
		uint64_t end;
		if (__builtin_add_overflow(v[DMA_COL_offset], v[DMA_COL_bytes], &end))
			end = UINT64_MAX;
		const uint64_t pages = (end >> PAGE_SHIFT) + !!(end & (PAGE_BYTES - 1));
		v[DMA_COL_npages] = pages > UINT32_MAX ? UINT32_MAX : pages ? pages : 1;
	}
	if (!has_bytes) {
		const uint64_t span = v[DMA_COL_npages] << PAGE_SHIFT;
		v[DMA_COL_bytes] = span > v[DMA_COL_offset] ? span - v[DMA_COL_offset] : 0;
	}
}

/* ---- fields ---- */

static int ask_number(struct import *im, enum field_role role, const char *name,
		      uint16_t *number_out, struct err *e)
{
	if (role == ROLE_SOURCE)
		return trace_writer_source(im->w, name, NULL, number_out, e);
	const struct trace_device device = { .bdf = name, .class = "other" };
	return trace_writer_device(im->w, &device, number_out, e);
}

static int number_of_name(struct import *im, struct name_table *t, enum field_role role,
			  const char *name, size_t n, uint16_t *number_out, struct err *e)
{
	for (unsigned i = 0; i < t->ncached; i++)
		if (!strncmp(t->cached[i].name, name, n) && !t->cached[i].name[n]) {
			*number_out = t->cached[i].number;
			return 0;
		}

	char word[NAME_BYTES] = "";
	memcpy(word, name, n);
	const int rc = ask_number(im, role, word, number_out, e);
	if (!rc && t->ncached < NAMES_CACHED) {
		memcpy(t->cached[t->ncached].name, word, sizeof(word));
		t->cached[t->ncached++].number = *number_out;
	}
	return rc;
}

/* A number stays what it is; names are made up for it and those below it. */
static int know_number(struct import *im, struct name_table *t, enum field_role role, uint64_t n,
		       struct err *e)
{
	while (t->nknown <= n) {
		char word[NAME_BYTES];
		uint16_t number;
		snprintf(word, sizeof(word), "%s%" PRIu32, role == ROLE_SOURCE ? "source" : "dev",
			 t->nknown);
		const int rc = ask_number(im, role, word, &number, e);
		if (rc)
			return rc;
		t->nknown = number >= t->nknown ? number + 1U : t->nknown + 1;
	}
	return 0;
}

static const char *scan_number(const char *p, uint64_t *out)
{
	if (p[0] == '0' && (p[1] | 0x20) == 'x')
		return text_hex(p + 2, out);
	return text_decimal(p, out);
}

static bool is_field_end(const char *p)
{
	return *p == ',' || *p == '\n';
}

/* A field that is no plain number: a name, NULL, or bad (false, and t->why). */
static int name_field(struct import *im, struct table *t, const struct field *f, const char *p,
		      size_t n, uint64_t *out, struct err *e)
{
	const struct kind_column *c = f->column;

	if (!n || (n == 4 && !strncasecmp(p, "null", 4))) {
		*out = kind_null(c->width_bytes);
		return c->is_nullable;
	}
	for (int i = 0; c->names && c->names[i]; i++)
		if (!strncmp(c->names[i], p, n) && !c->names[i][n]) {
			*out = (uint64_t)i;
			return 1;
		}
	if (f->role == ROLE_NUMBER || n >= NAME_BYTES)
		return 0;
	uint16_t number = 0;
	const int rc = number_of_name(im, f->role == ROLE_DEVICE ? &t->device : &t->source, f->role,
				      p, n, &number, e);
	*out = number;
	return rc == ERR_FORMAT ? 0 : rc ? rc : 1; /* ERR_FORMAT: too many names */
}

static int number_field(struct import *im, struct table *t, const struct field *f, uint64_t *v,
			struct err *e)
{
	const struct kind_column *c = f->column;

	if (*v > f->most)
		return 0;
	for (uint64_t i = 0; c->names && i <= *v; i++)
		if (!c->names[i])
			return 0;
	if (f->role == ROLE_NUMBER || (c->is_nullable && *v == f->most))
		return 1;
	const int rc =
		know_number(im, f->role == ROLE_DEVICE ? &t->device : &t->source, f->role, *v, e);
	return rc ? rc : 1;
}

/* What a bad field should have been */
static void explain(struct table *t, const struct field *f)
{
	const struct kind_column *c = f->column;
	size_t n = (size_t)snprintf(t->why, sizeof(t->why), "column %s: expected ", c->sql_name);

	for (unsigned i = 0; c->names && c->names[i] && n < sizeof(t->why); i++)
		n += (size_t)snprintf(t->why + n, sizeof(t->why) - n, "%s%s", i ? ", " : "",
				      c->names[i]);
	if (!c->names)
		snprintf(t->why + n, sizeof(t->why) - n, "%s number up to %" PRIu64,
			 f->role == ROLE_NUMBER ? "a" : "a name or a", f->most);
}

/* One field: 1 and *p at its comma or newline, 0 and t->why when bad, or an error. */
static int scan_field(struct import *im, struct table *t, const struct field *f, const char **p,
		      uint64_t *out, struct err *e)
{
	const char *start = text_blanks(*p);
	const char *q = scan_number(start, out);
	if (q && !is_field_end(q))
		q = text_blanks(q);

	int rc;
	if (q && is_field_end(q)) {
		*p = q;
		rc = number_field(im, t, f, out, e);
	} else {
		size_t n = strcspn(start, ",\n");
		*p = start + n;
		while (n && (start[n - 1] == ' ' || start[n - 1] == '\t' || start[n - 1] == '\r'))
			n--;
		rc = name_field(im, t, f, start, n, out, e);
	}
	if (!rc)
		explain(t, f);
	return rc;
}

/* Fills v from a line: 1, 0 when the line is bad, or an error. */
static int scan_line(struct import *im, struct table *t, const char *p, uint64_t *v, struct err *e)
{
	memcpy(v, t->defaults, sizeof(t->defaults));
	for (unsigned i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];
		const int rc = scan_field(im, t, f, &p, &v[f->index], e);
		if (rc <= 0)
			return rc;
		if (*p != (i + 1 < t->nfields ? ',' : '\n')) {
			snprintf(t->why, sizeof(t->why), "expected %u columns, as in the header",
				 t->nfields);
			return 0;
		}
		p++;
	}
	if (t->kind->id == KIND_DMA)
		complete_dma(t, v);
	if (v[0] < im->at.last_ns) {
		snprintf(t->why, sizeof(t->why),
			 "time goes backwards: %" PRIu64 " ns after %" PRIu64, v[0],
			 im->at.last_ns);
		return 0;
	}
	return 1;
}

/* ---- rows ---- */

static int put_block(struct import *im, struct table *t, struct trace_stream *s, const char *p,
		     const char *end, struct err *e)
{
	struct import_cursor *at = &im->at;
	const char *const block = p;
	uint64_t v[KIND_MAX_COLUMNS];

	for (const char *line = p; line < end; line = p, at->line++) {
		p = text_next_line(line);
		const char *first = text_blanks(line);
		if (*first == '\n' || *first == '#')
			continue;
		int rc = scan_line(im, t, first, v, e);
		if (rc < 0)
			return rc;
		if (!rc) {
			import_bad_line(im, at->line + 1, t->why);
			continue;
		}
		rc = import_before_put(im, s, im->block_offset + (uint64_t)(line - block));
		if (!rc)
			rc = trace_stream_put(s, v, e);
		if (rc)
			return rc;
		at->last_ns = v[0];
		at->stored++;
	}
	return 0;
}

/* Devices and sources that rows without such a column belong to. */
static int default_names(struct import *im, struct table *t, struct err *e)
{
	const int source = kind_column_find(t->kind, "source");
	uint16_t number = 0;
	int rc = 0;

	if (t->kind->dev >= 0 && !(t->seen_mask >> t->kind->dev & 1)) {
		rc = ask_number(im, ROLE_DEVICE, "csv", &number, e);
		t->defaults[t->kind->dev] = number;
	}
	if (!rc && source >= 0) { /* also tells where the writer's numbers begin */
		rc = ask_number(im, ROLE_SOURCE, "csv", &number, e);
		t->defaults[source] = number;
		t->source.nknown = number + 1U;
	}
	return rc;
}

static int start(struct import *im, struct table *t, struct err *e)
{
	const uint8_t *head;
	size_t n;
	int rc = input_peek(im->in, &head, &n, e);
	if (rc)
		return rc;

	struct header h;
	read_header(head, n, n < INPUT_PEEK_BYTES, &h);
	if (!h.kind && h.nfit > 1)
		return err_set(e, ERR_UNUSABLE,
			       "%s: line %" PRIu64 ": the columns fit %u kinds: add a line "
			       "'# kind: NAME' before them",
			       input_name(im->in), h.lines, h.nfit);
	if (!h.kind)
		return err_set(e, ERR_UNUSABLE,
			       "%s: line %" PRIu64 ": expected a header with ts_ns and other "
			       "columns of one kind",
			       input_name(im->in), h.lines);
	prepare(t, &h, im->options);
	rc = default_names(im, t, e);
	if (rc || im->resume_offset)
		return rc ? rc : import_begin(im, e);
	im->at.line = h.lines;
	return input_skip_to(im->in, h.bytes, e);
}

static int run(struct import *im, struct err *e)
{
	struct table *t = calloc(1, sizeof(*t));
	struct trace_stream *s = NULL;
	if (!t)
		return err_set(e, ERR_NOMEM, "out of memory");

	const char *p, *end;
	int rc = start(im, t, e);
	if (!rc)
		rc = trace_writer_stream(im->w, t->kind->id, &s, e);
	while (!rc && (rc = import_lines(im, &p, &end, e)) > 0)
		rc = put_block(im, t, s, p, end, e);
	if (!rc)
		rc = import_end(im, t->kind->name, e);
	free(t);
	return rc;
}

const struct importer import_csv = {
	.name = "csv",
	.summary = "csv with columns of one kind, as export -f csv writes",
	.extensions = "csv",
	.sniff = sniff,
	.run = run,
	.is_seekable = true,
	.is_appendable = true,
};
