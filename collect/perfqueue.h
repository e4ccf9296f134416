// SPDX-License-Identifier: MIT
/*
 * Samples of a perf.data in order of time. perf empties the buffers of all
 * CPUs in turn and marks the end of each round: a sample is never older than
 * the last one of the round before the last, so at a mark all up to the
 * greatest time of the round before may leave. Memory is bounded: where rounds
 * are too large, or not marked, the older half leaves, and what comes later
 * with an older time is lifted to it and counted.
 *
 * A damaged time in the future would keep back, or take along, all that
 * follows: a sample is believed once the next of the same number (order) comes
 * and is not older; one that proves wrong is dropped and counted.
 *
 * Source: tools/perf/util/ordered-events.c for the rule of rounds.
 */
#ifndef PUGMARK_COLLECT_PERFQUEUE_H
#define PUGMARK_COLLECT_PERFQUEUE_H

#include "base/err.h"
#include "collect/perfdata.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct perfqueue_stats {
	uint64_t lifted;  /* came too late and were given a later time */
	uint64_t doubted; /* dropped: a time that the next sample of that number disproves */
};

struct perfqueue;

/* most_bytes: of samples that wait. */
int perfqueue_new(uint64_t most_bytes, struct perfqueue **out, struct err *e);
void perfqueue_free(struct perfqueue *q);

/*
 * Takes a copy of the sample with its raw bytes. 1: some must leave now, the
 * caller pops until there are no more.
 */
int perfqueue_push(struct perfqueue *q, const struct perfdata_sample *s, struct err *e);

/* A round has ended; true where the caller must pop until there are no more. */
bool perfqueue_end_round(struct perfqueue *q);

/* All may leave: no more comes. */
void perfqueue_finish(struct perfqueue *q);

/* Another file goes on: its numbers of samples begin anew. */
void perfqueue_next_file(struct perfqueue *q);

/*
 * True and the next sample that may leave, in order of time; raw is valid
 * until the next push. dropped_out: a sample that was not believed.
 */
bool perfqueue_pop(struct perfqueue *q, struct perfdata_sample *out, bool *dropped_out);

const struct perfqueue_stats *perfqueue_stats(const struct perfqueue *q);

#endif
