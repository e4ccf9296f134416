// SPDX-License-Identifier: MIT
/* pugmark record: live sources of this host into a trace, within budgets. */
#include "collect/commands.h"

#include "base/cleanup.h"
#include "base/quantity.h"
#include "collect/hostfacts.h"
#include "collect/import-report.h"
#include "collect/probe.h"
#include "collect/recording.h"
#include "collect/tracefs.h"
#include "reports/options.h"
#include "reports/progress.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define COMMAND "record"

enum { RING_LEAST = 4096, RING_MOST = 1 << 30 };

struct options {
	struct cli cli;
	const char *out;
	const struct probe *probes[RECORDING_PROBES_MAX];
	size_t nprobes;
	uint64_t pid, for_ns, ring_bytes, max_rate, max_cpu_ppm, max_size, max_memory;
	uint64_t rotate_size, rotate_every_ns, sample_ppm;
	bool allow_damon, has_mode;
	int via, mode; /* numbers of what list_ways and list_modes have */
	struct cli_sets sets;
	char **command;
	struct progress progress;
};

static volatile sig_atomic_t stop_asked, rotate_asked;

static void on_signal(int number)
{
	if (number == SIGHUP)
		rotate_asked++;
	else
		stop_asked = 1;
}

static int add_probe(void *mine, char *name, struct err *e)
{
	struct options *o = mine;
	const struct probe *p = probe_find(name);
	if (!p)
		return choices_refuse_of(probe_names, "probe", name, " (pugmark doctor)", e);
	o->probes[o->nprobes++] = p;
	return 0;
}

/* 1/16, 6.25% */
static int set_sample(void *mine, char *text, struct err *e)
{
	struct options *o = mine;
	uint64_t n;
	if (strncmp(text, "1/", 2) && !strchr(text, '%'))
		return err_set(
			e, ERR_USAGE,
			"'%.40s': expected a share of the pages: 1/N, as 1/16, or a percentage, "
			"as 5%%",
			text);
	if (strncmp(text, "1/", 2)) {
		const int failed = quantity_parse_ppm(text, &o->sample_ppm, e);
		return failed || (o->sample_ppm && o->sample_ppm <= PPM_PER_ONE)
			       ? failed
			       : err_set(e, ERR_USAGE,
					 "'%.40s': expected more than 0, at most 100%%", text);
	}
	const int rc = quantity_parse_count(text + 2, &n, e);
	if (!rc && (!n || n > PPM_PER_ONE))
		return err_set(e, ERR_USAGE, "'%s': expected 1/1 to 1/1000000", text);
	if (!rc)
		o->sample_ppm = PPM_PER_ONE / n;
	return rc;
}

static const enum recording_mode modes[] = { RECORDING_EVENTS, RECORDING_COUNTS };

static void list_modes(struct choices *c)
{
	choices_add_names(c, (const char *const[]){ "events", "counts", NULL });
}

enum { VIA_PERF, VIA_TRACEFS };

static void list_ways(struct choices *c)
{
	choices_add_names(c, (const char *const[]){ "perf", "tracefs", NULL });
}

static int set_max_cpu(void *mine, char *text, struct err *e)
{
	struct options *o = mine;
	const int rc = quantity_parse_ppm(text, &o->max_cpu_ppm, e);
	return rc || o->max_cpu_ppm ? rc
				    : err_set(e, ERR_USAGE, "'%s': expected more than 0", text);
}

static int check(void *mine, struct err *e)
{
	struct options *o = mine;
	if (!o->out || !strcmp(o->out, "-"))
		return err_set(e, ERR_USAGE, "which trace to write? -o T.db");
	if (o->pid && o->command)
		return err_set(e, ERR_USAGE, "--pid and a command: one of both");
	return 0;
}

#define AT(member) .offset = offsetof(struct options, member)

