// SPDX-License-Identifier: MIT
/* What a results file keeps of a trace. Private to the folder. */
#ifndef PUGMARK_STORE_RESULTS_TRACE_H
#define PUGMARK_STORE_RESULTS_TRACE_H

#include "base/err.h"
#include "store/trace.h"

#include <sqlite3.h>

/*
 * Its VM, streams, devices, losses and accounts under its digest. Storing them
 * again is no change; of two traces with the same events the greater loss stays.
 */
int results_put_trace(sqlite3 *db, const char *path, const struct trace *t, const char *digest,
		      struct err *e);

#endif
