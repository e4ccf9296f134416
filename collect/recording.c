// SPDX-License-Identifier: MIT
/*
 * The loop: wait for a watched file or the next tick, let every probe take what
 * has come, then (at a tick) settle the rows that are older than anything still
 * to come and commit them.
 *
 * Shedding halves the share of pages that are kept while a budget is exceeded,
 * and doubles it again when there is room (collect/budget.h); which pages stay
 * is decided by a hash of the page number alone. Each stretch with one share is
 * a loss row.
 */
#include "collect/recording.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/param.h"
#include "base/quantity.h"
#include "base/units.h"
#include "collect/budget.h"
#include "collect/child.h"
#include "collect/epoch.h"
#include "collect/hub.h"
#include "collect/privilege.h"
#include "collect/rowbuf.h"

#include <errno.h>
#include <libgen.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum { WATCHED_MAX = 4096 };

static const uint64_t tick_ns = 200 * NS_PER_MS;
static const uint64_t slack_ns = 5 * NS_PER_MS; /* probes may put rows so much behind the clock */
static const uint64_t measured_ns = NS_PER_SEC; /* before DMA rows are counted or not */
static const uint64_t events_per_s_most = 10000;
static const uint64_t wake_ns = 50 * NS_PER_MS; /* rings are looked at so often, full or not */

struct running {
	const struct probe *probe;
	void *state;
};

struct configured {
	const struct probe *probe;
	void *config; /* arena */
};

struct recording {
	const struct recording_options *o;
	struct trace_writer *w;
	uint64_t start_ns, last_clock_ns, last_rotate_ns;
	uint64_t base_ns;    /* trace time at the start: more than 0 where a file goes on */
	struct hub *hubs[2]; /* of everything, of the target; or NULL */
	struct arena arena;
	struct param_set params;
	struct configured configured[RECORDING_PROBES_MAX];
	struct running running[RECORDING_PROBES_MAX];
	unsigned nrunning;
	struct rowbuf rows[KIND_COUNT];
	bool is_measuring;   /* DMA rows wait until it is known whether they are counted */
	struct epoch *epoch; /* they are; or NULL */
	uint64_t counted_sources[(UINT16_MAX + 1) / 64]; /* bits: their row says so */
	struct pollfd watched[WATCHED_MAX];
	unsigned nwatched;

	/* sampling and shedding: pages whose hash is below `keep` stay */
	uint64_t keep, sample_keep;
	struct budget budget;
	uint64_t put_rows, shed_rows, shed_at_change, changed_ns;
	uint64_t now_ns; /* of this turn of the loop */

	sig_atomic_t rotations_seen;
	struct child child;
};

/* ---- clocks ---- */

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

uint64_t recording_now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t recording_time(const struct recording *r, uint64_t mono_ns)
{
	return r->base_ns + (mono_ns > r->start_ns ? mono_ns - r->start_ns : 0);
}

static int read_clocks(struct recording *r, struct err *e)
{
	const uint64_t mono = recording_now();
	r->last_clock_ns = mono;
	return trace_writer_clock(r->w,
				  &(struct trace_clock){ .trace_ns = recording_time(r, mono),
							 .mono_ns = mono,
							 .boot_ns = clock_ns(CLOCK_BOOTTIME),
							 .real_ns = clock_ns(CLOCK_REALTIME) },
				  e);
}

/* ---- what probes ask for ---- */

const struct recording_options *recording_options(const struct recording *r)
{
	return r->o;
}

const void *recording_config(const struct recording *r, const struct probe *p)
{
	for (unsigned i = 0; i < r->o->nprobes; i++)
		if (r->configured[i].probe == p)
			return r->configured[i].config;
	return NULL;
}

struct trace_writer *recording_writer(struct recording *r)
{
	return r->w;
}

pid_t recording_target(const struct recording *r, bool *waits_for_exec_out)
{
	*waits_for_exec_out = r->child.pid > 0;
	return r->child.pid > 0 ? r->child.pid : r->o->pid;
}

void recording_note(struct recording *r, const char *fmt, ...)
{
	char text[800];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (r->o->note)
		r->o->note(r->o->ctx, text);
}

