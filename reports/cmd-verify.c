// SPDX-License-Identifier: MIT
/* pugmark verify: is every byte of a trace what its writer wrote? */
#include "reports/commands.h"

#include "base/quantity.h"
#include "reports/banner.h"
#include "reports/options.h"
#include "reports/report.h"
#include "store/trace.h"

struct options {
	struct cli cli;
	const char *path;
};

static const struct report_column columns[] = { { "finding", NULL, REPORT_TEXT, 0 } };

struct listing {
	struct report *report;
	bool is_started;
};

/* A table only where there is something to list; JSON always has its rows. */
static void start_table(struct listing *l)
{
	if (!l->is_started)
		report_table(l->report, "rows", NULL, columns, 1);
	l->is_started = true;
}

static void show_finding(void *ctx, const char *sentence)
{
	struct listing *l = ctx;
	start_table(l);
	report_row(l->report, &REPORT_S(sentence));
}

static int verify(struct trace *t, const struct options *o, int *status_out, struct err *e)
{
	char digest[TRACE_DIGEST_CHARS + 1]; /* as stored: whether it is right is a finding */
	struct err none = {};
	const bool is_stored = banner_is_sealed(t) && !trace_digest(t, digest, &none);
	struct report *r = report_begin(stdout, cli_format(&o->cli), "verify", trace_path(t),
					is_stored ? digest : NULL);
	uint64_t findings = 0, events = 0;
	if (!r)
		return err_set(e, ERR_NOMEM, "out of memory");

	struct listing listing = { .report = r };
	if (o->cli.is_json)
		start_table(&listing);
	int rc = trace_verify(t, show_finding, &listing, &findings, e);
	for (unsigned i = 0; i < trace_nstreams(t); i++)
		events += trace_stream_info(t, i)->rows;
	if (!rc && !o->cli.is_quiet)
		report_text(r, "%s: %s: %s events in %u stream%s, %s finding%s%s", trace_path(t),
			    findings ? "DAMAGED" : "OK", quantity_count(events).s,
			    trace_nstreams(t), trace_nstreams(t) == 1 ? "" : "s",
			    quantity_count(findings).s, findings == 1 ? "" : "s",
			    banner_is_sealed(t) ? ""
						: "; NOT SEALED, so there is no digest to check");
	*status_out = cli_report_end("verify", r, findings ? EXIT_NO : EXIT_DONE);
	return rc;
}

static const struct cli_command command = {
	.args_doc = "TRACE",
	.doc = "Checks every checksum, row, sequence number and digest of a trace. Exit status 1 "
	       "when something is wrong.\vExample:\n  pugmark verify nic.db",
	.cli_offset = offsetof(struct options, cli),
	.what = "trace",
	.only = offsetof(struct options, path),
};

int cmd_verify(int argc, char **argv)
{
	struct options o = {};
	struct trace *t;
	struct err e = {};
	cli_options_parse(&command, argc, argv, &o);

	int status = EXIT_DONE;
	int rc = trace_open(o.path, &t, &e);
	if (!rc) {
		rc = verify(t, &o, &status, &e);
		trace_close(t);
	}
	return rc ? cli_fail("verify", &e) : status;
}
