// SPDX-License-Identifier: MIT
/* Options of a command from its table, on top of argp. */
#include "reports/options.h"

#include "base/cleanup.h"
#include "base/quantity.h"
#include "reports/complete.h"
#include "store/results.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_FIRST = 256, OPTIONS_MAX = 64, HELP_BYTES = 400, THREADS_MAX = 256, KEY_PARSE = 1 };
enum { IN_LINE_MAX = 70 }; /* choices that a line of help names */

static const char print_options[] = "--print-options";

struct parsing {
	const struct cli_command *command;
	const char *name; /* of the command */
	struct cli *cli;
	char *mine;
	bool is_given[OPTIONS_MAX], only_parses;
	struct argp_option rows[OPTIONS_MAX + 2];
	char help[OPTIONS_MAX][HELP_BYTES];
};

/* Texts that nobody else keeps. */
static char *keep(struct cli *cli, const char *before, const char *text)
{
	const size_t room = sizeof(cli->texts) - cli->texts_bytes;
	char *kept = cli->texts + cli->texts_bytes;
	const int n = snprintf(kept, room, "%s%s", before, text);
	if (n < 0 || (size_t)n >= room)
		return NULL;
	cli->texts_bytes += (size_t)n + 1;
	return kept;
}

/* ---- one value ---- */

static int parse_number(const struct cli_option *o, const char *text, uint64_t *out, struct err *e)
{
	uint64_t n = 0;
	const int rc = o->kind == CLI_BYTES ? quantity_parse_bytes(text, &n, e)
		       : o->kind == CLI_NS  ? quantity_parse_ns(text, &n, e)
					    : quantity_parse_count(text, &n, e);
	if (rc)
		return rc;
	if (n < o->least && o->kind == CLI_BYTES)
		return err_set(e, ERR_USAGE, "'%s': expected at least %s", text,
			       quantity_bytes(o->least).s);
	if (n < o->least && o->kind == CLI_NS)
		return err_set(e, ERR_USAGE, "'%s': expected at least %s", text,
			       quantity_ns(o->least).s);
	if (n < o->least || (o->most && n > o->most))
		return err_set(e, ERR_USAGE, "'%s': expected %llu to %llu", text,
			       (unsigned long long)o->least,
			       (unsigned long long)(o->most ? o->most : UINT64_MAX));
	*out = n;
	return 0;
}

static int parse_list(const struct cli_option *o, char *text, void *mine, size_t *n, struct err *e)
{
	char *parts[CLI_LIST_MAX];
	assert(o->most && o->most <= CLI_LIST_MAX);
	const int count = cli_split(text, parts, (int)o->most);
	if (count < 0)
		return err_set(e, ERR_USAGE, "more than %llu", (unsigned long long)o->most);
	*n = 0;
	int rc = 0;
	for (int i = 0; i < count && !rc; i++) {
		if (!*parts[i])
			return err_set(e, ERR_USAGE, "an empty part in the list");
		if (o->each)
			rc = o->each(mine, parts[i], e);
		else
			((const char **)((char *)mine + o->texts))[(*n)++] = parts[i];
	}
	return rc;
}

static int take_choice(const struct cli_option *o, const char *text, int *number, struct err *e)
{
	_choices_ struct choices c = {};
	o->choices(&c);
	const int found = choices_find(&c, text);
	if (found < 0)
		return choices_refuse(&c, o->what ? o->what : o->name, text, NULL, e);
	*number = found;
	return 0;
}

/* Cut at commas; a choice that is named twice counts once. */
static int take_choices(const struct cli_option *o, char *text, char *mine, struct err *e)
{
	bool *is_chosen = (bool *)(mine + o->chosen);
	size_t *n = (size_t *)(mine + o->offset);
	char *parts[CLI_LIST_MAX];
	const int count = cli_split(text, parts, CLI_LIST_MAX);
	if (count < 0)
		return err_set(e, ERR_USAGE, "more than %d", CLI_LIST_MAX);
	_choices_ struct choices c = {};
	o->choices(&c);
	memset(is_chosen, 0, c.n * sizeof(*is_chosen));
	*n = 0;
	for (int i = 0; i < count; i++) {
		const int found = choices_find(&c, parts[i]);
		if (found < 0)
			return choices_refuse(&c, o->what ? o->what : o->name, parts[i], NULL, e);
		*n += !is_chosen[found];
		is_chosen[found] = true;
	}
	return 0;
}

