// SPDX-License-Identifier: MIT
/* pugmark pin with --pool: several VMs under one limit of their host, a row for each and for all.
 */
#include "replay/pin-options.h"

#include "base/cleanup.h"
#include "reports/banner.h"
#include "reports/cli.h"
#include "reports/params.h"
#include "reports/progress.h"
#include "reports/report.h"
#include "sim/swap.h"
#include "store/trace-meta.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct work {
	struct pin_options *options;
	struct pin_design design;
	struct pin_pool_vm *vms;
	size_t nvms;
	struct pin_pool_job *jobs;
	size_t njobs;
	bool is_aligned;
	struct progress progress;
};

static int open_vm(const struct pin_options *o, struct pin_pool_vm *v, const char *path,
		   struct err *e)
{
	v->path = path;
	int rc = trace_open(path, &v->trace, e);
	if (!rc)
		rc = banner_choose_recording(&o->cli, "pin", v->trace, 0, KIND_DMA, e);
	if (rc)
		return rc;
	pin_vm_name(v->trace, v->name, sizeof(v->name));
	if (!*v->name) {
		const char *slash = strrchr(path, '/');
		snprintf(v->name, sizeof(v->name), "%.79s", slash ? slash + 1 : path);
	}
	v->vm_pages = trace_vm_pages(v->trace, 0);
	return pin_devices_read(v->trace, &v->devices, e);
}

/* Names are how random streams and rows tell VMs apart. */
static void tell_apart(struct work *w)
{
	struct pin_pool_vm *vms[PIN_POOL_VMS_MAX];
	for (size_t i = 0; i < w->nvms; i++)
		vms[i] = &w->vms[i];
	pin_pool_tell_apart(vms, w->nvms);
}

static void choose_companions(struct work *w)
{
	struct pin_options *o = w->options;
	bool have_all = true;
	if (o->ncompanions)
		return;
	for (size_t i = 0; i < w->nvms; i++) {
		const struct trace_stream_info *cpu = trace_find_stream(w->vms[i].trace, KIND_CPU);
		have_all &= cpu && cpu->rows;
	}
	o->companions[PIN_BY_TRACE] = have_all;
	o->companions[PIN_BY_BACKGROUND] = o->companions[PIN_BY_COLD] =
		o->companions[PIN_BY_TOUCHED] = !have_all;
}

static int check_policy(const struct policy *p, struct err *e)
{
	return p->pinning && p->pinning->needs_hindsight
		       ? err_set(e, ERR_USAGE, "%s looks back on a run of one VM: not with --pool",
				 p->name)
		       : 0;
}

static void add_jobs(struct work *w, enum pin_companion companion, struct quantity pool)
{
	const struct pin_options *o = w->options;
	for (size_t p = 0; p < o->npolicies; p++) {
		const struct policy *policy = o->policies[p].policy;
		struct pin_pool_job job = {
			.policy = policy,
			.policy_params = o->policies[p].params,
			.companion = companion,
			.pool = pool,
		};
		const bool takes = pin_takes_budget(policy);
		job.budget.is_ppm = !takes;
		job.budget.value = !takes && policy->pinning->is_unbounded ? PPM_PER_ONE : 0;
		for (size_t b = 0; b < (takes ? o->nbudgets : 1); b++) {
			job.budget = takes ? o->budgets[b] : job.budget;
			w->jobs[w->njobs++] = job;
		}
	}
}

static int make_jobs(struct work *w, struct err *e)
{
	const struct pin_options *o = w->options;
	w->jobs = calloc(PIN_COMPANIONS * o->npools * o->npolicies * o->nbudgets, sizeof(*w->jobs));
	if (!w->jobs)
		return err_set(e, ERR_NOMEM, "no memory for the configurations");
	for (unsigned c = 0; c < PIN_COMPANIONS; c++)
		for (size_t i = 0; o->companions[c] && i < o->npools; i++)
			add_jobs(w, c, o->pools[i]);
	for (size_t p = 0; p < o->npolicies; p++) {
		const int rc = check_policy(o->policies[p].policy, e);
		if (rc)
			return rc;
	}
	return 0;
}

static int check_design(const struct pin_design *d, struct err *e)
{
	if (d->limits.schedule || d->memory.huge != HUGE_NO || d->pin.residency == PIN_FROZEN)
		return err_set(e, ERR_USAGE,
			       "--pool: not with memory.limit_schedule, memory.huge or "
			       "pin.residency=frozen");
	return 0;
}