int recording_account(struct recording *r, const char *source, const struct trace_account *a,
		      struct err *e)
{
	const uint64_t now = recording_time(r, recording_now());
	int rc = trace_writer_account(r->w, source, a, e);
	if (!rc && a->decode_error)
		rc = trace_writer_loss(r->w, source, 0, now, a->decode_error, "parse",
				       "seen, but not as expected", e);
	if (!rc && a->unaccounted)
		rc = trace_writer_loss(r->w, source, 0, now, a->unaccounted, "ring",
				       "counted by the kernel, neither seen nor told as lost", e);
	return rc;
}

int recording_watch(struct recording *r, int fd, struct err *e)
{
	if (r->nwatched == WATCHED_MAX)
		return err_set(e, ERR_FEATURE, "more than %d files to wait for", WATCHED_MAX);
	r->watched[r->nwatched++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	return 0;
}

void recording_unwatch(struct recording *r, int fd)
{
	for (unsigned i = 0; i < r->nwatched; i++)
		if (r->watched[i].fd == fd)
			r->watched[i--] = r->watched[--r->nwatched];
}

/* splitmix64's last step: all bits of the page count. */
static uint64_t hash_page(uint64_t pfn)
{
	uint64_t x = pfn + UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

bool recording_keeps(const struct recording *r, uint64_t pfn)
{
	return hash_page(pfn) <= r->keep;
}

/* The page a row goes by: its own, or what stands for it; UINT64_MAX: rows of the kind all stay. */
static uint64_t page_of(enum kind_id kind, const void *row)
{
	switch (kind) {
	case KIND_DMA:
		return ((const struct dma_event *)row)->pfn;
	case KIND_CPU:
		return ((const struct cpu_event *)row)->pfn;
	case KIND_FAULT:
		return ((const struct fault_event *)row)->va >> PAGE_SHIFT;
	case KIND_IO:
		return ((const struct io_event *)row)->lba / (PAGE_BYTES / 512);
	case KIND_PKT: /* a flow whole or not at all */
		return ((const struct pkt_event *)row)->flow;
	default:
		return UINT64_MAX;
	}
}

static int set_share(struct recording *r, unsigned halvings_before, struct err *e);

static int shed(struct recording *r)
{
	r->shed_rows++;
	return RECORDING_SHED;
}

static int add_row(struct recording *r, enum kind_id kind, const void *row, struct err *e)
{
	if (!budget_take(&r->budget))
		return shed(r);
	int rc = rowbuf_add(&r->rows[kind], row, e);
	if (rc)
		return rc;
	r->put_rows++;
	if (budget_halve(&r->budget))
		rc = set_share(r, r->budget.halvings - 1, e);
	return rc;
}

static int add(struct recording *r, enum kind_id kind, const void *row, struct err *e)
{
	if (kind == KIND_DMA && r->epoch && epoch_wants(row) &&
	    ((const struct dma_event *)row)->npages <= EPOCH_RANGE_PAGES)
		return epoch_add(r->epoch, row, e);
	return add_row(r, kind, row, e);
}

/* ---- counts instead of events ---- */

/* A row of counts; its source says how long the time is that it stands for. */
static int put_counted(void *ctx, const struct dma_event *row, struct err *e)
{
	struct recording *r = ctx;
	const uint64_t bit = UINT64_C(1) << row->source % 64;
	int rc = 0;
	if (!(r->counted_sources[row->source / 64] & bit)) {
		r->counted_sources[row->source / 64] |= bit;
		rc = trace_writer_source_detail(r->w, row->source, PAGE_BYTES, tick_ns,
						r->o->sample_ppm, e);
	}
	if (!rc)
		rc = add_row(r, KIND_DMA, row, e);
	return rc < 0 ? rc : 0;
}

/* What was counted becomes rows at the end of what is settled next. */
static int take_counts(struct recording *r, uint64_t ts, struct err *e)
{
	return r->epoch ? epoch_take(r->epoch, ts, put_counted, r, e) : 0;
}

/* Rows that waited are counted, tick by tick of their own times. */
static int count_waiting(struct recording *r, struct err *e)
{
	struct rowbuf waiting = r->rows[KIND_DMA];
	uint64_t end_ns = r->base_ns + tick_ns;
	int rc = 0;
	rowbuf_init(&r->rows[KIND_DMA], KIND_DMA);
	r->put_rows -= waiting.n; /* they were not rows yet */
	for (size_t i = 0; i < waiting.n && !rc; i++) {
		struct dma_event row;
		memcpy(&row, waiting.rows + i * waiting.row_bytes, sizeof(row));
		if (row.ts >= end_ns) {
			rc = take_counts(r, end_ns - 1, e);
			end_ns = row.ts - (row.ts - r->base_ns) % tick_ns + tick_ns;
		}
		if (!rc)
			rc = add(r, KIND_DMA, &row, e);
	}
	rowbuf_deinit(&waiting);
	return rc < 0 ? rc : 0;
}

/* By the rate until now, where that is long enough. */
static int choose_mode(struct recording *r, uint64_t least_ns, struct err *e)
{
	const uint64_t elapsed = r->now_ns - r->start_ns;
	if (!r->is_measuring || !elapsed || elapsed < least_ns)
		return 0;
	r->is_measuring = false;
	const uint64_t rate = r->rows[KIND_DMA].n * NS_PER_SEC / elapsed;
	if (rate <= events_per_s_most)
		return 0;
	recording_note(r, "%s DMA events/s: pages are counted every 200 ms (--mode events: all)",
		       quantity_count(rate).s);
	const int rc = epoch_new(&r->epoch, e);
	return rc ? rc : count_waiting(r, e);
}

/* The part of a range row from page i on. */
static int add_part(struct recording *r, enum kind_id kind, const void *row, uint32_t i, uint32_t n,
		    struct err *e)
{
	if (kind == KIND_CPU) {
		struct cpu_event part = *(const struct cpu_event *)row;
		part.pfn += i;
		part.npages = n;
		return add(r, kind, &part, e);
	}
	struct dma_event part = *(const struct dma_event *)row;
	part.pfn += i;
	part.bytes = part.bytes * n / part.npages;
	part.npages = n;
	return add(r, kind, &part, e);
}

/* A range whose pages do not all stay: the runs that do; whether any did. */
static int add_runs(struct recording *r, enum kind_id kind, const void *row, uint64_t page,
		    uint32_t npages, bool *is_any_out, struct err *e)
{
	int rc = 0;
	for (uint32_t i = 0, end; i < npages && !rc; i = end) {
		const bool keeps = recording_keeps(r, page + i);
		for (end = i + 1; end < npages && recording_keeps(r, page + end) == keeps;)
			end++;
		if (!keeps)
			continue;
		rc = add_part(r, kind, row, i, end - i, e);
		*is_any_out = *is_any_out || rc != RECORDING_SHED;
		rc = rc < 0 ? rc : 0;
	}
	return rc;
}

/* Pages of a row: of kinds whose rows are ranges. */
static uint32_t pages_of(enum kind_id kind, const void *row)
{
	return kind == KIND_DMA   ? ((const struct dma_event *)row)->npages
	       : kind == KIND_CPU ? ((const struct cpu_event *)row)->npages
				  : 1;
}

/* By its first page: a range of which nothing stays was outside the sample, or shed. */
static int leave_out(struct recording *r, uint64_t page)
{
	if (hash_page(page) > r->sample_keep)
		return RECORDING_FILTERED;
	return shed(r);
}

int recording_put(struct recording *r, enum kind_id kind, const void *row, struct err *e)
{
	const uint64_t page = r->keep == UINT64_MAX ? UINT64_MAX : page_of(kind, row);
	if (page == UINT64_MAX)
		return add(r, kind, row, e);
	const uint32_t npages = pages_of(kind, row);
	bool is_any = false;
	if (npages > 1) {
		const int rc = add_runs(r, kind, row, page, npages, &is_any, e);
		return rc || is_any ? rc : leave_out(r, page);
	}
	return recording_keeps(r, page) ? add(r, kind, row, e) : leave_out(r, page);
}

/* ---- budgets ---- */

static int note_shed(struct recording *r, unsigned halvings, struct err *e)
{
	const uint64_t shed_rows = r->shed_rows - r->shed_at_change;
	char detail[120];
	if (!shed_rows)
		return 0;
	snprintf(detail, sizeof(detail), "1 of %u pages was kept, by a hash of its number%s",
		 1U << halvings, r->o->sample_ppm ? ", of those sampled" : "");
	r->shed_at_change = r->shed_rows;
	return trace_writer_loss(r->w, NULL, recording_time(r, r->changed_ns),
				 recording_time(r, r->now_ns), shed_rows, "shed", detail, e);
}

/* The budget has changed the share: the stretch with the one before is over. */
static int set_share(struct recording *r, unsigned halvings_before, struct err *e)
{
	const int rc = note_shed(r, halvings_before, e);
	r->keep = r->sample_keep >> r->budget.halvings;
	r->changed_ns = r->now_ns;
	return rc;
}

static int balance(struct recording *r, struct err *e)
{
	const unsigned before = r->budget.halvings;
	if (budget_judge(&r->budget, r->now_ns, clock_ns(CLOCK_PROCESS_CPUTIME_ID)) == BUDGET_KEEP)
		return 0;
	return set_share(r, before, e);
}

static bool is_over_memory(const struct recording *r)
{
	uint64_t bytes = 0;
	for (unsigned k = 0; k < KIND_COUNT; k++)
		bytes += (r->rows[k].n + (r->rows[k].other ? r->rows[k].cap : 0)) *
			 r->rows[k].row_bytes;
	if (r->epoch)
		bytes += epoch_bytes(r->epoch);
	return r->o->max_memory_bytes && bytes > r->o->max_memory_bytes;
}

/* ---- ticks ---- */

static uint64_t mark_of(const struct recording *r, enum kind_id kind, uint64_t mark_ns)
{
	for (unsigned i = 0; i < 2; i++) {
		const uint64_t oldest = r->hubs[i] ? hub_oldest_ns(r->hubs[i], kind) : UINT64_MAX;
		mark_ns = oldest < mark_ns ? oldest : mark_ns;
	}
	for (unsigned i = 0; i < r->nrunning; i++) {
		const struct running *x = &r->running[i];
		const uint64_t oldest = x->probe->oldest_ns ? x->probe->oldest_ns(x->state, kind)
							    : UINT64_MAX;
		mark_ns = oldest < mark_ns ? oldest : mark_ns;
	}
	return mark_ns;
}

/* All rows before mark_ns (trace time) into their streams, and those into the file. */
static int settle(struct recording *r, uint64_t mark_ns, struct err *e)
{
	int rc = 0;
	for (unsigned k = 0; k < KIND_COUNT && !rc; k++) {
		struct trace_stream *s;
		if (!r->rows[k].n || (k == KIND_DMA && r->is_measuring))
			continue;
		rc = trace_writer_stream(r->w, k, &s, e);
		if (!rc)
			rc = rowbuf_settle(&r->rows[k], mark_of(r, k, mark_ns), s, e);
	}
	return rc ? rc : trace_writer_commit(r->w, e);
}

static int poll_probes(struct recording *r, uint64_t now_ns, struct err *e)
{
	int rc = 0;
	for (unsigned i = 0; i < 2 && !rc; i++)
		rc = r->hubs[i] ? hub_poll(r->hubs[i], now_ns, e) : 0;
	for (unsigned i = 0; i < r->nrunning && !rc; i++)
		rc = r->running[i].probe->poll(r->running[i].state, now_ns, e);
	return rc;
}

static int rotate_if_due(struct recording *r, uint64_t now_ns, struct err *e)
{
	const bool is_asked = r->o->rotate && *r->o->rotate != r->rotations_seen;
	if (!is_asked && (!r->o->rotate_ns || now_ns - r->last_rotate_ns < r->o->rotate_ns))
		return 0;
	r->rotations_seen = r->o->rotate ? *r->o->rotate : 0;
	r->last_rotate_ns = now_ns;
	if (r->o->rotate_bytes)
		return trace_writer_rotate(r->w, e);
	recording_note(r, "SIGHUP: not rotated: --rotate-size or --rotate-every make a set");
	return 0;
}

static int tick(struct recording *r, uint64_t now_ns, struct err *e)
{
	const uint64_t t = recording_time(r, now_ns);
	const uint64_t mark_ns = t > slack_ns ? t - slack_ns : 0;
	int rc = choose_mode(r, is_over_memory(r) ? 0 : measured_ns, e);
	if (!rc)
		rc = take_counts(r, mark_ns ? mark_ns - 1 : 0, e);
	if (!rc)
		rc = settle(r, mark_ns, e);
	if (!rc)
		rc = balance(r, e);
	if (!rc && now_ns - r->last_clock_ns >= NS_PER_SEC)
		rc = read_clocks(r, e);
	if (!rc)
		rc = rotate_if_due(r, now_ns, e);
	if (r->o->progress)
		r->o->progress(r->o->ctx, r->put_rows);
	return rc;
}

/* ---- the loop ---- */

static bool is_over(struct recording *r, uint64_t now_ns)
{
	if (r->o->stop && *r->o->stop)
		return true;
	if (r->o->for_ns && now_ns - r->start_ns >= r->o->for_ns)
		return true;
	return child_is_done(&r->child);
}

static int wait_ms(const struct recording *r, uint64_t now_ns, uint64_t tick_at_ns)
{
	uint64_t until = tick_at_ns < now_ns + wake_ns ? tick_at_ns : now_ns + wake_ns;
	if (r->o->for_ns && until > r->start_ns + r->o->for_ns)
		until = r->start_ns + r->o->for_ns;
	return until <= now_ns ? 0 : (int)((until - now_ns + NS_PER_MS - 1) / NS_PER_MS);
}

static int loop(struct recording *r, struct err *e)
{
	uint64_t last_tick = r->start_ns;
	for (int rc = 0;;) {
		uint64_t now = recording_now();
		if (is_over(r, now))
			return 0;
		if (poll(r->watched, r->nwatched, wait_ms(r, now, last_tick + tick_ns)) < 0 &&
		    errno != EINTR)
			return err_set(e, ERR_IO, "poll: %s", strerror(errno));
		now = r->now_ns = recording_now();
		budget_fill(&r->budget, now);
		rc = poll_probes(r, now, e);
		if (!rc && (now - last_tick >= tick_ns || is_over_memory(r))) {
			rc = tick(r, now, e);
			last_tick = now;
		}
		if (rc)
			return rc;
	}
}

/* ---- start and end ---- */

/* Defaults, then what --set says, of all probes that run. */
static int configure(struct recording *r, struct err *e)
{
	int rc = 0;
	r->params.arena = &r->arena;
	for (unsigned i = 0; i < r->o->nprobes && !rc; i++) {
		const struct probe *p = r->o->probes[i];
		r->configured[i].probe = p;
		if (!p->params)
			continue;
		r->configured[i].config = arena_alloc(&r->arena, 1, p->config_bytes);
		rc = r->configured[i].config ? param_set_add(&r->params, p->params, p->nparams,
							     r->configured[i].config, e)
					     : err_set(e, ERR_NOMEM, "out of memory");
	}
	for (size_t i = 0; i < r->o->nsets && !rc; i++)
		rc = param_assign(&r->params, r->o->sets[i], e);
	return rc;
}

static int open_hubs(struct recording *r, struct err *e)
{
	int rc = 0;
	for (unsigned i = 0; i < 2 && !rc; i++) {
		bool waits_for_exec;
		const pid_t target = recording_target(r, &waits_for_exec);
		const struct hub_config c = {
			.recording = r,
			.probes = r->o->probes,
			.nprobes = r->o->nprobes,
			.is_of_target = i,
			.pid = i ? target : 0,
			.waits_for_exec = i && waits_for_exec,
			.ring_bytes = r->o->ring_bytes,
			.via_tracefs = r->o->via_tracefs,
		};
		rc = hub_open(&c, &r->hubs[i], e);
	}
	return rc;
}

static int start_probes(struct recording *r, struct err *e)
{
	int rc = 0;
	for (unsigned i = 0; i < r->o->nprobes && !rc; i++) {
		const struct probe *p = r->o->probes[i];
		if (p->tracepoints)
			continue;
		r->running[r->nrunning].probe = p;
		rc = p->start(r, &r->running[r->nrunning].state, e);
		if (!rc)
			r->nrunning++;
	}
	for (unsigned i = 0; i < 2 && !rc; i++)
		rc = r->hubs[i] ? hub_start(r->hubs[i], e) : 0;
	return rc;
}

/* All are stopped, whatever one of them says. */
static int stop_probes(struct recording *r, struct err *e)
{
	int rc = 0;
	for (unsigned i = 0; i < 2; i++) {
		const int failed = r->hubs[i] ? hub_stop(r->hubs[i], rc ? NULL : e) : 0;
		r->hubs[i] = NULL;
		rc = rc ? rc : failed;
	}
	while (r->nrunning) {
		const struct running *x = &r->running[--r->nrunning];
		const int failed = x->probe->stop(x->state, rc ? NULL : e);
		rc = rc ? rc : failed;
	}
	return rc;
}

static void read_boot_id(char out[40])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	*out = 0;
	if (f && fscanf(f, "%39s", out) != 1)
		*out = 0;
	if (f)
		fclose(f);
}

/* What a later recording needs to know to go on, and what tells traces of hosts apart. */
static int put_host(struct recording *r, struct err *e)
{
	struct utsname u;
	char boot[40];
	read_boot_id(boot);
	if (uname(&u))
		return err_set(e, ERR_IO, "uname: %s", strerror(errno));
	int rc = trace_writer_host(r->w, "hostname", u.nodename, e);
	if (!rc)
		rc = trace_writer_host(r->w, "kernel", u.release, e);
	return rc || !*boot ? rc : trace_writer_host(r->w, "boot_id", boot, e);
}

/*
 * The file of a recorder that died: its clock goes on, by CLOCK_BOOTTIME within
 * one boot and by CLOCK_REALTIME from boot to boot. The gap is a loss.
 */
static int go_on(struct recording *r, struct err *e)
{
	struct trace_end end;
	char boot[40], detail[120];
	const int rc = trace_writer_end(r->w, &end, e);
	if (rc)
		return rc;
	read_boot_id(boot);
	const bool is_same_boot = *boot && !strcmp(boot, end.boot_id);
	const uint64_t then = is_same_boot ? end.clocks.boot_ns : end.clocks.real_ns;
	const uint64_t now = clock_ns(is_same_boot ? CLOCK_BOOTTIME : CLOCK_REALTIME);
	r->base_ns = end.last_ns + 1;
	if (end.has_clocks && now > then && end.clocks.trace_ns + (now - then) > r->base_ns)
		r->base_ns = end.clocks.trace_ns + (now - then);
	r->start_ns = r->last_rotate_ns = r->changed_ns = r->now_ns = recording_now();
	recording_note(r, "%s: goes on after its last row, %s before", r->o->out,
		       quantity_ns(r->base_ns - end.last_ns).s);
	snprintf(detail, sizeof(detail),
		 "the recorder died; nothing was recorded until it was started again, by %s",
		 is_same_boot ? "CLOCK_BOOTTIME" : "CLOCK_REALTIME: another boot");
	return trace_writer_loss(r->w, NULL, end.last_ns, r->base_ns, UINT64_MAX, "kill", detail,
				 e);
}

static int open_writer(struct recording *r, struct err *e)
{
	const struct trace_writer_options w = {
		.collector = "record",
		.args = r->o->args,
		.clock = "mono",
		.lives_on = true,
		.resume = true,
		.append = true,
		.quota_bytes = r->o->max_file_bytes,
		.rotate_bytes = r->o->rotate_bytes,
	};
	int rc = trace_writer_open(r->o->out, &w, &r->w, e);
	if (rc || !trace_writer_is_resumed(r->w))
		return rc;
	rc = go_on(r, e);
	if (rc)
		trace_writer_close(r->w, NULL);
	return rc;
}

static void summarise(const struct recording *r, struct recording_summary *out)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	*out = (struct recording_summary){
		.wall_ns = recording_now() - r->start_ns,
		.cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID),
		.rows = r->put_rows,
		.shed = r->shed_rows,
		.max_rss_bytes = (uint64_t)u.ru_maxrss << 10,
		.command_status = r->child.status,
	};
	for (unsigned k = 0; k < KIND_COUNT; k++)
		out->late += r->rows[k].late;
}

