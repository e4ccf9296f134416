// SPDX-License-Identifier: MIT
/* Inside of an opened trace, shared by trace.c, reader.c and verify.c only. */
#ifndef PUGMARK_STORE_READER_H
#define PUGMARK_STORE_READER_H

#include "store/db.h"
#include "store/trace.h"

struct trace_file {
	char *path;
	sqlite3 *db;
};

struct trace_stream_state {
	struct trace_stream_info info;
	int64_t stream_id; /* the same in all files of a set */
	int64_t session_id;
	unsigned ncolumns; /* that its digest covers */
	/* of a merged recording: its numbers of devices, VMs and sources, and what they are here */
	struct trace_renumber {
		uint16_t *to; /* NULL: they are those of the tables */
		uint32_t n;
	} dev, vm, source;
};

/* What a number of the stream's rows is in the tables of the trace. */
static inline uint16_t renumber(const struct trace_renumber *r, uint16_t number)
{
	return number < r->n ? r->to[number] : number;
}

struct trace {
	char *path;
	unsigned nfiles, nstreams;
	struct trace_file *files;
	struct trace_stream_state *streams;
};

#endif