static const struct cli_option options[] = {
	{ .name = "output",
	  .key = 'o',
	  .arg = "TRACE",
	  .kind = CLI_TEXT,
	  AT(out),
	  .files = "db",
	  .help = "The trace to make" },
	{ .name = "probe",
	  .key = 'p',
	  .arg = "P,..",
	  .kind = CLI_LIST,
	  AT(nprobes),
	  .each = add_probe,
	  .most = RECORDING_PROBES_MAX,
	  .choices = probe_names,
	  .help = "Sources; default: those of the device side that doctor finds usable" },
	{ .name = "pid",
	  .arg = "PID",
	  .kind = CLI_COUNT,
	  AT(pid),
	  .least = 1,
	  .most = INT32_MAX,
	  .help = "CPU side: of this process only" },
	{ .name = "for",
	  .arg = "T",
	  .kind = CLI_NS,
	  AT(for_ns),
	  .least = 1,
	  .help = "Stop after this time; default: at SIGINT, SIGTERM or the command's end" },
	{ .name = "ring",
	  .arg = "SIZE",
	  .kind = CLI_BYTES,
	  AT(ring_bytes),
	  .least = RING_LEAST,
	  .most = RING_MOST,
	  .fallback = "2M",
	  .help = "Kernel buffer of each CPU" },
	{ .name = "via",
	  .arg = "HOW",
	  .kind = CLI_CHOICE,
	  AT(via),
	  .choices = list_ways,
	  .what = "way",
	  .fallback = "perf",
	  .help = "Read tracepoints by perf rings or a tracefs instance of our own" },
	{ .name = "mode",
	  .arg = "MODE",
	  .kind = CLI_CHOICE,
	  AT(mode),
	  .given = offsetof(struct options, has_mode),
	  .choices = list_modes,
	  .help = "DMA: each event, or counts of pages over 200 ms; by default counts where the "
		  "first second has more than 10,000" },
	{ .name = "sample",
	  .arg = "1/N",
	  .kind = CLI_CALL,
	  .each = set_sample,
	  .help = "Record a share of the pages, by a hash of their numbers" },
	{ .name = "max-rate",
	  .arg = "N",
	  .kind = CLI_COUNT,
	  AT(max_rate),
	  .help = "Rows a second; above, pages are shed by hash, and counted" },
	{ .name = "max-cpu",
	  .arg = "P%",
	  .kind = CLI_CALL,
	  .each = set_max_cpu,
	  .help = "Of a core, our own time; above, pages are shed likewise" },
	{ .name = "max-size",
	  .arg = "SIZE",
	  .kind = CLI_BYTES,
	  AT(max_size),
	  .least = 1 << 20,
	  .help = "Of the file: the oldest rows give way, and are counted" },
	{ .name = "max-memory",
	  .arg = "SIZE",
	  .kind = CLI_BYTES,
	  AT(max_memory),
	  .least = 1 << 20,
	  .fallback = "256M",
	  .help = "Of rows that wait for their commit" },
	{ .name = "rotate-size",
	  .arg = "SIZE",
	  .kind = CLI_BYTES,
	  AT(rotate_size),
	  .least = 1 << 20,
	  .help = "Go on in another file of a set above this size" },
	{ .name = "rotate-every",
	  .arg = "T",
	  .kind = CLI_NS,
	  AT(rotate_every_ns),
	  .help = "Go on in another file of a set after this time; SIGHUP does so at once" },
	{ .name = "allow-damon",
	  .kind = CLI_FLAG,
	  AT(allow_damon),
	  .help = "Read what somebody else's DAMON tells (probes damon, touch); it is never "
		  "changed" },
	CLI_OPTION_SET(AT(sets), "One parameter of a probe"),
};

static int take_word(void *mine, char *text, struct err *e)
{
	(void)mine;
	return err_set(e, ERR_USAGE, "'%s': a command comes after --", text);
}

static const struct cli_command command = {
	.args_doc = "[-- COMMAND ...]",
	.doc = "Records live sources of this host: what devices map and use, CPU faults and "
	       "touches. Nothing of the host's own tracing is touched.\v"
	       "Examples:\n"
	       "  pugmark record -o host.db --for 10m\n"
	       "  pugmark record -o faults.db --probe fault -- make -j4\n"
	       "  pugmark record -o day.db --max-rate 100K --rotate-every 1h",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct options, cli),
	.argument = take_word,
	.check = check,
};

/* ---- the work ---- */

static void tell(void *ctx, const char *sentence)
{
	struct options *o = ctx;
	cli_note(&o->cli, COMMAND, "%s", sentence);
}

static void show_progress(void *ctx, uint64_t rows)
{
	struct options *o = ctx;
	progress_set(&o->progress, rows);
}

