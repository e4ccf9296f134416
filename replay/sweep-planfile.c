// SPDX-License-Identifier: MIT
/*
 * A plan as a file:
 *
 *	pugmark sweep plan 1
 *	version 0.1.0
 *	threads yes
 *	task HASH DIGEST CONFIGS
 *	trace nic.db
 *	arg pin
 *	arg nic.db
 *	canon pugmark=0.1.0
 *	...
 *	end 20
 *
 * A task reads it up to its own number only. Values hold no line ends.
 */
#include "replay/sweep-plan.h"

#include "base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CANON_BYTES_MAX = 1 << 20, NAME_BYTES = 4096 };

static const char magic[] = "pugmark sweep plan 1";

static void write_task(FILE *f, const struct sweep_task *t)
{
	fprintf(f, "task %s %s %" PRIu64 "\ntrace %s\n", t->hash, t->trace_digest, t->configs,
		t->trace);
	for (const char *const *arg = t->argv; *arg; arg++)
		fprintf(f, "arg %s\n", *arg);
	for (const char *line = t->canon; *line;) {
		const size_t n = strcspn(line, "\n");
		fprintf(f, "canon %.*s\n", (int)n, line);
		line += n + (line[n] == '\n');
	}
}

int sweep_plan_write(const struct sweep_plan *p, const char *path, struct err *e)
{
	char temporary[NAME_BYTES];
	snprintf(temporary, sizeof(temporary), "%s.tmp", path);
	FILE *f = fopen(temporary, "we");
	if (!f)
		return err_set(e, errno == EACCES ? ERR_PERM : ERR_CREATE, "%s: %s", temporary,
			       strerror(errno));
	fprintf(f, "%s\nversion %s\nthreads %s\n", magic, PUGMARK_VERSION,
		p->takes_threads ? "yes" : "no");
	for (size_t i = 0; i < p->n; i++)
		write_task(f, &p->tasks[i]);
	fprintf(f, "end %zu\n", p->n);
	bool is_whole = !fflush(f) && !ferror(f) && !fsync(fileno(f));
	is_whole &= !fclose(f);
	if (is_whole && !rename(temporary, path))
		return 0;
	const int rc = err_set(e, ERR_CREATE, "%s: %s", path, strerror(errno));
	unlink(temporary);
	return rc;
}

/* ---- reading ---- */

struct reading {
	FILE *file;
	const char *path;
	char *line;
	size_t line_bytes, number;
	struct arena *arena;
	struct sweep_plan *plan;
};

/* The next line's word, its value behind it; NULL at the end. */
static const char *next_line(struct reading *r, const char **value_out)
{
	const ssize_t n = getline(&r->line, &r->line_bytes, r->file);
	if (n <= 0 || r->line[n - 1] != '\n')
		return NULL;
	r->line[n - 1] = 0;
	r->number++;
	char *blank = strchr(r->line, ' ');
	*value_out = blank ? blank + 1 : "";
	if (blank)
		*blank = 0;
	return r->line;
}

static int refuse(const struct reading *r, const char *expected, struct err *e)
{
	return err_set(e, ERR_FORMAT, "%s: line %zu: expected %s", r->path, r->number, expected);
}

static int read_head(struct reading *r, struct err *e)
{
	const char *word, *value;
	word = next_line(r, &value);
	if (!word || strcmp(word, "pugmark") || strcmp(value, strchr(magic, ' ') + 1))
		return refuse(r, "'pugmark sweep plan 1'", e);
	word = next_line(r, &value);
	if (!word || strcmp(word, "version"))
		return refuse(r, "'version ...'", e);
	if (strcmp(value, PUGMARK_VERSION))
		return err_set(e, ERR_UNUSABLE,
			       "%s: was made by pugmark %.40s, this is %s: results of two versions "
			       "are not mixed",
			       r->path, value, PUGMARK_VERSION);
	word = next_line(r, &value);
	if (!word || strcmp(word, "threads"))
		return refuse(r, "'threads yes' or 'threads no'", e);
	r->plan->takes_threads = !strcmp(value, "yes");
	return 0;
}

