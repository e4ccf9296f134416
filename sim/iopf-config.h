// SPDX-License-Identifier: MIT
/*
 * Section [iopf] of a design: which hardware detects and reports I/O page faults,
 * how long each stage of a fault's life takes, and what the host needs to do for
 * that hardware. Profiles with provenance are sim/profiles/NAME.ini, embedded.
 */
#ifndef PUGMARK_SIM_IOPF_CONFIG_H
#define PUGMARK_SIM_IOPF_CONFIG_H

#include "base/choices.h"
#include "base/err.h"
#include "base/param.h"
#include "base/quantile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum iopf_backend { IOPF_VPRI, IOPF_PRI, IOPF_SNOOP, IOPF_VIOMMU, IOPF_STATIC, IOPF_NONE };

enum iopf_stage {
	IOPF_DETECT,  /* the device sees that it may not access the page */
	IOPF_REPORT,  /* its message reaches the host (pri: and finds room in the queue) */
	IOPF_IRQ,     /* a handler reads it */
	IOPF_SCHED,   /* a server takes it: waiting in line included */
	IOPF_RESOLVE, /* swap-in, zero-fill, or nothing if it is there already */
	IOPF_MAP,     /* EPT and IOMMU entries */
	IOPF_UPDATE,  /* bitmap entry; pri: response to the group, waiting for its members included
		       */
	IOPF_RESUME,  /* the device goes on */
	IOPF_STAGES
};
extern const char *const iopf_stage_names[IOPF_STAGES + 1]; /* "detect", ..., NULL */
extern const char *const iopf_backend_names[];              /* "vpri", ..., NULL */

enum iopf_service { IOPF_POOL, IOPF_VCPU }; /* one line for k servers; a line per server */
enum iopf_join { IOPF_JOIN_PAGE, IOPF_JOIN_REGION };
enum iopf_head { IOPF_HEAD_EACH, IOPF_HEAD_BATCH };

/* Section [iopf]. Times that a backend has no use for are 0 in its profile. */
struct iopf_config {
	int backend; /* enum iopf_backend */
	struct dist stage[IOPF_STAGES];
	struct dist lookup; /* of the device, for each DMA that does not fault */

	int service;        /* enum iopf_service */
	uint64_t servers;   /* threads of the pool, or vCPUs */
	bool holds_server;  /* while the page is brought in */
	int join;           /* enum iopf_join */
	uint64_t slots;     /* faults open at a time, joined ones included */
	uint64_t functions; /* of the VM: each has its bitmap, or its device TLB */

	/* vpri */
	uint64_t batch_entries;  /* bitmap updates written at once */
	struct dist batch_extra; /* host time for each entry after the first of a batch */

	/* pri */
	uint64_t prq_entries, prq_group_pages, device_requests;
	int prq_head;          /* enum iopf_head: when entries are given back */
	struct dist prq_entry; /* handler's time for one entry */
	struct dist prq_retry; /* device's pause after a full queue */
	uint64_t prq_retries;  /* then FAILED */
	bool is_vf;            /* virtual function: never told FAILURE, which would end PRI */
	struct dist tlb_invalidate;

	/* snoop */
	struct dist request_cost;       /* host CPU for each I/O request */
	uint64_t passthrough_iops;      /* from here on requests are not snooped; 0: always */
	uint64_t passthrough_window_ns; /* over which requests are counted */

	/* viommu */
	struct dist map_cost;     /* guest exit and pinning for each map */
	uint64_t pin_grain_pages; /* pinned around a mapped page */
};

extern const struct param iopf_params[];
extern const size_t iopf_nparams;

/* The backends with a profile. */
void iopf_backends(struct choices *c);

/*
 * The embedded profile of a backend ("vpri", ...) into a set that has
 * iopf_params: read it first, then the user's design, then --set.
 */
int iopf_read_profile(struct param_set *s, const char *backend, struct err *e);

/* What the engine must do for a backend besides raising faults. */
struct iopf_traits {
	bool can_fault;     /* false: no page may be absent, or DMA to it fails */
	bool pins_all;      /* static */
	bool pins_on_map;   /* viommu: pin, bringing in, at map; unpin at unmap */
	bool has_bitmap;    /* report residency changes: iopf_residency */
	bool has_tlb;       /* likewise: an invalidation each */
	bool sees_requests; /* snoop: iopf_request for each I/O */
};
struct iopf_traits iopf_traits(int backend);

enum { IOPF_DEVICES_MAX = 256, IOPF_SERVERS_MAX = 4096 };

/*
 * Bytes of the bitmap: 2 bits an entry of the span, for each (VM, function). An
 * entry is a 4 KiB page, or entry_bytes where all backing is huge (2 MiB: 1/512).
 */
uint64_t iopf_bitmap_bytes(uint64_t span_bytes, uint64_t functions);
uint64_t iopf_bitmap_bytes_of(uint64_t span_bytes, uint64_t entry_bytes, uint64_t functions);

#endif
