// SPDX-License-Identifier: MIT
/*
 * Rounds: in each, the threads take the configurations one by one over the
 * present block of events while one of them prepares the next block. A
 * configuration sees its blocks in order whoever runs it.
 */
#include "replay/pin.h"

#include "base/cleanup.h"
#include "replay/pin-consequence.h"
#include "replay/pin-feed.h"
#include "replay/pin-sample.h"
#include "replay/pin-log.h"
#include "replay/pin-schedule.h"
#include "replay/pin-trace.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* ---- one pass over the trace ---- */

struct pass {
	struct pin_feed *feed;
	struct pin_cell **cells;
	size_t ncells;
	unsigned threads;
	void (*progress)(void *ctx, uint64_t events);
	void *progress_ctx;
	uint64_t events;

	struct pin_block blocks[2];
	unsigned turn;      /* blocks[turn] is run, the other one filled */
	atomic_size_t next; /* work of this round: 0 is filling, then the cells */
	int fed;            /* what the feed said last */
	struct err err;     /* its sentence */
	bool is_over;
	pthread_mutex_t gate;
	pthread_barrier_t barrier;
};

static void work_round(struct pass *p)
{
	for (;;) {
		const size_t i = atomic_fetch_add(&p->next, 1);
		if (i > p->ncells)
			return;
		if (i)
			pin_cell_run(p->cells[i - 1], &p->blocks[p->turn]);
		else
			p->fed = pin_feed_next(p->feed, &p->blocks[!p->turn], &p->err);
	}
}

static void *help(void *arg)
{
	struct pass *p = arg;
	pthread_mutex_lock(&p->gate); /* opened once it is known how many there are */
	pthread_mutex_unlock(&p->gate);
	for (;;) {
		pthread_barrier_wait(&p->barrier);
		if (p->is_over)
			return NULL;
		work_round(p);
		pthread_barrier_wait(&p->barrier);
	}
}

static void lead(struct pass *p)
{
	p->fed = pin_feed_next(p->feed, &p->blocks[p->turn], &p->err);
	while (p->fed > 0) {
		p->events += p->blocks[p->turn].n;
		p->next = 0;
		pthread_barrier_wait(&p->barrier);
		work_round(p);
		pthread_barrier_wait(&p->barrier);
		p->turn = !p->turn;
		if (p->progress)
			p->progress(p->progress_ctx, p->events);
	}
	p->is_over = true;
	pthread_barrier_wait(&p->barrier);
}

/* Helpers that could not be started are done without. */
static int run_crew(struct pass *p, struct err *e)
{
	const unsigned most = p->ncells + 1 < p->threads ? (unsigned)p->ncells + 1 : p->threads;
	const unsigned helpers = most > 1 ? most - 1 : 0;
	_free_ pthread_t *threads = calloc(helpers + 1, sizeof(*threads));
	if (!threads)
		return err_set(e, ERR_NOMEM, "no memory for %u threads", helpers);

	unsigned started = 0;
	pthread_mutex_init(&p->gate, NULL);
	pthread_mutex_lock(&p->gate);
	while (started < helpers && !pthread_create(&threads[started], NULL, help, p))
		started++;
	pthread_barrier_init(&p->barrier, NULL, started + 1);
	pthread_mutex_unlock(&p->gate);
	lead(p);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&p->barrier);
	pthread_mutex_destroy(&p->gate);
	if (p->fed < 0 && e)
		*e = p->err;
	return p->fed;
}

/* Runs the cells over what is left of the feed. */
static int run_pass(struct pass *p, struct err *e)
{
	_free_ struct pin_event *events = calloc(2 * PIN_FEED_BLOCK, sizeof(*events));
	if (!events)
		return err_set(e, ERR_NOMEM, "no memory for events");
	p->blocks[0].events = events;
	p->blocks[1].events = events + PIN_FEED_BLOCK;
	return run_crew(p, e);
}

/* ---- all passes of a run ---- */

struct session {
	const struct pin_run *run;
	struct pin_job *jobs;
	size_t njobs;
	struct access *access;
	struct pin_shared shared;
	struct pin_feed_config feed;
	struct background_config background; /* the declared load, or its share */
	uint64_t kept_ppm;                   /* of all pages, in the trace */
	struct pin_facts *facts;
	uint64_t whole_pages; /* of the VM, where kept_ppm is a share */
	struct past *pasts;
	size_t npasts;
	bool is_used; /* the access stream is not at its beginning */
};

