// SPDX-License-Identifier: MIT
/* What pugmark list tells of this folder. */
#include "reports/catalogue.h"

#include "reports/section.h"

static void list_sections(struct choices *c)
{
	_arena_ struct arena arena = {};
	struct section *s;
	size_t n;
	if (sections_list(&arena, &s, &n, NULL)) {
		c->is_cut = true;
		return;
	}
	for (size_t i = 0; i < n; i++)
		choices_add(c, s[i].name, s[i].title, s[i].path);
}

static void list_queries(struct choices *c)
{
	choices_add_embedded(c, "reports/queries/", ".sql", NULL);
}

const struct catalogue report_catalogues[] = {
	{ "queries", "Queries on a trace (pugmark report TRACE NAME)", list_queries },
	{ "sections", "Sections of a results file (pugmark report RESULTS)", list_sections },
	{},
};
