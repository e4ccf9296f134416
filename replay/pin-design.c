// SPDX-License-Identifier: MIT
/* Tables of all models of a pin replay, in one set. */
#include "replay/pin-design.h"

#include "sim/consequence.h"
#include "sim/swap.h"

int pin_design_init(struct pin_design *d, struct policy_chosen *chosen, size_t n, struct err *e)
{
	*d = (struct pin_design){};
	d->set.arena = &d->arena;
	d->iopf = arena_alloc(&d->arena, 1, sizeof(*d->iopf));
	d->swap = arena_alloc(&d->arena, 1, sizeof(*d->swap));
	d->block = arena_alloc(&d->arena, 1, sizeof(*d->block));
	d->nic = arena_alloc(&d->arena, 1, sizeof(*d->nic));
	if (!d->iopf || !d->swap || !d->block || !d->nic)
		return err_set(e, ERR_NOMEM, "no memory for the parameters");
	const struct {
		const struct param *rows;
		size_t n;
		void *base;
	} tables[] = {
		{ access_params, access_nparams, &d->access },
		{ hostmem_params, hostmem_nparams, &d->memory },
		{ swap_params, swap_nparams, d->swap },
		{ background_params, background_nparams, &d->background },
		{ pin_params, pin_nparams, &d->pin },
		{ iopf_params, iopf_nparams, d->iopf },
		{ block_params, block_nparams, d->block },
		{ nic_params, nic_nparams, d->nic },
	};
	int rc = 0;
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables) && !rc; i++)
		rc = param_set_add(&d->set, tables[i].rows, tables[i].n, tables[i].base, e);
	if (!rc)
		rc = policy_params_add(&d->set, chosen, n, e);
	if (!rc)
		rc = iopf_read_profile(&d->set, "vpri", e);
	param_section_use(&d->set, "access");
	param_section_use(&d->set, "memory");
	param_section_use(&d->set, "pin");
	param_section_use(&d->set, "iopf");
	return rc;
}
