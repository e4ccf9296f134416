// SPDX-License-Identifier: MIT
/* Rows to requests. Flushes, discards and empty rows are left out and counted. */
#include "replay/nvme-trace.h"

#include "base/rng.h"

#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NO_DEVICE = UINT16_MAX };

#define BIT(column) (UINT64_C(1) << IO_COL_##column)

static const uint64_t columns = BIT(ts) | BIT(lat) | BIT(dev) | BIT(qid) | BIT(op) | BIT(lba) |
				BIT(bytes);

static int open_reader(struct trace *t, unsigned stream, struct trace_reader **out, struct err *e)
{
	const struct trace_select select = { .stream = stream, .columns = columns, .dev = -1 };
	return trace_reader_open(t, &select, out, e);
}

/* A mapped trace counts as memory for each point that reads it, whole in the end. */
static void read_unmapped(struct trace *t)
{
	for (unsigned i = 0; i < trace_nfiles(t); i++)
		sqlite3_exec(trace_sqlite(t, i), "PRAGMA mmap_size=0", NULL, NULL, NULL);
}

/* ---- all rows at once ---- */

static int add_device(struct nvme_trace_facts *f, uint32_t dev, struct err *e)
{
	for (uint32_t i = f->ndevices; i--;)
		if (f->devices[i] == dev)
			return 0;
	if (f->ndevices == NVME_VMS_MAX)
		return err_set(e, ERR_UNUSABLE, "more than %d devices: replay fewer at a time",
			       NVME_VMS_MAX);
	f->devices[f->ndevices++] = dev;
	return 0;
}

static bool is_request(const struct batch *b, uint32_t i)
{
	const uint8_t op = batch_u8(b, IO_COL_op)[i];
	return op == IO_READ || op == IO_WRITE;
}

static int add_row(struct nvme_trace_facts *f, const struct batch *b, uint32_t i, struct err *e)
{
	const uint64_t ts = batch_u64(b, IO_COL_ts)[i], lat = batch_u64(b, IO_COL_lat)[i];
	const uint64_t bytes = batch_u64(b, IO_COL_bytes)[i];
	int rc = 0;

	f->first_ns = !f->rows || ts < f->first_ns ? ts : f->first_ns;
	f->backwards += f->rows && ts < f->last_ns;
	f->last_ns = ts > f->last_ns ? ts : f->last_ns;
	f->rows++;
	if (lat != UINT64_MAX) {
		f->latencies++;
		if (__builtin_add_overflow(f->latency_sum_ns, lat, &f->latency_sum_ns))
			f->latency_sum_ns = UINT64_MAX;
	}
	if (!is_request(b, i)) {
		f->others++;
	} else if (!bytes) {
		f->empty++;
	} else if (bytes > UINT32_MAX) {
		rc = err_set(e, ERR_UNUSABLE, "io row %llu: %llu bytes in one request",
			     (unsigned long long)f->rows - 1, (unsigned long long)bytes);
	} else {
		f->requests++;
		f->bytes += bytes;
		f->without_lba += batch_u64(b, IO_COL_lba)[i] == UINT64_MAX;
		rc = add_device(f, batch_u16(b, IO_COL_dev)[i], e);
	}
	return rc;
}

int nvme_trace_look(struct trace *t, struct nvme_trace_facts *out, struct err *e)
{
	const struct trace_stream_info *info = trace_find_stream(t, KIND_IO);
	struct trace_reader *reader;
	const struct batch *b;

	*out = (struct nvme_trace_facts){};
	if (!info || !info->rows)
		return err_set(e, ERR_UNUSABLE,
			       "%s: no block requests (io rows): import a block trace, a fio log "
			       "or an iolog",
			       trace_path(t));
	out->stream = info->id;
	read_unmapped(t);
	int rc = open_reader(t, info->id, &reader, e);
	if (rc)
		return rc;
	while ((rc = trace_reader_next(reader, &b, e)) > 0) {
		for (uint32_t i = 0; i < b->n && rc >= 0; i++)
			rc = add_row(out, b, i, e);
		if (rc < 0) {
			rc = err_prefix(e, "%s", trace_path(t)); /* the reader names it itself */
			break;
		}
	}
	trace_reader_close(reader);
	if (rc < 0)
		return rc;
	if (!out->requests)
		return err_set(e, ERR_UNUSABLE, "%s: no read or write with a length",
			       trace_path(t));
	return 0;
}

/* ---- can the times be true? ---- */

/* What a drive does: 0.01 to 20 million requests a second; 500 ns to 10 s each, as means. */
static bool is_rate_plausible(uint64_t requests, __uint128_t span_ns)
{
	const __uint128_t per_second_e2 = span_ns ? (__uint128_t)requests * 100000000000 / span_ns
						  : (__uint128_t)UINT64_MAX;
	return per_second_e2 >= 1 && per_second_e2 <= (__uint128_t)20000000 * 100;
}

static bool is_latency_plausible(uint64_t n, __uint128_t sum_ns)
{
	return !n || (sum_ns / n >= 500 && sum_ns / n <= (__uint128_t)10 * NS_PER_SEC);
}

static unsigned halvings(__uint128_t v)
{
	unsigned n = 0;
	for (; v > 1; v >>= 1)
		n++;
	return n;
}

static unsigned apart(unsigned a, unsigned b)
{
	return a > b ? a - b : b - a;
}

