// SPDX-License-Identifier: MIT
/*
 * `pugmark list`: what the program has built in: designs, profiles, policies,
 * and every parameter that a design may set, from the tables that read it; and
 * what other folders have to list (reports/catalogue.h).
 */
#include "replay/list.h"

#include "base/embedded.h"
#include "policies/policy.h"
#include "replay/design.h"
#include "replay/nvme-design.h"
#include "reports/options.h"
#include "reports/params.h"
#include "reports/report.h"
#include "sim/iopf-config.h"

#include <stdio.h>
#include <string.h>

struct options;

/* A list with columns of its own. */
struct own_list {
	const char *name;
	void (*show)(struct report *r, const struct param_set *s, const struct options *o);
};

struct options {
	struct cli cli;
	const struct catalogue *const *others;
	const struct own_list *own; /* what is asked for; both NULL: all */
	const struct catalogue *other;
	const char *section; /* of parameters; NULL: all */
};

/* ---- files that are built in ---- */

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
static void show_files(struct report *r, const char *name, const char *title, const char *folder)
{
	_choices_ struct choices c = {};
	choices_add_embedded(&c, folder, ".ini", NULL);
	report_table(r, name, title, file_columns, 4);
	for (size_t i = 0; i < c.n; i++) {
		char sections[200], brief[CHOICE_BRIEF_CHARS];
		section_names(embedded_text(c.list[i].source), sections, sizeof(sections));
		report_row(r, (struct report_value[]){ REPORT_S(c.list[i].name),
						       { .s = sections },
						       REPORT_S(c.list[i].summary),
						       REPORT_S(choice_brief(&c.list[i], brief)) });
	}
}

static void show_designs(struct report *r, const struct param_set *s, const struct options *o)
{
	(void)s, (void)o;
	show_files(r, "designs", "Designs (--design NAME)", "designs/");
}

static void show_workloads(struct report *r, const struct param_set *s, const struct options *o)
{
	(void)s, (void)o;
	show_files(r, "workloads", "Profiles of workloads (pugmark gen NAME)",
		   "datasets/profiles/");
}

static void show_profiles(struct report *r, const struct param_set *s, const struct options *o)
{
	show_files(r, "profiles", "Profiles of hosts, devices and paths", "sim/profiles/");
	if (o->own)
		show_workloads(r, s, o);
}

/* ---- policies ---- */

