// SPDX-License-Identifier: MIT
/*
 * The life of an I/O page fault (research/iopf.md section 3):
 *
 *	detect -> report -> irq -> sched -> resolve -> map -> update -> resume
 *
 * Each stage is a distribution; waiting for a server, for room in a page-request
 * queue or for the rest of a group lies in the stage that waits, so the stages
 * sum to the whole exactly. A fault ends DONE, FAILED or JOINED (the page was
 * on its way for another fault). A design is section [iopf] of an INI file;
 * profiles with provenance are in sim/profiles/, embedded.
 *
 *	vpri     bitmap on the device, sideband report          VPRI, SOSP'24 slides
 *	pri      device TLB, page-request queue, groups         PCIe ATS+PRI, VT-d driver
 *	snoop    software sees each request before the device   VIO OSDI'25, IOGuard '24
 *	viommu   pages are pinned when the guest maps them      coIOMMU, ATC'20
 *	static   everything pinned at start: no fault           VFIO today
 *	none     DMA to an absent page is an error
 *
 * Left out: contents of messages, PCIe bandwidth, power states; what the fault
 * does to the I/O behind it is sim/block.h and sim/nic.h.
 *
 * Use: iopf_new, then for each access in time order evq_run_until(q, t) and, for
 * what hostmem says is absent, iopf_raise. The queue needs room for two events
 * a slot. All memory is the arena's, none is taken per fault.
 */
#ifndef PUGMARK_SIM_IOPF_H
#define PUGMARK_SIM_IOPF_H

#include "base/arena.h"
#include "base/err.h"
#include "base/hist.h"
#include "base/units.h"
#include "sim/evq.h"
#include "sim/iopf-config.h"

#include <stdbool.h>
#include <stdint.h>

enum iopf_outcome { IOPF_OPEN, IOPF_DONE, IOPF_FAILED, IOPF_JOINED };

/* ---- a run ---- */

struct iopf_fault {
	uint32_t vm, page;
	uint16_t dev, queue;
	struct ns at[IOPF_STAGES + 1]; /* at[s] .. at[s + 1] is stage s; the last is the end */
	uint64_t wait_ns;              /* of IOPF_SCHED: in line */
	uint64_t tag;                  /* of the request */
	uint32_t id;                   /* names the fault while it is open */
	uint16_t retries;
	uint8_t outcome; /* enum iopf_outcome */
};

/* Answers of the resolve hook besides a duration. */
#define IOPF_LATER   UINT64_MAX       /* iopf_resolved will say */
#define IOPF_REFUSED (UINT64_MAX - 1) /* there is no such page: FAILED */

struct iopf_hooks {
	void *ctx;
	/* Bring the page: ns until it is there. NULL: drawn from the stage's distribution. */
	uint64_t (*resolve)(void *ctx, const struct iopf_fault *f, struct ns now);
	/* The fault has ended, also one that never had a slot; f is valid during the call. */
	void (*done)(void *ctx, const struct iopf_fault *f);
	/* The 2 MiB region of a page, for join = region. */
	uint32_t (*region)(void *ctx, uint32_t vm, uint32_t page);
};

struct iopf_counts {
	uint64_t raised, done, failed, joined; /* raised = done + failed + joined + open */
	uint64_t open, open_max;
	uint64_t no_slot; /* of failed: more faults open than slots */
	uint64_t server_busy_ns, line_max;
	/* CPU of the host: sched without the line, map, and what reads and answers page requests */
	uint64_t service_ns;
	uint64_t prq_requests, prq_overflow, prq_groups, prq_batches, prq_used_max;
	uint64_t pri_off; /* of failed: the function was told FAILURE before (not on a VF) */
	uint64_t bitmap_updates, bitmap_writes, bitmap_ns; /* writes: batches */
	uint64_t tlb_invalidations, tlb_ns;
	uint64_t requests, requests_passed, request_ns, passthrough_switches;
};

struct iopf;

/* rng streams are seeded by (seed, stage). hooks may be NULL, else it is copied. */
int iopf_new(const struct iopf_config *c, const struct iopf_hooks *hooks, struct evq *q,
	     uint64_t seed, struct arena *a, struct iopf **out, struct err *e);

/*
 * A DMA request of a device met absent pages (numbers within the VM). pri asks
 * for them in groups that are answered together; the others fault on each.
 * Hooks may be called before this returns.
 */
struct iopf_request {
	uint32_t vm;
	uint16_t dev; /* below IOPF_DEVICES_MAX */
	uint16_t queue;
	const uint32_t *pages;
	uint32_t npages;
	uint64_t tag; /* the caller's, handed back with each of its faults */
};
void iopf_raise(struct iopf *f, const struct iopf_request *r);

/* A fault on this page (or region) is open: another one would join it. */
bool iopf_is_on_its_way(const struct iopf *f, uint32_t vm, uint32_t page);

/* After IOPF_LATER: the page is there, or (false) cannot be had. */
void iopf_resolved(struct iopf *f, uint32_t id, bool is_there);

/*
 * A page's residency changed other than by a fault of ours (swap-out, CPU fault,
 * readahead, pin): bitmap update or device-TLB invalidation, charged to the host.
 */
void iopf_residency(struct iopf *f, uint32_t vm, uint32_t page, bool is_present);

/* snoop: an I/O request passes. Returns host ns spent on it, 0 when passed through. */
uint64_t iopf_request(struct iopf *f, uint16_t dev, struct ns now);

/* snoop: time passes without a request of the device; call it now and then while it is passed
 * through. */
void iopf_no_request(struct iopf *f, uint16_t dev, struct ns now);

/* snoop: true while the device is passed through, and all its memory has to stay. */
bool iopf_is_passed_through(const struct iopf *f, uint16_t dev);

const struct iopf_counts *iopf_counts(const struct iopf *f);

/* Durations of one stage, and from raised to end, of DONE faults. */
const struct hist *iopf_stage_hist(const struct iopf *f, enum iopf_stage s);
const struct hist *iopf_total_hist(const struct iopf *f);

/* ERR_BUG when the counts do not add up. */
int iopf_check(const struct iopf *f, struct err *e);

#endif
