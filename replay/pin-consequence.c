// SPDX-License-Identifier: MIT
/* A log of faults becomes the fault list of sim/consequence.h; devices become classes again. */
#include "replay/pin-consequence.h"

#include "base/cleanup.h"
#include "base/rng.h"
#include "replay/pin-log.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t resolve(void *ctx, const struct iopf_fault *f, struct ns now)
{
	const struct pin_log *log = ctx;
	(void)now;
	return log->entries[f->tag].resolve_ns;
}

static void list_faults(const struct pin_consequence_config *c, const struct pin_log *log,
			struct consequence_fault *out)
{
	struct rng rng;
	rng_init(&rng, c->seed, "pin.queues");
	for (size_t i = 0; i < log->n; i++) {
		const struct pin_log_entry *x = &log->entries[i];
		const uint8_t list = c->list_of_dev[x->dev];
		const bool is_block = c->class_of_list[list] == PIN_BLOCK;
		out[i] = (struct consequence_fault){
			.at_ns = x->raised_ns,
			.page = x->page,
			.dev = list,
			.queue = is_block ? (uint16_t)rng_below(&rng, c->block->queues) : 0,
			.is_late = x->outcome == IOPF_JOINED,
		};
	}
}

static void list_devices(const struct pin_consequence_config *c, enum consequence_class *out)
{
	static const enum consequence_class of[PIN_CLASSES] = {
		[PIN_NIC] = CONSEQUENCE_NIC,
		[PIN_BLOCK] = CONSEQUENCE_BLOCK,
		[PIN_OTHER] = CONSEQUENCE_NONE,
	};
	for (unsigned i = 0; i < c->nlists; i++)
		out[i] = of[c->class_of_list[i]];
}

static void add_device(const struct consequence *x, enum consequence_class class,
		       struct pin_consequence *out)
{
	static const enum pin_class of[] = { PIN_OTHER, PIN_NIC, PIN_BLOCK };
	out->stalled_ns[of[class]] += x->blocked_ns;
	if (class == CONSEQUENCE_NIC) {
		out->nic_drops += x->drops;
		if (x->longest_gap_ns > out->nic_gap_ns)
			out->nic_gap_ns = x->longest_gap_ns;
		if (x->longest_stall_ns > out->nic_stall_ns)
			out->nic_stall_ns = x->longest_stall_ns;
		for (unsigned k = 0; k < NIC_RECOVERIES; k++)
			out->nic_flows[k] += x->flows[k];
	}
	for (unsigned q = 0; q < CONSEQUENCE_QUANTILES && class == CONSEQUENCE_BLOCK; q++) {
		out->block_base_ns[q] = x->base_ns[q];
		if (x->latency_ns[q] > out->block_ns[q])
			out->block_ns[q] = x->latency_ns[q];
	}
}

int pin_consequence_judge(const struct pin_consequence_config *c, const struct pin_log *log,
			  struct pin_consequence *out, struct err *e)
{
	enum consequence_class class_of[IOPF_DEVICES_MAX] = {};
	struct consequence by_device[IOPF_DEVICES_MAX];
	struct consequence_service service;
	const uint64_t until_ns = log->missed ? log->full_ns : c->last_ns;
	const uint64_t span_ns = until_ns > c->first_ns ? until_ns - c->first_ns : 1;
	*out = (struct pin_consequence){ .faults = log->n, .span_ns = span_ns };
	if (!c->iopf)
		return 0;

	_free_ struct consequence_fault *faults = calloc(log->n + 1, sizeof(*faults));
	if (!faults)
		return err_set(e, ERR_NOMEM, "no memory for the consequences of faults");
	list_faults(c, log, faults);
	list_devices(c, class_of);
	const struct consequence_config config = {
		.iopf = c->iopf,
		.block = c->block,
		.nic = c->nic,
		.class_of = class_of,
		.ndevices = (uint16_t)c->nlists,
		.span_ns = span_ns,
		.seed = c->seed,
		.resolve = c->is_timed ? resolve : NULL,
		.ctx = (void *)(uintptr_t)log,
	};
	const int rc = consequence_run(&config, faults, log->n, by_device, &service, e);
	for (unsigned i = 0; i < c->nlists && !rc; i++)
		add_device(&by_device[i], class_of[i], out);
	return rc;
}

int64_t pin_change_ppm(uint64_t ns, uint64_t base_ns)
{
	const __int128 change = ((__int128)ns - base_ns) * (__int128)PPM_PER_ONE;
	return base_ns ? (int64_t)(change / base_ns) : 0;
}

struct pin_rise_text pin_rise(uint64_t ns, uint64_t base_ns)
{
	enum { MANY = 10 };
	struct pin_rise_text t = { "-" };
	if (base_ns && ns / base_ns >= MANY)
		snprintf(t.s, sizeof(t.s), "%sx", quantity_count((ns + base_ns / 2) / base_ns).s);
	else if (base_ns)
		snprintf(t.s, sizeof(t.s), "%s%s", ns < base_ns ? "-" : "+",
			 quantity_ppm(quantity_ratio_ppm(ns < base_ns ? base_ns - ns : ns - base_ns,
							 base_ns))
				 .s);
	return t;
}

struct pin_arrivals_text pin_arrivals(const struct block_config *c)
{
	struct pin_arrivals_text t;
	if (c->arrivals == BLOCK_CLOSED)
		snprintf(t.s, sizeof(t.s), "closed arrivals, %llu in flight a queue",
			 (unsigned long long)c->depth);
	else
		snprintf(t.s, sizeof(t.s), "open arrivals, %s/s a queue",
			 quantity_count(c->rate.count * NS_PER_SEC / c->rate.per_ns).s);
	return t;
}
