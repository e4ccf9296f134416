// SPDX-License-Identifier: MIT
/*
 * The columns of every event kind: the one table behind the chunk format, the C
 * structs, the put functions, the SQL tables, csv headers and FORMAT.md's list.
 * Adding a column at the end of a kind is a compatible change (readers skip
 * unknown column ids); changing or removing one needs a new schema id.
 *
 * X(field, type, sql name, transform, pack, null, names)
 *   type       u8 u16 u32 u64, the width in memory and in the digest
 *   transform  NONE | DELTA (to the previous row) | CTX (to the previous row
 *              of the same device, plus its page count: a run costs nothing)
 *   pack       PLANES (byte planes) | VARINT (LEB128)
 *   null       NEVER | MAX: the type's greatest value means "not observed"
 *   names      NULL, or the name table that SQL, csv and JSON show
 *
 * Times are ns since the start of the trace. Source: DESIGN section 4.
 */
#ifndef PUGMARK_STORE_COLUMNS_H
#define PUGMARK_STORE_COLUMNS_H

/*
 * One row per mapping or access; a range of pages is one row. req joins rows of one request.
 * count: accesses of each page that the row stands for, all within the source's period before ts;
 * 0: not counted, the row is one.
 */
#define DMA_COLUMNS(X)                                            \
	X(ts, u64, "ts_ns", DELTA, PLANES, NEVER, NULL)           \
	X(dev, u16, "dev", NONE, PLANES, NEVER, NULL)             \
	X(op, u8, "op", NONE, PLANES, NEVER, kind_dma_op_names)   \
	X(dir, u8, "dir", NONE, PLANES, NEVER, kind_dir_names)    \
	X(as, u8, "as", NONE, PLANES, NEVER, kind_as_names)       \
	X(pfn, u64, "pfn", CTX, VARINT, MAX, NULL)                \
	X(npages, u32, "npages", NONE, VARINT, NEVER, NULL)       \
	X(offset, u16, "offset_bytes", NONE, PLANES, NEVER, NULL) \
	X(bytes, u64, "bytes", NONE, VARINT, NEVER, NULL)         \
	X(req, u64, "req", DELTA, VARINT, MAX, NULL)              \
	X(source, u16, "source", NONE, PLANES, NEVER, NULL)       \
	X(count, u32, "count", NONE, VARINT, NEVER, NULL)

/* Abstract requests: npages consecutive object or page numbers from obj on. */
#define OBJECT_COLUMNS(X)                                   \
	X(ts, u64, "ts_ns", DELTA, PLANES, NEVER, NULL)     \
	X(dev, u16, "dev", NONE, PLANES, NEVER, NULL)       \
	X(obj, u64, "obj", CTX, VARINT, NEVER, NULL)        \
	X(npages, u32, "npages", NONE, VARINT, NEVER, NULL) \
	X(bytes, u64, "bytes", NONE, VARINT, MAX, NULL)     \
	X(op, u8, "op", NONE, PLANES, NEVER, kind_io_op_names)

/* Block requests, one row each: ts = submit; lat = complete - submit; lba in 512 B. */
#define IO_COLUMNS(X)                                          \
	X(ts, u64, "ts_ns", DELTA, PLANES, NEVER, NULL)        \
	X(lat, u64, "lat_ns", NONE, VARINT, MAX, NULL)         \
	X(dev, u16, "dev", NONE, PLANES, NEVER, NULL)          \
	X(qid, u16, "qid", NONE, PLANES, MAX, NULL)            \
	X(cid, u16, "cid", NONE, PLANES, MAX, NULL)            \
	X(op, u8, "op", NONE, PLANES, NEVER, kind_io_op_names) \
	X(lba, u64, "lba", CTX, VARINT, MAX, NULL)             \
	X(bytes, u64, "bytes", NONE, VARINT, NEVER, NULL)      \
	X(source, u16, "source", NONE, PLANES, NEVER, NULL)

/* CPU touches of a page range: count of them within the period that begins at ts. */
#define CPU_COLUMNS(X)                                       \
	X(ts, u64, "ts_ns", DELTA, PLANES, NEVER, NULL)      \
	X(vm, u16, "vm", NONE, PLANES, NEVER, NULL)          \
	X(as, u8, "as", NONE, PLANES, NEVER, kind_as_names)  \
	X(pfn, u64, "pfn", DELTA, VARINT, NEVER, NULL)       \
	X(npages, u32, "npages", NONE, VARINT, NEVER, NULL)  \
	X(count, u32, "count", NONE, VARINT, NEVER, NULL)    \
	X(period, u64, "period_ns", NONE, VARINT, MAX, NULL) \
	X(write, u8, "is_write", NONE, PLANES, MAX, NULL)    \
	X(source, u16, "source", NONE, PLANES, NEVER, NULL)

