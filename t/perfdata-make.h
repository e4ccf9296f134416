// SPDX-License-Identifier: MIT
/*
 * Makes perf.data files: the events of t/tracedat-make.h as perf would have
 * sampled them, in the file or the pipe form, compressed or not.
 */
#ifndef PUGMARK_T_PERFDATA_MAKE_H
#define PUGMARK_T_PERFDATA_MAKE_H

#include "collect/perfdata.h"
#include "t/tracedat-make.h"

#include <zstd.h>

enum {
	PF_ATTR_BYTES = 136,
	PF_TRACEPOINT_TYPE = 1 << 16 | 1 << 0 | 1 << 1 | 1 << 2 | 1 << 7 | 1 << 8 | 1 << 10,
	PF_FAULT_TYPE = 1 << 16 | 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 7,
	PF_CPUS = 4, /* numbers of an event: one a CPU */
	PF_FLAGS = 1 << 18,
};

struct pf_attr {
	uint32_t type;
	uint64_t config, sample_type, period, read_format, branch_type, regs;
	bool is_freq, has_clock;
	int32_t clockid;
	const char *name;
	uint64_t data_src; /* of all its samples */
};

static inline uint64_t pf_id(unsigned attr, unsigned cpu)
{
	return 100 + attr * PF_CPUS + cpu;
}

/* One event for each format of t/tracedat-make.h, in its order. */
static inline unsigned pf_tracepoints(struct pf_attr *out)
{
	for (unsigned i = 0; i < MK_FORMATS; i++)
		out[i] = (struct pf_attr){ .type = 2,
					   .config = mk_formats[i].id,
					   .sample_type = PF_TRACEPOINT_TYPE,
					   .period = 1 };
	return MK_FORMATS;
}

static inline void pf_put_attr(struct mk *m, const struct pf_attr *a)
{
	const uint64_t flags = PF_FLAGS | (a->is_freq ? 1 << 10 : 0) | (a->has_clock ? 1 << 25 : 0);
	const size_t at = m->n;
	mk_number(m, a->type, 4);
	mk_number(m, PF_ATTR_BYTES, 4);
	mk_number(m, a->config, 8);
	mk_number(m, a->period, 8);
	mk_number(m, a->sample_type, 8);
	mk_number(m, a->read_format, 8);
	mk_number(m, flags, 8);
	mk_zeros(m, 24);
	mk_number(m, a->branch_type, 8);
	mk_number(m, a->regs, 8);
	mk_number(m, 0, 4);
	mk_number(m, (uint32_t)a->clockid, 4);
	mk_zeros(m, PF_ATTR_BYTES - (m->n - at));
}

/* ---- records ---- */

static inline size_t pf_begin(struct mk *m, unsigned type, unsigned misc)
{
	const size_t at = m->n;
	mk_number(m, type, 4);
	mk_number(m, misc, 2);
	mk_number(m, 0, 2);
	return at;
}

static inline void pf_end(struct mk *m, size_t at)
{
	le16_put(m->p + at + 6, (uint16_t)(m->n - at));
}

