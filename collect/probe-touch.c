// SPDX-License-Identifier: MIT
/*
 * Pages that a process touched, once an epoch, as cpu rows of its addresses:
 * collect/touch.h has the methods. The epoch grows where a look costs more of
 * the CPU than it may. Only the process itself, not those it starts.
 */
#include "base/param.h"
#include "base/units.h"
#include "collect/damon.h"
#include "collect/probe-look.h"
#include "collect/recording.h"
#include "collect/touch.h"

#include <stdlib.h>
#include <time.h>

struct config {
	uint64_t epoch_ns, max_cpu_ppm;
	int method; /* enum touch_method_id */
	bool allow_reset;
};

static const char *const method_names[] = { "auto",       "pagemap-scan", "page-idle",
					    "soft-dirty", "damon",        NULL };

static const struct param params[] = {
	{ .section = "touch",
	  .name = "epoch",
	  .type = PARAM_NS,
	  .default_text = "1s",
	  .min = 50 * NS_PER_MS,
	  .max = 3600 * NS_PER_SEC,
	  .help = "Time between two looks at the process",
	  .offset = offsetof(struct config, epoch_ns) },
	{ .section = "touch",
	  .name = "max_cpu",
	  .type = PARAM_PPM,
	  .default_text = "10%",
	  .min = 1,
	  .max = PPM_PER_ONE,
	  .help = "Of one CPU, at most for looking: epochs grow where it takes more",
	  .offset = offsetof(struct config, max_cpu_ppm) },
	{ .section = "touch",
	  .name = "method",
	  .type = PARAM_CHOICE,
	  .default_text = "auto",
	  .help = "What marks of the kernel to read",
	  .offset = offsetof(struct config, method),
	  .choices = method_names },
	{ .section = "touch",
	  .name = "allow_reset",
	  .type = PARAM_BOOL,
	  .default_text = "no",
	  .help = "Take back the process's written marks at each look; it and others may need them",
	  .offset = offsetof(struct config, allow_reset) },
};

struct state {
	struct recording *recording;
	const struct config *config;
	const struct touch_method *method;
	struct touch touch;
	uint64_t last_ns, next_ns; /* of looks, CLOCK_MONOTONIC */
	uint64_t now_ns;           /* of the look at hand */
	uint16_t source;
	bool is_over;
	struct trace_account account;
	void *damon; /* the state of probe_damon, which does it all; or NULL */
};

static void look(const struct hostfacts *h, struct probe_finding *out)
{
	const bool has_scan = h->kernel_major > 6 || (h->kernel_major == 6 && h->kernel_minor >= 7);
	if (!h->has_page_idle && !has_scan && !h->has_soft_dirty)
		probe_sayf(out, PROBE_ABSENT,
			   "use a kernel from 6.7 on, or one with CONFIG_IDLE_PAGE_TRACKING",
			   "kernel %s has no page_idle, no PAGEMAP_SCAN and no soft-dirty bits",
			   h->kernel);
	else if (!hostfacts_may(h, HOST_CAP_SYS_ADMIN) && !hostfacts_may(h, HOST_CAP_SYS_PTRACE))
		probe_say(out, PROBE_DENIED, "page maps of other processes may not be read",
			  "run as root");
	else if (h->has_page_idle)
		probe_say(out, PROBE_USABLE, "", "");
	else
		probe_sayf(out, PROBE_USABLE,
			   "for all touches: a kernel with CONFIG_IDLE_PAGE_TRACKING",
			   "writes only%s%s%s",
			   has_scan ? ", of ranges that the process registered with userfaultfd"
				    : "",
			   has_scan && h->has_soft_dirty ? "; or" : "",
			   h->has_soft_dirty ? ", with --set touch.allow_reset=yes, by soft-dirty "
					       "bits, of all"
					     : "");
}

/* ---- rows ---- */

static int found(void *ctx, uint64_t page, uint64_t npages, struct err *e)
{
	struct state *s = ctx;
	struct cpu_event row = {
		.ts = recording_time(s->recording, s->last_ns),
		.as = AS_HVA,
		.count = 1,
		.period = s->now_ns - s->last_ns,
		.write = s->method->is_write ? 1 : UINT8_MAX,
		.source = s->source,
	};
	for (uint64_t n; npages; page += n, npages -= n) {
		n = npages < UINT32_MAX ? npages : UINT32_MAX;
		row.pfn = page;
		row.npages = (uint32_t)n;
		const int rc = recording_put(s->recording, KIND_CPU, &row, e);
		if (rc < 0)
			return rc;
		s->account.seen++;
		*(rc == RECORDING_SHED       ? &s->account.shed
		  : rc == RECORDING_FILTERED ? &s->account.filtered
					     : &s->account.stored) += 1;
	}
	return 0;
}

static uint64_t own_cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

/* The process has ended: what it touched since the last look is not known. */
static int end_early(struct state *s, struct err *e)
{
	s->is_over = true;
	return trace_writer_loss(recording_writer(s->recording), "touch",
				 recording_time(s->recording, s->last_ns),
				 recording_time(s->recording, recording_now()), UINT64_MAX, "kill",
				 "the process ended before its last touches were looked at", e);
}

static int look_now(struct state *s, struct err *e)
{
	const uint64_t cpu = own_cpu_ns();
	s->now_ns = recording_now();
	const int rc = touch_look(&s->touch, s->method, e);
	if (rc == ERR_NOINPUT)
		return end_early(s, e);
	if (rc)
		return rc;
	const uint64_t rest = (own_cpu_ns() - cpu) * (PPM_PER_ONE / s->config->max_cpu_ppm);
	const uint64_t epoch = s->config->epoch_ns;
	s->last_ns = s->now_ns;
	s->next_ns = s->now_ns + (rest > epoch ? rest : epoch);
	return 0;
}

