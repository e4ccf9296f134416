// SPDX-License-Identifier: MIT
/* Line parser for tracefs `format` files: see the header for what is read and what is ignored. */
#include "collect/evformat.h"

#include <ctype.h>
#include <string.h>

struct span {
	const char *p, *end;
};

/* Cuts the next line off text; false at the end. */
static bool next_line(struct span *text, struct span *line)
{
	if (text->p == text->end)
		return false;

	const char *nl = memchr(text->p, '\n', (size_t)(text->end - text->p));
	*line = (struct span){ text->p, nl ? nl : text->end };
	text->p = nl ? nl + 1 : text->end;
	return true;
}

static void skip_space(struct span *s)
{
	while (s->p < s->end && isspace((unsigned char)*s->p))
		s->p++;
}

static bool skip_word(struct span *s, const char *word)
{
	const size_t n = strlen(word);
	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n))
		return false;
	s->p += n;
	return true;
}

/* A decimal number below 2^32; leaves s behind it. */
static bool read_number(struct span *s, uint32_t *out)
{
	uint64_t v = 0;
	const char *first = s->p;

	for (; s->p < s->end && isdigit((unsigned char)*s->p); s->p++) {
		v = v * 10 + (uint64_t)(*s->p - '0');
		if (v > UINT32_MAX)
			return false;
	}
	*out = (uint32_t)v;
	return s->p > first;
}

static void copy_name(char *dst, size_t cap, struct span s)
{
	size_t n = (size_t)(s.end - s.p);
	if (n >= cap)
		n = cap - 1;
	memcpy(dst, s.p, n);
	dst[n] = 0;
}

