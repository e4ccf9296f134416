// SPDX-License-Identifier: MIT
/*
 * Reading cases, running them on all cores (the longest first), and comparing.
 * A case may need several runs; each is a task of its own. Verdicts are told in
 * the order of the file whatever the order of the ends.
 */
#include "replay/check.h"

#include "base/cleanup.h"
#include "base/rng.h"
#include "replay/check-run.h"

#include <errno.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES_MAX = 2000, VARIANTS_MAX = 3, WHERE_BYTES = 80 };

static const uint64_t completions_max = 10000000000;

const struct check_family check_families[] = {
	{ "open_single", 1, check_open, "mean_wait_ns prob_wait p_wait_zero" },
	{ "open_pooled", 1, check_open, "mean_wait_ns prob_wait p_wait_zero" },
	{ "open_hashed", 1, check_open_hashed, "mean_wait_ns prob_wait p_wait_zero" },
	{ "open_loss", 1, check_open_loss, "mean_wait_ns block_prob" },
	{ "closed", 1, check_closed, "mean_wait_ns resp_*_ns" },
	{ "closed_hashed", 1, check_closed_hashed, "mean_wait_ns" },
	{ "closed_det", 1, check_closed_det, "mean_wait_ns resp_*_ns" },
	{ "closed_tandem_det", 1, check_tandem, "mean_wait_ns resp_*_ns bandwidth_MBps" },
	{ "priority", 1, check_priority, "mean_wait_ns mean_wait_*_ns" },
	{ "stall_preempt_resume", 2, check_stall,
	  "mean_wait_ns mean_resp_nostall_ns frac_stall_time" },
	{ "poll_vacation", 1, check_vacation, "mean_wait_ns" },
	{ "cyclic_polling", 3, check_cyclic,
	  "mean_wait_exhaustive_ns mean_wait_gated_ns mean_wait_limited1_ns" },
	{ "coalesce", 1, check_coalesce, "mean_extra_ns irq_per_s" },
	{ "hybrid_poll", 1, check_hybrid, "latency_ns spin_ns" },
	{ "forkjoin_idle", 1, check_forkjoin, "" },
	{ "wrr_saturated", 1, check_wrr, "share_*" },
	{ "ratelimit", 1, check_ratelimit, "admitted steady_gap_ns" },
	{},
};

/* Of every family (but cyclic_polling, which is three systems). */
static const char common_figures[] =
	"mean_resp_ns throughput_per_s mean_in_system util util_* p[0-9]*_ns";

struct cased {
	const char *id, *formula;
	const struct check_family *family;
	const json_t *params, *expect, *simulated;
	double tol_rel;
	uint64_t completions;
	struct check_sheet sheets[VARIANTS_MAX];
	struct err errors[VARIANTS_MAX];
	unsigned left; /* runs that are not done */
	char where[WHERE_BYTES];
};

struct check_set {
	json_t *root;
	struct cased *cases;
	size_t n;
};

/* ---- one run ---- */

static void run_case(const struct cased *c, unsigned variant, uint64_t seed, uint64_t most,
		     struct check_sheet *sheet, struct err *e)
{
	struct check_run *r = calloc(1, sizeof(*r));

	if (!r) {
		err_set(e, ERR_NOMEM, "out of memory");
		return;
	}
	r->args = check_args_of(c->params, c->where, e);
	r->expect = c->expect;
	r->simulated = c->simulated;
	r->seed = rng_seed(seed, c->id); /* cases do not share their luck */
	r->completions = most && most < c->completions ? most : c->completions;
	r->only_parses = !sheet;
	r->sheet = sheet;
	r->e = e;
	if (!e->code)
		c->family->run(r, variant);
	arena_deinit(&r->arena);
	free(r);
}

/* ---- reading ---- */

static int refuse(struct err *e, const char *path, const char *where, const char *what)
{
	return err_set(e, ERR_UNUSABLE, "%s: %s: %s", path, where, what);
}

static const struct check_family *find_family(const char *kind)
{
	for (const struct check_family *f = check_families; f->kind; f++)
		if (kind && !strcmp(kind, f->kind))
			return f;
	return NULL;
}

