// SPDX-License-Identifier: MIT
/*
 * Pages of per_cpu/cpuN/trace_pipe_raw, read without waiting, one held of each
 * CPU; the walk through a page is collect/ringbuf.h.
 */
#include "collect/tracering.h"

#include "base/cleanup.h"
#include "collect/ringbuf.h"
#include "collect/ringheap.h"
#include "collect/tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LIVE_CPUS_MAX = 4096, NAME_BYTES = 160 };

struct cpu_pages {
	uint32_t cpu;
	uint8_t *bytes; /* one page as read */
	struct ringbuf_page page;
	struct ringbuf_record next;
	bool has_next;
};

struct tracering {
	struct tracefs_instance instance;
	struct ringbuf_layout layout;
	size_t page_bytes;
	unsigned ncpus, nevents;
	char (*names)[NAME_BYTES]; /* "events/system/event/enable" */
	struct cpu_pages *cpus;
	int *fds;
	struct ringheap heap;
	uint64_t limit_ns, records;
	bool is_handed_out;
};

/* ---- opening ---- */

static int write_number(struct tracering *r, const char *file, unsigned long long n, struct err *e)
{
	char text[24];
	snprintf(text, sizeof(text), "%llu", n);
	return tracefs_instance_write(&r->instance, file, text, e);
}

static int read_layout(struct tracering *r, struct err *e)
{
	_free_ char *text = NULL;
	struct evformat *f = malloc(sizeof(*f));
	size_t n;
	if (!f)
		return err_set(e, ERR_NOMEM, "out of memory");
	int rc = tracefs_read("events/header_page", &text, &n, e);
	if (!rc)
		rc = ringbuf_layout_parse(text, n, &r->layout, e);
	if (!rc)
		rc = evformat_parse(text, n, f, e);
	if (!rc) {
		const struct evfield *data = evformat_find(f, "data");
		r->page_bytes = (size_t)data->offset + data->size;
		if (r->page_bytes < RINGBUF_PAGE_MIN || r->page_bytes > RINGBUF_PAGE_MAX)
			rc = err_set(e, ERR_FEATURE, "tracefs: pages of %zu bytes", r->page_bytes);
	}
	free(f);
	return rc;
}

/* New records are dropped when the buffer is full, so that what was read before stays whole. */
static int set_up(struct tracering *r, const struct perfring_config *c, struct err *e)
{
	int rc = tracefs_instance_write(&r->instance, "tracing_on", "0", e);
	if (!rc)
		rc = tracefs_instance_write(&r->instance, "trace_clock", "mono", e);
	if (!rc)
		rc = tracefs_instance_write(&r->instance, "options/overwrite", "0", e);
	if (!rc)
		rc = write_number(r, "buffer_size_kb", c->ring_bytes / 1024, e);
	if (!rc && c->pid)
		rc = tracefs_instance_write(&r->instance, "options/event-fork", "1", e);
	if (!rc && c->pid)
		rc = write_number(r, "set_event_pid", (unsigned long long)c->pid, e);
	tracefs_instance_write(&r->instance, "buffer_percent", "25", NULL); /* since 5.0 */
	return rc;
}

static int open_cpu(struct tracering *r, unsigned i, struct err *e)
{
	char file[60];
	snprintf(file, sizeof(file), "per_cpu/cpu%u/trace_pipe_raw", r->cpus[i].cpu);
	r->cpus[i].bytes = malloc(r->page_bytes);
	if (!r->cpus[i].bytes)
		return err_set(e, ERR_NOMEM, "out of memory");
	return tracefs_instance_open(&r->instance, file, O_RDONLY | O_NONBLOCK, &r->fds[i], e);
}

static int name_events(struct tracering *r, const struct perfring_config *c, struct err *e)
{
	for (unsigned i = 0; i < c->nevents; i++) {
		const char *name = c->events[i].name, *colon = strchr(name, ':');
		if (!colon)
			return err_set(e, ERR_BUG, "tracefs: event '%s'", name);
		snprintf(r->names[i], NAME_BYTES, "events/%.*s/%s/enable", (int)(colon - name),
			 name, colon + 1);
	}
	return 0;
}

static int open_all(struct tracering *r, const struct perfring_config *c, struct err *e)
{
	int rc = read_layout(r, e);
	if (!rc)
		rc = name_events(r, c, e);
	if (!rc)
		rc = tracefs_instance_new(&r->instance, e);
	if (!rc)
		rc = set_up(r, c, e);
	for (unsigned i = 0; i < r->ncpus && !rc; i++)
		rc = open_cpu(r, i, e);
	return rc;
}

int tracering_open(const struct perfring_config *c, struct tracering **out, struct err *e)
{
	uint32_t cpus[LIVE_CPUS_MAX];
	const unsigned ncpus = perfring_list_cpus(cpus, LIVE_CPUS_MAX);
	if (!ncpus)
		return err_set(e, ERR_FEATURE, "/sys/devices/system/cpu/online lists no CPU");
	struct tracering *r = calloc(1, sizeof(*r));
	if (r) {
		r->ncpus = ncpus;
		r->nevents = c->nevents;
		r->names = calloc(c->nevents, sizeof(*r->names));
		r->cpus = calloc(ncpus, sizeof(*r->cpus));
		r->fds = malloc(ncpus * sizeof(*r->fds));
		r->heap.entries = calloc(ncpus, sizeof(*r->heap.entries));
	}
	if (!r || !r->names || !r->cpus || !r->fds || !r->heap.entries) {
		tracering_close(r);
		return err_set(e, ERR_NOMEM, "no memory for %u rings", ncpus);
	}
	memset(r->fds, -1, ncpus * sizeof(*r->fds));
	for (unsigned i = 0; i < ncpus; i++)
		r->cpus[i].cpu = cpus[i];
	const int rc = open_all(r, c, e);
	if (rc) {
		tracering_close(r);
		return rc;
	}
	*out = r;
	return 0;
}

