// SPDX-License-Identifier: MIT
/*
 * Kernel tracepoints to rows: records of any source (trace.dat, perf.data, a
 * live ring) are decoded by the offsets of their format files and joined
 * (dmajoin, iojoin). No string is looked at per event but the device's name,
 * which is found by its bytes.
 *
 *	dma:*, iommu:map, iommu:unmap             dma rows
 *	block:block_rq_issue, block_rq_complete,
 *	nvme:nvme_setup_cmd, nvme_complete_rq     io rows
 *	exceptions:page_fault_user, _kernel       fault rows
 *	intel_iommu:prq_report, qi_submit,
 *	iommu:io_page_fault                       iopf rows
 *	filemap:mm_filemap_add_to_page_cache      dma rows, where asked for
 *	vmscan:mm_vmscan_write_folio              swap rows, likewise
 *	any other                                 counted as filtered
 *
 * Stored means: is in a row, alone or joined with another event. Filtered are
 * also completions of requests submitted before the recording. A device is
 * "nvme", "nic" or "block" where its mappings follow nvme_setup_cmd,
 * net_dev_start_xmit or block_rq_issue in the same context, which takes a
 * first pass over (part of) the records: `learnt`. The same pass finds devices
 * for which no IOMMU translates; bus addresses of their coherent memory, which
 * comes without physical address, are then taken as physical, under a source of
 * its own ("dma-direct").
 */
#ifndef PUGMARK_COLLECT_TRACEPOINT_H
#define PUGMARK_COLLECT_TRACEPOINT_H

#include "base/err.h"
#include "collect/evformat.h"
#include "store/kinds.h"
#include "store/trace-writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TRACEPOINT_NAME_BYTES = 2 * EVFORMAT_NAME_BYTES };

/* Where rows go; times of rows are those of the records. Functions may be NULL: nothing is kept. */
struct tracepoint_sink {
	void *ctx;
	int (*dma)(void *ctx, const struct dma_event *row, struct err *e);
	int (*io)(void *ctx, const struct io_event *row, struct err *e);
	int (*fault)(void *ctx, const struct fault_event *row, struct err *e);
	int (*iopf)(void *ctx, const struct iopf_event *row, struct err *e);
	int (*swap)(void *ctx, const struct swap_event *row, struct err *e);
	/* asked once for each device and source that has a row */
	int (*device)(void *ctx, const struct trace_device *d, uint16_t *dev_out, struct err *e);
	int (*source)(void *ctx, const char *name, const char *coverage, uint16_t *source_out,
		      struct err *e);
};

struct tracepoints;

struct tracepoint_options {
	enum address_space as; /* of physical addresses */
	uint64_t mappings_max; /* live at a time, bounds memory */
	/*
	 * Of a first pass over the same records: which events there are and what
	 * devices are. NULL: every event may come, devices are "other".
	 */
	const struct tracepoints *learnt;
	bool learnt_all; /* the first pass saw every record */
	/* live: no first pass, but it is known what is not recorded at all */
	bool without_dma, without_iommu, without_block_complete;
	/* filemap:* and vmscan:* make rows, which come at once and not behind waiting ones */
	bool with_memory;
	uint64_t dma_hold_ns; /* how long a DMA event waits for its partner; 0: 10 s */
	struct tracepoint_sink sink;
};

int tracepoints_new(const struct tracepoint_options *o, struct tracepoints **out, struct err *e);
void tracepoints_free(struct tracepoints *t);

/* Announces the tracepoint system:f->name with the number f->id; the first of a number counts. */
int tracepoints_add(struct tracepoints *t, const char *system, const struct evformat *f,
		    struct err *e);

/* What a first pass over further records found of devices; those with a row stay as they are. */
void tracepoints_learn(struct tracepoints *t, const struct tracepoints *learnt);

/* Decodes one record, in order of time; the number is its first field, common_type. */
int tracepoints_event(struct tracepoints *t, uint64_t ts, uint32_t cpu, const uint8_t *rec,
		      size_t n, struct err *e);

/*
 * Live: time has come to now. DMA rows wait dma_hold_ns at most, requests
 * io_hold_ns for their completion.
 */
int tracepoints_advance(struct tracepoints *t, uint64_t now, uint64_t io_hold_ns, struct err *e);

/* Rows of a kind that are still to come are not older; UINT64_MAX: none waits. */
uint64_t tracepoints_oldest(const struct tracepoints *t, unsigned kind);

/* Gives out all rows that wait for a partner. */
int tracepoints_finish(struct tracepoints *t, struct err *e);

/* Counters of a whole pass beside those of each tracepoint. */
struct tracepoint_stats {
	uint64_t rows;           /* of all kinds */
	uint64_t unknown_device; /* rows of iommu:* without dma:* */
	uint64_t unknown_unmaps; /* of something mapped before the recording */
	uint64_t untracked;      /* mappings beyond mappings_max */
	uint64_t late;           /* joined after their row was gone */
	uint64_t cut_lists;      /* scatter lists whose end the kernel did not record ... */
	uint64_t cut_segments;   /* ... and their missing segments */
	uint64_t incomplete_io;  /* requests without completion */
	uint64_t guessed_lba;    /* NVMe commands whose block size is not known: 512 taken */
};

void tracepoints_stats(const struct tracepoints *t, struct tracepoint_stats *out);

/* Line i of the accounting, in order of announcement; false when there is none. Events not seen
 * too. */
bool tracepoints_account(const struct tracepoints *t, size_t i, const char **name_out,
			 struct trace_account *out);

/* "system:name" of an announced number, or NULL. */
const char *tracepoints_name(const struct tracepoints *t, uint64_t id);

/* Tracepoints that cannot be decoded since a field is missing or of another size: name, or NULL. */
const char *tracepoints_undecodable(const struct tracepoints *t, size_t i, const char **field_out);

#endif
