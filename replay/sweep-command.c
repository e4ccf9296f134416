// SPDX-License-Identifier: MIT
/*
 * Asks the command that is swept, by running it: `--print-options` lists what it
 * takes, `--only-parse` looks at values without doing anything.
 */
#include "replay/sweep-command.h"

#include "base/nearest.h"
#include "replay/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 64, PROBED_AT_ONCE = 16, LIST_BYTES = 8192 };

struct known_option {
	const char *name, *kind;
	uint64_t most;
};

struct known {
	struct known_option option[OPTIONS_MAX];
	size_t n;
};

/* ---- what it takes ---- */

/* `name kind most arg`, tabs between */
static void parse_lines(char *text, struct known *k)
{
	char *save = NULL;
	for (char *line = strtok_r(text, "\n", &save); line && k->n < OPTIONS_MAX;
	     line = strtok_r(NULL, "\n", &save)) {
		char *kind = strchr(line, '\t');
		char *most = kind ? strchr(kind + 1, '\t') : NULL;
		if (!most)
			continue;
		*kind++ = *most++ = 0;
		k->option[k->n++] = (struct known_option){ .name = line,
							   .kind = kind,
							   .most = strtoull(most, NULL, 10) };
	}
}

static const struct known_option *find(const struct known *k, const char *name)
{
	for (size_t i = 0; i < k->n; i++)
		if (!strcmp(k->option[i].name, name))
			return &k->option[i];
	return NULL;
}

/* What a sweep gives by itself, or what has no part in a result. */
static bool is_reserved(const struct known_option *o)
{
	return !strcmp(o->kind, "results") || !strcmp(o->kind, "plot") || !strcmp(o->kind, "set") ||
	       !strcmp(o->name, "threads");
}

static int refuse_option(const struct known *k, const struct sweep_axis *a, const char *command,
			 struct err *e)
{
	const char *names[OPTIONS_MAX];
	size_t n = 0;
	for (size_t i = 0; i < k->n; i++)
		if (!is_reserved(&k->option[i]))
			names[n++] = k->option[i].name;
	const char *near = nearest_word(a->name, names, n);
	if (near)
		return err_set(e, ERR_FORMAT, "%s: pugmark %s has no --%.40s: did you mean '%s'?",
			       a->origin, command, a->name, near);
	return err_set(e, ERR_FORMAT, "%s: pugmark %s has no --%.40s", a->origin, command, a->name);
}

static int classify(const struct known *k, const char *command, struct sweep_axis *a, struct err *e)
{
	const struct known_option *o = find(k, a->name);
	if (!o)
		return refuse_option(k, a, command, e);
	if (!strcmp(o->name, "set"))
		return err_set(e, ERR_FORMAT,
			       "%s: parameters stand in [vary], as memory.reclaim = lru",
			       a->origin);
	if (is_reserved(o))
		return err_set(e, ERR_FORMAT, "%s: --%s is for the sweep itself to give", a->origin,
			       a->name);
	a->kind = !strcmp(o->kind, "list")   ? SWEEP_LIST
		  : !strcmp(o->kind, "flag") ? SWEEP_FLAG
					     : SWEEP_SINGLE;
	a->most = a->kind == SWEEP_LIST ? o->most : 1;
	for (size_t i = 0; i < a->values.n; i++) {
		const char *v = a->values.text[i];
		if (a->kind == SWEEP_LIST && strchr(v, ','))
			return err_set(e, ERR_FORMAT, "%s: '%.60s': --%s is a list: no commas",
				       a->origin, v, a->name);
		if (a->kind == SWEEP_FLAG && strcmp(v, "yes") && strcmp(v, "no"))
			return err_set(e, ERR_FORMAT, "%s: '%.60s': --%s is yes or no", a->origin,
				       v, a->name);
	}
	return 0;
}

/* `pugmark`, the command, `more` and NULL. */
static void make_argv(const struct sweep_config *c, const char *const *more, size_t n,
		      const char **argv_out)
{
	*argv_out++ = "pugmark";
	for (size_t i = 0; i < c->nwords; i++)
		*argv_out++ = c->words[i];
	for (size_t i = 0; i < n; i++)
		*argv_out++ = more[i];
	*argv_out = NULL;
}

int sweep_command_ask(struct sweep_config *c, struct err *e)
{
	static const char *const more[] = { "--print-options" };
	const char *argv[SWEEP_WORDS_MAX + 3];
	struct process_result r;
	make_argv(c, more, 1, argv);
	struct known known = {};
	int rc = process_run(NULL, argv, c->arena, &r, e);
	if (rc)
		return rc;
	char *text = arena_strdup(c->arena, r.output);
	if (!text)
		return err_set(e, ERR_NOMEM, "no memory for the options");
	if (!r.status)
		parse_lines(text, &known);
	const struct known_option *results = find(&known, "results");
	if (!results || strcmp(results->kind, "results"))
		return err_set(e, ERR_FORMAT,
			       "%s: command = %.40s: expected a command of pugmark that stores "
			       "results (it has --results)",
			       c->path, c->command);
	c->takes_threads = find(&known, "threads");
	for (size_t i = 0; i < c->naxes && !rc; i++)
		if (c->axes[i].kind != SWEEP_SET)
			rc = classify(&known, c->command, &c->axes[i], e);
	return rc;
}

/* ---- what it thinks of values ---- */

/* `--name=a,b,c` of n values, in text. */
static bool join(const struct sweep_axis *a, size_t from, size_t n, char *text, size_t bytes)
{
	size_t used = (size_t)snprintf(text, bytes, "--%s=", a->name);
	for (size_t i = 0; i < n && used < bytes; i++)
		used += (size_t)snprintf(text + used, bytes - used, "%s%s", i ? "," : "",
					 a->values.text[from + i]);
	return used < bytes;
}

static int probe(const struct sweep_config *c, const struct sweep_axis *a, const char *text,
		 struct err *e)
{
	const char *const more[] = { c->traces.text[0], "--results=x", "--only-parse", text };
	const char *argv[SWEEP_WORDS_MAX + 6];
	struct process_result r;
	make_argv(c, more, sizeof(more) / sizeof(*more), argv);
	int rc = process_run(NULL, argv, c->arena, &r, e);
	if (rc || !r.status)
		return rc;
	const char *said = strstr(r.complaint, ": ");
	return err_set(e, ERR_FORMAT, "%s: %s", a->origin, said ? said + 2 : r.complaint);
}

static int check_axis(const struct sweep_config *c, const struct sweep_axis *a, struct err *e)
{
	char text[LIST_BYTES];
	const size_t most = a->kind != SWEEP_LIST      ? 1
			    : a->most < PROBED_AT_ONCE ? a->most
						       : PROBED_AT_ONCE;
	int rc = 0;
	for (size_t i = 0; i < a->values.n && !rc; i += most) {
		const size_t n = a->values.n - i < most ? a->values.n - i : most;
		if (a->kind == SWEEP_FLAG)
			snprintf(text, sizeof(text), "--%s", a->name);
		else if (!join(a, i, n, text, sizeof(text)))
			return err_set(e, ERR_FORMAT, "%s: its values are too long", a->origin);
		rc = probe(c, a, text, e);
	}
	return rc;
}

int sweep_command_check(const struct sweep_config *c, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < c->naxes && !rc; i++)
		if (c->axes[i].kind != SWEEP_SET)
			rc = check_axis(c, &c->axes[i], e);
	return rc;
}