static bool is_listed(const char *list, const char *key)
{
	char copy[200], *rest = NULL;

	snprintf(copy, sizeof(copy), "%s", list);
	for (char *p = strtok_r(copy, " ", &rest); p; p = strtok_r(NULL, " ", &rest))
		if (!fnmatch(p, key, 0))
			return true;
	return false;
}

/* What the case expects must be numbers that the family measures. */
static int check_expect(const struct cased *c, const char *path, struct err *e)
{
	const char *key;
	json_t *v;

	if (!json_is_object(c->expect) || !json_object_size(c->expect) ||
	    json_object_size(c->expect) > CHECK_CASE_FIGURES_MAX / 2)
		return refuse(e, path, c->id, "expect: an object of 1 to 32 figures");
	json_object_foreach((json_t *)(uintptr_t)c->expect, key, v)
	{
		const bool is_common = c->family->variants < 3 && is_listed(common_figures, key);
		if (!is_common && !is_listed(c->family->figures, key))
			return err_set(e, ERR_UNUSABLE, "%s: %s: expect: %s does not measure %.60s",
				       path, c->id, c->family->kind, key);
		if (!json_is_number(v))
			return err_set(e, ERR_UNUSABLE, "%s: %s: expect: %.60s is no number", path,
				       c->id, key);
	}
	return 0;
}

/* The tolerance of a simulated figure is named after it: p99 of p99_ns, mean of mean_resp_ns. */
static double simulated_tolerance(const struct cased *c, const char *key)
{
	char name[32];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(key, "_"), key);
	const json_t *t = json_object_get(json_object_get(c->simulated, "tol_rel"), name);
	return json_is_number(t) ? json_number_value(t) : -1;
}

static bool is_simulated_figure(const char *key)
{
	return strcmp(key, "n") && strcmp(key, "tol_rel");
}

static int check_simulated(const struct cased *c, const char *path, struct err *e)
{
	const char *key;
	json_t *v;

	if (c->simulated && (!json_is_object(c->simulated) || json_object_size(c->simulated) > 30))
		return refuse(e, path, c->id, "simulated: an object of at most 30 figures");
	json_object_foreach((json_t *)(uintptr_t)c->simulated, key, v)
	{
		if (!is_simulated_figure(key))
			continue;
		if (!json_is_number(v) || !is_listed(common_figures, key) ||
		    simulated_tolerance(c, key) < 0)
			return err_set(e, ERR_UNUSABLE,
				       "%s: %s: simulated: %.60s is no known figure with a "
				       "tolerance in tol_rel",
				       path, c->id, key);
	}
	return 0;
}

static int check_keys(const json_t *o, const char *known, const char *path, const char *where,
		      struct err *e)
{
	const char *key;
	json_t *v;

	if (!json_is_object(o))
		return refuse(e, path, where, "expected an object {..}");
	json_object_foreach(
		(json_t *)(uintptr_t)o, key,
		v) if (!is_listed(known, key)) return err_set(e, ERR_UNUSABLE,
							      "%s: %s: %.60s is not known here",
							      path, where, key);
	return 0;
}

static int read_numbers(struct cased *c, const json_t *o, const char *path, struct err *e)
{
	const json_t *tol = json_object_get(o, "tol_rel");
	const json_t *n = json_object_get(o, "completions");

	c->tol_rel = json_number_value(tol);
	if (!json_is_number(tol) || !(c->tol_rel >= 0 && c->tol_rel <= 1))
		return refuse(e, path, c->id, "tol_rel: expected a number from 0 to 1");
	const double completions = json_number_value(n);
	if (!json_is_number(n) || !(completions >= 10 && completions <= (double)completions_max) ||
	    completions != (double)(uint64_t)completions)
		return refuse(e, path, c->id,
			      "completions: expected a whole number, 10 to 10,000,000,000");
	c->completions = (uint64_t)completions;
	return 0;
}

