// SPDX-License-Identifier: MIT
/*
 * The io rows of a trace as requests of an NVMe model, in constant memory; and
 * what the rows as a whole say, above all whether their times can be true.
 */
#ifndef PUGMARK_REPLAY_NVME_TRACE_H
#define PUGMARK_REPLAY_NVME_TRACE_H

#include "replay/nvme-design.h"
#include "sim/nvme.h"
#include "store/trace.h"

/* Of all rows, from one pass. */
struct nvme_trace_facts {
	unsigned stream;
	uint64_t rows;
	uint64_t requests;      /* reads and writes with a length: what is replayed */
	uint64_t others, empty; /* flushes and so on; reads and writes of no bytes */
	uint64_t without_lba;
	uint64_t backwards; /* rows before the one above */
	uint64_t bytes;
	uint64_t first_ns, last_ns;
	uint64_t latencies, latency_sum_ns; /* of the rows that tell theirs */
	uint32_t ndevices;
	uint32_t devices[NVME_VMS_MAX]; /* numbers, in order of their first row */
};

/* ERR_UNUSABLE when the trace has no io rows, none to replay, or too many devices. */
int nvme_trace_look(struct trace *t, struct nvme_trace_facts *out, struct err *e);

/*
 * Times that no drive could have: a sentence with the likely unit, and true.
 * Nothing is mended: the user imports again with the right unit.
 */
bool nvme_trace_doubt(const struct nvme_trace_facts *f, char *out, size_t out_bytes);

struct nvme_trace;

/* A reader of its own on the file: any number may run at a time. */
int nvme_trace_open(const char *path, const struct nvme_trace_facts *f, const struct nvme_design *d,
		    struct nvme_trace **out, struct err *e);
void nvme_trace_close(struct nvme_trace *t);

/* As struct nvme_source has it; ctx is the nvme_trace. */
int nvme_trace_next(void *ctx, struct nvme_request *out, struct err *e);

#endif