/* What doctor finds usable; of the CPU side only what was asked for. */
static int choose_probes(struct options *o, struct err *e)
{
	struct hostfacts h;
	if (o->nprobes)
		return 0;
	hostfacts_read(&h, "");
	for (unsigned i = 0; probes[i]; i++) {
		struct probe_finding f = {};
		probes[i]->look(&h, &f);
		if (probes[i]->is_default && f.status == PROBE_USABLE)
			o->probes[o->nprobes++] = probes[i];
	}
	return o->nprobes ? 0
			  : err_set(e, ERR_FEATURE, "no source is usable here: see pugmark doctor");
}

static void catch_signals(void)
{
	const struct sigaction a = { .sa_handler = on_signal };
	sigaction(SIGINT, &a, NULL);
	sigaction(SIGTERM, &a, NULL);
	sigaction(SIGHUP, &a, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int run(struct options *o, struct recording_summary *out, struct err *e)
{
	struct recording_options r = {
		.out = o->out,
		.args = o->cli.args,
		.nprobes = (unsigned)o->nprobes,
		.pid = (pid_t)o->pid,
		.command = o->command,
		.for_ns = o->for_ns,
		.ring_bytes = o->ring_bytes,
		.via_tracefs = o->via == VIA_TRACEFS,
		.mode = o->has_mode ? modes[o->mode] : RECORDING_BY_RATE,
		.allow_damon = o->allow_damon,
		.max_rows_per_s = o->max_rate,
		.max_cpu_ppm = o->max_cpu_ppm,
		.max_file_bytes = o->max_size,
		.rotate_bytes = o->rotate_size       ? o->rotate_size
				: o->rotate_every_ns ? UINT64_MAX
						     : 0,
		.rotate_ns = o->rotate_every_ns,
		.max_memory_bytes = o->max_memory,
		.sample_ppm = o->sample_ppm,
		.sets = o->sets.text,
		.nsets = o->sets.n,
		.stop = &stop_asked,
		.rotate = &rotate_asked,
		.note = tell,
		.progress = show_progress,
		.ctx = o,
	};
	memcpy(r.probes, o->probes, sizeof(r.probes));
	const unsigned stale = tracefs_clean();
	if (stale)
		cli_note(&o->cli, COMMAND,
			 "removed %u tracefs instance%s that an earlier recording "
			 "left behind",
			 stale, stale == 1 ? "" : "s");
	catch_signals();
	progress_init(&o->progress, COMMAND, "rows", 0, o->cli.is_quiet);
	const int rc = recording_run(&r, out, e);
	progress_end(&o->progress);
	return rc;
}

static void tell_cost(const struct options *o, const struct recording_summary *s)
{
	const uint64_t per_row = s->rows ? s->cpu_ns / s->rows : 0;
	cli_note(&o->cli, COMMAND,
		 "%s rows in %s; own cost: %s of CPU (%.2f %% of a core), %llu ns a row, %s of "
		 "memory",
		 quantity_count(s->rows).s, quantity_ns(s->wall_ns).s, quantity_ns(s->cpu_ns).s,
		 s->wall_ns ? 100.0 * (double)s->cpu_ns / (double)s->wall_ns : 0.0,
		 (unsigned long long)per_row, quantity_bytes(s->max_rss_bytes).s);
	if (s->late)
		cli_note(&o->cli, COMMAND, "%s rows came late and have the time of their commit",
			 quantity_count(s->late).s);
}

/* Words after -- are the command; argp does not see them. */
static char **split_command(int *argc, char **argv)
{
	for (int i = 1; i < *argc; i++)
		if (!strcmp(argv[i], "--")) {
			*argc = i;
			return argv[i + 1] ? &argv[i + 1] : NULL;
		}
	return NULL;
}

int cmd_record(int argc, char **argv)
{
	_free_ struct options *o = calloc(1, sizeof(*o));
	struct recording_summary summary;
	struct err e = {};
	if (!o) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail(COMMAND, &e);
	}
	o->command = split_command(&argc, argv);
	cli_options_parse(&command, argc, argv, o);
	int rc = choose_probes(o, &e);
	if (!rc)
		rc = run(o, &summary, &e);
	if (rc)
		return cli_fail(COMMAND, &e);
	tell_cost(o, &summary);
	const struct import_result result = { .command = COMMAND,
					      .path = o->out,
					      .format = "live" };
	const int status = import_report(&o->cli, &result);
	if (o->command && WIFEXITED(summary.command_status) && WEXITSTATUS(summary.command_status))
		cli_note(&o->cli, COMMAND, "the command ended with exit status %d",
			 WEXITSTATUS(summary.command_status));
	return status;
}