static int add_set(struct cli *cli, const struct cli_option *o, struct cli_sets *sets, char *text,
		   struct err *e)
{
	char before[100] = "";
	if (sets->n == CLI_SETS_MAX)
		return err_set(e, ERR_USAGE, "more than %d", CLI_SETS_MAX);
	if (o->kind == CLI_SET_AS) {
		snprintf(before, sizeof(before), "%s=", o->set_as);
		text = keep(cli, before, text);
	}
	if (!text)
		return err_set(e, ERR_USAGE, "the text is too long");
	sets->text[sets->n++] = text;
	return 0;
}

static int take(struct parsing *p, const struct cli_option *o, char *text, struct err *e)
{
	void *member = p->mine + o->offset;
	switch (o->kind) {
	case CLI_FLAG:
		*(bool *)member = true;
		return 0;
	case CLI_RESULTS:
		if (!*text || !strcmp(text, "-"))
			return err_set(e, ERR_USAGE, "'%s': a results file has a name", text);
		*(const char **)member = text;
		return 0;
	case CLI_PLOT:
	case CLI_TEXT:
		if (!*text)
			return err_set(e, ERR_USAGE, "'': expected a name");
		*(const char **)member = text;
		return 0;
	case CLI_COUNT:
	case CLI_BYTES:
	case CLI_NS:
		return parse_number(o, text, member, e);
	case CLI_LIST:
		return parse_list(o, text, p->mine, member, e);
	case CLI_CALL:
		return o->each(p->mine, text, e);
	case CLI_CHOICE:
		return take_choice(o, text, member, e);
	case CLI_CHOICES:
		return take_choices(o, text, p->mine, e);
	case CLI_SET:
	case CLI_SET_AS:
		return add_set(p->cli, o, member, text, e);
	}
	return err_set(e, ERR_BUG, "an option of no kind");
}

/* ---- the whole line ---- */

/* Wrong usage is argp's to tell; what else fails ends the command. */
static void fail(const struct parsing *p, const struct argp_state *state, const char *option,
		 const struct err *e)
{
	if (e->code != ERR_USAGE)
		exit(cli_fail(p->name, e));
	if (option)
		argp_error(state, "--%s: %s", option, e->msg);
	else
		argp_error(state, "%s", e->msg);
}

/* Defaults and what only the whole line can tell. */
static void finish(struct parsing *p, const struct argp_state *state)
{
	const struct cli_command *c = p->command;
	struct err e = {};
	for (size_t i = 0; i < c->noptions; i++) {
		const struct cli_option *o = &c->options[i];
		if (!p->is_given[i] && o->fallback) {
			char *text = keep(p->cli, "", o->fallback);
			assert(text); /* cli.texts is made to hold every command's */
			if (take(p, o, text, &e))
				fail(p, state, o->name, &e);
		}
		if (o->kind != CLI_PLOT || !p->cli->is_json)
			continue;
		const char *plot = *(const char **)(p->mine + o->offset);
		if (plot && !strcmp(plot, "-"))
			argp_error(state, "--json and --%s - both want standard output", o->name);
	}
	if (c->what && !c->is_optional && !*(const char **)(p->mine + c->only))
		argp_error(state, "which %s?", c->what);
	if (c->check && c->check(p->mine, &e))
		fail(p, state, NULL, &e);
	if (p->only_parses)
		exit(EXIT_DONE);
	for (size_t i = 0; i < c->noptions; i++) { /* rather now than after hours */
		const char *path = c->options[i].kind == CLI_RESULTS
					   ? *(const char **)(p->mine + c->options[i].offset)
					   : NULL;
		if (path && results_check_writable(path, &e))
			fail(p, state, NULL, &e);
	}
}

