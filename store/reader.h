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
	unsigned ncolumns; /* that its digest covers */
};

struct trace {
	char *path;
	unsigned nfiles, nstreams;
	struct trace_file *files;
	struct trace_stream_state *streams;
};

#endif
