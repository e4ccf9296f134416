// SPDX-License-Identifier: MIT
/*
 * Tasks by counting through the axes. Lists of the command are cut into pieces
 * so that a task has at most `batch` configurations: those given first in the
 * file stay whole longest, pieces of one list differ by one value at most.
 */
#include "replay/sweep-plan.h"

#include "base/cleanup.h"
#include "store/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One axis while counting: its values in pieces. */
struct wheel {
	const struct sweep_axis *axis;
	size_t pieces, at;
};

struct making {
	const struct sweep_config *config;
	struct sweep_plan *plan;
	struct wheel wheels[SWEEP_AXES_MAX];
	size_t cap;
	const char *trace, *digest;
};

/* ---- pieces ---- */

static size_t piece_first(const struct wheel *w, size_t i)
{
	return w->axis->values.n * i / w->pieces;
}

static size_t pieces_of(size_t n, size_t most)
{
	return (n + most - 1) / most;
}

static void cut(struct making *m)
{
	uint64_t room = m->config->batch;
	for (size_t i = 0; i < m->config->naxes; i++) {
		const struct sweep_axis *a = &m->config->axes[i];
		struct wheel *w = &m->wheels[i];
		*w = (struct wheel){ .axis = a, .pieces = a->values.n };
		if (a->kind != SWEEP_LIST)
			continue;
		const size_t most = room < a->most ? (size_t)room : (size_t)a->most;
		w->pieces = pieces_of(a->values.n, most);
		room /= pieces_of(a->values.n, w->pieces);
		room = room ? room : 1;
	}
}

/* ---- one task ---- */

struct text {
	FILE *file;
	char *bytes;
	size_t n;
};

/* Closes it: what was written, in the arena; NULL when memory is out. */
static char *keep(struct text *t, struct arena *a)
{
	const bool has_failed = ferror(t->file);
	const bool is_whole = !fclose(t->file) && !has_failed;
	char *kept = is_whole ? arena_strdup(a, t->bytes) : NULL;
	free(t->bytes);
	return kept;
}

