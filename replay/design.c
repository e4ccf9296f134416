// SPDX-License-Identifier: MIT
/* Where a design's text comes from, and the tables of all models. */
#include "replay/design.h"

#include "base/embedded.h"
#include "policies/policy.h"
#include "replay/access.h"
#include "replay/nvme-design.h"
#include "replay/pin-cell.h"
#include "replay/pin-design.h"
#include "sim/background.h"
#include "sim/block.h"
#include "sim/hostmem.h"
#include "sim/iopf.h"
#include "sim/limits.h"
#include "sim/nic.h"
#include "sim/numa-config.h"
#include "sim/numa-move.h"
#include "sim/nvme-config.h"
#include "sim/swap.h"
#include "sim/walk-cost.h"

#include <stdio.h>
#include <string.h>

static const char folder[] = "designs/";
static const char ending[] = ".ini";

/* Length without the ending. */
static size_t stem(const char *path)
{
	const size_t n = strlen(path);
	return n > 4 && !strcmp(path + n - 4, ending) ? n - 4 : n;
}

const char *design_name(const char *path, struct arena *a)
{
	const char *last = strrchr(path, '/');
	char *name = arena_strdup(a, last ? last + 1 : path);
	if (name)
		name[stem(name)] = 0;
	return name;
}

static bool is_called_alike(const char *path, const char *other)
{
	const char *last = strrchr(path, '/'), *other_last = strrchr(other, '/');
	last = last ? last + 1 : path;
	other_last = other_last ? other_last + 1 : other;
	return stem(last) == stem(other_last) && !strncmp(last, other_last, stem(last)) &&
	       strcmp(path, other) != 0;
}

const char *design_name_among(const char *const *paths, size_t n, size_t i, struct arena *a)
{
	for (size_t k = 0; k < n; k++) {
		char *name;
		if (!is_called_alike(paths[i], paths[k]))
			continue;
		name = arena_strdup(a, paths[i]);
		if (name)
			name[stem(name)] = 0;
		return name;
	}
	return design_name(paths[i], a);
}

void design_names(struct choices *c)
{
	choices_add_embedded(c, folder, ending, NULL);
}

/* Those with a section. */
static void add_names_with(struct choices *c, const char *section)
{
	char header[48];
	snprintf(header, sizeof(header), "\n[%.40s]", section);
	choices_add_embedded(c, folder, ending, header);
}

void design_names_walk(struct choices *c)
{
	add_names_with(c, "walk");
}

void design_names_pin(struct choices *c)
{
	add_names_with(c, "iopf");
}

void design_names_nvme(struct choices *c)
{
	add_names_with(c, "nvme");
}

static int read_built_in(struct param_set *s, const char *name, const char *section, struct err *e)
{
	_choices_ struct choices c = {};
	char path[100];
	snprintf(path, sizeof(path), "%s%.60s%s", folder, name, ending);
	const char *text = embedded_text(path);
	if (text)
		return param_read_text(s, path, text, strlen(text), PARAM_DESIGN, e);
	add_names_with(&c, section);
	return choices_refuse(&c, "design", name, ", and files (./NAME.ini)", e);
}

/* Of another command (param_set_add_foreign), or of one that looks at all of them. */
typedef int (*adder)(struct param_set *s, const struct param *rows, size_t n, struct err *e);

static int add_native(struct param_set *s, const struct param *rows, size_t n, struct err *e)
{
	return param_set_add(s, rows, n, NULL, e);
}

/* All that a design may hold. A table of a new model is added here. */
static int add_models(struct param_set *s, adder add, struct err *e)
{
	const struct {
		const struct param *rows;
		size_t n;
	} models[] = {
		{ access_params, access_nparams },
		{ pin_choice_params, pin_choice_nparams },
		{ hostmem_params, hostmem_nparams },
		{ limits_params, limits_nparams },
		{ swap_params, swap_nparams },
		{ background_params, background_nparams },
		{ pin_params, pin_nparams },
		{ iopf_params, iopf_nparams },
		{ block_params, block_nparams },
		{ nic_params, nic_nparams },
		{ walk_params, walk_nparams },
		{ walk_cost_params, walk_cost_nparams },
		{ nvme_params, nvme_nparams },
		{ numa_params, numa_nparams },
		{ numa_machine_params, numa_machine_nparams },
		{ numa_move_params, numa_move_nparams },
		{ nvme_choice_params, nvme_choice_nparams },
	};
	int rc = 0;
	for (size_t i = 0; i < sizeof(models) / sizeof(*models) && !rc; i++)
		rc = add(s, models[i].rows, models[i].n, e);
	for (const struct policy *const *p = policies; *p && !rc; p++)
		rc = add(s, (*p)->params, (*p)->nparams, e);
	for (const struct policy *const *p = pin_policies; *p && !rc; p++)
		rc = add(s, (*p)->params, (*p)->nparams, e);
	return rc;
}

int design_add_models(struct param_set *s, struct err *e)
{
	return add_models(s, add_native, e);
}

static int read_text(struct param_set *s, const char *path, const char *section, struct err *e)
{
	return param_is_file(path) ? param_read(s, path, PARAM_DESIGN, e)
				   : read_built_in(s, path, section, e);
}

int design_read(struct param_set *s, const char *path, const char *section, struct err *e)
{
	const int rc = add_models(s, param_set_add_foreign, e);
	return rc ? rc : read_text(s, path, section, e);
}

int design_find_sections(const char *path, const char *const *names, size_t n, bool *has_out,
			 struct err *e)
{
	_arena_ struct arena a = {};
	struct param_set set = { .arena = &a };
	int rc = design_add_models(&set, e);
	if (!rc)
		rc = read_text(&set, path, n ? names[0] : "", e);
	for (size_t i = 0; i < n && !rc; i++)
		has_out[i] = param_section_is_used(&set, names[i]);
	return rc;
}
