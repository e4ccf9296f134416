// SPDX-License-Identifier: MIT
/*
 * Sweep files: read with the tables of base/param.h, [options] and [vary] as
 * open sections, whose names belong to the command and to all models.
 */
#include "replay/sweep-config.h"

#include "base/cleanup.h"
#include "base/sha256.h"
#include "replay/design.h"
#include "replay/numa-design.h"
#include "replay/sweep-command.h"
#include "replay/walk-design.h"
#include "store/trace.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define AT(member) .offset = offsetof(struct sweep_config, member)

const struct param sweep_params[] = {
	{ .section = "sweep",
	  .name = "command",
	  .type = PARAM_TEXT,
	  .help = "The command of pugmark that is run: any that has --results, as numa replay",
	  AT(command) },
	{ .section = "sweep",
	  .name = "traces",
	  .type = PARAM_TEXT,
	  .help = "A list of traces; *, ? and [] stand for what is there",
	  AT(traces_text) },
	{ .section = "sweep",
	  .name = "designs",
	  .type = PARAM_TEXT,
	  .help = "A list for --design: files, or names of built-in designs",
	  AT(designs_text) },
	{ .section = "sweep",
	  .name = "seeds",
	  .type = PARAM_TEXT,
	  .help = "A list or range for --seed",
	  AT(seeds_text) },
	{ .section = "sweep",
	  .name = "batch",
	  .type = PARAM_U64,
	  .unit = "configurations",
	  .default_text = "32",
	  .min = 1,
	  .max = 4096,
	  .help = "At most so many in one task, which reads its trace once",
	  AT(batch) },
	{ .section = "sweep",
	  .name = "retries",
	  .type = PARAM_U64,
	  .default_text = "2",
	  .max = 100,
	  .help = "How often a task that was killed is tried again",
	  AT(retries) },
};
const size_t sweep_nparams = sizeof(sweep_params) / sizeof(*sweep_params);

/* ---- axes ---- */

static int add_axis(struct sweep_config *c, const char *name, const char *value, const char *origin,
		    enum sweep_axis_kind kind, struct err *e)
{
	for (size_t i = 0; i < c->naxes; i++)
		if (!strcmp(c->axes[i].name, name))
			return err_set(e, ERR_FORMAT, "%.60s is given twice: see %s", name,
				       c->axes[i].origin);
	if (c->naxes == SWEEP_AXES_MAX)
		return err_set(e, ERR_FORMAT, "more than %d options and parameters",
			       SWEEP_AXES_MAX);
	struct sweep_axis *a = &c->axes[c->naxes++];
	*a = (struct sweep_axis){ .name = arena_strdup(c->arena, name),
				  .origin = arena_strdup(c->arena, origin),
				  .kind = kind,
				  .most = 1 };
	if (!a->name || !a->origin)
		return err_set(e, ERR_NOMEM, "no memory for the options");
	return sweep_values_parse(value, c->arena, &a->values, e);
}

static int take_option(void *ctx, const char *name, const char *value, const char *origin,
		       struct err *e)
{
	return add_axis(ctx, name, value, origin, SWEEP_SINGLE, e);
}

static int take_vary(void *ctx, const char *name, const char *value, const char *origin,
		     struct err *e)
{
	if (!strchr(name, '.'))
		return err_set(e, ERR_FORMAT,
			       "'%.60s' is not of the form section.key: options stand in [options]",
			       name);
	return add_axis(ctx, name, value, origin, SWEEP_SET, e);
}

static const char *origin_of(const struct param_set *s, const char *name)
{
	return param_find(s, "sweep", name)->origin;
}

/* Lists of [sweep] that are options of the command. */
static int add_shorthands(struct sweep_config *c, const struct param_set *s, struct err *e)
{
	const struct {
		const char *key, *option, *text;
	} lists[] = {
		{ "seeds", "seed", c->seeds_text },
		{ "designs", "design", c->designs_text },
	};
	int rc = 0;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists) && !rc; i++) {
		if (!lists[i].text)
			continue;
		rc = add_axis(c, lists[i].option, lists[i].text, origin_of(s, lists[i].key),
			      SWEEP_SINGLE, e);
		if (rc)
			err_prefix(e, "%s", origin_of(s, lists[i].key));
	}
	return rc;
}

/* ---- traces ---- */

