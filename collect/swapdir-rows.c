// SPDX-License-Identifier: MIT
/*
 * Rows of a swap recording:
 *
 *	dma     one access row each; rw is what the device does to memory: W is
 *	        from-device, R to-device, Q (rings, lists, admin data) unknown
 *	cpu     one row a page and epoch: touches from the first one, where that
 *	        is told, or from the epoch's start, to the epoch's end. Put in
 *	        order of time, which the file has by epoch only
 *	faults  by cause: dma to iopf (tier unknown: minor), cpu to fault; other
 *	        causes are filtered
 *	absent  runs of pages out of memory at one time: swap rows, op absent
 *	host    no rows: it becomes meta texts (swapdir-host.c)
 */
#include "collect/swapdir.h"

#include "base/cleanup.h"
#include "base/units.h"
#include "collect/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	NAME_BYTES = 32,
	DEVICES_CACHED = 16,
};

struct cpu_row {
	uint64_t ts, pfn;
	uint32_t count;
	bool is_write;
	uint64_t period;
};

/* What reading one member needs. */
struct member {
	struct swapdir *d;
	struct import *im;
	struct trace_stream *stream, *iopf;
	uint16_t source;
	char why[120]; /* what a bad row should have been */

	struct {
		char name[NAME_BYTES];
		uint16_t dev;
	} devices[DEVICES_CACHED];
	unsigned ndevices;

	/* cpu: rows that later ones may still have to go before */
	struct cpu_row *rows;
	size_t nrows, cap;
	uint64_t epoch, last_gfn;
	bool has_epoch;

	struct swapdir_host *host;
};

/* One kind of file: its header and what to do with a row. */
struct format {
	const char *header;
	enum kind_id kind;
	const char *coverage;
	/* Takes the row at p (it ends in '\n'): 1 put or kept, 0 bad (m->why says it), negative. */
	int (*take)(struct member *m, const char *p, struct err *e);
	int (*end)(struct member *m, struct err *e);
};

const char *const swapdir_member_names[SWAPDIR_MEMBERS] = { "dma", "cpu", "faults", "absent",
							    "host" };

/* ---- fields ---- */

static int bad(struct member *m, const char *expected)
{
	snprintf(m->why, sizeof(m->why), "expected %s", expected);
	return 0;
}

/* Past a number and the byte after it, or NULL */
static const char *number(const char *p, char after, uint64_t *out)
{
	p = text_decimal(p, out);
	return p && *p == after ? p + 1 : NULL;
}

/* Past a word and the byte after it, or NULL; at most NAME_BYTES - 1 characters */
static const char *word(const char *p, char after, char *out)
{
	size_t n = strcspn(p, ",\n");

	if (!n || n >= NAME_BYTES || p[n] != after)
		return NULL;
	memcpy(out, p, n);
	out[n] = '\0';
	return p + n + 1;
}

/* A stamp as time of the trace: it may neither lie before its start nor go backwards. */
static bool stamp(struct member *m, uint64_t t_ns, uint64_t *ts_out)
{
	const uint64_t base = m->d->meta.epoch0_ns;

	if (t_ns < base) {
		snprintf(m->why, sizeof(m->why), "t_ns before the first CPU epoch (%" PRIu64 ")",
			 base);
		return false;
	}
	*ts_out = t_ns - base;
	if (*ts_out < m->im->at.last_ns) {
		snprintf(m->why, sizeof(m->why), "time goes backwards");
		return false;
	}
	m->im->at.last_ns = *ts_out;
	return true;
}

static bool pages_fit(struct member *m, uint64_t gfn, uint64_t npages)
{
	const uint64_t all = m->d->meta.mem_pages;

	if (gfn < all && npages <= all - gfn)
		return true;
	snprintf(m->why, sizeof(m->why), "gfn outside the guest's %" PRIu64 " pages", all);
	return false;
}

/* ---- dma ---- */

static const char *class_of(const char *name)
{
	static const char *const prefixes[][2] = { { "nvme", "nvme" }, { "nic", "nic" },
						   { "eth", "nic" },   { "vd", "block" },
						   { "sd", "block" },  { "blk", "block" } };
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(name, prefixes[i][0], strlen(prefixes[i][0])))
			return prefixes[i][1];
	return "other";
}

