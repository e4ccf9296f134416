// SPDX-License-Identifier: MIT
/*
 * What a perf.data says beside its samples: events with their numbers, names,
 * formats of tracepoints, host and clocks. In the file form it stands in
 * sections before and (features) behind the records, in the pipe form in
 * records of their own.
 */
#include "collect/perfdata-impl.h"

#include "collect/tracedat-impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FILE_HEADER_BYTES = 104,
	PIPE_HEADER_BYTES = 16,
	ATTR_ENTRY_BYTES = 16, /* offset and size of the numbers, behind each attribute */
	SECTION_BYTES = 16,
	FEATURE_BITS = 256,
	TRACING_DATA_MAX_EVENTS = 1 << 16,
	EVENT_UPDATE_NAME = 2,
	COMMAND_WORDS_MAX = 1 << 12,
};

enum feature {
	FEATURE_TRACING_DATA = 1,
	FEATURE_HOSTNAME = 3,
	FEATURE_OSRELEASE = 4,
	FEATURE_VERSION = 5,
	FEATURE_NRCPUS = 7,
	FEATURE_CPUDESC = 8,
	FEATURE_CMDLINE = 11,
	FEATURE_EVENT_DESC = 12,
	FEATURE_CLOCK_DATA = 29,
};

const char perfdata_magic[PERFDATA_MAGIC_BYTES] = { 'P', 'E', 'R', 'F', 'I', 'L', 'E', '2' };
static const char magic_big[PERFDATA_MAGIC_BYTES] = { '2', 'E', 'L', 'I', 'F', 'R', 'E', 'P' };
static const char magic_old[PERFDATA_MAGIC_BYTES] = { 'P', 'E', 'R', 'F', 'F', 'I', 'L', 'E' };

/* ---- formats of tracepoints: what trace-cmd writes too ---- */

static int read_text(struct section *s, char *text, size_t *n_out, struct err *e)
{
	uint64_t size;
	int rc = section_u64(s, &size, e);
	if (rc)
		return rc;
	if (size > section_left(s))
		return err_set(e, ERR_FORMAT,
			       "byte %" PRIu64 ": a format of %" PRIu64 " bytes does not fit",
			       section_offset(s), size);
	*n_out = size < FORMAT_TEXT_MAX ? (size_t)size : FORMAT_TEXT_MAX;
	rc = section_read(s, text, *n_out, e);
	return rc ? rc : section_skip(s, size - *n_out, e);
}

static int read_system(struct perfdata *d, struct section *s, const char *system, char *text,
		       struct err *e)
{
	uint32_t count;
	int rc = section_u32(s, &count, e);
	if (!rc && count > TRACING_DATA_MAX_EVENTS)
		rc = err_set(e, ERR_FORMAT, "byte %" PRIu64 ": %u formats in one system",
			     section_offset(s), count);
	for (uint32_t i = 0; !rc && i < count; i++) {
		size_t n = 0;
		rc = read_text(s, text, &n, e);
		if (!rc)
			rc = d->h.format(d->h.ctx, system, text, n, e);
		if (!rc)
			d->info.has_formats = true;
	}
	return rc;
}

/* header_page and header_event describe ring buffers of ftrace, which are not in the file */
static int skip_header_file(struct section *s, char *text, struct err *e)
{
	char name[16];
	size_t n;
	const int rc = section_string(s, name, sizeof(name), e);
	return rc ? rc : read_text(s, text, &n, e);
}