static int add_trace(struct sweep_config *c, const char *path, struct err *e)
{
	for (size_t i = 0; i < c->traces.n; i++)
		if (!strcmp(c->traces.text[i], path))
			return 0;
	if (strpbrk(path, "\n\t"))
		return err_set(e, ERR_FORMAT, "'%.60s': a trace with such a name cannot be swept",
			       path);
	if (c->traces.n == SWEEP_VALUES_MAX)
		return err_set(e, ERR_FORMAT, "more than %d traces", SWEEP_VALUES_MAX);
	c->traces.text[c->traces.n] = arena_strdup(c->arena, path);
	return c->traces.text[c->traces.n++] ? 0 : err_set(e, ERR_NOMEM, "no memory for names");
}

static int find_traces(struct sweep_config *c, const char *pattern, struct err *e)
{
	glob_t found = {};
	int rc = 0;
	if (!strpbrk(pattern, "*?["))
		return add_trace(c, pattern, e);
	if (glob(pattern, 0, NULL, &found) || !found.gl_pathc)
		rc = err_set(e, ERR_NOINPUT, "'%.100s': there is no such trace", pattern);
	for (size_t i = 0; i < found.gl_pathc && !rc; i++) {
		char set[PATH_MAX]; /* the files of one are one trace */
		const char *path = found.gl_pathv[i];
		rc = add_trace(c, trace_set_of(path, set, sizeof(set)) ? set : path, e);
	}
	globfree(&found);
	return rc;
}

static int list_traces(struct sweep_config *c, const char *origin, struct err *e)
{
	struct sweep_values patterns;
	int rc = sweep_values_parse(c->traces_text, c->arena, &patterns, e);
	c->traces.text = arena_alloc(c->arena, SWEEP_VALUES_MAX, sizeof(char *));
	if (!rc && !c->traces.text)
		rc = err_set(e, ERR_NOMEM, "no memory for names");
	for (size_t i = 0; i < patterns.n && !rc; i++)
		rc = find_traces(c, patterns.text[i], e);
	return rc ? err_prefix(e, "%s", origin) : 0;
}

/* ---- what goes into the hash ---- */

/* An option's value; a file that it names counts by its bytes. */
static int canon_option(struct sweep_config *c, const char *value, const char **out, struct err *e)
{
	char hex[SHA256_HEX_CHARS + 1];
	struct stat st;
	_free_ char *text = NULL;
	*out = value;
	if (!strchr(value, '/') || stat(value, &st) || !S_ISREG(st.st_mode))
		return 0;
	const int rc = sha256_file(value, hex, e);
	if (rc)
		return rc;
	if (asprintf(&text, "%s sha256=%s", value, hex) < 0)
		text = NULL;
	*out = text ? arena_strdup(c->arena, text) : NULL;
	return *out ? 0 : err_set(e, ERR_NOMEM, "no memory for the options");
}

/* ---- designs ---- */

static int read_walk(const char *name, struct arena *a, struct err *e)
{
	struct walk_design d;
	return walk_design_read(name, NULL, 0, a, &d, e);
}

static int read_numa(const char *name, struct arena *a, struct err *e)
{
	struct numa_design d;
	return numa_design_read(name, NULL, NULL, 0, a, &d, e);
}

/* Commands that refuse designs which others take, by their first word. */
struct reader {
	const char *word, *section;
	int (*read)(const char *name, struct arena *a, struct err *e);
};

static const struct reader *find_reader(const struct sweep_config *c)
{
	static const struct reader readers[] = { { "walk", "walk", read_walk },
						 { "numa", "walk", read_numa },
						 { "nvme", "nvme", NULL },
						 { "", "memory", NULL } };
	const struct reader *r = readers;
	while (*r->word && strcmp(r->word, c->words[0]))
		r++;
	return r;
}

/* Letters, as LLI, which numa knows and nobody else. */
static bool is_letters(const struct reader *r, const char *value)
{
	return r->read == read_numa &&
	       numa_config_letters(value, &(struct numa_config){}, &(struct numa_letters){});
}

/* As the command will read it. With [vary] it is not the design alone that decides. */
static int check_design(const struct sweep_config *c, const struct reader *r, const char *value,
			struct err *e)
{
	_arena_ struct arena own = {};
	for (size_t i = 0; i < c->naxes; i++)
		if (c->axes[i].kind == SWEEP_SET)
			return 0;
	return r->read ? r->read(value, &own, e) : 0;
}