/* A run without pins, which others look back on. */
struct past {
	struct pin_job job;
	struct policy_hindsight hindsight;
};

static int open_feed(struct session *s, struct pin_feed *f, struct err *e)
{
	if (s->is_used)
		access_rewind(s->access);
	s->is_used = true;
	return pin_feed_init(f, s->access, s->run->path, &s->feed, e);
}

static void note_facts(struct pin_facts *facts, const struct pin_feed *f)
{
	facts->access = *access_info(f->access);
	facts->unique_pages = pin_feed_pages(f);
	facts->highest_page = f->last_pfn;
	facts->first_ns = f->first_ns == UINT64_MAX ? 0 : f->first_ns;
	facts->last_ns = f->last_ns;
	facts->passes++;
}

static int list_frames(const struct session *s, const struct pin_feed *f, struct err *e)
{
	uint64_t **out = s->run->frames_out;
	if (!out || *out) /* a pass before this one had the same */
		return 0;
	*out = calloc(f->ids.n ? f->ids.n : 1, sizeof(**out));
	if (!*out)
		return err_set(e, ERR_NOMEM, "no memory for %u page numbers", f->ids.n);
	pageids_list(&f->ids, *out);
	return 0;
}

/* A VM as large as what the trace touches: one pass only to count. */
static int count_pages(struct session *s, struct err *e)
{
	struct pass p = { .threads = 1,
			  .progress = s->run->progress,
			  .progress_ctx = s->run->progress_ctx };
	_free_ struct pin_feed *f = malloc(sizeof(*f));
	if (!f)
		return err_set(e, ERR_NOMEM, "no memory to read the trace");
	const struct background_config *background = s->feed.background;
	s->feed.background = NULL;
	int rc = open_feed(s, f, e);
	s->feed.background = background;
	p.feed = f;
	if (!rc)
		rc = run_pass(&p, e);
	if (!rc) {
		s->facts->vm_pages = pin_feed_pages(f);
		note_facts(s->facts, f);
	}
	pin_feed_deinit(f);
	return rc;
}

static const struct policy_hindsight *past_of(const struct session *s, const struct pin_job *j)
{
	for (size_t i = 0; i < s->npasts; i++)
		if (s->pasts[i].job.companion == j->companion && s->pasts[i].job.iopf == j->iopf &&
		    s->pasts[i].job.overcommit_ppm == j->overcommit_ppm)
			return &s->pasts[i].hindsight;
	return NULL;
}

static int make_cells(struct session *s, struct pin_job *const *jobs, size_t n,
		      struct pin_cell **cells, bool records, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < n && !rc; i++) {
		const struct policy_hindsight *h = records ? NULL : past_of(s, jobs[i]);
		rc = pin_cell_new(&s->shared, jobs[i], h, &cells[i], e);
		if (!rc && records)
			rc = pin_cell_record(cells[i], e);
	}
	return rc;
}

static int judge_effect(const struct session *s, struct pin_job *job, struct err *e)
{
	struct pin_consequence_config c = *s->run->effect;
	c.first_ns = s->facts->first_ns;
	c.last_ns = s->facts->last_ns;
	c.is_timed = s->shared.iopf && s->shared.params.faults == PIN_TIMED &&
		     s->shared.params.residency == PIN_LIVE;
	c.seed = s->run->seed;
	c.iopf = job->iopf ? job->iopf : c.iopf;
	return pin_consequence_judge(&c, job->log, &job->result.effect, e);
}

static int end_cell(struct session *s, struct pin_cell *c, struct pin_job *job, size_t i,
		    bool records, struct err *e)
{
	int rc = pin_cell_end(c, e);
	if (!rc && records)
		return pin_cell_hindsight(c, &s->pasts[i].hindsight, e);
	if (!rc && s->run->effect)
		rc = judge_effect(s, job, e);
	return rc;
}

/* Logs for the jobs that have none of their own, while the wave runs. */
static void lend_logs(const struct session *s, struct pin_job *const *jobs, size_t n, bool records,
		      struct pin_log *logs)
{
	for (size_t i = 0; i < n && s->run->effect && !records; i++) {
		pin_log_init(&logs[i], PIN_CONSEQUENCE_FAULTS_MAX);
		if (!jobs[i]->log)
			jobs[i]->log = &logs[i];
	}
}

