// SPDX-License-Identifier: MIT
/* Lists of names; everything lives in the list's arena. */
#include "base/choices.h"

#include "base/embedded.h"
#include "base/nearest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *copy(struct choices *c, const char *text, size_t n)
{
	char *out = arena_alloc(&c->arena, n + 1, 1);
	if (out)
		memcpy(out, text, n);
	return out;
}

static void add_part(struct choices *c, const char *name, size_t name_n, const char *summary,
		     size_t summary_n, const char *source)
{
	if (c->n == c->room) {
		const size_t room = c->room ? 2 * c->room : 32;
		struct choice *list = arena_alloc(&c->arena, room, sizeof(*list));
		if (list && c->n)
			memcpy(list, c->list, c->n * sizeof(*list));
		c->list = list ? list : c->list;
		c->room = list ? room : c->room;
	}
	const struct choice added = { .name = copy(c, name, name_n),
				      .summary = copy(c, summary, summary_n),
				      .source = copy(c, source, strlen(source)) };
	if (c->n < c->room && added.name && added.summary && added.source)
		c->list[c->n++] = added;
	else
		c->is_cut = true;
}

void choices_add(struct choices *c, const char *name, const char *summary, const char *source)
{
	summary = summary ? summary : "";
	add_part(c, name, strlen(name), summary, strlen(summary), source ? source : "");
}

void choices_add_names(struct choices *c, const char *const *names)
{
	for (; *names; names++)
		choices_add(c, *names, NULL, NULL);
}

enum { SUMMARY_CHARS = 600 };

/* The lines of text that begin with mark, joined, to the end of the first sentence. */
static size_t join_comment(const char *text, const char *mark, char out[SUMMARY_CHARS])
{
	size_t n = 0;
	for (; !strncmp(text, mark, strlen(mark)); text += strcspn(text, "\n") + 1) {
		const char *word = text + strspn(text, "; ");
		const int len = (int)strcspn(word, "\n");
		n += (size_t)snprintf(out + n, SUMMARY_CHARS - n, "%s%.*s", n ? " " : "", len,
				      word);
		char *end = strstr(out, ". ");
		if (end)
			return (size_t)(end - out);
		if (n >= SUMMARY_CHARS)
			return SUMMARY_CHARS - 1;
	}
	return n && out[n - 1] == '.' ? n - 1 : n;
}

/* The first comment behind the licence line: of SQL a line, of an INI file a sentence. */
static size_t find_summary(const char *text, char out[SUMMARY_CHARS])
{
	const char *line = strchr(text, '\n');
	if (line && !strncmp(text, "; SPDX", 6))
		return join_comment(line + 1, ";", out);
	if (*text == ';')
		return join_comment(text, ";", out);
	if (!line || strncmp(++line, "--", 2))
		return 0;
	line += strspn(line, "- ");
	return (size_t)snprintf(out, SUMMARY_CHARS, "%.*s", (int)strcspn(line, "\n"), line);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct choice *)a)->name, ((const struct choice *)b)->name);
}

void choices_add_embedded(struct choices *c, const char *head, const char *tail, const char *with)
{
	const size_t head_n = strlen(head), tail_n = strlen(tail);
	const size_t first = c->n;
	const char *path;
	for (size_t i = 0; (path = embedded_path(i)); i++) {
		const char *text = embedded_text(path);
		char summary[SUMMARY_CHARS];
		const size_t n = strlen(path);
		if (n <= head_n + tail_n || strncmp(path, head, head_n) ||
		    strcmp(path + n - tail_n, tail) || strchr(path + head_n, '/') ||
		    (with && !strstr(text, with)))
			continue;
		const size_t summary_n = find_summary(text, summary);
		add_part(c, path + head_n, n - head_n - tail_n, summary, summary_n, path);
	}
	if (c->n > first)
		qsort(c->list + first, c->n - first, sizeof(*c->list), by_name);
}

int choices_find(const struct choices *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->list[i].name, name))
			return (int)i;
	return -1;
}

/*
 * "a, b, c" of those that begin with start: all if they fit, else as many as do
 * and " and 4 more". Gives how many there are.
 */
static size_t put_names(const struct choices *c, const char *start, char *out, size_t bytes)
{
	static const size_t of_rest = sizeof(" and 4294967295 more");
	const size_t start_n = strlen(start);
	size_t used = 0, n = 0, shown = 0, chars = 0;
	*out = 0;
	for (size_t i = 0; i < c->n; i++)
		if (!strncmp(c->list[i].name, start, start_n)) {
			chars += strlen(c->list[i].name) + 2;
			n++;
		}
	const size_t room = chars <= bytes ? bytes : bytes - of_rest;
	for (size_t i = 0; i < c->n; i++) {
		const char *name = c->list[i].name;
		if (strncmp(name, start, start_n))
			continue;
		if (used + strlen(name) + 2 >= room)
			break;
		used += (size_t)snprintf(out + used, bytes - used, "%s%s", shown ? ", " : "", name);
		shown++;
	}
	if (shown < n)
		snprintf(out + used, bytes - used, " and %zu more", n - shown);
	return n;
}

static const char *nearest(const struct choices *c, const char *name)
{
	const char **names = calloc(c->n + 1, sizeof(*names));
	for (size_t i = 0; names && i < c->n; i++)
		names[i] = c->list[i].name;
	const char *near = names ? nearest_word(name, names, c->n) : NULL;
	free(names);
	return near;
}

int choices_refuse(const struct choices *c, const char *what, const char *name, const char *hint,
		   struct err *e)
{
	char list[sizeof(e->msg)], no[120];
	hint = hint ? hint : "";
	snprintf(no, sizeof(no), "no %.60s '%.40s'", what, name);
	const int words = snprintf(NULL, 0, "%s: did you mean one of ?%s", no, hint);
	const size_t least = 64;
	const size_t room = (size_t)words + least < sizeof(list) ? sizeof(list) - (size_t)words
								 : least;
	const char *near = nearest(c, name);
	if (near)
		return err_set(e, ERR_USAGE, "%s: did you mean '%s'?", no, near);
	const size_t alike = *name ? put_names(c, name, list, room) : 0;
	if (alike)
		return err_set(e, ERR_USAGE, "%s: did you mean %s%s?", no,
			       alike > 1 ? "one of " : "", list);
	const size_t n = put_names(c, "", list, room);
	return err_set(e, ERR_USAGE, "%s: there %s %s%s", no, n == 1 ? "is" : "are",
		       n ? list : "none", hint);
}

int choices_refuse_of(choices_fill fill, const char *what, const char *name, const char *hint,
		      struct err *e)
{
	_choices_ struct choices c = {};
	fill(&c);
	return choices_refuse(&c, what, name, hint, e);
}

const char *choice_brief(const struct choice *x, char out[CHOICE_BRIEF_CHARS])
{
	enum { DOTS = 4 };
	size_t end = 0;
	if (strlen(x->summary) < CHOICE_BRIEF_CHARS - DOTS)
		return x->summary;
	for (size_t i = 0; i < CHOICE_BRIEF_CHARS - DOTS; i++)
		if (strchr(",;:", x->summary[i]) && x->summary[i + 1] == ' ')
			end = i;
	end = end ? end : CHOICE_BRIEF_CHARS - DOTS;
	snprintf(out, CHOICE_BRIEF_CHARS, "%.*s ..", (int)end, x->summary);
	return out;
}

void choices_deinit(struct choices *c)
{
	arena_deinit(&c->arena);
	*c = (struct choices){};
}
