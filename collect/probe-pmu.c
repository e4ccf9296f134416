// SPDX-License-Identifier: MIT
/*
 * Page walks as the processor counts them: events by their libpfm4 names, one
 * `walk` row for each event and CPU (or for the recorded process) and period,
 * with what was counted in it. Where processor counters are too few the kernel
 * takes turns; the count is then scaled by the time the event had, and meta
 * `pmu_scaled` tells how many rows that are. Counts are totals. Samples (a row
 * each pmu.sample events, count = that number, with the address where the event
 * gives one: on Intel as NAME:precise=1 or 2) are distributions: they are read
 * from rings and may be lost.
 */
#include "base/param.h"
#include "base/units.h"
#include "collect/perfring.h"
#include "collect/probe-look.h"
#include "collect/recording.h"
#include "collect/ringloss.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <perfmon/pfmlib_perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { EVENTS_MAX = 16, CPUS_MAX = 1024, NAMES_BYTES = 1000 };

static const uint64_t slack_ns = 2 * NS_PER_MS; /* between a stamp and its record */
static const char coverage[] = "totals of processor events; nothing of which page, but in samples";

/* Intel's and AMD's page walks; those that this processor knows are counted. */
static const char known_walks[] =
	"DTLB_LOAD_MISSES:WALK_COMPLETED,DTLB_LOAD_MISSES:WALK_ACTIVE,DTLB_LOAD_MISSES:WALK_"
	"DURATION,"
	"DTLB_STORE_MISSES:WALK_COMPLETED,DTLB_STORE_MISSES:WALK_ACTIVE,"
	"ITLB_MISSES:WALK_COMPLETED,EPT:WALK_PENDING,EPT:WALK_CYCLES,"
	"L1_DTLB_MISS:TLB_RELOAD_4K_L2_MISS,L1_DTLB_MISS:TLB_RELOAD_2M_L2_MISS,"
	"L1_ITLB_MISS_L2_ITLB_MISS,TABLEWALKER:DSIDE,LS_TABLEWALKER:DSIDE";

struct config {
	const char *events;
	uint64_t period_ns, sample;
};

static const struct param params[] = {
	{ .section = "pmu",
	  .name = "events",
	  .type = PARAM_TEXT,
	  .default_text = "walks",
	  .help = "libpfm4 names with commas between; walks: the page-walk events of this CPU",
	  .offset = offsetof(struct config, events) },
	{ .section = "pmu",
	  .name = "period",
	  .type = PARAM_NS,
	  .default_text = "1s",
	  .min = NS_PER_MS,
	  .help = "Between two readings of the counters",
	  .offset = offsetof(struct config, period_ns) },
	{ .section = "pmu",
	  .name = "sample",
	  .type = PARAM_U64,
	  .unit = "events",
	  .default_text = "0",
	  .help = "A sample row each so many events; 0: none",
	  .offset = offsetof(struct config, sample) },
};

struct event {
	char name[80];
	struct perf_event_attr attr;
	uint16_t source;
	struct trace_account account; /* of its samples */
};

struct counter {
	int fd;
	uint16_t event, cpu; /* cpu: UINT16_MAX of a process */
	uint64_t value, enabled_ns, running_ns;
};

struct state {
	struct recording *recording;
	const struct config *config;
	struct event events[EVENTS_MAX];
	unsigned nevents;
	struct counter *counters;
	unsigned ncounters;
	struct perfring *ring; /* of samples; or NULL */
	uint64_t next_ns, last_ns, rows, scaled;
	pid_t pid;
	bool waits_for_exec;
};

/* ---- events by name ---- */

/* Whether libpfm4 knows the event on this processor; the name it gave it. */
static bool encode(const char *name, struct event *out)
{
	char *full = NULL;
	pfm_perf_encode_arg_t a = { .attr = &out->attr, .fstr = &full, .size = sizeof(a) };
	memset(&out->attr, 0, sizeof(out->attr));
	out->attr.size = sizeof(out->attr);
	/* with perf's own modifiers, as :precise=2, beside those of the event */
	if (pfm_get_os_event_encoding(name, PFM_PLM0 | PFM_PLM3, PFM_OS_PERF_EVENT_EXT, &a) !=
	    PFM_SUCCESS)
		return false;
	free(full);
	snprintf(out->name, sizeof(out->name), "pmu:%.70s", name);
	return true;
}

