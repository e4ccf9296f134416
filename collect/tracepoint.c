// SPDX-License-Identifier: MIT
/*
 * Decoders of the tracepoints we use. collect/tracepoint-specs.c says for each
 * which fields it needs; adding a tracepoint is a row there and a case below.
 */
#include "collect/tracepoint.h"

#include "base/units.h"
#include "collect/dmajoin.h"
#include "collect/dmalist.h"
#include "collect/iojoin.h"
#include "collect/prqjoin.h"
#include "collect/tracepoint-devices.h"
#include "collect/tracepoint-memory.h"
#include "collect/tracepoint-specs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	IDS = 1 << 16,
	HINTS = 64,     /* by CPU number */
	NVME_CDW12 = 8, /* byte of command dword 12 within cdw10 .. cdw15 */
	NVME_CDW_BYTES = 10,
};

struct tracepoint {
	struct evfield pid, f[TRACEPOINT_FIELDS_MAX];
	uint8_t kind;
	uint8_t has;         /* bit per field */
	const char *missing; /* the field without which it cannot be decoded */
	struct trace_account account;
	char name[TRACEPOINT_NAME_BYTES];
};

/* What the driver was doing on a CPU just before a mapping. */
struct hint {
	uint32_t cpu;
	int32_t pid;
	uint8_t class; /* enum device_class; DEVICE_OTHER: nothing */
};

/* Answers of a decoder beside errors. */
enum { STORED = 0, FILTERED = 1, UNDECODABLE = 2 };

struct tracepoints {
	struct tracepoint_options o;
	struct tracepoint *points;
	uint32_t npoints, cap;
	uint32_t *by_id;              /* IDS entries: index + 1 */
	struct trace_account unknown; /* records of no announced tracepoint */
	struct devices *devices;
	struct dmajoin *dma;
	struct iojoin *io;
	struct prqjoin *prq;
	struct hint hints[HINTS];
	struct tracepoint_stats stats;

	/* numbers in the sink, learnt at first use */
	uint16_t dma_sources[DMAJOIN_SOURCES], io_sources[IOJOIN_SOURCES];
	uint16_t iopf_sources[PRQJOIN_SOURCES], fault_source, cache_source, reclaim_source;
	bool has_dma_source[DMAJOIN_SOURCES], has_io_source[IOJOIN_SOURCES];
	bool has_iopf_source[PRQJOIN_SOURCES], has_fault_source, has_cache_source;
	bool has_reclaim_source;

	struct dmajoin_segment *segments; /* of the list at hand */
	uint64_t *addrs;
	size_t segments_cap, addrs_cap;
};

/* The record at hand. */
struct record {
	const uint8_t *p;
	size_t n;
	uint64_t ts;
	uint32_t cpu;
	int32_t pid;
};

/* ---- rows ---- */

static int source_number(struct tracepoints *t, const char *name, const char *coverage, bool *has,
			 uint16_t *number, struct err *e)
{
	if (*has)
		return 0;
	*has = true;
	return t->o.sink.source ? t->o.sink.source(t->o.sink.ctx, name, coverage, number, e) : 0;
}

static int put_dma(void *ctx, const struct dma_event *from, struct err *e)
{
	static const char *const names[][2] = {
		[DMAJOIN_BOTH] = { "dma+iommu", "every mapping; device and direction from dma:*, "
						"frames from iommu:*" },
		[DMAJOIN_DMA] = { "dma", "every mapping; device, direction and physical address "
					 "from dma:*; frames of IOVAs where as = iova" },
		[DMAJOIN_INFERRED] = { "dma-direct", "inferred: bus addresses taken as physical, "
						     "as in every mapping of the device that "
						     "tells both" },
		[DMAJOIN_IOMMU] = { "iommu", "every mapping; no device, no direction; frames from "
					     "iommu:*, of IOVAs where as = iova" },
	};
	struct tracepoints *t = ctx;
	struct dma_event row = *from;

	t->stats.rows++;
	if (row.dev == DMAJOIN_NO_DEVICE)
		t->stats.unknown_device++;
	if (!t->o.sink.dma)
		return 0;
	const unsigned s = from->source;
	int rc = source_number(t, names[s][0], names[s][1], &t->has_dma_source[s],
			       &t->dma_sources[s], e);
	if (!rc)
		rc = devices_number(t->devices, from->dev, &t->o.sink, &row.dev, e);
	row.source = t->dma_sources[s];
	return rc ? rc : t->o.sink.dma(t->o.sink.ctx, &row, e);
}

