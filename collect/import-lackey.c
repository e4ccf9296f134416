// SPDX-License-Identifier: MIT
/*
 * valgrind --tool=lackey --trace-mem=yes: ` L addr,size`, ` S addr,size`,
 * ` M addr,size` (hexadecimal address, decimal bytes), one mem row each.
 * Instruction lines (`I  addr,size`) and valgrind's own lines (`==pid== ...`)
 * are filtered. The log has no time: ts is the ordinal of the row, from 0.
 */
#include "collect/import.h"
#include "collect/text.h"

/* Values of rw by the line's letter; 0xff: not one of them */
static inline uint8_t rw_of(char letter)
{
	switch (letter) {
	case 'L':
		return MEM_LOAD;
	case 'S':
		return MEM_STORE;
	case 'M':
		return MEM_MODIFY;
	default:
		return 0xff;
	}
}

/* `addr,size` and the newline after it: past that, or NULL. */
static inline const char *scan_access(const char *p, uint64_t *va_out, uint64_t *bytes_out)
{
	p = text_hex(p, va_out);
	if (!p || *p != ',')
		return NULL;
	p = text_decimal(p + 1, bytes_out);
	if (!p)
		return NULL;
	if (*p != '\n')
		p = text_blanks(p);
	return *p == '\n' ? p + 1 : NULL;
}

/* Instruction lines and valgrind's messages. */
static inline bool is_filtered(const char *line)
{
	uint64_t va, bytes;

	if (line[0] == '=' && line[1] == '=')
		return true;
	return line[0] == 'I' && line[1] == ' ' && line[2] == ' ' &&
	       scan_access(line + 3, &va, &bytes);
}

static inline bool is_data(const char *line)
{
	return line[0] == ' ' && rw_of(line[1]) != 0xff && line[2] == ' ';
}

static int sniff(const uint8_t *head, size_t n, bool is_whole)
{
	struct text_head h = {};
	unsigned rows = 0, bad = 0;
	uint64_t va, bytes;

	while (rows + bad < 50 && text_head_next(&h, head, n, is_whole))
		if ((is_data(h.line) && scan_access(h.line + 3, &va, &bytes)) ||
		    (h.line[0] == 'I' && is_filtered(h.line)))
			rows++;
		else if (h.line[0] != '=' && *text_blanks(h.line) != '\n')
			bad++;
	return rows > bad ? 90 : 0;
}

static int put_block(struct import *im, struct trace_stream *s, const char *p, const char *end,
		     struct err *e)
{
	struct import_cursor *at = &im->at;
	const char *const block = p;

	for (const char *line = p; line < end; line = p, at->line++) {
		uint64_t va, bytes;
		p = is_data(line) ? scan_access(line + 3, &va, &bytes) : NULL;
		if (!p) {
			p = text_next_line(line);
			if (is_filtered(line)) {
				at->filtered++;
			} else if (*text_blanks(line) != '\n') {
				import_bad_line(im, at->line + 1,
						"expected ' L addr,size' (or S, M, I)");
			}
			continue;
		}
		uint64_t last;
		if (!bytes || bytes > UINT32_MAX || __builtin_add_overflow(va, bytes - 1, &last)) {
			import_bad_line(im, at->line + 1,
					"expected a size of 1 byte to 4 GiB within 64 bits");
			continue;
		}
		const struct mem_event ev = {
			.ts = at->stored,
			.va = va,
			.bytes = (uint32_t)bytes,
			.rw = rw_of(line[1]),
		};
		int rc = import_before_put(im, s, im->block_offset + (uint64_t)(line - block));
		if (!rc)
			rc = mem_put(s, &ev, e);
		if (rc)
			return rc;
		at->last_ns = ev.ts;
		at->stored++;
	}
	return 0;
}

static int run(struct import *im, struct err *e)
{
	struct trace_stream *s;
	int rc = trace_writer_stream(im->w, KIND_MEM, &s, e);
	if (!rc)
		rc = import_begin(im, e);
	if (rc)
		return rc;

	const char *p, *end;
	while ((rc = import_lines(im, &p, &end, e)) > 0) {
		rc = put_block(im, s, p, end, e);
		if (rc)
			return rc;
	}
	return rc ? rc : import_end(im, "mem", e);
}

const struct importer import_lackey = {
	.name = "lackey",
	.summary = "valgrind --tool=lackey --trace-mem=yes: loads and stores",
	.extensions = "lackey",
	.sniff = sniff,
	.run = run,
	.is_seekable = true,
	.is_appendable = true,
	.clock = "sequence",
};