static int read_tracing_section(struct perfdata *d, struct section *s, char *text, struct err *e)
{
	char version[16];
	uint8_t head[TRACEDAT_MAGIC_BYTES], order[6];
	uint32_t systems = 0;
	int rc = section_read(s, head, sizeof(head), e);
	if (!rc && memcmp(head, tracedat_magic, sizeof(head)))
		rc = err_set(e, ERR_FORMAT, "byte %" PRIu64 ": expected the formats of tracepoints",
			     s->begin);
	if (!rc)
		rc = section_string(s, version, sizeof(version), e);
	if (!rc) /* byte order, bytes of a long, bytes of a page */
		rc = section_read(s, order, sizeof(order), e);
	if (!rc)
		rc = skip_header_file(s, text, e);
	if (!rc)
		rc = skip_header_file(s, text, e);
	if (!rc)
		rc = read_system(d, s, "ftrace", text, e);
	if (!rc)
		rc = section_u32(s, &systems, e);
	for (uint32_t i = 0; !rc && i < systems; i++) {
		char name[PERFDATA_NAME_BYTES];
		rc = section_string(s, name, sizeof(name), e);
		if (!rc)
			rc = read_system(d, s, name, text, e);
	}
	return rc; /* symbols and process names follow */
}

/* Damaged formats are told; those in front of the damage are known. */
static int read_tracing_data(struct perfdata *d, uint64_t at, uint64_t n, struct err *e)
{
	struct section *s = malloc(sizeof(*s));
	char *text = malloc(FORMAT_TEXT_MAX);
	struct err why = {};
	int rc = ERR_NOMEM;
	if (s && text) {
		rc = section_open(s, d->in, at, at + n, NULL, &why);
		if (!rc)
			rc = read_tracing_section(d, s, text, &why);
	}
	free(text);
	free(s);
	if (rc == ERR_FORMAT) {
		d->h.damage(d->h.ctx, why.msg);
		return 0;
	}
	return rc ? err_set(e, rc, "%s", rc == ERR_NOMEM ? "no memory for formats" : why.msg) : 0;
}

/* ---- features ---- */

struct feature_bytes {
	const uint8_t *p, *end;
};

static bool take_u32(struct feature_bytes *f, uint32_t *out)
{
	if (f->end - f->p < 4)
		return false;
	*out = le32_get(f->p);
	f->p += 4;
	return true;
}

/* A length with its padding, then bytes that end with 0 somewhere. */
static bool take_string(struct feature_bytes *f, char *dst, size_t cap)
{
	uint32_t n;
	if (!take_u32(f, &n) || n > (size_t)(f->end - f->p))
		return false;
	snprintf(dst, cap, "%.*s", (int)strnlen((const char *)f->p, n), (const char *)f->p);
	f->p += n;
	return true;
}

static void read_command(struct perfdata *d, struct feature_bytes f)
{
	uint32_t words;
	size_t used = 0;
	char word[PERFDATA_TEXT_BYTES];
	if (!take_u32(&f, &words) || words > COMMAND_WORDS_MAX)
		return;
	for (uint32_t i = 0; i < words && take_string(&f, word, sizeof(word)); i++) {
		const int n = snprintf(d->info.command + used, sizeof(d->info.command) - used,
				       "%s%s", used ? " " : "", word);
		used += (size_t)n;
		if (used >= sizeof(d->info.command))
			return;
	}
}

/* Each event's attribute again, then its numbers and its name. */
static void read_event_names(struct perfdata *d, struct feature_bytes f)
{
	uint32_t events, attr_bytes, nids;
	if (!take_u32(&f, &events) || !take_u32(&f, &attr_bytes))
		return;
	for (uint32_t i = 0; i < events; i++) {
		char name[PERFDATA_NAME_BYTES];
		if ((size_t)(f.end - f.p) < attr_bytes)
			return;
		f.p += attr_bytes;
		if (!take_u32(&f, &nids) || !take_string(&f, name, sizeof(name)) ||
		    nids > (size_t)(f.end - f.p) / 8)
			return;
		struct perfdata_attr *a = i < d->nattrs ? &d->attrs[i] : NULL;
		const struct perfdata_id *known = nids ? perfdata_find_id(d, le64_get(f.p)) : NULL;
		if (known)
			a = &d->attrs[known->attr];
		if (a)
			memcpy(a->name, name, sizeof(a->name));
		f.p += 8 * (size_t)nids;
	}
}

