// SPDX-License-Identifier: MIT
/*
 * One configuration of a pin replay: a host memory of its own, a policy that
 * pins some of it, and the counts. Fed with blocks of events in time order;
 * shares nothing with other configurations but what is const.
 *
 * This header knows no traces: what reads them is replay/pin-feed.h.
 */
#ifndef PUGMARK_REPLAY_PIN_CELL_H
#define PUGMARK_REPLAY_PIN_CELL_H

#include "base/err.h"
#include "base/param.h"
#include "base/quantity.h"
#include "policies/pinning.h"
#include "replay/pin-tally.h"
#include "sim/consequence.h"
#include "sim/hostmem.h"
#include "sim/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pin_event_kind {
	PIN_DMA,
	PIN_CPU,        /* by the trace */
	PIN_BACKGROUND, /* by the declared load */
	PIN_MAP,        /* the first live mapping of the page begins */
	PIN_RELEASE,    /* the last one ends */
};

struct pin_event {
	uint64_t ts_ns;
	uint32_t page;
	uint16_t dev; /* UINT16_MAX: not known, or not a device */
	uint8_t kind; /* enum pin_event_kind */
	bool is_write;
};

struct pin_block {
	struct pin_event *events;
	size_t n;
};

/* Where the CPU's touches come from. cold and touched are scenarios, not bounds. */
enum pin_companion {
	PIN_BY_TRACE,
	PIN_BY_BACKGROUND, /* the declared load */
	PIN_BY_COLD,       /* the CPU touches nothing */
	PIN_BY_TOUCHED,    /* the CPU touches each page right after the device */
	PIN_COMPANIONS
};
extern const char *const pin_companion_names[]; /* NULL at the end */

enum pin_class { PIN_NIC, PIN_BLOCK, PIN_OTHER, PIN_CLASSES };
extern const char *const pin_class_names[]; /* "nic", "block", "other", NULL */

struct iopf_config;
struct pin_uses;
struct pin_log;
struct pin_pulses;
struct swap_config;

enum pin_lists { PIN_LISTS_SHARED, PIN_LISTS_DEVICE };

/* frozen: pages are swapped out when they were without pins; a pin only covers its page. */
enum pin_residency { PIN_LIVE, PIN_FROZEN };

/* timed: faults live through stages and pages through the swap station; instant: no time. */
enum pin_faults { PIN_TIMED, PIN_INSTANT };

/* Section [pin], the part that is not of one policy. */
struct pin_params {
	int lists;         /* enum pin_lists, of the replacement policies */
	int residency;     /* enum pin_residency; frozen is always instant */
	int faults;        /* enum pin_faults */
	uint64_t epoch_ns; /* between two ticks of a policy */
	bool is_populated; /* at the start all memory of the VM is resident */
};
extern const struct param pin_params[];
extern const size_t pin_nparams;

/* Counts of one class of devices. */
struct pin_counts {
	uint64_t dma_pages; /* page accesses */
	uint64_t first;     /* of them, of pages that were never in memory: no IOPF */
	uint64_t done, failed, joined;
	uint64_t minor;           /* of done: the page was in memory, but not mapped (swap cache) */
	uint64_t max_1s, max_10s; /* IOPFs in a second, ten seconds of the trace's clock */
	uint64_t seconds_over[PIN_RATES]; /* with more IOPFs than pin_rates_per_s */
	uint64_t first_half;              /* IOPFs before shared.middle_ns */
};

static inline uint64_t pin_iopf(const struct pin_counts *c)
{
	return c->done + c->failed + c->joined;
}

/* What the guest's I/O suffers, of the first `faults` IOPFs, in span_ns: replay/pin-consequence.h
 */
struct pin_consequence {
	uint64_t faults, span_ns;
	uint64_t stalled_ns[PIN_CLASSES]; /* devices stood still: a sum over them */
	uint64_t nic_gap_ns;              /* longest time in which a NIC received nothing */
	uint64_t nic_stall_ns;            /* longest stall of a TCP flow */
	uint64_t nic_drops, nic_flows[NIC_RECOVERIES];
	uint64_t block_base_ns[CONSEQUENCE_QUANTILES], block_ns[CONSEQUENCE_QUANTILES];
};

struct pin_result {
	/* of a trace with a share of all pages: what the IOPFs of the total were counted from */
	uint64_t kept_ppm, kept_iopf, kept_squares; /* base/cluster.h */
	struct pin_counts by_class[PIN_CLASSES], total;
	struct hostmem_counts host;        /* at the end */
	uint64_t pinned_pages, pinned_max; /* by the policy: at the end, and at most */
	uint64_t pinned_p99;               /* of the seconds of the trace's clock */
	uint64_t pinned_mean_ppm;          /* of the VM, over the time of the accesses */
	uint64_t cold_pages,
		forced_pages;  /* swapped out at the end: idle for [memory] age, or not */
	uint64_t pins_refused; /* beyond the budget */

