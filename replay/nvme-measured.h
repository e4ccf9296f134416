// SPDX-License-Identifier: MIT
/*
 * What a measurement says of a drive or a path: the latencies that a recording
 * tells as distributions (fio's JSON and logs, pugmark import), its requests/s,
 * and by Little's law how many were outstanding.
 */
#ifndef PUGMARK_REPLAY_NVME_MEASURED_H
#define PUGMARK_REPLAY_NVME_MEASURED_H

#include "base/err.h"
#include "base/quantile.h"
#include "sim/nvme.h"

struct nvme_measured_op {
	uint64_t n;       /* 0: not measured */
	uint64_t mean_ns; /* of the latency from submission, where told, else of the completion */
	uint64_t service_ns; /* mean of what the points describe */
	uint64_t milli_iops; /* 0: not told */
	struct dist points;  /* quantiles */
	char quantity[24];   /* of the points: "clat_ns" */
};

struct nvme_measured {
	char subject[64]; /* the job's or file's name */
	struct nvme_measured_op op[NVME_OPS];
};

/*
 * Reads a trace, or what `pugmark import` makes of a file: that is run as a
 * program of its own, because formats are none of a model's business.
 */
int nvme_measured_read(const char *path, struct nvme_measured *out, struct err *e);

/* Outstanding requests in 10^-3: rate times mean latency of all operations. */
uint64_t nvme_measured_milli_depth(const struct nvme_measured *m);

#endif
