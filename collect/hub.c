// SPDX-License-Identifier: MIT
/*
 * Each tracepoint's identity: the kernel's own counter = records + lost + what
 * nobody can account for. A record that waits for its partner is given up after
 * a time that a live recording can wait, longer for requests: their latency is
 * the point.
 */
#include "collect/hub.h"

#include "base/units.h"
#include "collect/hostfacts.h"
#include "collect/perfring.h"
#include "collect/recording.h"
#include "collect/ringloss.h"
#include "collect/tracefs.h"
#include "collect/tracepoint.h"
#include "collect/tracering.h"

#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAPPINGS_MAX = 1 << 22, NAME_BYTES = 128 };

static const uint64_t dma_hold_ns = 50 * NS_PER_MS;
static const uint64_t io_hold_ns = 10 * NS_PER_SEC;
static const uint64_t slack_ns = 2 * NS_PER_MS; /* between a stamp and its record */

struct hub {
	struct recording *recording;
	struct perfring *ring; /* one of both */
	struct tracering *tracering;
	struct tracepoints *points;
	struct perfring_event events[PERFRING_EVENTS_MAX];
	char names[PERFRING_EVENTS_MAX][NAME_BYTES]; /* "dma:dma_map_page" */
	unsigned nevents;
	const struct probe *probes[RECORDING_PROBES_MAX]; /* that have events here */
	unsigned nprobes;
	struct hostfacts facts; /* as the recording began */
	bool waits_for_exec;
	uint64_t lost, counted_lost; /* noted as loss rows; told by the counters at the end */
	uint64_t last_ns;            /* trace time of the last record */
	uint64_t looked_ns;          /* at the counters of an instance */
	/* made; of them left out by the user's sample, by the budget */
	uint64_t rows[KIND_COUNT], filtered[KIND_COUNT], shed[KIND_COUNT];
};

/* ---- rows ---- */

static int put(struct hub *h, enum kind_id kind, const void *row, struct err *e)
{
	const int rc = recording_put(h->recording, kind, row, e);
	h->rows[kind]++;
	h->filtered[kind] += rc == RECORDING_FILTERED;
	h->shed[kind] += rc == RECORDING_SHED;
	return rc < 0 ? rc : 0;
}

static int put_dma(void *ctx, const struct dma_event *row, struct err *e)
{
	return put(ctx, KIND_DMA, row, e);
}

static int put_io(void *ctx, const struct io_event *row, struct err *e)
{
	return put(ctx, KIND_IO, row, e);
}

static int put_fault(void *ctx, const struct fault_event *row, struct err *e)
{
	return put(ctx, KIND_FAULT, row, e);
}

static int put_iopf(void *ctx, const struct iopf_event *row, struct err *e)
{
	return put(ctx, KIND_IOPF, row, e);
}

static int put_swap(void *ctx, const struct swap_event *row, struct err *e)
{
	return put(ctx, KIND_SWAP, row, e);
}

/* Class of a PCI device as sysfs tells it: no first pass can learn it. */
static const char *pci_class(const char *bdf)
{
	char path[120];
	unsigned class = 0;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.40s/class", bdf);
	FILE *f = strchr(bdf, '/') ? NULL : fopen(path, "re");
	if (!f)
		return NULL;
	if (fscanf(f, "%x", &class) != 1)
		class = 0;
	fclose(f);
	return class >> 8 == 0x0108  ? "nvme"
	       : class >> 16 == 0x02 ? "nic"
	       : class >> 16 == 0x01 ? "block"
				     : NULL;
}

static int find_device(void *ctx, const struct trace_device *d, uint16_t *dev_out, struct err *e)
{
	struct hub *h = ctx;
	struct trace_device known = *d;
	const char *class = d->bdf ? pci_class(d->bdf) : NULL;
	if (class && (!d->class || !strcmp(d->class, "other")))
		known.class = class;
	return trace_writer_device(recording_writer(h->recording), &known, dev_out, e);
}

/* Mappings are told when they are made: those of rings and queues, when drivers load. */
static bool is_partial(const struct hub *h, const char *source)
{
	return h->facts.mapped.n && (!strncmp(source, "dma", 3) || !strncmp(source, "iommu", 5));
}