static int read_case(struct cased *c, const json_t *o, size_t i, const char *path, struct err *e)
{
	char where[32];

	snprintf(where, sizeof(where), "case %zu", i + 1);
	int rc = check_keys(o, "id kind params expect simulated formula tol_rel completions", path,
			    where, e);
	if (rc)
		return rc;
	c->id = json_string_value(json_object_get(o, "id"));
	if (!c->id || !*c->id || strlen(c->id) > 60 || strpbrk(c->id, " \t\n\r#"))
		return refuse(e, path, where, "id: expected a word");
	c->formula = json_string_value(json_object_get(o, "formula"));
	const char *kind = json_string_value(json_object_get(o, "kind"));
	c->family = find_family(kind);
	if (!c->family)
		return err_set(e, ERR_UNUSABLE, "%s: %s: kind '%.40s' is not known", path, c->id,
			       kind ? kind : "");
	c->params = json_object_get(o, "params");
	c->expect = json_object_get(o, "expect");
	c->simulated = json_object_get(o, "simulated");
	snprintf(c->where, sizeof(c->where), "%s: params", c->id);
	if ((rc = read_numbers(c, o, path, e)) || (rc = check_expect(c, path, e)) ||
	    (rc = check_simulated(c, path, e)))
		return rc;
	run_case(c, 0, 0, 0, NULL, e);
	return e->code ? err_prefix(e, "%s", path) : 0;
}

static int read_cases(struct check_set *s, const char *path, struct err *e)
{
	int rc = check_keys(s->root, "note cases", path, "the top", e);
	const json_t *list = json_object_get(s->root, "cases");

	if (rc)
		return rc;
	s->n = json_array_size(list);
	if (!s->n || s->n > CASES_MAX)
		return refuse(e, path, "cases", "expected a list of 1 to 2,000 cases");
	s->cases = calloc(s->n, sizeof(*s->cases));
	if (!s->cases)
		return err_set(e, ERR_NOMEM, "no memory for %zu cases", s->n);
	for (size_t i = 0; !rc && i < s->n; i++)
		rc = read_case(&s->cases[i], json_array_get(list, i), i, path, e);
	return rc;
}

