// SPDX-License-Identifier: MIT
/* Where a design's values come from, and the order in which they replace each other. */
#include "replay/numa-design.h"

#include "base/embedded.h"
#include "replay/design.h"

#include <stdio.h>
#include <string.h>

static const char usual_machine[] = "sim/profiles/numa-cascade-lake.ini";
static int read_machine(struct param_set *s, const char *machine, struct err *e)
{
	if (machine)
		return param_read(s, machine, PARAM_PROFILE, e);
	const char *text = embedded_text(usual_machine);
	return text ? param_read_text(s, usual_machine, text, strlen(text), PARAM_PROFILE, e)
		    : err_set(e, ERR_BUG, "%s is not in this program", usual_machine);
}

static int assign(struct param_set *s, struct err *e, const char *key, const char *value)
{
	char text[100];
	snprintf(text, sizeof(text), "%s=%s", key, value);
	return param_assign(s, text, e);
}

/* As a file with these values would say it, so that the canonical text is the same. */
static int assign_letters(struct param_set *s, const struct numa_config *c,
			  const struct numa_letters *l, struct err *e)
{
	static const char *const views[] = { "visible", "oblivious", "told", "measured" };
	/* under TF most of the guest's memory is in small pages, the host's is not */
	const struct {
		const char *key, *value;
	} of[] = {
		{ "walk.mode", l->is_native ? "native" : "nested" },
		{ "walk.guest_page", l->is_huge && !l->is_fragmented ? "2M" : "4K" },
		{ "walk.host_page", l->is_huge ? "2M" : "4K" },
		{ "walk.guest_2m", l->is_fragmented ? "10%" : "none" },
		{ "numa.span", c->span == NUMA_WIDE ? "wide" : "thin" },
		{ "numa.gpt", numa_place_names[c->place[NUMA_GPT]] },
		{ "numa.ept", numa_place_names[c->place[NUMA_EPT]] },
		{ "numa.data", numa_place_names[c->data] },
		{ "numa.interference", c->is_contended ? "yes" : "no" },
		{ "numa.gpt_fix", numa_fix_names[c->fix[NUMA_GPT]] },
		{ "numa.ept_fix", numa_fix_names[c->fix[NUMA_EPT]] },
		{ "numa.guest_view", views[c->view] },
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(of) / sizeof(*of) && !rc; i++)
		rc = assign(s, e, of[i].key, of[i].value);
	return rc;
}

/* Letters, a file or a built-in design. */
static int read_named(struct numa_design *d, const char *name, struct err *e)
{
	struct numa_config c = {};
	struct numa_letters l;

	if (numa_config_letters(name, &c, &l))
		return assign_letters(&d->set, &c, &l, e);
	const int rc = design_read(&d->set, name, "walk", e);
	const bool is_file = strchr(name, '/') || strcmp(d->name, name) != 0;
	if (rc != ERR_USAGE || is_file)
		return rc;
	return err_set(e, ERR_USAGE,
		       "no design '%.20s': letters as in vMitosis (thin LL LR RL RR, native L R, "
		       "then I, then E G M; T, TF before; wide F FA I FM FAM IM OF OFMP OFMF), a "
		       "built-in one (nested), or a file, ./NAME.ini",
		       name);
}

static int add_tables(struct numa_design *d, struct err *e)
{
	int rc = param_set_add(&d->set, walk_params, walk_nparams, &d->walk, e);
	if (!rc)
		rc = param_set_add(&d->set, numa_params, numa_nparams, &d->numa, e);
	if (!rc)
		rc = param_set_add(&d->set, numa_machine_params, numa_machine_nparams, &d->machine,
				   e);
	param_section_use(&d->set, "walk");
	param_section_use(&d->set, "numa");
	param_section_use(&d->set, "machine");
	return rc;
}

int numa_design_read(const char *name, const char *machine, const char *const *sets, size_t nsets,
		     struct arena *a, struct numa_design *out, struct err *e)
{
	*out = (struct numa_design){ .name = design_name(name, a), .set = { .arena = a } };
	if (!out->name)
		return err_set(e, ERR_NOMEM, "no memory for %s", name);
	int rc = add_tables(out, e);
	if (!rc)
		rc = read_machine(&out->set, machine, e);
	if (!rc)
		rc = read_named(out, name, e);
	for (size_t i = 0; i < nsets && !rc; i++)
		rc = param_assign(&out->set, sets[i], e);
	if (!rc)
		rc = walk_config_resolve(&out->walk, &out->set, e);
	if (!rc)
		rc = numa_machine_check(&out->machine, e);
	if (!rc && numa_config_check(&out->numa, out->walk.mode, e))
		rc = err_prefix(e, "%s", out->name);
	return rc;
}