static int put_io(void *ctx, const struct io_event *from, struct err *e)
{
	static const char *const names[][2] = {
		[IOJOIN_BLOCK] = { "block", "every request; no queue, no command" },
		[IOJOIN_NVME] = { "nvme", "every command; LBA in blocks of 512 bytes unless the "
					  "recording tells their size" },
		[IOJOIN_BOTH] = { "block+nvme", "every request, with its queue and command" },
	};
	struct tracepoints *t = ctx;
	struct io_event row = *from;

	t->stats.rows++;
	if (!t->o.sink.io)
		return 0;
	const unsigned s = from->source;
	int rc = source_number(t, names[s][0], names[s][1], &t->has_io_source[s], &t->io_sources[s],
			       e);
	if (!rc)
		rc = devices_number(t->devices, from->dev, &t->o.sink, &row.dev, e);
	row.source = t->io_sources[s];
	return rc ? rc : t->o.sink.io(t->o.sink.ctx, &row, e);
}

/* ---- fields ---- */

static bool number(const struct tracepoint *x, unsigned i, const struct record *r, uint64_t *out)
{
	*out = 0;
	return !(x->has & 1u << i) || evfield_u64(&x->f[i], r->p, r->n, out);
}

/* enum dma_data_direction to ours */
static uint8_t direction(uint64_t dir)
{
	static const uint8_t dirs[] = { DIR_BOTH, DIR_TO_DEVICE, DIR_FROM_DEVICE, DIR_UNKNOWN };
	return dir < sizeof(dirs) ? dirs[dir] : DIR_UNKNOWN;
}

static bool device_name(const struct tracepoint *x, unsigned i, const struct record *r,
			const char **s_out, size_t *len_out)
{
	return evfield_string(&x->f[i], r->p, r->n, s_out, len_out);
}

/* device and dir, which all dma:* decoders have first */
static int dma_common(struct tracepoints *t, const struct tracepoint *x, const struct record *r,
		      uint16_t *dev_out, uint8_t *dir_out, struct err *e)
{
	const char *name;
	size_t len;
	uint64_t dir;
	if (!device_name(x, 0, r, &name, &len) || !number(x, 1, r, &dir))
		return UNDECODABLE;
	*dir_out = x->has & 2 ? direction(dir) : DIR_BOTH; /* coherent memory */
	return devices_find(t->devices, name, len, DEVICE_OTHER, dev_out, e);
}

static struct dmajoin_context dma_context(const struct record *r)
{
	return (struct dmajoin_context){ r->ts, r->cpu, r->pid };
}

static struct iojoin_context io_context(const struct record *r)
{
	return (struct iojoin_context){ r->ts, r->cpu, r->pid };
}

static void give_hint(struct tracepoints *t, const struct record *r, enum device_class class)
{
	t->hints[r->cpu % HINTS] = (struct hint){ r->cpu, r->pid, (uint8_t) class };
}

/* A mapping was made: what for? */
static void take_hint(struct tracepoints *t, const struct record *r, uint16_t dev, uint8_t dir)
{
	struct hint *h = &t->hints[r->cpu % HINTS];
	const bool is_ours = h->class != DEVICE_OTHER && h->cpu == r->cpu && h->pid == r->pid;
	devices_vote(t->devices, dev, dir == DIR_TO_DEVICE, is_ours ? h->class : DEVICE_OTHER);
	h->class = DEVICE_OTHER;
}

/* ---- dma and iommu ---- */

static int on_map(struct tracepoints *t, const struct tracepoint *x, const struct record *r,
		  struct err *e)
{
	struct dmajoin_segment seg = {};
	uint16_t dev;
	uint8_t dir;
	int rc = dma_common(t, x, r, &dev, &dir, e);
	if (rc)
		return rc;
	if (!number(x, 2, r, &seg.dma_addr) || !number(x, 3, r, &seg.len) ||
	    !number(x, 4, r, &seg.phys))
		return UNDECODABLE;
	take_hint(t, r, dev, dir);
	devices_address(t->devices, dev, seg.phys == seg.dma_addr);
	const struct dmajoin_context c = dma_context(r);
	return dmajoin_map(t->dma, &c, dev, dir, DMA_MAP, &seg, 1, false, false, e);
}