static void read_clock_data(struct perfdata *d, const struct feature_bytes *f)
{
	if (f->end - f->p < 24) /* version, clock, wall, clock's time */
		return;
	d->info.has_wall = true;
	d->info.wall_ns = le64_get(f->p + 8);
	d->info.clock_ns = le64_get(f->p + 16);
}

static void read_feature(struct perfdata *d, uint64_t id, const uint8_t *p, size_t n)
{
	struct feature_bytes f = { p, p + n };
	uint32_t v;
	switch (id) {
	case FEATURE_HOSTNAME:
		take_string(&f, d->info.hostname, sizeof(d->info.hostname));
		break;
	case FEATURE_OSRELEASE:
		take_string(&f, d->info.kernel, sizeof(d->info.kernel));
		break;
	case FEATURE_VERSION:
		take_string(&f, d->info.writer, sizeof(d->info.writer));
		break;
	case FEATURE_CPUDESC:
		take_string(&f, d->info.cpu, sizeof(d->info.cpu));
		break;
	case FEATURE_NRCPUS: /* there are, online */
		if (take_u32(&f, &v) && take_u32(&f, &v))
			d->info.ncpus = v;
		break;
	case FEATURE_CMDLINE:
		read_command(d, f);
		break;
	case FEATURE_EVENT_DESC:
		read_event_names(d, f);
		break;
	case FEATURE_CLOCK_DATA:
		read_clock_data(d, &f);
		break;
	default:
		break;
	}
}

static bool is_wanted(unsigned id)
{
	static const uint8_t wanted[] = { FEATURE_HOSTNAME,   FEATURE_OSRELEASE, FEATURE_VERSION,
					  FEATURE_NRCPUS,     FEATURE_CPUDESC,   FEATURE_CMDLINE,
					  FEATURE_EVENT_DESC, FEATURE_CLOCK_DATA };
	return memchr(wanted, (int)id, sizeof(wanted)) != NULL;
}

static int read_feature_section(struct perfdata *d, unsigned id, uint64_t at, uint64_t n,
				struct err *e)
{
	if (at > d->size || n > d->size - at) {
		perfdata_damage(d, at < d->size ? at : d->size,
				"section %u of %" PRIu64 " bytes does not fit into the file", id,
				n);
		if (at > d->size)
			return 0;
		n = d->size - at;
	}
	if (id == FEATURE_TRACING_DATA)
		return read_tracing_data(d, at, n, e);
	if (!is_wanted(id) || !n)
		return 0;

	/* the largest of them are names of events; longer ones are cut */
	const size_t most = (size_t)1 << 18;
	const uint8_t *p = perfdata_window(d, at, n < most ? (size_t)n : most, e);
	if (!p)
		return e->code;
	read_feature(d, id, p, n < most ? (size_t)n : most);
	return 0;
}

/* Behind the records: a table of sections, one for each bit that is set. */
static int read_features(struct perfdata *d, const uint8_t *bits, struct err *e)
{
	uint64_t at = d->end;
	for (unsigned id = 0; id < FEATURE_BITS; id++) {
		if (!(bits[id / 8] >> id % 8 & 1))
			continue;
		if (at > d->size || d->size - at < SECTION_BYTES) {
			perfdata_damage(d, d->size,
					"the file ends here, before what perf tells of events and "
					"host (formats of tracepoints among it)");
			return 0;
		}
		uint8_t entry[SECTION_BYTES];
		int rc = input_pread(d->in, entry, sizeof(entry), at, e);
		if (!rc)
			rc = read_feature_section(d, id, le64_get(entry), le64_get(entry + 8), e);
		if (rc)
			return rc;
		at += SECTION_BYTES;
	}
	return 0;
}

/* ---- the file form ---- */

static int read_ids(struct perfdata *d, uint32_t attr, uint64_t at, uint64_t n, struct err *e)
{
	if (at > d->size || n > d->size - at) {
		perfdata_damage(d, at < d->size ? at : d->size,
				"the numbers of event %u do not fit into the file", attr);
		return 0;
	}
	for (uint64_t i = 0; i + 8 <= n; i += 8) {
		const uint8_t *p = perfdata_window(d, at + i, 8, e);
		const int rc = p ? perfdata_add_id(d, le64_get(p), attr, e) : e->code;
		if (rc)
			return rc;
	}
	return 0;
}

