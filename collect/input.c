// SPDX-License-Identifier: MIT
/*
 * One window of decoded bytes between the source (a descriptor or the caller's
 * memory) and the importer. Peek, lines and records hand out parts of this
 * window, so memory stays constant whatever the size of the input. Random
 * access goes to the file itself where it is plain, else to a spooled copy.
 */
#include "collect/input.h"

#include "base/cleanup.h"
#include "base/tempfile.h"
#include "collect/codec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	WINDOW_BYTES = 1 << 20,
	RAW_BYTES = 1 << 17, /* compressed bytes read at a time */
	LINE_BYTES = 1 << 16,
};

struct input {
	char *name;
	int fd;           /* -1: memory */
	bool is_seekable; /* a regular file, not compressed, or memory not compressed */
	const uint8_t *memory;
	size_t memory_n;
	uint64_t raw_offset; /* next byte of the descriptor or memory */
	uint64_t raw_size;   /* 0: not known */

	struct codec *codec; /* NULL: plain */
	uint8_t *raw;        /* RAW_BYTES of compressed bytes */
	struct codec_span raw_left;
	bool is_raw_end;

	uint8_t *window; /* WINDOW_BYTES + INPUT_SLACK_BYTES */
	size_t begin, end;
	uint64_t offset; /* of window[begin] */
	bool is_end;     /* nothing comes after window[end] */

	int spool; /* descriptor for random access, or -1 */
	uint64_t size;
	char damage[240]; /* "": none */
};

/* ---- source ---- */

static ssize_t read_raw(struct input *in, uint8_t *dst, size_t n, struct err *e)
{
	ssize_t got;
	if (in->fd < 0) {
		const size_t left = in->memory_n - (size_t)in->raw_offset;
		got = (ssize_t)(n < left ? n : left);
		memcpy(dst, in->memory + in->raw_offset, (size_t)got);
	} else {
		do
			got = read(in->fd, dst, n);
		while (got < 0 && errno == EINTR);
		if (got < 0)
			return err_set(e, ERR_IO, "%s: byte %llu: %s", in->name,
				       (unsigned long long)in->raw_offset, strerror(errno));
	}
	in->raw_offset += (uint64_t)got;
	return got;
}

static ssize_t damage(struct input *in, const char *why, const struct codec_span *dst,
		      const uint8_t *start)
{
	const size_t fresh = (size_t)(dst->next - start);
	const uint64_t decoded = in->offset + (in->end - in->begin) + fresh;

	snprintf(in->damage, sizeof(in->damage),
		 "%s: byte %llu of the %s file: %s; the %llu bytes decoded before it are kept",
		 in->name, (unsigned long long)(in->raw_offset - in->raw_left.n),
		 codec_name(in->codec), why, (unsigned long long)decoded);
	in->is_end = true;
	return (ssize_t)fresh;
}

static ssize_t decode(struct input *in, uint8_t *start, size_t n, struct err *e)
{
	struct codec_span dst = { start, n };

	for (;;) {
		if (!in->raw_left.n && !in->is_raw_end) {
			const ssize_t got = read_raw(in, in->raw, RAW_BYTES, e);
			if (got < 0)
				return got;
			in->raw_left = (struct codec_span){ in->raw, (size_t)got };
			in->is_raw_end = got == 0;
		}
		const size_t before = in->raw_left.n;
		const char *why = codec_step(in->codec, &in->raw_left, &dst, in->is_raw_end);
		if (why)
			return damage(in, why, &dst, start);
		if (dst.next != start)
			return dst.next - start;
		if (in->raw_left.n != before)
			continue;
		if (in->raw_left.n || /* a decoder that stands still */
		    !codec_is_at_boundary(in->codec))
			return damage(in, "the file ends early", &dst, start);
		in->is_end = true;
		return 0;
	}
}

