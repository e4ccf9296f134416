// SPDX-License-Identifier: MIT
/*
 * Page requests of a stream, each range expanded page by page (store/pages.h).
 *
 * requests: `time_us,object_id` lines under that header.
 * oracle-general: libCacheSim's 24-byte records {u32 seconds, u64 page, u32
 * size, i64 number of the next request of that page or -1}, requests counted
 * from 0. The next request is known only from behind, so records are written
 * once with -1 and then gone through backwards in blocks, with a table from
 * page to its latest request: memory grows with the pages, not the requests.
 */
#include "base/bytes.h"
#include "collect/export.h"
#include "store/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static const enum kind_id page_kinds[] = { KIND_DMA, KIND_OBJECT, KIND_IO, KIND_COUNT };

/* ---- requests ---- */

static int put_requests(struct export *x, const struct batch *b, void *ctx, struct err *e)
{
	const uint64_t *ts = batch_u64(b, 0);

	(void)ctx;
	for (uint32_t row = 0; row < b->n && !x->out.error; row++) {
		const struct row_pages pages = pages_of_row(b, row);
		const uint64_t us = ts[row] / NS_PER_US;
		for (uint64_t i = 0; i < pages.count && !x->out.error; i++) {
			outbuf_u64(&x->out, us);
			outbuf_char(&x->out, ',');
			outbuf_u64(&x->out, pages.first + i);
			outbuf_char(&x->out, '\n');
		}
	}
	return x->out.error ? outbuf_flush(&x->out, e) : 0;
}

static int run_requests(struct export *x, struct err *e)
{
	outbuf_text(&x->out, "time_us,object_id\n");
	return export_each_batch(x, x->stream, 1 | pages_columns(x->stream->kind->id), put_requests,
				 NULL, e);
}

/* ---- oracle-general ---- */

enum { RECORD_BYTES = 24, BLOCK_RECORDS = 1 << 14 };

/* Size of a request: of the object where the trace has it, else of a page. */
static uint32_t size_of(const struct batch *b, uint32_t row)
{
	if (b->kind->id != KIND_OBJECT || batch_u32(b, OBJECT_COL_npages)[row] != 1)
		return PAGE_BYTES;
	const uint64_t bytes = batch_u64(b, OBJECT_COL_bytes)[row];
	return bytes == UINT64_MAX ? PAGE_BYTES : bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;
}

static int put_records(struct export *x, const struct batch *b, void *ctx, struct err *e)
{
	const uint64_t *ts = batch_u64(b, 0);
	uint64_t *total = ctx;

	for (uint32_t row = 0; row < b->n && !x->out.error; row++) {
		const struct row_pages pages = pages_of_row(b, row);
		const uint64_t seconds = ts[row] / NS_PER_SEC;
		uint8_t record[RECORD_BYTES];
		le32_put(record, seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds);
		le32_put(record + 12, size_of(b, row));
		le64_put(record + 16, UINT64_MAX);
		for (uint64_t i = 0; i < pages.count && !x->out.error; i++) {
			le64_put(record + 4, pages.first + i);
			outbuf_bytes(&x->out, record, sizeof(record));
		}
		*total += pages.count;
	}
	return x->out.error ? outbuf_flush(&x->out, e) : 0;
}

/* Page -> its latest request, open addressing, at most half full. */
struct page_table {
	struct page_slot {
		uint64_t page, request_1; /* request + 1; 0: free */
	} * slots;
	uint64_t nslots, used;
};

static struct page_slot *find_slot(const struct page_table *t, uint64_t page)
{
	/* 2^64 / golden ratio, which spreads runs of pages */
	uint64_t i = (page * UINT64_C(0x9e3779b97f4a7c15)) >> 20;

	while (t->slots[i & (t->nslots - 1)].request_1 &&
	       t->slots[i & (t->nslots - 1)].page != page)
		i++;
	return &t->slots[i & (t->nslots - 1)];
}

static bool grow_table(struct page_table *t)
{
	struct page_table bigger = { .nslots = t->nslots ? 4 * t->nslots : 1 << 16,
				     .used = t->used };
	bigger.slots = calloc(bigger.nslots, sizeof(*bigger.slots));
	if (!bigger.slots)
		return false;
	for (uint64_t i = 0; i < t->nslots; i++)
		if (t->slots[i].request_1)
			*find_slot(&bigger, t->slots[i].page) = t->slots[i];
	free(t->slots);
	*t = bigger;
	return true;
}

/* Sets next of the n records of a block, the last first. */
static bool link_block(struct page_table *t, uint8_t *records, uint64_t first, uint64_t n)
{
	for (uint64_t i = n; i-- > 0;) {
		uint8_t *r = records + i * RECORD_BYTES;
		const uint64_t page = le64_get(r + 4);
		if (2 * (t->used + 1) > t->nslots && !grow_table(t))
			return false;
		struct page_slot *slot = find_slot(t, page);
		if (slot->request_1)
			le64_put(r + 16, slot->request_1 - 1);
		else
			t->used++;
		*slot = (struct page_slot){ page, first + i + 1 };
	}
	return true;
}

/* pread or pwrite of all n bytes */
static int move_block(int fd, uint8_t *p, size_t n, uint64_t offset, bool is_write, struct err *e)
{
	for (size_t done = 0; done < n;) {
		const off_t at = (off_t)(offset + done);
		const ssize_t got = is_write ? pwrite(fd, p + done, n - done, at)
					     : pread(fd, p + done, n - done, at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_set(e, ERR_CREATE, "working on the output: %s",
				       got ? strerror(errno) : "it became shorter");
		done += (size_t)got;
	}
	return 0;
}

static int link_records(struct export *x, uint64_t total, struct err *e)
{
	struct page_table table = {};
	uint8_t *block = malloc((size_t)BLOCK_RECORDS * RECORD_BYTES);
	int rc = block && grow_table(&table) ? 0 : err_set(e, ERR_NOMEM, "out of memory");

	for (uint64_t end = total; end && !rc;) {
		const uint64_t n = end < BLOCK_RECORDS ? end : BLOCK_RECORDS;
		const size_t bytes = (size_t)n * RECORD_BYTES;
		end -= n;
		rc = move_block(x->fd, block, bytes, end * RECORD_BYTES, false, e);
		if (!rc && !link_block(&table, block, end, n))
			rc = err_set(e, ERR_NOMEM, "no memory for the table of %llu pages",
				     (unsigned long long)table.used);
		if (!rc)
			rc = move_block(x->fd, block, bytes, end * RECORD_BYTES, true, e);
	}
	free(table.slots);
	free(block);
	return rc;
}

static int run_oraclegeneral(struct export *x, struct err *e)
{
	const enum kind_id kind = x->stream->kind->id;
	const uint64_t bytes = kind == KIND_OBJECT ? 1U << OBJECT_COL_bytes : 0;
	uint64_t total = 0;

	int rc = export_each_batch(x, x->stream, 1 | bytes | pages_columns(kind), put_records,
				   &total, e);
	if (!rc)
		rc = outbuf_flush(&x->out, e);
	return rc ? rc : link_records(x, total, e);
}

const struct exporter export_requests = {
	.name = "requests",
	.summary = "time_us,object_id lines, one per page asked for",
	.kinds = page_kinds,
	.run = run_requests,
};

const struct exporter export_oracle_general = {
	.name = "oracle-general",
	.summary = "libCacheSim's binary records, one per page asked for",
	.kinds = page_kinds,
	.needs_seek = true,
	.run = run_oraclegeneral,
};