static bool is_hex(const char *text, size_t n)
{
	return strspn(text, "0123456789abcdef") == n && !text[n];
}

static int read_task_line(struct reading *r, const char *value, struct sweep_task *t, struct err *e)
{
	char hash[SHA256_HEX_CHARS + 2], digest[130];
	uint64_t configs;
	if (sscanf(value, "%65s %129s %" SCNu64, hash, digest, &configs) != 3 ||
	    !is_hex(hash, SHA256_HEX_CHARS) || !is_hex(digest, strlen(digest)))
		return refuse(r, "'task HASH DIGEST CONFIGURATIONS'", e);
	*t = (struct sweep_task){ .configs = configs,
				  .trace_digest = arena_strdup(r->arena, digest),
				  .argv = arena_alloc(r->arena, SWEEP_ARGS_MAX + 1,
						      sizeof(char *)) };
	memcpy(t->hash, hash, sizeof(t->hash));
	return t->trace_digest && t->argv ? 0 : err_set(e, ERR_NOMEM, "no memory for a task");
}

/* What belongs to the task, to the next one's first line or the end. */
static int read_body(struct reading *r, struct sweep_task *t, struct err *e)
{
	const char *word, *value;
	size_t argc = 0, used = 0;
	char hash[SHA256_HEX_CHARS + 1];
	char *canon = arena_alloc(r->arena, CANON_BYTES_MAX + 1, 1);
	if (!canon)
		return err_set(e, ERR_NOMEM, "no memory for a task");
	while ((word = next_line(r, &value)) && strcmp(word, "task") && strcmp(word, "end")) {
		const size_t n = strlen(value);
		if (!strcmp(word, "trace") && !t->trace) {
			t->trace = arena_strdup(r->arena, value);
		} else if (!strcmp(word, "arg") && argc < SWEEP_ARGS_MAX) {
			t->argv[argc++] = arena_strdup(r->arena, value);
		} else if (!strcmp(word, "canon") && used + n + 1 < CANON_BYTES_MAX) {
			memcpy(canon + used, value, n);
			canon[used + n] = '\n';
			used += n + 1;
		} else {
			return refuse(r, "'trace ...', 'arg ...' or 'canon ...'", e);
		}
	}
	t->canon = canon;
	sha256_hex(canon, used, hash);
	if (!word || argc < 2 || !t->trace || strcmp(hash, t->hash))
		return refuse(r, "a whole task before it: the file is damaged or cut short", e);
	for (size_t i = 0; i < argc; i++)
		if (!t->argv[i])
			return err_set(e, ERR_NOMEM, "no memory for a task");
	return 0;
}

static int read_task(struct reading *r, size_t wanted, struct err *e)
{
	const char *word, *value;
	int rc = read_head(r, e);
	size_t n = 0;
	while (!rc && (word = next_line(r, &value)) && strcmp(word, "end")) {
		if (strcmp(word, "task") || ++n != wanted)
			continue;
		rc = read_task_line(r, value, r->plan->tasks, e);
		return rc ? rc : read_body(r, r->plan->tasks, e);
	}
	return rc ? rc
		  : err_set(e, ERR_USAGE, "%s: has no task %zu: there are %zu", r->path, wanted, n);
}

int sweep_plan_read_task(const char *path, size_t n, struct arena *a, struct sweep_plan *out,
			 struct err *e)
{
	struct reading r = { .path = path, .arena = a, .plan = out };
	*out = (struct sweep_plan){ .tasks = arena_alloc(a, 1, sizeof(*out->tasks)), .n = 1 };
	if (!out->tasks)
		return err_set(e, ERR_NOMEM, "no memory for a task");
	r.file = fopen(path, "re");
	if (!r.file)
		return err_set(e, errno == EACCES ? ERR_PERM : ERR_NOINPUT, "%s: %s", path,
			       strerror(errno));
	const int rc = read_task(&r, n, e);
	fclose(r.file);
	free(r.line);
	if (!rc) {
		out->command = out->tasks->argv[0];
		out->configs = out->tasks->configs;
	}
	return rc;
}