/* Where no IOMMU translates for the device, its bus addresses are physical. */
static void infer_phys(const struct tracepoints *t, uint16_t dev, struct dmajoin_segment *seg)
{
	seg->is_inferred = devices_is_direct(t->devices, dev);
	seg->phys = seg->is_inferred ? seg->dma_addr : DMAJOIN_NO_PHYS;
}

static int on_alloc(struct tracepoints *t, const struct tracepoint *x, const struct record *r,
		    struct err *e)
{
	struct dmajoin_segment seg;
	uint16_t dev;
	uint8_t dir;
	int rc = dma_common(t, x, r, &dev, &dir, e);
	if (rc)
		return rc;
	if (!number(x, 2, r, &seg.dma_addr) || !number(x, 3, r, &seg.len))
		return UNDECODABLE;
	infer_phys(t, dev, &seg);
	const struct dmajoin_context c = dma_context(r);
	return dmajoin_map(t->dma, &c, dev, dir, DMA_ALLOC, &seg, 1, false, false, e);
}

static int on_unmap(struct tracepoints *t, const struct tracepoint *x, const struct record *r,
		    enum dma_op op, struct err *e)
{
	uint16_t dev;
	uint8_t dir;
	struct dmajoin_segment seg;
	int rc = dma_common(t, x, r, &dev, &dir, e);
	if (rc)
		return rc;
	if (!number(x, 2, r, &seg.dma_addr) || !number(x, 3, r, &seg.len))
		return UNDECODABLE;
	infer_phys(t, dev, &seg);
	const struct dmajoin_context c = dma_context(r);
	return dmajoin_unmap(t->dma, &c, dev, dir, op, &seg, e);
}

/* Elements of a dynamic array of numbers; their count, or UNDECODABLE's place: SIZE_MAX. */
static size_t array(const struct tracepoint *x, unsigned i, const struct record *r,
		    size_t elem_bytes, const uint8_t **p_out)
{
	size_t len;
	if (!evfield_bytes(&x->f[i], r->p, r->n, p_out, &len))
		return SIZE_MAX;
	if (x->f[i].elem_bytes && x->f[i].elem_bytes != elem_bytes)
		return SIZE_MAX;
	return len / elem_bytes;
}

static int reserve(void **p, size_t *cap, size_t n, size_t size, struct err *e)
{
	if (n <= *cap)
		return 0;
	void *q = realloc(*p, n * size);
	if (!q)
		return err_set(e, ERR_NOMEM, "no memory for a list of %zu segments", n);
	*p = q;
	*cap = n;
	return 0;
}

static int on_alloc_list(struct tracepoints *t, const struct tracepoint *x, const struct record *r,
			 struct err *e)
{
	struct dmajoin_segment bus = { .phys = DMAJOIN_NO_PHYS };
	const uint8_t *phys;
	uint16_t dev;
	uint8_t dir;
	int rc = dma_common(t, x, r, &dev, &dir, e);
	if (rc)
		return rc;
	const size_t n = array(x, 4, r, 8, &phys);
	if (!number(x, 2, r, &bus.dma_addr) || !number(x, 3, r, &bus.len) || n == SIZE_MAX || !n)
		return UNDECODABLE;
	rc = reserve((void **)&t->segments, &t->segments_cap, n + 4, sizeof(*t->segments), e);
	if (rc)
		return rc;
	size_t m = 1;
	if (n == 1) {
		bus.phys = le64_get(phys);
		t->segments[0] = bus;
	} else {
		m = dmalist_split(t->segments, phys, n, &bus, 1, false);
	}
	if (!m)
		return UNDECODABLE;
	const struct dmajoin_context c = dma_context(r);
	return dmajoin_map(t->dma, &c, dev, dir, DMA_ALLOC, t->segments, m, false, false, e);
}

