// SPDX-License-Identifier: MIT
/*
 * Parameter sets: tables, values with provenance, INI reading by inih. inih
 * sees one line at a time through our reader, which bounds its length, counts
 * it and notes section headers (inih itself splits long lines silently and
 * joins indented ones). Values are in base/param-value.c.
 */
#include "base/param.h"
#include "base/cleanup.h"
#include "base/choices.h"
#include "base/param-value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

enum { FILE_BYTES_MAX = 1 << 20 };

const char *const param_kind_names[] = { "unset",   "default",    "given", "spec", "published",
					 "derived", "calibrated", "guess", NULL };

/* ---- the set ---- */

/* Room for one more in an arena array; the old array is left to the arena. */
static bool make_room(struct arena *a, void **array, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return true;

	const size_t bigger = *cap ? *cap * 2 : 16;
	void *p = arena_alloc(a, bigger, size);
	if (!p)
		return false;
	if (n)
		memcpy(p, *array, n * size);
	*array = p;
	*cap = bigger;
	return true;
}

static struct param_section *find_section(const struct param_set *s, const char *name)
{
	for (size_t i = 0; i < s->nsections; i++)
		if (!strcmp(s->sections[i].name, name))
			return &s->sections[i];
	return NULL;
}

static struct param_entry *find_entry(const struct param_set *s, const char *section,
				      const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->entries[i].param->section, section) &&
		    !strcmp(s->entries[i].param->name, name))
			return &s->entries[i];
	return NULL;
}

const struct param_entry *param_find(const struct param_set *s, const char *section,
				     const char *name)
{
	return find_entry(s, section, name);
}

int param_blame(const struct param_set *s, const char *section, const char *name, struct err *e)
{
	const struct param_entry *p = param_find(s, section, name);
	return p ? err_prefix(e, "%s: %s.%s", p->origin, section, name) : (int)e->code;
}

bool param_section_is_used(const struct param_set *s, const char *section)
{
	const struct param_section *found = find_section(s, section);

	return found && found->is_used;
}

void param_section_use(struct param_set *s, const char *section)
{
	struct param_section *found = find_section(s, section);

	if (found)
		found->is_used = !found->is_foreign;
}

static int add_section(struct param_set *s, const char *name)
{
	if (find_section(s, name))
		return 0;
	if (!make_room(s->arena, (void **)&s->sections, s->nsections, &s->sections_cap,
		       sizeof(*s->sections)))
		return ERR_NOMEM;
	s->sections[s->nsections++] = (struct param_section){ .name = name };
	return 0;
}

/* ---- giving values ---- */

/* Cuts blanks off both ends in place. */
static char *trim(char *s)
{
	s += strspn(s, " \t");
	for (char *end = strchr(s, 0); end > s && strchr(" \t\r\n", end[-1]);)
		*--end = 0;
	return s;
}

static bool find_kind(const char *name, enum param_kind *out)
{
	for (int i = PARAM_DEFAULT; param_kind_names[i]; i++) {
		if (!strcmp(param_kind_names[i], name)) {
			*out = (enum param_kind)i;
			return true;
		}
	}
	return false;
}

/* Only data about the world needs a source, not what a user chooses. */
static bool needs_provenance(const struct param *p, const char *text)
{
	return p->type != PARAM_BOOL && p->type != PARAM_CHOICE && strpbrk(text, "0123456789");
}

/*
 * Splits `value | kind | source` in place. bare is the kind of a value that
 * names none; PARAM_UNSET: it has to, if it is a number.
 */
static int split_provenance(const struct param *p, char *line, enum param_kind bare,
			    struct param_entry *out, struct err *e)
{
	char *kind = strchr(line, '|');
	char *source = kind ? strchr(kind + 1, '|') : NULL;

