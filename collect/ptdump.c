// SPDX-License-Identifier: MIT
/*
 * Lines of a page-table dump. Most of a dump is entries "0 ", which are taken
 * four at a time; a table's other entries go into a list.
 */
#include "collect/ptdump.h"

#include "collect/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void tell(struct ptdump *d, const char *sentence)
{
	if (!d->damages)
		err_set(&d->first_damage, ERR_FORMAT, "%s", sentence);
	if (d->damages++ < PTDUMP_TOLD_MAX && d->warn)
		d->warn(d->ctx, sentence);
}

void ptdump_damage(struct ptdump *d, const char *why, ...)
{
	char text[sizeof(d->first_damage.msg)];
	const int n = snprintf(text, sizeof(text), "%.120s: line %" PRIu64 ": ", input_name(d->in),
			       d->line);
	va_list ap;
	va_start(ap, why);
	vsnprintf(text + n, sizeof(text) - (size_t)n, why, ap);
	va_end(ap);
	tell(d, text);
}

/* ---- pieces of a line, which ends in a newline ---- */

/* Past a word, or NULL. */
static const char *expect(const char *p, const char *word)
{
	const size_t n = strlen(word);
	return p && !strncmp(p, word, n) ? p + n : NULL;
}

/* The value of name="value", decimal; false where there is none. */
static bool attribute(const char *p, const char *name, uint64_t *out)
{
	const char *end = text_next_line(p);
	const size_t n = strlen(name);
	for (; p + n < end; p++)
		if (!memcmp(p, name, n))
			return text_decimal(p + n, out) != NULL;
	return false;
}

/* Past `[n][x|p]hex`, or NULL. */
static inline const char *scan_entry(const char *p, uint64_t *out)
{
	uint64_t flags = 0, frame;
	if (*p == 'n') {
		flags = PTDUMP_HINT;
		p++;
	}
	if (*p == 'x' || *p == 'p')
		flags |= *p++ == 'x' ? PTDUMP_EXECUTABLE : PTDUMP_TABLE;
	p = text_hex(p, &frame);
	*out = flags | frame;
	return p && !(frame >> PTDUMP_FRAME_BITS) ? p : NULL;
}

/* Entries up to one that is none: how many. 64 bytes behind the line are readable. */
static unsigned scan_entries(const char **at, struct ptdump_table *t)
{
	const char *p = *at;
	unsigned i = 0;
	t->n = 0;
	while (i < PTDUMP_ENTRIES) {
		if (i + 4 <= PTDUMP_ENTRIES && !memcmp(p, "0 0 0 0 ", 8)) {
			i += 4;
			p += 8;
			continue;
		}
		while (*p == ' ')
			p++;
		if (*p == '0' && (p[1] == ' ' || p[1] == '<')) {
			i++;
			p++;
			continue;
		}
		const char *past = scan_entry(p, &t->entry[t->n]);
		if (!past || (*past != ' ' && *past != '<'))
			break;
		t->index[t->n++] = (uint16_t)i++;
		p = past;
	}
	while (*p == ' ')
		p++;
	*at = p;
	return i;
}

static bool is_line_end(const char *p)
{
	return p && *text_blanks(p) == '\n';
}

/* ---- lines: each gives its item, or 0 where it holds none ---- */

static int table_line(struct ptdump *d, const char *p)
{
	struct ptdump_table *t = &d->table;
	t->level = (unsigned)(unsigned char)*p - '0';
	p = t->level - 1 < PTDUMP_LEVELS ? expect(p + 1, " b=\"") : NULL;
	p = p ? text_hex(p, &t->frame) : NULL;
	p = expect(p, "\">");
	if (!p || t->frame >> PTDUMP_FRAME_BITS) {
		ptdump_damage(d, "expected <levelN b=\"FRAME\">, N from 1 to %d", PTDUMP_LEVELS);
		return 0;
	}
	const unsigned n = scan_entries(&p, t);
	if (!is_line_end(p)) {
		const char close[] = { '<', '/', 'l', 'e', 'v', 'e', 'l', (char)('0' + t->level),
				       '>', '\0' };
		const char *past = expect(p, close);
		if (!past && n < PTDUMP_ENTRIES) {
			ptdump_damage(d, "entry %u is not 0 or [n][x|p]FRAME in hexadecimal",
				      n + 1);
			return 0;
		}
		if (!is_line_end(past)) {
			ptdump_damage(d, "expected %s after %u entries", close, n);
			return 0;
		}
	} else {
		ptdump_damage(d, "expected </level%u> at the end, the line ends after %u entries",
			      t->level, n);
		return 0;
	}
	if (n != PTDUMP_ENTRIES) {
		ptdump_damage(d, "expected %d entries, there are %u", PTDUMP_ENTRIES, n);
		return 0;
	}
	if (!d->is_in_dump) {
		ptdump_damage(d, "a table outside of <ptdump>");
		return 0;
	}
	d->tables++;
	return PTDUMP_LEVEL;
}

