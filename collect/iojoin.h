// SPDX-License-Identifier: MIT
/*
 * Joins block and NVMe events into one `io` row per request: submission,
 * completion, device, queue, command. nvme_setup_cmd comes just before
 * block_rq_issue of the same request on the same CPU, nvme_complete_rq before
 * block_rq_complete.
 *
 * Rows: the time is block_rq_issue where it was seen, else nvme_setup_cmd; lat
 * ends with block_rq_complete where it was seen, else with nvme_complete_rq,
 * and is NULL for requests that never complete. Rows leave in the order of
 * submission, at most REQUESTS_MAX wait. An NVMe command's LBA counts in the
 * disk's own blocks: their size is learnt from joined requests and 512 bytes
 * until then. Admin commands (queue 0) are `other` without LBA.
 *
 * A completion without submission in the recording has no row (the functions
 * return 1).
 */
#ifndef PUGMARK_COLLECT_IOJOIN_H
#define PUGMARK_COLLECT_IOJOIN_H

#include "base/err.h"
#include "store/kinds.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum iojoin_source { IOJOIN_BLOCK, IOJOIN_NVME, IOJOIN_BOTH, IOJOIN_SOURCES };

struct iojoin_context {
	uint64_t ts;
	uint32_t cpu;
	int32_t pid;
};

struct iojoin_block {
	uint16_t dev;
	uint64_t sector; /* UINT64_MAX: flush, passthrough */
	uint32_t sectors, bytes;
	char rwbs[8]; /* as the kernel writes it; need not end in 0 */
};

struct iojoin_nvme {
	uint16_t dev; /* for the row when no block event names one */
	uint32_t ctrl, nsid;
	uint16_t qid, cid;
	uint8_t opcode;
	uint64_t slba; /* reads and writes only */
	uint32_t nlb;  /* blocks, likewise */
};

struct iojoin_options {
	bool has_block_complete; /* the recording may hold block_rq_complete */
	int (*row)(void *ctx, const struct io_event *row, struct err *e);
	void *ctx;
};

struct iojoin_stats {
	uint64_t joined;      /* requests seen by both */
	uint64_t incomplete;  /* rows without completion */
	uint64_t orphans;     /* completions without submission */
	uint64_t guessed_lba; /* NVMe rows with an LBA in blocks of unknown size */
};

struct iojoin;

int iojoin_new(const struct iojoin_options *o, struct iojoin **out, struct err *e);
void iojoin_free(struct iojoin *j);

/* 0, or 1 when a completion has no submission, or negative. */
int iojoin_block_issue(struct iojoin *j, const struct iojoin_context *c,
		       const struct iojoin_block *b, struct err *e);
int iojoin_block_complete(struct iojoin *j, const struct iojoin_context *c,
			  const struct iojoin_block *b, struct err *e);
/* The issued request goes back to its queue: it has no row until it is issued again. */
int iojoin_block_requeue(struct iojoin *j, const struct iojoin_block *b, struct err *e);
int iojoin_nvme_setup(struct iojoin *j, const struct iojoin_context *c, const struct iojoin_nvme *n,
		      struct err *e);
int iojoin_nvme_complete(struct iojoin *j, const struct iojoin_context *c,
			 const struct iojoin_nvme *n, struct err *e);

/* Requests submitted before a time leave, completed or not. */
int iojoin_give_up(struct iojoin *j, uint64_t before, struct err *e);

/* Time of the oldest request that waits, or UINT64_MAX. */
uint64_t iojoin_oldest(const struct iojoin *j);

/* Gives out all rows that still wait. */
int iojoin_finish(struct iojoin *j, struct err *e);

const struct iojoin_stats *iojoin_stats(const struct iojoin *j);

#endif
