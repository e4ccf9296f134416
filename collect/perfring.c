// SPDX-License-Identifier: MIT
/*
 * Mapped rings of perf_event_open(2). Of each CPU one event owns the ring and
 * the others write into it (PERF_EVENT_IOC_SET_OUTPUT), so that a CPU's records
 * of all events are in one order; the CPUs are merged by a heap of the rings'
 * first records.
 *
 * Left out: AUX areas, big endian, more than PERFRING_EVENTS_MAX events.
 */
#include "collect/perfring.h"

#include "collect/ringheap.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef PERF_FORMAT_LOST /* headers before 6.0 */
#define PERF_FORMAT_LOST (1U << 4)
#endif

enum { RECORD_BYTES_MAX = 1 << 16, LIVE_CPUS_MAX = 4096 };

/* The ring of one CPU. */
struct ring {
	struct perf_event_mmap_page *page;
	const uint8_t *data;
	uint64_t mask, head, tail; /* tail: of what was handed out; head: as last seen */
	uint64_t given_back;       /* what the kernel may use again */
	uint32_t cpu;
	struct perfring_record next; /* the first record that was not handed out ... */
	uint64_t next_end;           /* ... and where it ends */
	uint8_t *scratch;            /* for a record around the ring's end */
};

struct perfring {
	struct perfring_event events[PERFRING_EVENTS_MAX];
	unsigned nevents, ncpus;
	size_t map_bytes;
	bool has_lost_format;
	int *fds;      /* by event x CPU, -1 where closed; those of event 0 own the rings */
	uint64_t *ids; /* likewise: the kernel's, sorted with `id_event` */
	uint16_t *id_event;
	unsigned nids;
	struct ring *rings;
	struct ringheap heap; /* rings with a record, earliest first */
	uint64_t records[PERFRING_EVENTS_MAX];
	uint64_t lost, lost_from_ns, lost_to_ns, last_ns;
	uint64_t limit_ns;
	bool is_handed_out; /* the heap's first ring is to go on */
};

/* ---- opening ---- */

static int open_event(const struct perfring_config *c, const struct perfring_event *event, int cpu,
		      bool with_lost)
{
	struct perf_event_attr a = {
		.size = sizeof(a),
		.type = event->type,
		.config = event->config,
		.config1 = event->config1,
		.config2 = event->config2,
		.precise_ip = event->precise_ip & 3,
		.exclude_user = event->excludes_user,
		.exclude_kernel = event->excludes_kernel,
		.sample_period = event->period ? event->period : 1,
		.sample_type = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID |
			       PERF_SAMPLE_TIME | (event->wants_addr ? PERF_SAMPLE_ADDR : 0) |
			       (event->wants_raw ? PERF_SAMPLE_RAW : 0),
		.read_format = PERF_FORMAT_ID | (with_lost ? PERF_FORMAT_LOST : 0),
		.disabled = 1,
		.inherit = c->pid != 0,
		.enable_on_exec = c->waits_for_exec,
		.watermark = 1,
		.wakeup_watermark = (uint32_t)(c->ring_bytes / 4),
		.sample_id_all = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
	return (int)syscall(SYS_perf_event_open, &a, c->pid ? c->pid : -1, cpu, -1,
			    PERF_FLAG_FD_CLOEXEC);
}

static int tell_open(const struct perfring_event *event, int error, struct err *e)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return err_set(e, ERR_PERM,
			       "perf: %s: not permitted: needs CAP_PERFMON (or root), or "
			       "kernel.perf_event_paranoid <= -1 for tracepoints",
			       event->name);
	case EINVAL:
	case EOPNOTSUPP:
		if (event->precise_ip)
			return err_set(e, ERR_FEATURE,
				       "perf: %s: this processor does not sample it so precisely: "
				       "precise=0",
				       event->name);
		return err_set(e, ERR_FEATURE, "perf: %s: %s", event->name, strerror(error));
	case EMFILE:
		return err_set(e, ERR_FEATURE, "perf: %s: too many open files: raise ulimit -n",
			       event->name);
	default:
		return err_set(e, ERR_FEATURE, "perf: %s: %s", event->name, strerror(error));
	}
}

