// SPDX-License-Identifier: MIT
/*
 * Rows for programs: the counts of each configuration and class of devices.
 * As a table (--verbose) they also have the two comparisons, which are derived.
 */
#include "replay/pin-figures.h"

static const struct report_column flat_columns[] = {
	{ "policy", NULL, REPORT_TEXT, 0 },
	{ "cpu", NULL, REPORT_TEXT, 0 },
	{ "budget_pages", "budget", REPORT_U64, 0 },
	{ "overcommit_ppm", "over", REPORT_PPM, 0 },
	{ "seed", NULL, REPORT_ID, REPORT_ONLY_JSON },
	{ "device_class", "class", REPORT_TEXT, 0 },
	{ "dma_pages", "dma pages", REPORT_U64, 0 },
	{ "dma_first_touches", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf", NULL, REPORT_U64, 0 },
	{ "iopf_done", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf_failed", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf_joined", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf_minor", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf_max_1s", "max 1s", REPORT_U64, 0 },
	{ "iopf_max_10s", "max 10s", REPORT_U64, 0 },
	{ "iopf_seconds_over_1", "s >1/s", REPORT_U64, 0 },
	{ "iopf_seconds_over_10", "s >10/s", REPORT_U64, 0 },
	{ "iopf_first_half", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "against_none", "vs none", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "against_lru", "lru has", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "cpu_major", "cpu major", REPORT_U64, 0 },
	{ "cpu_minor", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "cpu_stall_ns", "CPU stalled", REPORT_NS, 0 },
	{ "pinned_mean_ppm", "pinned", REPORT_PPM, 0 },
	{ "pinned_p99_ppm", "P99", REPORT_PPM, 0 },
	{ "pinned_max_ppm", "at most", REPORT_PPM, 0 },
	{ "pin_ops", "pins", REPORT_U64, 0 },
	{ "unpin_ops", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "pins_refused", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "swap_in", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "swap_out", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "vm_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "resident_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "swapped_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "absent_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "inflight_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "never_touched_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "cold_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "forced_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "overflow_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "split_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "bitmap_bytes", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "bitmap_updates", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf_p50_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf_p99_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf_longest_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "exposure_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "bitmap_writes", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "tlb_invalidations", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "snooped_requests", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "passed_requests", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "passed_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "backend_pinned_max_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "maps", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "map_faults", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "map_cpu_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "update_cpu_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "service_cpu_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf_judged", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "stalled_ns", "stalled", REPORT_NS, 0 },
	{ "nic_gap_ns", "NIC gap", REPORT_NS, 0 },
	{ "nic_stall_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "nic_drops", "drops", REPORT_U64, 0 },
	{ "nic_fast", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "nic_tlp", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "nic_rto", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "nic_syn", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "block_p50_base_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "block_p50_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "block_p99_base_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "block_p99_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "block_p999_base_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "block_p999_ns", "P99.9 block", REPORT_NS, 0 },
	{ "block_p9999_base_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "block_p9999_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
};
enum { FLAT_COLUMNS = sizeof(flat_columns) / sizeof(*flat_columns) };

static uint64_t swapped_pages(const struct hostmem_counts *h)
{
	uint64_t n = 0;
	for (unsigned t = 0; t < HOSTMEM_TIERS; t++)
		n += h->swapped[t];
	return n;
}

static uint64_t stalled_ns(const struct pin_consequence *x, unsigned device_class)
{
	uint64_t ns = 0;
	for (unsigned k = 0; k < PIN_CLASSES; k++)
		ns += device_class == PIN_CLASSES || device_class == k ? x->stalled_ns[k] : 0;
	return ns;
}

/* Columns of the whole VM are the same in each row of a configuration. */
static void flat_row(struct report *r, const struct pin_answer *a, const struct pin_job *j,
		     uint64_t seed, unsigned device_class)
{
	const struct pin_result *x = &j->result;
	const struct hostmem_counts *h = &x->host;
	const bool is_all = device_class == PIN_CLASSES;
	const struct pin_counts *k = is_all ? &x->total : &x->by_class[device_class];
	const uint64_t vm = a->facts->vm_pages;
	const uint64_t functions = is_all ? a->iopf->functions : a->devices->ndevices[device_class];
	const struct pin_consequence *f = &x->effect;
	const struct report_value v[FLAT_COLUMNS] = {
		REPORT_S(j->policy->name),
		REPORT_S(pin_companion_names[j->companion]),
		REPORT_U(j->budget_pages),
		REPORT_U(j->overcommit_ppm),
		REPORT_U(seed),
		REPORT_S(is_all ? "total" : pin_class_names[device_class]),
		REPORT_U(k->dma_pages),
		REPORT_U(k->first),
		REPORT_U(pin_iopf(k)),
		REPORT_U(k->done),
		REPORT_U(k->failed),
		REPORT_U(k->joined),
		REPORT_U(k->minor),
		REPORT_U(k->max_1s),
		REPORT_U(k->max_10s),
		REPORT_U(k->seconds_over[0]),
		REPORT_U(k->seconds_over[1]),
		REPORT_U(k->first_half),
		REPORT_S(pin_against_none(a, j, device_class).s),
		REPORT_S(pin_against_lru(a, j, device_class).s),
		REPORT_U(h->major[TOUCH_CPU]),
		REPORT_U(h->minor[TOUCH_CPU]),
		a->is_timed ? REPORT_U(x->cpu_stall_ns) : REPORT_NULL(),
		REPORT_U(x->pinned_mean_ppm),
		REPORT_U(quantity_ratio_ppm(x->pinned_p99, vm)),
		REPORT_U(quantity_ratio_ppm(x->pinned_max, vm)),
		REPORT_U(h->pin_ops),
		REPORT_U(h->unpin_ops),
		REPORT_U(x->pins_refused),
		REPORT_U(h->swap_in),
		REPORT_U(h->swap_out),
		REPORT_U(vm),
		REPORT_U(h->resident),
		REPORT_U(swapped_pages(h)),
		REPORT_U(h->absent),
		REPORT_U(h->in + h->out),
		REPORT_U(h->absent),
		REPORT_U(x->cold_pages),
		REPORT_U(x->forced_pages),
		REPORT_U(h->overflow_max),
		REPORT_U(h->split_pages),
		REPORT_U(pin_bitmap_bytes(a->facts, a->iopf, functions)),
		REPORT_U(x->bitmap_updates),
		REPORT_U(x->fault_p50_ns),
		REPORT_U(x->fault_p99_ns),
		REPORT_U(x->fault_max_ns),
		REPORT_U(pin_exposure_ns(a)),
		REPORT_U(x->bitmap_writes),
		REPORT_U(x->tlb_invalidations),
		REPORT_U(x->requests - x->requests_passed),
		REPORT_U(x->requests_passed),
		REPORT_U(x->passed_ns),
		REPORT_U(x->backend_pinned_max),
		REPORT_U(x->maps),
		REPORT_U(x->map_faults),
		REPORT_U(x->map_ns),
		REPORT_U(x->update_ns),
		REPORT_U(x->service_ns),
		REPORT_U(f->faults),
		REPORT_U(stalled_ns(f, device_class)),
		pin_of_class(a, PIN_NIC, f->nic_gap_ns),
		pin_of_class(a, PIN_NIC, f->nic_stall_ns),
		pin_of_class(a, PIN_NIC, f->nic_drops),
		pin_of_class(a, PIN_NIC, f->nic_flows[NIC_FAST]),
		pin_of_class(a, PIN_NIC, f->nic_flows[NIC_PROBE]),
		pin_of_class(a, PIN_NIC, f->nic_flows[NIC_RTO]),
		pin_of_class(a, PIN_NIC, f->nic_flows[NIC_SYN]),
		pin_of_class(a, PIN_BLOCK, f->block_base_ns[0]),
		pin_of_class(a, PIN_BLOCK, f->block_ns[0]),
		pin_of_class(a, PIN_BLOCK, f->block_base_ns[1]),
		pin_of_class(a, PIN_BLOCK, f->block_ns[1]),
		pin_of_class(a, PIN_BLOCK, f->block_base_ns[2]),
		pin_of_class(a, PIN_BLOCK, f->block_ns[2]),
		pin_of_class(a, PIN_BLOCK, f->block_base_ns[3]),
		pin_of_class(a, PIN_BLOCK, f->block_ns[3]),
	};
	report_row(r, v);
}

void pin_show_rows(struct report *r, const struct pin_answer *a)
{
	report_table(r, "rows", NULL, flat_columns, FLAT_COLUMNS);
	for (size_t i = 0; i < a->nseeds * a->njobs; i++) {
		const struct pin_job *j = &a->jobs[i];
		const uint64_t seed = a->seeds[i / a->njobs];
		for (unsigned k = 0; k < PIN_CLASSES; k++)
			if (k != PIN_OTHER || a->devices->ndevices[PIN_OTHER])
				flat_row(r, a, j, seed, k);
		flat_row(r, a, j, seed, PIN_CLASSES);
	}
}
