// SPDX-License-Identifier: MIT
/*
 * The banner of readers. A trace with losses, of a sample or without its end is
 * read like any other and the status is 0, so that the answer must not come alone.
 */
#include "reports/banner.h"

#include "base/cleanup.h"
#include "base/quantity.h"
#include "store/trace-meta.h"

#include <limits.h>
#include <sqlite3.h>

uint64_t banner_lost_events(const struct trace *t, bool *is_least_out)
{
	uint64_t lost = 0;

	*is_least_out = false;
	for (unsigned f = 0; f < trace_nfiles(t); f++) {
		sqlite3_stmt *st = NULL;
		if (sqlite3_prepare_v2(trace_sqlite(t, f),
				       "SELECT sum(n_lost), count(*) > count(n_lost) FROM loss", -1,
				       &st, NULL) == SQLITE_OK &&
		    sqlite3_step(st) == SQLITE_ROW) {
			lost += (uint64_t)sqlite3_column_int64(st, 0);
			*is_least_out |= sqlite3_column_int(st, 1);
		}
		sqlite3_finalize(st);
	}
	return lost;
}

bool banner_is_sealed(const struct trace *t)
{
	for (unsigned i = 0; i < trace_nstreams(t); i++)
		if (!trace_stream_info(t, i)->is_sealed)
			return false;
	return true;
}

int banner_choose_recording(const struct cli *cli, const char *command, struct trace *t,
			    uint64_t asked, enum kind_id kind, struct err *e)
{
	const unsigned all = trace_nrecordings(t);
	const unsigned with = trace_recording_with(t, kind), n = with ? with : 1;

	if (asked)
		return trace_choose_recording(t, asked < UINT_MAX ? (unsigned)asked : UINT_MAX, e);
	if (all < 2)
		return 0;
	cli_note(cli, command,
		 "%s: %u recordings, each with times of its own: this is recording %u%s%s%s "
		 "(--recording N: another)",
		 trace_path(t), all, n, with ? ", the first with " : "",
		 with ? kinds[kind].name : "", with ? " rows" : "");
	return trace_choose_recording(t, n, e);
}

void banner_show(const struct cli *cli, const char *command, const struct trace *t)
{
	bool is_least;
	const uint64_t lost = banner_lost_events(t, &is_least);

	if (lost || is_least)
		cli_note(cli, command,
			 "%s: %s%s EVENTS WERE LOST when it was made: see pugmark info",
			 trace_path(t), is_least ? "at least " : "", quantity_count(lost).s);
	_free_ char *sampled = trace_meta(t, "sampled_kinds");
	if (sampled)
		cli_note(cli, command, "%s: NOT EVERY EVENT has a row, they are a sample: %s",
			 trace_path(t), sampled);
	if (!banner_is_sealed(t))
		cli_note(cli, command, "%s: NOT SEALED: it is being written, or its writer died",
			 trace_path(t));
	char set[PATH_MAX];
	if (trace_set_of(trace_path(t), set, sizeof(set)))
		cli_note(cli, command, "%s: is one file of the set %s: the others are not read",
			 trace_path(t), set);
	if (trace_nrecordings(t) > 1)
		cli_note(cli, command,
			 "%s: %u recordings, each with times of its own; a command that "
			 "replays reads the first",
			 trace_path(t), trace_nrecordings(t));
}