/* Fills the window until it holds want bytes or the input ends. */
static int fill(struct input *in, size_t want, struct err *e)
{
	if (in->end - in->begin >= want || in->is_end)
		return 0;
	if (in->begin) {
		memmove(in->window, in->window + in->begin, in->end - in->begin);
		in->end -= in->begin;
		in->begin = 0;
	}
	while (in->end < want && !in->is_end) {
		const size_t room = WINDOW_BYTES - in->end;
		const ssize_t got = in->codec ? decode(in, in->window + in->end, room, e)
					      : read_raw(in, in->window + in->end, room, e);
		if (got < 0)
			return (int)got;
		if (!got)
			in->is_end = true;
		in->end += (size_t)got;
	}
	memset(in->window + in->end, 0, INPUT_SLACK_BYTES);
	return 0;
}

static void consume(struct input *in, size_t n)
{
	in->begin += n;
	in->offset += n;
}

/* ---- opening ---- */

static int prepare(struct input *in, struct err *e)
{
	in->window = malloc(WINDOW_BYTES + INPUT_SLACK_BYTES);
	if (!in->name || !in->window)
		return err_set(e, ERR_NOMEM, "out of memory");

	int rc = fill(in, CODEC_MAGIC_BYTES, e); /* no codec yet: these are raw bytes */
	if (rc)
		return rc;
	rc = codec_open(in->window, in->end, &in->codec, e);
	if (rc || !in->codec)
		return rc;

	/* what was read so far is compressed: it becomes the first of the raw bytes */
	in->is_seekable = false;
	in->is_raw_end = in->is_end;
	in->is_end = false;
	in->raw = in->window;
	in->raw_left = (struct codec_span){ in->raw, in->end };
	in->window = malloc(WINDOW_BYTES + INPUT_SLACK_BYTES);
	in->begin = in->end = 0;
	return in->window ? 0 : err_set(e, ERR_NOMEM, "out of memory");
}