/* ---- the probe ---- */

/* What the kernel, the process and the user allow, best first. */
static int choose(struct state *s, bool waits_for_exec, struct err *e)
{
	struct hostfacts h;
	bool has_ranges = false;
	int id = s->config->method;
	hostfacts_read(&h, "");
	if (id == TOUCH_AUTO && h.has_page_idle)
		id = TOUCH_IDLE;
	if (id == TOUCH_AUTO || id == TOUCH_SCAN) {
		const int rc = touch_scan_has_ranges(&s->touch, &has_ranges, e);
		if (rc && (rc != ERR_FEATURE || id == TOUCH_SCAN))
			return rc;
		if (id == TOUCH_AUTO && !has_ranges && h.has_soft_dirty && s->touch.may_reset)
			id = TOUCH_SOFT_DIRTY;
		else if (has_ranges || (waits_for_exec && !rc))
			id = TOUCH_SCAN;
		else
			return err_set(e, ERR_FEATURE,
				       "probe touch: process %d has registered no range with "
				       "userfaultfd (write-protect, asynchronous), so that its "
				       "writes cannot be told",
				       (int)s->touch.pid);
	}
	if (id == TOUCH_SOFT_DIRTY && !s->touch.may_reset)
		return err_set(e, ERR_USAGE,
			       "probe touch: soft-dirty bits are the whole process's and are "
			       "cleared at each look: --set touch.allow_reset=yes");
	if (id == TOUCH_SOFT_DIRTY && !h.has_soft_dirty)
		return err_set(e, ERR_FEATURE, "probe touch: this kernel has no soft-dirty bits");
	s->method = touch_method((enum touch_method_id)id);
	return 0;
}

static int name_source(struct state *s, struct err *e)
{
	struct trace_writer *w = recording_writer(s->recording);
	const int rc = trace_writer_source(w, s->method->name, s->method->coverage, &s->source, e);
	return rc ? rc
		  : trace_writer_source_detail(w, s->source, PAGE_BYTES, s->config->epoch_ns,
					       recording_options(s->recording)->sample_ppm, e);
}

static void let_go(struct state *s)
{
	touch_deinit(&s->touch);
	free(s);
}

/* Asked for, or allowed and the only one that sees touches of any kind. */
static bool wants_damon(const struct recording *r, const struct config *c, pid_t pid)
{
	struct hostfacts h;
	struct damon d;
	if (c->method == TOUCH_DAMON || c->method != TOUCH_AUTO)
		return c->method == TOUCH_DAMON;
	hostfacts_read(&h, "");
	damon_read(&d, "");
	return recording_options(r)->allow_damon && !h.has_page_idle && damon_monitors(&d, pid);
}

static int start_looking(struct state *s, bool waits_for_exec, struct err *e)
{
	int rc = choose(s, waits_for_exec, e);
	if (!rc)
		rc = name_source(s, e);
	if (!rc && !waits_for_exec) /* the state to compare with; of a command the first epoch's */
		rc = look_now(s, e);
	return rc;
}

static int start(struct recording *r, void **state_out, struct err *e)
{
	bool waits_for_exec;
	const struct config *c = recording_config(r, &probe_touch);
	const pid_t pid = recording_target(r, &waits_for_exec);
	const bool is_damon = wants_damon(r, c, pid);
	if (!pid && !is_damon)
		return err_set(e, ERR_USAGE, "probe touch: of which process? --pid PID");
	struct state *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, ERR_NOMEM, "out of memory");
	s->recording = r;
	s->config = c;
	s->touch.pid = pid;
	s->touch.may_reset = s->config->allow_reset;
	s->touch.found = found;
	s->touch.ctx = s;
	s->last_ns = recording_now();
	s->next_ns = s->last_ns + s->config->epoch_ns;
	const int rc = is_damon ? probe_damon.start(r, &s->damon, e)
				: start_looking(s, waits_for_exec, e);
	if (rc)
		let_go(s);
	else
		*state_out = s;
	return rc;
}

static int poll(void *state, uint64_t now_ns, struct err *e)
{
	struct state *s = state;
	if (s->damon)
		return probe_damon.poll(s->damon, now_ns, e);
	return s->is_over || now_ns < s->next_ns ? 0 : look_now(s, e);
}

static uint64_t oldest_ns(const void *state, unsigned kind)
{
	const struct state *s = state;
	if (s->damon)
		return probe_damon.oldest_ns(s->damon, kind);
	return kind == KIND_CPU && !s->is_over ? recording_time(s->recording, s->last_ns)
					       : UINT64_MAX;
}

static int stop(void *state, struct err *e)
{
	struct state *s = state;
	if (s->damon) {
		const int rc = probe_damon.stop(s->damon, e);
		let_go(s);
		return rc;
	}
	int rc = s->is_over ? 0 : look_now(s, e);
	if (s->touch.written.is_coarse)
		recording_note(s->recording,
			       "touch: more than %d runs of written pages: some "
			       "were not told",
			       TOUCH_RUNS_MAX);
	const int failed = trace_writer_account(recording_writer(s->recording), "touch",
						&s->account, rc ? NULL : e);
	let_go(s);
	return rc ? rc : failed;
}

const struct probe probe_touch = {
	.name = "touch",
	.summary = "pages that a process wrote or touched (PAGEMAP_SCAN, page_idle, soft-dirty, "
		   "DAMON)",
	.coverage = "pages of one process once an epoch; writes only but for page_idle",
	.side = PROBE_CPU,
	.is_of_target = true,
	.params = params,
	.nparams = sizeof(params) / sizeof(*params),
	.config_bytes = sizeof(struct config),
	.look = look,
	.start = start,
	.poll = poll,
	.oldest_ns = oldest_ns,
	.stop = stop,
};
