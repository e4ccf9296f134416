// SPDX-License-Identifier: MIT
/*
 * Everything in a trace.dat that is not a record: the initial header, header
 * page, event formats, options, and where the data of each CPU lie. Version 6
 * is one sequence; version 7 is a chain of option sections that point at other
 * sections. A version 7 file that was cut lacks the options written last, so
 * sections nobody pointed at are then found by walking from one to the next.
 */
#include "collect/tracedat-impl.h"

#include "base/bytes.h"
#include "base/cleanup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MARK_BYTES = 10, /* "options  ", "flyrecord", "latency  " */
	SECTION_HEADER_BYTES = 16,
	SECTIONS_MAX = 1024,
	OPTION_MAX = 1 << 20, /* larger than any we use; what is larger is skipped */
	SYSTEMS_MAX = 1 << 12,
	EVENTS_MAX = 1 << 16, /* an event's ID has 16 bits */
	CPUS_MAX = 1 << 16,
	SECTION_IS_COMPRESSED = 1,
};

/* numbers of options and, where they are the same, of the sections they point at */
enum {
	ID_DONE = 0, /* as a section: options */
	ID_DATE = 1,
	ID_CPUSTAT = 2,
	ID_BUFFER = 3,
	ID_TRACECLOCK = 4,
	ID_UNAME = 5,
	ID_OFFSET = 7,
	ID_CPUCOUNT = 8,
	ID_VERSION = 9,
	ID_TSC2NSEC = 14,
	ID_HEADER_INFO = 16,
	ID_FTRACE_EVENTS = 17,
	ID_EVENT_FORMATS = 18,
};

struct option {
	uint16_t id;
	uint32_t size;
	uint8_t *data; /* size bytes and a 0; NULL when skipped */
};

/* ---- formats ---- */

static int expect_bytes(struct section *s, const char *want, size_t n, struct err *e)
{
	char got[16];
	const uint64_t at = section_offset(s);
	const int rc = section_read(s, got, n, e);
	if (rc)
		return rc;
	if (memcmp(got, want, n))
		return err_set(e, ERR_FORMAT, "byte %" PRIu64 ": expected \"%s\"", at, want);
	return 0;
}

/* A sized text; what is longer than t->text is read and dropped. */
static int read_text(struct tracedat *t, struct section *s, size_t *n_out, struct err *e)
{
	uint64_t size;
	const int rc = section_u64(s, &size, e);
	if (rc)
		return rc;
	if (size > section_left(s))
		return err_set(e, ERR_FORMAT,
			       "byte %" PRIu64 ": a text of %" PRIu64 " bytes does not fit",
			       section_offset(s), size);

	*n_out = size < FORMAT_TEXT_MAX ? (size_t)size : FORMAT_TEXT_MAX;
	const int rc2 = section_read(s, t->text, *n_out, e);
	return rc2 ? rc2 : section_skip(s, size - *n_out, e);
}

static int read_header_info(struct tracedat *t, struct section *s, struct err *e)
{
	size_t n = 0;
	int rc = expect_bytes(s, "header_page", 12, e);
	if (!rc)
		rc = read_text(t, s, &n, e);
	if (!rc)
		rc = ringbuf_layout_parse(t->text, n, &t->layout, e);
	if (rc)
		return rc;
	t->has_layout = true;
	rc = expect_bytes(s, "header_event", 13, e);
	return rc ? rc : read_text(t, s, &n, e);
}

static int read_formats(struct tracedat *t, struct section *s, const char *system, uint32_t count,
			struct err *e)
{
	if (count > EVENTS_MAX)
		return err_set(e, ERR_FORMAT, "byte %" PRIu64 ": %u events, at most %u expected",
			       section_offset(s), count, EVENTS_MAX);
	for (uint32_t i = 0; i < count; i++) {
		size_t n = 0;
		int rc = read_text(t, s, &n, e);
		if (!rc)
			rc = t->h.format(t->h.ctx, system, t->text, n, e);
		if (rc)
			return rc;
		t->has_formats = true;
	}
	return 0;
}

static int read_ftrace_events(struct tracedat *t, struct section *s, struct err *e)
{
	uint32_t count;
	const int rc = section_u32(s, &count, e);
	return rc ? rc : read_formats(t, s, "ftrace", count, e);
}

