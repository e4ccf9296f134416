// SPDX-License-Identifier: MIT
/* Candidates for a shell. Only prints; the tables say all. */
#include "reports/complete.h"

#include <stdio.h>
#include <string.h>

static bool begins(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

void cli_complete_from(choices_fill choices, const char *kept, const char *word)
{
	_choices_ struct choices c = {};
	choices(&c);
	for (size_t i = 0; i < c.n; i++)
		if (begins(c.list[i].name, word))
			printf("%s%s\n", kept, c.list[i].name);
}

/* As cli_argp has them, and argp itself. */
static void put_common_names(const char *word)
{
	for (const struct argp_option *o = cli_argp.options; o->name; o++)
		if (begins(o->name, word))
			printf("--%s\n", o->name);
	if (begins("help", word))
		puts("--help");
}

static void put_option_names(const struct cli_command *c, const char *word)
{
	for (size_t i = 0; i < c->noptions; i++)
		if (begins(c->options[i].name, word))
			printf("--%s\n", c->options[i].name);
	put_common_names(word);
}

/* By its name, its letter, or the only beginning of its name; word ends at '='. */
static const struct cli_option *find_option(const struct cli_command *c, const char *word)
{
	const struct cli_option *found = NULL;
	const bool is_long = begins(word, "--");
	const size_t n = is_long ? strcspn(word + 2, "=") : 0;
	for (size_t i = 0; i < c->noptions; i++) {
		const struct cli_option *o = &c->options[i];
		if (is_long && !strncmp(o->name, word + 2, n) && n == strlen(o->name))
			return o;
		if (is_long ? n && !strncmp(o->name, word + 2, n)
			    : o->key && word[0] == '-' && word[1] == o->key && !word[2])
			found = o;
	}
	return found;
}

static const char *files_of(const struct cli_option *o)
{
	if (o->files)
		return o->files;
	switch (o->kind) {
	case CLI_RESULTS:
		return "db";
	case CLI_PLOT:
		return "svg";
	case CLI_TEXT:
		return o->choices ? NULL : "";
	default:
		return NULL;
	}
}

static void put_files(const char *ending)
{
	if (ending)
		printf(":files%s%s\n", *ending ? " " : "", ending);
}

/* Of a list only the last part is open. */
static void put_values(const struct cli_option *o, const char *word)
{
	const bool is_list = o->kind == CLI_LIST || o->kind == CLI_CHOICES;
	const char *comma = is_list ? strrchr(word, ',') : NULL;
	const size_t kept_n = comma ? (size_t)(comma + 1 - word) : 0;
	char kept[1024] = "";
	if (kept_n >= sizeof(kept))
		return;
	memcpy(kept, word, kept_n);
	if (is_list || o->kind == CLI_SET)
		puts(":more");
	if (o->choices)
		cli_complete_from(o->choices, kept, word + kept_n);
	if (!kept_n)
		put_files(files_of(o));
}

/* The option whose value the last word is, and the value; NULL: of none. */
static const struct cli_option *find_value(const struct cli_command *c, char *const *words,
					   size_t n, const char **value_out)
{
	const char *word = words[n - 1], *before = n > 1 ? words[n - 2] : "",
		   *first = n > 2 ? words[n - 3] : "";
	const char *equals = begins(word, "--") ? strchr(word, '=') : NULL;
	const struct cli_option *o = NULL;
	*value_out = equals ? equals + 1 : word;
	if (equals)
		o = find_option(c, word);
	else if (!strcmp(word, "=")) { /* bash makes three words of --design=x */
		o = find_option(c, before);
		*value_out = "";
	} else if (!strcmp(before, "=")) {
		o = find_option(c, first);
	} else if (*before == '-' && !strchr(before, '=')) {
		o = find_option(c, before);
	}
	return o && o->arg ? o : NULL;
}

void cli_complete(const struct cli_command *c, char *const *words, size_t n)
{
	const char *word = words[n - 1], *value;
	const struct cli_option *o = find_value(c, words, n, &value);
	if (o) {
		put_values(o, value);
	} else if (*word == '-') {
		put_option_names(c, begins(word, "--") ? word + 2 : "");
	} else {
		if (c->argument_choices)
			cli_complete_from(c->argument_choices, "", word);
		if (c->argument_files || ((c->argument || c->what) && !c->argument_choices))
			put_files(c->argument_files ? c->argument_files : "db");
	}
}