static const struct report_column policy_columns[] = {
	{ "policy", NULL, REPORT_TEXT, 0 },
	{ "commands", NULL, REPORT_TEXT, 0 },
	{ "summary", NULL, REPORT_TEXT, 0 },
	{ "source", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
};

static void put_policies(struct report *r, const struct policy *const *list, bool only_pins)
{
	for (; *list; list++) {
		const struct policy *p = *list;
		const char *commands = only_pins ? "pin" : p->needs_future ? "cache" : "cache, pin";
		report_row(r, (struct report_value[]){ REPORT_S(p->name), REPORT_S(commands),
						       REPORT_S(p->summary), REPORT_S(p->source) });
	}
}

static void show_policies(struct report *r, const struct param_set *s, const struct options *o)
{
	(void)s, (void)o;
	report_table(r, "policies", "Policies (--policy NAME)", policy_columns, 4);
	put_policies(r, policies, false);
	put_policies(r, pin_policies, true);
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
	_choices_ struct choices c = {};
	for (size_t k = 0; k < s->nsections; k++)
		choices_add(&c, s->sections[k].name, NULL, NULL);
	return choices_refuse(&c, "section", section, NULL, e);
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

/* ---- all ---- */

static const struct own_list own_lists[] = {
	{ "designs", show_designs },   { "policies", show_policies },
	{ "profiles", show_profiles }, { "workloads", show_workloads },
	{ "parameters", show_params }, {},
};

/* Parts of profiles, by the option that takes them. */
static const struct catalogue parts[] = {
	{ "backends", "Fault hardware (pugmark pin --backend NAME)", iopf_backends },
	{ "devices", "Drives (pugmark nvme --device NAME)", nvme_devices },
	{ "paths", "Ways from a guest to a drive (pugmark nvme --path NAME)", nvme_paths },
	{ "hosts", "Hosts (pugmark nvme --host NAME)", nvme_hosts },
	{},
};

static const struct report_column catalogue_columns[] = {
	{ "name", NULL, REPORT_TEXT, 0 },
	{ "summary", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "brief", "summary", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "source", NULL, REPORT_TEXT, 0 },
};

static const char *text_or_null(const char *text)
{
	return *text ? text : NULL;
}

static void show_catalogue(struct report *r, const struct catalogue *t, const struct options *o)
{
	_choices_ struct choices c = {};
	t->fill(&c);
	bool has_source = o->cli.is_json;
	for (size_t i = 0; i < c.n; i++)
		has_source |= *c.list[i].source != 0;
	report_table(r, t->name, t->title, catalogue_columns, has_source ? 4 : 3);
	for (size_t i = 0; i < c.n; i++) {
		char brief[CHOICE_BRIEF_CHARS];
		const struct choice *x = &c.list[i];
		report_row(r, (struct report_value[]){
				      REPORT_S(x->name), REPORT_S(text_or_null(x->summary)),
				      REPORT_S(text_or_null(choice_brief(x, brief))),
				      REPORT_S(text_or_null(x->source)) });
	}
}

static void show(struct report *r, const struct param_set *s, const struct options *o)
{
	if (o->own) {
		o->own->show(r, s, o);
		return;
	}
	if (o->other) {
		show_catalogue(r, o->other, o);
		return;
	}
	for (const struct own_list *l = own_lists; l->name; l++)
		if (l->show != show_params || o->cli.is_verbose)
			l->show(r, s, o);
	for (const struct catalogue *const *others = o->others; *others; others++)
		for (const struct catalogue *t = *others; t->name; t++)
			show_catalogue(r, t, o);
}

/* ---- options ---- */

void list_add_names(struct choices *c, const struct catalogue *const *others)
{
	for (const struct own_list *l = own_lists; l->name; l++)
		choices_add(c, l->name, NULL, NULL);
	for (const struct catalogue *t = parts; t->name; t++)
		choices_add(c, t->name, NULL, NULL);
	for (; *others; others++)
		for (const struct catalogue *t = *others; t->name; t++)
			choices_add(c, t->name, NULL, NULL);
}

static const struct catalogue *find(const struct catalogue *t, const char *name)
{
	while (t->name && strcmp(t->name, name))
		t++;
	return t->name ? t : NULL;
}

static int take_argument(void *mine, char *text, struct err *e)
{
	struct options *o = mine;
	if (o->own && o->own->show == show_params && !o->section) {
		o->section = text;
		return 0;
	}
	if (o->own || o->other)
		return err_set(e, ERR_USAGE, "'%.40s': expected nothing more", text);
	for (const struct own_list *l = own_lists; l->name; l++)
		if (!strcmp(l->name, text))
			o->own = l;
	o->other = find(parts, text);
	for (const struct catalogue *const *t = o->others; *t && !o->other; t++)
		o->other = find(*t, text);
	if (o->own || o->other)
		return 0;
	_choices_ struct choices c = {};
	list_add_names(&c, o->others);
	return choices_refuse(&c, "list", text, NULL, e);
}

int list_run(const struct catalogue *const *others, choices_fill names, int argc, char **argv)
{
	const struct cli_command command = {
		.args_doc = "[WHAT]\nparameters [SECTION]",
		.doc = "Lists what is built in: designs, profiles, policies, workloads, probes, "
		       "formats, reports; and the parameters of designs with their defaults, "
		       "sources and bounds.\v"
		       "Examples:\n"
		       "  pugmark list designs\n"
		       "  pugmark list probes\n"
		       "  pugmark list parameters iopf",
		.cli_offset = offsetof(struct options, cli),
		.argument = take_argument,
		.argument_choices = names,
	};
	_arena_ struct arena a = {};
	struct param_set set = { .arena = &a };
	struct options o = { .others = others };
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