/* ---- rows ---- */

static const struct report_column columns[] = {
	{ "vm", NULL, REPORT_TEXT, 0 },
	{ "policy", NULL, REPORT_TEXT, 0 },
	{ "cpu", NULL, REPORT_TEXT, 0 },
	{ "pool_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "pool_ppm", "pool", REPORT_PPM, 0 },
	{ "budget_pages", "budget", REPORT_U64, 0 },
	{ "dma_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf", NULL, REPORT_U64, 0 },
	{ "iopf_done", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf_failed", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf_joined", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf_max_1s", "worst 1s", REPORT_U64, 0 },
	{ "cpu_major", "CPU majfaults", REPORT_U64, 0 },
	{ "pinned_max_pages", "pinned", REPORT_U64, 0 },
	{ "swap_in", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "swap_out", "swapped out", REPORT_U64, 0 },
	{ "vm_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "resident_pages", "resident", REPORT_U64, 0 },
	{ "swapped_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "absent_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "inflight_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "swap_busy_ppm", "swap busy", REPORT_PPM, 0 },
	{ "swap_peak_ppm", "peak 1s", REPORT_PPM, 0 },
	{ "swap_wait_max_ns", "longest wait", REPORT_NS, 0 },
	{ "trace", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
};
enum {
	COLUMNS = sizeof(columns) / sizeof(*columns),
	FIRST_NUMBER = 5,
	FIRST_SWAP = COLUMNS - 4,
	TRACE = COLUMNS - 1
};

/* The figures of a VM, in the order of the columns from budget_pages on. */
static void figures(const struct pin_job *j, uint64_t vm_pages, uint64_t *v)
{
	const struct pin_result *x = &j->result;
	const struct hostmem_counts *h = &x->host;
	uint64_t swapped = 0;
	for (unsigned t = 0; t < HOSTMEM_TIERS; t++)
		swapped += h->swapped[t];
	const uint64_t all[FIRST_SWAP - FIRST_NUMBER] = {
		j->budget_pages,     x->total.dma_pages,
		pin_iopf(&x->total), x->total.done,
		x->total.failed,     x->total.joined,
		x->total.max_1s,     h->major[TOUCH_CPU],
		x->pinned_max,       h->swap_in,
		h->swap_out,         vm_pages,
		h->resident,         swapped,
		h->absent,           h->in + h->out,
	};
	memcpy(v, all, sizeof(all));
}

/* The swap device is the host's: only the row of all VMs has it. */
static void row(struct report *r, const struct work *w, const struct pin_pool_job *job,
		const struct pin_pool_vm *vm, const uint64_t *v)
{
	const bool has_device = !vm && w->design.pin.faults == PIN_TIMED;
	const uint64_t device[] = { job->swap_busy_ppm, job->swap_peak_ppm, job->swap_wait_max_ns };
	uint64_t all = 0;
	for (size_t i = 0; i < w->nvms; i++)
		all += w->vms[i].vm_pages;
	struct report_value cells[COLUMNS] = {
		REPORT_S(vm ? vm->name : "total"),
		REPORT_S(job->policy->name),
		REPORT_S(pin_companion_names[job->companion]),
		REPORT_U(job->pool_pages),
		REPORT_U(quantity_ratio_ppm(job->pool_pages, all)),
	};
	for (unsigned i = FIRST_NUMBER; i < FIRST_SWAP; i++)
		cells[i] = REPORT_U(v[i - FIRST_NUMBER]);
	for (unsigned i = FIRST_SWAP; i < TRACE; i++)
		cells[i] = has_device ? REPORT_U(device[i - FIRST_SWAP]) : REPORT_NULL();
	cells[TRACE] = REPORT_S(vm ? vm->path : NULL);
	report_row(r, cells);
}

static void rows_of(struct report *r, const struct work *w, const struct pin_pool_job *job)
{
	enum { MAX_1S = 6 };
	uint64_t sum[COLUMNS] = {}, v[COLUMNS];
	for (size_t i = 0; i < w->nvms; i++) {
		figures(&job->vms[i], w->vms[i].vm_pages, v);
		row(r, w, job, &w->vms[i], v);
		for (unsigned k = 0; k < FIRST_SWAP - FIRST_NUMBER; k++)
			sum[k] += v[k];
	}
	sum[MAX_1S] = job->max_1s; /* all VMs' in one second, not the sum of their worst */
	row(r, w, job, NULL, sum);
}

static int show(const struct work *w, struct err *e)
{
	const struct pin_options *o = w->options;
	char digest[TRACE_DIGEST_CHARS + 1];
	const int rc = trace_digest(w->vms[0].trace, digest, e);
	if (rc)
		return rc;
	struct report *r = report_begin(stdout, cli_format(&o->cli), "pin", o->path, digest);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	_free_ char *canonical = param_canonical(&w->design.set);
	report_member_text(r, "design", canonical ? canonical : "");
	report_member_text(r, "clocks", w->is_aligned ? "wall" : "begin together");
	if (!o->cli.is_json) {
		for (size_t i = 0; i < w->nvms; i++)
			report_text(r, "%s  %s, from %s on (%s).", w->vms[i].name,
				    quantity_bytes(w->vms[i].vm_pages * PAGE_BYTES).s,
				    quantity_ns(w->vms[i].offset_ns).s, w->vms[i].path);
		report_text(r,
			    w->is_aligned
				    ? "VMs of one host, by their traces' wall clocks."
				    : "VMs of one host; not all traces tell their wall clock: they "
				      "begin TOGETHER.");
		report_text(r, "One limit for all; rows of single VMs have their own worst second, "
			       "the total that of all in one.");
		if (w->design.pin.faults == PIN_TIMED)
			report_text(r, w->design.swap->sharing == SWAP_SHARED
					       ? "They swap to one device; --set "
						 "memory.swap_device=own gives each its own."
					       : "Each swaps to a device of its own; told is the "
						 "busiest.");
	}
	report_table(r, "rows", NULL, columns, COLUMNS);
	for (size_t j = 0; j < w->njobs; j++)
		rows_of(r, w, &w->jobs[j]);
	return cli_report_end("pin", r, EXIT_DONE);
}

static void show_progress(void *ctx, uint64_t done)
{
	progress_set(ctx, done);
}

static int run(struct work *w, struct err *e)
{
	const struct pin_options *o = w->options;
	const struct pin_pool_run r = {
		.vms = w->vms,
		.nvms = w->nvms,
		.access = { .model = o->model,
			    .live_period_ns = w->design.access.live_period_ns,
			    .dma_stream = -1,
			    .cpu_stream = -1 },
		.memory = w->design.memory,
		.iopf = w->design.iopf,
		.swap = w->design.swap,
		.background = w->design.background,
		.params = w->design.pin,
		.seed = o->seeds[0],
		.threads = (unsigned)o->threads,
		.progress = show_progress,
		.progress_ctx = &w->progress,
	};
	progress_init(&w->progress, "replay", "events", 0, o->cli.is_quiet);
	const int rc = pin_pool_run(&r, w->jobs, w->njobs, &w->is_aligned, e);
	progress_end(&w->progress);
	return rc;
}

static int answer(struct work *w, struct err *e)
{
	struct pin_options *o = w->options;
	int rc = 0;
	w->nvms = 1 + o->nothers;
	w->vms = calloc(w->nvms, sizeof(*w->vms));
	if (!w->vms)
		return err_set(e, ERR_NOMEM, "no memory for %zu VMs", w->nvms);
	for (size_t i = 0; i < w->nvms && !rc; i++)
		rc = open_vm(o, &w->vms[i], i ? o->others[i - 1] : o->path, e);
	if (rc)
		return rc;
	tell_apart(w);
	choose_companions(w);
	rc = pin_options_design(o, &w->vms[0].devices, &w->design, e);
	if (!rc && o->wants_assumptions && !o->cli.is_json)
		params_print_values(stdout, &w->design.set);
	if (!rc)
		rc = check_design(&w->design, e);
	if (!rc)
		rc = make_jobs(w, e);
	if (!rc)
		rc = run(w, e);
	return rc ? rc : show(w, e);
}

int cmd_pin_pool(struct pin_options *o)
{
	struct work w = { .options = o };
	struct err e = {};
	const int rc = answer(&w, &e);
	for (size_t i = 0; i < w.nvms && w.vms; i++)
		if (w.vms[i].trace)
			trace_close(w.vms[i].trace);
	for (size_t j = 0; j < w.njobs; j++)
		free(w.jobs[j].vms);
	free(w.jobs);
	free(w.vms);
	arena_deinit(&w.design.arena);
	return rc < 0 ? cli_fail("pin", &e) : rc;
}