static int on_map_list(struct tracepoints *t, const struct tracepoint *x, const struct record *r,
		       struct err *e)
{
	const uint8_t *phys, *bus, *lens;
	uint16_t dev;
	uint8_t dir;
	uint64_t is_cut, full;
	int rc = dma_common(t, x, r, &dev, &dir, e);
	if (rc)
		return rc;
	const size_t nphys = array(x, 2, r, 8, &phys), nbus = array(x, 3, r, 8, &bus);
	const size_t nlens = array(x, 4, r, 4, &lens);
	if (nphys == SIZE_MAX || !nphys || nbus == SIZE_MAX || !nbus || nlens < nbus ||
	    nlens == SIZE_MAX || !number(x, 5, r, &is_cut) || !number(x, 6, r, &full))
		return UNDECODABLE;
	is_cut = is_cut || full > nbus;

	/* bus ranges in the upper part, split ones in front of them */
	const size_t room = nphys + 2 * nbus + 2;
	rc = reserve((void **)&t->segments, &t->segments_cap, room + nbus, sizeof(*t->segments), e);
	if (rc)
		return rc;
	struct dmajoin_segment *segs = t->segments + room;
	for (size_t i = 0; i < nbus; i++)
		segs[i] =
			(struct dmajoin_segment){ .dma_addr = le64_get(bus + 8 * i),
						  .len = le32_get(lens + 4 * i),
						  .phys = i < nphys ? le64_get(phys + 8 * i) : 0 };
	size_t n = nbus;
	if (nphys != nbus) {
		n = dmalist_split(t->segments, phys, nphys, segs, nbus, is_cut);
		segs = t->segments;
	}
	if (!n)
		return UNDECODABLE;
	take_hint(t, r, dev, dir);
	devices_address(t->devices, dev, le64_get(phys) == le64_get(bus));
	const struct dmajoin_context c = dma_context(r);
	rc = dmajoin_map(t->dma, &c, dev, dir, DMA_MAP, segs, n, true, is_cut, e);
	if (rc > 0) {
		t->stats.cut_lists++;
		t->stats.cut_segments += full > nbus ? full - nbus : 1;
		rc = 0;
	}
	return rc;
}

static int on_unmap_list(struct tracepoints *t, const struct tracepoint *x, const struct record *r,
			 struct err *e)
{
	const uint8_t *phys;
	uint16_t dev;
	uint8_t dir;
	int rc = dma_common(t, x, r, &dev, &dir, e);
	if (rc)
		return rc;
	const size_t n = array(x, 2, r, 8, &phys);
	if (n == SIZE_MAX || !n)
		return UNDECODABLE;
	rc = reserve((void **)&t->addrs, &t->addrs_cap, n, sizeof(*t->addrs), e);
	if (rc)
		return rc;
	for (size_t i = 0; i < n; i++)
		t->addrs[i] = le64_get(phys + 8 * i);
	const struct dmajoin_context c = dma_context(r);
	return dmajoin_unmap_list(t->dma, &c, dev, dir, t->addrs, n, e);
}

static int on_iommu(struct tracepoints *t, const struct tracepoint *x, const struct record *r,
		    struct err *e)
{
	const struct dmajoin_context c = dma_context(r);
	uint64_t iova, a, b;
	if (!number(x, 0, r, &iova) || !number(x, 1, r, &a))
		return UNDECODABLE;
	if (x->kind == IOMMU_UNMAP)
		return dmajoin_iommu_unmap(t->dma, &c, iova, a, e);
	return number(x, 2, r, &b) ? dmajoin_iommu_map(t->dma, &c, iova, a, b, e) : UNDECODABLE;
}

/* ---- block, nvme, faults ---- */

static int on_block(struct tracepoints *t, const struct tracepoint *x, const struct record *r,
		    struct err *e)
{
	struct iojoin_block b = {};
	uint64_t dev, sectors, bytes = 0;
	const uint8_t *rwbs = NULL;
	size_t len = 0;
	if (!number(x, 0, r, &dev) || !number(x, 1, r, &b.sector) || !number(x, 2, r, &sectors) ||
	    (x->has & 8 && !evfield_bytes(&x->f[3], r->p, r->n, &rwbs, &len)) ||
	    !number(x, 4, r, &bytes))
		return UNDECODABLE;
	const int rc = devices_find_block(t->devices, (uint32_t)dev, &b.dev, e);
	if (rc)
		return rc;
	b.sectors = (uint32_t)sectors;
	b.bytes = (uint32_t)bytes;
	if (len)
		memcpy(b.rwbs, rwbs, len < sizeof(b.rwbs) ? len : sizeof(b.rwbs) - 1);
	const struct iojoin_context c = io_context(r);
	if (x->kind == BLOCK_ISSUE)
		give_hint(t, r, DEVICE_BLOCK); /* SCSI maps after it, NVMe before */
	return x->kind == BLOCK_ISSUE ? iojoin_block_issue(t->io, &c, &b, e)
				      : iojoin_block_complete(t->io, &c, &b, e);
}