/* Address traces: every load and store of one address space. */
#define MEM_COLUMNS(X)                                    \
	X(ts, u64, "ts_ns", DELTA, PLANES, NEVER, NULL)   \
	X(asid, u32, "asid", NONE, VARINT, NEVER, NULL)   \
	X(va, u64, "va", DELTA, VARINT, NEVER, NULL)      \
	X(bytes, u32, "bytes", NONE, PLANES, NEVER, NULL) \
	X(rw, u8, "rw", NONE, PLANES, NEVER, kind_rw_names)

/* CPU page faults. */
#define FAULT_COLUMNS(X)                                  \
	X(ts, u64, "ts_ns", DELTA, PLANES, NEVER, NULL)   \
	X(vm, u16, "vm", NONE, PLANES, NEVER, NULL)       \
	X(asid, u32, "asid", NONE, VARINT, NEVER, NULL)   \
	X(va, u64, "va", DELTA, VARINT, MAX, NULL)        \
	X(pfn, u64, "pfn", DELTA, VARINT, MAX, NULL)      \
	X(ip, u64, "ip", DELTA, VARINT, MAX, NULL)        \
	X(major, u8, "is_major", NONE, PLANES, MAX, NULL) \
	X(write, u8, "is_write", NONE, PLANES, MAX, NULL) \
	X(lat, u64, "lat_ns", NONE, VARINT, MAX, NULL)    \
	X(source, u16, "source", NONE, PLANES, NEVER, NULL)

/* I/O page faults: ts = detected, then one stamp per stage of the lifetime. */
#define IOPF_COLUMNS(X)                                                    \
	X(ts, u64, "ts_ns", DELTA, PLANES, NEVER, NULL)                    \
	X(report, u64, "report_ns", DELTA, VARINT, MAX, NULL)              \
	X(irq, u64, "irq_ns", DELTA, VARINT, MAX, NULL)                    \
	X(sched, u64, "sched_ns", DELTA, VARINT, MAX, NULL)                \
	X(resolve, u64, "resolve_ns", DELTA, VARINT, MAX, NULL)            \
	X(map, u64, "map_ns", DELTA, VARINT, MAX, NULL)                    \
	X(update, u64, "update_ns", DELTA, VARINT, MAX, NULL)              \
	X(resume, u64, "resume_ns", DELTA, VARINT, MAX, NULL)              \
	X(dev, u16, "dev", NONE, PLANES, NEVER, NULL)                      \
	X(queue, u16, "queue", NONE, PLANES, MAX, NULL)                    \
	X(as, u8, "as", NONE, PLANES, NEVER, kind_as_names)                \
	X(pfn, u64, "pfn", CTX, VARINT, NEVER, NULL)                       \
	X(npages, u32, "npages", NONE, VARINT, NEVER, NULL)                \
	X(write, u8, "is_write", NONE, PLANES, MAX, NULL)                  \
	X(pasid, u32, "pasid", NONE, VARINT, MAX, NULL)                    \
	X(group, u32, "prg_index", NONE, VARINT, MAX, NULL)                \
	X(last, u8, "is_last", NONE, PLANES, MAX, NULL)                    \
	X(outcome, u8, "outcome", NONE, PLANES, NEVER, kind_outcome_names) \
	X(tier, u8, "tier", NONE, PLANES, NEVER, kind_tier_names)          \
	X(source, u16, "source", NONE, PLANES, NEVER, NULL)

/* Packets, headers only; flow = hash of the five-tuple, ports never stored in clear. */
#define PKT_COLUMNS(X)                                                \
	X(ts, u64, "ts_ns", DELTA, PLANES, NEVER, NULL)               \
	X(dev, u16, "dev", NONE, PLANES, NEVER, NULL)                 \
	X(dir, u8, "dir", NONE, PLANES, NEVER, kind_dir_names)        \
	X(bytes, u32, "bytes", NONE, VARINT, NEVER, NULL)             \
	X(captured, u32, "captured_bytes", NONE, VARINT, NEVER, NULL) \
	X(proto, u8, "proto", NONE, PLANES, MAX, NULL)                \
	X(flags, u8, "tcp_flags", NONE, PLANES, MAX, NULL)            \
	X(flow, u64, "flow", NONE, PLANES, MAX, NULL)                 \
	X(seq, u32, "tcp_seq", NONE, PLANES, MAX, NULL)               \
	X(source, u16, "source", NONE, PLANES, NEVER, NULL)