	if (kind)
		*kind++ = 0;
	if (source)
		*source++ = 0;
	out->text = trim(line);
	out->source = source ? trim(source) : "";
	out->kind = bare == PARAM_UNSET ? PARAM_GIVEN : bare;
	if (kind && !find_kind(trim(kind), &out->kind))
		return err_set(e, ERR_FORMAT,
			       "'%.30s' is not a kind: expected spec, published, derived, "
			       "calibrated or guess",
			       trim(kind));
	if (bare == PARAM_UNSET && out->kind < PARAM_SPEC && needs_provenance(p, out->text))
		return err_set(e, ERR_FORMAT,
			       "a number in a profile says where it comes from: expected `%.30s | "
			       "KIND | SOURCE`",
			       out->text);
	if (out->kind >= PARAM_SPEC && out->kind < PARAM_GUESS && !*out->source)
		return err_set(e, ERR_FORMAT,
			       "a %s value names its source: expected `%.30s | %s | SOURCE`",
			       param_kind_names[out->kind], out->text, param_kind_names[out->kind]);
	return 0;
}

static int give(struct param_set *s, struct param_entry *entry, const char *value,
		enum param_kind bare, const char *origin, struct err *e)
{
	const struct param *p = entry->param;
	struct param_entry given = *entry;
	char *line = arena_strdup(s->arena, value);

	given.origin = arena_strdup(s->arena, origin);
	if (!line || !given.origin)
		return err_set(e, ERR_NOMEM, "out of memory for parameters");
	int err = split_provenance(p, line, bare, &given, e);
	if (!err && strchr(value, ';')) /* or printed values would not read back */
		err = err_set(e, ERR_FORMAT, "';' starts a comment and cannot be in a value");
	if (!err)
		err = param_value_store(p, given.text, entry->base, e);
	if (err) {
		err_prefix(e, "%s.%s", p->section, p->name);
		return err;
	}
	*entry = given;
	return 0;
}

/* The same sentence under another code. */
static int fail_as(struct err *e, enum err_code code)
{
	if (e)
		e->code = code;
	return code;
}

static int add_row(struct param_set *s, const struct param *p, void *base, struct err *e)
{
	if (find_entry(s, p->section, p->name))
		return err_set(e, ERR_BUG, "parameter %s.%s is there twice", p->section, p->name);
	if (add_section(s, p->section) ||
	    !make_room(s->arena, (void **)&s->entries, s->n, &s->cap, sizeof(*s->entries)))
		return err_set(e, ERR_NOMEM, "out of memory for parameters");

	struct param_entry *entry = &s->entries[s->n];
	*entry = (struct param_entry){
		.param = p, .base = base, .text = "", .source = "", .origin = "default"
	};
	if (p->default_text && give(s, entry, p->default_text, PARAM_DEFAULT, "default", e)) {
		err_prefix(e, "default");
		return fail_as(e, ERR_BUG);
	}
	s->n++;
	return 0;
}

int param_set_add(struct param_set *s, const struct param *rows, size_t n, void *base,
		  struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < n && !rc; i++)
		rc = add_row(s, &rows[i], base, e);
	return rc;
}

int param_set_add_foreign(struct param_set *s, const struct param *rows, size_t n, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < n && !rc; i++) {
		const struct param_section *there = find_section(s, rows[i].section);
		if (there && !there->is_foreign)
			continue;
		rc = add_row(s, &rows[i], NULL, e);
		if (!rc)
			find_section(s, rows[i].section)->is_foreign = true;
	}
	return rc;
}

int param_set_open(struct param_set *s, const char *section, param_take take, void *ctx,
		   struct err *e)
{
	if (find_section(s, section))
		return err_set(e, ERR_BUG, "section %s is there twice", section);
	if (add_section(s, section))
		return err_set(e, ERR_NOMEM, "out of memory for parameters");
	s->sections[s->nsections - 1].take = take;
	s->sections[s->nsections - 1].take_ctx = ctx;
	return 0;
}

bool param_is_file(const char *name)
{
	static const char ending[] = ".ini";
	const size_t n = strlen(name), tail = sizeof(ending) - 1;

	return strchr(name, '/') || (n > tail && !strcmp(name + n - tail, ending));
}

/* ---- what is not there ---- */

