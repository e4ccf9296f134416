// SPDX-License-Identifier: MIT
/*
 * Page faults as the kernel accounts them, with their address: the perf software
 * events of major faults (something had to be read: a file's page, or one from
 * swap) and, when asked for, of minor ones.
 *
 * Blind to what a CPU does not fault on itself: pages that KVM gets for a guest,
 * or the kernel for a system call, are counted for the task and not told here.
 */
#include "base/param.h"
#include "base/units.h"
#include "collect/perfring.h"
#include "collect/probe-look.h"
#include "collect/recording.h"
#include "collect/ringloss.h"

#include <linux/perf_event.h>
#include <stdlib.h>

enum { MAJOR, MINOR, EVENTS };

static const uint64_t slack_ns = 2 * NS_PER_MS; /* between a stamp and its record */

struct config {
	bool minor;
};

static const struct param params[] = {
	{ .section = "majfault",
	  .name = "minor",
	  .type = PARAM_BOOL,
	  .default_text = "no",
	  .help = "Minor faults too: all page faults that were resolved",
	  .offset = offsetof(struct config, minor) },
};

static const struct perfring_event events[EVENTS] = {
	[MAJOR] = { .name = "major-faults",
		    .type = PERF_TYPE_SOFTWARE,
		    .config = PERF_COUNT_SW_PAGE_FAULTS_MAJ,
		    .wants_addr = true },
	[MINOR] = { .name = "minor-faults",
		    .type = PERF_TYPE_SOFTWARE,
		    .config = PERF_COUNT_SW_PAGE_FAULTS_MIN,
		    .wants_addr = true },
};

struct state {
	struct recording *recording;
	struct perfring *ring;
	unsigned nevents;
	uint16_t source[EVENTS];
	struct trace_account account[EVENTS];
};

static void look(const struct hostfacts *h, struct probe_finding *out)
{
	if (h->perf_paranoid > 0 && !hostfacts_may_trace(h))
		probe_sayf(out, PROBE_DENIED,
			   "run as root or with CAP_PERFMON, or set kernel.perf_event_paranoid=0",
			   "kernel.perf_event_paranoid is %d and CAP_PERFMON is missing",
			   h->perf_paranoid);
	else
		probe_say(out, PROBE_USABLE,
			  "does not see faults that KVM resolves for a guest's CPU, nor those of "
			  "system calls: a VMM's own accesses only",
			  "inside the guest it sees the guest's");
}

static int put(struct state *s, const struct perfring_record *rec, struct err *e)
{
	struct trace_account *a = &s->account[rec->event];
	const struct fault_event row = {
		.ts = recording_time(s->recording, rec->ts),
		.asid = rec->pid,
		.va = rec->addr,
		.pfn = UINT64_MAX,
		.ip = rec->ip,
		.major = rec->event == MAJOR,
		.write = UINT8_MAX,
		.lat = UINT64_MAX,
		.source = s->source[rec->event],
	};
	const int rc = recording_put(s->recording, KIND_FAULT, &row, e);
	if (rc < 0)
		return rc;
	*(rc == RECORDING_SHED       ? &a->shed
	  : rc == RECORDING_FILTERED ? &a->filtered
				     : &a->stored) += 1;
	return 0;
}

static int drain(struct state *s, uint64_t limit_ns, struct err *e)
{
	struct perfring_record rec;
	int rc = perfring_begin(s->ring, limit_ns, e);
	while (!rc && (rc = perfring_next(s->ring, &rec, e)) > 0)
		rc = put(s, &rec, e);
	return rc ? rc : ringloss_note(s->recording, s->ring, "majfault", NULL, e);
}

static int name_sources(struct state *s, struct err *e)
{
	static const char *const coverage[EVENTS] = {
		[MAJOR] = "major page faults of CPUs by address; asid is the process's number; "
			  "none of a guest's",
		[MINOR] = "minor page faults, likewise",
	};
	const uint64_t sample_ppm = recording_options(s->recording)->sample_ppm;
	struct trace_writer *w = recording_writer(s->recording);
	int rc = 0;
	for (unsigned i = 0; i < s->nevents && !rc; i++) {
		rc = trace_writer_source(w, events[i].name, coverage[i], &s->source[i], e);
		if (!rc && sample_ppm)
			rc = trace_writer_source_detail(w, s->source[i], 0, 0, sample_ppm, e);
	}
	return rc;
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

static int open_ring(struct state *s, struct err *e)
{
	bool waits_for_exec;
	const int *fds;
	const struct perfring_config c = {
		.events = events,
		.nevents = s->nevents,
		.pid = recording_target(s->recording, &waits_for_exec),
		.waits_for_exec = waits_for_exec,
		.ring_bytes = recording_options(s->recording)->ring_bytes,
	};
	int rc = perfring_open(&c, &s->ring, e);
	const unsigned n = rc ? 0 : perfring_fds(s->ring, &fds);
	for (unsigned i = 0; i < n && !rc; i++)
		rc = recording_watch(s->recording, fds[i], e);
	return rc || waits_for_exec ? rc : perfring_enable(s->ring, e);
}

static int start(struct recording *r, void **state_out, struct err *e)
{
	const struct config *c = recording_config(r, &probe_majfault);
	struct state *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, ERR_NOMEM, "out of memory");
	s->recording = r;
	s->nevents = c->minor ? EVENTS : MINOR;
	int rc = name_sources(s, e);
	if (!rc)
		rc = open_ring(s, e);
	if (rc)
		let_go(s);
	else
		*state_out = s;
	return rc;
}

static int poll(void *state, uint64_t now_ns, struct err *e)
{
	return drain(state, now_ns > slack_ns ? now_ns - slack_ns : 0, e);
}

/* The kernel's count is what was seen: what neither came nor was told as lost is unaccounted. */
static int account(struct state *s, struct err *e)
{
	int rc = 0;
	for (unsigned i = 0; i < s->nevents && !rc; i++) {
		struct trace_account *a = &s->account[i];
		struct perfring_counts n;
		rc = perfring_counts(s->ring, i, &n, e);
		if (rc)
			return rc;
		a->ring_lost = n.lost;
		a->seen = n.records + n.lost;
		a->unaccounted = n.counted > a->seen ? n.counted - a->seen : 0;
		a->seen += a->unaccounted;
		rc = recording_account(s->recording, events[i].name, a, e);
	}
	return rc;
}

static int stop(void *state, struct err *e)
{
	struct state *s = state;
	perfring_disable(s->ring);
	const int rc = drain(s, UINT64_MAX, e);
	const int failed = account(s, rc ? NULL : e);
	let_go(s);
	return rc ? rc : failed;
}

const struct probe probe_majfault = {
	.name = "majfault",
	.summary = "major page faults by address (perf software events)",
	.coverage = "major faults of CPUs, virtual addresses",
	.side = PROBE_CPU,
	.is_of_target = true,
	.params = params,
	.nparams = sizeof(params) / sizeof(*params),
	.config_bytes = sizeof(struct config),
	.drops_rights = true,
	.look = look,
	.start = start,
	.poll = poll,
	.stop = stop,
};