static int add_events(struct state *s, const char *names, bool must_be_known, struct err *e)
{
	char text[NAMES_BYTES];
	if (snprintf(text, sizeof(text), "%s", names) >= (int)sizeof(text))
		return err_set(e, ERR_USAGE, "pmu.events: more than %d characters", NAMES_BYTES);
	for (char *rest = text, *name; (name = strsep(&rest, ","));) {
		if (s->nevents == EVENTS_MAX)
			return err_set(e, ERR_USAGE, "pmu.events: more than %d", EVENTS_MAX);
		if (encode(name, &s->events[s->nevents]))
			s->nevents++;
		else if (must_be_known)
			return err_set(e, ERR_FEATURE,
				       "pmu: this processor, or libpfm4, has no event '%.60s'",
				       name);
	}
	return s->nevents ? 0
			  : err_set(e, ERR_FEATURE,
				    "pmu: libpfm4 knows no page-walk event of this processor: "
				    "name some with --set pmu.events=..");
}

static int find_events(struct state *s, struct err *e)
{
	const int status = pfm_initialize();
	if (status != PFM_SUCCESS)
		return err_set(e, ERR_FEATURE, "pmu: libpfm4: %s", pfm_strerror(status));
	const bool is_default = !strcmp(s->config->events, "walks");
	return add_events(s, is_default ? known_walks : s->config->events, !is_default, e);
}

static void look(const struct hostfacts *h, struct probe_finding *out)
{
	if (!h->has_core_pmu)
		probe_say(out, PROBE_ABSENT,
			  "no processor counters (/sys/bus/event_source/devices has no cpu): a VM "
			  "without a virtual PMU",
			  "record on the host, or give the VM its PMU (-cpu host,pmu=on)");
	else if (!hostfacts_may_trace(h))
		probe_sayf(out, PROBE_DENIED,
			   "run as root or with CAP_PERFMON, or set kernel.perf_event_paranoid=-1",
			   "kernel.perf_event_paranoid is %d and CAP_PERFMON is missing",
			   h->perf_paranoid);
	else
		probe_say(out, PROBE_USABLE, "counters give totals; samples distributions",
			  "--set pmu.sample=N for samples");
}

/* ---- counters ---- */

static int open_counter(struct state *s, unsigned event, int cpu, struct err *e)
{
	struct perf_event_attr a = s->events[event].attr;
	struct counter *c = &s->counters[s->ncounters];
	a.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
	a.sample_period = 0; /* what is precise is said of samples */
	a.freq = a.precise_ip = 0;
	a.inherit = s->pid != 0;
	a.disabled = s->waits_for_exec;
	a.enable_on_exec = s->waits_for_exec;
	const long fd = syscall(SYS_perf_event_open, &a, s->pid ? s->pid : -1, cpu, -1,
				PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno == EACCES || errno == EPERM ? ERR_PERM : ERR_FEATURE,
			       "%s: %s", s->events[event].name, strerror(errno));
	*c = (struct counter){ .fd = (int)fd,
			       .event = (uint16_t)event,
			       .cpu = cpu < 0 ? UINT16_MAX : (uint16_t)cpu };
	s->ncounters++;
	return 0;
}

static int open_counters(struct state *s, struct err *e)
{
	uint32_t cpus[CPUS_MAX];
	const unsigned ncpus = s->pid ? 1 : perfring_list_cpus(cpus, CPUS_MAX);
	int rc = 0;
	s->counters = calloc((size_t)ncpus * s->nevents + 1, sizeof(*s->counters));
	if (!s->counters)
		return err_set(e, ERR_NOMEM, "out of memory");
	for (unsigned i = 0; i < ncpus; i++)
		for (unsigned event = 0; event < s->nevents && !rc; event++)
			rc = open_counter(s, event, s->pid ? -1 : (int)cpus[i], e);
	return rc;
}

