// SPDX-License-Identifier: MIT
/* The replay without pins that a pin map is learned from: its faults, and what stays mapped. */
#include "replay/pinmap-learn.h"

#include "base/units.h"
#include "replay/pinmap-choose.h"
#include "store/trace-meta.h"

#include <stdlib.h>

enum {
	FAULTS_MAX = 1 << 24, /* 32 bytes each */
	MEMORY_GIB = 4,
	TIME_SHIFT = 24, /* of ns: times of release */
};

/* ---- a policy that only looks on ---- */

static void *observer_init(const struct policy_setup *setup)
{
	struct pinmap_past *const *p = setup->params;
	struct pinmap_past *past = *p;
	/* a second pass over the trace begins anew */
	free(past->released);
	free(past->mapped);
	past->released = calloc(setup->npages + 1, sizeof(*past->released));
	past->mapped = calloc(setup->npages + 1, sizeof(*past->mapped));
	return past->released && past->mapped ? past : NULL;
}

static void observer_map(void *state, uint32_t page, uint64_t now_ns, struct policy_pins *pins)
{
	struct pinmap_past *p = state;
	(void)pins;
	if (now_ns < p->noted_ns)
		p->mapped[page] = 1;
}

static void observer_release(void *state, uint32_t page, uint64_t now_ns, struct policy_pins *pins)
{
	struct pinmap_past *p = state;
	const uint64_t units = (now_ns >> TIME_SHIFT) + 1;
	(void)pins;
	if (now_ns >= p->noted_ns)
		return;
	p->mapped[page] = 0;
	p->released[page] = units < UINT32_MAX ? (uint32_t)units : UINT32_MAX;
}

static const struct policy_pinning observer_pinning = {
	.map = observer_map,
	.release = observer_release,
};

static const struct policy observer = {
	.abi = POLICY_ABI,
	.name = "none",
	.summary = "pins nothing, notes mappings",
	.source = "-",
	.init = observer_init,
	.pinning = &observer_pinning,
};

bool pinmap_past_is_live(const struct pinmap_past *p, uint32_t page, uint64_t since_ns)
{
	return p->mapped[page] && p->released[page] <= since_ns >> TIME_SHIFT;
}

/* ---- the run ---- */

static enum pin_companion companion_of(const struct trace *t)
{
	const struct trace_stream_info *cpu = trace_find_stream(t, KIND_CPU);
	return cpu && cpu->rows ? PIN_BY_TRACE : PIN_BY_BACKGROUND;
}

int pinmap_run_of(const struct pinmap_lesson *l, uint64_t vm_pages, uint64_t until_ns,
		  struct pin_run *out, struct err *e)
{
	struct pin_design *d = l->design;
	*out = (struct pin_run){
		.trace = l->trace,
		.path = l->path,
		.access = { .model = ACCESS_NEAR,
			    .threaded = l->threads > 1,
			    .live_period_ns = d->access.live_period_ns,
			    .dma_stream = -1,
			    .cpu_stream = -1 },
		.until_ns = until_ns,
		.vm_pages = vm_pages,
		.class_of_dev = l->devices->class_of_dev,
		.list_of_dev = l->devices->list_of_dev,
		.nlists = l->devices->nlists,
		.memory = d->memory,
		.iopf = d->iopf,
		.swap = d->swap,
		.background = d->background,
		.params = d->pin,
		.seed = l->seed,
		.threads = l->threads ? l->threads : 1,
		.memory_bytes = (uint64_t)MEMORY_GIB << 30,
	};
	return pin_design_limits(d, &out->limits, e);
}

int pinmap_past_run(const struct pinmap_lesson *l, uint64_t until_ns, struct pinmap_past *out,
		    struct err *e)
{
	struct pin_run run;
	const uint64_t vm_pages = l->vm_pages ? l->vm_pages : trace_vm_pages(l->trace, 0);
	int rc = pinmap_run_of(l, vm_pages, until_ns, &run, e);
	if (rc)
		return rc;
	run.frames_out = &out->frames;
	out->noted_ns = l->to_ns;
	pin_log_init(&out->log, FAULTS_MAX);
	out->job = (struct pin_job){
		.policy = &observer,
		.policy_params = &(struct pinmap_past *){ out },
		.overcommit_ppm = l->overcommit_ppm,
		.companion = companion_of(l->trace),
		.log = &out->log,
	};
	rc = pin_run(&run, &out->job, 1, &out->facts, e);
	if (rc)
		return rc;
	if (out->facts.access.dma_sample_ppm < PPM_PER_ONE)
		return err_set(e, ERR_UNUSABLE,
			       "%s: holds a share of all pages: a pin map needs all", l->path);
	if (!pin_log_is_whole(&out->log))
		return err_set(e, ERR_UNUSABLE,
			       "%s: has more than %d I/O page faults: no pin map would help such "
			       "a VM, it needs more memory",
			       l->path, FAULTS_MAX);
	return 0;
}

void pinmap_past_deinit(struct pinmap_past *p)
{
	pin_log_deinit(&p->log);
	free(p->frames);
	free(p->released);
	free(p->mapped);
	*p = (struct pinmap_past){};
}