static int map_ring(struct perfring *r, struct ring *ring, int fd, struct err *e)
{
	void *p = mmap(NULL, r->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return err_set(e, errno == EPERM ? ERR_PERM : ERR_NOMEM,
			       "perf: a ring of %zu KiB a CPU: %s%s", r->map_bytes >> 10,
			       strerror(errno),
			       errno == EPERM ? ": beyond kernel.perf_event_mlock_kb" : "");
	ring->page = p;
	ring->data = (const uint8_t *)p + (size_t)sysconf(_SC_PAGESIZE);
	ring->mask = r->map_bytes - (size_t)sysconf(_SC_PAGESIZE) - 1;
	ring->scratch = malloc(RECORD_BYTES_MAX);
	return ring->scratch ? 0 : err_set(e, ERR_NOMEM, "out of memory");
}

static int *fd_of(const struct perfring *r, unsigned event, unsigned cpu)
{
	return &r->fds[(size_t)event * r->ncpus + cpu];
}

static int attach(struct perfring *r, const struct perfring_config *c, unsigned event, unsigned cpu,
		  struct err *e)
{
	int *fd = fd_of(r, event, cpu);
	*fd = open_event(c, &c->events[event], (int)r->rings[cpu].cpu, r->has_lost_format);
	if (*fd < 0 && errno == EINVAL && r->has_lost_format) {
		r->has_lost_format = false;
		*fd = open_event(c, &c->events[event], (int)r->rings[cpu].cpu, false);
	}
	if (*fd < 0)
		return tell_open(&c->events[event], errno, e);
	uint64_t id = 0;
	int rc = 0;
	if (ioctl(*fd, PERF_EVENT_IOC_ID, &id))
		rc = err_set(e, ERR_FEATURE, "perf: %s: no id: %s", c->events[event].name,
			     strerror(errno));
	else if (!event)
		rc = map_ring(r, &r->rings[cpu], *fd, e);
	else if (ioctl(*fd, PERF_EVENT_IOC_SET_OUTPUT, *fd_of(r, 0, cpu)))
		rc = err_set(e, ERR_FEATURE, "perf: %s: cannot share a ring: %s",
			     c->events[event].name, strerror(errno));
	if (!rc && c->events[event].filter &&
	    ioctl(*fd, PERF_EVENT_IOC_SET_FILTER, c->events[event].filter))
		rc = err_set(e, ERR_USAGE, "perf: %s: filter '%s': %s", c->events[event].name,
			     c->events[event].filter, strerror(errno));
	r->ids[r->nids] = id;
	r->id_event[r->nids++] = (uint16_t)event;
	return rc;
}

/* From "0-3,5" as the kernel lists them. */
unsigned perfring_list_cpus(uint32_t *cpus, unsigned max)
{
	char text[4096] = "";
	FILE *f = fopen("/sys/devices/system/cpu/online", "re");
	if (f) {
		const size_t n = fread(text, 1, sizeof(text) - 1, f);
		text[n] = 0;
		fclose(f);
	}
	unsigned n = 0;
	for (char *p = text; *p >= '0' && *p <= '9';) {
		const unsigned long from = strtoul(p, &p, 10);
		const unsigned long to = *p == '-' ? strtoul(p + 1, &p, 10) : from;
		for (unsigned long cpu = from; cpu <= to && n < max; cpu++)
			cpus[n++] = (uint32_t)cpu;
		p += *p == ',';
	}
	return n;
}

static size_t round_ring(size_t bytes)
{
	size_t ring = (size_t)sysconf(_SC_PAGESIZE);
	while (ring < bytes && ring < (size_t)1 << 30)
		ring *= 2;
	return ring;
}

/* Ids in ascending order, for bisection. */
static void sort_ids(struct perfring *r)
{
	for (unsigned i = 1; i < r->nids; i++) {
		const uint64_t id = r->ids[i];
		const uint16_t event = r->id_event[i];
		unsigned at = i;
		for (; at && r->ids[at - 1] > id; at--) {
			r->ids[at] = r->ids[at - 1];
			r->id_event[at] = r->id_event[at - 1];
		}
		r->ids[at] = id;
		r->id_event[at] = event;
	}
}

int perfring_open(const struct perfring_config *c, struct perfring **out, struct err *e)
{
	uint32_t cpus[LIVE_CPUS_MAX];
	const unsigned ncpus = perfring_list_cpus(cpus, LIVE_CPUS_MAX);
	if (!ncpus)
		return err_set(e, ERR_FEATURE, "/sys/devices/system/cpu/online lists no CPU");
	if (!c->nevents || c->nevents > PERFRING_EVENTS_MAX)
		return err_set(e, ERR_BUG, "%u perf events", c->nevents);
	struct perfring *r = calloc(1, sizeof(*r));
	const size_t nfds = (size_t)c->nevents * ncpus;
	if (r) {
		r->nevents = c->nevents;
		r->ncpus = ncpus;
		r->fds = malloc(nfds * sizeof(*r->fds));
		r->ids = calloc(nfds, sizeof(*r->ids));
		r->id_event = calloc(nfds, sizeof(*r->id_event));
		r->rings = calloc(ncpus, sizeof(*r->rings));
		r->heap.entries = calloc(ncpus, sizeof(*r->heap.entries));
	}
	if (!r || !r->fds || !r->ids || !r->id_event || !r->rings || !r->heap.entries) {
		perfring_close(r);
		return err_set(e, ERR_NOMEM, "no memory for %u rings", ncpus);
	}
	memset(r->fds, -1, nfds * sizeof(*r->fds));
	memcpy(r->events, c->events, c->nevents * sizeof(*c->events));
	struct perfring_config rounded = *c;
	rounded.ring_bytes = round_ring(c->ring_bytes);
	r->map_bytes = rounded.ring_bytes + (size_t)sysconf(_SC_PAGESIZE);
	r->has_lost_format = true;
	int rc = 0;
	for (unsigned cpu = 0; cpu < ncpus; cpu++)
		r->rings[cpu].cpu = cpus[cpu];
	for (unsigned event = 0; event < c->nevents && !rc; event++)
		for (unsigned cpu = 0; cpu < ncpus && !rc; cpu++)
			rc = attach(r, &rounded, event, cpu, e);
	if (rc) {
		perfring_close(r);
		return rc;
	}
	sort_ids(r);
	*out = r;
	return 0;
}

static int for_each_fd(struct perfring *r, unsigned long request)
{
	int error = 0;
	for (size_t i = 0; i < (size_t)r->nevents * r->ncpus; i++)
		if (r->fds[i] >= 0 && ioctl(r->fds[i], request, 0))
			error = errno;
	return error;
}

int perfring_enable(struct perfring *r, struct err *e)
{
	const int error = for_each_fd(r, PERF_EVENT_IOC_ENABLE);
	return error ? err_set(e, ERR_FEATURE, "perf: enabling events: %s", strerror(error)) : 0;
}

void perfring_disable(struct perfring *r)
{
	for_each_fd(r, PERF_EVENT_IOC_DISABLE);
}

void perfring_close(struct perfring *r)
{
	if (!r)
		return;
	for (unsigned cpu = 0; r->rings && cpu < r->ncpus; cpu++) {
		if (r->rings[cpu].page)
			munmap(r->rings[cpu].page, r->map_bytes);
		free(r->rings[cpu].scratch);
	}
	for (size_t i = 0; r->fds && i < (size_t)r->nevents * r->ncpus; i++)
		if (r->fds[i] >= 0)
			close(r->fds[i]);
	free(r->fds);
	free(r->ids);
	free(r->id_event);
	free(r->rings);
	free(r->heap.entries);
	free(r);
}

unsigned perfring_fds(const struct perfring *r, const int **fds_out)
{
	*fds_out = r->fds;
	return r->ncpus;
}

/* ---- reading ---- */

/* Bytes of the ring from a place on, in one piece. */
static const uint8_t *piece(struct ring *ring, uint64_t at, size_t n)
{
	const uint64_t from = at & ring->mask, size = ring->mask + 1;
	if (from + n <= size)
		return ring->data + from;
	memcpy(ring->scratch, ring->data + from, size - from);
	memcpy(ring->scratch + (size - from), ring->data, n - (size - from));
	return ring->scratch;
}

static bool find_event(const struct perfring *r, uint64_t id, uint32_t *event_out)
{
	unsigned from = 0, to = r->nids;
	while (from < to) {
		const unsigned mid = (from + to) / 2;
		if (r->ids[mid] < id)
			from = mid + 1;
		else
			to = mid;
	}
	if (from == r->nids || r->ids[from] != id)
		return false;
	*event_out = r->id_event[from];
	return true;
}

/* The fields in the order of perf_event_open(2): IDENTIFIER IP TID TIME [ADDR] [RAW]. */
static bool parse_sample(const struct perfring *r, const uint8_t *p, size_t n,
			 struct perfring_record *out)
{
	uint64_t id;
	if (n < 32)
		return false;
	memcpy(&id, p, 8);
	if (!find_event(r, id, &out->event))
		return false;
	memcpy(&out->ip, p + 8, 8);
	memcpy(&out->pid, p + 16, 4);
	memcpy(&out->tid, p + 20, 4);
	memcpy(&out->ts, p + 24, 8);
	size_t at = 32;
	if (r->events[out->event].wants_addr) {
		if (n - at < 8)
			return false;
		memcpy(&out->addr, p + at, 8);
		at += 8;
	}
	if (!r->events[out->event].wants_raw)
		return true;
	if (n - at < 4)
		return false;
	memcpy(&out->raw_bytes, p + at, 4);
	out->raw = p + at + 4;
	return out->raw_bytes <= n - at - 4;
}

/* PERF_RECORD_LOST {header, id, lost}, PERF_RECORD_LOST_SAMPLES {header, lost}, then sample ids. */
static void note_lost(struct perfring *r, const uint8_t *p, size_t n, bool has_id)
{
	uint64_t lost;
	const size_t at = has_id ? 8 : 0;
	if (n < at + 8)
		return;
	memcpy(&lost, p + at, 8);
	if (!r->lost)
		r->lost_from_ns = r->last_ns;
	r->lost += lost;
	r->lost_to_ns = 0; /* until the next record */
}

/* Finds the ring's next sample: 1, 0, negative. */
static int peek(struct perfring *r, struct ring *ring, struct err *e)
{
	while (ring->tail < ring->head) {
		struct perf_event_header h;
		memcpy(&h, piece(ring, ring->tail, sizeof(h)), sizeof(h));
		if (h.size < sizeof(h) || h.size > ring->head - ring->tail)
			return err_set(e, ERR_FORMAT, "perf: CPU %u: a record of %u bytes",
				       ring->cpu, h.size);
		const uint8_t *body = piece(ring, ring->tail, h.size) + sizeof(h);
		const size_t n = h.size - sizeof(h);
		ring->next_end = ring->tail + h.size;
		if (h.type == PERF_RECORD_SAMPLE) {
			ring->next = (struct perfring_record){ .cpu = ring->cpu };
			if (!parse_sample(r, body, n, &ring->next))
				return err_set(e, ERR_FORMAT, "perf: CPU %u: a sample of %zu bytes",
					       ring->cpu, n);
			return 1;
		}
		if (h.type == PERF_RECORD_LOST || h.type == PERF_RECORD_LOST_SAMPLES)
			note_lost(r, body, n, h.type == PERF_RECORD_LOST);
		ring->tail = ring->next_end;
	}
	return 0;
}

static void give_back(struct ring *ring)
{
	__atomic_store_n(&ring->page->data_tail, ring->tail, __ATOMIC_RELEASE);
	ring->given_back = ring->tail;
}

int perfring_begin(struct perfring *r, uint64_t limit_ns, struct err *e)
{
	r->limit_ns = limit_ns;
	r->heap.n = 0;
	for (unsigned i = 0; i < r->ncpus; i++) {
		struct ring *ring = &r->rings[i];
		give_back(ring);
		ring->head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
		const int rc = peek(r, ring, e);
		if (rc < 0)
			return rc;
		if (rc)
			r->heap.entries[r->heap.n++] = (struct ringheap_entry){ ring->next.ts, i };
	}
	ringheap_build(&r->heap);
	return 0;
}

/* The first record has been used: the next of its ring takes its place. */
static int advance(struct perfring *r, struct err *e)
{
	struct ring *ring = &r->rings[r->heap.entries[0].ring];
	ring->tail = ring->next_end;
	if (ring->tail - ring->given_back > ring->mask / 4)
		give_back(ring);
	const int rc = peek(r, ring, e);
	if (rc < 0)
		return rc;
	if (rc)
		ringheap_replace_first(&r->heap, ring->next.ts);
	else
		ringheap_drop_first(&r->heap);
	return 0;
}

int perfring_next(struct perfring *r, struct perfring_record *out, struct err *e)
{
	if (r->is_handed_out) {
		r->is_handed_out = false;
		const int rc = advance(r, e);
		if (rc)
			return rc;
	}
	if (!r->heap.n || r->heap.entries[0].ts >= r->limit_ns)
		return 0;
	*out = r->rings[r->heap.entries[0].ring].next;
	r->records[out->event]++;
	r->last_ns = out->ts;
	if (r->lost && !r->lost_to_ns)
		r->lost_to_ns = out->ts;
	r->is_handed_out = true;
	return 1;
}

/* ---- accounting ---- */

int perfring_counts(const struct perfring *r, unsigned event, struct perfring_counts *out,
		    struct err *e)
{
	*out = (struct perfring_counts){ .records = r->records[event] };
	for (unsigned cpu = 0; cpu < r->ncpus; cpu++) {
		uint64_t value[3] = {}; /* count, id, lost */
		if (read(*fd_of(r, event, cpu), value, sizeof(value)) < 16)
			return err_set(e, ERR_IO, "perf: %s: its counter cannot be read: %s",
				       r->events[event].name, strerror(errno));
		out->counted += value[0];
		out->lost += value[2];
	}
	return 0;
}

uint64_t perfring_take_lost(struct perfring *r, uint64_t *from_ns_out, uint64_t *to_ns_out)
{
	const uint64_t lost = r->lost;
	*from_ns_out = r->lost_from_ns;
	*to_ns_out = r->lost_to_ns ? r->lost_to_ns : r->last_ns;
	r->lost = 0;
	return lost;
}