/* What was counted since the last reading; scaled where the event had part of the time. */
static uint64_t take_count(struct counter *c, bool *is_scaled_out)
{
	uint64_t v[3];
	*is_scaled_out = false;
	if (read(c->fd, v, sizeof(v)) != sizeof(v))
		return 0;
	const uint64_t n = v[0] - c->value, enabled = v[1] - c->enabled_ns,
		       running = v[2] - c->running_ns;
	c->value = v[0];
	c->enabled_ns = v[1];
	c->running_ns = v[2];
	if (!running || running >= enabled)
		return n;
	*is_scaled_out = true;
	return (uint64_t)((unsigned __int128)n * enabled / running);
}

static int read_counters(struct state *s, uint64_t now_ns, struct err *e)
{
	const uint64_t now = recording_time(s->recording, now_ns);
	bool is_scaled;
	for (unsigned i = 0; i < s->ncounters; i++) {
		struct counter *c = &s->counters[i];
		const struct walk_event row = {
			.ts = now,
			.cpu = c->cpu,
			.asid = s->pid ? (uint32_t)s->pid : UINT32_MAX,
			.counter = c->event,
			.va = UINT64_MAX,
			.count = take_count(c, &is_scaled),
			.cycles = UINT64_MAX,
			.period = now - s->last_ns,
			.source = s->events[c->event].source,
		};
		const int rc = recording_put(s->recording, KIND_WALK, &row, e);
		if (rc < 0)
			return rc;
		s->rows++;
		s->scaled += is_scaled;
	}
	s->last_ns = now;
	s->next_ns = now_ns + s->config->period_ns;
	return 0;
}

/* ---- samples ---- */

static int open_samples(struct state *s, struct err *e)
{
	struct perfring_event events[EVENTS_MAX];
	const int *fds;
	for (unsigned i = 0; i < s->nevents; i++) {
		const struct perf_event_attr *a = &s->events[i].attr;
		events[i] = (struct perfring_event){ .name = s->events[i].name,
						     .type = a->type,
						     .config = a->config,
						     .config1 = a->config1,
						     .config2 = a->config2,
						     .precise_ip = a->precise_ip,
						     .excludes_user = a->exclude_user,
						     .excludes_kernel = a->exclude_kernel,
						     .period = s->config->sample,
						     .wants_addr = true };
	}
	const struct perfring_config c = {
		.events = events,
		.nevents = s->nevents,
		.pid = s->pid,
		.waits_for_exec = s->waits_for_exec,
		.ring_bytes = recording_options(s->recording)->ring_bytes,
	};
	int rc = perfring_open(&c, &s->ring, e);
	const unsigned n = rc ? 0 : perfring_fds(s->ring, &fds);
	for (unsigned i = 0; i < n && !rc; i++)
		rc = recording_watch(s->recording, fds[i], e);
	return rc || s->waits_for_exec ? rc : perfring_enable(s->ring, e);
}

static int drain(struct state *s, uint64_t limit_ns, struct err *e)
{
	struct perfring_record rec;
	int rc = perfring_begin(s->ring, limit_ns, e);
	while (!rc && (rc = perfring_next(s->ring, &rec, e)) > 0) {
		struct event *v = &s->events[rec.event];
		const struct walk_event row = {
			.ts = recording_time(s->recording, rec.ts),
			.cpu = (uint16_t)rec.cpu,
			.asid = rec.pid,
			.counter = (uint16_t)rec.event,
			.va = rec.addr ? rec.addr : UINT64_MAX,
			.count = s->config->sample,
			.cycles = UINT64_MAX,
			.period = UINT64_MAX,
			.source = v->source,
		};
		const int put = recording_put(s->recording, KIND_WALK, &row, e);
		if (put < 0)
			return put;
		v->account.stored++;
		rc = 0;
	}
	return rc ? rc : ringloss_note(s->recording, s->ring, "pmu", NULL, e);
}

