// SPDX-License-Identifier: MIT
/*
 * Tracepoints through a tracefs instance of our own: the other way beside perf
 * rings (collect/perfring.h), for hosts that refuse perf_event_open. Records of
 * all CPUs come in order of time. Top-level tracing is not touched.
 *
 * A full buffer drops the newest records, and the kernel counts them exactly
 * (per_cpu/cpuN/stats), but all events together: what each of them lost nobody
 * knows. The instance goes with tracering_close, after a kill with the next
 * start (tracefs_clean).
 */
#ifndef PUGMARK_COLLECT_TRACERING_H
#define PUGMARK_COLLECT_TRACERING_H

#include "base/err.h"
#include "collect/perfring.h"

struct tracering;

/* Names "system:event", pid and ring_bytes of the configuration count; nothing is on yet. */
int tracering_open(const struct perfring_config *c, struct tracering **out, struct err *e);
int tracering_enable(struct tracering *r, struct err *e);
void tracering_disable(struct tracering *r);
void tracering_close(struct tracering *r);

/* As perfring_fds, _begin and _next; `event` of a record is not set. */
unsigned tracering_fds(const struct tracering *r, const int **fds_out);
int tracering_begin(struct tracering *r, uint64_t limit_ns, struct err *e);
int tracering_next(struct tracering *r, struct perfring_record *out, struct err *e);

/* Of all events; after disable and a last drain counted = records + lost. */
int tracering_counts(const struct tracering *r, struct perfring_counts *out, struct err *e);

#endif
