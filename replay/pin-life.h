// SPDX-License-Identifier: MIT
/*
 * Time in a pin replay: I/O page faults live as sim/iopf.h says, and pages come
 * and go through the swap station (sim/swap.h) that faults of devices and CPU,
 * readahead, pins and writeback share. A page is read once: a fault on a page
 * that somebody else has asked for waits for that read.
 *
 * A fault of the CPU loads the station but is over at once: recordings tell
 * the CPU's touches by period, many at one time, and each had to wait for the
 * one before.
 *
 * Left out: what a fault does to the accesses behind it; their times are those
 * of the trace.
 */
#ifndef PUGMARK_REPLAY_PIN_LIFE_H
#define PUGMARK_REPLAY_PIN_LIFE_H

#include "base/arena.h"
#include "base/err.h"
#include "sim/hostmem.h"
#include "sim/iopf.h"
#include "sim/swap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who touches or pins at present, set by the owner before it asks hostmem for a page. */
enum pin_cause { PIN_CAUSE_DMA, PIN_CAUSE_CPU, PIN_CAUSE_PIN };

struct pin_life {
	enum pin_cause cause;
	uint64_t event_ns; /* time of the present event, set by the owner */
	uint64_t due_ns;   /* something happens at this time; UINT64_MAX: nothing is on its way */
	uint64_t cpu_stall_ns; /* major faults of the CPU, from the touch to the end of the read */
	struct hostmem *host;  /* set by the owner once it is made with the hooks below */

	struct evq q;
	struct iopf *iopf;
	struct swap *swap;
	uint64_t swap_ahead_ns; /* of the clock of a station that several share */
	bool is_swap_shared;
	enum hostmem_tier tier;
	struct iopf_traits traits;
	/* by unit of host memory: reads that no fault of ours is alone in waiting for; arena */
	uint8_t *is_read;
	struct pin_waiting *waiting; /* faults for pages that others read */
	size_t nwaiting, waiting_cap;
	struct pin_late *late; /* is over at the next step */
	size_t nlate, late_at, late_cap;
	bool is_in_fault, has_failed;

	void (*ended)(void *ctx, const struct iopf_fault *f);
	void *ctx;
};

/*
 * swap NULL: the owner then gives a station that several share, to be told of in
 * order of time. ended: a fault of ours is done, failed or joined; its page has
 * been brought.
 */
int pin_life_init(struct pin_life *l, const struct iopf_config *iopf,
		  const struct swap_config *swap, int tier, uint32_t npages, uint64_t seed,
		  struct arena *a, struct err *e);
void pin_life_deinit(struct pin_life *l);

/* Of struct hostmem_hooks, with ctx the pin_life. */
void pin_life_pae_set(void *ctx, uint32_t page, struct ns now);
void pin_life_pae_clear(void *ctx, uint32_t page, struct ns now);
void pin_life_swap_in(void *ctx, uint32_t page, uint32_t slot, bool is_readahead, struct ns now);
void pin_life_swap_out(void *ctx, uint32_t page, uint32_t slot, struct ns now);

/* All that happens up to and including a time. */
void pin_life_run(struct pin_life *l, uint64_t until_ns);

/* After a touch by the CPU: its own reads are over, because it waits for them. */
void pin_life_settle(struct pin_life *l);

/* A device, numbered below IOPF_DEVICES_MAX, met an absent page; the tag comes back at the end. */
void pin_life_raise(struct pin_life *l, uint32_t page, uint16_t dev, uint16_t queue, uint64_t tag,
		    uint64_t now_ns);

/* Until nothing is on its way. ERR_NOMEM, ERR_BUG. */
int pin_life_finish(struct pin_life *l, struct err *e);

#endif