static int put_cost(struct recording *r, const struct recording_summary *s, struct err *e)
{
	const struct {
		const char *key;
		uint64_t value;
	} costs[] = {
		{ "record_wall_ns", s->wall_ns },
		{ "record_cpu_ns", s->cpu_ns },
		{ "record_max_rss_bytes", s->max_rss_bytes },
		{ "record_late_rows", s->late },
	};
	int rc = 0;
	for (size_t i = 0; i < sizeof(costs) / sizeof(*costs) && !rc; i++) {
		char text[24];
		snprintf(text, sizeof(text), "%llu", (unsigned long long)costs[i].value);
		rc = trace_writer_meta(r->w, costs[i].key, text, e);
	}
	return rc;
}

/* The end of a recording, good or bad: what was recorded stays. */
static int finish(struct recording *r, struct recording_summary *out, struct err *e)
{
	r->now_ns = recording_now();
	budget_fill(&r->budget, r->now_ns);
	int rc = stop_probes(r, e);
	r->is_measuring = false; /* a short recording keeps its events */
	if (!rc)
		rc = take_counts(r, recording_time(r, recording_now()), e);
	if (!rc)
		rc = settle(r, UINT64_MAX, e);
	if (!rc)
		rc = note_shed(r, r->budget.halvings, e);
	if (!rc)
		rc = read_clocks(r, e);
	trace_writer_checkpoint(r->w); /* its cost is a part of what is told */
	summarise(r, out);
	if (!rc)
		rc = put_cost(r, out, e);
	const int failed = trace_writer_seal(r->w, rc ? NULL : e);
	return rc ? rc : failed;
}

