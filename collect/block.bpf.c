// SPDX-License-Identifier: MIT
/*
 * Pages of block requests, exactly: at block_rq_issue the bios of the request
 * are walked and each segment's struct page, offset and length told. The walk is
 * bounded (collect/block-bpf.h); what it did not reach shows in bytes_seen.
 *
 * The few kernel structs are written by hand with the members used here; their
 * real offsets come from the running kernel's BTF when the program is loaded.
 */
#include "collect/block-bpf.h"

#define SEC(name)         __attribute__((section(name), used))
#define __uint(name, val) int(*name)[val]
#define __type(name, val) val *name
#define READ(dst, src) \
	probe_read_kernel(dst, sizeof(*(dst)), (const void *)__builtin_preserve_access_index(src))

/* The value may be anything from here on, as far as the compiler knows. */
#define BOUND(x) __asm__ volatile("" : "+r"(x))

typedef unsigned int u32;
typedef unsigned long long u64;

/* helper numbers are ABI: include/uapi/linux/bpf.h */
static void *(*const map_lookup_elem)(void *map, const void *key) = (void *)1;
static u64 (*const ktime_get_ns)(void) = (void *)5;
static u64 (*const get_current_pid_tgid)(void) = (void *)14;
static long (*const probe_read_kernel)(void *dst, u32 size, const void *src) = (void *)113;
static u64 (*const ringbuf_query)(void *ring, u64 what) = (void *)134;
static long (*const ringbuf_output)(void *ring, void *data, u64 size, u64 flags) = (void *)130;

enum { MAP_ARRAY = 2, MAP_PERCPU_ARRAY = 6, MAP_RINGBUF = 27 };
enum { RB_AVAIL_DATA = 0, RB_NO_WAKE = 1, RB_WAKE = 2, WAKE_BYTES = 1 << 20 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct bio_vec {
	void *bv_page;
	u32 bv_len, bv_offset;
};
struct bvec_iter {
	u64 bi_sector;
	u32 bi_size, bi_idx, bi_bvec_done;
};
struct bio {
	struct bio *bi_next;
	struct bvec_iter bi_iter;
	struct bio_vec *bi_io_vec;
};
struct gendisk {
	int major, first_minor;
};
struct request_queue {
	struct gendisk *disk;
};
struct request {
	struct request_queue *q;
	u32 cmd_flags, __data_len;
	u64 __sector;
	struct bio *bio;
};
#pragma clang attribute pop

struct {
	__uint(type, MAP_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct block_bpf_record);
} scratch SEC(".maps");

struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, BLOCK_BPF_COUNTS);
	__type(key, u32);
	__type(value, u64);
} counts SEC(".maps");

struct {
	__uint(type, MAP_RINGBUF);
	__uint(max_entries, 4 << 20);
} records SEC(".maps");

static void count(u32 what)
{
	u64 *n = map_lookup_elem(&counts, &what);
	if (n)
		__sync_fetch_and_add(n, 1);
}

/* Segments of one bio from its iterator on: the walk of bio_for_each_bvec. */
static __attribute__((noinline)) int walk_bio(struct block_bpf_record *r, struct bio *bio)
{
	struct bio_vec *vecs = 0;
	u32 left = 0, index = 0, done = 0;
	if (!r)
		return 0;
	READ(&vecs, &bio->bi_io_vec);
	READ(&left, &bio->bi_iter.bi_size);
	READ(&index, &bio->bi_iter.bi_idx);
	READ(&done, &bio->bi_iter.bi_bvec_done);
	for (int i = 0; i < BLOCK_BPF_SEGMENTS_MAX && left; i++, index++) {
		struct bio_vec v = {};
		u64 at = r->nsegments;
		if (at >= BLOCK_BPF_RECORD_MAX)
			return 1;
		BOUND(at); /* the verifier forgets the comparison, the compiler must not */
		at &= BLOCK_BPF_RECORD_MAX - 1;
		/* the layout {pointer, u32, u32} has not changed since 2.6; read it whole */
		if (probe_read_kernel(&v, sizeof(v),
				      (void *)((u64)vecs + (u64)index * sizeof(v))) ||
		    !v.bv_page || v.bv_len <= done)
			return 1;
		u32 bytes = v.bv_len - done;
		if (bytes > left)
			bytes = left;
		r->segments[at] = (struct block_bpf_segment){ .page = (u64)v.bv_page,
							      .bytes = bytes,
							      .offset = v.bv_offset + done };
		r->nsegments = (u32)at + 1;
		r->bytes_seen += bytes;
		left -= bytes;
		done = 0;
	}
	return 0;
}

static void read_request(struct block_bpf_record *r, struct request *rq)
{
	struct request_queue *q = 0;
	struct gendisk *disk = 0;
	int major = 0, minor = 0;
	READ(&r->sector, &rq->__sector);
	READ(&r->bytes, &rq->__data_len);
	READ(&r->flags, &rq->cmd_flags);
	READ(&q, &rq->q);
	if (q)
		READ(&disk, &q->disk);
	if (disk) {
		READ(&major, &disk->major);
		READ(&minor, &disk->first_minor);
	}
	r->dev = (u32)major << 20 | (u32)minor;
	r->request = (u64)rq;
}

SEC("raw_tp/block_rq_issue")
int on_issue(u64 *args)
{
	struct request *rq = (struct request *)args[0];
	struct bio *bio = 0;
	u32 zero = 0;
	struct block_bpf_record *r = map_lookup_elem(&scratch, &zero);
	count(BLOCK_BPF_SEEN);
	if (!r)
		return 0;
	r->ts_ns = ktime_get_ns();
	r->nsegments = r->bytes_seen = 0;
	r->pid = (u32)(get_current_pid_tgid() >> 32);
	read_request(r, rq);
	READ(&bio, &rq->bio);
	for (int i = 0; i < BLOCK_BPF_BIOS_MAX && bio; i++) {
		if (walk_bio(r, bio))
			break;
		READ(&bio, &bio->bi_next);
	}
	u64 n = r->nsegments;
	BOUND(n);
	if (n > BLOCK_BPF_RECORD_MAX)
		n = BLOCK_BPF_RECORD_MAX;
	const u64 bytes = __builtin_offsetof(struct block_bpf_record, segments) +
			  n * sizeof(struct block_bpf_segment);
	/* user space looks often enough: it is only woken when much has gathered */
	const u64 flags = ringbuf_query(&records, RB_AVAIL_DATA) > WAKE_BYTES ? RB_WAKE
									      : RB_NO_WAKE;
	if (ringbuf_output(&records, r, bytes, flags))
		count(BLOCK_BPF_LOST);
	return 0;
}

char block_license[] SEC("license") = "Dual MIT/GPL";
