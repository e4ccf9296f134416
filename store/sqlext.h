// SPDX-License-Identifier: MIT
/*
 * SQL on traces: read-only tables dma, object, io, mem ... with pushdown of
 * time, device and page, and the functions event_agg, event_hist, page_agg.
 * Built in (`pugmark sql`) and as the loadable extension pugmark.so.
 */
#ifndef PUGMARK_STORE_SQLEXT_H
#define PUGMARK_STORE_SQLEXT_H

struct sqlite3;

/*
 * Registers everything with db. path: the trace (file or set) that the tables
 * show; NULL: the file that db has open as "main". SQLITE_OK or SQLite's code.
 */
int sqlext_register(struct sqlite3 *db, const char *path);

#endif
