// SPDX-License-Identifier: MIT
/* Lines of "START-END PERMS OFFSET MAJOR:MINOR INODE NAME". */
#include "collect/procmaps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A line while it is read. */
struct cursor {
	const char *p, *end;
};

static int digit(char c, unsigned base)
{
	const int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
	return v < (int)base ? v : -1;
}

/* A number and the character behind it. */
static bool take_number(struct cursor *c, unsigned base, char then, uint64_t *out)
{
	const char *from = c->p;
	*out = 0;
	for (int d; c->p < c->end && (d = digit(*c->p, base)) >= 0; c->p++)
		if (__builtin_mul_overflow(*out, (uint64_t)base, out) ||
		    __builtin_add_overflow(*out, (uint64_t)d, out))
			return false;
	if (c->p == from)
		return false;
	if (c->p == c->end)
		return then == ' '; /* a line may end behind the inode */
	return *c->p++ == then;
}

static bool take_permissions(struct cursor *c, struct procmap *m)
{
	if (c->end - c->p < 5 || c->p[4] != ' ')
		return false;
	m->is_readable = c->p[0] == 'r';
	m->is_writable = c->p[1] == 'w';
	m->is_shared = c->p[3] == 's';
	const bool is_known = m->is_shared || c->p[3] == 'p';
	c->p += 5;
	return is_known;
}

static bool parse_line(const char *line, size_t n, struct procmap *m)
{
	struct cursor c = { line, line + n };
	uint64_t major, minor;
	*m = (struct procmap){};
	if (!take_number(&c, 16, '-', &m->start) || !take_number(&c, 16, ' ', &m->end) ||
	    !take_permissions(&c, m) || !take_number(&c, 16, ' ', &m->offset) ||
	    !take_number(&c, 16, ':', &major) || !take_number(&c, 16, ' ', &minor) ||
	    !take_number(&c, 10, ' ', &m->inode))
		return false;
	if (m->start >= m->end || major >> 12 || minor >> 20)
		return false;
	m->device = (uint32_t)(major << 20 | minor);
	while (c.p < c.end && *c.p == ' ')
		c.p++;
	const size_t left = (size_t)(c.end - c.p);
	memcpy(m->name, c.p, left < sizeof(m->name) ? left : sizeof(m->name) - 1);
	return true;
}

static int grow(struct procmaps *m, size_t *cap, struct err *e)
{
	*cap = *cap ? 2 * *cap : 64;
	struct procmap *list = realloc(m->list, *cap * sizeof(*list));
	if (!list)
		return err_set(e, ERR_NOMEM, "no memory for %zu mappings", *cap);
	m->list = list;
	return 0;
}

int procmaps_parse(const char *text, size_t n, struct procmaps *out, struct err *e)
{
	size_t cap = 0;
	int rc = 0;
	*out = (struct procmaps){};
	for (const char *p = text, *end = text + n; p < end && !rc;) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		const size_t len = (size_t)((newline ? newline : end) - p);
		if (out->n == PROCMAPS_MAX)
			rc = err_set(e, ERR_FORMAT, "maps: more than %d mappings", PROCMAPS_MAX);
		else if (out->n == cap)
			rc = grow(out, &cap, e);
		if (!rc && (!parse_line(p, len, &out->list[out->n]) ||
			    (out->n && out->list[out->n].start < out->list[out->n - 1].end)))
			rc = err_set(e, ERR_FORMAT,
				     "maps: line %zu: expected START-END PERMS OFFSET MAJOR:MINOR "
				     "INODE NAME behind the mapping before",
				     out->n + 1);
		out->n++;
		p += len + 1;
	}
	if (rc)
		procmaps_free(out);
	return rc;
}

void procmaps_free(struct procmaps *m)
{
	free(m->list);
	*m = (struct procmaps){};
}

int procfile_read(const char *path, size_t max, char **text_out, size_t *n_out, struct err *e)
{
	size_t cap = 1 << 14, n = 0;
	char *text = malloc(cap + 1);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 1;
	int rc = 0;
	if (fd < 0)
		rc = err_set(e, errno == EACCES || errno == EPERM ? ERR_PERM : ERR_NOINPUT,
			     "%s: %s", path, strerror(errno));
	while (!rc && text && got > 0) {
		if (n == cap) {
			char *more = n < max ? realloc(text, 2 * cap + 1) : NULL;
			if (!more)
				break;
			text = more;
			cap *= 2;
		}
		got = read(fd, text + n, cap - n);
		n += got > 0 ? (size_t)got : 0;
	}
	if (!rc && (!text || got))
		rc = err_set(e,
			     got < 0            ? ERR_IO
			     : text && n >= max ? ERR_FORMAT
						: ERR_NOMEM,
			     "%s: %s", path,
			     got < 0 ? strerror(errno)
			     : text  ? "more than can be read"
				     : "out of memory");
	if (fd >= 0)
		close(fd);
	if (rc) {
		free(text);
		return rc;
	}
	text[n] = 0;
	*text_out = text;
	*n_out = n;
	return 0;
}