/* ---- the probe ---- */

static void let_go(struct state *s)
{
	const int *fds;
	const unsigned n = s->ring ? perfring_fds(s->ring, &fds) : 0;
	for (unsigned i = 0; i < n; i++)
		recording_unwatch(s->recording, fds[i]);
	perfring_close(s->ring);
	for (unsigned i = 0; i < s->ncounters; i++)
		close(s->counters[i].fd);
	free(s->counters);
	free(s);
}

static int name_sources(struct state *s, struct err *e)
{
	struct trace_writer *w = recording_writer(s->recording);
	int rc = 0;
	for (unsigned i = 0; i < s->nevents && !rc; i++) {
		rc = trace_writer_source(w, s->events[i].name, coverage, &s->events[i].source, e);
		if (!rc)
			rc = trace_writer_source_detail(w, s->events[i].source, 0,
							s->config->period_ns, 0, e);
	}
	return rc;
}

static int start(struct recording *r, void **state_out, struct err *e)
{
	struct state *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, ERR_NOMEM, "out of memory");
	s->recording = r;
	s->config = recording_config(r, &probe_pmu);
	s->pid = recording_target(r, &s->waits_for_exec);
	int rc = find_events(s, e);
	if (!rc)
		rc = name_sources(s, e);
	if (!rc)
		rc = open_counters(s, e);
	if (!rc && s->config->sample)
		rc = open_samples(s, e);
	s->next_ns = recording_now() + s->config->period_ns;
	if (rc)
		let_go(s);
	else
		*state_out = s;
	return rc;
}

static int poll(void *state, uint64_t now_ns, struct err *e)
{
	struct state *s = state;
	const int rc = s->ring ? drain(s, now_ns > slack_ns ? now_ns - slack_ns : 0, e) : 0;
	return rc || now_ns < s->next_ns ? rc : read_counters(s, now_ns, e);
}

static int account_samples(struct state *s, struct err *e)
{
	int rc = 0;
	for (unsigned i = 0; i < s->nevents && !rc; i++) {
		struct trace_account *a = &s->events[i].account;
		struct perfring_counts n;
		rc = perfring_counts(s->ring, i, &n, e);
		a->ring_lost = n.lost;
		a->seen = a->stored + n.lost;
		if (!rc)
			rc = trace_writer_account(recording_writer(s->recording), s->events[i].name,
						  a, e);
	}
	return rc;
}

static int account(struct state *s, struct err *e)
{
	struct trace_writer *w = recording_writer(s->recording);
	const struct trace_account counters = { .seen = s->rows, .stored = s->rows };
	char text[24];
	snprintf(text, sizeof(text), "%llu", (unsigned long long)s->scaled);
	int rc = trace_writer_account(w, "pmu counters", &counters, e);
	if (!rc)
		rc = trace_writer_meta(w, "pmu_scaled", text, e);
	return rc || !s->ring ? rc : account_samples(s, e);
}

static int stop(void *state, struct err *e)
{
	struct state *s = state;
	if (s->ring)
		perfring_disable(s->ring);
	int rc = s->ring ? drain(s, UINT64_MAX, e) : 0;
	if (!rc)
		rc = read_counters(s, recording_now(), e);
	const int failed = account(s, rc ? NULL : e);
	let_go(s);
	return rc ? rc : failed;
}

static uint64_t oldest_ns(const void *state, unsigned kind)
{
	const struct state *s = state;
	const uint64_t now = recording_time(s->recording, recording_now());
	if (kind != KIND_WALK || !s->ring)
		return UINT64_MAX;
	return now > 2 * slack_ns ? now - 2 * slack_ns : 0;
}

const struct probe probe_pmu = {
	.name = "pmu",
	.summary = "page walks as the processor counts them (libpfm4 names)",
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
	.oldest_ns = oldest_ns,
};
