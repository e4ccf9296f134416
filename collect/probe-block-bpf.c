// SPDX-License-Identifier: MIT
/*
 * Exact pages of block I/O, for devices whose DMA no dma:* event shows: a BPF
 * program (block.bpf.c) walks the bios of each request at block_rq_issue. It
 * tells struct pages; their frame numbers need the place of page 0 in the
 * kernel's memory map, which one direct read into a page of known frame tells
 * (kallsyms often hides it).
 *
 * A row is an access: the device reads or writes these bytes between issue and
 * completion. Left out: requests without data pages (flush, discard), counted.
 */
#include "base/cleanup.h"
#include "base/units.h"
#include "collect/block-bpf.h"
#include "collect/bpfobject.h"
#include "collect/probe-look.h"
#include "collect/recording.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

BPFOBJECT_EMBED(block, "collect/block.bpf.o");

enum { DEVICES_MAX = 256, OP_MASK = 0xff, OP_READ = 0, OP_WRITE = 1 };

struct state {
	struct recording *recording;
	struct bpf_object *object;
	struct bpf_link *link;
	struct ring_buffer *ring;
	uint64_t page_base, page_bytes; /* struct page of frame 0; of one */
	uint16_t source;
	uint32_t devs[DEVICES_MAX]; /* major << 20 | minor, and its number in the trace */
	uint16_t numbers[DEVICES_MAX];
	unsigned ndevs;
	struct trace_account account;
	uint64_t next_request;
	int rc; /* of the callback, which libbpf stops at */
	struct err *err;

	/* calibration: the read of a page whose frame is known */
	uint64_t known_pfn;
	uint32_t our_pid;
};

static void look(const struct hostfacts *h, struct probe_finding *out)
{
	if (probe_lacks_event(h, "block", "block_rq_issue",
			      "use a kernel with CONFIG_BLK_DEV_IO_TRACE", out))
		return;
	if (!h->has_btf)
		probe_say(out, PROBE_ABSENT, "the kernel tells no BTF (/sys/kernel/btf/vmlinux)",
			  "use a kernel with CONFIG_DEBUG_INFO_BTF, or --probe filemap");
	else if (!hostfacts_may(h, HOST_CAP_BPF) && !hostfacts_may(h, HOST_CAP_SYS_ADMIN))
		probe_say(out, PROBE_DENIED, "CAP_BPF is missing",
			  "run as root or with CAP_BPF and CAP_PERFMON");
	else
		probe_say(out, PROBE_USABLE, "", "");
}

/* ---- rows ---- */

static int device_of(struct state *s, uint32_t dev, uint16_t *out, struct err *e)
{
	char name[24];
	for (unsigned i = 0; i < s->ndevs; i++)
		if (s->devs[i] == dev) {
			*out = s->numbers[i];
			return 0;
		}
	snprintf(name, sizeof(name), "%u:%u", dev >> 20, dev & 0xfffff);
	const struct trace_device d = { .bdf = name, .class = "block" };
	const int rc = trace_writer_device(recording_writer(s->recording), &d, out, e);
	if (!rc && s->ndevs < DEVICES_MAX) {
		s->devs[s->ndevs] = dev;
		s->numbers[s->ndevs++] = *out;
	}
	return rc;
}

static uint64_t pfn_of(const struct state *s, const struct block_bpf_segment *x)
{
	return (x->page - s->page_base) / s->page_bytes + x->offset / PAGE_BYTES;
}