static int find_device(struct member *m, const char *name, uint16_t *dev_out, struct err *e)
{
	for (unsigned i = 0; i < m->ndevices; i++)
		if (!strcmp(m->devices[i].name, name)) {
			*dev_out = m->devices[i].dev;
			return 0;
		}
	const struct trace_device device = {
		.bdf = name,
		.class = class_of(name),
		.coverage = "every access; repeats of a ring or list page within 1 ms are one row",
	};
	const int rc = trace_writer_device(m->im->w, &device, dev_out, e);
	if (!rc && m->ndevices < DEVICES_CACHED) {
		memcpy(m->devices[m->ndevices].name, name, NAME_BYTES);
		m->devices[m->ndevices++].dev = *dev_out;
	}
	return rc;
}

static int take_dma(struct member *m, const char *p, struct err *e)
{
	static const char letters[] = "QRW"; /* DIR_UNKNOWN, TO_DEVICE, FROM_DEVICE */
	uint64_t t_ns, gfn, bytes;
	char dev[NAME_BYTES], rw[NAME_BYTES];

	if (!(p = number(p, ',', &t_ns)) || !(p = word(p, ',', dev)) ||
	    !(p = number(p, ',', &gfn)) || !(p = word(p, ',', rw)) || !number(p, '\n', &bytes))
		return bad(m, "t_ns,dev,gfn,rw,bytes");
	const char *letter = strchr(letters, rw[0]);
	if (!letter || rw[1])
		return bad(m, "rw to be R, W or Q");
	if (bytes > PAGE_BYTES)
		return bad(m, "at most 4096 bytes of one page");

	struct dma_event ev = {
		.op = DMA_ACCESS,
		.dir = (uint8_t)(letter - letters),
		.as = AS_GPA,
		.pfn = gfn,
		.npages = 1,
		.bytes = bytes,
		.req = UINT64_MAX,
		.source = m->source,
	};
	if (!pages_fit(m, gfn, 1) || !stamp(m, t_ns, &ev.ts))
		return 0;
	int rc = find_device(m, dev, &ev.dev, e);
	if (!rc)
		rc = dma_put(m->stream, &ev, e);
	m->im->at.stored += !rc;
	return rc ? rc : 1;
}

/* ---- cpu ---- */

static int by_time(const void *a, const void *b)
{
	const struct cpu_row *x = a, *y = b;

	if (x->ts != y->ts)
		return x->ts < y->ts ? -1 : 1;
	return x->pfn < y->pfn ? -1 : x->pfn > y->pfn;
}

/* Puts the kept rows before a time; later rows may come between the others. */
static int put_rows_before(struct member *m, uint64_t end_ns, struct err *e)
{
	struct cpu_event ev = { .as = AS_GPA, .npages = 1, .source = m->source };
	size_t i = 0;

	if (!m->nrows)
		return 0;
	qsort(m->rows, m->nrows, sizeof(*m->rows), by_time);
	for (; i < m->nrows && m->rows[i].ts < end_ns; i++) {
		const struct cpu_row *r = &m->rows[i];
		ev.ts = r->ts;
		ev.pfn = r->pfn;
		ev.count = r->count;
		ev.period = r->period;
		ev.write = r->is_write;
		const int rc = cpu_put(m->stream, &ev, e);
		if (rc)
			return rc;
		m->im->at.last_ns = r->ts;
		m->im->at.stored++;
	}
	m->nrows -= i;
	memmove(m->rows, m->rows + i, m->nrows * sizeof(*m->rows));
	return 0;
}

static int keep_row(struct member *m, const struct cpu_row *row, struct err *e)
{
	if (m->nrows == m->cap) {
		const size_t cap = m->cap ? 2 * m->cap : 4096;
		struct cpu_row *grown = reallocarray(m->rows, cap, sizeof(*grown));
		if (!grown)
			return err_set(e, ERR_NOMEM, "out of memory");
		m->rows = grown;
		m->cap = cap;
	}
	m->rows[m->nrows++] = *row;
	return 1;
}

