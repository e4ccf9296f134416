// SPDX-License-Identifier: MIT
/*
 * Regions of memory that DAMON found touched, as cpu rows: DAMON is somebody
 * else's, who runs it; its tracepoint damon:damon_aggregated is read through
 * rings of our own and its sysfs files are read, never written. Without a
 * process physical regions are told, with --pid those of this process.
 *
 * Regions in which no look found a touch make no row. What a row says is
 * inferred (collect/damon.h).
 */
#include "base/cleanup.h"
#include "base/units.h"
#include "collect/damon.h"
#include "collect/perfring.h"
#include "collect/probe-look.h"
#include "collect/recording.h"
#include "collect/ringloss.h"
#include "collect/tracefs.h"

#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>

static const uint64_t slack_ns = 2 * NS_PER_MS; /* between a stamp and its record */

struct state {
	struct recording *recording;
	struct perfring *ring;
	struct damon damon;
	struct damon_fields fields;
	pid_t pid; /* 0: physical memory */
	uint16_t source;
	uint64_t aggregation_ns; /* of those that are read, the longest */
	uint64_t regions, region_pages;
	struct trace_account account;
};

static void look(const struct hostfacts *h, struct probe_finding *out)
{
	if (probe_lacks_event(h, "damon", "damon_aggregated",
			      "use a kernel with CONFIG_DAMON and CONFIG_DAMON_SYSFS, or --probe "
			      "touch",
			      out))
		return;
	if (!h->kdamonds_on)
		probe_say(out, PROBE_BLIND, "nobody runs DAMON here: its tracepoint tells nothing",
			  "start it yourself (damo start), then --probe damon --allow-damon; "
			  "pugmark never starts or changes it");
	else
		probe_sayf(out, PROBE_USABLE, "--probe damon --allow-damon; it is read only",
			   "somebody runs DAMON (%u thread%s): what it tells of regions, by "
			   "looking at one page of each, is inferred of all their pages",
			   h->kdamonds_on, h->kdamonds_on == 1 ? "" : "s");
}

/* ---- rows ---- */

static bool is_wanted(const struct state *s, const struct damon_region *x)
{
	return x->kdamond && x->count && (s->pid ? x->process == s->pid : x->kdamond->is_physical);
}

static int put_region(struct state *s, const struct damon_region *x, struct err *e)
{
	const uint64_t end = recording_time(s->recording, x->told_ns);
	struct cpu_event row = {
		.ts = recording_time(s->recording,
				     x->told_ns > x->period_ns ? x->told_ns - x->period_ns : 0),
		.as = s->pid ? AS_HVA : AS_PA,
		.count = x->count,
		.write = UINT8_MAX,
		.source = s->source,
	};
	bool is_stored = false, is_shed = false;
	row.period = end - row.ts;
	for (uint64_t page = x->page, left = x->npages, n; left; page += n, left -= n) {
		n = left < UINT32_MAX ? left : UINT32_MAX;
		row.pfn = page;
		row.npages = (uint32_t)n;
		const int rc = recording_put(s->recording, KIND_CPU, &row, e);
		if (rc < 0)
			return rc;
		is_stored |= !rc;
		is_shed |= rc == RECORDING_SHED;
	}
	*(is_stored ? &s->account.stored : is_shed ? &s->account.shed : &s->account.filtered) += 1;
	return 0;
}

static int put(struct state *s, const struct perfring_record *rec, struct err *e)
{
	struct damon_region x;
	if (!damon_region_decode(&s->damon, &s->fields, rec->ts, rec->raw, rec->raw_bytes, &x)) {
		s->account.decode_error++;
		return 0;
	}
	s->regions += x.kdamond != NULL;
	s->region_pages += x.npages;
	if (is_wanted(s, &x))
		return put_region(s, &x, e);
	s->account.filtered++;
	return 0;
}

static int drain(struct state *s, uint64_t limit_ns, struct err *e)
{
	struct perfring_record rec;
	int rc = perfring_begin(s->ring, limit_ns, e);
	while (!rc && (rc = perfring_next(s->ring, &rec, e)) > 0)
		rc = put(s, &rec, e);
	return rc ? rc : ringloss_note(s->recording, s->ring, "damon", NULL, e);
}

/* ---- start ---- */

/* Whose regions there are to read, and how often they come. */
static int find_monitors(struct state *s, struct err *e)
{
	damon_read(&s->damon, "");
	s->aggregation_ns = damon_monitors(&s->damon, s->pid);
	if (s->aggregation_ns)
		return 0;
	return s->pid ? err_set(e, ERR_FEATURE,
				"probe damon: nobody's DAMON monitors process %d: start it (damo), "
				"or use --probe touch",
				(int)s->pid)
		      : err_set(e, ERR_FEATURE,
				"probe damon: nobody's DAMON monitors physical memory: start it "
				"(damo), or use --probe touch --pid PID");
}

