// SPDX-License-Identifier: MIT
/*
 * Kernel events through perf_event_open: a set of events, one mapped ring a
 * CPU, records handed out in time order over all CPUs. Reading copies nothing
 * but a record that wraps around the ring's end.
 *
 * Loss is exact: the kernel counts what did not fit into a ring
 * (PERF_FORMAT_LOST, 6.0), and beside that every event has its own counter.
 * What neither arrived nor was told as lost is the caller's `unaccounted`.
 */
#ifndef PUGMARK_COLLECT_PERFRING_H
#define PUGMARK_COLLECT_PERFRING_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PERFRING_EVENTS_MAX = 64 };

struct perfring_event {
	const char *name;          /* for messages */
	uint32_t type;             /* PERF_TYPE_TRACEPOINT, PERF_TYPE_SOFTWARE ... */
	uint64_t config;           /* number of the tracepoint, PERF_COUNT_SW_PAGE_FAULTS_MAJ ... */
	uint64_t config1, config2; /* of events that have them (offcore, uncore, IBS) */
	uint64_t period;           /* a record each so many; 0: 1 */
	uint8_t precise_ip; /* as perf_event_attr has it: how exact ip and address are asked for */
	bool excludes_user, excludes_kernel;
	bool wants_raw;     /* the tracepoint's record */
	bool wants_addr;    /* the address, of page faults */
	const char *filter; /* of a tracepoint, as tracefs takes it; or NULL */
};

struct perfring_config {
	const struct perfring_event *events;
	unsigned nevents;
	pid_t pid;           /* this process and those it starts; 0: everything */
	bool waits_for_exec; /* of pid: starts with its exec */
	size_t ring_bytes;   /* a CPU, rounded up to a power of two of pages */
};

struct perfring_record {
	uint64_t ts;         /* CLOCK_MONOTONIC, ns */
	uint32_t cpu, event; /* index in the configuration */
	uint32_t pid, tid;
	uint64_t ip, addr;
	const uint8_t *raw; /* borrowed until the next call */
	uint32_t raw_bytes; /* padding included */
};

struct perfring;

/*
 * Nothing is counted before perfring_enable. ERR_PERM says which right is
 * missing; ERR_FEATURE that the kernel has no such event.
 */
int perfring_open(const struct perfring_config *c, struct perfring **out, struct err *e);
int perfring_enable(struct perfring *r, struct err *e);
void perfring_disable(struct perfring *r);
void perfring_close(struct perfring *r);

/* File descriptors that become readable when a ring is a quarter full; their number. */
unsigned perfring_fds(const struct perfring *r, const int **fds_out);

/*
 * Drains what the rings hold now: begin, then next until 0. Records at or after
 * limit_ns stay for the next time; choose a limit that lies a little in the
 * past, because a CPU may be about to write a record with an older stamp.
 * next gives 1, 0 at the end, ERR_FORMAT when a ring holds what it cannot.
 */
int perfring_begin(struct perfring *r, uint64_t limit_ns, struct err *e);
int perfring_next(struct perfring *r, struct perfring_record *out, struct err *e);

/* Of one event, over all CPUs, since enable. */
struct perfring_counts {
	uint64_t counted; /* by the kernel's counter */
	uint64_t records; /* handed out */
	uint64_t lost;    /* told by the kernel */
};
int perfring_counts(const struct perfring *r, unsigned event, struct perfring_counts *out,
		    struct err *e);

/* Numbers of the CPUs that are online; 0 where that cannot be read. */
unsigned perfring_list_cpus(uint32_t *cpus, unsigned max);

/* Losses told inside the rings since the last call: records, and between which times. */
uint64_t perfring_take_lost(struct perfring *r, uint64_t *from_ns_out, uint64_t *to_ns_out);

#endif