/* Pages of an epoch ascend, so that no more rows are kept than the guest has pages. */
static int begin_epoch(struct member *m, uint64_t epoch, uint64_t start_ns, struct err *e)
{
	if (m->has_epoch && epoch == m->epoch)
		return 0;
	m->epoch = epoch;
	m->has_epoch = true;
	return put_rows_before(m, start_ns, e);
}

static int take_cpu(struct member *m, const char *p, struct err *e)
{
	const struct swapdir_meta *meta = &m->d->meta;
	uint64_t epoch, gfn, touches, stored, first_us = 0, start_ns, first_ns;

	if (!(p = number(p, ',', &epoch)) || !(p = number(p, ',', &gfn)) ||
	    !(p = number(p, ',', &touches)) || !(p = number(p, ',', &stored)) ||
	    (*p != '\n' && !number(p, '\n', &first_us)) || stored > 1)
		return bad(m, "epoch,gfn,touches,stored,first_us (stored 0 or 1)");
	if (m->has_epoch && (epoch < m->epoch || (epoch == m->epoch && gfn <= m->last_gfn)))
		return bad(m, "rows in order of epoch and gfn, each pair once");
	if (__builtin_mul_overflow(epoch, meta->epoch_ns, &start_ns) ||
	    __builtin_mul_overflow(first_us, NS_PER_US, &first_ns) ||
	    first_ns / 2 >= meta->epoch_ns || start_ns > UINT64_MAX / 2)
		return bad(m, "first_us within two epochs, and no more than 292 years");
	if (!pages_fit(m, gfn, 1))
		return 0;

	int rc = begin_epoch(m, epoch, start_ns, e);
	if (rc)
		return rc;
	m->last_gfn = gfn;
	const struct cpu_row row = {
		.ts = start_ns + first_ns,
		.pfn = gfn,
		.count = touches > UINT32_MAX ? UINT32_MAX : (uint32_t)touches,
		.is_write = stored,
		.period = first_ns < meta->epoch_ns ? meta->epoch_ns - first_ns : 0,
	};
	return keep_row(m, &row, e);
}

static int end_cpu(struct member *m, struct err *e)
{
	return put_rows_before(m, UINT64_MAX, e);
}

/* ---- faults ---- */

static int put_iopf(struct member *m, uint64_t ts, uint64_t gfn, bool is_major, uint16_t dev,
		    struct err *e)
{
	const uint64_t none = UINT64_MAX;
	const struct iopf_event ev = {
		.ts = ts,
		.report = none,
		.irq = none,
		.sched = none,
		.resolve = none,
		.map = none,
		.update = none,
		.resume = none,
		.dev = dev,
		.queue = UINT16_MAX,
		.as = AS_GPA,
		.pfn = gfn,
		.npages = 1,
		.write = UINT8_MAX,
		.pasid = UINT32_MAX,
		.group = UINT32_MAX,
		.last = UINT8_MAX,
		.outcome = OUTCOME_DONE,
		.tier = (uint8_t)(is_major ? m->d->meta.tier : TIER_UNKNOWN),
		.source = m->source,
	};
	return iopf_put(m->iopf, &ev, e);
}

static int put_fault(struct member *m, uint64_t ts, uint64_t gfn, bool is_major, struct err *e)
{
	const struct fault_event ev = {
		.ts = ts,
		.va = UINT64_MAX,
		.pfn = gfn,
		.ip = UINT64_MAX,
		.major = is_major,
		.write = UINT8_MAX,
		.lat = UINT64_MAX,
		.source = m->source,
	};
	return fault_put(m->stream, &ev, e);
}