static int name_source(struct state *s, struct err *e)
{
	char coverage[240];
	snprintf(coverage, sizeof(coverage),
		 "inferred: regions of somebody else's DAMON (%s), of which one page was looked at "
		 "in each sample; count: looks that found it touched, by any CPU",
		 s->pid ? "the process's addresses" : "physical addresses");
	return trace_writer_source(recording_writer(s->recording), "damon", coverage, &s->source,
				   e);
}

/* The mean region is what a row stands for; told again when more is known. */
static int tell_detail(struct state *s, struct err *e)
{
	return trace_writer_source_detail(
		recording_writer(s->recording), s->source,
		s->regions ? s->region_pages / s->regions * PAGE_BYTES : 0, s->aggregation_ns,
		recording_options(s->recording)->sample_ppm, e);
}

static int open_ring(struct state *s, struct err *e)
{
	_free_ struct evformat *f = malloc(sizeof(*f));
	const int *fds;
	if (!f)
		return err_set(e, ERR_NOMEM, "out of memory");
	int rc = tracefs_format("damon", "damon_aggregated", f, e);
	if (!rc)
		rc = damon_fields_find(f, &s->fields, e);
	if (rc)
		return rc;
	const struct perfring_event event = { .name = "damon:damon_aggregated",
					      .type = PERF_TYPE_TRACEPOINT,
					      .config = f->id,
					      .wants_raw = true };
	const struct perfring_config c = { .events = &event,
					   .nevents = 1,
					   .ring_bytes =
						   recording_options(s->recording)->ring_bytes };
	rc = perfring_open(&c, &s->ring, e);
	const unsigned n = rc ? 0 : perfring_fds(s->ring, &fds);
	for (unsigned i = 0; i < n && !rc; i++)
		rc = recording_watch(s->recording, fds[i], e);
	return rc ? rc : perfring_enable(s->ring, e);
}

static void let_go(struct state *s)
{
	const int *fds;
	const unsigned n = s->ring ? perfring_fds(s->ring, &fds) : 0;
	for (unsigned i = 0; i < n; i++)
		recording_unwatch(s->recording, fds[i]);
	perfring_close(s->ring);
	free(s);
}

static int start(struct recording *r, void **state_out, struct err *e)
{
	bool waits_for_exec;
	if (!recording_options(r)->allow_damon)
		return err_set(e, ERR_USAGE,
			       "probe damon: DAMON is somebody else's: to read it, --allow-damon");
	struct state *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, ERR_NOMEM, "out of memory");
	s->recording = r;
	s->pid = recording_target(r, &waits_for_exec);
	if (waits_for_exec) /* a command is nobody's target yet */
		s->pid = 0;
	int rc = find_monitors(s, e);
	if (!rc)
		rc = name_source(s, e);
	if (!rc)
		rc = tell_detail(s, e);
	if (!rc)
		rc = open_ring(s, e);
	if (rc)
		let_go(s);
	else
		*state_out = s;
	return rc;
}

/* ---- poll and stop ---- */

static int poll(void *state, uint64_t now_ns, struct err *e)
{
	struct state *s = state;
	const bool is_first = !s->regions;
	const int rc = drain(s, now_ns > slack_ns ? now_ns - slack_ns : 0, e);
	return rc || !is_first || !s->regions ? rc : tell_detail(s, e);
}

/* A row comes when its aggregation ends and has the time at which that began. */
static uint64_t oldest_ns(const void *state, unsigned kind)
{
	const struct state *s = state;
	const uint64_t behind = 2 * s->aggregation_ns + slack_ns, now = recording_now();
	return kind == KIND_CPU ? recording_time(s->recording, now > behind ? now - behind : 0)
				: UINT64_MAX;
}

static int account(struct state *s, struct err *e)
{
	struct perfring_counts n;
	const int rc = perfring_counts(s->ring, 0, &n, e);
	if (rc)
		return rc;
	s->account.ring_lost = n.lost;
	s->account.seen = n.records + n.lost;
	s->account.unaccounted = n.counted > s->account.seen ? n.counted - s->account.seen : 0;
	s->account.seen += s->account.unaccounted;
	return recording_account(s->recording, "damon:damon_aggregated", &s->account, e);
}

static int stop(void *state, struct err *e)
{
	struct state *s = state;
	perfring_disable(s->ring);
	int rc = drain(s, UINT64_MAX, e);
	if (!rc)
		rc = tell_detail(s, e);
	const int failed = account(s, rc ? NULL : e);
	let_go(s);
	return rc ? rc : failed;
}

const struct probe probe_damon = {
	.name = "damon",
	.summary = "regions that somebody else's DAMON found touched (damon:damon_aggregated)",
	.coverage = "inferred: regions of DAMON, one page of each looked at a sample",
	.side = PROBE_CPU,
	.is_of_target = true,
	.drops_rights = true,
	.look = look,
	.start = start,
	.poll = poll,
	.oldest_ns = oldest_ns,
	.stop = stop,
};