/* All is open: from here on no more rights than that takes. */
static int drop_rights(struct recording *r, struct err *e)
{
	_free_ char *path = strdup(r->o->out);
	uint64_t keep = privilege_recording;
	bool has_override;
	if (!path)
		return err_set(e, ERR_NOMEM, "out of memory");
	for (unsigned i = 0; i < r->nrunning; i++)
		keep |= r->running[i].probe->drops_rights ? 0 : privilege_unsaid;
	const int rc = privilege_drop(keep, dirname(path), &has_override, e);
	if (!rc && has_override)
		recording_note(r, "CAP_DAC_OVERRIDE is kept: the folder of %s is not our user's",
			       r->o->out);
	return rc;
}

/* Nothing was recorded: no file is left, but for one that was there before. */
static void give_up(struct recording *r)
{
	if (trace_writer_is_resumed(r->w))
		trace_writer_close(r->w, NULL);
	else
		trace_writer_abort(r->w);
}

static int start(struct recording *r, struct err *e)
{
	int rc = configure(r, e);
	if (!rc)
		rc = child_start(&r->child, r->o->command, e);
	if (!rc)
		rc = open_writer(r, e);
	if (rc)
		return rc;
	rc = open_hubs(r, e);
	if (!rc)
		rc = start_probes(r, e);
	if (!rc)
		rc = put_host(r, e);
	if (!rc)
		rc = read_clocks(r, e);
	if (!rc)
		rc = drop_rights(r, e);
	if (rc) {
		stop_probes(r, NULL);
		give_up(r);
	}
	return rc;
}

