// SPDX-License-Identifier: MIT
/*
 * `pugmark list`: what the program has built in: designs, profiles, policies,
 * and every parameter that a design may set, from the tables that read it.
 */
#include "replay/commands.h"

#include "base/embedded.h"
#include "policies/policy.h"
#include "replay/design.h"
#include "reports/options.h"
#include "reports/params.h"
#include "reports/report.h"

#include <stdio.h>
#include <string.h>

enum what { DESIGNS, PROFILES, POLICIES, PARAMETERS, WHATS };

static const char *const what_names[] = { "designs", "profiles", "policies", "parameters", NULL };

struct options {
	struct cli cli;
	const char *section; /* of parameters; NULL: all */
	enum what what;
	bool is_chosen;
};

static int take_argument(void *mine, char *text, struct err *e)
{
	struct options *o = mine;
	if (o->is_chosen && o->what == PARAMETERS && !o->section) {
		o->section = text;
		return 0;
	}
	if (o->is_chosen)
		return err_set(e, ERR_USAGE, "'%.40s': expected nothing more", text);
	for (unsigned i = 0; i < WHATS; i++)
		if (!strcmp(text, what_names[i])) {
			o->what = i;
			o->is_chosen = true;
			return 0;
		}
	const char *nearest = cli_nearest(text, what_names);
	return err_set(e, ERR_USAGE,
		       "nothing called '%.40s'%s%s: expected designs, profiles, policies or "
		       "parameters [SECTION]",
		       text, nearest ? ", did you mean " : "", nearest ? nearest : "");
}

static const struct cli_option options[] = {};

static const struct cli_command command = {
	.args_doc = "[designs|profiles|policies|parameters [SECTION]]",
	.doc = "Lists the designs, profiles and policies that are built in, and the parameters "
	       "of designs with their defaults, sources and bounds.\v"
	       "Examples:\n"
	       "  pugmark list designs\n"
	       "  pugmark list parameters iopf",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct options, cli),
	.argument = take_argument,
};

static bool wants(const struct options *o, enum what what)
{
	if (o->is_chosen)
		return o->what == what;
	return what != PARAMETERS || o->cli.is_verbose;
}

/* ---- files that are built in ---- */

/* The first sentence of the comment at the head of a file, without the licence. */
static void head_comment(const char *text, char *out, size_t bytes)
{
	size_t used = 0;
	*out = 0;
	for (const char *p = text; *p == ';'; p += strcspn(p, "\n"), p += *p == '\n') {
		const char *words = p + 1 + strspn(p + 1, " ");
		const size_t n = strcspn(words, "\n");
		if (!strncmp(words, "SPDX", 4) || used + n + 2 > bytes)
			continue;
		used += (size_t)snprintf(out + used, bytes - used, "%s%.*s", used ? " " : "",
					 (int)n, words);
	}
	char *end = strstr(out, ". ");
	if (end)
		end[1] = 0;
}

/* Its sections in order: "memory, pin". */
static void section_names(const char *text, char *out, size_t bytes)
{
	size_t used = 0;
	*out = 0;
	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		const size_t n = *p == '[' ? strcspn(p + 1, "]\n") : 0;
		if (n && used + n + 3 <= bytes)
			used += (size_t)snprintf(out + used, bytes - used, "%s%.*s",
						 used ? ", " : "", (int)n, p + 1);
	}
}

static const struct report_column file_columns[] = {
	{ "name", NULL, REPORT_TEXT, 0 },
	{ "sections", NULL, REPORT_TEXT, 0 },
	{ "what", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "brief", "what", REPORT_TEXT, REPORT_ONLY_TABLE },
};

/* Rows of NAME.ini in a folder. */
static void show_files(struct report *r, const char *folder)
{
	static const char ending[] = ".ini";
	const size_t prefix = strlen(folder);
	for (size_t i = 0; embedded_path(i); i++) {
		const char *path = embedded_path(i), *text = embedded_text(path);
		const size_t n = strlen(path), tail = sizeof(ending) - 1;
		char name[80], sections[200], what[600], brief[104];
		if (strncmp(path, folder, prefix) || n <= prefix + tail ||
		    strcmp(path + n - tail, ending))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(n - prefix - tail), path + prefix);
		section_names(text, sections, sizeof(sections));
		head_comment(text, what, sizeof(what));
		snprintf(brief, sizeof(brief), "%.100s%s", what, strlen(what) > 100 ? ".." : "");
		report_row(r, (struct report_value[]){ { .s = name },
						       { .s = sections },
						       { .s = what },
						       { .s = brief } });
	}
}

/* ---- policies ---- */

