// SPDX-License-Identifier: MIT
/*
 * pugmark import: foreign files into a trace. Only named files are read. A
 * trace left unsealed by a crash is gone on with, when the inputs are the same.
 */
#include "collect/commands.h"

#include "base/cleanup.h"
#include "base/quantity.h"
#include "collect/import-report.h"
#include "collect/import.h"
#include "reports/cli.h"
#include "reports/progress.h"
#include "store/db.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define COMMAND "import"

enum { QUOTA_LEAST = 512 << 10, ROTATE_LEAST = 4 << 10 };

struct import_command {
	struct cli cli;
	char **files; /* room for all of argv */
	unsigned nfiles;
	const char *out, *format;
	struct import_options options;
	bool force, fsync;
	uint64_t quota_bytes, rotate_bytes;

	const struct importer *importer;
	struct progress progress;
	struct trace_writer *w;
	struct import im;
};

/* ---- what happens meanwhile ---- */

static void tell_warning(void *ctx, const char *sentence)
{
	struct import_command *c = ctx;

	cli_note(&c->cli, COMMAND, "%s", sentence);
}

static void show_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct import_command *c = ctx;

	c->progress.total = total;
	progress_set(&c->progress, done);
}

static void tell_commit(void *ctx, const struct kind *k, uint64_t rows, uint64_t offset)
{
	struct import_command *c = ctx;

	if (c->cli.is_verbose)
		fprintf(stderr, "committed %" PRIu64 " %s events, input offset %" PRIu64 "\n", rows,
			k->name, offset);
}

/* ---- inputs ---- */