/* `--policy=lru,arc`, `--set=memory.reclaim=lru`, `--no-cpu` or nothing */
static const char *make_argument(const struct wheel *w, struct arena *a)
{
	const struct sweep_axis *axis = w->axis;
	const size_t first = piece_first(w, w->at), end = piece_first(w, w->at + 1);
	struct text t = {};
	if (axis->kind == SWEEP_FLAG && !strcmp(axis->values.text[first], "no"))
		return "";
	t.file = open_memstream(&t.bytes, &t.n);
	if (!t.file)
		return NULL;
	if (axis->kind == SWEEP_SET)
		fprintf(t.file, "--set=%s=%s", axis->name, axis->values.text[first]);
	else
		fprintf(t.file, "--%s", axis->name);
	for (size_t i = first; i < end && axis->kind != SWEEP_SET && axis->kind != SWEEP_FLAG; i++)
		fprintf(t.file, "%s%s", i == first ? "=" : ",", axis->values.text[i]);
	return keep(&t, a);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *canon_line(const struct wheel *w, struct arena *a)
{
	const struct sweep_axis *axis = w->axis;
	struct text t = { .file = open_memstream(&t.bytes, &t.n) };
	if (!t.file)
		return NULL;
	fprintf(t.file, axis->kind == SWEEP_SET ? "set %s=" : "option %s=", axis->name);
	for (size_t i = piece_first(w, w->at); i < piece_first(w, w->at + 1); i++)
		fprintf(t.file, "%s%s", i == piece_first(w, w->at) ? "" : ",", axis->canon[i]);
	return keep(&t, a);
}

/* Version, command, trace; then what was varied, sorted: the file's order is no matter. */
static const char *make_canon(const struct making *m)
{
	struct arena *a = m->config->arena;
	const size_t n = m->config->naxes;
	char *lines[SWEEP_AXES_MAX];
	struct text t = { .file = open_memstream(&t.bytes, &t.n) };
	bool is_whole = t.file;
	if (!t.file)
		return NULL;
	fprintf(t.file, "pugmark=%s\ncommand=%s\ntrace=%s\n", PUGMARK_VERSION, m->config->command,
		m->digest);
	for (size_t i = 0; i < n; i++) {
		lines[i] = canon_line(&m->wheels[i], a);
		is_whole &= !!lines[i];
	}
	if (is_whole)
		qsort(lines, n, sizeof(*lines), by_text);
	for (size_t i = 0; i < n && is_whole; i++)
		fprintf(t.file, "%s\n", lines[i]);
	const char *kept = keep(&t, a);
	return is_whole ? kept : NULL;
}

static int fill_task(const struct making *m, struct sweep_task *t, struct err *e)
{
	const struct sweep_config *c = m->config;
	size_t argc = 0;
	*t = (struct sweep_task){ .trace = m->trace, .trace_digest = m->digest, .configs = 1 };
	t->argv = arena_alloc(c->arena, SWEEP_WORDS_MAX + c->naxes + 2, sizeof(*t->argv));
	t->canon = make_canon(m);
	if (!t->argv || !t->canon)
		return err_set(e, ERR_NOMEM, "no memory for the tasks");
	for (; argc < c->nwords; argc++)
		t->argv[argc] = c->words[argc];
	t->argv[argc++] = m->trace;
	for (size_t i = 0; i < c->naxes; i++) {
		const struct wheel *w = &m->wheels[i];
		t->argv[argc] = make_argument(w, c->arena);
		if (!t->argv[argc])
			return err_set(e, ERR_NOMEM, "no memory for the tasks");
		argc += *t->argv[argc] != 0;
		t->configs *= piece_first(w, w->at + 1) - piece_first(w, w->at);
	}
	t->argv[argc] = NULL;
	sha256_hex(t->canon, strlen(t->canon), t->hash);
	return 0;
}

/* ---- all tasks ---- */

static int add_task(struct making *m, struct err *e)
{
	struct sweep_plan *p = m->plan;
	if (p->n == SWEEP_TASKS_MAX)
		return err_set(e, ERR_FORMAT,
			       "%s: more than %d tasks: a larger batch makes fewer of them",
			       m->config->path, SWEEP_TASKS_MAX);
	if (p->n == m->cap) {
		const size_t cap = m->cap ? m->cap * 2 : 64;
		struct sweep_task *more = arena_alloc(m->config->arena, cap, sizeof(*more));
		if (!more)
			return err_set(e, ERR_NOMEM, "no memory for the tasks");
		if (p->n)
			memcpy(more, p->tasks, p->n * sizeof(*more));
		p->tasks = more;
		m->cap = cap;
	}
	const int rc = fill_task(m, &p->tasks[p->n], e);
	if (!rc)
		p->configs += p->tasks[p->n++].configs;
	return rc;
}

/* The next setting of the wheels, the last one turning fastest; false: back at the first. */
static bool turn(struct making *m)
{
	for (size_t i = m->config->naxes; i-- > 0;) {
		if (++m->wheels[i].at < m->wheels[i].pieces)
			return true;
		m->wheels[i].at = 0;
	}
	return false;
}

static int read_digest(const char *path, struct arena *a, const char **out, struct err *e)
{
	char digest[TRACE_DIGEST_CHARS + 1];
	struct trace *t;
	int rc = trace_open(path, &t, e);
	if (rc)
		return rc;
	rc = trace_digest(t, digest, e);
	trace_close(t);
	*out = rc ? NULL : arena_strdup(a, digest);
	return rc || *out ? rc : err_set(e, ERR_NOMEM, "no memory for the tasks");
}

/* A trace that is there twice, under two names, is swept once. */
static bool is_repeated(const struct making *m)
{
	for (size_t i = 0; i < m->plan->n; i++)
		if (!strcmp(m->plan->tasks[i].trace_digest, m->digest))
			return true;
	return false;
}

int sweep_plan_make(const struct sweep_config *c, struct sweep_plan *out, struct err *e)
{
	_free_ struct making *m = calloc(1, sizeof(*m));
	int rc = m ? 0 : err_set(e, ERR_NOMEM, "no memory for the tasks");
	*out = (struct sweep_plan){ .command = c->command, .takes_threads = c->takes_threads };
	if (rc)
		return rc;
	m->config = c;
	m->plan = out;
	cut(m);
	for (size_t i = 0; i < c->traces.n && !rc; i++) {
		m->trace = c->traces.text[i];
		rc = read_digest(m->trace, c->arena, &m->digest, e);
		if (rc || is_repeated(m))
			continue;
		do
			rc = add_task(m, e);
		while (!rc && turn(m));
	}
	return rc;
}

const char *sweep_task_line(const struct sweep_task *t, struct arena *a)
{
	struct text x = { .file = open_memstream(&x.bytes, &x.n) };
	if (!x.file)
		return NULL;
	for (const char *const *arg = t->argv; *arg; arg++) {
		const bool is_plain = !(*arg)[strcspn(*arg, " \t'\"\\$`*?[]()<>|&;#~!{}")];
		fprintf(x.file, "%s", arg == t->argv ? "" : " ");
		if (is_plain) {
			fputs(*arg, x.file);
			continue;
		}
		putc('\'', x.file);
		for (const char *c = *arg; *c; c++)
			fputs(*c == '\'' ? "'\\''" : (char[]){ *c, 0 }, x.file);
		putc('\'', x.file);
	}
	return keep(&x, a);
}
