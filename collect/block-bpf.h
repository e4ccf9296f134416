// SPDX-License-Identifier: MIT
/* What the BPF program of probe block-bpf hands to user space; shared by both, plain types only. */
#ifndef PUGMARK_COLLECT_BLOCK_BPF_H
#define PUGMARK_COLLECT_BLOCK_BPF_H

enum {
	BLOCK_BPF_BIOS_MAX = 16,     /* of a request; the walk is bounded */
	BLOCK_BPF_SEGMENTS_MAX = 64, /* of a bio */
	BLOCK_BPF_RECORD_MAX = 256,  /* of a record */
};

/* A piece of memory: where its struct page lies, and which bytes from there on. */
struct block_bpf_segment {
	unsigned long long page;
	unsigned int bytes, offset;
};

struct block_bpf_record {
	unsigned long long ts_ns; /* CLOCK_MONOTONIC */
	unsigned long long request, sector;
	unsigned int dev, bytes, flags; /* flags: cmd_flags of the request */
	unsigned int nsegments, bytes_seen;
	unsigned int pid;
	struct block_bpf_segment segments[BLOCK_BPF_RECORD_MAX];
};

/* Of the array map "counts". */
enum block_bpf_count {
	BLOCK_BPF_SEEN,
	BLOCK_BPF_LOST, /* the ring buffer was full */
	BLOCK_BPF_UNREADABLE,
	BLOCK_BPF_COUNTS
};

#endif
