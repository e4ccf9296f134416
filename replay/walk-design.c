// SPDX-License-Identifier: MIT
/* The order in which the values of a design replace each other. */
#include "replay/walk-design.h"

#include "replay/design.h"

static int read_with(const char *processor, const char *path, const char *const *sets, size_t nsets,
		     struct walk_design *d, struct err *e)
{
	struct arena *a = d->set.arena;
	d->config = (struct walk_config){};
	d->costs = (struct walk_costs){};
	d->set = (struct param_set){ .arena = a };
	int rc = param_set_add(&d->set, walk_params, walk_nparams, &d->config, e);
	if (!rc)
		rc = param_set_add(&d->set, walk_cost_params, walk_cost_nparams, &d->costs, e);
	param_section_use(&d->set, "walk");
	param_section_use(&d->set, "walk-costs");
	if (!rc)
		rc = walk_read_processor(&d->set, processor, e);
	if (!rc)
		rc = design_read(&d->set, path, "walk", e);
	for (size_t i = 0; i < nsets && !rc; i++)
		rc = param_assign(&d->set, sets[i], e);
	return rc;
}

int walk_design_read(const char *path, const char *const *sets, size_t nsets, struct arena *a,
		     struct walk_design *out, struct err *e)
{
	const char *processor = walk_processor_names[0];
	*out = (struct walk_design){ .name = design_name(path, a), .set = { .arena = a } };
	if (!out->name)
		return err_set(e, ERR_NOMEM, "no memory for %s", path);
	int rc = read_with(processor, path, sets, nsets, out, e);
	if (!rc && out->costs.processor) {
		processor = walk_processor_names[out->costs.processor];
		rc = read_with(processor, path, sets, nsets, out, e);
	}
	return rc ? rc : walk_config_resolve(&out->config, &out->set, e);
}

void walk_design_fit(struct walk_config *c, uint64_t rows, uint64_t vm_pages)
{
	c->boot_accesses = (uint64_t)((unsigned __int128)rows * c->boot_share_ppm / PPM_PER_ONE);
	if (!c->vm_memory && c->frames == WALK_SPREAD && vm_pages < UINT64_C(1) << 52)
		c->vm_memory = vm_pages << 12;
}