/* A sample with the fields of its type up to RAW; raw may be NULL. */
static inline void pf_sample(struct mk *m, const struct pf_attr *attrs, unsigned attr, uint64_t ts,
			     unsigned cpu, unsigned task, uint64_t addr, const void *raw, size_t n)
{
	const uint64_t type = attrs[attr].sample_type;
	const size_t at = pf_begin(m, 9, 2);
	const struct {
		unsigned bit;
		uint64_t value;
	} fields[] = { { 16, pf_id(attr, cpu) },
		       { 0, 0xffffffff81000000 },
		       { 1, (uint64_t)task << 32 | task },
		       { 2, ts },
		       { 3, addr },
		       { 6, pf_id(attr, cpu) },
		       { 9, 7 },
		       { 7, cpu },
		       { 8, 1 } };
	for (unsigned i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (type >> fields[i].bit & 1)
			mk_number(m, fields[i].value, 8);
	if (type >> 10 & 1) {
		const size_t padded = (n + 4 + 7) / 8 * 8 - 4;
		mk_number(m, padded, 4);
		mk_put(m, raw, n);
		mk_zeros(m, padded - n);
	}
	if (type >> 15 & 1)
		mk_number(m, attrs[attr].data_src, 8);
	pf_end(m, at);
}

static inline void pf_round(struct mk *m)
{
	pf_end(m, pf_begin(m, 68, 0));
}

/* The trailer that other records have: of tracepoint events. */
static inline void pf_trailer(struct mk *m, uint64_t ts, unsigned cpu, uint64_t id)
{
	mk_number(m, 0, 8); /* tid */
	mk_number(m, ts, 8);
	mk_number(m, cpu, 8);
	mk_number(m, id, 8);
}

static inline void pf_lost(struct mk *m, uint64_t ts, unsigned cpu, uint64_t n)
{
	const size_t at = pf_begin(m, 2, 0);
	mk_number(m, pf_id(0, cpu), 8);
	mk_number(m, n, 8);
	pf_trailer(m, ts, cpu, pf_id(0, cpu));
	pf_end(m, at);
}

static inline void pf_lost_samples(struct mk *m, uint64_t ts, unsigned attr, unsigned cpu,
				   uint64_t n, unsigned misc)
{
	const size_t at = pf_begin(m, 13, misc);
	mk_number(m, n, 8);
	pf_trailer(m, ts, cpu, pf_id(attr, cpu));
	pf_end(m, at);
}

/* All records of `plain` as one zstd stream in COMPRESSED (81) or COMPRESSED2 (83) records. */
static inline struct mk pf_compress(const struct mk *plain, unsigned type, size_t piece)
{
	ZSTD_CCtx *z = ZSTD_createCCtx();
	struct mk out = {};
	static uint8_t buf[1 << 16];
	for (size_t pos = 0; pos < plain->n; pos += piece) {
		ZSTD_inBuffer in = { plain->p + pos,
				     plain->n - pos < piece ? plain->n - pos : piece, 0 };
		ZSTD_outBuffer to = { buf, 60000, 0 };
		ZSTD_compressStream2(z, &to, &in, ZSTD_e_flush);
		const size_t at = pf_begin(&out, type, 0);
		if (type == 83)
			mk_number(&out, to.pos, 8);
		mk_put(&out, buf, to.pos);
		if (type == 83)
			mk_zeros(&out, (8 - to.pos % 8) % 8);
		pf_end(&out, at);
	}
	ZSTD_freeCCtx(z);
	return out;
}

/* ---- files ---- */

static inline struct mk pf_formats(void)
{
	struct mk m = {};
	mk_start(&m, "0.6");
	mk_put_header_info(&m);
	mk_put_ftrace_formats(&m);
	mk_put_event_formats(&m);
	mk_number(&m, 0, 4);
	mk_number(&m, 0, 4);
	mk_number(&m, 0, 8);
	return m;
}

static inline void pf_string(struct mk *m, const char *s)
{
	const size_t n = (strlen(s) + 1 + 63) / 64 * 64;
	mk_number(m, n, 4);
	mk_text(m, s);
	mk_zeros(m, n - strlen(s) - 1);
}

static inline struct mk pf_event_desc(const struct pf_attr *attrs, unsigned n)
{
	struct mk m = {};
	mk_number(&m, n, 4);
	mk_number(&m, PF_ATTR_BYTES, 4);
	for (unsigned i = 0; i < n; i++) {
		pf_put_attr(&m, &attrs[i]);
		mk_number(&m, PF_CPUS, 4);
		pf_string(&m, attrs[i].name ? attrs[i].name : "");
		for (unsigned cpu = 0; cpu < PF_CPUS; cpu++)
			mk_number(&m, pf_id(i, cpu), 8);
	}
	return m;
}

/* The features that a file has: number and bytes. */
struct pf_feature {
	unsigned id;
	struct mk bytes;
};
enum { PF_FEATURES = 6 };

static inline void pf_features(struct pf_feature *f, const struct pf_attr *attrs, unsigned n,
			       const char *host)
{
	f[0] = (struct pf_feature){ 1, pf_formats() };
	f[1] = (struct pf_feature){ 3, {} };
	pf_string(&f[1].bytes, host);
	f[2] = (struct pf_feature){ 4, {} };
	pf_string(&f[2].bytes, "6.18.0-made");
	f[3] = (struct pf_feature){ 7, {} };
	mk_number(&f[3].bytes, PF_CPUS, 4);
	mk_number(&f[3].bytes, PF_CPUS, 4);
	f[4] = (struct pf_feature){ 12, pf_event_desc(attrs, n) };
	f[5] = (struct pf_feature){ 29, {} };
	mk_number(&f[5].bytes, 1, 4);
	mk_number(&f[5].bytes, 1, 4);
	mk_number(&f[5].bytes, UINT64_C(1700000000000000000), 8); /* wall */
	mk_number(&f[5].bytes, 5000, 8);
}

static inline struct mk pf_file(const struct pf_attr *attrs, unsigned n, const struct mk *records,
				const char *host)
{
	struct pf_feature f[PF_FEATURES];
	struct mk m = {};
	pf_features(f, attrs, n, host);
	const size_t ids_at = 104, attrs_at = ids_at + 8 * PF_CPUS * (size_t)n;
	const size_t data_at = attrs_at + (PF_ATTR_BYTES + 16) * (size_t)n;
	mk_put(&m, perfdata_magic, 8);
	mk_number(&m, 104, 8);
	mk_number(&m, PF_ATTR_BYTES + 16, 8);
	mk_number(&m, attrs_at, 8);
	mk_number(&m, data_at - attrs_at, 8);
	mk_number(&m, data_at, 8);
	mk_number(&m, records->n, 8);
	mk_zeros(&m, 16);
	uint64_t bits = 0;
	for (unsigned i = 0; i < PF_FEATURES; i++)
		bits |= UINT64_C(1) << f[i].id;
	mk_number(&m, bits, 8);
	mk_zeros(&m, 24);
	for (unsigned i = 0; i < n * PF_CPUS; i++)
		mk_number(&m, pf_id(i / PF_CPUS, i % PF_CPUS), 8);
	for (unsigned i = 0; i < n; i++) {
		pf_put_attr(&m, &attrs[i]);
		mk_number(&m, ids_at + 8 * PF_CPUS * (size_t)i, 8);
		mk_number(&m, 8 * PF_CPUS, 8);
	}
	mk_put(&m, records->p, records->n);
	size_t at = m.n + 16 * PF_FEATURES;
	for (unsigned i = 0; i < PF_FEATURES; i++) {
		mk_number(&m, at, 8);
		mk_number(&m, f[i].bytes.n, 8);
		at += f[i].bytes.n;
	}
	for (unsigned i = 0; i < PF_FEATURES; i++) {
		mk_put(&m, f[i].bytes.p, f[i].bytes.n);
		mk_free(&f[i].bytes);
	}
	return m;
}

static inline struct mk pf_pipe(const struct pf_attr *attrs, unsigned n, const struct mk *records,
				const char *host)
{
	struct pf_feature f[PF_FEATURES];
	struct mk m = {};
	pf_features(f, attrs, n, host);
	mk_put(&m, perfdata_magic, 8);
	mk_number(&m, 16, 8);
	for (unsigned i = 0; i < n; i++) {
		const size_t at = pf_begin(&m, 64, 0);
		pf_put_attr(&m, &attrs[i]);
		for (unsigned cpu = 0; cpu < PF_CPUS; cpu++)
			mk_number(&m, pf_id(i, cpu), 8);
		pf_end(&m, at);
	}
	for (unsigned i = 0; i < PF_FEATURES; i++) {
		const bool is_formats = f[i].id == 1;
		const size_t at = pf_begin(&m, is_formats ? 66 : 80, 0);
		if (is_formats) {
			mk_number(&m, f[i].bytes.n, 8);
			pf_end(&m, at);
		} else {
			mk_number(&m, f[i].id, 8);
		}
		mk_put(&m, f[i].bytes.p, f[i].bytes.n);
		mk_zeros(&m, (8 - m.n % 8) % 8);
		if (!is_formats)
			pf_end(&m, at);
		mk_free(&f[i].bytes);
	}
	mk_put(&m, records->p, records->n);
	return m;
}

#endif
