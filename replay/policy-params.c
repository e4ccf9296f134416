// SPDX-License-Identifier: MIT
/* A policy that was chosen twice has one struct of parameters. */
#include "replay/policy-params.h"

#include <stdlib.h>
#include <string.h>

static int add_chosen(struct param_set *set, struct policy_chosen *chosen, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		struct policy_chosen *c = &chosen[i];
		const struct policy *p = c->policy;
		if (!p->nparams)
			continue;
		for (size_t k = 0; k < i && !c->params; k++)
			if (chosen[k].policy == p)
				c->params = chosen[k].params;
		if (c->params)
			continue;
		c->params = arena_alloc(set->arena, 1, p->params_bytes);
		if (!c->params)
			return err_set(e, ERR_NOMEM, "no memory for the parameters");
		const int rc = param_set_add(set, p->params, p->nparams, c->params, e);
		if (rc)
			return rc;
	}
	return 0;
}

static int add_others(struct param_set *set, const struct policy *const *list,
		      const struct policy_chosen *chosen, size_t n, struct err *e)
{
	for (size_t i = 0; list[i]; i++) {
		const struct policy *p = list[i];
		bool is_chosen = !p->nparams;
		for (size_t k = 0; k < n; k++)
			is_chosen |= chosen[k].policy == p;
		const int rc = is_chosen ? 0 : param_set_add(set, p->params, p->nparams, NULL, e);
		if (rc)
			return rc;
	}
	return 0;
}

int policy_params_add(struct param_set *set, struct policy_chosen *chosen, size_t n, struct err *e)
{
	int rc = add_chosen(set, chosen, n, e);
	if (!rc)
		rc = add_others(set, pin_policies, chosen, n, e);
	return rc ? rc : add_others(set, policies, chosen, n, e);
}

int policy_params_default(const struct policy *p, struct arena *a, const void **out, struct err *e)
{
	struct param_set set = { .arena = a };
	struct policy_chosen chosen = { .policy = p };
	const int rc = add_chosen(&set, &chosen, 1, e);
	*out = chosen.params;
	return rc;
}

/* Whether `section.name=value` is of one of the policy's rows. */
static bool is_of(const struct policy *p, const char *line, size_t bytes)
{
	const char *equals = memchr(line, '=', bytes);
	for (size_t i = 0; i < p->nparams && equals; i++) {
		const size_t section = strlen(p->params[i].section);
		const size_t name = strlen(p->params[i].name);
		if ((size_t)(equals - line) == section + 1 + name &&
		    !memcmp(line, p->params[i].section, section) &&
		    !memcmp(line + section + 1, p->params[i].name, name))
			return true;
	}
	return false;
}

char *policy_params_canonical(const struct param_set *set, const struct policy *p)
{
	char *all = param_canonical(set), *to = all;
	for (const char *line = all, *end; line && *line; line = end) {
		end = strchr(line, '\n');
		end = end ? end + 1 : line + strlen(line);
		if (!is_of(p, line, (size_t)(end - line)))
			continue;
		memmove(to, line, (size_t)(end - line));
		to += end - line;
	}
	if (to)
		*to = 0;
	return all;
}
