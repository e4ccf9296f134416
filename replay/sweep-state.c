// SPDX-License-Identifier: MIT
/* What is in the folder of a sweep, against its plan. */
#include "replay/sweep-state.h"

#include "store/results-merge.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FAILURES_TOLD = 10 };

static const char program[] = "sweep";

/* Of a command that would say the same again: its line or its input is wrong. */
static bool is_refusal(int status)
{
	return status == err_exit_status(ERR_USAGE) || status == err_exit_status(ERR_UNUSABLE) ||
	       status == err_exit_status(ERR_NOINPUT);
}

/* Never merged, never in the way of a new one, still there to be looked at. */
static void set_aside(const char *path)
{
	struct sweep_path aside;
	snprintf(aside.s, sizeof(aside.s), "%.4000s.damaged", path);
	if (rename(path, aside.s))
		unlink(path);
}

static bool is_right(const struct sweep_state *s, size_t i, struct err *e)
{
	const struct sweep_task *t = &s->plan->tasks[i];
	return !results_check_sealed(sweep_path_result(s->folder, t).s, t->hash, e);
}

int sweep_state_look(struct sweep_state *s, const struct sweep_plan *p, const char *folder,
		     const struct cli *cli, bool only_looks, struct arena *a, struct err *e)
{
	struct err why = {};
	*s = (struct sweep_state){ .plan = p,
				   .folder = folder,
				   .of = arena_alloc(a, p->n, 1),
				   .missing = arena_alloc(a, p->n, sizeof(size_t)) };
	if (!s->of || !s->missing)
		return err_set(e, ERR_NOMEM, "no memory for the tasks");
	for (size_t i = 0; i < p->n; i++) {
		const struct sweep_task *t = &p->tasks[i];
		const struct sweep_path path = sweep_path_result(folder, t);
		if (!access(path.s, F_OK) && is_right(s, i, &why)) {
			s->of[i] = SWEEP_WAS_DONE;
			continue;
		}
		if (!access(path.s, F_OK)) {
			s->ndamaged++;
			cli_note(cli, program, "%s: %s", why.msg,
				 only_looks ? "to be computed again" : "is computed again");
			if (!only_looks)
				set_aside(path.s);
		}
		if (!only_looks)
			unlink(sweep_path_failed(folder, t).s);
		s->missing[s->nmissing++] = i;
	}
	return 0;
}

void sweep_state_update(struct sweep_state *s, const struct cli *cli, struct arena *a)
{
	size_t told = 0;
	for (size_t k = 0; k < s->nmissing; k++) {
		const size_t i = s->missing[k];
		const struct sweep_task *t = &s->plan->tasks[i];
		struct err why = {};
		int status;
		if (sweep_task_is_done(s->folder, t)) {
			if (is_right(s, i, &why)) {
				s->of[i] = SWEEP_COMPUTED;
				continue;
			}
			cli_note(cli, program, "%s", why.msg);
			set_aside(sweep_path_result(s->folder, t).s);
		}
		const char *failure = sweep_task_failure(s->folder, t, a, &status);
		if (!failure)
			continue;
		s->of[i] = SWEEP_BROKEN;
		s->nrefused += is_refusal(status);
		if (told++ < FAILURES_TOLD)
			cli_note(cli, program, "task %zu (%.12s, %s): %s", i + 1, t->hash, t->trace,
				 failure);
	}
	if (told > FAILURES_TOLD)
		cli_note(cli, program, "and %zu more that failed: see %s/*.failed",
			 told - FAILURES_TOLD, s->folder);
}

size_t sweep_state_count(const struct sweep_state *s, enum sweep_task_state state)
{
	size_t n = 0;
	for (size_t i = 0; i < s->plan->n; i++)
		n += s->of[i] == state;
	return n;
}

int sweep_state_merge(const struct sweep_state *s, struct arena *a, struct results_merged *out,
		      struct err *e)
{
	const char **paths = arena_alloc(a, s->plan->n, sizeof(*paths));
	if (!paths)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	for (size_t i = 0; i < s->plan->n; i++) {
		paths[i] = arena_strdup(a, sweep_path_result(s->folder, &s->plan->tasks[i]).s);
		if (!paths[i])
			return err_set(e, ERR_NOMEM, "no memory for the results");
	}
	return results_merge(paths, s->plan->n, sweep_path(s->folder, "results.db").s, out, e);
}