/* As of options, but what is wrong may be a file. */
static int refuse_name(struct err *e, enum err_code code, const char *what, const char *text,
		       const char *const *names, size_t n)
{
	_choices_ struct choices c = {};

	for (size_t i = 0; i < n; i++)
		choices_add(&c, names[i], NULL, NULL);
	choices_refuse(&c, what, text, NULL, e);
	if (e)
		e->code = code;
	return code;
}

static int refuse_section(const struct param_set *s, const char *section, enum err_code code,
			  struct err *e)
{
	const char **names = arena_alloc(s->arena, s->nsections, sizeof(*names));
	size_t n = 0;

	for (size_t i = 0; names && i < s->nsections; i++)
		if (!s->sections[i].is_foreign)
			names[n++] = s->sections[i].name;
	return refuse_name(e, code, "section", section, names, n);
}

static int refuse_key(const struct param_set *s, const char *section, const char *key,
		      enum err_code code, struct err *e)
{
	const char **names = arena_alloc(s->arena, s->n, sizeof(*names));
	char what[80];
	size_t n = 0;

	for (size_t i = 0; names && i < s->n; i++)
		if (!strcmp(s->entries[i].param->section, section))
			names[n++] = s->entries[i].param->name;
	snprintf(what, sizeof(what), "parameter in [%.50s]", section);
	return refuse_name(e, code, what, key, names, n);
}

/* ---- --set ---- */

int param_assign(struct param_set *s, const char *assignment, struct err *e)
{
	char copy[PARAM_LINE_BYTES_MAX + 1];

	if (strlen(assignment) >= sizeof(copy))
		return err_set(e, ERR_USAGE, "'%.40s...' is longer than %d bytes", assignment,
			       PARAM_LINE_BYTES_MAX);
	strcpy(copy, assignment);

	char *value = strchr(copy, '=');
	if (value)
		*value++ = 0;
	char *section = trim(copy);
	char *key = value ? strchr(section, '.') : NULL;
	if (!key)
		return err_set(e, ERR_USAGE, "'%.60s' is not of the form section.key=value",
			       assignment);
	*key++ = 0;

	const struct param_section *there = find_section(s, section);
	if (!there)
		return refuse_section(s, section, ERR_USAGE, e);
	if (there->is_foreign)
		return err_set(e, ERR_USAGE, "nothing here uses [%.50s]", section);
	struct param_entry *entry = find_entry(s, section, key);
	if (!entry)
		return refuse_key(s, section, key, ERR_USAGE, e);
	const int err = give(s, entry, value, PARAM_GIVEN, "--set", e);
	if (err == ERR_FORMAT)
		return fail_as(e, ERR_USAGE);
	if (!err)
		param_section_use(s, section);
	return err;
}

/* ---- INI ---- */

struct ini_input {
	struct param_set *set;
	const char *name; /* of the file */
	const char *p, *end;
	enum param_file kind;
	unsigned line;       /* number of the line handed out last */
	unsigned error_line; /* of the first error, which is in *error */
	struct err error;
};

/* Keeps the first error, with its place. */
static void fail_at_line(struct ini_input *in, const struct err *e)
{
	if (in->error_line)
		return;
	in->error = *e;
	in->error_line = in->line;
}

static void note_section(struct ini_input *in, const char *line, size_t n)
{
	const char *close = memchr(line, ']', n);
	char name[64];
	struct err e = {};

	if (!close) /* inih says so */
		return;
	snprintf(name, sizeof(name), "%.*s", (int)(close - line - 1), line + 1);
	if (find_section(in->set, name)) {
		param_section_use(in->set, name);
		return;
	}
	refuse_section(in->set, name, ERR_FORMAT, &e);
	fail_at_line(in, &e);
}

