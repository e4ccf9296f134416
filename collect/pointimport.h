// SPDX-License-Identifier: MIT
/*
 * What importers of tracepoint recordings (trace.dat, perf.data) share: where
 * decoded rows go, time 0, and what a trace says about losses and doubts
 * beside its rows. Leaves out: the files themselves.
 */
#ifndef PUGMARK_COLLECT_POINTIMPORT_H
#define PUGMARK_COLLECT_POINTIMPORT_H

#include "collect/import.h"
#include "collect/tracepoint.h"

enum {
	POINTIMPORT_LOSSES_MAX = 256,               /* rows; what comes then is added to the last */
	POINTIMPORT_SENTENCES = 5,                  /* told of one kind */
	POINTIMPORT_LEARN_EVENTS = 2 * 1000 * 1000, /* records of a first pass */
	POINTIMPORT_PROGRESS_EVENTS = 1 << 16,
};

/* Records that a ring buffer lost; times of the trace. */
struct pointimport_loss {
	uint64_t from, to, n;
	uint32_t cpu;
};

struct pointimport {
	struct import *im;
	struct tracepoints *points; /* the caller's */
	bool is_silent;             /* a first pass: nothing is told or kept */
	uint64_t base;              /* ns of the recording's clock, time 0 of the rows */
	bool has_base;
	uint64_t last; /* ns since the base, of the last record */
	struct pointimport_loss losses[POINTIMPORT_LOSSES_MAX];
	unsigned nlosses;
	uint64_t bad_formats;
	struct trace_stream *streams[KIND_COUNT];
};

/* Mappings to be followed at a time in a recording of so many bytes. */
uint64_t pointimport_mappings_max(uint64_t bytes);

/* A sink into the import's trace. */
struct tracepoint_sink pointimport_sink(struct pointimport *p);

/* The stream of a kind, made at first use. */
int pointimport_stream(struct pointimport *p, enum kind_id kind, struct trace_stream **out,
		       struct err *e);

/* Announces a tracepoint by its format file; one that cannot be read is told as damage. */
int pointimport_format(struct pointimport *p, const char *system, const char *text, size_t n,
		       struct err *e);

/* Damage of the input: a sentence without the file's name. */
void pointimport_damage(struct pointimport *p, const char *sentence);

/* ns of the recording's clock to ns of the trace; the first one asked becomes time 0. */
uint64_t pointimport_time(struct pointimport *p, uint64_t ns);

/* n records of a CPU were lost between two times of the trace (0: at least one). */
void pointimport_lost(struct pointimport *p, uint32_t cpu, uint64_t from, uint64_t to, uint64_t n);

void pointimport_warn(struct pointimport *p, const char *sentence);

/* The losses as rows; how says where that is known from. */
int pointimport_put_losses(struct pointimport *p, const char *how, struct err *e);

/* Accounts of all tracepoints that were seen. */
int pointimport_put_accounts(struct pointimport *p, struct err *e);

/* What a person should know about the rows of the tracepoints. */
int pointimport_put_remarks(struct pointimport *p, struct err *e);

/* Time 0 by the recording's clock, where that is one of the system's, and by CLOCK_REALTIME. */
int pointimport_put_clock(struct pointimport *p, const char *clock, uint64_t real_ns,
			  struct err *e);

int pointimport_put_number(struct pointimport *p, const char *key, uint64_t v, struct err *e);

#endif