static int read_attrs(struct perfdata *d, uint64_t at, uint64_t n, uint64_t entry_bytes,
		      struct err *e)
{
	if (at > d->size || n > d->size - at)
		return err_set(e, ERR_FORMAT,
			       "byte %" PRIu64 ": cut short inside its list of events", d->size);
	if (entry_bytes <= ATTR_ENTRY_BYTES || entry_bytes > PERFDATA_RECORD_MAX)
		return err_set(e, ERR_FORMAT, "byte 16: an event of %" PRIu64 " bytes",
			       entry_bytes);
	for (uint64_t i = 0; i + entry_bytes <= n; i += entry_bytes) {
		uint8_t ids[ATTR_ENTRY_BYTES];
		uint32_t index;
		const uint8_t *p = perfdata_window(d, at + i, (size_t)entry_bytes, e);
		if (!p)
			return e->code;
		const size_t attr_bytes = (size_t)entry_bytes - ATTR_ENTRY_BYTES;
		memcpy(ids, p + attr_bytes, sizeof(ids));
		int rc = perfdata_add_attr(d, p, attr_bytes, &index, e);
		if (!rc)
			rc = read_ids(d, index, le64_get(ids), le64_get(ids + 8), e);
		if (rc)
			return rc;
	}
	return 0;
}

static int read_file_form(struct perfdata *d, const uint8_t *header, struct err *e)
{
	const uint64_t entry_bytes = le64_get(header + 16);
	const uint64_t data_at = le64_get(header + 40), data_bytes = le64_get(header + 48);
	int rc = read_attrs(d, le64_get(header + 24), le64_get(header + 32), entry_bytes, e);
	if (rc)
		return rc;
	if (!d->nattrs)
		return err_set(e, ERR_FORMAT, "byte 24: its list of events is empty");
	if (data_at > d->size || data_at < PIPE_HEADER_BYTES)
		return err_set(e, ERR_FORMAT,
			       "byte %" PRIu64 ": cut short: its records begin at byte %" PRIu64,
			       d->size, data_at);
	d->pos = data_at;
	if (!data_bytes || data_bytes > d->size - data_at) {
		d->end = d->size;
		perfdata_damage(d, d->size,
				data_bytes ? "the file ends here, %" PRIu64 " of %" PRIu64
					     " bytes of records are in it"
					   : "perf did not end this file: read up to here (%" PRIu64
					     " bytes)",
				d->end - d->pos, data_bytes);
		return 0; /* features would stand behind */
	}
	d->end = data_at + data_bytes;
	return read_features(d, header + 72, e);
}

int perfdata_read_meta(struct perfdata *d, struct err *e)
{
	uint8_t header[FILE_HEADER_BYTES] = {};
	const size_t n = d->size < sizeof(header) ? (size_t)d->size : sizeof(header);
	int rc = input_pread(d->in, header, n, 0, e);
	if (rc)
		return rc;
	if (!memcmp(header, magic_big, sizeof(magic_big)))
		return err_set(e, ERR_FORMAT, "a big-endian machine's recording: not supported");
	if (!memcmp(header, magic_old, sizeof(magic_old)))
		return err_set(e, ERR_FORMAT, "a recording of perf before 2.6.38: not supported");
	if (n < PIPE_HEADER_BYTES || memcmp(header, perfdata_magic, sizeof(perfdata_magic)))
		return err_set(e, ERR_FORMAT, "is not a perf.data, or cut short");

	const uint64_t header_bytes = le64_get(header + 8);
	if (header_bytes == PIPE_HEADER_BYTES) {
		d->info.is_pipe = true;
		d->pos = PIPE_HEADER_BYTES;
		d->end = d->size;
	} else if (header_bytes != FILE_HEADER_BYTES || n < FILE_HEADER_BYTES) {
		return err_set(e, ERR_FORMAT,
			       "byte 8: a header of %" PRIu64 " bytes, or cut short: %u or %u "
			       "expected",
			       header_bytes, PIPE_HEADER_BYTES, FILE_HEADER_BYTES);
	} else {
		rc = read_file_form(d, header, e);
	}
	d->info.data_bytes = d->end - d->pos;
	return rc;
}