static int map_line(struct ptdump *d, const char *p)
{
	uint64_t node;
	if (*p == '#')
		return 0;
	p = text_decimal(p, &node);
	p = p && *p == ' ' ? text_decimal(text_blanks(p), &d->node.begin) : NULL;
	p = p && *p == ' ' ? text_decimal(text_blanks(p), &d->node.end) : NULL;
	if (!is_line_end(p) || node > UINT16_MAX || d->node.begin > d->node.end) {
		ptdump_damage(d, "expected a node, its first byte and the byte after its last");
		return 0;
	}
	d->node.node = (unsigned)node;
	return PTDUMP_NODE;
}

static int end_dump(struct ptdump *d)
{
	if (d->count != UINT64_MAX && d->count != d->tables)
		ptdump_damage(d, "the snapshot ends after %" PRIu64 " tables, %" PRIu64 " expected",
			      d->tables, d->count);
	d->is_in_dump = false;
	return PTDUMP_DONE;
}

/* Where the snapshot before lacks its end, that comes first and the line again. */
static int begin_line(struct ptdump *d, const char *line, const char *p)
{
	uint64_t failed;
	if (d->is_in_dump) {
		ptdump_damage(d, "expected </ptdump> before the next <ptdump>");
		d->p = line;
		d->line--;
		return end_dump(d);
	}
	if (attribute(p, "error=\"-", &failed) || attribute(p, "error=\"", &failed)) {
		ptdump_damage(d, "the dump failed with error %" PRIu64, failed);
		return 0;
	}
	d->process = d->tables = 0;
	d->count = UINT64_MAX;
	attribute(p, "process=\"", &d->process);
	if (!attribute(p, "count=\"", &d->count))
		ptdump_damage(d, "expected <ptdump process=\"N\" count=\"N\">");
	d->is_in_dump = true;
	return PTDUMP_BEGIN;
}

static int any_line(struct ptdump *d, const char *line)
{
	const char *p = text_blanks(line), *past;
	if (*p == '\n')
		return 0;
	if ((past = expect(p, "<level")))
		return table_line(d, past);
	if (expect(p, "<numamigrations>"))
		return 0;
	if (expect(p, "<numamap>") || expect(p, "</numamap>")) {
		d->is_in_map = p[1] != '/';
		return 0;
	}
	if (expect(p, "</ptdump>") && d->is_in_dump)
		return end_dump(d);
	if (expect(p, "<ptdump "))
		return begin_line(d, line, p);
	if (d->is_in_map)
		return map_line(d, p);
	ptdump_damage(d, "expected <numamap>, <ptdump ..>, <levelN b=\"FRAME\">entries</levelN> "
			 "or </ptdump>");
	return 0;
}

/* The next block of lines: 1, 0 at the end. */
static int next_block(struct ptdump *d, struct err *e)
{
	size_t n;
	struct err why = {};
	const int rc = d->is_ended ? 0 : input_lines(d->in, &d->p, &n, &why);
	if (rc > 0) {
		d->end = d->p + n;
		return 1;
	}
	if (rc < 0 && rc != ERR_FORMAT)
		return err_set(e, rc, "%s", why.msg);
	if (!d->is_ended && rc == ERR_FORMAT)
		tell(d, why.msg);
	if (!d->is_ended && input_damage(d->in))
		tell(d, input_damage(d->in));
	d->is_ended = true;
	return 0;
}

int ptdump_next(struct ptdump *d, struct err *e)
{
	for (;;) {
		if (d->p == d->end) {
			const int rc = next_block(d, e);
			if (rc < 0)
				return rc;
			if (!rc && d->is_in_dump) {
				ptdump_damage(d, "expected </ptdump>, the input ends here");
				d->is_in_dump = false;
				return PTDUMP_DONE;
			}
			if (!rc)
				return PTDUMP_END_OF_INPUT;
		}
		const char *line = d->p;
		d->p = text_next_line(line);
		if (d->p > d->end) /* the newline of the last line may lie in the slack */
			d->p = d->end;
		d->line++;
		const int item = any_line(d, line);
		if (item)
			return item;
	}
}