static int read_root(json_t *root, const json_error_t *at, const char *path, struct check_set **out,
		     struct err *e)
{
	if (!root)
		return err_set(e, ERR_UNUSABLE, "%s: line %d: %s", path, at->line, at->text);
	struct check_set *s = calloc(1, sizeof(*s));
	if (!s) {
		json_decref(root);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	s->root = root;
	const int rc = read_cases(s, path, e);
	if (rc)
		check_close(s);
	else
		*out = s;
	return rc;
}

int check_open_file(const char *path, struct check_set **out, struct err *e)
{
	_fclose_ FILE *f = fopen(path, "r");
	json_error_t at;

	*e = (struct err){};
	if (!f)
		return err_set(e, ERR_NOINPUT, "%s: %s", path, strerror(errno));
	return read_root(json_loadf(f, JSON_REJECT_DUPLICATES, &at), &at, path, out, e);
}

int check_open_text(const char *text, size_t n, struct check_set **out, struct err *e)
{
	json_error_t at;

	*e = (struct err){};
	return read_root(json_loadb(text, n, JSON_REJECT_DUPLICATES, &at), &at, "text", out, e);
}

void check_close(struct check_set *s)
{
	if (!s)
		return;
	json_decref(s->root);
	free(s->cases);
	free(s);
}

size_t check_ncases(const struct check_set *s)
{
	return s->n;
}

/* ---- comparing ---- */

static void compare(struct check_verdict *v, const struct cased *c, const char *key,
		    double expected, double tolerance)
{
	struct check_compared *f = &v->figures[v->n++];

	*f = (struct check_compared){ .key = key, .expected = expected, .tolerance = tolerance };
	const double *ours = NULL;
	for (unsigned i = 0; !ours && i < c->family->variants; i++)
		ours = check_sheet_find(&c->sheets[i], key);
	if (!ours) {
		v->broken = "a figure was not measured";
		v->is_ok = false;
		return;
	}
	const double off = *ours > expected ? *ours - expected : expected - *ours;
	const double size = expected < 0 ? -expected : expected;
	f->ours = *ours;
	f->is_within = off <= (expected != 0 ? tolerance * size : 1e-9);
	v->is_ok &= f->is_within;
}

static void judge(const struct cased *c, uint64_t completions, struct check_verdict *v)
{
	const char *key;
	json_t *value;

	*v = (struct check_verdict){ .id = c->id,
				     .kind = c->family->kind,
				     .formula = c->formula,
				     .completions = completions,
				     .is_ok = true };
	for (unsigned i = 0; i < c->family->variants; i++)
		if (c->errors[i].code) {
			v->broken = c->errors[i].msg;
			v->is_ok = false;
		}
	json_object_foreach((json_t *)(uintptr_t)c->expect, key, value)
		compare(v, c, key, json_number_value(value), c->tol_rel);
	json_object_foreach((json_t *)(uintptr_t)c->simulated, key,
			    value) if (is_simulated_figure(key))
		compare(v, c, key, json_number_value(value), simulated_tolerance(c, key));
}

/* ---- all of them ---- */

struct task {
	size_t i;
	unsigned variant;
	uint64_t cost;
};

struct crew {
	struct check_set *set;
	const struct check_how *how;
	struct task *tasks;
	size_t ntasks, next;
	pthread_mutex_t lock;
	pthread_cond_t done;
};

static int by_cost(const void *a, const void *b)
{
	const struct task *x = a, *y = b;

	if (x->cost != y->cost)
		return x->cost < y->cost ? 1 : -1;
	return x->i != y->i ? (x->i > y->i) - (x->i < y->i)
			    : (x->variant > y->variant) - (x->variant < y->variant);
}

static void *work(void *arg)
{
	struct crew *crew = arg;

	pthread_mutex_lock(&crew->lock);
	while (crew->next < crew->ntasks) {
		const struct task *t = &crew->tasks[crew->next++];
		struct cased *c = &crew->set->cases[t->i];
		pthread_mutex_unlock(&crew->lock);
		run_case(c, t->variant, crew->how->seed, crew->how->most, &c->sheets[t->variant],
			 &c->errors[t->variant]);
		pthread_mutex_lock(&crew->lock);
		if (!--c->left)
			pthread_cond_signal(&crew->done);
	}
	pthread_mutex_unlock(&crew->lock);
	return NULL;
}

/* Tells verdicts in order as they become complete; whether all are ok. */
static bool tell_all(struct crew *crew)
{
	bool is_ok = true;

	for (size_t i = 0; i < crew->set->n; i++) {
		const struct cased *c = &crew->set->cases[i];
		const uint64_t most = crew->how->most;
		struct check_verdict v;
		pthread_mutex_lock(&crew->lock);
		while (c->left)
			pthread_cond_wait(&crew->done, &crew->lock);
		pthread_mutex_unlock(&crew->lock);
		judge(c, most && most < c->completions ? most : c->completions, &v);
		crew->how->tell(crew->how->ctx, i, &v);
		is_ok &= v.is_ok;
	}
	return is_ok;
}

static int make_tasks(struct crew *crew, struct err *e)
{
	struct check_set *s = crew->set;

	crew->tasks = calloc(s->n * VARIANTS_MAX, sizeof(*crew->tasks));
	if (!crew->tasks)
		return err_set(e, ERR_NOMEM, "no memory for %zu cases", s->n);
	for (size_t i = 0; i < s->n; i++) {
		s->cases[i].left = s->cases[i].family->variants;
		for (unsigned v = 0; v < s->cases[i].left; v++)
			crew->tasks[crew->ntasks++] =
				(struct task){ i, v, s->cases[i].completions };
	}
	qsort(crew->tasks, crew->ntasks, sizeof(*crew->tasks), by_cost);
	return 0;
}

int check_all(struct check_set *s, const struct check_how *how, struct err *e)
{
	struct crew crew = { .set = s, .how = how };
	int rc = make_tasks(&crew, e);

	if (rc)
		return rc;
	_free_ pthread_t *threads = calloc(how->threads, sizeof(*threads));
	unsigned started = 0;
	pthread_mutex_init(&crew.lock, NULL);
	pthread_cond_init(&crew.done, NULL);
	while (threads && started < how->threads &&
	       !pthread_create(&threads[started], NULL, work, &crew))
		started++;
	if (!started)
		work(&crew);
	const bool is_ok = tell_all(&crew);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_cond_destroy(&crew.done);
	pthread_mutex_destroy(&crew.lock);
	free(crew.tasks);
	return is_ok ? 0 : err_set(e, ERR_NO, "not all cases are within their tolerances");
}
