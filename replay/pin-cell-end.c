// SPDX-License-Identifier: MIT
/* The result of a configuration, taken when its books balance. */
#include "replay/pin-cell-impl.h"

#include "base/quantity.h"
#include "base/units.h"
#include "replay/pin-log.h"
#include "replay/pin-uses.h"

#include <string.h>

static int check_books(const struct pin_cell *c, struct err *e)
{
	const struct hostmem_counts *h = hostmem_counts(c->host);
	uint64_t states = h->absent + h->resident + h->in + h->out;
	for (unsigned t = 0; t < HOSTMEM_TIERS; t++)
		states += h->swapped[t];
	if (states != c->shared->vm_pages)
		return err_set(e, ERR_BUG, "%s: the states of %u pages sum to %llu",
			       c->policy->name, c->shared->vm_pages, (unsigned long long)states);
	if (pin_iopf(&c->classes[PIN_CLASSES].counts) != c->raised)
		return err_set(e, ERR_BUG, "%s: %llu faults began, %llu ended", c->policy->name,
			       (unsigned long long)c->raised,
			       (unsigned long long)pin_iopf(&c->classes[PIN_CLASSES].counts));
	uint64_t held = c->pins.held_pages;
	for (uint32_t page = 0; page < c->shared->vm_pages && c->hardware.held; page++)
		held += c->hardware.held[page] && !c->holders[page];
	if (h->pinned != held)
		return err_set(e, ERR_BUG, "%s: %llu pages are held, %llu pinned", c->policy->name,
			       (unsigned long long)held, (unsigned long long)h->pinned);
	return 0;
}

/*
 * What is out of memory at the end is cold if nobody touched it in the time
 * after which proactive reclaim would have taken it ([memory] age), else forced.
 */
static void split_returned(const struct pin_cell *c, struct pin_result *r)
{
	const uint64_t age_ns = c->shared->memory.age_ns;
	const unsigned uses = 1U << PIN_USE_DMA | (unsigned)c->wants[PIN_CPU] << PIN_USE_CPU |
			      (unsigned)c->wants[PIN_BACKGROUND] << PIN_USE_BACKGROUND;
	for (uint32_t page = 0; page < c->shared->vm_pages; page++) {
		if (hostmem_page_state(c->host, page) != HOSTMEM_SWAPPED)
			continue;
		const uint64_t idle_ns = c->now_ns - pin_uses_last_ns(c->shared->uses, uses, page);
		r->cold_pages += idle_ns >= age_ns;
		r->forced_pages += idle_ns < age_ns;
	}
}

static void take_hardware(struct pin_cell *c, struct pin_result *r)
{
	struct pin_hardware *h = &c->hardware;
	pin_hardware_end(h, c->now_ns);
	r->passed_ns = h->passed_ns;
	r->backend_pinned_max = h->held_max;
	r->maps = h->maps;
	r->map_faults = h->map_faults;
	r->map_ns = h->maps * h->map_mean_ns;
}

static void take_life(struct pin_cell *c, struct pin_result *r)
{
	const struct hist *h = iopf_total_hist(c->life.iopf);
	r->fault_p50_ns = hist_percentile(h, PPM_PER_ONE / 2);
	r->fault_p99_ns = hist_percentile(h, PPM_PER_ONE / 100 * 99);
	r->fault_max_ns = h->count ? h->max : 0;
	const struct iopf_counts *n = iopf_counts(c->life.iopf);
	r->bitmap_updates = n->bitmap_updates;
	r->bitmap_writes = n->bitmap_writes;
	r->update_ns = n->bitmap_ns + n->tlb_ns;
	r->tlb_invalidations = n->tlb_invalidations;
	r->requests = n->requests;
	r->requests_passed = n->requests_passed;
	r->service_ns = n->service_ns + r->update_ns + n->request_ns;
	r->cpu_stall_ns = c->life.cpu_stall_ns;
}

int pin_cell_end(struct pin_cell *c, struct err *e)
{
	struct pin_result *r = &c->job->result;
	*r = (struct pin_result){};
	pin_late_settle(&c->late);
	const int rc = c->is_timed ? pin_life_finish(&c->life, e) : 0;
	if (rc)
		return rc;
	if (c->job->log && c->job->log->has_failed)
		return err_set(e, ERR_NOMEM, "no memory for a log of faults");
	for (unsigned k = 0; k <= PIN_CLASSES; k++) {
		struct class_state *s = &c->classes[k];
		pin_tally_end(&s->tally);
		s->counts.max_1s = s->tally.second.max;
		s->counts.max_10s = s->tally.ten_seconds.max;
		s->counts.first_half = s->tally.first_half;
		memcpy(s->counts.seconds_over, s->tally.seconds_over,
		       sizeof(s->tally.seconds_over));
		*(k < PIN_CLASSES ? &r->by_class[k] : &r->total) = s->counts;
	}
	r->kept_ppm = PPM_PER_ONE;
	r->kept_iopf = c->raised;
	r->kept_squares = cluster_squares(&c->cluster);
	pin_cell_count_pinned(c);
	r->host = *hostmem_counts(c->host);
	r->pinned_pages = c->pins.held_pages;
	r->pinned_max = c->pinned_max;
	r->pins_refused = c->refused;
	const unsigned __int128 whole = (unsigned __int128)c->shared->vm_pages * c->now_ns;
	r->pinned_mean_ppm =
		whole ? (uint64_t)((c->pinned_page_ns * PPM_PER_ONE + whole / 2) / whole)
		      : quantity_ratio_ppm(c->pins.held_pages, c->shared->vm_pages);
	hist_record(&c->pinned, c->pins.held_pages);
	r->pinned_p99 = hist_percentile(&c->pinned, PPM_PER_ONE / 100 * 99);
	r->pinned_p99 = r->pinned_p99 < c->pinned_max ? r->pinned_p99 : c->pinned_max;
	split_returned(c, r);
	take_hardware(c, r);
	if (c->is_timed)
		take_life(c, r);
	return check_books(c, e);
}