static int put_segments(struct state *s, const struct block_bpf_record *r, struct err *e)
{
	struct dma_event row = {
		.ts = recording_time(s->recording, r->ts_ns),
		.op = DMA_ACCESS,
		.dir = (r->flags & OP_MASK) == OP_READ ? DIR_FROM_DEVICE : DIR_TO_DEVICE,
		.as = AS_PA,
		.req = s->next_request++,
		.source = s->source,
	};
	bool is_kept = false, is_shed = false;
	int rc = device_of(s, r->dev, &row.dev, e);
	for (unsigned i = 0; i < r->nsegments && rc >= 0; i++) {
		const struct block_bpf_segment *x = &r->segments[i];
		row.pfn = pfn_of(s, x);
		row.offset = x->offset % PAGE_BYTES;
		row.bytes = x->bytes;
		row.npages = (uint32_t)((row.offset + row.bytes + PAGE_BYTES - 1) / PAGE_BYTES);
		rc = recording_put(s->recording, KIND_DMA, &row, e);
		is_kept |= !rc;
		is_shed |= rc == RECORDING_SHED;
	}
	if (rc < 0)
		return rc;
	if (r->bytes_seen < r->bytes)
		s->account.decode_error++; /* the walk ended before the request's last byte */
	else if (is_kept)
		s->account.stored++;
	else
		*(is_shed ? &s->account.shed : &s->account.filtered) += 1;
	return 0;
}

/* ---- calibration ---- */

/* The first single-page read of ours while it is not known where page 0 lies. */
static void calibrate_by(struct state *s, const struct block_bpf_record *r)
{
	if (r->pid == s->our_pid && (r->flags & OP_MASK) == OP_READ && r->nsegments == 1 &&
	    r->bytes == PAGE_BYTES && !r->segments[0].offset)
		s->page_base = r->segments[0].page - s->known_pfn * s->page_bytes;
}

static int on_record(void *ctx, void *data, size_t n)
{
	struct state *s = ctx;
	const struct block_bpf_record *r = data;
	if (n < offsetof(struct block_bpf_record, segments) ||
	    r->nsegments > (n - offsetof(struct block_bpf_record, segments)) /
				   sizeof(struct block_bpf_segment)) {
		s->account.decode_error++;
		return 0;
	}
	if (s->known_pfn)
		calibrate_by(s, r);
	else if (!r->nsegments || (r->flags & OP_MASK) > OP_WRITE)
		s->account.filtered++;
	else
		s->rc = put_segments(s, r, s->err);
	return s->rc;
}

static int read_pfn(const void *page, uint64_t *pfn_out)
{
	uint64_t entry = 0;
	_close_ int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	const off_t at = (off_t)((uintptr_t)page / PAGE_BYTES * 8);
	if (fd < 0 || pread(fd, &entry, 8, at) != 8 || !(entry >> 63))
		return -1;
	*pfn_out = entry & ((UINT64_C(1) << 55) - 1);
	return *pfn_out ? 0 : -1;
}

/* A file of one page beside the trace, read past the page cache. */
static int read_directly(const char *beside, void *page)
{
	char name[PATH_MAX];
	snprintf(name, sizeof(name), "%.4000s-calibrate", beside);
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	const bool is_written = write(fd, page, PAGE_BYTES) == PAGE_BYTES && !fsync(fd);
	close(fd);
	fd = is_written ? open(name, O_RDONLY | O_DIRECT | O_CLOEXEC) : -1;
	const bool is_read = fd >= 0 && pread(fd, page, PAGE_BYTES, 0) == PAGE_BYTES;
	if (fd >= 0)
		close(fd);
	unlink(name);
	return is_read ? 0 : -1;
}

static int calibrate(struct state *s, struct err *e)
{
	void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED, -1, 0);
	if (page == MAP_FAILED)
		return err_set(e, ERR_NOMEM, "block-bpf: no page: %s", strerror(errno));
	memset(page, 1, PAGE_BYTES);
	s->our_pid = (uint32_t)getpid();
	int rc = 0;
	if (read_pfn(page, &s->known_pfn))
		rc = err_set(e, ERR_PERM,
			     "block-bpf: /proc/self/pagemap hides frame numbers: needs "
			     "CAP_SYS_ADMIN");
	else if (read_directly(recording_options(s->recording)->out, page))
		rc = err_set(e, ERR_FEATURE,
			     "block-bpf: no direct read beside %s: put the trace on a disk",
			     recording_options(s->recording)->out);
	else
		ring_buffer__consume(s->ring);
	s->known_pfn = 0;
	munmap(page, PAGE_BYTES);
	if (!rc && !s->page_base)
		rc = err_set(e, ERR_FEATURE,
			     "block-bpf: the direct read of a known page was not seen");
	return rc;
}