static const struct report_column policy_columns[] = {
	{ "policy", NULL, REPORT_TEXT, 0 },
	{ "commands", NULL, REPORT_TEXT, 0 },
	{ "summary", NULL, REPORT_TEXT, 0 },
	{ "source", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
};

static void show_policies(struct report *r, const struct policy *const *list, bool only_pins)
{
	for (; *list; list++) {
		const struct policy *p = *list;
		const char *commands = only_pins ? "pin" : p->needs_future ? "cache" : "cache, pin";
		report_row(r, (struct report_value[]){ REPORT_S(p->name), REPORT_S(commands),
						       REPORT_S(p->summary), REPORT_S(p->source) });
	}
}

/* ---- parameters ---- */

static const struct report_column param_columns[] = {
	{ "name", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "value", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "kind", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "source", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "unit", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "least", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "most", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "choices", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "help", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
};

static void show_param(struct report *r, const struct param_entry *x)
{
	const struct param *p = x->param;
	char name[120], choices[600];
	size_t used = 0;
	snprintf(name, sizeof(name), "%s.%s", p->section, p->name);
	for (size_t i = 0; p->type == PARAM_CHOICE && p->choices[i]; i++)
		if (used + strlen(p->choices[i]) + 2 < sizeof(choices))
			used += (size_t)snprintf(choices + used, sizeof(choices) - used, "%s%s",
						 used ? "|" : "", p->choices[i]);
	const bool has_value = x->kind != PARAM_UNSET;
	const char *limited = p->type == PARAM_BOOL ? "yes|no" : used ? choices : NULL;
	report_row(r, (struct report_value[]){
			      { .s = name },
			      REPORT_S(has_value ? x->text : NULL),
			      REPORT_S(has_value ? param_kind_names[x->kind] : NULL),
			      REPORT_S(has_value && *x->source ? x->source : NULL),
			      REPORT_S(p->unit),
			      p->min || p->max ? REPORT_U(p->min) : REPORT_NULL(),
			      p->max ? REPORT_U(p->max) : REPORT_NULL(),
			      REPORT_S(limited),
			      REPORT_S(p->help),
		      });
}

/* How many parameters a section has; NULL: all. */
static size_t count_params(const struct param_set *s, const char *section)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n; i++)
		n += !section || !strcmp(s->entries[i].param->section, section);
	return n;
}

static int refuse_section(const struct param_set *s, const char *section, struct err *e)
{
	char names[180];
	size_t used = 0;
	for (size_t k = 0; k < s->nsections && used < sizeof(names); k++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", k ? ", " : "",
					 s->sections[k].name);
	return err_set(e, ERR_USAGE, "no section '%.30s': there are %s", section, names);
}

static void show_params(struct report *r, const struct param_set *s, const struct options *o)
{
	if (o->cli.is_json)
		report_table(r, "parameters", NULL, param_columns,
			     sizeof(param_columns) / sizeof(*param_columns));
	for (size_t k = 0; k < s->nsections; k++) {
		const char *section = s->sections[k].name;
		if (o->section && strcmp(section, o->section))
			continue;
		if (!o->cli.is_json)
			printf("[%s]\n", section);
		for (size_t i = 0; i < s->n; i++)
			if (strcmp(s->entries[i].param->section, section))
				continue;
			else if (o->cli.is_json)
				show_param(r, &s->entries[i]);
			else
				params_print_rows(stdout, s->entries[i].param, 1, PARAMS_HELP);
	}
}

static void show(struct report *r, const struct param_set *s, const struct options *o)
{
	if (wants(o, DESIGNS)) {
		report_table(r, "designs", "Designs (--design NAME)", file_columns, 4);
		show_files(r, "designs/");
	}
	if (wants(o, POLICIES)) {
		report_table(r, "policies", "Policies (--policy NAME)", policy_columns, 4);
		show_policies(r, policies, false);
		show_policies(r, pin_policies, true);
	}
	if (wants(o, PROFILES)) {
		report_table(r, "profiles", "Profiles of hosts, devices and paths", file_columns,
			     4);
		show_files(r, "sim/profiles/");
		report_table(r, "workloads", "Profiles of workloads (pugmark gen NAME)",
			     file_columns, 4);
		show_files(r, "datasets/profiles/");
	}
	if (wants(o, PARAMETERS))
		show_params(r, s, o);
}

int cmd_list(int argc, char **argv)
{
	_arena_ struct arena a = {};
	struct param_set set = { .arena = &a };
	struct options o = {};
	struct err e = {};
	cli_options_parse(&command, argc, argv, &o);
	int rc = design_add_models(&set, &e);
	if (!rc && o.section && !count_params(&set, o.section))
		rc = refuse_section(&set, o.section, &e);
	if (rc)
		return cli_fail("list", &e);
	struct report *r = report_begin(stdout, cli_format(&o.cli), "list", NULL, NULL);
	if (!r) {
		err_set(&e, ERR_NOMEM, "no memory for the list");
		return cli_fail("list", &e);
	}
	show(r, &set, &o);
	return cli_report_end("list", r, EXIT_DONE);
}