static int take_fault(struct member *m, const char *p, struct err *e)
{
	uint64_t t_ns, gfn, ts;
	char thread[NAME_BYTES], kind[NAME_BYTES], cause[NAME_BYTES], dev[NAME_BYTES];

	if (!(p = number(p, ',', &t_ns)) || !(p = word(p, ',', thread)) ||
	    !(p = number(p, ',', &gfn)) || !(p = word(p, ',', kind)) ||
	    !(p = word(p, ',', cause)) || !word(p, '\n', dev))
		return bad(m, "t_ns,thread_class,gfn,kind,cause,dev");
	const bool is_major = !strcmp(kind, "major");
	if (!is_major && strcmp(kind, "minor"))
		return bad(m, "kind to be major or minor");
	const bool is_dma = !strcmp(cause, "dma"), is_cpu = !strcmp(cause, "cpu");
	if (!is_dma && !is_cpu && strcmp(cause, "other"))
		return bad(m, "cause to be dma, cpu or other");
	if (!pages_fit(m, gfn, 1) || !stamp(m, t_ns, &ts))
		return 0;

	uint16_t number_of_dev = 0;
	int rc = is_dma ? find_device(m, dev, &number_of_dev, e) : 0;
	if (!rc && is_dma)
		rc = put_iopf(m, ts, gfn, is_major, number_of_dev, e);
	if (!rc && is_cpu)
		rc = put_fault(m, ts, gfn, is_major, e);
	if (is_dma || is_cpu)
		m->im->at.stored += !rc;
	else
		m->im->at.filtered++;
	return rc ? rc : 1;
}

/* ---- absent ---- */

static int take_absent(struct member *m, const char *p, struct err *e)
{
	uint64_t t_ns, gfn, npages;

	if (!(p = number(p, ',', &t_ns)) || !(p = number(p, ',', &gfn)) ||
	    !number(p, '\n', &npages) || !npages || npages > UINT32_MAX)
		return bad(m, "t_ns,gfn,npages (npages above 0)");
	struct swap_event ev = {
		.op = SWAP_ABSENT,
		.as = AS_GPA,
		.pfn = gfn,
		.npages = (uint32_t)npages,
		.slot = UINT64_MAX,
		.tier = (uint8_t)m->d->meta.tier,
		.lat = UINT64_MAX,
		.source = m->source,
	};
	if (!pages_fit(m, gfn, npages) || !stamp(m, t_ns, &ev.ts))
		return 0;
	const int rc = swap_put(m->stream, &ev, e);
	m->im->at.stored += !rc;
	return rc ? rc : 1;
}

/* ---- host ---- */

/* Rows from before the first epoch count: the limit that holds then is the one at time 0. */
static int take_host(struct member *m, const char *p, struct err *e)
{
	const uint64_t base = m->d->meta.epoch0_ns;
	uint64_t t_ns, limit_bytes, usage_bytes;

	if (!(p = number(p, ',', &t_ns)) || !(p = number(p, ',', &limit_bytes)) ||
	    !(p = text_decimal(p, &usage_bytes)) || (*p != ',' && *p != '\n'))
		return bad(m, "t_ns,limit_bytes,usage_bytes and more columns");
	const uint64_t ts = t_ns > base ? t_ns - base : 0;
	if (ts < m->im->at.last_ns)
		return bad(m, "time to go forwards");
	if (!(limit_bytes >> PAGE_SHIFT))
		return bad(m, "a limit of a page or more");
	m->im->at.last_ns = ts;
	m->im->at.filtered++;
	const int rc = swapdir_host_add(m->host, t_ns, limit_bytes >> PAGE_SHIFT,
					usage_bytes >> PAGE_SHIFT, e);
	return rc ? rc : 1;
}

/* ---- any member ---- */

static const struct format formats[SWAPDIR_MEMBERS] = {
	[SWAPDIR_DMA] = { "t_ns,dev,gfn,rw,bytes", KIND_DMA, "every device access by guest page",
			  take_dma, NULL },
	[SWAPDIR_CPU] = { "epoch,gfn,touches,stored,first_us", KIND_CPU,
			  "every load and store, merged by page and epoch", take_cpu, end_cpu },
	[SWAPDIR_FAULTS] = { "t_ns,thread_class,gfn,kind,cause,dev", KIND_FAULT,
			     "every host fault on guest memory but first touches", take_fault,
			     NULL },
	[SWAPDIR_ABSENT] = { "t_ns,gfn,npages", KIND_SWAP, "snapshots of all pages out of memory",
			     take_absent, NULL },
	[SWAPDIR_HOST] = { "t_ns,limit_bytes,usage_bytes", KIND_COUNT, NULL, take_host, NULL },
};

