// SPDX-License-Identifier: MIT
/* What `pugmark paper` puts into a results file: a row is a configuration, its figures metrics. */
#include "replay/paper.h"

#include "base/cleanup.h"
#include "reports/said.h"

#include <stdio.h>
#include <stdlib.h>

static int put_row(struct results *r, const struct paper_row *x, struct err *e)
{
	_free_ char *config = NULL;
	if (asprintf(&config, "work=%s\nquantity=%s\nunit=%s\nkind=%s\n", x->work, x->quantity,
		     paper_unit_names[x->unit], paper_kind_names[x->kind]) < 0) {
		config = NULL;
		return err_set(e, ERR_NOMEM, "no memory for a figure");
	}
	int rc = results_put(r, config, "published", 0, (int64_t)x->published, e);
	if (!rc && x->published_most)
		rc = results_put(r, config, "published_most", 0, (int64_t)x->published_most, e);
	if (!rc && x->kind != PAPER_NOT_ADDRESSED)
		rc = results_put(r, config, "ours", 0, (int64_t)x->ours, e);
	if (!rc && x->kind != PAPER_NOT_ADDRESSED)
		rc = results_put(r, config, "error_ppm", 0, paper_error_ppm(x), e);
	return rc;
}

static int put_rows(struct results *r, const struct results_run *run, const struct paper *p,
		    struct err *e)
{
	int rc = results_begin_run(r, run, e);
	struct report *said = rc ? NULL : said_begin(r);
	if (!rc && !said)
		rc = err_set(e, ERR_NOMEM, "no memory for the results");
	if (said) {
		paper_say(said, p);
		report_end(said);
	}
	for (size_t i = 0; i < p->n && !rc; i++)
		rc = put_row(r, &p->rows[i], e);
	return rc;
}

int paper_store(const char *path, const struct results_run *run, const struct paper *p,
		struct err *e)
{
	struct results *r;
	int rc = results_open(path, &r, e);
	if (rc)
		return rc;
	rc = put_rows(r, run, p, e);
	if (!rc)
		return results_close(r, e);
	results_abort(r);
	return rc;
}
