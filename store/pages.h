// SPDX-License-Identifier: MIT
/*
 * The 4 KiB pages that a row asks for, as one ascending range: the one rule by
 * which rows become page requests (cache, export --format requests).
 *
 *	object	obj .. obj + npages - 1
 *	io	floor(lba * 512 / 4096) .. floor((lba * 512 + bytes - 1) / 4096);
 *		flush and discard move no data and ask for none. Blocks of
 *		different devices are different pages: the device goes into
 *		bits 48 to 63, which addresses below 2^60 bytes leave free
 *	dma	pfn .. pfn + npages - 1; unmap and free ask for none
 *	mem	the pages of va .. va + bytes - 1
 *	others	their pfn and npages, where they have them
 *
 * A range that would pass the end of the numbers is cut there.
 */
#ifndef PUGMARK_STORE_PAGES_H
#define PUGMARK_STORE_PAGES_H

#include "base/units.h"
#include "store/trace.h"

struct row_pages {
	uint64_t first;
	uint64_t count; /* 0: none */
};

static inline struct row_pages pages_range(uint64_t first, uint64_t count)
{
	const uint64_t room = UINT64_MAX - first; /* pages after the first */
	return (struct row_pages){ first, count && count - 1 > room ? room + 1 : count };
}

static inline struct row_pages pages_of_io(uint8_t op, uint64_t lba, uint64_t bytes)
{
	enum { BLOCKS_SHIFT = 3 }; /* 8 blocks of 512 bytes are a page */
	if (op == IO_FLUSH || op == IO_DISCARD || lba == UINT64_MAX || !bytes)
		return (struct row_pages){};

	const uint64_t within = (lba & 7) * BLOCK_BYTES;
	uint64_t last;
	if (__builtin_add_overflow(within, bytes - 1, &last))
		last = UINT64_MAX;
	return (struct row_pages){ lba >> BLOCKS_SHIFT, (last >> PAGE_SHIFT) + 1 };
}

static inline struct row_pages pages_of_dma(uint8_t op, uint64_t pfn, uint64_t npages)
{
	if (op == DMA_UNMAP || op == DMA_FREE || pfn == UINT64_MAX)
		return (struct row_pages){};
	return pages_range(pfn, npages);
}

enum { PAGES_DEVICE_SHIFT = 48 };

/* Whether a kind has such pages, and the columns that pages_of_row reads. */
static inline uint64_t pages_columns(enum kind_id kind)
{
#define BIT(c) (UINT64_C(1) << (c))
	const struct kind *k = &kinds[kind];
	switch (kind) {
	case KIND_IO:
		return BIT(IO_COL_dev) | BIT(IO_COL_op) | BIT(IO_COL_lba) | BIT(IO_COL_bytes);
	case KIND_DMA:
		return BIT(DMA_COL_op) | BIT(DMA_COL_pfn) | BIT(DMA_COL_npages);
	case KIND_MEM:
		return BIT(MEM_COL_va) | BIT(MEM_COL_bytes);
	default:
		return (k->pfn >= 0 ? BIT(k->pfn) : 0) | (k->npages >= 0 ? BIT(k->npages) : 0);
	}
#undef BIT
}

static inline struct row_pages pages_of_any(const struct batch *b, uint32_t row)
{
	const struct kind *k = b->kind;
	if (k->pfn < 0)
		return (struct row_pages){};

	const uint64_t first = batch_u64(b, (unsigned)k->pfn)[row];
	if (k->columns[k->pfn].is_nullable && first == UINT64_MAX)
		return (struct row_pages){};
	return pages_range(first, k->npages >= 0 ? batch_u32(b, (unsigned)k->npages)[row] : 1);
}

static inline struct row_pages pages_of_row(const struct batch *b, uint32_t row)
{
	struct row_pages p;
	switch (b->kind->id) {
	case KIND_IO:
		p = pages_of_io(batch_u8(b, IO_COL_op)[row], batch_u64(b, IO_COL_lba)[row],
				batch_u64(b, IO_COL_bytes)[row]);
		p.first ^= (uint64_t)batch_u16(b, IO_COL_dev)[row] << PAGES_DEVICE_SHIFT;
		return p;
	case KIND_DMA:
		return pages_of_dma(batch_u8(b, DMA_COL_op)[row], batch_u64(b, DMA_COL_pfn)[row],
				    batch_u32(b, DMA_COL_npages)[row]);
	case KIND_MEM: {
		const uint64_t va = batch_u64(b, MEM_COL_va)[row];
		return (struct row_pages){ va >> PAGE_SHIFT,
					   span_pages(va, batch_u32(b, MEM_COL_bytes)[row]) };
	}
	default:
		return pages_of_any(b, row);
	}
}

#endif