/* The header's first columns must be ours; host.csv has more. */
static bool is_header(const char *line, const char *header, bool is_open)
{
	const size_t n = strlen(header);
	const char after = strncmp(line, header, n) ? '\0' : line[n];

	return after == '\n' || (is_open && after == ',');
}

static int read_block(struct member *m, const struct format *f, const char *p, const char *end,
		      struct err *e)
{
	struct import_cursor *at = &m->im->at;

	for (const char *line = p; line < end; line = p) {
		p = text_next_line(line);
		at->line++;
		if (at->line == 1) {
			if (is_header(line, f->header, f->kind == KIND_COUNT))
				continue;
			return err_set(e, ERR_UNUSABLE, "%.120s: line 1: expected the header %s",
				       input_name(m->im->in), f->header);
		}
		const int rc = f->take(m, line, e);
		if (rc < 0)
			return rc;
		if (!rc)
			import_bad_line(m->im, at->line, m->why);
	}
	return 0;
}

static int start(struct member *m, enum swapdir_member member, struct err *e)
{
	const struct format *f = &formats[member];
	struct import *im = m->im;
	int rc = 0;

	if (f->kind != KIND_COUNT)
		rc = trace_writer_stream(im->w, f->kind, &m->stream, e);
	if (!rc && member == SWAPDIR_FAULTS)
		rc = trace_writer_stream(im->w, KIND_IOPF, &m->iopf, e);
	if (!rc && f->coverage)
		rc = trace_writer_source(im->w, swapdir_member_names[member], f->coverage,
					 &m->source, e);
	return rc;
}

static int read_rows(struct member *m, const struct format *f, struct err *e)
{
	const char *p, *end;
	int rc;

	while ((rc = import_lines(m->im, &p, &end, e)) > 0) {
		rc = read_block(m, f, p, end, e);
		if (rc)
			return rc;
	}
	return rc || !f->end ? rc : f->end(m, e);
}

/* The account and the losses of one member; at holds its counts alone. */
static int account(struct member *m, const char *name, struct err *e)
{
	const struct import_cursor *at = &m->im->at;
	const struct trace_account a = {
		.seen = at->stored + at->filtered + at->bad,
		.stored = at->stored,
		.filtered = at->filtered,
		.decode_error = at->bad,
	};
	int rc = trace_writer_account(m->im->w, name, &a, e);

	if (!rc && at->bad)
		rc = trace_writer_loss(m->im->w, name, at->bad_from_ns, at->last_ns, at->bad,
				       "parse", m->im->first_damage.msg, e);
	if (!rc && input_damage(m->im->in))
		rc = trace_writer_loss(m->im->w, name, at->last_ns, at->last_ns, 0, "damage",
				       input_damage(m->im->in), e);
	return rc;
}

static int read_member(struct member *m, enum swapdir_member member, struct err *e)
{
	int rc = start(m, member, e);

	if (!rc)
		rc = read_rows(m, &formats[member], e);
	return rc ? rc : account(m, swapdir_member_names[member], e);
}

static int read_host(struct member *m, struct err *e)
{
	int rc = swapdir_host_new(&m->d->meta, &m->host, e);
	if (!rc)
		rc = read_member(m, SWAPDIR_HOST, e);
	if (!rc)
		rc = swapdir_host_put(m->host, m->im, e);
	swapdir_host_free(m->host);
	return rc;
}

int swapdir_read_member(struct swapdir *d, enum swapdir_member member, struct err *e)
{
	struct import_cursor *at = &d->im->at;
	const uint64_t damaged = at->damaged, file = at->file;
	struct member *m = calloc(1, sizeof(*m));
	if (!m)
		return err_set(e, ERR_NOMEM, "out of memory");

	*at = (struct import_cursor){ .damaged = damaged, .file = file };
	m->d = d;
	m->im = d->im;
	const int rc = member == SWAPDIR_HOST ? read_host(m, e) : read_member(m, member, e);
	d->rows_stored += at->stored;
	d->rows_filtered += at->filtered;
	d->rows_bad += at->bad;
	free(m->rows);
	free(m);
	return rc;
}