static int take_argument(const struct cli_command *c, char *mine, char *text, struct err *e)
{
	const char **only = (const char **)(mine + c->only);
	if (c->argument)
		return c->argument(mine, text, e);
	if (!c->what)
		return err_set(e, ERR_USAGE, "'%s': no argument is expected", text);
	if (*only)
		return err_set(e, ERR_USAGE, "one %s at a time: '%s' is too many", c->what, text);
	*only = text;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct parsing *p = state->input;
	const struct cli_command *c = p->command;
	struct err e = {};
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = p->cli;
		return 0;
	case ARGP_KEY_ARG:
		if (take_argument(c, p->mine, arg, &e))
			fail(p, state, NULL, &e);
		return 0;
	case ARGP_KEY_END:
		finish(p, state);
		return 0;
	case KEY_PARSE:
		p->only_parses = true;
		return 0;
	}
	for (size_t i = 0; i < c->noptions; i++) {
		if (p->rows[i].key != key)
			continue;
		p->is_given[i] = true;
		if (c->options[i].given)
			*(bool *)(p->mine + c->options[i].given) = true;
		if (take(p, &c->options[i], arg, &e))
			fail(p, state, c->options[i].name, &e);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* The words of help, what may be said, bounds, what is taken otherwise. */
static void make_help(const struct cli_option *o, char out[HELP_BYTES])
{
	_choices_ struct choices c = {};
	size_t n = (size_t)snprintf(out, HELP_BYTES, "%s", o->help), chars = 0;
	if (o->choices && !o->listed)
		o->choices(&c);
	for (size_t i = 0; i < c.n; i++)
		chars += strlen(c.list[i].name) + 2;
	for (size_t i = 0; i < c.n && chars <= IN_LINE_MAX; i++)
		n += (size_t)snprintf(out + n, HELP_BYTES - n, "%s%s", i ? ", " : ": ",
				      c.list[i].name);
	const unsigned long long least = o->least, most = o->most;
	if (o->kind == CLI_COUNT && most)
		n += (size_t)snprintf(out + n, HELP_BYTES - n, " (%llu to %llu)", least, most);
	else if (o->kind == CLI_COUNT && least > 1)
		n += (size_t)snprintf(out + n, HELP_BYTES - n, " (at least %llu)", least);
	if (o->fallback)
		snprintf(out + n, HELP_BYTES - n, "; default: %s", o->fallback);
}

static void make_rows(struct parsing *p)
{
	const struct cli_command *c = p->command;
	assert(c->noptions <= OPTIONS_MAX);
	for (size_t i = 0; i < c->noptions; i++) {
		const struct cli_option *o = &c->options[i];
		make_help(o, p->help[i]);
		p->rows[i] = (struct argp_option){
			.name = o->name,
			.key = o->key ? o->key : KEY_FIRST + (int)i,
			.arg = o->arg,
			.doc = p->help[i],
		};
	}
	p->rows[c->noptions] = (struct argp_option){ .name = "only-parse",
						     .key = KEY_PARSE,
						     .flags = OPTION_HIDDEN };
}

/* What stands below the options: the text of the command, and lists of choices. */
static char *filter_help(int key, const char *text, void *input)
{
	const struct parsing *p = input;
	char *list = NULL;
	size_t bytes;
	FILE *f = key == ARGP_KEY_HELP_POST_DOC ? open_memstream(&list, &bytes) : NULL;
	if (!f)
		return (char *)text;
	const char *before = text ? "\n" : "";
	fputs(text ? text : "", f);
	for (size_t i = 0; i < p->command->noptions; i++) {
		const struct cli_option *o = &p->command->options[i];
		_choices_ struct choices c = {};
		if (!o->listed)
			continue;
		o->choices(&c);
		fprintf(f, "%s%s:\n", before, o->listed);
		before = "\n";
		for (size_t k = 0; k < c.n; k++)
			fprintf(f, "  %-14s %s\n", c.list[k].name, c.list[k].summary);
	}
	fclose(f);
	return list;
}

/* What a program needs to know to use the options as a person would. */
static void list_options(const struct cli_command *c)
{
	static const char *const kinds[] = {
		[CLI_FLAG] = "flag",    [CLI_TEXT] = "text",       [CLI_COUNT] = "count",
		[CLI_BYTES] = "bytes",  [CLI_NS] = "ns",           [CLI_LIST] = "list",
		[CLI_CALL] = "call",    [CLI_SET] = "set",         [CLI_SET_AS] = "set-as",
		[CLI_PLOT] = "plot",    [CLI_RESULTS] = "results", [CLI_CHOICE] = "choice",
		[CLI_CHOICES] = "list",
	};
	for (size_t i = 0; i < c->noptions; i++) {
		const struct cli_option *o = &c->options[i];
		_choices_ struct choices names = {};
		if (o->kind == CLI_CHOICES)
			o->choices(&names);
		printf("%s\t%s\t%llu\t%s\n", o->name, kinds[o->kind],
		       (unsigned long long)(names.n ? names.n : o->most), o->arg ? o->arg : "");
	}
}

static void note_line(struct cli *cli, int argc, char **argv)
{
	size_t at = 0;
	for (int i = 0; i < argc && at < sizeof(cli->args); i++)
		at += (size_t)snprintf(cli->args + at, sizeof(cli->args) - at, "%s%s", i ? " " : "",
				       argv[i]);
}

/* argp tells of an unknown long option, but not which one was meant. */
static void check_long_options(const struct parsing *p, int argc, char **argv)
{
	const char *names[OPTIONS_MAX + 8] = { "json",  "quiet",   "verbose",   "help",
					       "usage", "version", "only-parse" };
	size_t n = 7;
	for (size_t i = 0; i < p->command->noptions; i++)
		names[n++] = p->command->options[i].name;
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		char word[40];
		bool is_known = strncmp(argv[i], "--", 2);
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(argv[i], "="), argv[i]);
		for (size_t k = 0; k < n && !is_known; k++) /* argp takes a beginning of a name */
			is_known = !strncmp(names[k], word + 2, strlen(word + 2));
		const char *nearest = is_known ? NULL : cli_nearest(word + 2, names);
		if (!nearest)
			continue;
		struct err e = {};
		err_set(&e, ERR_USAGE, "no option '%s': did you mean '--%s'?", word, nearest);
		exit(cli_fail(p->name, &e));
	}
}