static int find_source(void *ctx, const char *name, const char *coverage, uint16_t *source_out,
		       struct err *e)
{
	const struct hub *h = ctx;
	char partial[400];
	struct trace_writer *w = recording_writer(h->recording);
	const uint64_t sample_ppm = recording_options(h->recording)->sample_ppm;
	if (is_partial(h, name)) {
		snprintf(partial, sizeof(partial), "%s; partial: rings mapped before start (%s)",
			 coverage, h->facts.mapped.names);
		coverage = partial;
	}
	const int rc = trace_writer_source(w, name, coverage, source_out, e);
	return rc || !sample_ppm ? rc
				 : trace_writer_source_detail(w, *source_out, 0, 0, sample_ppm, e);
}

/* ---- the two ways to read ---- */

static int ring_open(struct hub *h, const struct hub_config *c, struct err *e)
{
	const struct perfring_config ring = {
		.events = h->events,
		.nevents = h->nevents,
		.pid = c->pid,
		.waits_for_exec = c->waits_for_exec && !c->via_tracefs,
		.ring_bytes = c->ring_bytes,
	};
	h->waits_for_exec = ring.waits_for_exec;
	return c->via_tracefs ? tracering_open(&ring, &h->tracering, e)
			      : perfring_open(&ring, &h->ring, e);
}

static unsigned ring_fds(const struct hub *h, const int **fds_out)
{
	return h->tracering ? tracering_fds(h->tracering, fds_out) : perfring_fds(h->ring, fds_out);
}

static int ring_begin(struct hub *h, uint64_t limit_ns, struct err *e)
{
	return h->tracering ? tracering_begin(h->tracering, limit_ns, e)
			    : perfring_begin(h->ring, limit_ns, e);
}

static int ring_next(struct hub *h, struct perfring_record *rec, struct err *e)
{
	return h->tracering ? tracering_next(h->tracering, rec, e) : perfring_next(h->ring, rec, e);
}

static int ring_enable(struct hub *h, struct err *e)
{
	return h->tracering ? tracering_enable(h->tracering, e) : perfring_enable(h->ring, e);
}

static void ring_disable(struct hub *h)
{
	if (h->tracering)
		tracering_disable(h->tracering);
	else
		perfring_disable(h->ring);
}

/* ---- opening ---- */

static int add_event(struct hub *h, const struct probe *probe, const struct probe_tracepoint *t,
		     struct err *e)
{
	struct evformat *f = malloc(sizeof(*f));
	if (!f)
		return err_set(e, ERR_NOMEM, "out of memory");
	int rc = 0;
	if (h->nevents == PERFRING_EVENTS_MAX) {
		rc = err_set(e, ERR_FEATURE, "more than %d tracepoints", PERFRING_EVENTS_MAX);
	} else if (!t->is_optional || tracefs_has_event(t->system, t->event)) {
		rc = tracefs_format(t->system, t->event, f, e);
		if (!rc)
			rc = tracepoints_add(h->points, t->system, f, e);
		if (rc && e) {
			const struct err why = *e;
			err_set(e, why.code, "probe %s: %.180s", probe->name, why.msg);
		}
		if (!rc) {
			char *name = h->names[h->nevents];
			snprintf(name, NAME_BYTES, "%s:%s", t->system, t->event);
			h->events[h->nevents++] = (struct perfring_event){
				.name = name,
				.type = PERF_TYPE_TRACEPOINT,
				.config = f->id,
				.wants_raw = true,
			};
		}
	}
	free(f);
	return rc;
}

static bool has_event(const struct hub_config *c, const char *system, const char *event)
{
	for (unsigned i = 0; i < c->nprobes; i++) {
		const struct probe_tracepoint *t = c->probes[i]->tracepoints;
		for (; t && t->system; t++)
			if (!strcmp(t->system, system) && (!event || !strcmp(t->event, event)))
				return true;
	}
	return false;
}

static int add_events(struct hub *h, const struct hub_config *c, struct err *e)
{
	int rc = 0;
	for (unsigned i = 0; i < c->nprobes && !rc; i++) {
		const struct probe_tracepoint *t = c->probes[i]->tracepoints;
		if (c->probes[i]->is_of_target != c->is_of_target)
			continue;
		if (t)
			h->probes[h->nprobes++] = c->probes[i];
		for (; t && t->system && !rc; t++)
			rc = add_event(h, c->probes[i], t, e);
	}
	return rc;
}

static void hub_free(struct hub *h)
{
	perfring_close(h->ring);
	tracering_close(h->tracering);
	tracepoints_free(h->points);
	free(h);
}

