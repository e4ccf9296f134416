// SPDX-License-Identifier: MIT
/*
 * pugmark export: streams of a trace in formats of others. A file is written
 * beside its place and renamed when it is whole.
 */
#include "collect/commands.h"

#include "base/cleanup.h"
#include "base/quantity.h"
#include "base/tempfile.h"
#include "base/units.h"
#include "collect/export.h"
#include "collect/pseudonym.h"
#include "reports/banner.h"
#include "reports/options.h"
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMAND "export"

static const struct exporter *const exporters[] = { &export_csv,      &export_jsonl,
						    &export_requests, &export_oracle_general,
						    &export_perfetto, NULL };

struct export_command {
	struct cli cli;
	const char *path, *out, *stream;
	bool has_format;
	int format; /* number of the exporter */
	const struct exporter *exporter;
	char *temporary; /* name of a file to be renamed, or NULL */

	bool is_pseudonymise;
	const char *key;
	unsigned grain_shift; /* pages that stay together: 1 << grain_shift */
};

static void tell_warning(void *ctx, const char *sentence)
{
	const struct export_command *c = ctx;

	cli_note(&c->cli, COMMAND, "%s", sentence);
}

int export_each_batch(struct export *x, const struct trace_stream_info *s, uint64_t columns,
		      int (*put)(struct export *x, const struct batch *b, void *ctx, struct err *e),
		      void *ctx, struct err *e)
{
	const struct trace_select select = { .stream = s->id, .columns = columns, .dev = -1 };
	struct trace_reader *r = NULL;
	const struct batch *b;
	int rc = trace_reader_open(x->t, &select, &r, e);

	while (!rc) {
		const int got = trace_reader_next(r, &b, e);
		if (!got)
			break;
		if (got > 0) {
			rc = put(x, b, ctx, e);
			continue;
		}
		if (got != ERR_FORMAT) {
			rc = got;
			break;
		}
		x->damaged++;
		x->warn(x->ctx, e->msg);
	}
	trace_reader_close(r);
	return rc;
}

/* ---- which stream ---- */

static bool is_known(const struct exporter *x, enum kind_id kind)
{
	if (!x->kinds)
		return true;
	for (const enum kind_id *k = x->kinds; *k != KIND_COUNT; k++)
		if (*k == kind)
			return true;
	return false;
}

static int list_streams(struct trace *t, const char *why, struct err *e)
{
	char list[120] = "";
	size_t n = 0;

	for (unsigned i = 0; i < trace_nstreams(t) && n < sizeof(list); i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", i ? ", " : "",
				      trace_stream_info(t, i)->kind->name);
	return err_set(e, ERR_USAGE, "%.80s: %s: %s", trace_path(t), why, n ? list : "no stream");
}

/* By kind or by number, as pugmark cache takes it. */
static bool is_asked_for(const struct export_command *c, const struct trace_stream_info *s)
{
	char number[12];

	snprintf(number, sizeof(number), "%u", s->id);
	return !c->stream || !strcmp(c->stream, s->kind->name) || !strcmp(c->stream, number);
}

static int choose_stream(const struct export_command *c, struct export *x, struct err *e)
{
	const struct trace_stream_info *largest = NULL; /* as cache picks it */
	unsigned nknown = 0;
	char why[80];

	for (unsigned i = 0; i < trace_nstreams(x->t); i++) {
		const struct trace_stream_info *s = trace_stream_info(x->t, i);
		if (!is_asked_for(c, s) || !is_known(c->exporter, s->kind->id))
			continue;
		if (!largest || s->rows > largest->rows)
			largest = s;
		nknown++;
	}
	if (c->stream && !nknown) {
		const struct kind *k = kind_find(c->stream);
		snprintf(why, sizeof(why),
			 k && trace_find_stream(x->t, k->id)
				 ? "%2$s cannot hold a %1$.16s stream; it has"
				 : "no stream '%1$.16s' for %2$s, only",
			 c->stream, c->exporter->name);
		return list_streams(x->t, why, e);
	}
	if (!nknown) {
		snprintf(why, sizeof(why), "no stream for %s, only", c->exporter->name);
		list_streams(x->t, why, e);
		return e->code = ERR_UNUSABLE;
	}
	if (c->exporter->is_of_all && !c->stream)
		return 0;
	if (nknown > 1 && !c->exporter->kinds)
		return list_streams(x->t, "--stream must pick one of", e);
	x->stream = largest;
	return 0;
}

