// SPDX-License-Identifier: MIT
/*
 * Events of a perf.data recording as the trace knows them: what a sample of
 * each is good for, its account, and its number among the files of one import.
 * Events of one name are one source, in whatever file they stand.
 */
#ifndef PUGMARK_COLLECT_PERFSOURCE_H
#define PUGMARK_COLLECT_PERFSOURCE_H

#include "base/err.h"
#include "collect/perfdata.h"
#include "collect/tracepoint.h"
#include "store/trace-writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum perfsource_use {
	PERFSOURCE_OTHER,      /* filtered: no row can be made of it */
	PERFSOURCE_NO_TIME,    /* filtered: its samples have no time (-T), */
	PERFSOURCE_NO_ADDRESS, /* no address (-d), */
	PERFSOURCE_NO_RAW,     /* or not the tracepoint's fields (-R) */
	PERFSOURCE_TRACEPOINT,
	PERFSOURCE_FAULT, /* page faults, as they come */
	PERFSOURCE_MINOR, /* and as they went out */
	PERFSOURCE_MAJOR,
	PERFSOURCE_MEMORY, /* loads and stores, one of many */
	PERFSOURCE_WALK,   /* TLB misses and page walks, one of many */
	PERFSOURCE_USES,
};

struct perfsource {
	char name[TRACEPOINT_NAME_BYTES];
	enum perfsource_use use;
	uint64_t config, period;
	bool is_freq;
	struct trace_account account; /* of a tracepoint: only what never reached its decoder */
	uint16_t number;              /* in the trace */
	bool has_number;
};

struct perfsources {
	struct perfsource *list;
	uint32_t n, cap;
	uint32_t *of_attr; /* events of the file at hand: place in list + 1; 0: not looked up yet */
	uint32_t nattrs;
};

enum perfsource_use perfsource_use_of(const struct perfdata_attr *a);

/* The source of an event of the file at hand, made at its first sample. */
int perfsources_of(struct perfsources *ss, const struct perfdata *file, uint32_t attr,
		   const struct tracepoints *points, uint32_t *number_out, struct err *e);

/* Another file is at hand: its events are numbered anew. */
void perfsources_next_file(struct perfsources *ss);

/* Takes over what the file says of samples lost, refused and damaged, at its end. */
int perfsources_harvest(struct perfsources *ss, const struct perfdata *file,
			const struct tracepoints *points, struct err *e);

void perfsources_deinit(struct perfsources *ss);

/* Its number in the trace, for rows. */
int perfsource_number(struct perfsource *x, struct trace_writer *w, uint16_t *number_out,
		      struct err *e);

/* True where the samples are not every event. */
bool perfsource_is_sampled(const struct perfsource *x);

/* Of the rows that it makes, or NULL. */
const char *perfsource_kind(const struct perfsource *x);

/* Load or store, by the bits of data_src; false: neither. */
bool perfsource_access(uint64_t data_src, uint8_t *rw_out);

/* "mono", "boot" ...; "perf" is the kernel's own clock of perf. */
const char *perfsource_clock(const struct perfdata_attr *a);

/* Accounts of all sources, together with those of the tracepoints' decoder. */
int perfsources_put_accounts(const struct perfsources *ss, const struct tracepoints *points,
			     struct trace_writer *w, struct err *e);

#endif