static int read_event_formats(struct tracedat *t, struct section *s, struct err *e)
{
	uint32_t systems;
	int rc = section_u32(s, &systems, e);
	if (!rc && systems > SYSTEMS_MAX)
		return err_set(e, ERR_FORMAT,
			       "byte %" PRIu64 ": %u event systems, at most %u expected",
			       section_offset(s), systems, SYSTEMS_MAX);
	for (uint32_t i = 0; !rc && i < systems; i++) {
		char name[TRACEDAT_NAME_BYTES];
		uint32_t count = 0;
		rc = section_string(s, name, sizeof(name), e);
		if (!rc)
			rc = section_u32(s, &count, e);
		if (!rc)
			rc = read_formats(t, s, name, count, e);
	}
	return rc;
}

/* ---- options ---- */

/*
 * Reads one option; data stay NULL where it is too large to be one of ours.
 * The last one of version 6 is an ID alone. The caller frees o->data, also
 * after an error.
 */
static int read_option(struct tracedat *t, struct section *s, struct option *o, struct err *e)
{
	*o = (struct option){};
	int rc = section_u16(s, &o->id, e);
	if (!rc && t->info.version == 6 && o->id == ID_DONE)
		return 0;
	if (!rc)
		rc = section_u32(s, &o->size, e);
	if (rc)
		return rc;
	if (o->size > section_left(s))
		return err_set(e, ERR_FORMAT,
			       "byte %" PRIu64 ": option %u of %u bytes does not fit",
			       section_offset(s), o->id, o->size);
	if (o->size > OPTION_MAX)
		return section_skip(s, o->size, e);

	o->data = malloc((size_t)o->size + 1);
	if (!o->data)
		return err_set(e, ERR_NOMEM, "no memory for an option of %u bytes", o->size);
	o->data[o->size] = 0;
	return section_read(s, o->data, o->size, e);
}

static void copy_text(char *dst, size_t cap, const uint8_t *data)
{
	snprintf(dst, cap, "%s", (const char *)data);
	dst[strcspn(dst, "\n")] = 0;
}

/* "local global [mono] boot": the one in brackets, or the whole when it is one word */
static void read_clock(struct tracedat *t, const uint8_t *data)
{
	const char *open = strchr((const char *)data, '[');
	const char *name = open ? open + 1 : (const char *)data;
	const size_t n = strcspn(name, "] \n");
	if (n && n < sizeof(t->info.clock) && !t->info.clock[0]) {
		memcpy(t->info.clock, name, n);
		t->info.clock[n] = 0;
	}
}

static uint64_t stat_number(const char *text, const char *key)
{
	const char *p = strstr(text, key);
	return p ? strtoull(p + strlen(key), NULL, 10) : 0;
}

/* The kernel's per_cpu/cpuN/stats, or "Buffer: NAME" in front of those of an instance. */
static void read_cpustat(struct tracedat *t, const char *text)
{
	const char *buffer = strstr(text, "Buffer: ");
	if (buffer) {
		buffer += strlen("Buffer: ");
		const size_t n = strcspn(buffer, "\n");
		snprintf(t->stat_buffer, sizeof(t->stat_buffer), "%.*s",
			 n < TRACEDAT_NAME_BYTES ? (int)n : TRACEDAT_NAME_BYTES - 1, buffer);
	}
	const char *cpu = strstr(text, "CPU: ");
	if (!cpu)
		return;

	const uint64_t no = stat_number(text, "CPU: ");
	if (no >= CPUS_MAX)
		return;
	struct tracedat_cpu_report *r = tracedat_report(t, t->stat_buffer, (uint32_t)no);
	r->has_stat = true;
	r->recorded = stat_number(text, "\nentries: ") + stat_number(text, "\nread events: ");
	r->overrun = stat_number(text, "\noverrun: ") + stat_number(text, "\ncommit overrun: ");
	r->dropped = stat_number(text, "\ndropped events: ");
}

static void read_tsc(struct tracedat *t, const struct option *o)
{
	if (o->size < 16)
		return;
	t->info.has_tsc = true;
	t->info.tsc_mult = le32_get(o->data);
	t->info.tsc_shift = le32_get(o->data + 4);
}

