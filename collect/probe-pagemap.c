// SPDX-License-Identifier: MIT
/*
 * Where the memory of a process lies: snapshots of its address space from
 * /proc/PID/pagemap, virtual page to page frame to NUMA node. A snapshot is taken
 * in slices and is as of its end; all its rows have that time: `pt` {asid, set,
 * level 1, va, pfn, count} for each run of pages whose frames follow each other
 * on one node, and `ptpage` {asid, level 0, node, count} for each node's sum.
 *
 * Leaves out pages that are swapped out or were never touched, and does not see
 * whether a frame is part of a huge page (its run tells).
 */
#include "base/param.h"
#include "base/units.h"
#include "collect/numanodes.h"
#include "collect/probe-look.h"
#include "collect/procmaps.h"
#include "collect/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	BLOCK_PAGES = 1 << 14,
	RUNS_MAX = 1 << 20, /* of a snapshot */
	MAPS_BYTES_MAX = 1 << 28,
};

static const uint64_t entry_present = UINT64_C(1)
				      << 63; /* Documentation/admin-guide/mm/pagemap.rst */
static const uint64_t entry_pfn = (UINT64_C(1) << 55) - 1;

static const char coverage[] = "page frame of each resident page of a process, at times";

struct config {
	uint64_t period_ns, slice_pages;
};

static const struct param params[] = {
	{ .section = "pagemap",
	  .name = "period",
	  .type = PARAM_NS,
	  .default_text = "10s",
	  .min = NS_PER_MS,
	  .help = "From the end of a snapshot to the next",
	  .offset = offsetof(struct config, period_ns) },
	{ .section = "pagemap",
	  .name = "slice",
	  .type = PARAM_U64,
	  .unit = "pages",
	  .default_text = "262144",
	  .min = BLOCK_PAGES,
	  .max = 1 << 30,
	  .help = "Looked at in one go",
	  .offset = offsetof(struct config, slice_pages) },
};

struct frame_run {
	uint64_t page, pfn;
	uint32_t count;
	uint16_t node;
};

struct state {
	struct recording *recording;
	const struct config *config;
	pid_t pid;
	struct numanodes nodes;
	uint16_t source;
	uint64_t next_ns; /* when the next snapshot begins */
	uint64_t hidden;  /* pages whose frame the kernel does not tell us */

	/* of the snapshot under way: fd >= 0 */
	int fd;
	struct procmaps maps;
	size_t map;  /* what is looked at next */
	uint64_t at; /* page */
	struct frame_run *runs;
	size_t nruns;
	uint64_t counts[NUMANODES_MAX];
	struct trace_account account;
	uint64_t entries[BLOCK_PAGES];
};

static void look(const struct hostfacts *h, struct probe_finding *out)
{
	if (!h->has_pagemap)
		probe_say(out, PROBE_ABSENT, "kernel has no /proc/PID/pagemap",
			  "a kernel with CONFIG_PROC_PAGE_MONITOR");
	else if (!hostfacts_may(h, HOST_CAP_SYS_ADMIN))
		probe_say(out, PROBE_DENIED, "page frames are told to CAP_SYS_ADMIN only",
			  "run as root");
	else
		probe_say(out, PROBE_USABLE,
			  "one process (--pid or a command), what of it is resident at times",
			  "--set pagemap.period=T for how often");
}

/* ---- a snapshot ---- */

static void end_snapshot(struct state *s)
{
	close(s->fd);
	s->fd = -1;
	procmaps_free(&s->maps);
	s->next_ns = recording_now() + s->config->period_ns;
}

/* A process that ended, or has no memory, has no snapshot. */
static int begin_snapshot(struct state *s, struct err *e)
{
	char path[40], *text = NULL;
	size_t n = 0;
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)s->pid);
	s->next_ns = recording_now() + s->config->period_ns;
	if (procfile_read(path, MAPS_BYTES_MAX, &text, &n, NULL))
		return 0;
	int rc = procmaps_parse(text, n, &s->maps, e);
	free(text);
	if (rc)
		return rc;
	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)s->pid);
	s->fd = s->maps.n ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (s->fd < 0)
		procmaps_free(&s->maps);
	s->map = 0;
	s->at = 0;
	s->nruns = 0;
	memset(s->counts, 0, sizeof(s->counts));
	return 0;
}

static void add_frame(struct state *s, uint64_t page, uint64_t pfn)
{
	const struct numaspan *span = numanodes_find(&s->nodes, pfn);
	const uint16_t node = span ? span->node : UINT16_MAX;
	struct frame_run *last = s->nruns ? &s->runs[s->nruns - 1] : NULL;
	if (node != UINT16_MAX)
		s->counts[node]++;
	if (last && last->node == node && last->page + last->count == page &&
	    last->pfn + last->count == pfn && last->count < UINT32_MAX) {
		last->count++;
		return;
	}
	if (s->nruns < RUNS_MAX)
		s->runs[s->nruns++] = (struct frame_run){ page, pfn, 1, node };
	else
		s->account.shed++;
}

