// SPDX-License-Identifier: MIT
/* Where a design's text comes from, and the order in which values replace each other. */
#include "replay/walk-design.h"

#include "base/embedded.h"

#include <stdio.h>
#include <string.h>

static const char folder[] = "designs/";
static const char ending[] = ".ini";

static bool is_file(const char *path)
{
	const size_t n = strlen(path);
	return strchr(path, '/') || (n > 4 && !strcmp(path + n - 4, ending));
}

/* "a/b/NAME.ini" -> "NAME" */
static const char *name_of(const char *path, struct arena *a)
{
	const char *last = strrchr(path, '/');
	char *name = arena_strdup(a, last ? last + 1 : path);
	const size_t n = name ? strlen(name) : 0;
	if (n > 4 && !strcmp(name + n - 4, ending))
		name[n - 4] = 0;
	return name;
}

/* The names of all built-in designs with a section, for a message. */
static void list_built_in(char *out, size_t bytes)
{
	size_t used = 0;
	*out = 0;
	for (size_t i = 0; embedded_path(i); i++) {
		const char *path = embedded_path(i);
		const size_t n = strlen(path);
		if (strncmp(path, folder, sizeof(folder) - 1) ||
		    !strstr(embedded_text(path), "[walk]"))
			continue;
		const int more = snprintf(out + used, bytes - used, "%s%.*s", used ? ", " : "",
					  (int)(n - (sizeof(folder) - 1) - (sizeof(ending) - 1)),
					  path + sizeof(folder) - 1);
		if (more < 0 || (size_t)more >= bytes - used)
			return;
		used += (size_t)more;
	}
}

static int read_built_in(struct param_set *s, const char *name, struct err *e)
{
	char path[100], names[160];
	snprintf(path, sizeof(path), "%s%.60s%s", folder, name, ending);
	const char *text = embedded_text(path);
	if (text)
		return param_read_text(s, path, text, strlen(text), PARAM_DESIGN, e);
	list_built_in(names, sizeof(names));
	return err_set(e, ERR_USAGE, "no design '%.40s': there are %s, and files (./%.20s.ini)",
		       name, names, name);
}

int walk_design_read(const char *path, const char *const *sets, size_t nsets, struct arena *a,
		     struct walk_design *out, struct err *e)
{
	*out = (struct walk_design){ .name = name_of(path, a), .set = { .arena = a } };
	if (!out->name)
		return err_set(e, ERR_NOMEM, "no memory for %s", path);
	int rc = param_set_add(&out->set, walk_params, walk_nparams, &out->config, e);
	param_section_use(&out->set, "walk");
	if (!rc)
		rc = is_file(path) ? param_read(&out->set, path, PARAM_DESIGN, e)
				   : read_built_in(&out->set, path, e);
	for (size_t i = 0; i < nsets && !rc; i++)
		rc = param_assign(&out->set, sets[i], e);
	return rc ? rc : walk_config_resolve(&out->config, &out->set, e);
}