int tracering_enable(struct tracering *r, struct err *e)
{
	int rc = 0;
	for (unsigned i = 0; i < r->nevents && !rc; i++)
		rc = tracefs_instance_write(&r->instance, r->names[i], "1", e);
	return rc ? rc : tracefs_instance_write(&r->instance, "tracing_on", "1", e);
}

void tracering_disable(struct tracering *r)
{
	tracefs_instance_write(&r->instance, "tracing_on", "0", NULL);
	tracefs_instance_write(&r->instance, "events/enable", "0", NULL);
}

/* The files first: an instance that somebody reads cannot be removed. */
void tracering_close(struct tracering *r)
{
	if (!r)
		return;
	for (unsigned i = 0; r->fds && i < r->ncpus; i++) {
		if (r->fds[i] >= 0)
			close(r->fds[i]);
		free(r->cpus[i].bytes);
	}
	tracefs_instance_free(&r->instance);
	free(r->names);
	free(r->cpus);
	free(r->fds);
	free(r->heap.entries);
	free(r);
}

unsigned tracering_fds(const struct tracering *r, const int **fds_out)
{
	*fds_out = r->fds;
	return r->ncpus;
}

/* ---- reading ---- */

/* The next page of a CPU: 1, 0 where there is none. */
static int read_page(struct tracering *r, unsigned i, struct err *e)
{
	struct cpu_pages *c = &r->cpus[i];
	const ssize_t n = read(r->fds[i], c->bytes, r->page_bytes);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return err_set(e, ERR_IO, "tracefs: CPU %u: %s", c->cpu, strerror(errno));
	if (!n)
		return 0;
	if ((size_t)n < r->layout.data_offset ||
	    !ringbuf_page_open(&r->layout, c->bytes, r->page_bytes, (size_t)n, &c->page))
		return err_set(e, ERR_FORMAT, "tracefs: CPU %u: a page of %zd bytes", c->cpu, n);
	return 1;
}

/* Finds the next record of a CPU: 1, 0, negative. */
static int peek(struct tracering *r, unsigned i, struct err *e)
{
	struct cpu_pages *c = &r->cpus[i];
	while (!c->has_next) {
		int rc = c->page.base ? ringbuf_page_next(&c->page, &c->next) : 0;
		if (rc < 0)
			return err_set(e, ERR_FORMAT, "tracefs: CPU %u: a record that does not fit",
				       c->cpu);
		c->has_next = rc;
		if (!rc && (rc = read_page(r, i, e)) <= 0)
			return rc;
	}
	return 1;
}

int tracering_begin(struct tracering *r, uint64_t limit_ns, struct err *e)
{
	r->limit_ns = limit_ns;
	r->heap.n = 0;
	for (unsigned i = 0; i < r->ncpus; i++) {
		const int rc = peek(r, i, e);
		if (rc < 0)
			return rc;
		if (rc)
			r->heap.entries[r->heap.n++] =
				(struct ringheap_entry){ r->cpus[i].next.ts, i };
	}
	ringheap_build(&r->heap);
	return 0;
}

/* The first record has been used: the next of its CPU takes its place. */
static int advance(struct tracering *r, struct err *e)
{
	const uint32_t i = r->heap.entries[0].ring;
	r->cpus[i].has_next = false;
	const int rc = peek(r, i, e);
	if (rc < 0)
		return rc;
	if (rc)
		ringheap_replace_first(&r->heap, r->cpus[i].next.ts);
	else
		ringheap_drop_first(&r->heap);
	return 0;
}

int tracering_next(struct tracering *r, struct perfring_record *out, struct err *e)
{
	if (r->is_handed_out) {
		r->is_handed_out = false;
		const int rc = advance(r, e);
		if (rc)
			return rc;
	}
	if (!r->heap.n || r->heap.entries[0].ts >= r->limit_ns)
		return 0;
	const struct cpu_pages *c = &r->cpus[r->heap.entries[0].ring];
	*out = (struct perfring_record){
		.ts = c->next.ts, .cpu = c->cpu, .raw = c->next.data, .raw_bytes = c->next.len
	};
	r->records++;
	r->is_handed_out = true;
	return 1;
}

/* ---- accounting ---- */

/* "entries: 12\noverrun: 0\n..": what the kernel wrote, read by us or not, and what it could not.
 */
int tracering_counts(const struct tracering *r, struct perfring_counts *out, struct err *e)
{
	static const char *const lost[] = { "overrun:", "commit overrun:", "dropped events:" };
	*out = (struct perfring_counts){ .records = r->records };
	for (unsigned i = 0; i < r->ncpus; i++) {
		char file[60], line[120];
		int fd;
		snprintf(file, sizeof(file), "per_cpu/cpu%u/stats", r->cpus[i].cpu);
		const int rc = tracefs_instance_open(&r->instance, file, O_RDONLY, &fd, e);
		if (rc)
			return rc;
		_fclose_ FILE *f = fdopen(fd, "r");
		while (f && fgets(line, sizeof(line), f)) {
			const char *colon = strchr(line, ':');
			const uint64_t n = colon ? strtoull(colon + 1, NULL, 10) : 0;
			if (!strncmp(line, "entries:", 8) || !strncmp(line, "read events:", 12))
				out->counted += n;
			for (unsigned k = 0; k < sizeof(lost) / sizeof(*lost); k++)
				if (!strncmp(line, lost[k], strlen(lost[k])))
					out->lost += n;
		}
	}
	out->counted += out->lost;
	return 0;
}