/* One block of a mapping; how many pages, 0 where the kernel tells no more of it. */
static uint64_t read_block(struct state *s, uint64_t end)
{
	const uint64_t room = end - s->at;
	const size_t want = room < BLOCK_PAGES ? (size_t)room : BLOCK_PAGES;
	const ssize_t got = pread(s->fd, s->entries, want * sizeof(uint64_t),
				  (off_t)(s->at * sizeof(uint64_t)));
	const size_t n = got > 0 ? (size_t)got / sizeof(uint64_t) : 0;
	for (size_t i = 0; i < n; i++) {
		const uint64_t pfn = s->entries[i] & entry_pfn;
		if (!(s->entries[i] & entry_present))
			continue;
		if (pfn)
			add_frame(s, s->at + i, pfn);
		else
			s->hidden++;
	}
	return n;
}

static int put_runs(struct state *s, uint64_t ts, struct err *e)
{
	struct pt_event row = {
		.ts = ts, .asid = (uint32_t)s->pid, .op = PT_SET, .level = 1, .source = s->source
	};
	for (size_t i = 0; i < s->nruns; i++) {
		row.va = s->runs[i].page << PAGE_SHIFT;
		row.pfn = s->runs[i].pfn;
		row.count = s->runs[i].count;
		const int rc = recording_put(s->recording, KIND_PT, &row, e);
		if (rc < 0)
			return rc;
		s->account.stored++;
	}
	return 0;
}

static int put_sums(struct state *s, uint64_t ts, struct err *e)
{
	struct ptpage_event row = {
		.ts = ts,
		.asid = (uint32_t)s->pid,
		.ept = UINT8_MAX,
		.level = 0, /* the pages themselves */
		.pfn = UINT64_MAX,
		.source = s->source,
	};
	for (uint16_t node = 0; node < s->nodes.nodes; node++) {
		row.node = row.data_node = node;
		row.count = s->counts[node];
		const int rc = recording_put(s->recording, KIND_PTPAGE, &row, e);
		if (rc < 0)
			return rc;
		s->account.stored++;
	}
	return 0;
}

/* Up to so many pages of the snapshot under way. */
static int go_on(struct state *s, uint64_t pages, struct err *e)
{
	while (pages && s->map < s->maps.n) {
		const struct procmap *m = &s->maps.list[s->map];
		const uint64_t first = m->start >> PAGE_SHIFT, end = m->end >> PAGE_SHIFT;
		if (s->at < first)
			s->at = first;
		const uint64_t n = s->at < end ? read_block(s, end) : 0;
		s->at += n;
		pages = pages > n ? pages - n : 0;
		if (!n || s->at >= end)
			s->map++;
	}
	if (s->map < s->maps.n)
		return 0;
	const uint64_t ts = recording_time(s->recording, recording_now());
	end_snapshot(s);
	const int rc = put_runs(s, ts, e);
	return rc ? rc : put_sums(s, ts, e);
}

static int poll(void *state, uint64_t now_ns, struct err *e)
{
	struct state *s = state;
	int rc = 0;
	if (s->fd < 0 && now_ns >= s->next_ns)
		rc = begin_snapshot(s, e);
	return rc || s->fd < 0 ? rc : go_on(s, s->config->slice_pages, e);
}

/* ---- start and stop ---- */

static void let_go(struct state *s)
{
	if (s->fd >= 0)
		end_snapshot(s);
	numanodes_deinit(&s->nodes);
	free(s->runs);
	free(s);
}

static int start(struct recording *r, void **state_out, struct err *e)
{
	bool waits_for_exec;
	const pid_t pid = recording_target(r, &waits_for_exec);
	if (!pid)
		return err_set(e, ERR_USAGE, "probe pagemap: of which process? --pid PID");
	struct state *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, ERR_NOMEM, "out of memory");
	s->recording = r;
	s->config = recording_config(r, &probe_pagemap);
	s->pid = pid;
	s->fd = -1;
	s->runs = malloc(RUNS_MAX * sizeof(*s->runs));
	int rc = s->runs ? numanodes_read(&s->nodes, "", e)
			 : err_set(e, ERR_NOMEM, "out of memory");
	if (!rc)
		rc = trace_writer_source(recording_writer(r), "pagemap", coverage, &s->source, e);
	if (!rc)
		rc = trace_writer_source_detail(recording_writer(r), s->source, PAGE_BYTES,
						s->config->period_ns, 0, e);
	if (rc)
		let_go(s);
	else
		*state_out = s;
	return rc;
}

static int stop(void *state, struct err *e)
{
	struct state *s = state;
	int rc = poll(s, recording_now(), e);
	if (!rc && s->fd >= 0)
		rc = go_on(s, UINT64_MAX, e);
	if (s->hidden)
		recording_note(s->recording, "pagemap: the frames of %llu pages are not told to us",
			       (unsigned long long)s->hidden);
	s->account.seen = s->account.stored + s->account.shed;
	const int failed = trace_writer_account(recording_writer(s->recording), "pagemap",
						&s->account, rc ? NULL : e);
	let_go(s);
	return rc ? rc : failed;
}

const struct probe probe_pagemap = {
	.name = "pagemap",
	.summary = "snapshots of a process: virtual page, page frame, NUMA node",
	.coverage = coverage,
	.side = PROBE_WALK,
	.params = params,
	.nparams = sizeof(params) / sizeof(*params),
	.config_bytes = sizeof(struct config),
	.look = look,
	.start = start,
	.poll = poll,
	.stop = stop,
};