static void take_logs_back(struct pin_job *const *jobs, size_t n, struct pin_log *logs)
{
	for (size_t i = 0; i < n; i++) {
		if (jobs[i]->log == &logs[i])
			jobs[i]->log = NULL;
		pin_log_deinit(&logs[i]);
	}
}

/* n jobs in one pass; records: they are the pasts, in order from `first`. */
static int run_wave(struct session *s, struct pin_job *const *jobs, size_t first, size_t n,
		    bool records, struct err *e)
{
	_free_ struct pin_cell **cells = calloc(n, sizeof(struct pin_cell *));
	_free_ struct pin_log *logs = calloc(n, sizeof(*logs));
	_free_ struct pin_feed *f = calloc(1, sizeof(*f));
	if (!cells || !logs || !f)
		return err_set(e, ERR_NOMEM, "no memory for %zu configurations", n);

	struct pass p = {
		.feed = f,
		.cells = cells,
		.ncells = n,
		.threads = s->run->threads ? s->run->threads : 1,
		.progress = s->run->progress,
		.progress_ctx = s->run->progress_ctx,
	};
	lend_logs(s, jobs + first, n, records, logs);
	int rc = open_feed(s, f, e);
	s->shared.uses = &f->uses;
	if (!rc)
		rc = make_cells(s, jobs + first, n, cells, records, e);
	if (!rc)
		rc = run_pass(&p, e);
	if (!rc)
		note_facts(s->facts, f);
	if (!rc)
		rc = list_frames(s, f, e);
	for (size_t i = 0; i < n; i++) {
		if (!rc)
			rc = end_cell(s, cells[i], jobs[first + i], first + i, records, e);
		pin_cell_free(cells[i]);
	}
	take_logs_back(jobs + first, n, logs);
	pin_feed_deinit(f);
	return rc;
}

/* Bytes of a configuration: what hostmem, a policy and the cell keep a page, roughly. */
static size_t jobs_per_wave(const struct session *s)
{
	enum { BYTES_PER_PAGE = 48, BYTES_FIXED = 1 << 20 };
	const uint64_t log_bytes =
		s->run->effect ? PIN_CONSEQUENCE_FAULTS_MAX * sizeof(struct pin_log_entry) : 0;
	const uint64_t each =
		(uint64_t)s->shared.vm_pages * BYTES_PER_PAGE + BYTES_FIXED + log_bytes;
	const uint64_t n = s->run->memory_bytes ? s->run->memory_bytes / each : s->njobs;
	return n < 1 ? 1 : n < s->njobs ? (size_t)n : s->njobs;
}

/* As many jobs at a time as memory allows. */
static int run_jobs(struct session *s, struct pin_job *const *jobs, size_t n, bool records,
		    struct err *e)
{
	const size_t most = jobs_per_wave(s);
	int rc = 0;
	for (size_t i = 0; i < n && !rc; i += most)
		rc = run_wave(s, jobs, i, n - i < most ? n - i : most, records, e);
	return rc;
}

static bool looks_back(const struct session *s, const struct pin_job *j)
{
	const struct policy_pinning *p = j->policy->pinning;
	return s->run->params.residency == PIN_FROZEN || (p && p->needs_hindsight);
}

/* Runs once without pins for each companion and overcommit that somebody looks back on. */
static int make_pasts(struct session *s, struct err *e)
{
	s->pasts = calloc(s->njobs, sizeof(*s->pasts));
	_free_ struct pin_job **jobs = calloc(s->njobs, sizeof(struct pin_job *));
	if (!s->pasts || !jobs)
		return err_set(e, ERR_NOMEM, "no memory for the configurations");
	for (size_t i = 0; i < s->njobs; i++) {
		const struct pin_job *j = &s->jobs[i];
		if (!looks_back(s, j) || past_of(s, j))
			continue;
		jobs[s->npasts] = &s->pasts[s->npasts].job;
		s->pasts[s->npasts++].job = (struct pin_job){
			.policy = policy_find_pinning("none"),
			.overcommit_ppm = j->overcommit_ppm,
			.companion = j->companion,
			.iopf = j->iopf,
		};
	}
	struct pin_shared shared = s->shared;
	if (s->shared.params.residency == PIN_FROZEN) /* as the runs that follow the schedule */
		s->shared.params.faults = PIN_INSTANT;
	s->shared.params.residency = PIN_LIVE;
	const int rc = run_jobs(s, jobs, s->npasts, true, e);
	s->shared = shared;
	for (size_t i = 0; i < s->npasts; i++)
		s->pasts[i].hindsight.is_frozen = shared.params.residency == PIN_FROZEN;
	return rc;
}

