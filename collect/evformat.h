// SPDX-License-Identifier: MIT
/*
 * Event formats: the `format` files of the kernel's tracefs, which say where
 * each field of a record lies. Only the lines `name:`, `ID:` and
 *
 *	field:TYPE NAME; offset:N; size:N; signed:N;
 *
 * are read. The print format is ignored: kernels since 6.12 write expressions
 * there that no other parser takes either. Nothing here allocates; every
 * getter checks the record's length before it touches it. Little endian only.
 *
 * Source: Documentation/trace/events.rst and the `__data_loc`, `__rel_loc`
 * conventions of include/trace/stages.
 */
#ifndef PUGMARK_COLLECT_EVFORMAT_H
#define PUGMARK_COLLECT_EVFORMAT_H

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	EVFIELD_NAME_BYTES = 40,   /* with the terminating 0; longer names are cut */
	EVFORMAT_NAME_BYTES = 64,  /* likewise */
	EVFORMAT_FIELDS_MAX = 96,  /* what lies beyond is counted and left out */
	EVFIELD_END_MAX = 1 << 20, /* no page of a ring buffer is larger */
};

enum evfield_kind {
	EVFIELD_PLAIN,    /* size bytes at offset */
	EVFIELD_DATA_LOC, /* u32 at offset: length << 16 | offset within the record */
	EVFIELD_REL_LOC,  /* the same, but counted from the end of the u32 */
};

struct evfield {
	uint32_t offset, size; /* bytes, within the record */
	uint16_t elem_bytes;   /* of an array's element; 0: not known */
	uint8_t kind;          /* enum evfield_kind */
	bool is_signed, is_array;
};

struct evformat {
	char name[EVFORMAT_NAME_BYTES]; /* "" in header_page */
	uint32_t id;                    /* UINT32_MAX when there is no ID line */
	uint32_t nfields, fields_left_out;
	struct evfield fields[EVFORMAT_FIELDS_MAX];
	char names[EVFORMAT_FIELDS_MAX][EVFIELD_NAME_BYTES]; /* of the fields */
};

/* Reads n bytes of text. ERR_FORMAT names the line that is not as expected. */
int evformat_parse(const char *text, size_t n, struct evformat *out, struct err *e);

/* NULL when there is no such field. */
const struct evfield *evformat_find(const struct evformat *f, const char *name);

/* A plain number of 1, 2, 4 or 8 bytes, sign extended where signed; false when it does not fit. */
static inline bool evfield_u64(const struct evfield *f, const uint8_t *rec, size_t n, uint64_t *out)
{
	if (f->offset > n || n - f->offset < f->size)
		return false;

	const uint8_t *p = rec + f->offset;
	switch (f->size) {
	case 1:
		*out = f->is_signed ? (uint64_t)(int64_t)(int8_t)*p : *p;
		return true;
	case 2:
		*out = f->is_signed ? (uint64_t)(int64_t)(int16_t)le16_get(p) : le16_get(p);
		return true;
	case 4:
		*out = f->is_signed ? (uint64_t)(int64_t)(int32_t)le32_get(p) : le32_get(p);
		return true;
	case 8:
		*out = le64_get(p);
		return true;
	default:
		return false;
	}
}

/*
 * The bytes of a fixed array or of what a __data_loc or __rel_loc points at,
 * borrowed from the record; false when they do not lie inside it.
 */
static inline bool evfield_bytes(const struct evfield *f, const uint8_t *rec, size_t n,
				 const uint8_t **p_out, size_t *len_out)
{
	if (f->offset > n || n - f->offset < f->size)
		return false;
	if (f->kind == EVFIELD_PLAIN) {
		*p_out = rec + f->offset;
		*len_out = f->size;
		return true;
	}
	if (f->size != 4)
		return false;

	const uint32_t loc = le32_get(rec + f->offset);
	const size_t base = f->kind == EVFIELD_REL_LOC ? (size_t)f->offset + 4 : 0;
	const size_t at = base + (loc & 0xffff), len = loc >> 16;
	if (at > n || n - at < len)
		return false;
	*p_out = rec + at;
	*len_out = len;
	return true;
}

/*
 * A string field: *len_out excludes the terminating 0, which may be missing.
 * Borrowed from the record; false when it does not lie inside it.
 */
bool evfield_string(const struct evfield *f, const uint8_t *rec, size_t n, const char **s_out,
		    size_t *len_out);

#endif