static int on_nvme(struct tracepoints *t, const struct tracepoint *x, const struct record *r,
		   struct err *e)
{
	uint64_t ctrl, qid, cid, opcode, nsid;
	struct iojoin_nvme c = {};
	if (!number(x, 0, r, &ctrl) || !number(x, 1, r, &qid) || !number(x, 2, r, &cid))
		return UNDECODABLE;
	c.ctrl = (uint32_t)ctrl;
	c.qid = (uint16_t)qid;
	c.cid = (uint16_t)cid;
	const struct iojoin_context at = io_context(r);
	if (x->kind == NVME_COMPLETE)
		return iojoin_nvme_complete(t->io, &at, &c, e);

	const char *disk;
	const uint8_t *cdw;
	size_t len, cdw_bytes;
	if (!device_name(x, 3, r, &disk, &len) || !number(x, 4, r, &opcode) ||
	    !number(x, 5, r, &nsid) || !evfield_bytes(&x->f[6], r->p, r->n, &cdw, &cdw_bytes) ||
	    cdw_bytes < NVME_CDW_BYTES)
		return UNDECODABLE;
	char name[24];
	if (!len) {
		len = (size_t)snprintf(name, sizeof(name), "nvme%u", c.ctrl);
		disk = name;
	}
	const int rc = devices_find(t->devices, disk, len, DEVICE_NVME, &c.dev, e);
	if (rc)
		return rc;
	c.nsid = (uint32_t)nsid;
	c.opcode = (uint8_t)opcode;
	c.slba = le64_get(cdw);
	c.nlb = (uint32_t)le16_get(cdw + NVME_CDW12) + 1;
	give_hint(t, r, DEVICE_NVME);
	return iojoin_nvme_setup(t->io, &at, &c, e);
}

static int on_fault(struct tracepoints *t, const struct tracepoint *x, const struct record *r,
		    struct err *e)
{
	struct fault_event row = { .ts = r->ts,
				   .asid = (uint32_t)r->pid,
				   .pfn = UINT64_MAX,
				   .major = UINT8_MAX,
				   .lat = UINT64_MAX };
	uint64_t error;
	if (!number(x, 0, r, &row.va) || !number(x, 1, r, &row.ip) || !number(x, 2, r, &error))
		return UNDECODABLE;
	row.write = error >> 1 & 1; /* x86: bit 1 of the page-fault error code */
	t->stats.rows++;
	if (!t->o.sink.fault)
		return 0;
	const int rc = source_number(t, "exceptions", "every page fault; asid is the task's number",
				     &t->has_fault_source, &t->fault_source, e);
	row.source = t->fault_source;
	return rc ? rc : t->o.sink.fault(t->o.sink.ctx, &row, e);
}

/* ---- faults of devices ---- */

static int put_iopf(void *ctx, const struct iopf_event *from, struct err *e)
{
	static const char *const names[][2] = {
		[PRQJOIN_REQUEST] = { "prq",
				      "every page request of a device; ts and report are its "
				      "reading by the driver, resume the answer's queueing" },
		[PRQJOIN_ERROR] = { "io_page_fault", "accesses that the IOMMU refused: errors, not "
						     "page requests" },
	};
	struct tracepoints *t = ctx;
	struct iopf_event row = *from;
	t->stats.rows++;
	if (!t->o.sink.iopf)
		return 0;
	const unsigned s = from->source;
	int rc = source_number(t, names[s][0], names[s][1], &t->has_iopf_source[s],
			       &t->iopf_sources[s], e);
	if (!rc)
		rc = devices_number(t->devices, from->dev, &t->o.sink, &row.dev, e);
	row.source = t->iopf_sources[s];
	return rc ? rc : t->o.sink.iopf(t->o.sink.ctx, &row, e);
}