/* `key:N;` with blanks around it */
static bool read_attribute(struct span *s, const char *key, uint32_t *out)
{
	skip_space(s);
	struct span probe = *s;
	if (!skip_word(&probe, key) || !read_number(&probe, out))
		return false;
	if (probe.p < probe.end && *probe.p == ';')
		probe.p++;
	*s = probe;
	return true;
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool type_has(struct span type, const char *word)
{
	const size_t n = strlen(word);
	for (const char *p = type.p; (size_t)(type.end - p) >= n; p++)
		if (!memcmp(p, word, n) && (p == type.p || !is_name_char(p[-1])) &&
		    (p + n == type.end || !is_name_char(p[n])))
			return true;
	return false;
}

/* Element size of a dynamic array by its type's name; the kernel writes C types and its own. */
static uint16_t element_bytes(struct span type)
{
	static const struct {
		const char *word;
		uint16_t bytes;
	} known[] = {
		{ "u64", 8 },      { "s64", 8 },  { "__u64", 8 }, { "dma_addr_t", 8 },
		{ "long", 8 },     { "u32", 4 },  { "s32", 4 },   { "__u32", 4 },
		{ "short", 2 },    { "u16", 2 },  { "__u16", 2 }, { "char", 1 },
		{ "u8", 1 },       { "__u8", 1 }, { "bool", 1 },  { "int", 4 },
		{ "unsigned", 4 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (type_has(type, known[i].word))
			return known[i].bytes;
	return 0;
}

/*
 * TYPE NAME, TYPE NAME[N] or `__data_loc TYPE[] NAME`: the name is the last
 * identifier that does not stand inside brackets.
 */
static bool read_declaration(struct span decl, struct evfield *f, char *name_out)
{
	while (decl.p < decl.end && isspace((unsigned char)decl.end[-1]))
		decl.end--;

	struct span name = decl, count = { decl.end, decl.end };
	bool has_count = false;
	if (name.p < name.end && name.end[-1] == ']') {
		const char *open = memrchr(name.p, '[', (size_t)(name.end - name.p));
		if (!open)
			return false;
		count = (struct span){ open + 1, name.end - 1 };
		has_count = true;
		name.end = open;
	}
	while (name.p < name.end && isspace((unsigned char)name.end[-1]))
		name.end--;
	const char *first = name.end;
	while (first > name.p && is_name_char(first[-1]))
		first--;
	if (first == name.end)
		return false;

	const struct span type = { decl.p, first };
	copy_name(name_out, EVFIELD_NAME_BYTES, (struct span){ first, name.end });
	f->kind = type_has(type, "__data_loc")  ? EVFIELD_DATA_LOC
		  : type_has(type, "__rel_loc") ? EVFIELD_REL_LOC
						: EVFIELD_PLAIN;
	f->is_array = has_count || memchr(type.p, '[', (size_t)(type.end - type.p));
	if (f->kind != EVFIELD_PLAIN) {
		f->elem_bytes = element_bytes(type);
	} else if (has_count) {
		uint32_t n;
		if (read_number(&count, &n) && n && f->size % n == 0 && f->size / n <= 64)
			f->elem_bytes = (uint16_t)(f->size / n);
		else
			f->elem_bytes = element_bytes(type);
	}
	return true;
}

/* line stands behind `field:` */
static int read_field(struct span line, unsigned line_no, struct evformat *out, struct err *e)
{
	const char *semi = memchr(line.p, ';', (size_t)(line.end - line.p));
	if (!semi)
		return err_set(e, ERR_FORMAT, "line %u: field without ';'", line_no);

	struct span rest = { semi + 1, line.end };
	struct evfield f = {};
	uint32_t is_signed = 0;
	if (!read_attribute(&rest, "offset:", &f.offset) ||
	    !read_attribute(&rest, "size:", &f.size))
		return err_set(e, ERR_FORMAT, "line %u: expected offset:N; size:N;", line_no);
	read_attribute(&rest, "signed:", &is_signed); /* kernels before 2.6.33 have none */
	f.is_signed = is_signed != 0;
	if (f.offset > EVFIELD_END_MAX || f.size > EVFIELD_END_MAX - f.offset)
		return err_set(e, ERR_FORMAT,
			       "line %u: field ends at byte %llu, at most %u expected", line_no,
			       (unsigned long long)f.offset + f.size, EVFIELD_END_MAX);
	char name[EVFIELD_NAME_BYTES];
	if (!read_declaration((struct span){ line.p, semi }, &f, name))
		return err_set(e, ERR_FORMAT, "line %u: field without a name", line_no);

	if (out->nfields == EVFORMAT_FIELDS_MAX) {
		out->fields_left_out++;
	} else {
		memcpy(out->names[out->nfields], name, sizeof(name));
		out->fields[out->nfields++] = f;
	}
	return 0;
}

int evformat_parse(const char *text, size_t n, struct evformat *out, struct err *e)
{
	struct span rest = { text, text + n }, line;

	out->name[0] = 0;
	out->id = UINT32_MAX;
	out->nfields = out->fields_left_out = 0;
	for (unsigned line_no = 1; next_line(&rest, &line); line_no++) {
		skip_space(&line);
		if (skip_word(&line, "field:")) {
			const int rc = read_field(line, line_no, out, e);
			if (rc)
				return rc;
		} else if (skip_word(&line, "name:")) {
			skip_space(&line);
			while (line.p < line.end && isspace((unsigned char)line.end[-1]))
				line.end--;
			copy_name(out->name, sizeof(out->name), line);
		} else if (skip_word(&line, "ID:")) {
			skip_space(&line);
			if (!read_number(&line, &out->id))
				return err_set(e, ERR_FORMAT, "line %u: ID is not a number",
					       line_no);
		} else if (skip_word(&line, "print fmt:")) {
			break; /* the last thing in the file, and nothing we want */
		}
	}
	return 0;
}

const struct evfield *evformat_find(const struct evformat *f, const char *name)
{
	for (uint32_t i = 0; i < f->nfields; i++)
		if (!strcmp(f->names[i], name))
			return &f->fields[i];
	return NULL;
}

bool evfield_string(const struct evfield *f, const uint8_t *rec, size_t n, const char **s_out,
		    size_t *len_out)
{
	const uint8_t *p;
	size_t len;

	if (!evfield_bytes(f, rec, n, &p, &len))
		return false;
	*s_out = (const char *)p;
	*len_out = strnlen((const char *)p, len);
	return true;
}
