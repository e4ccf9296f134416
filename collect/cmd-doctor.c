// SPDX-License-Identifier: MIT
/*
 * pugmark doctor: which sources of this host see what, and what to do about
 * those that do not. Looks only.
 */
#include "collect/commands.h"

#include "collect/hostfacts.h"
#include "collect/probe.h"
#include "reports/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMAND "doctor"

enum { PROBES_MAX = 64 };

struct options {
	struct cli cli;
	const char *root;
};

#define AT(member) .offset = offsetof(struct options, member)

static const struct cli_option options[] = {
	{ .name = "root",
	  .arg = "DIR",
	  .kind = CLI_TEXT,
	  AT(root),
	  .help = "Look at copies of /proc and /sys below DIR, of another host" },
};

static const struct cli_command command = {
	.doc = "Says of each source of DMA, CPU and page-walk data whether it is usable on this "
	       "host, blind, denied or absent, why, and the remedy. Changes nothing.\v"
	       "Example:\n"
	       "  pugmark doctor",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct options, cli),
};

static const struct report_column columns[] = {
	{ "source", NULL, REPORT_TEXT, 0 }, { "side", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "status", NULL, REPORT_TEXT, 0 }, { "what", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "reason", NULL, REPORT_TEXT, 0 }, { "remedy", NULL, REPORT_TEXT, 0 },
};

/* For people: a line a source, and below it why and what then, broken at blanks. */
static void tell_wrapped(struct report *r, const char *before, const char *text)
{
	enum { WIDTH = 88 };
	while (*text) {
		size_t n = strlen(text);
		if (n > WIDTH)
			for (n = WIDTH; n > WIDTH / 2 && text[n] != ' ';)
				n--;
		report_text(r, "         %s%.*s", before, (int)n, text);
		text += n + strspn(text + n, " ");
		before = "  ";
	}
}

static void tell(struct report *r, const struct probe *p, const struct probe_finding *f)
{
	report_text(r, "%-8s %-7s %s", p->name, probe_status_names[f->status], p->summary);
	tell_wrapped(r, "", f->reason);
	tell_wrapped(r, "=> ", f->remedy);
}

static void show(struct report *r, const struct hostfacts *h, bool is_json)
{
	static const char *const sides[] = { "device", "cpu", "walk" };
	struct probe_finding *f = calloc(PROBES_MAX, sizeof(*f));
	unsigned n[PROBE_STATUSES] = {}, all = 0;
	for (; f && probes[all] && all < PROBES_MAX; all++) {
		probes[all]->look(h, &f[all]);
		n[f[all].status]++;
	}
	report_text(r, "Linux %s: %u of %u sources are usable, %u blind, %u denied, %u absent.",
		    h->kernel[0] ? h->kernel : "(unknown)", n[PROBE_USABLE], all, n[PROBE_BLIND],
		    n[PROBE_DENIED], n[PROBE_ABSENT]);
	if (is_json)
		report_table(r, "rows", NULL, columns, sizeof(columns) / sizeof(*columns));
	for (unsigned i = 0; i < all; i++)
		if (is_json)
			report_row(r, (struct report_value[]){
					      REPORT_S(probes[i]->name),
					      REPORT_S(sides[probes[i]->side]),
					      REPORT_S(probe_status_names[f[i].status]),
					      REPORT_S(probes[i]->summary), REPORT_S(f[i].reason),
					      REPORT_S(f[i].remedy) });
		else
			tell(r, probes[i], &f[i]);
	free(f);
}

int cmd_doctor(int argc, char **argv)
{
	struct options o = {};
	struct hostfacts h;
	struct err e = {};
	cli_options_parse(&command, argc, argv, &o);
	if (o.root && access(o.root, R_OK | X_OK)) {
		err_set(&e, ERR_NOINPUT, "%s: %s", o.root, strerror(errno));
		return cli_fail(COMMAND, &e);
	}
	hostfacts_read(&h, o.root ? o.root : "");
	struct report *r = report_begin(stdout, cli_format(&o.cli), COMMAND, NULL, NULL);
	if (!r) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail(COMMAND, &e);
	}
	show(r, &h, o.cli.is_json);
	return cli_report_end(COMMAND, r, EXIT_DONE);
}