/* inih's reader: one line into str, which holds num > PARAM_LINE_BYTES_MAX + 1 bytes */
static char *next_line(char *str, int num, void *stream)
{
	struct ini_input *in = stream;
	struct err e = {};

	if (in->p == in->end || in->error_line)
		return NULL;

	const char *eol = memchr(in->p, '\n', (size_t)(in->end - in->p));
	const char *line = in->p;
	size_t n = (size_t)((eol ? eol : in->end) - line);
	in->p = eol ? eol + 1 : in->end;
	in->line++;
	if (n > PARAM_LINE_BYTES_MAX || n + 2 > (size_t)num) {
		err_set(&e, ERR_FORMAT, "%zu bytes: lines have at most %d", n,
			PARAM_LINE_BYTES_MAX);
		fail_at_line(in, &e);
		return NULL;
	}
	if (memchr(line, 0, n)) {
		err_set(&e, ERR_FORMAT, "a zero byte: expected text");
		fail_at_line(in, &e);
		return NULL;
	}
	while (n && (*line == ' ' || *line == '\t')) { /* or inih would join it to the last */
		line++;
		n--;
	}
	if (n && *line == '[')
		note_section(in, line, n);
	memcpy(str, line, n);
	str[n] = '\n';
	str[n + 1] = 0;
	return str;
}

/* inih's handler: 1 to go on */
static int take_value(void *user, const char *section, const char *name, const char *value)
{
	struct ini_input *in = user;
	struct param_entry *entry = find_entry(in->set, section, name);
	const struct param_section *there = find_section(in->set, section);
	char origin[320];
	struct err e = {};
	int err;

	snprintf(origin, sizeof(origin), "%s:%u", in->name, in->line);
	if (!*section)
		err = err_set(&e, ERR_FORMAT, "'%.50s' stands before the first [section]", name);
	else if (there && there->take)
		err = there->take(there->take_ctx, name, value, origin, &e);
	else if (!entry)
		err = refuse_key(in->set, section, name, ERR_FORMAT, &e);
	else if (entry->file == in->set->nfiles)
		err = err_set(&e, ERR_FORMAT, "%s.%s is given twice", section, name);
	else
		err = give(in->set, entry, value,
			   in->kind == PARAM_PROFILE ? PARAM_UNSET : PARAM_GIVEN, origin, &e);
	if (err) {
		if (e.code == ERR_USAGE) /* the same sentence, but about a file */
			e.code = ERR_FORMAT;
		fail_at_line(in, &e);
		return 0;
	}
	if (entry)
		entry->file = in->set->nfiles;
	return 1;
}

int param_read_text(struct param_set *s, const char *name, const char *text, size_t n,
		    enum param_file kind, struct err *e)
{
	struct ini_input in = { .set = s, .name = name, .p = text, .end = text + n, .kind = kind };

	if (n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) /* a byte order mark says nothing */
		in.p += 3;
	s->nfiles++;
	const int rc = ini_parse_stream(next_line, &in, take_value, &in);
	if (rc < 0)
		return err_set(e, ERR_NOMEM, "%s: out of memory", name);
	/* inih gives the first line it disliked, which may come before ours */
	if (rc > 0 && (!in.error_line || (unsigned)rc < in.error_line))
		return err_set(e, ERR_FORMAT,
			       "%s: line %d: expected [section], `key = value` or a comment", name,
			       rc);
	if (in.error_line)
		return err_set(e, in.error.code, "%s: line %u: %s", name, in.error_line,
			       in.error.msg);
	return 0;
}

int param_read(struct param_set *s, const char *path, enum param_file kind, struct err *e)
{
	_fclose_ FILE *f = fopen(path, "re");
	if (!f)
		return err_set(e, errno == EACCES ? ERR_PERM : ERR_NOINPUT, "%s: %s", path,
			       strerror(errno));

	_free_ char *text = malloc(FILE_BYTES_MAX + 1);
	if (!text)
		return err_set(e, ERR_NOMEM, "%s: out of memory", path);
	const size_t n = fread(text, 1, FILE_BYTES_MAX + 1, f);
	if (ferror(f))
		return err_set(e, ERR_IO, "%s: %s", path, strerror(errno));
	if (n > FILE_BYTES_MAX)
		return err_set(e, ERR_FORMAT, "%s: above 1 MiB: not a parameter file", path);
	return param_read_text(s, path, text, n, kind, e);
}