/* ---- the probe ---- */

/* What came before the start is not part of the recording. */
static void forget_counts(struct state *s)
{
	const int fd = bpf_object__find_map_fd_by_name(s->object, "counts");
	for (uint32_t i = 0; i < BLOCK_BPF_COUNTS; i++) {
		const uint64_t zero = 0;
		bpf_map_update_elem(fd, &i, &zero, BPF_ANY);
	}
}

static uint64_t count_of(const struct state *s, uint32_t what)
{
	uint64_t n = 0;
	bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(s->object, "counts"), &what, &n);
	return n;
}

static void release(struct state *s)
{
	ring_buffer__free(s->ring);
	bpf_link__destroy(s->link);
	bpf_object__close(s->object);
	free(s);
}

static int attach(struct state *s, struct err *e)
{
	int rc = bpfobject_load("block-bpf", bpfobject_block, bpfobject_block_end, &s->object, e);
	if (!rc)
		rc = bpfobject_page_size(&s->page_bytes, e);
	if (rc)
		return rc;
	struct bpf_program *p = bpf_object__find_program_by_name(s->object, "on_issue");
	s->link = p ? bpf_program__attach(p) : NULL;
	if (!s->link)
		return err_set(e, ERR_FEATURE, "block-bpf: cannot attach to block_rq_issue: %s",
			       strerror(errno));
	s->ring = ring_buffer__new(bpf_object__find_map_fd_by_name(s->object, "records"), on_record,
				   s, NULL);
	if (!s->ring)
		return err_set(e, ERR_NOMEM, "block-bpf: no ring buffer: %s", strerror(errno));
	rc = calibrate(s, e);
	if (!rc)
		forget_counts(s);
	return rc ? rc : recording_watch(s->recording, ring_buffer__epoll_fd(s->ring), e);
}

static int start(struct recording *r, void **state_out, struct err *e)
{
	struct state *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, ERR_NOMEM, "out of memory");
	s->recording = r;
	int rc = trace_writer_source(recording_writer(r), "block-bpf",
				     "both directions, real addresses, requests of the block layer",
				     &s->source, e);
	if (!rc)
		rc = attach(s, e);
	if (rc) {
		release(s);
		return rc;
	}
	*state_out = s;
	return 0;
}

static int poll(void *state, uint64_t now_ns, struct err *e)
{
	struct state *s = state;
	(void)now_ns;
	s->err = e;
	const int n = ring_buffer__consume(s->ring);
	if (s->rc)
		return s->rc;
	return n < 0 ? err_set(e, ERR_IO, "block-bpf: its ring: %s", strerror(-n)) : 0;
}

static int stop(void *state, struct err *e)
{
	struct state *s = state;
	bpf_link__destroy(s->link); /* no more requests: the counts stand still */
	s->link = NULL;
	int rc = poll(s, 0, e);
	struct trace_account *a = &s->account;
	a->ring_lost = count_of(s, BLOCK_BPF_LOST);
	const uint64_t known = a->stored + a->filtered + a->shed + a->decode_error + a->ring_lost;
	a->seen = count_of(s, BLOCK_BPF_SEEN);
	a->unaccounted = a->seen > known ? a->seen - known : 0;
	a->seen = known + a->unaccounted;
	const int failed = recording_account(s->recording, "block-bpf", a, rc ? NULL : e);
	recording_unwatch(s->recording, ring_buffer__epoll_fd(s->ring));
	release(s);
	return rc ? rc : failed;
}

const struct probe probe_block_bpf = {
	.name = "block-bpf",
	.summary = "exact pages of block requests: frame, offset, bytes, direction (BPF)",
	.coverage = "both directions, real addresses, requests of the block layer",
	.side = PROBE_DEVICE,
	.drops_rights = true,
	.is_default = true,
	.look = look,
	.start = start,
	.poll = poll,
	.stop = stop,
};