static int open_file(struct input *in, const char *path, struct err *e)
{
	const bool is_stdin = !strcmp(path, "-");

	in->fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (in->fd < 0)
		return err_set(e, errno == EACCES || errno == EPERM ? ERR_PERM : ERR_NOINPUT,
			       "%s: %s", in->name, strerror(errno));
	struct stat st;
	if (fstat(in->fd, &st))
		return err_set(e, ERR_NOINPUT, "%s: %s", in->name, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return err_set(e, ERR_NOINPUT, "%s: is a directory, expected a file", in->name);
	in->is_seekable = S_ISREG(st.st_mode) && lseek(in->fd, 0, SEEK_CUR) == 0;
	if (S_ISREG(st.st_mode)) {
		in->raw_size = (uint64_t)st.st_size;
		posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* advice only */
	}
	return 0;
}

int input_open(const char *path, struct input **out, struct err *e)
{
	if (!*path)
		return err_set(e, ERR_NOINPUT, "'' is no file name");
	struct input *in = calloc(1, sizeof(*in));
	if (!in)
		return err_set(e, ERR_NOMEM, "out of memory");
	in->fd = in->spool = -1;
	in->name = strdup(strcmp(path, "-") ? path : "standard input");
	int rc = in->name ? open_file(in, path, e) : err_set(e, ERR_NOMEM, "out of memory");
	if (!rc)
		rc = prepare(in, e);
	if (rc) {
		input_close(in);
		return rc;
	}
	*out = in;
	return 0;
}

int input_open_memory(const char *name, const void *data, size_t n, struct input **out,
		      struct err *e)
{
	struct input *in = calloc(1, sizeof(*in));
	if (!in)
		return err_set(e, ERR_NOMEM, "out of memory");
	in->fd = in->spool = -1;
	in->memory = data;
	in->memory_n = n;
	in->raw_size = n;
	in->is_seekable = true;
	in->name = strdup(name);
	const int rc = prepare(in, e);
	if (rc) {
		input_close(in);
		return rc;
	}
	*out = in;
	return 0;
}

void input_close(struct input *in)
{
	if (!in)
		return;
	codec_close(in->codec);
	if (in->fd >= 0)
		close(in->fd);
	if (in->spool >= 0)
		close(in->spool);
	free(in->raw);
	free(in->window);
	free(in->name);
	free(in);
}

const char *input_name(const struct input *in)
{
	return in->name;
}

/* ---- in order ---- */

int input_peek(struct input *in, const uint8_t **p_out, size_t *n_out, struct err *e)
{
	const int rc = fill(in, INPUT_PEEK_BYTES, e);
	if (rc)
		return rc;
	const size_t n = in->end - in->begin;
	*p_out = in->window + in->begin;
	*n_out = n < INPUT_PEEK_BYTES ? n : INPUT_PEEK_BYTES;
	return 0;
}

int input_window(struct input *in, size_t least, const uint8_t **p_out, size_t *n_out,
		 struct err *e)
{
	const int rc = fill(in, least < INPUT_PEEK_BYTES ? least : INPUT_PEEK_BYTES, e);
	if (rc)
		return rc;
	*p_out = in->window + in->begin;
	*n_out = in->end - in->begin;
	return 0;
}

void input_take(struct input *in, size_t n)
{
	const size_t have = in->end - in->begin;

	consume(in, n < have ? n : have);
}

bool input_is_at_end(const struct input *in)
{
	return in->is_end && in->begin == in->end;
}

ssize_t input_read(struct input *in, void *buf, size_t n, struct err *e)
{
	const int rc = fill(in, 1, e);
	if (rc)
		return rc;
	const size_t have = in->end - in->begin;
	if (n > have)
		n = have;
	memcpy(buf, in->window + in->begin, n);
	consume(in, n);
	return (ssize_t)n;
}

uint64_t input_offset(const struct input *in)
{
	return in->offset;
}

void input_position(const struct input *in, uint64_t *done_out, uint64_t *total_out)
{
	*done_out = in->codec ? in->raw_offset - in->raw_left.n : in->offset;
	*total_out = in->raw_size;
}

static int seek_to(struct input *in, uint64_t offset, struct err *e)
{
	if (in->fd >= 0) {
		struct stat st;
		if (fstat(in->fd, &st))
			return err_set(e, ERR_IO, "%s: %s", in->name, strerror(errno));
		in->raw_size = (uint64_t)st.st_size;
	}
	if (offset > in->raw_size)
		return err_set(e, ERR_FORMAT, "%s: ends at byte %llu, expected at least %llu",
			       in->name, (unsigned long long)in->raw_size,
			       (unsigned long long)offset);
	if (in->fd >= 0 && lseek(in->fd, (off_t)offset, SEEK_SET) < 0)
		return err_set(e, ERR_IO, "%s: byte %llu: %s", in->name, (unsigned long long)offset,
			       strerror(errno));
	in->raw_offset = in->offset = offset;
	in->begin = in->end = 0;
	in->is_end = false;
	return 0;
}

int input_skip_to(struct input *in, uint64_t offset, struct err *e)
{
	if (offset < in->offset)
		return err_set(e, ERR_BUG, "%s: skip from byte %llu back to %llu", in->name,
			       (unsigned long long)in->offset, (unsigned long long)offset);
	if (in->is_seekable && offset - in->offset > in->end - in->begin)
		return seek_to(in, offset, e);
	while (in->offset < offset) {
		const int rc = fill(in, 1, e);
		if (rc)
			return rc;
		const size_t have = in->end - in->begin;
		if (!have)
			return err_set(e, ERR_FORMAT,
				       "%s: ends at byte %llu, expected at least %llu", in->name,
				       (unsigned long long)in->offset, (unsigned long long)offset);
		const uint64_t want = offset - in->offset;
		consume(in, want < have ? (size_t)want : have);
	}
	return 0;
}

const char *input_damage(const struct input *in)
{
	return in->damage[0] ? in->damage : NULL;
}

/* ---- lines and records ---- */

/*
 * Length of the lines at p up to and without the first that is too long: hops
 * from line start to the last line start within reach, so it looks at a few
 * bytes only.
 */
static size_t short_lines(const uint8_t *p, size_t n)
{
	size_t at = 0;
	while (n - at > LINE_BYTES) {
		const uint8_t *nl = memrchr(p + at, '\n', LINE_BYTES + 1);
		if (!nl)
			break;
		at = (size_t)(nl - p) + 1;
	}
	return n - at > LINE_BYTES ? at : n;
}

int input_lines(struct input *in, const char **p_out, size_t *n_out, struct err *e)
{
	const int rc = fill(in, WINDOW_BYTES, e);
	if (rc)
		return rc;
	uint8_t *p = in->window + in->begin;
	const size_t have = in->end - in->begin;
	if (!have)
		return 0;

	size_t n = have;
	if (!in->is_end) { /* the window is full; 64 KiB must hold a newline */
		const uint8_t *nl = memrchr(p, '\n', have);
		n = nl ? (size_t)(nl - p) + 1 : have;
	}
	n = short_lines(p, n);
	if (!n)
		return err_set(e, ERR_FORMAT, "%s: byte %llu: line above 64 KiB: is this text?",
			       in->name, (unsigned long long)in->offset);
	if (in->is_end && n == have)
		p[n] = '\n'; /* in the slack: a last line without newline is like the others */
	*p_out = (const char *)p;
	*n_out = n;
	consume(in, n);
	return 1;
}

int input_records(struct input *in, size_t size, const uint8_t **p_out, size_t *n_out,
		  size_t *left_over_out, struct err *e)
{
	*left_over_out = 0;
	if (!size || size > WINDOW_BYTES)
		return err_set(e, ERR_BUG, "records of %zu bytes", size);
	const int rc = fill(in, WINDOW_BYTES, e);
	if (rc)
		return rc;
	const size_t have = in->end - in->begin;
	const size_t n = have - have % size;
	*p_out = in->window + in->begin;
	*n_out = n / size;
	if (!n) {
		*left_over_out = have;
		return 0;
	}
	consume(in, n);
	return 1;
}

/* ---- random access ---- */

static int write_all(int fd, const uint8_t *p, size_t n, struct err *e)
{
	while (n) {
		const ssize_t put = write(fd, p, n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return err_set(e, ERR_CREATE, "temporary file: %s (see TMPDIR)",
				       strerror(errno));
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

int input_random(struct input *in, struct err *e)
{
	if (in->is_seekable) {
		struct stat st = { .st_size = (off_t)in->memory_n };
		if (in->fd >= 0 && fstat(in->fd, &st))
			return err_set(e, ERR_IO, "%s: %s", in->name, strerror(errno));
		in->size = (uint64_t)st.st_size;
		return 0;
	}
	if (in->spool >= 0)
		return 0;
	if (in->offset)
		return err_set(e, ERR_BUG, "%s: random access after %llu bytes were read", in->name,
			       (unsigned long long)in->offset);
	const int fd = tempfile_open(e);
	if (fd < 0)
		return fd;
	in->spool = fd;
	for (;;) {
		int rc = fill(in, 1, e);
		if (!rc)
			rc = write_all(fd, in->window + in->begin, in->end - in->begin, e);
		if (rc)
			return rc;
		if (in->begin == in->end)
			break;
		consume(in, in->end - in->begin);
	}
	in->size = in->offset;
	return 0;
}

uint64_t input_size(const struct input *in)
{
	return in->size;
}

int input_pread(struct input *in, void *buf, size_t n, uint64_t offset, struct err *e)
{
	const int fd = in->spool >= 0 ? in->spool : in->fd;
	uint64_t end;

	if (__builtin_add_overflow(offset, (uint64_t)n, &end) || end > in->size)
		return err_set(e, ERR_FORMAT, "%s: byte %llu: ends at byte %llu, expected %zu more",
			       in->name, (unsigned long long)offset, (unsigned long long)in->size,
			       n);
	if (fd < 0) {
		memcpy(buf, in->memory + offset, n);
		return 0;
	}
	for (size_t done = 0; done < n;) {
		const ssize_t got = pread(fd, (char *)buf + done, n - done, (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(e, ERR_IO, "%s: byte %llu: %s", in->name,
				       (unsigned long long)(offset + done), strerror(errno));
		if (!got)
			return err_set(e, ERR_FORMAT, "%s: byte %llu: the file became shorter",
				       in->name, (unsigned long long)(offset + done));
		done += (size_t)got;
	}
	return 0;
}
