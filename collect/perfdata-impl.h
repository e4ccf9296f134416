// SPDX-License-Identifier: MIT
/* Private to collect/perfdata*.c: the state of an open perf.data, its records and its event
 * numbers. */
#ifndef PUGMARK_COLLECT_PERFDATA_IMPL_H
#define PUGMARK_COLLECT_PERFDATA_IMPL_H

#include "base/bytes.h"
#include "collect/perfdata.h"

#include <zstd.h>

enum {
	PERFDATA_HEAD_BYTES = 8,          /* u32 type, u16 misc, u16 size */
	PERFDATA_RECORD_MAX = UINT16_MAX, /* the size has 16 bits */
	PERFDATA_CPUS = 1024,             /* by CPU number modulo this */
	PERFDATA_FREE_ORDERS = 4096, /* orders of samples without a number; the others follow */
};

enum perfdata_type {
	RECORD_LOST = 2,
	RECORD_THROTTLE = 5,
	RECORD_SAMPLE = 9,
	RECORD_LOST_SAMPLES = 13,
	RECORD_KERNEL_MOST = 32, /* the kernel's own are below */
	RECORD_ATTR = 64,
	RECORD_TRACING_DATA = 66,
	RECORD_FINISHED_ROUND = 68,
	RECORD_AUXTRACE = 71,
	RECORD_EVENT_UPDATE = 78,
	RECORD_TIME_CONV = 79,
	RECORD_FEATURE = 80,
	RECORD_COMPRESSED = 81,
	RECORD_COMPRESSED2 = 83,
	RECORD_PERF_MOST = 96, /* perf's own are below */
};

/* further bits of sample_type */
enum {
	HAS_IP = 1 << 0,
	HAS_TID = 1 << 1,
	HAS_READ = 1 << 4,
	HAS_CALLCHAIN = 1 << 5,
	HAS_ID = 1 << 6,
	HAS_CPU = 1 << 7,
	HAS_PERIOD = 1 << 8,
	HAS_STREAM_ID = 1 << 9,
	HAS_BRANCH_STACK = 1 << 11,
	HAS_REGS_USER = 1 << 12,
	HAS_STACK_USER = 1 << 13,
	HAS_WEIGHT = 1 << 14,
	HAS_IDENTIFIER = 1 << 16,
	HAS_WEIGHT_STRUCT = 1 << 24,
};

struct perfdata_record {
	uint32_t type;
	uint16_t misc, size;
	const uint8_t *p; /* of its header; valid until the next record is asked for */
	uint64_t at;      /* byte of the file, for sentences */
};

/* event number -> attr; slots of an open hash, id 0 is no number */
struct perfdata_id {
	uint64_t id;
	uint32_t attr, order;
};

struct perfdata {
	struct input *in;
	uint64_t size; /* of the file */
	struct perfdata_handlers h;
	struct perfdata_info info;

	struct perfdata_attr *attrs;
	uint32_t nattrs, attrs_cap;
	struct perfdata_id *ids;
	uint32_t nids, ids_mask;
	uint64_t ids_budget; /* that the file's size allows for */
	struct perfdata_id *last_id;

	uint64_t pos, end; /* of the records: next one and behind the last */
	uint8_t *buf;      /* a window on the file */
	uint64_t buf_at;   /* its offset */
	size_t buf_len;

	ZSTD_DCtx *zstd;
	ZSTD_inBuffer packed; /* of the COMPRESSED record at hand, in buf */
	uint64_t packed_at;
	uint8_t *plain; /* what came out of it, records not yet given from plain_pos on */
	size_t plain_pos, plain_len;
	uint64_t plain_budget; /* bytes that may still come out: beyond is a bomb */
	bool is_zstd_lost;     /* until the next frame */
	bool is_unaligned;     /* records may lie at any byte */

	uint64_t cpu_last[PERFDATA_CPUS]; /* time of the last sample, to say since when records are
					     missing */
};

/* "byte N: ..." to the damage handler */
void perfdata_damage(struct perfdata *d, uint64_t offset, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- perfdata-records.c ---- */

/* n bytes at an offset, or NULL with *e set (ERR_FORMAT: the file ends before). */
const uint8_t *perfdata_window(struct perfdata *d, uint64_t at, size_t n, struct err *e);

/* 1 and the next record, from inside of COMPRESSED ones too; 0 at the end, negative on I/O errors.
 */
int perfdata_next_record(struct perfdata *d, struct perfdata_record *out, struct err *e);

/* ---- perfdata-meta.c ---- */

/* Header, attributes and features of the file form; header of the pipe form. */
int perfdata_read_meta(struct perfdata *d, struct err *e);

/* A record that says something of events or host; moves d->pos on where data follow it. */
int perfdata_read_meta_record(struct perfdata *d, const struct perfdata_record *r, struct err *e);

/* ---- perfdata-sample.c ---- */

/* False when it does not hold what its event says; *attr_out is NULL when the event is not known.
 */
bool perfdata_parse_sample(struct perfdata *d, const struct perfdata_record *r,
			   struct perfdata_sample *out, struct perfdata_attr **attr_out);

/* Is this the header of a sample of a known event? The first n bytes of the record are at p. */
bool perfdata_is_sample(struct perfdata *d, const uint8_t *p, size_t n);

/* What stands behind other records: time, CPU, event; 0, UINT32_MAX, NULL where it does not. */
void perfdata_parse_trailer(struct perfdata *d, const struct perfdata_record *r, uint64_t *ts_out,
			    uint32_t *cpu_out, struct perfdata_attr **attr_out);

/* ---- perfdata.c ---- */

int perfdata_add_attr(struct perfdata *d, const uint8_t *p, size_t n, uint32_t *index_out,
		      struct err *e);
/* A number that is known already stays as it is. */
int perfdata_add_id(struct perfdata *d, uint64_t id, uint32_t attr, struct err *e);
struct perfdata_id *perfdata_find_id(struct perfdata *d, uint64_t id);

#endif