/* How far, in powers of two, from what is usual: 100 us a request, else 16,000 a second. */
static unsigned oddity(const struct nvme_trace_facts *f, uint64_t num, uint64_t den)
{
	const __uint128_t span = (__uint128_t)(f->last_ns - f->first_ns) * num / den;
	const __uint128_t sum = (__uint128_t)f->latency_sum_ns * num / den;

	if (!is_rate_plausible(f->requests, span) || !is_latency_plausible(f->latencies, sum))
		return UINT_MAX;
	return f->latencies ? apart(halvings(sum / f->latencies), halvings(100 * NS_PER_US))
			    : apart(halvings((__uint128_t)f->requests * NS_PER_SEC / span),
				    halvings(16000));
}

bool nvme_trace_doubt(const struct nvme_trace_facts *f, char *out, size_t out_bytes)
{
	static const struct {
		const char *unit;
		uint64_t num, den; /* what the times would have to be multiplied with */
	} units[] = {
		{ "in units of 100 ns (FILETIME) but were taken as ns", 100, 1 },
		{ "in us but were taken as ns", 1000, 1 },
		{ "in ms but were taken as ns", 1000000, 1 },
		{ "in s but were taken as ns", 1000000000, 1 },
		{ "in ns but were taken as units of 100 ns (FILETIME)", 1, 100 },
		{ "in ns but were taken as us", 1, 1000 },
		{ "in ns but were taken as ms", 1, 1000000 },
		{ "in ns but were taken as s", 1, 1000000000 },
	};
	const uint64_t span = f->last_ns - f->first_ns;
	const bool is_rate_bad = f->requests > 16 && !is_rate_plausible(f->requests, span);
	const bool is_latency_bad = !is_latency_plausible(f->latencies, f->latency_sum_ns);
	const char *likely = NULL;
	unsigned least = UINT_MAX;

	if (!is_rate_bad && !is_latency_bad)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		const unsigned odd = oddity(f, units[i].num, units[i].den);
		likely = odd < least ? units[i].unit : likely;
		least = odd < least ? odd : least;
	}
	snprintf(out, out_bytes, "%s requests in %s%s: no drive does that; %s%s",
		 quantity_count(f->requests).s, quantity_ns(span).s,
		 is_latency_bad ? ", with latencies to match" : "",
		 likely ? "the times are probably " : "the unit of its times is wrong",
		 likely ? likely : "");
	return true;
}

/* ---- request after request ---- */

struct nvme_trace {
	struct trace *trace;
	struct trace_reader *reader;
	const struct batch *batch;
	uint32_t row;
	uint64_t n; /* requests so far */
	uint64_t first_ns, last_at, scale_ppm, jobs;
	uint16_t vm_of[UINT16_MAX + 1];
};

int nvme_trace_open(const char *path, const struct nvme_trace_facts *f, const struct nvme_design *d,
		    struct nvme_trace **out, struct err *e)
{
	struct nvme_trace *t = calloc(1, sizeof(*t));

	if (!t)
		return err_set(e, ERR_NOMEM, "no memory for a trace");
	t->first_ns = f->first_ns;
	t->scale_ppm = d->choice.time_scale_ppm;
	t->jobs = d->config.load.jobs;
	for (uint32_t i = 0; i < f->ndevices && d->choice.vm_by_device; i++)
		t->vm_of[f->devices[i]] = (uint16_t)i;
	int rc = trace_open(path, &t->trace, e);
	if (!rc)
		read_unmapped(t->trace);
	if (!rc)
		rc = open_reader(t->trace, f->stream, &t->reader, e);
	if (rc)
		nvme_trace_close(t);
	else
		*out = t;
	return rc;
}

void nvme_trace_close(struct nvme_trace *t)
{
	if (t->reader)
		trace_reader_close(t->reader);
	if (t->trace)
		trace_close(t->trace);
	free(t);
}

/* A clock that steps back does not take the model with it. */
static struct ns scaled(struct nvme_trace *t, uint64_t ts)
{
	const uint64_t since = ts > t->first_ns ? ts - t->first_ns : 0;
	const __uint128_t at = (__uint128_t)since * t->scale_ppm / PPM_PER_ONE;
	const uint64_t v = at > UINT64_MAX / 2 ? UINT64_MAX / 2 : (uint64_t)at;

	t->last_at = v > t->last_at ? v : t->last_at;
	return (struct ns){ t->last_at };
}

/* Without a queue number requests go to the jobs in turn; without an address anywhere. */
static void make_request(struct nvme_trace *t, uint32_t i, struct nvme_request *out)
{
	enum { SOME_BLOCKS = 1 << 27 }; /* 64 GiB */
	const struct batch *b = t->batch;
	const uint16_t qid = batch_u16(b, IO_COL_qid)[i];
	const uint64_t lba = batch_u64(b, IO_COL_lba)[i];

	*out = (struct nvme_request){
		.at = scaled(t, batch_u64(b, IO_COL_ts)[i]),
		.lba = lba == UINT64_MAX ? splitmix64_mix(t->n) % SOME_BLOCKS : lba,
		.bytes = (uint32_t)batch_u64(b, IO_COL_bytes)[i],
		.vm = t->vm_of[batch_u16(b, IO_COL_dev)[i]],
		.job = (uint32_t)((qid == NO_DEVICE ? t->n : qid) % t->jobs),
		.op = batch_u8(b, IO_COL_op)[i] == IO_READ ? NVME_READ : NVME_WRITE,
	};
	t->n++;
}

int nvme_trace_next(void *ctx, struct nvme_request *out, struct err *e)
{
	struct nvme_trace *t = ctx;

	for (;;) {
		if (!t->batch || t->row == t->batch->n) {
			const int rc = trace_reader_next(t->reader, &t->batch, e);
			if (rc <= 0)
				return rc;
			t->row = 0;
		}
		const uint32_t i = t->row++;
		if (!is_request(t->batch, i) || !batch_u64(t->batch, IO_COL_bytes)[i])
			continue;
		make_request(t, i, out);
		return 1;
	}
}