static int on_prq(struct tracepoints *t, const struct tracepoint *x, const struct record *r,
		  struct err *e)
{
	const char *name;
	size_t len;
	uint64_t qw0, qw1;
	uint16_t dev;
	int rc = t->prq ? 0 : prqjoin_new(put_iopf, t, &t->prq, e);
	if (rc)
		return rc;
	if (x->kind == QI_SUBMIT) {
		if (!number(x, 0, r, &qw0) || !number(x, 1, r, &qw1))
			return UNDECODABLE;
		return prqjoin_descriptor(t->prq, r->ts, qw0, qw1, e);
	}
	if (!device_name(x, 0, r, &name, &len) || !number(x, 1, r, &qw0) || !number(x, 2, r, &qw1))
		return UNDECODABLE;
	rc = devices_find(t->devices, name, len, DEVICE_OTHER, &dev, e);
	if (rc)
		return rc;
	return x->kind == PRQ_REPORT ? prqjoin_request(t->prq, r->ts, dev, qw0, qw1, e)
				     : prqjoin_error(t->prq, r->ts, dev, qw0,
						     x->has & 4 ? qw1 & 1 : UINT8_MAX, e);
}

/* ---- memory management ---- */

static int on_page_cache(struct tracepoints *t, const struct tracepoint *x, const struct record *r,
			 struct err *e)
{
	struct dma_event row = { .ts = r->ts, .as = (uint8_t)t->o.as };
	uint32_t s_dev;
	uint16_t dev;
	if (!memory_page_cache(&x->f[0], &x->f[1], x->has & 4 ? &x->f[2] : NULL, r->p, r->n, &row,
			       &s_dev))
		return UNDECODABLE;
	int rc = devices_find_block(t->devices, s_dev, &dev, e);
	t->stats.rows++;
	if (!rc)
		rc = devices_number(t->devices, dev, &t->o.sink, &row.dev, e);
	if (!rc)
		rc = source_number(t, "filemap",
				   "inferred: pages put into the page cache, which "
				   "their file's device will read or write",
				   &t->has_cache_source, &t->cache_source, e);
	row.source = t->cache_source;
	return rc || !t->o.sink.dma ? rc : t->o.sink.dma(t->o.sink.ctx, &row, e);
}

static int on_reclaim_write(struct tracepoints *t, const struct tracepoint *x,
			    const struct record *r, struct err *e)
{
	struct swap_event row = { .ts = r->ts, .as = (uint8_t)t->o.as };
	bool is_swap;
	if (!memory_reclaim_write(&x->f[0], &x->f[1], r->p, r->n, &row, &is_swap))
		return UNDECODABLE;
	if (!is_swap || !t->o.sink.swap)
		return FILTERED;
	t->stats.rows++;
	const int rc = source_number(t, "vmscan",
				     "reclaim's writes to swap by first frame; no "
				     "reads, no process",
				     &t->has_reclaim_source, &t->reclaim_source, e);
	row.source = t->reclaim_source;
	return rc ? rc : t->o.sink.swap(t->o.sink.ctx, &row, e);
}

static int decode(struct tracepoints *t, const struct tracepoint *x, const struct record *r,
		  struct err *e)
{
	switch ((enum tracepoint_kind)x->kind) {
	case OTHER:
		return FILTERED;
	case XMIT:
		give_hint(t, r, DEVICE_NIC);
		return FILTERED;
	case DMA_MAP_ONE:
		return on_map(t, x, r, e);
	case DMA_UNMAP_ONE:
		return on_unmap(t, x, r, DMA_UNMAP, e);
	case DMA_ALLOC_ONE:
		return on_alloc(t, x, r, e);
	case DMA_ALLOC_LIST:
		return on_alloc_list(t, x, r, e);
	case DMA_FREE_ONE:
		return on_unmap(t, x, r, DMA_FREE, e);
	case DMA_MAP_LIST:
		return on_map_list(t, x, r, e);
	case DMA_UNMAP_LIST:
		return on_unmap_list(t, x, r, e);
	case IOMMU_MAP:
	case IOMMU_UNMAP:
		return on_iommu(t, x, r, e);
	case BLOCK_ISSUE:
	case BLOCK_COMPLETE:
		return on_block(t, x, r, e);
	case NVME_SETUP:
	case NVME_COMPLETE:
		return on_nvme(t, x, r, e);
	case PAGE_FAULT:
		return on_fault(t, x, r, e);
	case PRQ_REPORT:
	case QI_SUBMIT:
	case IO_PAGE_FAULT:
		return on_prq(t, x, r, e);
	case PAGE_CACHE_ADD:
		return t->o.with_memory ? on_page_cache(t, x, r, e) : FILTERED;
	case RECLAIM_WRITE:
		return t->o.with_memory ? on_reclaim_write(t, x, r, e) : FILTERED;
	}
	return FILTERED;
}