static bool any_companion(const struct session *s, enum pin_companion c)
{
	for (size_t i = 0; i < s->njobs; i++)
		if (s->jobs[i].companion == c)
			return true;
	return false;
}

static bool any_mappings(const struct session *s)
{
	for (size_t i = 0; i < s->njobs; i++) {
		const struct policy_pinning *p = s->jobs[i].policy->pinning;
		const struct iopf_config *iopf = s->jobs[i].iopf ? s->jobs[i].iopf : s->run->iopf;
		if (p && (p->map || p->release))
			return true;
		if (iopf && iopf_traits(iopf->backend).pins_on_map)
			return true;
	}
	return false;
}

static int set_budgets(struct session *s, struct err *e)
{
	for (size_t i = 0; i < s->njobs; i++) {
		struct pin_job *job = &s->jobs[i];
		const struct policy_pinning *p = job->policy->pinning;
		if (p && p->needs_map && job->map)
			job->budget = (struct quantity){ .value = job->map->n };
		const uint64_t vm = s->kept_ppm < PPM_PER_ONE ? s->whole_pages : s->shared.vm_pages;
		job->budget_pages = quantity_of(job->budget, vm);
		if (job->budget_pages > vm)
			return err_set(e, ERR_USAGE, "a budget of %llu pages: the VM has %llu",
				       (unsigned long long)job->budget_pages,
				       (unsigned long long)vm);
		job->budget_pages = pin_sample_part(job->budget_pages, s->kept_ppm);
	}
	return 0;
}

static int check_huge(const struct pin_run *run, struct err *e)
{
	if (run->memory.huge == HUGE_NO)
		return 0;
	if (run->params.residency == PIN_FROZEN)
		return err_set(e, ERR_USAGE,
			       "pin.residency=frozen: a schedule of pages of 4 KiB, which "
			       "memory.huge has not");
	if (run->vm_pages % HOSTMEM_HUGE_PAGES)
		return err_set(e, ERR_USAGE,
			       "memory.huge: a VM of %llu pages, expected a multiple of 2 MiB",
			       (unsigned long long)run->vm_pages);
	return 0;
}

/*
 * The trace has a share of all pages: so has the VM that is replayed. Pages were
 * chosen by chance, so a VM that is used to its last page may show a few more
 * than its share; six standard deviations are no chance.
 */
static int take_share(struct session *s, struct err *e)
{
	const struct pin_run *run = s->run;
	const struct access_info *i = access_info(s->access);
	const uint64_t seen = s->facts->vm_pages;
	if (run->memory.huge != HUGE_NO)
		return err_set(e, ERR_USAGE,
			       "%s: holds a share of all pages: memory.huge needs all", run->path);
	if (i->cpu_rows && i->cpu_sample_ppm != s->kept_ppm)
		return err_set(e, ERR_UNUSABLE,
			       "%s: its cpu rows were sampled at another rate than its dma rows: "
			       "leave them out (--cpu cold,touched)",
			       run->path);
	s->whole_pages = run->vm_pages ? run->vm_pages : seen * PPM_PER_ONE / s->kept_ppm;
	const uint64_t share = pin_sample_part(s->whole_pages, s->kept_ppm);
	if (seen > share && (seen - share) * (seen - share) > 36 * (share + 1))
		return err_set(
			e, ERR_UNUSABLE,
			"%s: touches more than the %llu pages that its VM has: --memory SIZE "
			"says how large it is",
			run->path, (unsigned long long)s->whole_pages);
	s->facts->vm_pages = seen > share ? seen : share;
	s->background.rate.per_ns = (uint64_t)((unsigned __int128)s->background.rate.per_ns *
					       PPM_PER_ONE / s->kept_ppm);
	return 0;
}