static bool is_folder(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* All inputs share one importer, the first one's. */
static int agree(struct import_command *c, const char *path, const struct importer *found,
		 struct err *e)
{
	if (!c->importer)
		c->importer = found;
	if (c->importer != found)
		return err_set(e, ERR_USAGE,
			       "%.90s is %s, but %.90s is %s: import each into a trace of its own",
			       c->files[0], c->importer->name, path, found->name);
	if (c->nfiles > 1 && !found->is_appendable && !found->is_parallel)
		return err_set(e, ERR_USAGE,
			       "%s inputs do not follow one another: import each into a trace "
			       "of its own",
			       found->name);
	return 0;
}

/* Opens an input and finds its importer: as --format says, else by its bytes. */
static int open_input(struct import_command *c, const char *path, struct input **out, struct err *e)
{
	const struct importer *found = c->format ? importer_find(c->format) : NULL;
	int rc;

	if (c->format && !found)
		return err_set(e, ERR_USAGE, "no format '%s'", c->format);
	if (is_folder(path) && (!found || found->folder_member))
		rc = importer_open_folder(path, &found, out, e);
	else if (found && found->folder_member)
		rc = err_set(e, ERR_USAGE, "%s: format %s is a folder with %s in it", path,
			     found->name, found->folder_member);
	else
		rc = input_open(path, out, e);
	if (!rc && found && !found->folder_member)
		found = importer_variant(found, *out);
	if (!rc && !found && !(found = importer_sniff(*out, e)))
		rc = e->code;
	if (!rc)
		rc = agree(c, input_name(*out), found, e);
	if (rc)
		input_close(take_ptr(*out));
	return rc;
}

/* What an interrupted import must share with us to be gone on with. */
static char *describe_inputs(const struct import_command *c, struct input *first, struct err *e)
{
	enum { HASHED_BYTES = 4096 };
	const uint8_t *head;
	size_t n, text_n;
	char *text = NULL;

	if (input_peek(first, &head, &n, e))
		return NULL;
	FILE *f = open_memstream(&text, &text_n);
	if (f) {
		for (unsigned i = 0; i < c->nfiles; i++)
			fprintf(f, "%s ", c->files[i]);
		fprintf(f, "--format %s --as %s (begins with xxh64 %016" PRIx64 ")",
			c->importer->name, kind_as_names[c->options.as],
			(uint64_t)XXH64(head, n < HASHED_BYTES ? n : HASHED_BYTES, 0));
		if (fclose(f)) {
			free(text);
			text = NULL;
		}
	}
	if (!text)
		err_set(e, ERR_NOMEM, "out of memory");
	return text;
}

/* ---- output ---- */

/* --force: only a trace is removed, and never an input. */
static int remove_output(const struct import_command *c, const char *path, struct err *e)
{
	struct stat out, in;

	if (stat(path, &out))
		return 0;
	for (unsigned i = 0; i < c->nfiles; i++)
		if (!stat(c->files[i], &in) && in.st_dev == out.st_dev && in.st_ino == out.st_ino)
			return err_set(e, ERR_CREATE, "%s: is an input too", path);
	if (!S_ISREG(out.st_mode) || (out.st_size && !db_is_sqlite_file(path)))
		return err_set(e, ERR_CREATE, "%s: is no trace, so --force does not replace it",
			       path);
	if (trace_is_being_written(path))
		return err_set(e, ERR_CREATE, "%s: another process is writing it", path);
	return trace_remove_file(path, e);
}

/* The last member first: it is the one that may still be written. */
static int remove_set(const struct import_command *c, struct err *e)
{
	char name[PATH_MAX];
	unsigned n = 0;
	int rc = 0;

	do
		trace_set_name(c->out, ++n, name, sizeof(name));
	while (!access(name, F_OK));
	while (!rc && --n) {
		trace_set_name(c->out, n, name, sizeof(name));
		rc = remove_output(c, name, e);
	}
	return rc;
}

/* Only where it would help. */
static int suggest_force(const struct import_command *c, struct err *e)
{
	char first[PATH_MAX], why[sizeof(e->msg)];

	trace_set_name(c->out, 1, first, sizeof(first));
	if (trace_is_being_written(c->out) ||
	    (!db_is_sqlite_file(c->out) && !db_is_sqlite_file(first)))
		return e->code;
	memcpy(why, e->msg, sizeof(why));
	return err_set(e, e->code, "%.210s; --force replaces it", why);
}

static int open_output(struct import_command *c, struct input *first, struct err *e)
{
	_free_ char *args = describe_inputs(c, first, e);
	if (!args)
		return e->code;
	int rc = c->force ? remove_output(c, c->out, e) : 0;
	if (!rc && c->force)
		rc = remove_set(c, e);
	if (rc)
		return rc;

	char collector[64];
	snprintf(collector, sizeof(collector), "import %s", c->importer->name);
	const struct trace_writer_options options = {
		.collector = collector,
		.args = args,
		.clock = c->importer->clock ? c->importer->clock : "trace",
		.sync_full = c->fsync,
		.resume = true,
		.quota_bytes = c->quota_bytes,
		.rotate_bytes = c->rotate_bytes,
		.committed = tell_commit,
		.committed_ctx = c,
	};
	rc = trace_writer_open(c->out, &options, &c->w, e);
	return rc == ERR_CREATE && !c->force ? suggest_force(c, e) : rc;
}

/* ---- running ---- */

/* Parts of one recording: all are open at once. */
static int run_parallel(struct import_command *c, struct input *first, struct err *e)
{
	_free_ struct input **all = calloc(c->nfiles, sizeof(*all));
	uint64_t done, total;
	unsigned n = 1;
	int rc = 0;

	if (!all)
		return err_set(e, ERR_NOMEM, "out of memory");
	all[0] = first;
	for (; !rc && n < c->nfiles; n++)
		rc = open_input(c, c->files[n], &all[n], e);
	if (!rc) {
		input_position(first, &done, &total);
		progress_init(&c->progress, COMMAND, "B", total, c->cli.is_quiet);
		c->im.in = first;
		c->im.all = all;
		c->im.nall = c->nfiles;
		c->im.is_last = true;
		rc = c->importer->run(&c->im, e);
		progress_end(&c->progress);
	}
	while (--n)
		input_close(all[n]);
	c->im.all = NULL;
	return rc;
}

static int run_input(struct import_command *c, struct input *in, struct err *e)
{
	uint64_t done, total;

	input_position(in, &done, &total);
	progress_init(&c->progress, COMMAND, "B", total, c->cli.is_quiet);
	c->im.in = in;
	c->im.folder = c->importer->folder_member ? c->files[c->im.at.file] : NULL;
	c->im.is_last = c->im.at.file + 1 == c->nfiles;
	const int rc = c->importer->run(&c->im, e);
	progress_end(&c->progress);

	c->im.resume_offset = 0;
	c->im.at.file++;
	c->im.at.base += input_offset(in);
	c->im.at.line = 0;
	if (rc == ERR_UNUSABLE && !c->im.is_last) { /* the next may be */
		import_damage(&c->im, "%s", e->msg);
		return 0;
	}
	return rc;
}

/* The inputs one after another; the first is open already, for its format. */
static int run_all(struct import_command *c, struct input *first, struct err *e)
{
	struct input *in = NULL;
	int rc = open_output(c, first, e);

	if (rc)
		return rc;
	c->im = (struct import){
		.w = c->w,
		.options = &c->options,
		.warn = tell_warning,
		.progress = show_progress,
		.ctx = c,
	};
	if (trace_writer_is_resumed(c->w))
		cli_note(&c->cli, COMMAND, "%s: going on after an interrupted import", c->out);
	import_resume(&c->im, c->importer);
	if (c->importer->is_parallel)
		return run_parallel(c, first, e);
	while (!rc && c->im.at.file < c->nfiles) {
		const char *path = c->files[c->im.at.file];
		if (!c->im.at.file) {
			rc = run_input(c, first, e);
			continue;
		}
		rc = open_input(c, path, &in, e);
		if (!rc)
			rc = run_input(c, in, e);
		input_close(take_ptr(in));
	}
	if (c->im.state_free)
		c->im.state_free(take_ptr(c->im.state));
	return rc;
}

static uint64_t rows_stored(const struct trace_writer *w)
{
	uint64_t rows = 0;
	for (unsigned i = 0; i < KIND_COUNT; i++)
		rows += trace_writer_rows(w, (enum kind_id)i);
	return rows;
}

/*
 * Ends the writer by what happened: sealed; nothing there to keep: removed;
 * stopped on the way: closed, so that it can be gone on with.
 */
static int end_output(struct import_command *c, int rc, struct err *e)
{
	struct trace_writer *w = take_ptr(c->w);

	if (!w)
		return rc;
	if (!rc)
		return trace_writer_seal(w, e);
	if (rc == ERR_UNUSABLE || rc == ERR_USAGE || !rows_stored(w))
		trace_writer_abort(w);
	else
		trace_writer_close(w, NULL);
	return rc;
}

/* No hour of work before a misspelt name or an empty file; what can be read only once waits. */
static int check_later_input(struct import_command *c, const char *path, struct err *e)
{
	struct input *in = NULL;
	struct stat st;

	if (!strcmp(path, "-") ||
	    (!stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return 0;
	const int rc = open_input(c, path, &in, e);
	input_close(in);
	return rc;
}

static int import_all(struct import_command *c, struct err *e)
{
	struct input *first = NULL;

	int rc = open_input(c, c->files[0], &first, e);
	for (unsigned i = 1; !rc && i < c->nfiles; i++)
		rc = check_later_input(c, c->files[i], e);
	if (!rc)
		rc = run_all(c, first, e);
	rc = end_output(c, rc, e);
	input_close(first);
	return rc;
}

/* ---- options ---- */

enum { KEY_AS = 256, KEY_FORCE, KEY_QUOTA, KEY_ROTATE, KEY_FSYNC };

static const struct argp_option option_table[] = {
	{ "output", 'o', "T.db", 0, "Trace to write", 0 },
	{ "format", 'f', "NAME", 0, "Format of the inputs, instead of by their bytes", 0 },
	{ "as", KEY_AS, "gpa|hpa|pa", 0,
	  "Address space of physical addresses (default pa: physical to the recording kernel)", 0 },
	{ "force", KEY_FORCE, NULL, 0,
	  "Replace T.db; an unfinished one of the same inputs is "
	  "otherwise gone on with",
	  0 },
	{ "quota", KEY_QUOTA, "SIZE", 0, "Most bytes to keep: the oldest rows give way, as loss",
	  0 },
	{ "rotate", KEY_ROTATE, "SIZE", 0, "Write a set T.0001.db .. of files of about SIZE", 0 },
	{ "fsync", KEY_FSYNC, NULL, 0, "Have each commit survive a power cut", 0 },
	{ 0 },
};

/* Below the least a trace cannot hold its tables and one chunk of each stream. */
static void parse_size(struct argp_state *state, const char *option, const char *arg,
		       uint64_t least, uint64_t *bytes_out)
{
	struct err e = {};
	int rc = quantity_parse_bytes(arg, bytes_out, &e);

	if (!rc && *bytes_out < least)
		rc = err_set(&e, ERR_USAGE, "'%s': expected %s or more", arg,
			     quantity_bytes(least).s);
	if (rc)
		cli_bad_value(state, option, &e);
}

static void parse_as(struct argp_state *state, const char *arg, struct import_command *c)
{
	const int as = kind_name_find(kind_as_names, arg);

	if (as != AS_GPA && as != AS_HPA && as != AS_PA)
		argp_error(state, "--as: no address space '%s', only: gpa, hpa, pa", arg);
	else
		c->options.as = (enum address_space)as;
}

static void list_formats(struct cli_choice *out)
{
	for (size_t i = 0; importers[i] && i + 1 < CLI_CHOICES_MAX; i++)
		out[i] = (struct cli_choice){ importers[i]->name, importers[i]->summary };
}

static void parse_format(struct argp_state *state, const char *arg, struct import_command *c)
{
	struct cli_choice formats[CLI_CHOICES_MAX] = {};

	c->format = arg;
	if (!importer_find(arg)) {
		list_formats(formats);
		cli_bad_choice(state, "format", arg, formats);
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct import_command *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &c->cli;
		return 0;
	case 'o':
		c->out = arg;
		return 0;
	case 'f':
		parse_format(state, arg, c);
		return 0;
	case KEY_AS:
		parse_as(state, arg, c);
		return 0;
	case KEY_FORCE:
		c->force = true;
		return 0;
	case KEY_QUOTA:
		parse_size(state, "--quota", arg, QUOTA_LEAST, &c->quota_bytes);
		return 0;
	case KEY_ROTATE:
		parse_size(state, "--rotate", arg, ROTATE_LEAST, &c->rotate_bytes);
		return 0;
	case KEY_FSYNC:
		c->fsync = true;
		return 0;
	case ARGP_KEY_ARG:
		c->files[c->nfiles++] = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which file?");
		return 0;
	case ARGP_KEY_END:
		if (!c->out)
			argp_error(state, "which trace to write? -o T.db");
		else if (!*c->out || !strcmp(c->out, "-"))
			argp_error(state, "-o '%s': a trace is a file with a name", c->out);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static char *help_filter(int key, const char *text, void *input)
{
	struct cli_choice formats[CLI_CHOICES_MAX] = {};

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	list_formats(formats);
	return cli_list_choices(text, formats);
}

static const struct argp_child children[] = { { &cli_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_table,
	.parser = parse,
	.args_doc = "FILE...\nFOLDER",
	.doc = "Reads foreign files (plain, .zst, .gz, .xz or - for standard input) into a trace."
	       "\vFormats:",
	.children = children,
	.help_filter = help_filter,
};

int cmd_import(int argc, char **argv)
{
	struct import_command c = { .options = { .as = AS_PA } };
	struct err e = {};

	_free_ char **files = calloc((size_t)argc, sizeof(*files));
	if (!files) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail(COMMAND, &e);
	}
	c.files = files;
	cli_parse(&argp, argc, argv, &c);
	const int rc = import_all(&c, &e);
	if (rc)
		return cli_fail(COMMAND, &e);
	const struct import_result result = {
		.command = COMMAND,
		.path = c.out,
		.format = c.importer->name,
		.damaged = c.im.at.damaged,
		.first_damage = c.im.first_damage.code ? c.im.first_damage.msg : NULL,
	};
	return import_report(&c.cli, &result);
}