int tracepoints_event(struct tracepoints *t, uint64_t ts, uint32_t cpu, const uint8_t *rec,
		      size_t n, struct err *e)
{
	const uint32_t index = n >= 2 ? t->by_id[le16_get(rec)] : 0;
	if (!index) {
		t->unknown.seen++;
		t->unknown.decode_error++;
		return 0;
	}

	struct tracepoint *x = &t->points[index - 1];
	struct record r = { .p = rec, .n = n, .ts = ts, .cpu = cpu };
	uint64_t pid;
	x->account.seen++;
	int rc = UNDECODABLE;
	if (!x->missing && evfield_u64(&x->pid, rec, n, &pid)) {
		r.pid = (int32_t)pid;
		rc = decode(t, x, &r, e);
	}
	switch (rc) {
	case STORED:
		x->account.stored++;
		return 0;
	case FILTERED:
		x->account.filtered++;
		return 0;
	case UNDECODABLE:
		x->account.decode_error++;
		return 0;
	default:
		return rc;
	}
}

/* ---- announcing ---- */

/* A field by one of the names in `names`, separated by '|'. */
static const struct evfield *find_any(const struct evformat *f, const char *names)
{
	while (*names) {
		char one[EVFIELD_NAME_BYTES];
		const size_t n = strcspn(names, "|");
		snprintf(one, sizeof(one), "%.*s", (int)n, names);
		const struct evfield *found = evformat_find(f, one);
		if (found)
			return found;
		names += n + (names[n] == '|');
	}
	return NULL;
}

static void bind_fields(struct tracepoint *x, const struct tracepoint_spec *s,
			const struct evformat *f)
{
	x->kind = (uint8_t)s->kind;
	for (unsigned i = 0; i < TRACEPOINT_FIELDS_MAX && s->fields[i]; i++) {
		const bool is_optional = s->fields[i][0] == '?';
		const char *names = s->fields[i] + is_optional;
		const struct evfield *found = find_any(f, names);
		if (found) {
			x->f[i] = *found;
			x->has |= (uint8_t)(1u << i);
		} else if (!is_optional) {
			x->missing = names;
		}
	}
}

int tracepoints_add(struct tracepoints *t, const char *system, const struct evformat *f,
		    struct err *e)
{
	if (f->id >= IDS || t->by_id[f->id])
		return 0;
	if (t->npoints == t->cap) {
		const uint32_t cap = t->cap ? 2 * t->cap : 32;
		struct tracepoint *p = realloc(t->points, cap * sizeof(*p));
		if (!p)
			return err_set(e, ERR_NOMEM, "no memory for %u tracepoints", cap);
		t->points = p;
		t->cap = cap;
	}
	struct tracepoint *x = &t->points[t->npoints++];
	*x = (struct tracepoint){ .kind = OTHER };
	t->by_id[f->id] = t->npoints;
	snprintf(x->name, sizeof(x->name), "%.63s:%.63s", system, f->name);
	const struct tracepoint_spec *spec = tracepoint_spec_find(system, f->name);
	if (spec)
		bind_fields(x, spec, f);
	const struct evfield *pid = evformat_find(f, "common_pid");
	if (pid)
		x->pid = *pid;
	else if (x->kind != OTHER)
		x->missing = "common_pid";
	return 0;
}

/* ---- life ---- */

/* May events of these kinds come? The first pass knows, if it saw all. */
static bool may_have(const struct tracepoint_options *o, enum tracepoint_kind from,
		     enum tracepoint_kind to)
{
	if (!o->learnt || !o->learnt_all)
		return true;
	for (uint32_t i = 0; i < o->learnt->npoints; i++) {
		const struct tracepoint *x = &o->learnt->points[i];
		if (x->kind >= from && x->kind <= to && x->account.seen > x->account.decode_error)
			return true;
	}
	return false;
}

