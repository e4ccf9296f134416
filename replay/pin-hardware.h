// SPDX-License-Identifier: MIT
/*
 * What a backend of sim/iopf.h asks of a pin replay besides raising faults:
 *
 *	static   all memory is pinned at the start
 *	viommu   a page is pinned while it is mapped; bringing it is a stall of the
 *		 guest's CPU in its map call, so the device meets no absent page.
 *		 What is not mapped for long (data to the device under the access
 *		 model near) is mapped for its access
 *	snoop    each request passes the host; above a rate a device is passed
 *		 through, and all memory is pinned as long as one is
 *
 * DMA rows of one device at one time are one request: a trace does not tell more.
 * Pins of the policy and of the backend are kept apart; a page that either holds
 * is pinned. Left out: the neighbours that coarse viommu designs pin.
 */
#ifndef PUGMARK_REPLAY_PIN_HARDWARE_H
#define PUGMARK_REPLAY_PIN_HARDWARE_H

#include "base/arena.h"
#include "base/err.h"
#include "replay/pin-life.h"
#include "sim/iopf.h"

#include <stdbool.h>
#include <stdint.h>

struct pin_hardware {
	struct iopf_traits traits;
	struct hostmem *host;   /* set by the owner, as are the next two */
	struct pin_life *life;  /* with time, else only its cause is set */
	const uint8_t *holders; /* by page: the policy holds it; needed when held is there */
	uint8_t *held;          /* by page: the backend holds it; NULL: it never does */
	uint32_t npages;
	bool sees_dma; /* wants to know of each: pin_hardware_before, _after */
	bool has_time;

	uint64_t held_pages, held_max;
	uint64_t maps, map_faults, map_mean_ns; /* a fault: the page had to be brought */

	uint64_t request_ns; /* of the last request */
	uint16_t request_dev;
	bool has_request, is_lent; /* lent: mapped for the present access only */
	bool is_passed[IOPF_DEVICES_MAX];
	unsigned npassed;
	uint64_t passed_since_ns, passed_ns;
};

/* iopf NULL: asks for nothing. ERR_NOMEM; ERR_FEATURE for iopf.pin_grain above 1. */
int pin_hardware_init(struct pin_hardware *h, const struct iopf_config *iopf, bool has_time,
		      uint32_t npages, struct arena *a, struct err *e);

/* Once the owner's pointers are set. */
void pin_hardware_start(struct pin_hardware *h);

static inline bool pin_hardware_holds(const struct pin_hardware *h, uint32_t page)
{
	return h->held && h->held[page];
}

void pin_hardware_map(struct pin_hardware *h, uint32_t page, uint64_t now_ns);
void pin_hardware_unmap(struct pin_hardware *h, uint32_t page, uint64_t now_ns);

/* Around an access by a device, numbered below IOPF_DEVICES_MAX. */
void pin_hardware_before(struct pin_hardware *h, uint32_t page, uint16_t dev, uint64_t now_ns);
void pin_hardware_after(struct pin_hardware *h, uint32_t page, uint64_t now_ns);

/* At least once a second of the replay. */
void pin_hardware_tick(struct pin_hardware *h, uint64_t now_ns);

void pin_hardware_end(struct pin_hardware *h, uint64_t now_ns);

#endif