/* ---- records that say something ---- */

static int on_attr(struct perfdata *d, const struct perfdata_record *r, struct err *e)
{
	struct err why = {};
	uint32_t index = 0;
	if (!d->info.is_pipe)
		return 0;
	const size_t room = (size_t)r->size - PERFDATA_HEAD_BYTES;
	const uint8_t *p = r->p + PERFDATA_HEAD_BYTES;
	const size_t attr_bytes = room >= 8 ? le32_get(p + 4) : 0;
	int rc = attr_bytes > room ? err_set(&why, ERR_FORMAT, "an event of %zu bytes", attr_bytes)
				   : perfdata_add_attr(d, p, attr_bytes, &index, &why);
	for (size_t i = attr_bytes; !rc && i + 8 <= room; i += 8)
		rc = perfdata_add_id(d, le64_get(p + i), index, &why);
	if (rc == ERR_FORMAT) {
		perfdata_damage(d, r->at, "%s", why.msg);
		return 0;
	}
	return rc ? err_set(e, rc, "%s", why.msg) : 0;
}

/* Its data follow the record, up to the next multiple of 8. */
static int on_tracing_data(struct perfdata *d, const struct perfdata_record *r, struct err *e)
{
	uint64_t n = r->size >= PERFDATA_HEAD_BYTES + 4 ? le32_get(r->p + 8) : 0;
	const uint64_t at = d->pos;
	if (!d->info.is_pipe)
		return 0;
	if (n > d->end - at) {
		perfdata_damage(d, r->at,
				"formats of %" PRIu64 " bytes, the file ends after %" PRIu64, n,
				d->end - at);
		n = d->end - at;
	}
	const uint64_t padded = (n + 7) & ~UINT64_C(7);
	d->pos = padded > d->end - at ? d->end : at + padded;
	return read_tracing_data(d, at, n, e);
}

static void on_event_update(struct perfdata *d, const struct perfdata_record *r)
{
	const size_t head = PERFDATA_HEAD_BYTES + 16; /* what, which event, then the text */
	if (r->size <= head || le64_get(r->p + 8) != EVENT_UPDATE_NAME)
		return;
	const struct perfdata_id *id = perfdata_find_id(d, le64_get(r->p + 16));
	if (!id)
		return;
	struct perfdata_attr *a = &d->attrs[id->attr];
	snprintf(a->name, sizeof(a->name), "%.*s",
		 (int)strnlen((const char *)r->p + head, (size_t)r->size - head),
		 (const char *)r->p + head);
}

static void on_time_conv(struct perfdata *d, const struct perfdata_record *r)
{
	if (r->size < PERFDATA_HEAD_BYTES + 24)
		return;
	d->info.has_tsc = true;
	d->info.tsc_shift = le64_get(r->p + 8);
	d->info.tsc_mult = le64_get(r->p + 16);
	d->info.tsc_zero = le64_get(r->p + 24);
}

int perfdata_read_meta_record(struct perfdata *d, const struct perfdata_record *r, struct err *e)
{
	switch (r->type) {
	case RECORD_ATTR:
		return on_attr(d, r, e);
	case RECORD_TRACING_DATA:
		return on_tracing_data(d, r, e);
	case RECORD_EVENT_UPDATE:
		on_event_update(d, r);
		return 0;
	case RECORD_TIME_CONV:
		on_time_conv(d, r);
		return 0;
	case RECORD_FEATURE:
		if (d->info.is_pipe && r->size >= PERFDATA_HEAD_BYTES + 8)
			read_feature(d, le64_get(r->p + 8), r->p + 16, (size_t)r->size - 16);
		return 0;
	default:
		return 0;
	}
}
