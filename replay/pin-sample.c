// SPDX-License-Identifier: MIT
/* Every count is scaled for itself; what is a sum of others is summed again. */
#include "replay/pin-sample.h"

typedef unsigned __int128 wide;

uint64_t pin_sample_part(uint64_t n, uint64_t kept_ppm)
{
	return (uint64_t)(((wide)n * kept_ppm + PPM_PER_ONE / 2) / PPM_PER_ONE);
}

static void grow(uint64_t *n, uint64_t kept_ppm)
{
	const wide q = ((wide)*n * PPM_PER_ONE + kept_ppm / 2) / kept_ppm;
	*n = q > UINT64_MAX ? UINT64_MAX : (uint64_t)q;
}

static void grow_counts(struct pin_counts *k, uint64_t kept_ppm)
{
	uint64_t *const all[] = { &k->dma_pages, &k->first,  &k->done,    &k->failed,    &k->joined,
				  &k->minor,     &k->max_1s, &k->max_10s, &k->first_half };
	for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++)
		grow(all[i], kept_ppm);
}

/* Of what is there to be had, the last state takes the rest: they sum to the VM. */
static void grow_states(struct hostmem_counts *h, uint64_t kept_ppm, uint64_t vm_pages)
{
	uint64_t *const states[] = { &h->resident,
				     &h->in,
				     &h->out,
				     &h->swapped[HOSTMEM_ZSWAP],
				     &h->swapped[HOSTMEM_SSD],
				     &h->swapped[HOSTMEM_REMOTE] };
	uint64_t left = vm_pages;
	for (unsigned i = 0; i < sizeof(states) / sizeof(*states); i++) {
		grow(states[i], kept_ppm);
		*states[i] = *states[i] < left ? *states[i] : left;
		left -= *states[i];
	}
	h->absent = left;
}

static void grow_host(struct hostmem_counts *h, uint64_t kept_ppm, uint64_t vm_pages)
{
	uint64_t *const all[] = {
		&h->pinned,      &h->swap_cache, &h->overflow,       &h->overflow_max,
		&h->touches,     &h->first,      &h->minor[0],       &h->minor[1],
		&h->major[0],    &h->major[1],   &h->joined,         &h->swap_in,
		&h->swap_out,    &h->readahead,  &h->readahead_hits, &h->dropped_clean,
		&h->scanned,     &h->activated,  &h->deactivated,    &h->refaults,
		&h->pin_ops,     &h->unpin_ops,  &h->pin_swap_in,    &h->refault_activations,
		&h->split_pages,
	};
	grow_states(h, kept_ppm, vm_pages);
	for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++)
		grow(all[i], kept_ppm);
}

void pin_sample_scale(struct pin_result *r, uint64_t kept_ppm, uint64_t vm_pages)
{
	uint64_t *const all[] = { &r->pinned_pages,   &r->pinned_max,    &r->pinned_p99,
				  &r->cold_pages,     &r->forced_pages,  &r->pins_refused,
				  &r->bitmap_updates, &r->bitmap_writes, &r->service_ns,
				  &r->update_ns,      &r->cpu_stall_ns };
	struct pin_counts *t = &r->total;
	r->kept_ppm = kept_ppm;
	grow_counts(t, kept_ppm);
	t->dma_pages = t->first = t->done = t->failed = t->joined = t->minor = t->first_half = 0;
	for (unsigned k = 0; k < PIN_CLASSES; k++) {
		struct pin_counts *c = &r->by_class[k];
		grow_counts(c, kept_ppm);
		t->dma_pages += c->dma_pages;
		t->first += c->first;
		t->done += c->done;
		t->failed += c->failed;
		t->joined += c->joined;
		t->minor += c->minor;
		t->first_half += c->first_half;
	}
	for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++)
		grow(all[i], kept_ppm);
	grow_host(&r->host, kept_ppm, vm_pages);
	uint64_t swapped = 0;
	for (unsigned i = 0; i < HOSTMEM_TIERS; i++)
		swapped += r->host.swapped[i];
	r->cold_pages = r->cold_pages < swapped ? r->cold_pages : swapped;
	r->forced_pages = swapped - r->cold_pages;
}

static uint64_t step(uint64_t pages, uint64_t kept_ppm)
{
	const uint64_t n = pin_sample_part(pages, kept_ppm);
	return n ? n : pages > 0;
}

void pin_sample_host(struct hostmem_config *c, uint64_t kept_ppm)
{
	c->batch_pages = step(c->batch_pages, kept_ppm);
	c->writeback_pages = step(c->writeback_pages, kept_ppm);
	c->foreign_inactive_pages = step(c->foreign_inactive_pages, kept_ppm);
	c->age_pages_per_s = step(c->age_pages_per_s, kept_ppm);
	grow(&c->scan_ns, kept_ppm);
	const uint64_t readahead = step(c->readahead_pages, kept_ppm);
	while (c->readahead_pages > readahead) /* a power of two */
		c->readahead_pages /= 2;
}
