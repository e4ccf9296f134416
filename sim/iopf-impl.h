// SPDX-License-Identifier: MIT
/* Private to sim/iopf*.c: the state of a run, and the steps that iopf.c and iopf-prq.c share. */
#ifndef PUGMARK_SIM_IOPF_IMPL_H
#define PUGMARK_SIM_IOPF_IMPL_H

#include "sim/iopf.h"

enum { IOPF_NIL = UINT32_MAX }; /* no slot, no group */

struct iopf_list {
	uint32_t head, tail, n;
};

/* A slot waits in one list at a time, through next. */
struct iopf_slot {
	struct iopf_fault fault;
	uint64_t key; /* what joins: VM and page or region */
	uint32_t next;
	struct iopf_list joined; /* wait for this one */
	uint32_t group;
	uint8_t stage; /* enum iopf_stage */
	bool is_used;
	bool is_keyed;               /* in the table of pages on their way */
	bool is_failed;              /* goes on to tell the device so */
	bool has_server, is_counted; /* counted: among its device's requests */
	struct ns served_from;
};

struct iopf_line {
	struct iopf_list waiting;
	uint64_t idle; /* servers */
};

struct iopf_group {
	uint32_t left; /* members not mapped yet; of a free group: the next free one */
	struct iopf_list mapped;
};

struct iopf_device {
	struct iopf_list waiting; /* for room among the device's requests */
	uint64_t requests;
	bool is_pri_off;

	uint64_t window_start_ns, window_requests; /* snoop */
	bool is_passed;
};

struct iopf {
	struct iopf_config c;
	struct iopf_hooks hooks;
	struct evq *q;
	struct iopf_counts counts;

	struct quantile stage[IOPF_STAGES];
	struct rng stage_rng[IOPF_STAGES];
	struct quantile batch_extra, prq_entry, prq_retry, tlb_invalidate, request_cost;
	struct rng bitmap_rng, prq_rng, tlb_rng, request_rng;
	struct hist stage_hist[IOPF_STAGES], total_hist;

	struct iopf_slot *slots;
	uint32_t free_slot;
	uint32_t *table; /* of slots, by key; linear probing */
	uint64_t table_mask;

	struct iopf_line *lines;
	uint64_t nlines;
	struct iopf_device devices[IOPF_DEVICES_MAX];
	uint64_t in_batch; /* bitmap entries of the batch being filled */

	/* page-request queue */
	struct iopf_group *groups;
	uint32_t free_group;
	struct iopf_list prq; /* written, not read */
	uint64_t prq_used;    /* written, not given back */
	uint64_t prq_batch;   /* entries of the batch in hand */
	bool is_handler_awake;
};

void iopf_list_push(struct iopf *f, struct iopf_list *l, uint32_t id);
uint32_t iopf_list_pop(struct iopf *f, struct iopf_list *l); /* IOPF_NIL when empty */

/* Ends the stage that the fault is in and enters the next. */
void iopf_step(struct iopf *f, uint32_t id, struct ns now);

/* The stage's work ends after ns; iopf_step follows. */
void iopf_post_step(struct iopf *f, uint32_t id, struct ns now, uint64_t after_ns);

/* The fault ends now, DONE or FAILED, and with it what joined it. */
void iopf_end(struct iopf *f, uint32_t id, enum iopf_outcome outcome, struct ns now);

uint64_t iopf_draw(struct iopf *f, enum iopf_stage s);

/* ---- iopf-prq.c: what pri does otherwise ---- */

int iopf_prq_init(struct iopf *f, struct arena *a);
uint32_t iopf_group_open(struct iopf *f, uint32_t members);
void iopf_prq_report(struct iopf *f, uint32_t id, struct ns now);   /* enters IOPF_REPORT */
void iopf_prq_wait(struct iopf *f, uint32_t id, struct ns now);     /* enters IOPF_IRQ */
void iopf_prq_respond(struct iopf *f, uint32_t id, struct ns now);  /* enters IOPF_UPDATE */
void iopf_prq_answered(struct iopf *f, uint32_t id, struct ns now); /* leaves IOPF_UPDATE */

/* A member leaves its group without having been mapped. */
void iopf_group_leave(struct iopf *f, uint32_t id, struct ns now);

#endif
