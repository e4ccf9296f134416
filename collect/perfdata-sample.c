// SPDX-License-Identifier: MIT
/*
 * One PERF_RECORD_SAMPLE: its fields stand in the fixed order of the kernel,
 * those that sample_type names. Every length inside is bounded by the record
 * before it is used; what lies behind the last field of use is not looked at.
 */
#include "collect/perfdata-impl.h"

/* bits of read_format and branch_sample_type */
enum {
	READ_ENABLED = 1 << 0,
	READ_RUNNING = 1 << 1,
	READ_ID = 1 << 2,
	READ_GROUP = 1 << 3,
	READ_LOST = 1 << 4,
	BRANCH_BYTES = 24,
};
static const uint64_t branch_hw_index = UINT64_C(1) << 17;
static const uint64_t branch_counters = UINT64_C(1) << 19;

struct cursor {
	const uint8_t *p, *end;
};

static bool skip(struct cursor *c, uint64_t n)
{
	if ((uint64_t)(c->end - c->p) < n)
		return false;
	c->p += n;
	return true;
}

static bool u64(struct cursor *c, uint64_t *out)
{
	if (c->end - c->p < 8)
		return false;
	*out = le64_get(c->p);
	c->p += 8;
	return true;
}

/* n elements of so many bytes; n comes from the file */
static bool skip_array(struct cursor *c, uint64_t n, uint64_t bytes)
{
	return !bytes || (n <= (uint64_t)(c->end - c->p) / bytes && skip(c, n * bytes));
}

static bool skip_read(struct cursor *c, uint64_t format)
{
	uint64_t n = 1;
	const uint64_t times = (format & READ_ENABLED ? 8 : 0) + (format & READ_RUNNING ? 8 : 0);
	const uint64_t one = 8 + (format & READ_ID ? 8 : 0) + (format & READ_LOST ? 8 : 0);
	if (format & READ_GROUP && !u64(c, &n))
		return false;
	return skip(c, times) && skip_array(c, n, one);
}

static bool skip_branches(struct cursor *c, uint64_t type)
{
	uint64_t n;
	return u64(c, &n) && (!(type & branch_hw_index) || skip(c, 8)) &&
	       skip_array(c, n, BRANCH_BYTES) && (!(type & branch_counters) || skip_array(c, n, 8));
}

static bool skip_regs(struct cursor *c, uint64_t mask)
{
	uint64_t abi;
	return u64(c, &abi) && (!abi || skip(c, 8 * (uint64_t)__builtin_popcountll(mask)));
}

static bool skip_stack(struct cursor *c)
{
	uint64_t n;
	return u64(c, &n) && (!n || (skip(c, n) && skip(c, 8)));
}

static bool read_raw(struct cursor *c, struct perfdata_sample *out)
{
	if (c->end - c->p < 4)
		return false;
	out->raw_len = le32_get(c->p);
	out->raw = c->p + 4;
	return skip(c, 4 + (uint64_t)out->raw_len);
}

/* Fields in front of those that vary in length. */
static bool read_fixed(struct cursor *c, uint64_t type, struct perfdata_sample *out)
{
	uint64_t v = 0, drop;
	if (type & HAS_IDENTIFIER && !u64(c, &drop))
		return false;
	if (type & HAS_IP && !u64(c, &out->ip))
		return false;
	if (type & HAS_TID) {
		if (!u64(c, &v))
			return false;
		out->pid = (uint32_t)v;
		out->tid = (uint32_t)(v >> 32);
	}
	if ((type & PERFDATA_HAS_TIME && !u64(c, &out->ts)) ||
	    (type & PERFDATA_HAS_ADDR && !u64(c, &out->addr)) ||
	    (type & HAS_ID && !u64(c, &drop)) || (type & HAS_STREAM_ID && !u64(c, &drop)))
		return false;
	if (type & HAS_CPU) {
		if (!u64(c, &v))
			return false;
		out->cpu = (uint32_t)v;
	}
	return !(type & HAS_PERIOD) || u64(c, &out->period);
}

