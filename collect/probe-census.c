// SPDX-License-Identifier: MIT
/*
 * Page tables by NUMA node (ptcensus.h), taken in slices between other work.
 * One row a node, ptpage {node, count}; the first census begins with the
 * recording, the last one is finished at its end.
 */
#include "base/param.h"
#include "base/units.h"
#include "collect/probe-look.h"
#include "collect/ptcensus.h"
#include "collect/recording.h"

#include <stdlib.h>

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
	  .min = PTCENSUS_BLOCK_PAGES,
	  .max = 1 << 30,
	  .help = "Looked at in one go, some 4 ms for 64K",
	  .offset = offsetof(struct config, slice_pages) },
};

struct state {
	struct recording *recording;
	const struct config *config;
	struct ptcensus *census;
	uint16_t source;
	uint64_t next_ns; /* when the next census begins */
	bool is_under_way;
	struct trace_account account;
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
	int rc = ptcensus_open("", &s->census, e);
	if (rc)
		err_prefix(e, "census");
	if (!rc)
		rc = trace_writer_source(recording_writer(r), "census", coverage, &s->source, e);
	if (!rc)
		rc = trace_writer_source_detail(recording_writer(r), s->source, PAGE_BYTES,
						s->config->period_ns, 0, e);
	if (!rc) {
		*state_out = s;
		return 0;
	}
	ptcensus_close(s->census);
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
	for (uint16_t node = 0; node < s->census->nodes.nodes; node++) {
		row.node = node;
		row.count = s->census->counts[node];
		const int rc = recording_put(s->recording, KIND_PTPAGE, &row, e);
		if (rc < 0)
			return rc;
		s->account.seen++;
		s->account.stored++;
	}
	return 0;
}

/* Up to so many pages of the census under way. */
static int go_on(struct state *s, uint64_t pages, struct err *e)
{
	if (!ptcensus_go_on(s->census, pages))
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
		ptcensus_begin(s->census);
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
	ptcensus_close(s->census);
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
