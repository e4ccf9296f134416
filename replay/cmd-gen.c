// SPDX-License-Identifier: MIT
/*
 * pugmark gen: a characterised workload as a trace, from a profile and a seed.
 * For comparing policies where no recording is at hand, and for asking what a
 * result depends on.
 */
#include "replay/commands.h"

#include "base/cleanup.h"
#include "replay/gen.h"
#include "reports/options.h"
#include "reports/params.h"
#include "reports/progress.h"
#include "reports/report.h"
#include "store/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMAND "gen"

enum { SECONDS = 1000000000 };

struct options {
	struct cli cli;
	const char *profile, *out;
	struct cli_sets sets;
	uint64_t seed;
	bool is_forced, wants_print;
};

static int check(void *mine, struct err *e)
{
	const struct options *o = mine;
	if (!o->out && !o->wants_print)
		return err_set(e, ERR_USAGE, "-o TRACE: where to?");
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
	CLI_OPTION_SEED(AT(seed), "Same profile and seed: same trace"),
	CLI_OPTION_SET(AT(sets), "Change a parameter of the profile"),
	{ .name = "duration",
	  .arg = "T",
	  .kind = CLI_SET_AS,
	  AT(sets),
	  .set_as = "gen.duration",
	  .help = "Length of the trace, as --set gen.duration=T" },
	{ .name = "force",
	  .kind = CLI_FLAG,
	  AT(is_forced),
	  .help = "Replace a trace that is there" },
	{ .name = "print",
	  .kind = CLI_FLAG,
	  AT(wants_print),
	  .help = "Show the parameters with their sources, make nothing" },
};

/* ---- output ---- */

/* --force: only a trace is removed. */
static int remove_trace(const char *path, struct err *e)
{
	static const char *const tails[] = { "", "-wal", "-shm", "-journal", "-ballast" };
	struct trace *t;
	struct stat st;

	if (stat(path, &st))
		return 0;
	if (trace_is_being_written(path))
		return err_set(e, ERR_CREATE, "%s: another process is writing it", path);
	if (trace_open(path, &t, NULL))
		return err_set(e, ERR_CREATE, "%s: is no trace, so --force does not replace it",
			       path);
	trace_close(t);
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		_free_ char *name = NULL;
		if (asprintf(&name, "%s%s", path, tails[i]) < 0)
			return err_set(e, ERR_NOMEM, "out of memory");
		if (unlink(name) && errno != ENOENT)
			return err_set(e, ERR_CREATE, "%s: %s", name, strerror(errno));
	}
	return 0;
}

static const struct report_column columns[] = {
	{ "profile", NULL, REPORT_TEXT, 0 },
	{ "generator", NULL, REPORT_TEXT, 0 },
	{ "seed", NULL, REPORT_U64, 0 },
	{ "duration_ns", "duration", REPORT_NS, 0 },
	{ "memory_pages", "memory", REPORT_U64, 0 },
	{ "dma_rows", "dma rows", REPORT_U64, 0 },
	{ "dma_pages", "pages", REPORT_U64, 0 },
	{ "cpu_rows", "cpu rows", REPORT_U64, 0 },
	{ "cpu_pages", "pages", REPORT_U64, 0 },
	{ "mem_rows", "mem rows", REPORT_U64, 0 },
	{ "profile_digest", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
};

static int digest_of(const char *path, char *digest_out, struct err *e)
{
	struct trace *t;
	int rc = trace_open(path, &t, e);
	if (rc)
		return rc;
	rc = trace_digest(t, digest_out, e);
	trace_close(t);
	return rc;
}

static int show(const struct options *o, const struct gen *g, const struct gen_counts *n,
		struct err *e)
{
	char digest[TRACE_DIGEST_CHARS + 1];
	const int rc = digest_of(o->out, digest, e);
	if (rc)
		return rc;
	struct report *r = report_begin(stdout, cli_format(&o->cli), COMMAND, o->out, digest);
	if (!r)
		return err_set(e, ERR_NOMEM, "out of memory");
	report_text(r, "%s: synthetic, %s of profile %s, seed %llu. Digest %s.", o->out,
		    quantity_ns(gen_duration_ns(g)).s, gen_profile(g), (unsigned long long)o->seed,
		    digest);
	report_text(r, "Next: pugmark info --characterise %s", o->out);
	report_table(r, "rows", "Rows", columns, sizeof(columns) / sizeof(*columns));
	report_row(r, (struct report_value[]){ REPORT_S(gen_profile(g)), REPORT_S(gen_generator(g)),
					       REPORT_U(o->seed), REPORT_U(gen_duration_ns(g)),
					       REPORT_U(gen_pages(g)), REPORT_U(n->dma_rows),
					       REPORT_U(n->dma_pages), REPORT_U(n->cpu_rows),
					       REPORT_U(n->cpu_pages), REPORT_U(n->mem_rows),
					       REPORT_S(gen_digest(g)) });
	return cli_report_end(COMMAND, r, EXIT_DONE);
}

static void show_progress(void *ctx, uint64_t now_ns)
{
	progress_set(ctx, now_ns / SECONDS);
}

static int make(const struct options *o, const struct gen *g, struct err *e)
{
	struct gen_counts counts;
	struct progress progress;
	int rc = o->is_forced ? remove_trace(o->out, e) : 0;
	if (rc)
		return rc;
	progress_init(&progress, COMMAND, "s", gen_duration_ns(g) / SECONDS, o->cli.is_quiet);
	rc = gen_write(g, o->seed, o->out, o->cli.args, show_progress, &progress, &counts, e);
	progress_end(&progress);
	return rc ? rc : show(o, g, &counts, e);
}

static int run(const struct options *o, struct arena *arena, struct err *e)
{
	struct gen *g;
	int rc = gen_open(o->profile, arena, &g, e);
	for (size_t i = 0; !rc && i < o->sets.n; i++)
		rc = gen_assign(g, o->sets.text[i], e);
	if (!rc)
		rc = gen_prepare(g, e);
	if (rc)
		return rc;
	if (!o->wants_print)
		return make(o, g, e);
	if (!o->cli.is_json) {
		params_print_values(stdout, gen_params(g));
		return EXIT_DONE;
	}
	struct report *r = report_begin(stdout, REPORT_JSON, COMMAND, NULL, NULL);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the parameters");
	params_report_begin(r);
	params_report_values(r, o->profile, gen_params(g));
	return cli_report_end(COMMAND, r, EXIT_DONE);
}

static const struct cli_command command = {
	.args_doc = "PROFILE",
	.doc = "Makes a trace of a characterised workload: dma and cpu rows of a VM with a NIC and "
	       "a disk, or the addresses a program with a big heap asks for.\v"
	       "Examples:\n"
	       "  pugmark gen nic -o nic.db --seed 7\n"
	       "  pugmark gen production -o day.db --set gen.memory=4G\n"
	       "  pugmark gen production --print",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct options, cli),
	.what = "profile",
	.only = offsetof(struct options, profile),
	.argument_choices = gen_profiles,
	.argument_files = "ini",
	.check = check,
};

int cmd_gen(int argc, char **argv)
{
	_free_ struct options *o = calloc(1, sizeof(*o));
	struct arena arena = {};
	struct err e = {};

	if (!o) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail(COMMAND, &e);
	}
	cli_options_parse(&command, argc, argv, o);
	const int rc = run(o, &arena, &e);
	arena_deinit(&arena);
	return rc < 0 ? cli_fail(COMMAND, &e) : rc;
}