/* ---- where to ---- */

static bool is_to_stdout(const struct export_command *c)
{
	return !c->out || !strcmp(c->out, "-");
}

/* Whether out is a trace, our input above all: an export must not be the end of one. */
static int check_output(const struct export_command *c, const struct trace *t, struct err *e)
{
	struct stat out, in;

	if (!*c->out)
		return err_set(e, ERR_USAGE, "-o '': expected a file name");
	if (stat(c->out, &out) || !S_ISREG(out.st_mode))
		return 0;
	for (unsigned i = 0; i < trace_nfiles(t); i++)
		if (!stat(trace_file_path(t, i), &in) && in.st_dev == out.st_dev &&
		    in.st_ino == out.st_ino)
			return err_set(e, ERR_CREATE, "%s: is the trace itself", c->out);
	if (db_is_sqlite_file(c->out))
		return err_set(e, ERR_CREATE,
			       "%s: is an SQLite file: remove it first, if it is not needed",
			       c->out);
	return 0;
}

static int open_beside(struct export_command *c, struct err *e)
{
	if (asprintf(&c->temporary, "%s.XXXXXX", c->out) < 0) {
		c->temporary = NULL;
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	const int fd = mkostemp(c->temporary, O_CLOEXEC);
	if (fd < 0) {
		free(take_ptr(c->temporary));
		return err_set(e, errno == EACCES ? ERR_PERM : ERR_CREATE, "%s: %s", c->out,
			       strerror(errno));
	}
	const mode_t mask = umask(0); /* the only way to ask */
	umask(mask);
	fchmod(fd, 0666 & ~mask);
	return fd;
}

static int open_output(struct export_command *c, struct export *x, struct err *e)
{
	struct stat st;
	const bool is_stdout = is_to_stdout(c);
	const bool is_special = !is_stdout && !stat(c->out, &st) && !S_ISREG(st.st_mode);
	const int rc = is_stdout ? 0 : check_output(c, x->t, e);

	if (rc)
		return rc;
	if (!is_stdout && !is_special) {
		x->fd = open_beside(c, e);
		x->is_seekable = true;
	} else if (c->exporter->needs_seek) {
		x->fd = tempfile_open(e);
		x->is_seekable = true;
	} else if (is_stdout) {
		x->fd = dup(STDOUT_FILENO);
	} else {
		x->fd = open(c->out, O_WRONLY | O_CLOEXEC);
	}
	if (x->fd < 0)
		return e->code ? e->code
			       : err_set(e, errno == EACCES ? ERR_PERM : ERR_CREATE, "%s: %s",
					 c->out ? c->out : "stdout", strerror(errno));
	outbuf_init(&x->out, x->fd);
	return 0;
}

/* From a scratch file to stdout or a special file */
static int copy_out(const struct export_command *c, struct export *x, struct err *e)
{
	const bool is_stdout = is_to_stdout(c);
	_close_ int fd = is_stdout ? dup(STDOUT_FILENO) : open(c->out, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, ERR_CREATE, "%s: %s", c->out ? c->out : "stdout",
			       strerror(errno));

	char block[1 << 15];
	off_t at = 0;
	outbuf_init(&x->out, fd);
	for (ssize_t got; (got = pread(x->fd, block, sizeof(block), at)) != 0; at += got) {
		if (got < 0)
			return err_set(e, ERR_IO, "temporary file: %s", strerror(errno));
		outbuf_bytes(&x->out, block, (size_t)got);
	}
	return outbuf_flush(&x->out, e);
}

static int finish_output(struct export_command *c, struct export *x, int rc, struct err *e)
{
	if (!rc)
		rc = outbuf_flush(&x->out, e);
	if (!rc && !c->temporary && x->is_seekable)
		rc = copy_out(c, x, e);
	if (x->fd >= 0 && close(x->fd) && !rc)
		rc = err_set(e, ERR_CREATE, "%s: %s", c->out ? c->out : "stdout", strerror(errno));
	if (c->temporary && !rc && rename(c->temporary, c->out))
		rc = err_set(e, ERR_CREATE, "%s: %s", c->out, strerror(errno));
	if (c->temporary && rc)
		unlink(c->temporary);
	free(take_ptr(c->temporary));
	return rc;
}

/* For programs, where standard output is not the export itself: a row a stream. */
static int show(const struct export_command *c, const struct export *x, struct err *e)
{
	static const struct report_column columns[] = {
		{ "stream", NULL, REPORT_ID, 0 },   { "kind", NULL, REPORT_TEXT, 0 },
		{ "events", NULL, REPORT_U64, 0 },  { "format", NULL, REPORT_TEXT, 0 },
		{ "output", NULL, REPORT_TEXT, 0 },
	};
	char digest[TRACE_DIGEST_CHARS + 1];
	if (!c->cli.is_json || is_to_stdout(c))
		return 0;
	const bool is_known_digest = !trace_digest(x->t, digest, e);
	struct report *r = report_begin(stdout, REPORT_JSON, COMMAND, c->path,
					is_known_digest ? digest : NULL);
	if (!r)
		return err_set(e, ERR_NOMEM, "out of memory");
	report_member_u64(r, "damaged_chunks", x->damaged);
	report_table(r, "rows", NULL, columns, sizeof(columns) / sizeof(*columns));
	for (unsigned i = 0; i < trace_nstreams(x->t); i++) {
		const struct trace_stream_info *s = trace_stream_info(x->t, i);
		if (x->stream ? s != x->stream : !is_known(c->exporter, s->kind->id))
			continue;
		report_row(r, (struct report_value[]){
				      REPORT_U(s->id), REPORT_S(s->kind->name), REPORT_U(s->rows),
				      REPORT_S(c->exporter->name), REPORT_S(c->out) });
	}
	return report_end(r) ? err_set(e, ERR_IO, "the results could not be written") : 0;
}

static int export_all(struct export_command *c, uint64_t *damaged_out, struct err *e)
{
	struct export *x = calloc(1, sizeof(*x));
	if (!x)
		return err_set(e, ERR_NOMEM, "out of memory");
	x->fd = -1;
	x->warn = tell_warning;
	x->ctx = c;

	int rc = trace_open(c->path, &x->t, e);
	if (!rc)
		banner_show(&c->cli, COMMAND, x->t);
	if (!rc)
		rc = choose_stream(c, x, e);
	if (!rc)
		rc = open_output(c, x, e);
	if (!rc)
		rc = finish_output(c, x, c->exporter->run(x, e), e);
	if (!rc)
		rc = show(c, x, e);
	*damaged_out = x->damaged;
	trace_close(x->t);
	free(x);
	return rc;
}

/* ---- under other names ---- */

static int pseudonymise(const struct export_command *c, const struct pseudonym *p,
			struct pseudonym_counts *counts, struct err *e)
{
	struct trace *t = NULL;
	int rc = trace_open(c->path, &t, e);
	if (!rc)
		banner_show(&c->cli, COMMAND, t);
	if (!rc)
		rc = pseudonym_write(p, t, c->out, counts, e);
	trace_close(t);
	return rc;
}

/* It takes a while: better said before. */
static int check_new(const char *path, struct err *e)
{
	return access(path, F_OK)
		       ? 0
		       : err_set(e, ERR_CREATE, "%s: exists already: remove it, or give another -o",
				 path);
}

static int run_pseudonymise(const struct export_command *c)
{
	struct pseudonym_counts counts = {};
	struct pseudonym p;
	struct err e = {};
	int rc = pseudonym_init(&p, c->key, c->grain_shift, &e);
	if (!rc)
		rc = check_new(c->out, &e);
	if (!rc)
		rc = pseudonymise(c, &p, &counts, &e);
	pseudonym_deinit(&p);
	if (rc)
		return cli_fail(COMMAND, &e);

	struct report *r = report_begin(stdout, cli_format(&c->cli), COMMAND, NULL, NULL);
	if (!r) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail(COMMAND, &e);
	}
	export_tell_pseudonyms(r, c->out, c->grain_shift, &counts, c->cli.is_json);
	return cli_report_end(COMMAND, r, counts.damaged ? EXIT_DAMAGED : EXIT_DONE);
}

