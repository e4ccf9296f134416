// SPDX-License-Identifier: MIT
/*
 * The embedded profiles: every number says where it comes from, the published
 * ones are the published ones, and guesses keep inside what is published.
 */
#include "base/embedded.h"
#include "base/quantile.h"
#include "sim/iopf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct profile {
	struct arena arena;
	struct param_set set;
	struct iopf_config c;
	struct err e;
};

static void read_profile(struct profile *p, const char *backend)
{
	*p = (struct profile){};
	p->set.arena = &p->arena;
	assert_int_equal(param_set_add(&p->set, iopf_params, iopf_nparams, &p->c, &p->e), 0);
	if (iopf_read_profile(&p->set, backend, &p->e))
		fail_msg("%s", p->e.msg);
}

static void every_number_of_every_profile_has_a_kind_and_a_source(void **state)
{
	size_t values = 0;
	(void)state;

	for (int b = 0; iopf_backend_names[b]; b++) {
		struct profile p;
		read_profile(&p, iopf_backend_names[b]);
		assert_int_equal(p.c.backend, b);
		for (size_t i = 0; i < p.set.n; i++) {
			const struct param_entry *entry = &p.set.entries[i];
			if (!entry->file || !strpbrk(entry->text, "0123456789"))
				continue;
			values++;
			if (entry->kind < PARAM_SPEC || !*entry->source)
				fail_msg("%s: %s has no kind or no source", entry->origin,
					 entry->param->name);
		}
		arena_deinit(&p.arena);
	}
	assert_true(values > 50);
}

/* A profile that nobody reads would not be linted. */
static void every_embedded_fault_profile_belongs_to_a_backend(void **state)
{
	static const char folder[] = "sim/profiles/";
	int profiles = 0, backends = 0;
	(void)state;

	for (size_t i = 0; embedded_path(i); i++)
		profiles += !strncmp(embedded_path(i), folder, sizeof(folder) - 1) &&
			    strstr(embedded_text(embedded_path(i)), "[iopf]");
	while (iopf_backend_names[backends])
		backends++;
	assert_int_equal(profiles, backends);
}

static void the_published_figures_of_vpri_are_in_its_profile(void **state)
{
	struct profile p;
	(void)state;

	read_profile(&p, "vpri");
	const struct dist *lookup = &p.c.lookup, *update = &p.c.stage[IOPF_UPDATE];
	assert_int_equal(lookup->a_ns, 69);
	assert_int_equal(lookup->b_ns, 92);
	assert_int_equal(update->a_ns, 1742);
	assert_int_equal(update->b_ns, 2341);
	assert_int_equal(update->b_ppm, 990000);
	assert_int_equal(param_find(&p.set, "iopf", "update")->kind, PARAM_PUBLISHED);
	assert_int_equal(param_find(&p.set, "iopf", "lookup")->kind, PARAM_PUBLISHED);
	arena_deinit(&p.arena);
}

/* VPRI slides: about 10-500 us before the fault is served; drawn as sums of the four stages. */
static void what_precedes_resolve_lies_between_10_and_500_us(void **state)
{
	static const char *const backends[] = { "vpri", "pri" };
	enum { DRAWS = 100000 };
	(void)state;

	for (size_t b = 0; b < 2; b++) {
		struct profile p;
		struct quantile q[IOPF_RESOLVE];
		struct rng r;
		uint64_t outside = 0;

		read_profile(&p, backends[b]);
		for (int s = 0; s < IOPF_RESOLVE; s++)
			assert_int_equal(quantile_init(&q[s], &p.c.stage[s], &p.arena, &p.e), 0);
		rng_init(&r, 1, "stages");
		for (int i = 0; i < DRAWS; i++) {
			uint64_t sum = 0;
			for (int s = 0; s < IOPF_RESOLVE; s++)
				sum += quantile_draw(&q[s], &r);
			outside += sum < 10000 || sum > 500000;
		}
		assert_true(outside < DRAWS / 100);
		arena_deinit(&p.arena);
	}
}

static void an_unknown_backend_is_refused(void **state)
{
	struct profile p;
	(void)state;

	read_profile(&p, "vpri");
	assert_int_equal(iopf_read_profile(&p.set, "magic", &p.e), ERR_USAGE);
	assert_non_null(strstr(p.e.msg, "no backend 'magic'"));
	arena_deinit(&p.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_of_every_profile_has_a_kind_and_a_source),
		cmocka_unit_test(every_embedded_fault_profile_belongs_to_a_backend),
		cmocka_unit_test(the_published_figures_of_vpri_are_in_its_profile),
		cmocka_unit_test(what_precedes_resolve_lies_between_10_and_500_us),
		cmocka_unit_test(an_unknown_backend_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
