// SPDX-License-Identifier: MIT
/* Scatter lists with merged segments: which physical page lies behind which bus address. */
#include "collect/dmalist.h"

#include "base/bytes.h"
#include "base/units.h"

enum { SEGMENTS_MAX = 1 << 14 };

/*
 * Physical ranges behind bus ranges: the IOMMU merged several of the first
 * into one of the second, and the kernel tells their starts only. A range
 * inside a merged one ends at a page's end, so the split is known when each is
 * one page, which is checked. Returns the segments; SIZE_MAX: on doubt.
 */
static size_t split_exactly(struct dmajoin_segment *out, const uint8_t *phys, size_t nphys,
			    const struct dmajoin_segment *bus, size_t nbus, bool is_cut)
{
	size_t n = 0, j = 0;
	for (size_t i = 0; i < nbus; i++) {
		uint64_t at = bus[i].dma_addr, left = bus[i].len;
		for (; left && j < nphys && n < SEGMENTS_MAX; j++, n++) {
			const uint64_t p = le64_get(phys + 8 * j);
			const uint64_t room = PAGE_BYTES - (p & (PAGE_BYTES - 1));
			const uint64_t len = left < room ? left : room;
			if ((p ^ at) & (PAGE_BYTES - 1))
				return SIZE_MAX;
			out[n] = (struct dmajoin_segment){ at, len, p, false };
			at += len;
			left -= len;
		}
		if (left)
			return SIZE_MAX;
	}
	return j == nphys || is_cut ? n : SIZE_MAX;
}

size_t dmalist_split(struct dmajoin_segment *out, const uint8_t *phys, size_t nphys,
		     const struct dmajoin_segment *bus, size_t nbus, bool is_cut)
{
	size_t n = split_exactly(out, phys, nphys, bus, nbus, is_cut);
	if (n != SIZE_MAX)
		return n;
	n = 0;
	for (size_t i = 0; i < nbus; i++) {
		uint64_t first = 0;
		if (!i) {
			const uint64_t p = le64_get(phys);
			first = PAGE_BYTES - (p & (PAGE_BYTES - 1));
			first = bus[0].len < first ? bus[0].len : first;
			out[n++] = (struct dmajoin_segment){ bus[0].dma_addr, first, p, false };
		}
		if (bus[i].len > first)
			out[n++] = (struct dmajoin_segment){ bus[i].dma_addr + first,
							     bus[i].len - first, DMAJOIN_NO_PHYS,
							     false };
	}
	return n;
}