	/* timed only: from the access until the device may go on, of done faults */
	uint64_t fault_p50_ns, fault_p99_ns, fault_max_ns;
	uint64_t bitmap_updates, bitmap_writes;
	uint64_t service_ns; /* CPU of the host for faults, bitmap, device TLB and requests */
	uint64_t update_ns;  /* of it: bitmap and device TLB as pages come and go */
	uint64_t tlb_invalidations;
	uint64_t requests, requests_passed; /* snoop: seen, and not looked at */
	uint64_t passed_ns;                 /* some device was passed through */
	uint64_t backend_pinned_max;        /* pages: static, viommu, snoop */
	uint64_t maps, map_faults, map_ns; /* viommu: of pages; their page had to come; guest CPU */
	uint64_t cpu_stall_ns;             /* the guest's CPUs waited for their major faults */
	struct pin_consequence effect;     /* when the run was asked for it */
};

/* One configuration and, after the run, its result. */
struct pin_job {
	const struct policy *policy;
	const void *policy_params; /* for policy_setup.params */
	const struct policy_map
		*map;           /* likewise, of a policy that needs one: its pages are the budget */
	struct quantity budget; /* pages, or a share of the VM */
	uint64_t overcommit_ppm; /* below 10^6 */
	enum pin_companion companion;
	const struct iopf_config *iopf; /* instead of the shared one; NULL: that */
	struct pin_pulses *pulses;      /* likewise its state by the second; NULL: nobody asks */
	struct pin_log *log;   /* its faults, initialised by the caller; NULL: nobody asks */
	uint64_t budget_pages; /* set by the run */
	struct pin_result result;
};

/* What all configurations of a run share. */
struct pin_shared {
	struct hostmem_config memory;   /* all but vm_pages, npages, limit_pages */
	const struct iopf_config *iopf; /* NULL: instant */
	const struct swap_config *swap;
	struct pin_params params;
	struct hostmem_pool *pool; /* that the VM is in; NULL: none */
	struct swap *station; /* shared with other VMs, instead of one as `swap` says; or NULL */
	uint64_t offset_ns;   /* the VM's time 0 on the clock of both */
	const bool *stop;     /* see pin_cell_run; NULL: nobody stops it */
	struct limits limits; /* by time; before the first one the job's overcommit tells it */
	uint32_t vm_pages;
	const uint8_t *class_of_dev; /* enum pin_class, by all 65,536 device numbers */
	const uint8_t *list_of_dev;  /* numbers the devices that use memory, likewise */
	unsigned nlists;             /* of a replacement policy; 1: all devices share it */
	uint64_t seed;
	uint64_t middle_ns;          /* of the trace: where its second half begins */
	const struct pin_uses *uses; /* complete when the run ends */
};

struct pin_cell;

/* Shared, job and hindsight (NULL: none is needed) are borrowed until free. */
int pin_cell_new(const struct pin_shared *shared, struct pin_job *job,
		 const struct policy_hindsight *hindsight, struct pin_cell **out, struct err *e);
void pin_cell_free(struct pin_cell *c);

/*
 * From the start on notes each IOPF and when its page had left; after the run
 * pin_cell_hindsight hands that over (pin_hindsight_free releases it).
 */
int pin_cell_record(struct pin_cell *c, struct err *e);
int pin_cell_hindsight(struct pin_cell *c, struct policy_hindsight *out, struct err *e);

/*
 * How many events of the block were run: all, unless shared.stop is there. Then
 * it ends behind an event that set it, and before one at whose time something is
 * due: the owner brings the VMs that share something to that time first, in the
 * order of what is due.
 */
size_t pin_cell_run(struct pin_cell *c, const struct pin_block *b);

/* All that time does up to then: for an owner of several, one of which has an event then. */
void pin_cell_advance(struct pin_cell *c, uint64_t now_ns);

/* Another VM takes pages of it: what follows from that begins now, at the earliest. */
void pin_cell_catch_up(struct pin_cell *c, uint64_t now_ns);

/* In a pool: who is to be told before other VMs take pages of it, hence calls catch_up. */
void pin_cell_place(struct pin_cell *c, void (*before)(void *ctx, struct ns now), void *ctx);

/* When time does something next; of pages and faults on their way alone. UINT64_MAX: never. */
uint64_t pin_cell_due_ns(const struct pin_cell *c);
uint64_t pin_cell_life_due_ns(const struct pin_cell *c);

/* Pages and faults on their way, up to then; nothing else. */
void pin_cell_advance_life(struct pin_cell *c, uint64_t now_ns);

/* Its swap station; NULL: its faults take no time. */
const struct swap *pin_cell_swap(const struct pin_cell *c);

/* IOPFs so far. */
uint64_t pin_cell_raised(const struct pin_cell *c);

/* Fills the job's result; ERR_BUG when its books do not balance. */
int pin_cell_end(struct pin_cell *c, struct err *e);

/* (1 - overcommit) of the VM, rounded up, at least a page. */
uint64_t pin_limit_pages(uint64_t vm_pages, uint64_t overcommit_ppm);

#endif