/* Page-walk samples and counters: count events over period; cycles of one walk in a sample. */
#define WALK_COLUMNS(X)                                       \
	X(ts, u64, "ts_ns", DELTA, PLANES, NEVER, NULL)       \
	X(vm, u16, "vm", NONE, PLANES, NEVER, NULL)           \
	X(cpu, u16, "cpu", NONE, PLANES, MAX, NULL)           \
	X(asid, u32, "asid", NONE, VARINT, MAX, NULL)         \
	X(counter, u16, "counter", NONE, PLANES, NEVER, NULL) \
	X(va, u64, "va", DELTA, VARINT, MAX, NULL)            \
	X(count, u64, "count", NONE, VARINT, NEVER, NULL)     \
	X(cycles, u64, "cycles", NONE, VARINT, MAX, NULL)     \
	X(period, u64, "period_ns", NONE, VARINT, MAX, NULL)  \
	X(source, u16, "source", NONE, PLANES, NEVER, NULL)

/* Page-table updates. */
#define PT_COLUMNS(X)                                          \
	X(ts, u64, "ts_ns", DELTA, PLANES, NEVER, NULL)        \
	X(asid, u32, "asid", NONE, VARINT, NEVER, NULL)        \
	X(op, u8, "op", NONE, PLANES, NEVER, kind_pt_op_names) \
	X(level, u8, "level", NONE, PLANES, NEVER, NULL)       \
	X(va, u64, "va", DELTA, VARINT, MAX, NULL)             \
	X(pfn, u64, "pfn", DELTA, VARINT, MAX, NULL)           \
	X(count, u32, "count", NONE, VARINT, NEVER, NULL)      \
	X(source, u16, "source", NONE, PLANES, NEVER, NULL)

/* Placement census: count pages (or entries) of page tables of a level on a node. */
#define PTPAGE_COLUMNS(X)                                       \
	X(ts, u64, "ts_ns", DELTA, PLANES, NEVER, NULL)         \
	X(vm, u16, "vm", NONE, PLANES, NEVER, NULL)             \
	X(asid, u32, "asid", NONE, VARINT, MAX, NULL)           \
	X(ept, u8, "is_ept", NONE, PLANES, MAX, NULL)           \
	X(level, u8, "level", NONE, PLANES, MAX, NULL)          \
	X(node, u16, "node", NONE, PLANES, NEVER, NULL)         \
	X(data_node, u16, "data_node", NONE, PLANES, MAX, NULL) \
	X(pfn, u64, "pfn", DELTA, VARINT, MAX, NULL)            \
	X(count, u64, "count", NONE, VARINT, NEVER, NULL)       \
	X(source, u16, "source", NONE, PLANES, NEVER, NULL)

/* Host swap traffic of guest pages. */
#define SWAP_COLUMNS(X)                                           \
	X(ts, u64, "ts_ns", DELTA, PLANES, NEVER, NULL)           \
	X(vm, u16, "vm", NONE, PLANES, NEVER, NULL)               \
	X(op, u8, "op", NONE, PLANES, NEVER, kind_swap_op_names)  \
	X(as, u8, "as", NONE, PLANES, NEVER, kind_as_names)       \
	X(pfn, u64, "pfn", DELTA, VARINT, NEVER, NULL)            \
	X(npages, u32, "npages", NONE, VARINT, NEVER, NULL)       \
	X(slot, u64, "slot", DELTA, VARINT, MAX, NULL)            \
	X(tier, u8, "tier", NONE, PLANES, NEVER, kind_tier_names) \
	X(lat, u64, "lat_ns", NONE, VARINT, MAX, NULL)            \
	X(source, u16, "source", NONE, PLANES, NEVER, NULL)

/* K(lower, UPPER, schema id): the order is the kinds' number in the file, append only */
#define KINDS(K)              \
	K(dma, DMA, 1)        \
	K(object, OBJECT, 2)  \
	K(io, IO, 3)          \
	K(cpu, CPU, 4)        \
	K(mem, MEM, 5)        \
	K(fault, FAULT, 6)    \
	K(iopf, IOPF, 7)      \
	K(pkt, PKT, 8)        \
	K(walk, WALK, 9)      \
	K(pt, PT, 10)         \
	K(ptpage, PTPAGE, 11) \
	K(swap, SWAP, 12)

#endif
