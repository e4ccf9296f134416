// SPDX-License-Identifier: MIT
/* Tables of all models of a pin replay, in one set. */
#include "replay/pin-design.h"

#include "base/cleanup.h"
#include "replay/design.h"
#include "sim/consequence.h"
#include "sim/swap.h"

#include <stdio.h>
#include <string.h>

const struct param pin_choice_params[] = {
	{ "pin", "policy", PARAM_TEXT, NULL, NULL, 0, 0,
	  "Policies to score, as lru,at-risk; --policy replaces it",
	  offsetof(struct pin_choice, policy), NULL },
	{ "pin", "budget", PARAM_TEXT, NULL, NULL, 0, 0,
	  "Pages that they may pin, or shares of the VM, as 2%,5%; --budget replaces it",
	  offsetof(struct pin_choice, budget), NULL },
	{ "memory", "overcommit", PARAM_TEXT, NULL, NULL, 0, 0,
	  "Shares of the VM that the host takes away, as 10%,20%; --overcommit replaces it",
	  offsetof(struct pin_choice, overcommit), NULL },
};
const size_t pin_choice_nparams = sizeof(pin_choice_params) / sizeof(*pin_choice_params);

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
		{ pin_choice_params, pin_choice_nparams, &d->choice },
		{ hostmem_params, hostmem_nparams, &d->memory },
		{ limits_params, limits_nparams, &d->limits },
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
		rc = design_read(&d->set, s->path, "pin", e);
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

enum { LIMITS_FILE_BYTES_MAX = 1 << 20 };

/* The whole file as one line, steps parted by commas. */
static int read_steps(struct pin_design *d, const char *path, char **out, struct err *e)
{
	_fclose_ FILE *f = fopen(path, "re");
	if (!f)
		return err_set(e, ERR_NOINPUT,
			       "memory.limit_schedule: '%s' is no TIME:SHARE,.. "
			       "and no file",
			       path);
	char *text = arena_alloc(&d->arena, LIMITS_FILE_BYTES_MAX + 1, 1);
	if (!text)
		return err_set(e, ERR_NOMEM, "no memory for %s", path);
	const size_t n = fread(text, 1, LIMITS_FILE_BYTES_MAX + 1, f);
	if (ferror(f) || n > LIMITS_FILE_BYTES_MAX)
		return err_set(e, ERR_UNUSABLE, "%s: expected at most %d bytes of TIME:SHARE lines",
			       path, LIMITS_FILE_BYTES_MAX);
	text[n] = 0;
	while (*text && text[strlen(text) - 1] == '\n')
		text[strlen(text) - 1] = 0;
	for (char *c = text; *c; c++)
		if (*c == '\n' || *c == '\r')
			*c = ',';
	*out = text;
	return 0;
}

int pin_design_limits(struct pin_design *d, struct limits *out, struct err *e)
{
	static const char key[] = "memory.limit_schedule=";
	const char *given = d->limits.schedule;
	*out = (struct limits){};
	if (!given)
		return 0;
	const bool is_file = !strchr(given, ':');
	if (is_file) {
		char *steps = NULL;
		int rc = read_steps(d, given, &steps, e);
		if (rc)
			return rc;
		char *assignment = arena_alloc(&d->arena, sizeof(key) + strlen(steps), 1);
		if (!assignment)
			return err_set(e, ERR_NOMEM, "no memory for %s", given);
		strcpy(assignment, key);
		strcat(assignment, steps);
		rc = param_assign(&d->set, assignment, e);
		if (rc)
			return err_prefix(e, "%s", given);
	}
	const int rc = limits_parse(d->limits.schedule, &d->arena, out, e);
	return rc ? err_prefix(e, "%s", is_file ? given : "memory.limit_schedule") : 0;
}