static int prepare(struct session *s, struct err *e)
{
	enum { HUGE_SHIFT = 9 };
	const struct pin_run *run = s->run;
	const int bad = check_huge(run, e);
	if (bad)
		return bad;
	s->facts->huge = run->memory.huge;
	s->feed = (struct pin_feed_config){
		.until_ns = run->until_ns,
		.vm_pages = run->vm_pages,
		.run_shift = run->memory.huge != HUGE_NO ? HUGE_SHIFT : 0,
		.wants_mappings = any_mappings(s),
		.wants_cpu = any_companion(s, PIN_BY_TRACE),
		.background = any_companion(s, PIN_BY_BACKGROUND) ? &s->background : NULL,
		.seed = run->seed,
	};
	s->background = run->background;
	s->facts->vm_pages = run->vm_pages;
	if (!run->vm_pages || s->kept_ppm < PPM_PER_ONE) {
		s->feed.vm_pages = 0;
		int rc = count_pages(s, e);
		if (!rc && s->kept_ppm < PPM_PER_ONE)
			rc = take_share(s, e);
		if (rc)
			return rc;
	}
	const uint64_t pages = s->feed.vm_pages = s->facts->vm_pages;
	if (!pages)
		return err_set(e, ERR_UNUSABLE, "%s: no device uses a page in it", run->path);
	if (pages > HOSTMEM_PAGES_MAX)
		return err_set(e, ERR_FEATURE, "%s: a VM of %llu pages, at most %d are modelled",
			       run->path, (unsigned long long)pages, HOSTMEM_PAGES_MAX);
	s->shared = (struct pin_shared){
		.memory = run->memory,
		.limits = run->limits,
		.iopf = run->iopf,
		.swap = run->swap,
		.params = run->params,
		.vm_pages = (uint32_t)pages,
		.class_of_dev = run->class_of_dev,
		.list_of_dev = run->list_of_dev,
		.nlists = run->params.lists == PIN_LISTS_DEVICE && run->nlists ? run->nlists : 1,
		.seed = run->seed,
		.middle_ns = pin_middle_ns(run->trace),
	};
	if (s->kept_ppm < PPM_PER_ONE)
		pin_sample_host(&s->shared.memory, s->kept_ppm);
	return set_budgets(s, e);
}

/* Results, budgets and facts of the whole VM again. */
static void give_whole(struct session *s)
{
	const uint64_t kept = s->kept_ppm;
	if (kept == PPM_PER_ONE)
		return;
	s->facts->vm_pages = s->whole_pages;
	s->facts->unique_pages = s->facts->unique_pages * PPM_PER_ONE / kept;
	for (size_t i = 0; i < s->njobs; i++) {
		pin_sample_scale(&s->jobs[i].result, kept, s->whole_pages);
		s->jobs[i].budget_pages = quantity_of(s->jobs[i].budget, s->whole_pages);
	}
}

int pin_run(const struct pin_run *run, struct pin_job *jobs, size_t njobs,
	    struct pin_facts *facts_out, struct err *e)
{
	struct session s = { .run = run, .jobs = jobs, .njobs = njobs, .facts = facts_out };
	*facts_out = (struct pin_facts){};
	struct access_config config = run->access;
	config.without_cpu = !any_companion(&s, PIN_BY_TRACE);
	int rc = access_open(run->trace, &config, &s.access, e);
	if (rc)
		return rc;
	s.kept_ppm = access_info(s.access)->dma_sample_ppm;
	rc = prepare(&s, e);
	_free_ struct pin_job **list = calloc(njobs + 1, sizeof(struct pin_job *));
	if (!rc && !list)
		rc = err_set(e, ERR_NOMEM, "no memory for the configurations");
	for (size_t i = 0; i < njobs && list; i++)
		list[i] = &jobs[i];
	if (!rc)
		rc = make_pasts(&s, e);
	if (!rc)
		rc = run_jobs(&s, list, njobs, false, e);
	if (!rc)
		give_whole(&s);
	for (size_t i = 0; i < s.npasts; i++)
		pin_hindsight_free(&s.pasts[i].hindsight);
	free(s.pasts);
	access_close(s.access);
	return rc;
}

uint64_t pin_bitmap_bytes(const struct pin_facts *f, const struct iopf_config *iopf,
			  uint64_t functions)
{
	enum { PAGES_PER_BYTE = 4 };
	const uint64_t span = f->highest_page >= f->vm_pages ? f->highest_page + 1 : f->vm_pages;
	const uint64_t grain = f->huge == HUGE_WHOLE ? HOSTMEM_HUGE_PAGES : 1;
	const uint64_t entries = span / grain + !!(span % grain);
	const uint64_t each = entries / PAGES_PER_BYTE + !!(entries % PAGES_PER_BYTE);
	uint64_t bytes;
	if (!iopf_traits(iopf->backend).has_bitmap)
		return 0;
	return __builtin_mul_overflow(functions, each, &bytes) ? UINT64_MAX : bytes;
}