int hub_open(const struct hub_config *c, struct hub **out, struct err *e)
{
	struct hub *h = calloc(1, sizeof(*h));
	*out = NULL;
	if (!h)
		return err_set(e, ERR_NOMEM, "out of memory");
	h->recording = c->recording;
	hostfacts_read(&h->facts, "");
	const struct tracepoint_options points = {
		.as = AS_PA,
		.mappings_max = MAPPINGS_MAX,
		.without_dma = !has_event(c, "dma", NULL),
		.without_iommu = !has_event(c, "iommu", "map"),
		.without_block_complete = !has_event(c, "block", "block_rq_complete"),
		.with_memory = true,
		.dma_hold_ns = dma_hold_ns,
		.sink = { .ctx = h,
			  .dma = put_dma,
			  .io = put_io,
			  .fault = put_fault,
			  .iopf = put_iopf,
			  .swap = put_swap,
			  .device = find_device,
			  .source = find_source },
	};
	int rc = tracepoints_new(&points, &h->points, e);
	if (!rc)
		rc = add_events(h, c, e);
	if (!rc && h->nevents)
		rc = ring_open(h, c, e);
	if (rc || !h->nevents) {
		hub_free(h);
		return rc;
	}
	*out = h;
	return 0;
}

/* Who asked for a probe that will see nothing hears of it before the recording, not after. */
static void warn_blind(const struct hub *h)
{
	for (unsigned i = 0; i < h->nprobes; i++) {
		struct probe_finding f = {};
		h->probes[i]->look(&h->facts, &f);
		if (f.status == PROBE_BLIND)
			recording_note(h->recording, "%s will tell nothing here: %s. %s",
				       h->probes[i]->name, f.reason, f.remedy);
	}
}

int hub_start(struct hub *h, struct err *e)
{
	h->looked_ns = recording_now();
	warn_blind(h);
	const int *fds;
	const unsigned n = ring_fds(h, &fds);
	for (unsigned i = 0; i < h->nprobes; i++)
		if (is_partial(h, h->probes[i]->name))
			recording_note(h->recording, "%s is partial: rings mapped before start: %s",
				       h->probes[i]->name, h->facts.mapped.names);
	int rc = 0;
	for (unsigned i = 0; i < n && !rc; i++)
		rc = recording_watch(h->recording, fds[i], e);
	return rc || h->waits_for_exec ? rc : ring_enable(h, e);
}

/* ---- reading ---- */

/* Counters of an instance are files to read: once a second is enough. */
static int note_instance_losses(struct hub *h, uint64_t now_ns, struct err *e)
{
	struct perfring_counts n;
	const uint64_t from_ns = h->looked_ns;
	if (now_ns - from_ns < NS_PER_SEC)
		return 0;
	h->looked_ns = now_ns;
	const int rc = tracering_counts(h->tracering, &n, e);
	if (rc || n.lost <= h->lost)
		return rc;
	const uint64_t lost = n.lost - h->lost;
	h->lost = n.lost;
	return trace_writer_loss(recording_writer(h->recording), "tracepoints",
				 recording_time(h->recording, from_ns),
				 recording_time(h->recording, now_ns), lost, "ring",
				 "a buffer of the kernel was full", e);
}

static int note_losses(struct hub *h, uint64_t now_ns, struct err *e)
{
	if (!h->ring)
		return note_instance_losses(h, now_ns, e);
	return ringloss_note(h->recording, h->ring, "tracepoints", &h->lost, e);
}

static int drain(struct hub *h, uint64_t limit_ns, struct err *e)
{
	struct perfring_record rec;
	int rc = ring_begin(h, limit_ns, e);
	while (!rc && (rc = ring_next(h, &rec, e)) > 0) {
		h->last_ns = recording_time(h->recording, rec.ts);
		rc = tracepoints_event(h->points, h->last_ns, rec.cpu, rec.raw, rec.raw_bytes, e);
	}
	return rc;
}

int hub_poll(struct hub *h, uint64_t now_ns, struct err *e)
{
	const uint64_t limit = now_ns > slack_ns ? now_ns - slack_ns : 0;
	int rc = drain(h, limit, e);
	if (!rc)
		rc = tracepoints_advance(h->points, recording_time(h->recording, limit), io_hold_ns,
					 e);
	return rc ? rc : note_losses(h, now_ns, e);
}

uint64_t hub_oldest_ns(const struct hub *h, unsigned kind)
{
	return tracepoints_oldest(h->points, kind);
}

/* ---- the end ---- */

static int find_account(const struct hub *h, const char *name, struct trace_account *out)
{
	const char *each;
	for (size_t i = 0; tracepoints_account(h->points, i, &each, out); i++)
		if (!strcmp(each, name))
			return 0;
	*out = (struct trace_account){};
	return 1;
}

