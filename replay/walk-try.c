// SPDX-License-Identifier: MIT
/* Inputs that nobody has measured, at other values; see walk-try.h. */
#include "replay/walk-try.h"

#include "base/quantity.h"
#include "replay/walk-feed.h"
#include "reports/options.h"
#include "store/trace-meta.h"

#include <string.h>

/* `also` moves with the input: the two sides' walk caches are one guess. */
static const struct variant {
	const char *section, *name, *to, *set, *also;
} variants[] = {
#define VARIANT(section, name, to)                               \
	{                                                        \
		section, name, to, section "." name "=" to, NULL \
	}
#define VARIANT_TWO(section, name, two, to)                                        \
	{                                                                          \
		section, name, to, section "." name "=" to, section "." two "=" to \
	}
	VARIANT_TWO("walk", "guest_pwc", "host_pwc", "5:1 4:2 3:4 2:16"),
	VARIANT_TWO("walk", "guest_pwc", "host_pwc", "5:4 4:8 3:16 2:64"),
	VARIANT("walk", "ntlb", "16/4"),
	VARIANT("walk", "ntlb", "256/4"),
	VARIANT("walk-costs", "access", "3"),
	VARIANT("walk-costs", "access", "30"),
	VARIANT("walk-costs", "exposed", "50%"),
	VARIANT("walk-costs", "exposed", "91%"),
	VARIANT("walk-costs", "data_exposed", "20%"),
	VARIANT("walk-costs", "data_exposed", "100%"),
	VARIANT("walk-costs", "llc_tables", "1M"),
	VARIANT("walk-costs", "llc_tables", "16M"),
	VARIANT("walk-costs", "memory", "150"),
	VARIANT("walk-costs", "memory", "400"),
	VARIANT("walk-costs", "handling", "300"),
	VARIANT("walk-costs", "handling", "5000"),
};
enum { VARIANTS = sizeof(variants) / sizeof(*variants), PAIR = 2 };
_Static_assert((int)VARIANTS <= (int)WALK_TRIES_MAX, "each variant has a place");

struct pair {
	struct walk_design design[PAIR]; /* fast, slow */
	struct walk_row row[PAIR];
	const struct variant *v;
};

static bool is_worth_it(const struct walk_design *d, const struct variant *v)
{
	const struct param_entry *entry = param_find(&d->set, v->section, v->name);
	return entry && entry->kind != PARAM_GIVEN && strcmp(entry->text, v->to) != 0;
}

static bool moves_walks(const struct variant *v)
{
	return !strcmp(v->section, "walk");
}

static int read_pair(const struct walk_try_sources *s, struct pair *p, struct arena *a,
		     struct err *e)
{
	const char *sets[CLI_SETS_MAX + 2];
	const char *const paths[PAIR] = { s->fast, s->slow };
	size_t n = 0;
	for (; n < s->nsets; n++)
		sets[n] = s->sets[n];
	sets[n++] = p->v->set;
	if (p->v->also)
		sets[n++] = p->v->also;
	int rc = 0;
	for (int i = 0; i < PAIR && !rc; i++) {
		rc = walk_design_read(paths[i], sets, n, a, &p->design[i], e);
		walk_design_fit(&p->design[i].config, s->stream->rows, trace_vm_pages(s->trace, 0));
	}
	return rc;
}

/* One pass over the trace for all pairs whose walks differ from those of the verdict. */
static int play(const struct walk_try_sources *s, struct pair *pairs, size_t n, struct arena *a,
		struct err *e)
{
	const struct walk_config *configs[PAIR * VARIANTS];
	struct walk_counts *counts[PAIR * VARIANTS];
	struct walk *w;
	size_t nconfigs = 0;
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < PAIR && moves_walks(pairs[i].v); k++) {
			configs[nconfigs] = &pairs[i].design[k].config;
			counts[nconfigs++] = &pairs[i].row[k].counts;
		}
	if (!nconfigs)
		return 0;
	int rc = walk_new(configs, nconfigs, a, &w, e);
	if (!rc)
		rc = walk_feed(w, s->trace, s->stream, NULL, NULL, e);
	for (size_t i = 0; i < nconfigs && !rc; i++)
		walk_counts(w, i, counts[i]);
	return rc;
}

static void put(struct walk_tries *out, const struct pair *p)
{
	struct walk_cycles y[PAIR];
	for (int i = 0; i < PAIR; i++)
		walk_cost(&p->design[i].costs, &p->design[i].config, &p->row[i].counts, &y[i]);
	out->all[out->n++] = (struct walk_tried){
		.input = p->v->set,
		.from = param_find(&out->fast->design->set, p->v->section, p->v->name)->text,
		.to = p->v->to,
		.ratio_ppm = quantity_ratio_ppm(y[1].total, y[0].total),
	};
}

int walk_try(const struct walk_try_sources *s, struct arena *a, struct walk_tries *out,
	     struct err *e)
{
	struct pair *pairs = arena_alloc(a, VARIANTS, sizeof(*pairs));
	size_t n = 0;
	int rc = pairs ? 0 : err_set(e, ERR_NOMEM, "no memory to try inputs");
	for (size_t i = 0; i < VARIANTS && !rc; i++) {
		if (!is_worth_it(out->fast->design, &variants[i]) ||
		    !is_worth_it(out->slow->design, &variants[i]))
			continue;
		struct pair *p = &pairs[n++];
		p->v = &variants[i];
		p->row[0].counts = out->fast->counts;
		p->row[1].counts = out->slow->counts;
		rc = read_pair(s, p, a, e);
	}
	if (!rc)
		rc = play(s, pairs, n, a, e);
	for (size_t i = 0; i < n && !rc; i++)
		put(out, &pairs[i]);
	return rc;
}
