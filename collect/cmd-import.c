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
#include "reports/options.h"
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

struct import_command {
	struct cli cli;
	const char **files; /* room for all of argv */
	unsigned nfiles;
	const char *out;
	bool has_format;
	int format, as; /* numbers of what importer_names and list_spaces have */
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
	const struct importer *found = c->has_format ? importers[c->format] : NULL;
	int rc;

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

static const enum address_space spaces[] = { AS_GPA, AS_HPA, AS_PA };

static void list_spaces(struct choices *c)
{
	for (size_t i = 0; i < sizeof(spaces) / sizeof(*spaces); i++)
		choices_add(c, kind_as_names[spaces[i]], NULL, NULL);
}

static int take_file(void *mine, char *text, struct err *e)
{
	struct import_command *c = mine;
	(void)e;
	c->files[c->nfiles++] = text;
	return 0;
}

static int check(void *mine, struct err *e)
{
	struct import_command *c = mine;
	if (!c->nfiles)
		return err_set(e, ERR_USAGE, "which file?");
	if (!c->out)
		return err_set(e, ERR_USAGE, "which trace to write? -o T.db");
	if (!strcmp(c->out, "-"))
		return err_set(e, ERR_USAGE, "-o '-': a trace is a file with a name");
	c->options.as = spaces[c->as];
	return 0;
}

#define AT(member) .offset = offsetof(struct import_command, member)

/* Below the least size a trace cannot hold its tables and one chunk of each stream. */
static const struct cli_option options[] = {
	{ .name = "output",
	  .key = 'o',
	  .arg = "T.db",
	  .kind = CLI_TEXT,
	  AT(out),
	  .files = "db",
	  .help = "Trace to write" },
	{ .name = "format",
	  .key = 'f',
	  .arg = "NAME",
	  .kind = CLI_CHOICE,
	  AT(format),
	  .given = offsetof(struct import_command, has_format),
	  .choices = importer_names,
	  .listed = "Formats",
	  .help = "Format of the inputs, instead of by their bytes" },
	{ .name = "as",
	  .arg = "SPACE",
	  .kind = CLI_CHOICE,
	  AT(as),
	  .choices = list_spaces,
	  .what = "address space",
	  .fallback = "pa",
	  .help = "Address space of physical addresses (pa: physical to the recording kernel)" },
	{ .name = "force",
	  .kind = CLI_FLAG,
	  AT(force),
	  .help = "Replace T.db; an unfinished one of the same inputs is otherwise gone on "
		  "with" },
	{ .name = "quota",
	  .arg = "SIZE",
	  .kind = CLI_BYTES,
	  AT(quota_bytes),
	  .least = 512 << 10,
	  .help = "Most bytes to keep: the oldest rows give way, as loss" },
	{ .name = "rotate",
	  .arg = "SIZE",
	  .kind = CLI_BYTES,
	  AT(rotate_bytes),
	  .least = 4 << 10,
	  .help = "Write a set T.0001.db .. of files of about SIZE" },
	{ .name = "fsync",
	  .kind = CLI_FLAG,
	  AT(fsync),
	  .help = "Have each commit survive a power cut" },
};

static const struct cli_command command = {
	.args_doc = "FILE...\nFOLDER",
	.doc = "Reads foreign files (plain, .zst, .gz, .xz or - for standard input) into a trace.",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct import_command, cli),
	.argument = take_file,
	.argument_files = "",
	.check = check,
};

int cmd_import(int argc, char **argv)
{
	struct import_command c = {};
	struct err e = {};

	_free_ const char **files = calloc((size_t)argc, sizeof(*files));
	if (!files) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail(COMMAND, &e);
	}
	c.files = files;
	cli_options_parse(&command, argc, argv, &c);
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