/* ---- what a person sees ---- */

static const struct report_column columns[] = {
	{ "trace", NULL, REPORT_TEXT, REPORT_EVERYWHERE },
	{ "trace_digest", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "tasks", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "configurations", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "done_before", "done before", REPORT_U64, REPORT_EVERYWHERE },
	{ "computed", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "failed", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "missing", NULL, REPORT_U64, REPORT_EVERYWHERE },
};

/* Tasks of a trace stand together. */
static size_t row(struct report *r, const struct sweep_state *s, size_t first)
{
	const struct sweep_task *t = &s->plan->tasks[first];
	uint64_t configs = 0, n[SWEEP_BROKEN + 1] = {};
	size_t i = first;
	for (; i < s->plan->n && !strcmp(s->plan->tasks[i].trace, t->trace); i++) {
		configs += s->plan->tasks[i].configs;
		n[s->of[i]]++;
	}
	const struct report_value values[] = {
		REPORT_S(t->trace),        REPORT_S(t->trace_digest),   REPORT_U(i - first),
		REPORT_U(configs),         REPORT_U(n[SWEEP_WAS_DONE]), REPORT_U(n[SWEEP_COMPUTED]),
		REPORT_U(n[SWEEP_BROKEN]), REPORT_U(n[SWEEP_MISSING]),
	};
	report_row(r, values);
	return i;
}

/* What is refused is refused again, whatever else the same command computes. */
static void say_rest(struct report *r, const struct sweep_state *s, size_t done)
{
	const size_t n = s->plan->n, rest = n - done - s->nrefused;
	if (!s->nrefused)
		report_text(r, "%s of %s are done; the same command again computes the rest",
			    quantity_count(done).s, quantity_count(n).s);
	else
		report_text(r,
			    "%s of %s are done; %s refused what they were given, as they would "
			    "again: first mend the sweep file, a design or a trace%s",
			    quantity_count(done).s, quantity_count(n).s,
			    quantity_count(s->nrefused).s,
			    rest ? "; the same command again computes the others" : "");
}

static void say(struct report *r, const struct sweep_outcome *o)
{
	const struct sweep_state *s = o->state;
	const size_t done =
		sweep_state_count(s, SWEEP_WAS_DONE) + sweep_state_count(s, SWEEP_COMPUTED);
	report_text(r, "%s: pugmark %s, %s configurations in %s tasks: %s", o->path,
		    s->plan->command, quantity_count(s->plan->configs).s,
		    quantity_count(s->plan->n).s,
		    done == s->plan->n ? "all done"
		    : !o->engine       ? "a plan"
				       : "NOT all done");
	if (o->merged)
		report_text(r, "%s/results.db: %s configurations, %s numbers", s->folder,
			    quantity_count(o->merged->configs).s,
			    quantity_count(o->merged->numbers).s);
	else if (o->engine && done < s->plan->n)
		say_rest(r, s, done);
}

void sweep_report(struct report *r, const struct sweep_outcome *o)
{
	const struct sweep_plan *p = o->state->plan;
	say(r, o);
	report_member_text(r, "swept", p->command);
	report_member_text(r, "engine", o->engine);
	report_member_text(r, "folder", o->state->folder);
	report_member_u64(r, "tasks", p->n);
	report_member_u64(r, "configurations", p->configs);
	report_member_u64(r, "done_before", sweep_state_count(o->state, SWEEP_WAS_DONE));
	report_member_u64(r, "computed", sweep_state_count(o->state, SWEEP_COMPUTED));
	report_member_u64(r, "damaged", o->state->ndamaged);
	if (o->merged) {
		report_member_text(r, "results", sweep_path(o->state->folder, "results.db").s);
		report_member_u64(r, "merged_configurations", o->merged->configs);
		report_member_u64(r, "merged_numbers", o->merged->numbers);
	}
	report_table(r, "rows", NULL, columns, sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; i < p->n;)
		i = row(r, o->state, i);
}
