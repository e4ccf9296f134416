// SPDX-License-Identifier: MIT
/* Tables of all models of a pin replay, in one set. */
#include "replay/pin-design.h"

#include "sim/consequence.h"
#include "sim/swap.h"

#include <stdio.h>
#include <string.h>

static int init(struct pin_design *d, struct policy_chosen *chosen, size_t n, const char *backend,
		struct err *e)
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
		rc = iopf_read_profile(&d->set, backend, e);
	param_section_use(&d->set, "access");
	param_section_use(&d->set, "memory");
	param_section_use(&d->set, "pin");
	param_section_use(&d->set, "iopf");
	return rc;
}

static const char usual_backend[] = "vpri";

int pin_design_init(struct pin_design *d, struct policy_chosen *chosen, size_t n, struct err *e)
{
	return init(d, chosen, n, usual_backend, e);
}

/* The profile's number of functions is no more than a place for that of the trace. */
static int set_functions(struct pin_design *d, unsigned functions, struct err *e)
{
	char text[80];
	snprintf(text, sizeof(text), "[iopf]\nfunctions = %u | derived | devices in the trace\n",
		 functions);
	return functions ? param_read_text(&d->set, "trace", text, strlen(text), PARAM_PROFILE, e)
			 : 0;
}

static int read_with(struct pin_design *d, const struct pin_design_sources *s, const char *profile,
		     struct err *e)
{
	char last[40];
	for (size_t i = 0; i < s->nchosen; i++)
		s->chosen[i].params = NULL; /* of an arena before */
	int rc = init(d, s->chosen, s->nchosen, profile, e);
	if (!rc)
		rc = set_functions(d, s->functions, e);
	if (!rc && s->path)
		rc = param_read(&d->set, s->path, PARAM_DESIGN, e);
	for (size_t i = 0; i < s->nsets && !rc; i++)
		rc = param_assign(&d->set, s->sets[i], e);
	if (!rc && s->backend) {
		snprintf(last, sizeof(last), "iopf.backend=%.20s", s->backend);
		rc = param_assign(&d->set, last, e);
	}
	return rc;
}

int pin_design_read(struct pin_design *d, const struct pin_design_sources *s, struct err *e)
{
	int rc = read_with(d, s, usual_backend, e);
	if (rc)
		return rc;
	const char *backend = iopf_backend_names[d->iopf->backend];
	if (!strcmp(backend, usual_backend))
		return 0;
	arena_deinit(&d->arena);
	return read_with(d, s, backend, e);
}