void cli_options_parse(const struct cli_command *c, int argc, char **argv, void *mine)
{
	static const struct argp_child children[] = { { &cli_argp, 0, NULL, 0 }, {} };
	_free_ struct parsing *p = calloc(1, sizeof(*p));
	if (!p) {
		struct err e = {};
		err_set(&e, ERR_NOMEM, "out of memory");
		exit(cli_fail(argv[0], &e));
	}
	if (argc == 2 && !strcmp(argv[1], print_options)) {
		list_options(c);
		free(take_ptr(p));
		exit(EXIT_DONE);
	}
	if (argc > 2 && !strcmp(argv[1], CLI_COMPLETE)) {
		cli_complete(c, argv + 2, (size_t)argc - 2);
		free(take_ptr(p));
		exit(EXIT_DONE);
	}
	p->command = c;
	p->name = argv[0];
	p->mine = mine;
	p->cli = (struct cli *)(p->mine + c->cli_offset);
	make_rows(p);
	note_line(p->cli, argc, argv);
	const struct argp argp = { .options = p->rows,
				   .parser = parse,
				   .args_doc = c->args_doc,
				   .doc = c->doc,
				   .children = children,
				   .help_filter = filter_help };
	check_long_options(p, argc, argv);
	cli_parse(&argp, argc, argv, p);
}

unsigned cli_threads(uint64_t asked)
{
	const long n = asked ? (long)asked : sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (unsigned)n;
}
