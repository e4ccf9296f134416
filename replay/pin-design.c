// SPDX-License-Identifier: MIT
/* Tables of all models of a pin replay, in one set. */
#include "replay/pin-design.h"

#include "sim/iopf.h"
#include "sim/swap.h"

static int add_policy_params(struct pin_design *d, struct pin_chosen *chosen, size_t n,
			     struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		struct pin_chosen *c = &chosen[i];
		const struct policy *p = c->policy;
		if (!p->nparams)
			continue;
		for (size_t k = 0; k < i && !c->params; k++)
			if (chosen[k].policy == p)
				c->params = chosen[k].params;
		if (c->params)
			continue;
		c->params = arena_alloc(&d->arena, 1, p->params_bytes);
		if (!c->params)
			return err_set(e, ERR_NOMEM, "no memory for the parameters");
		const int rc = param_set_add(&d->set, p->params, p->nparams, c->params, e);
		if (rc)
			return rc;
	}
	return 0;
}

/* Parameters of policies that were not chosen may be in a design all the same. */
static int add_other_params(struct pin_design *d, const struct pin_chosen *chosen, size_t n,
			    struct err *e)
{
	for (size_t i = 0; pin_policies[i]; i++) {
		const struct policy *p = pin_policies[i];
		bool is_chosen = !p->nparams;
		for (size_t k = 0; k < n; k++)
			is_chosen |= chosen[k].policy == p;
		const int rc = is_chosen ? 0
					 : param_set_add(&d->set, p->params, p->nparams, NULL, e);
		if (rc)
			return rc;
	}
	return 0;
}

int pin_design_init(struct pin_design *d, struct pin_chosen *chosen, size_t n, struct err *e)
{
	*d = (struct pin_design){};
	d->set.arena = &d->arena;
	d->iopf = arena_alloc(&d->arena, 1, sizeof(*d->iopf));
	d->swap = arena_alloc(&d->arena, 1, sizeof(*d->swap));
	if (!d->iopf || !d->swap)
		return err_set(e, ERR_NOMEM, "no memory for the parameters");
	const struct {
		const struct param *rows;
		size_t n;
		void *base;
	} tables[] = {
		{ hostmem_params, hostmem_nparams, &d->memory },
		{ swap_params, swap_nparams, d->swap },
		{ background_params, background_nparams, &d->background },
		{ pin_params, pin_nparams, &d->pin },
		{ iopf_params, iopf_nparams, d->iopf },
	};
	int rc = 0;
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables) && !rc; i++)
		rc = param_set_add(&d->set, tables[i].rows, tables[i].n, tables[i].base, e);
	if (!rc)
		rc = add_policy_params(d, chosen, n, e);
	if (!rc)
		rc = add_other_params(d, chosen, n, e);
	if (!rc)
		rc = iopf_read_profile(&d->set, "vpri", e);
	param_section_use(&d->set, "memory");
	param_section_use(&d->set, "pin");
	param_section_use(&d->set, "iopf");
	return rc;
}