/* Options that mean the same in both versions. */
static void read_common_option(struct tracedat *t, const struct option *o)
{
	switch (o->id) {
	case ID_DATE:
	case ID_OFFSET:
		copy_text(t->info.offset, sizeof(t->info.offset), o->data);
		break;
	case ID_CPUSTAT:
		read_cpustat(t, (const char *)o->data);
		break;
	case ID_TRACECLOCK:
		read_clock(t, o->data);
		break;
	case ID_UNAME:
		copy_text(t->info.uname, sizeof(t->info.uname), o->data);
		break;
	case ID_CPUCOUNT:
		if (o->size >= 4 && le32_get(o->data) <= CPUS_MAX)
			t->info.ncpus = le32_get(o->data);
		break;
	case ID_VERSION:
		copy_text(t->info.writer, sizeof(t->info.writer), o->data);
		break;
	case ID_TSC2NSEC:
		read_tsc(t, o);
		break;
	default:
		break;
	}
}

/* ---- version 6 ---- */

static int read_v6_cpus(struct tracedat *t, struct section *s, uint32_t buffer, struct err *e)
{
	for (uint32_t cpu = 0; cpu < t->info.ncpus; cpu++) {
		uint64_t offset, size;
		int rc = section_u64(s, &offset, e);
		if (!rc)
			rc = section_u64(s, &size, e);
		if (!rc)
			rc = tracedat_add_cpu(t, buffer, cpu, offset, size, t->info.page_bytes,
					      false, e);
		if (rc)
			return rc;
	}
	return 0;
}

/* Reads options up to their end; instances are only noted. */
static int read_v6_options(struct tracedat *t, struct section *s, struct err *e)
{
	for (;;) {
		struct option o;
		int rc = read_option(t, s, &o, e);
		_free_ uint8_t *data = o.data;
		if (rc || o.id == ID_DONE)
			return rc;
		if (!data)
			continue;
		if (o.id != ID_BUFFER)
			read_common_option(t, &o);
		else if (o.size > 8)
			rc = tracedat_add_buffer(t, (const char *)data + 8, t->info.clock,
						 le64_get(data), e);
		if (rc)
			return rc;
	}
}

/* "options" and "flyrecord" at s; ERR_UNUSABLE for a text buffer. */
static int read_v6_data(struct tracedat *t, struct section *s, uint32_t buffer, struct err *e)
{
	char mark[MARK_BYTES];
	uint64_t at = section_offset(s);
	int rc = section_read(s, mark, sizeof(mark), e);
	if (!rc && !memcmp(mark, "options  ", MARK_BYTES)) {
		rc = read_v6_options(t, s, e);
		at = section_offset(s);
		if (!rc)
			rc = section_read(s, mark, sizeof(mark), e);
	}
	if (rc)
		return rc;
	if (!memcmp(mark, "latency  ", MARK_BYTES))
		return err_set(e, ERR_UNUSABLE,
			       "byte %" PRIu64 ": holds the kernel's text, not its records", at);
	if (memcmp(mark, "flyrecord", MARK_BYTES))
		return err_set(e, ERR_FORMAT, "byte %" PRIu64 ": expected \"flyrecord\"", at);
	return read_v6_cpus(t, s, buffer, e);
}

static int skip_sized(struct section *s, unsigned size_bytes, struct err *e)
{
	uint64_t n = 0;
	uint32_t n32 = 0;
	int rc = size_bytes == 8 ? section_u64(s, &n, e) : section_u32(s, &n32, e);
	return rc ? rc : section_skip(s, size_bytes == 8 ? n : n32, e);
}

static int read_v6_sequence(struct tracedat *t, struct section *s, struct err *e)
{
	int rc = read_header_info(t, s, e);
	if (!rc)
		rc = read_ftrace_events(t, s, e);
	if (!rc)
		rc = read_event_formats(t, s, e);
	if (!rc)
		rc = skip_sized(s, 4, e); /* kallsyms */
	if (!rc)
		rc = skip_sized(s, 4, e); /* printk formats */
	if (!rc)
		rc = skip_sized(s, 8, e); /* process names */
	if (rc)
		return rc;

	const uint64_t at = section_offset(s);
	rc = section_u32(s, &t->info.ncpus, e);
	if (!rc && t->info.ncpus > CPUS_MAX)
		rc = err_set(e, ERR_FORMAT, "byte %" PRIu64 ": %u CPUs, at most %u expected", at,
			     t->info.ncpus, CPUS_MAX);
	return rc ? rc : read_v6_data(t, s, 0, e);
}

/*
 * The top buffer is the first in the list, but its clock is known only once
 * the options are read. Instances noted there lie at their own offsets; one
 * may note none of its own (the list would grow while it is walked).
 */
