// SPDX-License-Identifier: MIT
/*
 * trace.dat files of trace-cmd, versions 6 and 7: event formats, options, and
 * the records of all CPUs and all buffer instances merged in the order (time,
 * cpu, instance). Reads a few pages of each CPU at a time, never a whole one.
 *
 * Damaged or cut files: whatever can still be found is delivered, every place
 * that was left out is told through the damage handler with its byte offset.
 * Memory: fixed tables plus page buffers of at most twice the file's size.
 *
 * Source: trace-cmd.dat.v6(5), trace-cmd.dat.v7(5). Leaves out: big-endian
 * files, latency (text) buffers, guest/host time synchronisation (TIME_SHIFT),
 * kallsyms and process names.
 */
#ifndef PUGMARK_COLLECT_TRACEDAT_H
#define PUGMARK_COLLECT_TRACEDAT_H

#include "base/err.h"
#include "collect/input.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TRACEDAT_MAGIC_BYTES = 10,
	TRACEDAT_NAME_BYTES = 64,
	TRACEDAT_TEXT_BYTES = 256,
};

/* \27 \10 D "tracing" */
extern const uint8_t tracedat_magic[TRACEDAT_MAGIC_BYTES];

struct tracedat_handlers {
	void *ctx;
	/* the format file of one event, borrowed during the call; other than 0 ends the opening */
	int (*format)(void *ctx, const char *system, const char *text, size_t n, struct err *e);
	/* a sentence without the file's name: "byte N: ..." */
	void (*damage)(void *ctx, const char *sentence);
	/* the ring buffer lost n records (0: at least one) of a CPU; times in the file's clock */
	void (*missed)(void *ctx, uint32_t cpu, uint64_t from, uint64_t to, uint64_t n);
};

struct tracedat_info {
	unsigned version;
	uint32_t page_bytes, ncpus, nbuffers;
	char clock[TRACEDAT_NAME_BYTES];  /* of the first buffer that holds records */
	bool has_mixed_clocks;            /* another buffer that holds records has another one */
	char uname[TRACEDAT_TEXT_BYTES];  /* "" where the file does not say */
	char writer[TRACEDAT_TEXT_BYTES]; /* version of trace-cmd */
	char offset[TRACEDAT_TEXT_BYTES]; /* text of the OFFSET or DATE option: not applied */
	bool has_tsc; /* records may be stamped in ticks: ns = ticks * mult >> shift */
	uint32_t tsc_mult, tsc_shift;
	uint64_t data_bytes; /* of all per-CPU data in the file */
};

/* What is known of the losses of one CPU of one buffer. */
struct tracedat_cpu_report {
	char buffer[TRACEDAT_NAME_BYTES]; /* "" is the top one */
	uint32_t cpu;
	bool has_stat;             /* the kernel's own figures are in the file: */
	uint64_t recorded;         /* records handed out; with a filter a little more */
	uint64_t overrun, dropped; /* records overwritten, records refused */
	uint64_t missed;    /* sum of what the pages flag (a page without a number counts 1) */
	uint64_t records;   /* delivered so far */
	uint64_t backwards; /* of them with a time before the last one, lifted to it */
};

struct tracedat_event {
	uint64_t ts; /* in the file's clock; never decreases */
	uint32_t cpu, buffer;
	const uint8_t *data; /* the record with its common fields; valid until the next call */
	uint32_t len;
};

struct tracedat;

/*
 * Reads everything but the records. handlers is copied. ERR_UNUSABLE with file
 * and byte offset when no records can be reached.
 */
int tracedat_open(struct input *in, const struct tracedat_handlers *handlers, struct tracedat **out,
		  struct err *e);
void tracedat_close(struct tracedat *t);

const struct tracedat_info *tracedat_info(const struct tracedat *t);
const struct tracedat_cpu_report *tracedat_reports(const struct tracedat *t, size_t *n_out);

/* Bytes of per-CPU data read so far, of info->data_bytes. */
uint64_t tracedat_position(const struct tracedat *t);

/* 1 and an event, 0 at the end, negative when reading the file itself fails. */
int tracedat_next(struct tracedat *t, struct tracedat_event *out, struct err *e);

#endif
