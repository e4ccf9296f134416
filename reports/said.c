// SPDX-License-Identifier: MIT
/* What a run says and takes for granted, into a results file: see reports/said.h. */
#include "reports/said.h"

#include <stdio.h>

static void say(void *ctx, unsigned part, const char *sentence)
{
	struct err e = {}; /* a failure is kept for results_close */

	results_say(ctx, part, sentence, &e);
}

struct report *said_begin(struct results *r)
{
	return report_begin_sentences(say, r);
}

int said_assume(struct results *r, const struct param_set *s, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < s->n && !rc; i++) {
		const struct param_entry *p = &s->entries[i];
		char name[PARAM_LINE_BYTES_MAX];
		if (!p->base || p->kind == PARAM_UNSET ||
		    !param_section_is_used(s, p->param->section))
			continue;
		snprintf(name, sizeof(name), "%s.%s", p->param->section, p->param->name);
		rc = results_assume(r, name, p->text, param_kind_names[p->kind], p->source, e);
	}
	return rc;
}
