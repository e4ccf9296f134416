// SPDX-License-Identifier: MIT
/*
 * pugmark gen: a characterised workload as a trace, from a profile and a seed.
 * For comparing policies where no recording is at hand, and for asking what a
 * result depends on.
 */
#include "replay/commands.h"

#include "base/cleanup.h"
#include "replay/gen.h"
#include "reports/cli.h"
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

enum { ASSIGNMENTS_MAX = 200, SECONDS = 1000000000 };

struct options {
	struct cli cli;
	const char *profile, *out;
	const char *assignments[ASSIGNMENTS_MAX];
	size_t nassignments;
	char duration[100]; /* as an assignment */
	uint64_t seed;
	bool is_forced, wants_print;
};

enum { KEY_SEED = 256, KEY_SET, KEY_DURATION, KEY_FORCE, KEY_PRINT };

static const struct argp_option option_table[] = {
	{ "output", 'o', "TRACE", 0, "The trace to make", 0 },
	{ "seed", KEY_SEED, "N", 0, "Same profile and seed: same trace (default: 1)", 0 },
	{ "set", KEY_SET, "SECTION.KEY=VALUE", 0, "Change a parameter of the profile", 0 },
	{ "duration", KEY_DURATION, "T", 0, "Length of the trace, as --set gen.duration=T", 0 },
	{ "force", KEY_FORCE, NULL, 0, "Replace a trace that is there", 0 },
	{ "print", KEY_PRINT, NULL, 0, "Show the parameters with their sources, make nothing", 0 },
	{ 0 },
};

static void assign(struct options *o, const char *text, const struct argp_state *state)
{
	if (o->nassignments == ASSIGNMENTS_MAX)
		argp_error(state, "more than %d parameters", ASSIGNMENTS_MAX);
	o->assignments[o->nassignments++] = text;
}

static void parse_seed(struct options *o, const char *arg, const struct argp_state *state)
{
	struct err e = {};
	if (quantity_parse_count(arg, &o->seed, &e))
		cli_bad_value(state, "--seed", &e);
}

static void parse_duration(struct options *o, const char *arg, const struct argp_state *state)
{
	struct err e = {};
	uint64_t ns;
	int rc = quantity_parse_ns(arg, &ns, &e);
	if (!rc && (size_t)snprintf(o->duration, sizeof(o->duration), "gen.duration=%s", arg) >=
			   sizeof(o->duration))
		rc = err_set(&e, ERR_USAGE, "'%.40s...' is too long", arg);
	if (rc)
		cli_bad_value(state, "--duration", &e);
	assign(o, o->duration, state);
}

static void check(const struct options *o, const struct argp_state *state)
{
	if (!o->profile)
		argp_error(state, "which profile?");
	if (!o->out && !o->wants_print)
		argp_error(state, "-o TRACE: where to?");
	if (o->out && !*o->out)
		argp_error(state, "-o: a trace has a name");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->cli;
		return 0;
	case 'o':
		o->out = arg;
		return 0;
	case KEY_SEED:
		parse_seed(o, arg, state);
		return 0;
	case KEY_SET:
		assign(o, arg, state);
		return 0;
	case KEY_DURATION:
		parse_duration(o, arg, state);
		return 0;
	case KEY_FORCE:
		o->is_forced = true;
		return 0;
	case KEY_PRINT:
		o->wants_print = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->profile)
			argp_error(state, "one profile at a time: '%s' is too many", arg);
		o->profile = arg;
		return 0;
	case ARGP_KEY_END:
		check(o, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

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
					       REPORT_U(n->cpu_pages), REPORT_S(gen_digest(g)) });
	return cli_report_end(COMMAND, r, EXIT_DONE);
}

static void show_progress(void *ctx, uint64_t now_ns)
{
	progress_set(ctx, now_ns / SECONDS);
}

static int make(const struct options *o, const char *args, const struct gen *g, struct err *e)
{
	struct gen_counts counts;
	struct progress progress;
	int rc = o->is_forced ? remove_trace(o->out, e) : 0;
	if (rc)
		return rc;
	progress_init(&progress, COMMAND, "s", gen_duration_ns(g) / SECONDS, o->cli.is_quiet);
	rc = gen_write(g, o->seed, o->out, args, show_progress, &progress, &counts, e);
	progress_end(&progress);
	return rc ? rc : show(o, g, &counts, e);
}

static int run(const struct options *o, const char *args, struct arena *arena, struct err *e)
{
	struct gen *g;
	int rc = gen_open(o->profile, arena, &g, e);
	for (size_t i = 0; !rc && i < o->nassignments; i++)
		rc = gen_assign(g, o->assignments[i], e);
	if (!rc)
		rc = gen_prepare(g, e);
	if (rc)
		return rc;
	if (!o->wants_print)
		return make(o, args, g, e);
	params_print_values(stdout, gen_params(g));
	return EXIT_DONE;
}

static const struct argp_child children[] = { { &cli_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_table,
	.parser = parse,
	.args_doc = "PROFILE",
	.doc = "Makes a trace of a characterised workload: dma and cpu rows of a VM with a NIC and "
	       "a"
	       " disk.\v"
	       "Examples:\n"
	       "  pugmark gen nic -o nic.db --seed 7\n"
	       "  pugmark gen production -o day.db --set gen.memory=4G\n"
	       "  pugmark gen production --print",
	.children = children,
};

int cmd_gen(int argc, char **argv)
{
	struct options o = { .seed = 1 };
	struct arena arena = {};
	struct err e = {};
	char args[1000];
	size_t used = 0;

	for (int i = 0; i < argc && used < sizeof(args); i++)
		used += (size_t)snprintf(args + used, sizeof(args) - used, "%s%s", i ? " " : "",
					 argv[i]);
	cli_parse(&argp, argc, argv, &o);
	const int rc = run(&o, args, &arena, &e);
	arena_deinit(&arena);
	return rc < 0 ? cli_fail(COMMAND, &e) : rc;
}