int recording_run(const struct recording_options *o, struct recording_summary *out, struct err *e)
{
	_free_ struct recording *r = calloc(1, sizeof(*r));
	*out = (struct recording_summary){};
	if (!r)
		return err_set(e, ERR_NOMEM, "out of memory");
	r->o = o;
	r->child.go = -1;
	r->is_measuring = o->mode == RECORDING_BY_RATE;
	r->start_ns = r->last_rotate_ns = r->changed_ns = r->now_ns = recording_now();
	budget_init(&r->budget, o->max_rows_per_s, o->max_cpu_ppm, r->start_ns);
	r->keep = r->sample_keep = o->sample_ppm ? UINT64_MAX / PPM_PER_ONE * o->sample_ppm
						 : UINT64_MAX;
	for (unsigned k = 0; k < KIND_COUNT; k++)
		rowbuf_init(&r->rows[k], k);
	int rc = o->mode == RECORDING_COUNTS ? epoch_new(&r->epoch, e) : 0;
	if (!rc)
		rc = start(r, e);
	if (!rc) {
		if (!child_let_go(&r->child))
			recording_note(r, "the command could not be started");
		rc = loop(r, e);
		const int failed = finish(r, out, rc ? NULL : e);
		rc = rc ? rc : failed;
	}
	child_end(&r->child);
	arena_deinit(&r->arena);
	epoch_free(r->epoch);
	out->command_status = r->child.status;
	for (unsigned k = 0; k < KIND_COUNT; k++)
		rowbuf_deinit(&r->rows[k]);
	return rc;
}