int tracepoints_new(const struct tracepoint_options *o, struct tracepoints **out, struct err *e)
{
	*out = NULL;
	struct tracepoints *t = calloc(1, sizeof(*t));
	if (!t)
		return err_set(e, ERR_NOMEM, "no memory to decode tracepoints");
	t->o = *o;
	t->by_id = calloc(IDS, sizeof(*t->by_id));
	const struct dmajoin_options dma = {
		.as = o->as,
		.has_dma = !o->without_dma && may_have(o, DMA_MAP_ONE, DMA_UNMAP_LIST),
		.has_iommu = !o->without_iommu && may_have(o, IOMMU_MAP, IOMMU_UNMAP),
		.mappings_max = o->mappings_max,
		.hold_ns = o->dma_hold_ns,
		.row = put_dma,
		.ctx = t,
	};
	const struct iojoin_options io = {
		.has_block_complete = !o->without_block_complete &&
				      may_have(o, BLOCK_COMPLETE, BLOCK_COMPLETE),
		.row = put_io,
		.ctx = t,
	};
	int rc = t->by_id ? 0 : err_set(e, ERR_NOMEM, "no memory to decode tracepoints");
	if (!rc)
		rc = devices_new(o->learnt ? o->learnt->devices : NULL, &t->devices, e);
	if (!rc)
		rc = dmajoin_new(&dma, &t->dma, e);
	if (!rc)
		rc = iojoin_new(&io, &t->io, e);
	if (rc) {
		tracepoints_free(t);
		return rc;
	}
	t->o.learnt = NULL; /* not needed any more */
	*out = t;
	return 0;
}

void tracepoints_learn(struct tracepoints *t, const struct tracepoints *learnt)
{
	devices_learn(t->devices, learnt->devices);
}

void tracepoints_free(struct tracepoints *t)
{
	if (!t)
		return;
	dmajoin_free(t->dma);
	iojoin_free(t->io);
	prqjoin_free(t->prq);
	devices_free(t->devices);
	free(t->segments);
	free(t->addrs);
	free(t->by_id);
	free(t->points);
	free(t);
}

int tracepoints_advance(struct tracepoints *t, uint64_t now, uint64_t io_hold_ns, struct err *e)
{
	const int rc = dmajoin_advance(t->dma, now, e);
	return rc ? rc : iojoin_give_up(t->io, now > io_hold_ns ? now - io_hold_ns : 0, e);
}

uint64_t tracepoints_oldest(const struct tracepoints *t, unsigned kind)
{
	return kind == KIND_DMA    ? dmajoin_oldest(t->dma)
	       : kind == KIND_IO   ? iojoin_oldest(t->io)
	       : kind == KIND_IOPF ? prqjoin_oldest(t->prq)
				   : UINT64_MAX;
}

int tracepoints_finish(struct tracepoints *t, struct err *e)
{
	int rc = dmajoin_finish(t->dma, e);
	if (!rc)
		rc = iojoin_finish(t->io, e);
	return rc || !t->prq ? rc : prqjoin_finish(t->prq, e);
}

void tracepoints_stats(const struct tracepoints *t, struct tracepoint_stats *out)
{
	const struct dmajoin_stats *dma = dmajoin_stats(t->dma);
	const struct iojoin_stats *io = iojoin_stats(t->io);
	*out = t->stats;
	out->unknown_unmaps = dma->unknown;
	out->untracked = dma->untracked;
	out->late = dma->late;
	out->incomplete_io = io->incomplete;
	out->guessed_lba = io->guessed_lba;
}

bool tracepoints_account(const struct tracepoints *t, size_t i, const char **name_out,
			 struct trace_account *out)
{
	if (i > t->npoints)
		return false;
	*name_out = i < t->npoints ? t->points[i].name : "unknown:event";
	*out = i < t->npoints ? t->points[i].account : t->unknown;
	return true;
}

const char *tracepoints_name(const struct tracepoints *t, uint64_t id)
{
	return id < IDS && t->by_id[id] ? t->points[t->by_id[id] - 1].name : NULL;
}

const char *tracepoints_undecodable(const struct tracepoints *t, size_t i, const char **field_out)
{
	if (i >= t->npoints || !t->points[i].missing)
		return NULL;
	*field_out = t->points[i].missing;
	return t->points[i].name;
}
