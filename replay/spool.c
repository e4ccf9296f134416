// SPDX-License-Identifier: MIT
/*
 * Spool: one reserved mapping, of which only what is written takes memory, and
 * a file behind it. Blocks never straddle the two.
 */
#include "replay/spool.h"

#include "base/tempfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK_BYTES_ON_FILE = SPOOL_BLOCK * sizeof(uint32_t) };

int spool_init(struct spool *s, size_t memory_bytes, struct err *e)
{
	*s = (struct spool){ .fd = -1 };
	s->memory_max = memory_bytes / BLOCK_BYTES_ON_FILE * SPOOL_BLOCK;
	s->memory = arena_alloc(&s->arena, s->memory_max, sizeof(uint32_t));
	if (!s->memory)
		return err_set(e, ERR_NOMEM, "no memory to hold requests");
	return 0;
}

void spool_deinit(struct spool *s)
{
	if (s->fd >= 0)
		close(s->fd);
	arena_deinit(&s->arena);
	*s = (struct spool){ .fd = -1 };
}

static int open_file(struct spool *s, struct err *e)
{
	s->pending = arena_alloc(&s->arena, SPOOL_BLOCK, sizeof(uint32_t));
	if (!s->pending)
		return err_set(e, ERR_NOMEM, "no memory to hold requests");
	s->fd = tempfile_open(e);
	return s->fd < 0 ? s->fd : 0;
}

static int write_block(struct spool *s, uint64_t from, size_t n, struct err *e)
{
	const char *p = (const char *)s->pending;
	size_t left = n * sizeof(uint32_t);
	off_t at = (off_t)((from - s->memory_max) * sizeof(uint32_t));
	while (left) {
		const ssize_t w = pwrite(s->fd, p, left, at);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return err_set(e, ERR_CREATE, "temporary file: %s (see TMPDIR)",
				       w ? strerror(errno) : "nothing written");
		p += w;
		at += w;
		left -= (size_t)w;
	}
	return 0;
}

static int put_on_file(struct spool *s, const uint32_t *values, size_t n, struct err *e)
{
	if (s->fd < 0) {
		const int rc = open_file(s, e);
		if (rc)
			return rc;
	}
	while (n) {
		const size_t used = s->n % SPOOL_BLOCK;
		const size_t take = n < SPOOL_BLOCK - used ? n : SPOOL_BLOCK - used;
		memcpy(s->pending + used, values, take * sizeof(*values));
		s->n += take;
		values += take;
		n -= take;
		if (s->n % SPOOL_BLOCK)
			continue;
		const int rc = write_block(s, s->n - SPOOL_BLOCK, SPOOL_BLOCK, e);
		if (rc)
			return rc;
	}
	return 0;
}

int spool_put(struct spool *s, const uint32_t *values, size_t n, struct err *e)
{
	const uint64_t room = s->n < s->memory_max ? s->memory_max - s->n : 0;
	const size_t here = n < room ? n : (size_t)room;
	if (here)
		memcpy(s->memory + s->n, values, here * sizeof(*values));
	s->n += here;
	return here < n ? put_on_file(s, values + here, n - here, e) : 0;
}

int spool_finish(struct spool *s, struct err *e)
{
	const size_t used = s->n % SPOOL_BLOCK;
	return s->fd >= 0 && used ? write_block(s, s->n - used, used, e) : 0;
}

int spool_get(const struct spool *s, uint64_t block, uint32_t *scratch, const uint32_t **values_out,
	      size_t *n_out, struct err *e)
{
	const uint64_t first = block * SPOOL_BLOCK;
	const size_t n = s->n - first < SPOOL_BLOCK ? (size_t)(s->n - first) : SPOOL_BLOCK;
	*n_out = n;
	if (first < s->memory_max) {
		*values_out = s->memory + first;
		return 0;
	}

	char *p = (char *)scratch;
	off_t at = (off_t)((first - s->memory_max) * sizeof(uint32_t));
	for (size_t left = n * sizeof(uint32_t); left;) {
		const ssize_t r = pread(s->fd, p, left, at);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return err_set(e, ERR_IO, "temporary file: %s",
				       r ? strerror(errno) : "it became shorter");
		p += r;
		at += r;
		left -= (size_t)r;
	}
	*values_out = scratch;
	return 0;
}