static bool read_fields(const struct perfdata_attr *a, struct cursor *c,
			struct perfdata_sample *out)
{
	const uint64_t type = a->sample_type;
	uint64_t n;
	if (!read_fixed(c, type, out))
		return false;
	if ((type & HAS_READ && !skip_read(c, a->read_format)) ||
	    (type & HAS_CALLCHAIN && !(u64(c, &n) && skip_array(c, n, 8))) ||
	    (type & PERFDATA_HAS_RAW && !read_raw(c, out)))
		return false;
	if (!(type & (HAS_WEIGHT | HAS_WEIGHT_STRUCT | PERFDATA_HAS_DATA_SRC)))
		return true;
	return (!(type & HAS_BRANCH_STACK) || skip_branches(c, a->branch_sample_type)) &&
	       (!(type & HAS_REGS_USER) || skip_regs(c, a->regs_user)) &&
	       (!(type & HAS_STACK_USER) || skip_stack(c)) &&
	       (!(type & (HAS_WEIGHT | HAS_WEIGHT_STRUCT)) || u64(c, &out->weight)) &&
	       (!(type & PERFDATA_HAS_DATA_SRC) || u64(c, &out->data_src));
}

/* Where the event's number stands in a sample: the same place in all events of a file; 0: nowhere.
 */
static size_t id_offset(uint64_t type)
{
	if (type & HAS_IDENTIFIER)
		return PERFDATA_HEAD_BYTES;
	if (!(type & HAS_ID))
		return 0;
	const uint64_t before = HAS_IP | HAS_TID | PERFDATA_HAS_TIME | PERFDATA_HAS_ADDR;
	return PERFDATA_HEAD_BYTES + 8 * (size_t)__builtin_popcountll(type & before);
}

/* The event of a sample and *order_out, or NULL. A file without any numbers has one event. */
static struct perfdata_attr *find_event(struct perfdata *d, const uint8_t *p, size_t n,
					uint32_t *order_out)
{
	*order_out = UINT32_MAX;
	if (!d->nattrs)
		return NULL;
	const size_t at = id_offset(d->attrs[0].sample_type);
	if (!at || !d->nids)
		return d->nattrs == 1 || !at ? d->attrs : NULL;
	if (n < at + 8)
		return NULL;
	const struct perfdata_id *id = perfdata_find_id(d, le64_get(p + at));
	if (!id)
		return NULL;
	*order_out = id->order;
	return &d->attrs[id->attr];
}

bool perfdata_is_sample(struct perfdata *d, const uint8_t *p, size_t n)
{
	uint32_t order;
	return find_event(d, p, n, &order) != NULL;
}

bool perfdata_parse_sample(struct perfdata *d, const struct perfdata_record *r,
			   struct perfdata_sample *out, struct perfdata_attr **attr_out)
{
	uint32_t order;
	struct perfdata_attr *a = find_event(d, r->p, r->size, &order);
	*attr_out = a;
	if (!a)
		return false;

	struct cursor c = { r->p + PERFDATA_HEAD_BYTES, r->p + r->size };
	*out = (struct perfdata_sample){
		.cpu = UINT32_MAX,
		.attr = (uint32_t)(a - d->attrs),
		.cpu_mode = r->misc & 7,
	};
	if (!read_fields(a, &c, out))
		return false;
	/* without a number: one task on one CPU writes to one buffer */
	out->order = order != UINT32_MAX ? order
					 : (out->tid * 31 + out->cpu) % PERFDATA_FREE_ORDERS;
	return true;
}

/* The number in front of the end, where the record has it. */
static bool take_back(struct cursor *c, bool has_it, uint64_t *out)
{
	if (!has_it)
		return true;
	if (c->end - c->p < 8)
		return false;
	c->end -= 8;
	*out = le64_get(c->end);
	return true;
}

void perfdata_parse_trailer(struct perfdata *d, const struct perfdata_record *r, uint64_t *ts_out,
			    uint32_t *cpu_out, struct perfdata_attr **attr_out)
{
	*ts_out = 0;
	*cpu_out = UINT32_MAX;
	*attr_out = d->nattrs == 1 ? d->attrs : NULL;
	if (!d->nattrs || !d->attrs[0].has_id_trailer)
		return;

	/* from the end: identifier, cpu, stream, id, time */
	const uint64_t type = d->attrs[0].sample_type;
	struct cursor c = { r->p + PERFDATA_HEAD_BYTES, r->p + r->size };
	uint64_t id = 0, cpu = UINT32_MAX, stream;
	if (!take_back(&c, type & HAS_IDENTIFIER, &id) || !take_back(&c, type & HAS_CPU, &cpu) ||
	    !take_back(&c, type & HAS_STREAM_ID, &stream) || !take_back(&c, type & HAS_ID, &id) ||
	    !take_back(&c, type & PERFDATA_HAS_TIME, ts_out))
		return;
	*cpu_out = (uint32_t)cpu;
	const struct perfdata_id *known = perfdata_find_id(d, id);
	if (known)
		*attr_out = &d->attrs[known->attr];
}
