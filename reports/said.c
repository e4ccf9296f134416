// SPDX-License-Identifier: MIT
/* What a run says and takes for granted, into a results file: see reports/said.h. */
#include "reports/said.h"

#include "base/sha256.h"

#include <stdio.h>
#include <string.h>

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

int said_begin_design(struct results *r, const struct results_run *run, const struct param_set *s,
		      char **canonical_out, struct err *e)
{
	char digest[SHA256_HEX_CHARS + 1];
	struct results_run own = *run;

	*canonical_out = param_canonical(s);
	if (!*canonical_out)
		return err_set(e, ERR_NOMEM, "no memory for a design");
	sha256_hex(*canonical_out, strlen(*canonical_out), digest);
	own.design_digest = digest;
	const int rc = results_begin_run(r, &own, e);
	return rc ? rc : said_assume(r, s, e);
}