/* A design counts by its canonical text: comments and order are no part of it. */
static int canon_design(struct sweep_config *c, const char *value, const char **out, struct err *e)
{
	char hex[SHA256_HEX_CHARS + 1], text[400];
	struct param_set s = { .arena = c->arena };
	const struct reader *r = find_reader(c);
	*out = value;
	int rc = is_letters(r, value) ? 0 : design_add_models(&s, e);
	if (!rc && !is_letters(r, value))
		rc = design_read(&s, value, r->section, e);
	if (!rc)
		rc = check_design(c, r, value, e);
	if (rc || is_letters(r, value))
		return rc;
	_free_ char *canonical = param_canonical(&s);
	const char *name = design_name(value, c->arena);
	if (!canonical || !name)
		return err_set(e, ERR_NOMEM, "no memory for a design");
	sha256_hex(canonical, strlen(canonical), hex);
	snprintf(text, sizeof(text), "%.200s sha256=%s", name, hex);
	*out = arena_strdup(c->arena, text);
	return *out ? 0 : err_set(e, ERR_NOMEM, "no memory for a design");
}

/* A parameter in base units: the line of the canonical text that is its own. */
static int canon_parameter(struct sweep_config *c, struct param_set *models,
			   const struct sweep_axis *a, const char *value, const char **out,
			   struct err *e)
{
	char line[PARAM_LINE_BYTES_MAX + 60];
	snprintf(line, sizeof(line), "%.120s=%.120s", a->name, value);
	const int rc = param_assign(models, line, e);
	if (rc)
		return rc;
	_free_ char *all = param_canonical(models);
	const size_t n = strlen(a->name);
	for (const char *at = all; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, a->name, n) || at[n] != '=')
			continue;
		char *text = arena_strdup(c->arena, at + n + 1);
		if (text)
			text[strcspn(text, "\n")] = 0;
		*out = text;
		return text ? 0 : err_set(e, ERR_NOMEM, "no memory for a parameter");
	}
	return err_set(e, ERR_NOMEM, "no memory for a parameter");
}

static int canon_axis(struct sweep_config *c, struct param_set *models, struct sweep_axis *a,
		      struct err *e)
{
	int rc = 0;
	a->canon = arena_alloc(c->arena, a->values.n, sizeof(*a->canon));
	if (!a->canon)
		return err_set(e, ERR_NOMEM, "no memory for the options");
	for (size_t i = 0; i < a->values.n && !rc; i++) {
		const char *v = a->values.text[i];
		if (a->kind == SWEEP_SET)
			rc = canon_parameter(c, models, a, v, &a->canon[i], e);
		else if (!strcmp(a->name, "design"))
			rc = canon_design(c, v, &a->canon[i], e);
		else
			rc = canon_option(c, v, &a->canon[i], e);
	}
	if (!rc)
		return 0;
	e->code = e->code == ERR_USAGE ? ERR_FORMAT : e->code;
	return err_prefix(e, "%s", a->origin);
}

static int canon_axes(struct sweep_config *c, struct err *e)
{
	struct param_set models = { .arena = c->arena };
	int rc = design_add_models(&models, e);
	for (size_t i = 0; i < c->naxes && !rc; i++)
		rc = canon_axis(c, &models, &c->axes[i], e);
	return rc;
}

/* ---- the file ---- */

static int split_command(struct sweep_config *c, struct err *e)
{
	char *save = NULL, *text = arena_strdup(c->arena, c->command);
	if (!text)
		return err_set(e, ERR_NOMEM, "no memory for the command");
	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (c->nwords == SWEEP_WORDS_MAX || *word == '-')
			return err_set(e, ERR_FORMAT,
				       "%s: command = %.60s: expected a command alone, options "
				       "stand in [options]",
				       c->path, c->command);
		c->words[c->nwords++] = word;
	}
	return 0;
}

static int read_file(struct sweep_config *c, struct param_set *s, struct err *e)
{
	int rc = param_set_add(s, sweep_params, sweep_nparams, c, e);
	if (!rc)
		rc = param_set_open(s, "options", take_option, c, e);
	if (!rc)
		rc = param_set_open(s, "vary", take_vary, c, e);
	if (!rc)
		rc = param_read(s, c->path, PARAM_DESIGN, e);
	if (rc)
		return rc;
	if (!c->command || !*c->command)
		return err_set(e, ERR_FORMAT, "%s: expected `command = ...` in [sweep]", c->path);
	if (!c->traces_text || !*c->traces_text)
		return err_set(e, ERR_FORMAT, "%s: expected `traces = ...` in [sweep]", c->path);
	rc = split_command(c, e);
	return rc ? rc : add_shorthands(c, s, e);
}

int sweep_config_read(struct sweep_config *c, const char *path, struct err *e)
{
	struct param_set s = { .arena = c->arena };
	c->path = path;
	int rc = read_file(c, &s, e);
	if (!rc)
		rc = sweep_command_ask(c, e);
	if (!rc)
		rc = list_traces(c, origin_of(&s, "traces"), e);
	if (!rc)
		rc = canon_axes(c, e);
	if (!rc)
		rc = sweep_command_check(c, e);
	return rc;
}
