// SPDX-License-Identifier: MIT
/*
 * Where page tables lie: pages that /proc/kpageflags marks as page tables
 * (KPF_PGTABLE, Linux 4.18), counted by NUMA node. The kernel tells of one page
 * at a time (some 60 ns each), so that a census is taken in slices between
 * other work and is as of its end; what moves meanwhile is counted once, twice
 * or not at all. One row a node, ptpage {node, count}; the first census begins
 * with the recording, the last one is finished at its end.
 *
 * Leaves out: whose tables they are, of which level, and tables of guests: KVM
 * does not mark its own.
 */
#include "base/param.h"
#include "base/units.h"
#include "collect/numanodes.h"
#include "collect/probe-look.h"
#include "collect/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	KPF_PGTABLE_BIT = 26, /* linux/kernel-page-flags.h */
	BLOCK_PAGES = 1 << 14,
};

static const char coverage[] = "page tables of the kernel and of processes, by node";

struct config {
	uint64_t period_ns, slice_pages;
};

static const struct param params[] = {
	{ .section = "census",
	  .name = "period",
	  .type = PARAM_NS,
	  .default_text = "10s",
	  .min = NS_PER_MS,
	  .help = "From the end of a census to the next",
	  .offset = offsetof(struct config, period_ns) },
	{ .section = "census",
	  .name = "slice",
	  .type = PARAM_U64,
	  .unit = "pages",
	  .default_text = "65536",
	  .min = BLOCK_PAGES,
	  .max = 1 << 30,
	  .help = "Looked at in one go, some 4 ms for 64K",
	  .offset = offsetof(struct config, slice_pages) },
};

struct state {
	struct recording *recording;
	const struct config *config;
	struct numanodes nodes;
	int fd;
	uint16_t source;
	uint64_t next_ns; /* when the next census begins */
	bool is_under_way;
	size_t span; /* what is looked at next */
	uint64_t at;
	uint64_t counts[NUMANODES_MAX];
	struct trace_account account;
	uint64_t flags[BLOCK_PAGES];
};

static void look(const struct hostfacts *h, struct probe_finding *out)
{
	if (!h->has_kpageflags)
		probe_say(out, PROBE_ABSENT, "kernel has no /proc/kpageflags",
			  "a kernel with CONFIG_PROC_PAGE_MONITOR");
	else if (!hostfacts_may(h, HOST_CAP_SYS_ADMIN) && !hostfacts_may(h, HOST_CAP_DAC_READ))
		probe_say(out, PROBE_DENIED, "/proc/kpageflags is for root",
			  "run as root or with CAP_DAC_READ_SEARCH and CAP_SYS_ADMIN");
	else
		probe_say(out, PROBE_USABLE,
			  "counts, whosever they are; blind to tables that KVM makes for guests",
			  "record census inside the guest for its own tables");
}

static int start(struct recording *r, void **state_out, struct err *e)
{
	struct state *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, ERR_NOMEM, "out of memory");
	s->recording = r;
	s->config = recording_config(r, &probe_census);
	s->fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	int rc = s->fd >= 0 ? numanodes_read(&s->nodes, "", e)
			    : err_set(e, errno == ENOENT ? ERR_FEATURE : ERR_PERM,
				      "census: /proc/kpageflags: %s", strerror(errno));
	if (!rc)
		rc = trace_writer_source(recording_writer(r), "census", coverage, &s->source, e);
	if (!rc)
		rc = trace_writer_source_detail(recording_writer(r), s->source, PAGE_BYTES,
						s->config->period_ns, 0, e);
	if (!rc) {
		*state_out = s;
		return 0;
	}
	if (s->fd >= 0)
		close(s->fd);
	numanodes_deinit(&s->nodes);
	free(s);
	return rc;
}

static int put_counts(struct state *s, uint64_t now_ns, struct err *e)
{
	struct ptpage_event row = {
		.ts = recording_time(s->recording, now_ns),
		.asid = UINT32_MAX,
		.ept = UINT8_MAX,
		.level = UINT8_MAX,
		.data_node = UINT16_MAX,
		.pfn = UINT64_MAX,
		.source = s->source,
	};
	for (uint16_t node = 0; node < s->nodes.nodes; node++) {
		row.node = node;
		row.count = s->counts[node];
		const int rc = recording_put(s->recording, KIND_PTPAGE, &row, e);
		if (rc < 0)
			return rc;
		s->account.seen++;
		s->account.stored++;
	}
	return 0;
}

/* One block of frames of a span; how many, 0 where the kernel has no more. */
static uint64_t count_block(struct state *s, const struct numaspan *span)
{
	const uint64_t room = span->end - s->at;
	const size_t want = room < BLOCK_PAGES ? (size_t)room : BLOCK_PAGES;
	const ssize_t got =
		pread(s->fd, s->flags, want * sizeof(uint64_t), (off_t)(s->at * sizeof(uint64_t)));
	const size_t n = got > 0 ? (size_t)got / sizeof(uint64_t) : 0;
	uint64_t tables = 0;
	for (size_t i = 0; i < n; i++)
		tables += s->flags[i] >> KPF_PGTABLE_BIT & 1;
	s->counts[span->node] += tables;
	return n;
}

/* Up to so many pages of the census under way. */
static int go_on(struct state *s, uint64_t pages, struct err *e)
{
	while (pages && s->span < s->nodes.n) {
		const struct numaspan *span = &s->nodes.spans[s->span];
		if (s->at < span->first)
			s->at = span->first;
		const uint64_t n = count_block(s, span);
		s->at += n;
		pages = pages > n ? pages - n : 0;
		if (!n || s->at == span->end)
			s->span++;
	}
	if (s->span < s->nodes.n)
		return 0;
	const uint64_t now_ns = recording_now();
	s->is_under_way = false;
	s->next_ns = now_ns + s->config->period_ns;
	return put_counts(s, now_ns, e);
}

static int poll(void *state, uint64_t now_ns, struct err *e)
{
	struct state *s = state;
	if (!s->is_under_way && now_ns >= s->next_ns) {
		s->is_under_way = true;
		s->span = 0;
		s->at = 0;
		memset(s->counts, 0, sizeof(s->counts));
	}
	return s->is_under_way ? go_on(s, s->config->slice_pages, e) : 0;
}

static int stop(void *state, struct err *e)
{
	struct state *s = state;
	int rc = poll(s, recording_now(), e);
	if (!rc && s->is_under_way)
		rc = go_on(s, UINT64_MAX, e);
	const int failed = trace_writer_account(recording_writer(s->recording), "census",
						&s->account, rc ? NULL : e);
	close(s->fd);
	numanodes_deinit(&s->nodes);
	free(s);
	return rc ? rc : failed;
}

const struct probe probe_census = {
	.name = "census",
	.summary = "page-table pages by NUMA node, from /proc/kpageflags",
	.coverage = coverage,
	.side = PROBE_WALK,
	.drops_rights = true,
	.params = params,
	.nparams = sizeof(params) / sizeof(*params),
	.config_bytes = sizeof(struct config),
	.look = look,
	.start = start,
	.poll = poll,
	.stop = stop,
};