static int read_v6(struct tracedat *t, struct section *s, struct err *e)
{
	int rc = tracedat_add_buffer(t, "", "", 0, e);
	if (!rc)
		rc = read_v6_sequence(t, s, e);
	if (rc)
		return rc;

	memcpy(t->buffers[0].clock, t->info.clock, sizeof(t->info.clock));
	const uint32_t noted = t->nbuffers;
	for (uint32_t i = 1; i < noted && i < SECTIONS_MAX; i++) {
		struct err why = {};
		const struct tracedat_buffer b = t->buffers[i];
		rc = b.offset < t->size ? section_open(s, t->in, b.offset, t->size, NULL, &why)
					: err_set(&why, ERR_FORMAT, "the file ends before it");
		if (!rc)
			rc = read_v6_data(t, s, i, &why);
		if (rc == ERR_FORMAT || rc == ERR_UNUSABLE)
			tracedat_damage(t, b.offset, "buffer \"%s\": %s", b.name, why.msg);
		else if (rc)
			return err_set(e, why.code, "%s", why.msg);
	}
	return 0;
}

/* ---- version 7 ---- */

struct section_header {
	uint16_t id, flags;
	uint64_t begin, end; /* of what follows the header, cut at the end of the file */
};

static int read_section_header(struct tracedat *t, uint64_t offset, struct section_header *out,
			       struct err *e)
{
	uint8_t b[SECTION_HEADER_BYTES];
	if (offset >= t->size || t->size - offset < sizeof(b))
		return err_set(e, ERR_FORMAT,
			       "the file ends at byte %" PRIu64 ", but a section begins at byte "
			       "%" PRIu64 ": it was cut short",
			       t->size, offset);

	const int rc = input_pread(t->in, b, sizeof(b), offset, e);
	if (rc)
		return rc;
	out->id = le16_get(b);
	out->flags = le16_get(b + 2);
	out->begin = offset + sizeof(b);
	const uint64_t size = le64_get(b + 8);
	out->end = size > t->size - out->begin ? t->size : out->begin + size;
	return 0;
}

static int open_section(struct tracedat *t, const struct section_header *h, struct section *s,
			struct err *e)
{
	const bool packed = h->flags & SECTION_IS_COMPRESSED;
	if (packed && !t->is_compressed)
		return err_set(e, ERR_FORMAT,
			       "byte %" PRIu64 ": a compressed section in a file "
			       "without compression",
			       h->begin);
	return section_open(s, t->in, h->begin, h->end, packed ? t->zstd : NULL, e);
}

/* Parses a section of formats; anything wrong inside is damage, what came before it stays. */
static int read_format_section(struct tracedat *t, uint16_t id, uint64_t offset, struct err *e)
{
	struct section_header h = {};
	struct section s;
	struct err why = {};
	int rc = read_section_header(t, offset, &h, &why);
	if (!rc && h.id != id)
		rc = err_set(&why, ERR_FORMAT, "byte %" PRIu64 ": section %u, %u expected", offset,
			     h.id, id);
	if (!rc)
		rc = open_section(t, &h, &s, &why);
	if (!rc)
		rc = id == ID_HEADER_INFO     ? read_header_info(t, &s, &why)
		     : id == ID_FTRACE_EVENTS ? read_ftrace_events(t, &s, &why)
					      : read_event_formats(t, &s, &why);
	if (rc == ERR_FORMAT) {
		tracedat_damage(t, offset, "section %u: %s", id, why.msg);
		return 0;
	}
	if (rc && e)
		*e = why;
	return rc;
}

/* offset, name, clock, page size, CPUs with their data */
static int read_v7_buffer(struct tracedat *t, const struct option *o, struct err *e)
{
	const uint8_t *p = o->data, *end = o->data + o->size;
	if (o->size < 8)
		return err_set(e, ERR_FORMAT, "a BUFFER option of %u bytes", o->size);
	const uint64_t offset = le64_get(p);
	const char *name = (const char *)p + 8;
	p += 8 + strlen(name) + 1; /* the option ends in a 0 of ours */
	if (p >= end)
		return err_set(e, ERR_FORMAT, "a BUFFER option without a clock");
	const char *clock = (const char *)p;
	p += strlen(clock) + 1;
	if (p > end || end - p < 8)
		return err_set(e, ERR_FORMAT, "a BUFFER option without a page size");
	const uint32_t page_bytes = le32_get(p), ncpus = le32_get(p + 4);
	p += 8;
	if (ncpus > (size_t)(end - p) / 20)
		return err_set(e, ERR_FORMAT, "buffer \"%.32s\": %u CPUs do not fit in its option",
			       name, ncpus);

	struct section_header h = {};
	int rc = read_section_header(t, offset, &h, e);
	if (!rc)
		rc = tracedat_add_buffer(t, name, clock, offset, e);
	for (uint32_t i = 0; !rc && i < ncpus; i++, p += 20)
		rc = tracedat_add_cpu(t, t->nbuffers - 1, le32_get(p), le64_get(p + 4),
				      le64_get(p + 12), page_bytes, h.flags & SECTION_IS_COMPRESSED,
				      e);
	return rc;
}

