// SPDX-License-Identifier: MIT
/* The order in which the values of a design replace each other. */
#include "replay/walk-design.h"

#include "replay/design.h"

int walk_design_read(const char *path, const char *const *sets, size_t nsets, struct arena *a,
		     struct walk_design *out, struct err *e)
{
	*out = (struct walk_design){ .name = design_name(path, a), .set = { .arena = a } };
	if (!out->name)
		return err_set(e, ERR_NOMEM, "no memory for %s", path);
	int rc = param_set_add(&out->set, walk_params, walk_nparams, &out->config, e);
	param_section_use(&out->set, "walk");
	if (!rc)
		rc = design_read(&out->set, path, "walk", e);
	for (size_t i = 0; i < nsets && !rc; i++)
		rc = param_assign(&out->set, sets[i], e);
	return rc ? rc : walk_config_resolve(&out->config, &out->set, e);
}