/* ---- options ---- */

void exporter_names(struct choices *c)
{
	for (size_t i = 0; exporters[i]; i++)
		choices_add(c, exporters[i]->name, exporters[i]->summary, NULL);
}

static void list_kinds(struct choices *c)
{
	for (unsigned i = 0; i < KIND_COUNT; i++)
		choices_add(c, kinds[i].name, NULL, NULL);
}

static int take_grain(void *mine, char *text, struct err *e)
{
	const unsigned most = PSEUDONYM_GRAIN_SHIFT_MAX;
	struct export_command *c = mine;
	uint64_t bytes;
	const int rc = quantity_parse_bytes(text, &bytes, e);
	if (rc)
		return rc;
	if (bytes < PAGE_BYTES || bytes & (bytes - 1) || bytes >> PAGE_SHIFT >> most > 1)
		return err_set(e, ERR_USAGE, "'%s': expected a power of two, 4K to 4G", text);
	c->grain_shift = (unsigned)__builtin_ctzll(bytes) - PAGE_SHIFT;
	return 0;
}

static int check(void *mine, struct err *e)
{
	struct export_command *c = mine;
	if (!c->is_pseudonymise && c->key)
		return err_set(e, ERR_USAGE, "--key is for --pseudonymise");
	if (!c->is_pseudonymise && !c->has_format)
		return err_set(e, ERR_USAGE, "which format? --format NAME");
	if (c->is_pseudonymise && (c->has_format || c->stream))
		return err_set(e, ERR_USAGE,
			       "--pseudonymise writes a whole trace: no --format, no --stream");
	if (c->is_pseudonymise && !c->key)
		return err_set(e, ERR_USAGE,
			       "which key? --key FILE (head -c 32 /dev/urandom makes one)");
	if (c->is_pseudonymise && (!c->out || !strcmp(c->out, "-")))
		return err_set(e, ERR_USAGE, "which trace to make? -o FILE");
	c->exporter = exporters[c->format];
	return 0;
}