/* Reads one section of options; *next_out is the offset of the next, 0 at the end. */
static int read_v7_options(struct tracedat *t, uint64_t offset, uint64_t *next_out, struct err *e)
{
	struct section_header h = {};
	struct section s;
	*next_out = 0;
	int rc = read_section_header(t, offset, &h, e);
	if (!rc && h.id != ID_DONE)
		rc = err_set(e, ERR_FORMAT, "byte %" PRIu64 ": section %u, options expected",
			     offset, h.id);
	if (!rc)
		rc = open_section(t, &h, &s, e);
	while (!rc) {
		struct option o;
		rc = read_option(t, &s, &o, e);
		_free_ uint8_t *data = o.data;
		if (rc || !data)
			continue;
		if (o.id == ID_DONE) {
			*next_out = o.size >= 8 ? le64_get(data) : 0;
			return 0;
		}
		if (o.id >= ID_HEADER_INFO && o.id <= ID_EVENT_FORMATS && o.size >= 8)
			rc = read_format_section(t, o.id, le64_get(data), e);
		else if (o.id == ID_BUFFER)
			rc = read_v7_buffer(t, &o, e);
		else
			read_common_option(t, &o);
	}
	return rc;
}

/* On failure *at is the section that it concerns. */
static int read_v7_chain(struct tracedat *t, uint64_t *at, struct err *e)
{
	uint64_t seen[SECTIONS_MAX];
	for (unsigned n = 0; *at; n++) {
		const uint64_t offset = *at;
		uint64_t next;
		if (n == SECTIONS_MAX)
			return err_set(e, ERR_FORMAT,
				       "byte %" PRIu64 ": more than %u option sections", offset,
				       SECTIONS_MAX);
		for (unsigned i = 0; i < n; i++)
			if (seen[i] == offset)
				return err_set(e, ERR_FORMAT,
					       "byte %" PRIu64
					       ": the option sections run in a circle",
					       offset);
		seen[n] = offset;
		const int rc = read_v7_options(t, offset, &next, e);
		if (rc)
			return rc;
		*at = next;
	}
	return 0;
}

/*
 * Data of a buffer whose option is lost. Each CPU's data start at a page; a
 * compressed one says its length, a plain one ends where time jumps back.
 * The CPUs' numbers are lost: they are counted from 0.
 */
static int recover_buffer(struct tracedat *t, const struct section_header *h, uint64_t offset,
			  struct err *e)
{
	const uint32_t page = t->info.page_bytes;
	const bool packed = h->flags & SECTION_IS_COMPRESSED;
	uint32_t cpu = 0;
	int rc = tracedat_add_buffer(t, "", t->info.clock, offset, e);

	tracedat_damage(t, offset,
			"the options that describe this buffer are missing: "
			"its CPUs are found by their data and numbered from 0");
	for (uint64_t pos = h->begin; !rc && pos < h->end; cpu++) {
		pos = (pos + page - 1) / page * page;
		if (pos >= h->end || cpu == CPUS_MAX)
			break;
		uint64_t end = packed ? tracedat_chunks_end(t, pos, h->end) : pos + page;
		uint8_t b[RINGBUF_PAGE_MIN];
		uint64_t last = 0;
		for (uint64_t at = pos; !packed && at < h->end; at += page) {
			if (h->end - at < sizeof(b)) {
				end = h->end;
				break;
			}
			rc = input_pread(t->in, b, sizeof(b), at, e);
			if (rc)
				return rc;
			const uint64_t stamp = ringbuf_page_stamp(&t->layout, b);
			if (stamp < last)
				break;
			last = stamp;
			end = at + page;
		}
		if (end > h->end)
			end = h->end;
		rc = tracedat_add_cpu(t, t->nbuffers - 1, cpu, pos, end - pos, page, packed, e);
		pos = end > pos ? end : h->end;
	}
	return rc;
}

