// SPDX-License-Identifier: MIT
/* Spans of page frames one after the other, in blocks. */
#include "collect/ptcensus.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KPF_PGTABLE_BIT = 26 }; /* linux/kernel-page-flags.h */

int ptcensus_open(const char *root, struct ptcensus **out, struct err *e)
{
	char path[PATH_MAX];
	struct ptcensus *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(e, ERR_NOMEM, "out of memory");
	snprintf(path, sizeof(path), "%s/proc/kpageflags", root);
	c->fd = open(path, O_RDONLY | O_CLOEXEC);
	const int rc = c->fd >= 0 ? numanodes_read(&c->nodes, root, e)
				  : err_set(e, errno == ENOENT ? ERR_FEATURE : ERR_PERM, "%s: %s",
					    path, strerror(errno));
	if (!rc) {
		*out = c;
		return 0;
	}
	ptcensus_close(c);
	return rc;
}

void ptcensus_close(struct ptcensus *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	numanodes_deinit(&c->nodes);
	free(c);
}

void ptcensus_begin(struct ptcensus *c)
{
	c->span = 0;
	c->at = c->looked_at = 0;
	memset(c->counts, 0, sizeof(c->counts));
}

uint64_t ptcensus_pages(const struct ptcensus *c)
{
	uint64_t pages = 0;
	for (size_t i = 0; i < c->nodes.n; i++)
		pages += c->nodes.spans[i].end - c->nodes.spans[i].first;
	return pages;
}

/* One block of frames of a span; how many, 0 where the kernel has no more. */
static uint64_t count_block(struct ptcensus *c, const struct numaspan *span)
{
	const uint64_t room = span->end - c->at;
	const size_t want = room < PTCENSUS_BLOCK_PAGES ? (size_t)room : PTCENSUS_BLOCK_PAGES;
	const ssize_t got =
		pread(c->fd, c->flags, want * sizeof(uint64_t), (off_t)(c->at * sizeof(uint64_t)));
	const size_t n = got > 0 ? (size_t)got / sizeof(uint64_t) : 0;
	uint64_t tables = 0;
	for (size_t i = 0; i < n; i++)
		tables += c->flags[i] >> KPF_PGTABLE_BIT & 1;
	c->counts[span->node] += tables;
	return n;
}

int ptcensus_go_on(struct ptcensus *c, uint64_t pages)
{
	while (pages && c->span < c->nodes.n) {
		const struct numaspan *span = &c->nodes.spans[c->span];
		if (c->at < span->first)
			c->at = span->first;
		const uint64_t n = count_block(c, span);
		c->at += n;
		c->looked_at += n;
		pages = pages > n ? pages - n : 0;
		if (!n || c->at == span->end)
			c->span++;
	}
	return c->span == c->nodes.n;
}