#define AT(member) .offset = offsetof(struct export_command, member)

static const struct cli_option options[] = {
	{ .name = "format",
	  .key = 'f',
	  .arg = "NAME",
	  .kind = CLI_CHOICE,
	  AT(format),
	  .given = offsetof(struct export_command, has_format),
	  .choices = exporter_names,
	  .listed = "Formats",
	  .help = "Format to write" },
	{ .name = "stream",
	  .arg = "K",
	  .kind = CLI_TEXT,
	  AT(stream),
	  .choices = list_kinds,
	  .help = "Kind or number of the stream, where there are several" },
	{ .name = "output",
	  .key = 'o',
	  .arg = "FILE",
	  .kind = CLI_TEXT,
	  AT(out),
	  .help = "File to write instead of standard output" },
	{ .name = "pseudonymise",
	  .kind = CLI_FLAG,
	  AT(is_pseudonymise),
	  .help = "Write a trace with other page and block numbers and names" },
	{ .name = "key",
	  .arg = "FILE",
	  .kind = CLI_TEXT,
	  AT(key),
	  .help = "What they depend on: 16 bytes or more, yours alone" },
	{ .name = "keep-adjacency",
	  .arg = "SIZE",
	  .kind = CLI_CALL,
	  .each = take_grain,
	  .fallback = "2M",
	  .help = "What stays together, a power of two from 4K" },
};

static const struct cli_command command = {
	.args_doc = "TRACE",
	.doc = "Writes streams of a trace in a format of others.",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct export_command, cli),
	.what = "trace",
	.only = offsetof(struct export_command, path),
	.check = check,
};

int cmd_export(int argc, char **argv)
{
	struct export_command c = {};
	struct err e = {};
	uint64_t damaged = 0;

	cli_options_parse(&command, argc, argv, &c);
	if (c.is_pseudonymise)
		return run_pseudonymise(&c);
	const int rc = export_all(&c, &damaged, &e);
	if (rc)
		return cli_fail(COMMAND, &e);
	return damaged ? EXIT_DAMAGED : EXIT_DONE;
}