static bool is_known_buffer(const struct tracedat *t, uint64_t offset)
{
	for (uint32_t i = 0; i < t->nbuffers; i++)
		if (t->buffers[i].offset == offset)
			return true;
	return false;
}

/* Sections follow each other: finds those that the options did not lead to. */
static int walk_sections(struct tracedat *t, uint64_t offset, struct err *e)
{
	for (unsigned n = 0; n < SECTIONS_MAX && offset < t->size; n++) {
		struct section_header h = {};
		struct err ignored;
		int rc = read_section_header(t, offset, &h, &ignored);
		if (rc)
			return rc == ERR_FORMAT ? 0 : err_set(e, ignored.code, "%s", ignored.msg);
		if (h.id == ID_HEADER_INFO && !t->has_layout)
			rc = read_format_section(t, h.id, offset, e);
		else if (h.id == ID_EVENT_FORMATS && !t->has_formats)
			rc = read_format_section(t, h.id, offset, e);
		else if (h.id == ID_BUFFER && t->has_layout && !is_known_buffer(t, offset))
			rc = recover_buffer(t, &h, offset, e);
		if (rc)
			return rc;
		offset = h.end;
	}
	return 0;
}

static int read_v7(struct tracedat *t, struct section *s, struct err *e)
{
	char codec[TRACEDAT_NAME_BYTES], version[TRACEDAT_NAME_BYTES];
	uint64_t options = 0;
	int rc = section_string(s, codec, sizeof(codec), e);
	if (!rc)
		rc = section_string(s, version, sizeof(version), e);
	if (!rc)
		rc = section_u64(s, &options, e);
	if (rc)
		return rc;
	if (strcmp(codec, "none") && strcmp(codec, "zstd"))
		return err_set(e, ERR_FEATURE,
			       "compression \"%s\": none and zstd are known (trace-cmd convert "
			       "changes it)",
			       codec);
	t->is_compressed = codec[0] == 'z';

	struct err why = {};
	const uint64_t first = section_offset(s);
	rc = read_v7_chain(t, &options, &why);
	if (rc == ERR_FORMAT && options >= t->size) {
		tracedat_damage(t, t->size,
				"the file ends here, but its options begin at byte %" PRIu64
				": it was cut short",
				options);
		t->missing_bytes = options - t->size + 1;
	} else if (rc == ERR_FORMAT)
		tracedat_damage(t, options, "options: %s", why.msg);
	else if (rc && e)
		*e = why;
	if (rc && rc != ERR_FORMAT)
		return rc;
	return rc || !t->has_layout || !t->has_formats || !t->ncpus ? walk_sections(t, first, e)
								    : 0;
}

/* ---- both ---- */

int tracedat_read_meta(struct tracedat *t, struct err *e)
{
	struct section s;
	uint8_t head[TRACEDAT_MAGIC_BYTES];
	char version[8] = "";
	uint8_t order[2] = {};

	int rc = section_open(&s, t->in, 0, t->size, NULL, e);
	if (!rc)
		rc = section_read(&s, head, sizeof(head), e);
	if (!rc && memcmp(head, tracedat_magic, sizeof(head)))
		return err_set(e, ERR_UNUSABLE, "byte 0: not a trace.dat");
	if (!rc)
		rc = section_string(&s, version, sizeof(version), e);
	if (!rc)
		rc = section_read(&s, order, sizeof(order), e);
	if (!rc)
		rc = section_u32(&s, &t->info.page_bytes, e);
	if (rc)
		return rc;
	if (strcmp(version, "6") && strcmp(version, "7"))
		return err_set(e, ERR_UNUSABLE, "byte %u: version \"%s\", 6 or 7 expected",
			       TRACEDAT_MAGIC_BYTES, version);
	t->info.version = (unsigned)(version[0] - '0');
	if (order[0])
		return err_set(e, ERR_UNUSABLE,
			       "byte %u: recorded on a big-endian machine, "
			       "which is not supported",
			       TRACEDAT_MAGIC_BYTES + 2);
	if (t->info.page_bytes < RINGBUF_PAGE_MIN || t->info.page_bytes > RINGBUF_PAGE_MAX)
		return err_set(e, ERR_FORMAT, "byte %u: pages of %u bytes, %u to %u expected",
			       TRACEDAT_MAGIC_BYTES + 4, t->info.page_bytes, RINGBUF_PAGE_MIN,
			       RINGBUF_PAGE_MAX);
	return t->info.version == 6 ? read_v6(t, &s, e) : read_v7(t, &s, e);
}