/* The kernel's count may run ahead of the records by what came while we stopped. */
static int account_event(struct hub *h, unsigned event, struct err *e)
{
	struct perfring_counts n = {};
	struct trace_account a;
	const int rc = h->ring ? perfring_counts(h->ring, event, &n, e) : 0;
	if (rc)
		return rc;
	find_account(h, h->names[event], &a);
	a.ring_lost += n.lost;
	h->counted_lost += n.lost;
	const uint64_t known = a.seen + n.lost;
	a.unaccounted += n.counted > known ? n.counted - known : 0;
	a.seen = a.stored + a.filtered + a.ring_lost + a.shed + a.decode_error + a.unaccounted;
	return recording_account(h->recording, h->names[event], &a, e);
}

/* All events of an instance together. */
static int account_tracering(struct hub *h, struct err *e)
{
	struct perfring_counts n;
	const int rc = tracering_counts(h->tracering, &n, e);
	if (rc)
		return rc;
	const uint64_t known = n.records + n.lost;
	const struct trace_account a = { .seen = n.counted > known ? n.counted : known,
					 .stored = n.records,
					 .ring_lost = n.lost,
					 .unaccounted = n.counted > known ? n.counted - known : 0 };
	h->counted_lost += n.lost;
	return recording_account(h->recording, "tracefs ring", &a, e);
}

/* A ring tells its losses with the next record: those at the end only the counters know. */
static int note_last_losses(struct hub *h, struct err *e)
{
	if (h->counted_lost <= h->lost)
		return 0;
	const uint64_t now_ns = recording_time(h->recording, recording_now());
	const uint64_t from_ns = h->ring ? h->last_ns : recording_time(h->recording, h->looked_ns);
	return trace_writer_loss(recording_writer(h->recording), "tracepoints", from_ns, now_ns,
				 h->counted_lost - h->lost, "ring",
				 "a ring of the kernel was full at the end", e);
}

/* Events make rows, and rows are left out: a line of its own where that happened. */
static int account(struct hub *h, struct err *e)
{
	int rc = 0;
	for (unsigned i = 0; i < h->nevents && !rc; i++)
		rc = account_event(h, i, e);
	if (!rc && h->tracering)
		rc = account_tracering(h, e);
	if (!rc)
		rc = note_last_losses(h, e);
	for (unsigned k = 0; k < KIND_COUNT && !rc; k++) {
		char name[40];
		const struct trace_account a = { .seen = h->rows[k],
						 .stored = h->rows[k] - h->filtered[k] - h->shed[k],
						 .filtered = h->filtered[k],
						 .shed = h->shed[k] };
		if (!h->filtered[k] && !h->shed[k])
			continue;
		snprintf(name, sizeof(name), "%s rows", kinds[k].name);
		rc = recording_account(h->recording, name, &a, e);
	}
	return rc;
}

static bool has_told(const struct hub *h, const struct probe *p)
{
	for (const struct probe_tracepoint *t = p->tracepoints; t->system; t++) {
		char name[NAME_BYTES];
		struct trace_account a;
		snprintf(name, sizeof(name), "%s:%s", t->system, t->event);
		if (!find_account(h, name, &a) && a.seen)
			return true;
	}
	return false;
}

/* A probe that is silent because it is blind must not look like one that had nothing to tell. */
static int tell_blind(struct hub *h, struct err *e)
{
	int rc = 0;
	for (unsigned i = 0; i < h->nprobes && !rc; i++) {
		const struct probe *p = h->probes[i];
		struct probe_finding f = {};
		char coverage[sizeof(f.reason) + 8];
		uint16_t number;
		if (has_told(h, p))
			continue;
		p->look(&h->facts, &f);
		if (f.status != PROBE_BLIND)
			continue;
		snprintf(coverage, sizeof(coverage), "blind: %s", f.reason);
		rc = trace_writer_source(recording_writer(h->recording), p->name, coverage, &number,
					 e);
	}
	return rc;
}

int hub_stop(struct hub *h, struct err *e)
{
	ring_disable(h);
	int rc = drain(h, UINT64_MAX, e);
	if (!rc)
		rc = tracepoints_finish(h->points, e);
	if (!rc)
		rc = note_losses(h, recording_now(), e);
	if (!rc)
		rc = tell_blind(h, e);
	const int failed = account(h, rc ? NULL : e);
	hub_free(h);
	return rc ? rc : failed;
}
