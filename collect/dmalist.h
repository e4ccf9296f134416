// SPDX-License-Identifier: MIT
/* Lists of the dma:* tracepoints that tell fewer bus ranges than physical ones. Pure. */
#ifndef PUGMARK_COLLECT_DMALIST_H
#define PUGMARK_COLLECT_DMALIST_H

#include "collect/dmajoin.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Splits nbus bus ranges by the starts of the physical ones behind them (nphys
 * numbers of 8 bytes, at least one) into segments; out has room for
 * nphys + 2 * nbus + 2. Where it is in doubt what lies where, only the first
 * page of the list is given its physical address. is_cut: the kernel told the
 * beginning of the list only. Returns the number of segments.
 */
size_t dmalist_split(struct dmajoin_segment *out, const uint8_t *phys, size_t nphys,
		     const struct dmajoin_segment *bus, size_t nbus, bool is_cut);

#endif
