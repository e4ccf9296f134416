// SPDX-License-Identifier: MIT
/* Pages that a backend holds, requests that it sees. */
#include "replay/pin-hardware.h"

static int mean_of(const struct dist *d, uint64_t *ns_out, struct arena *a, struct err *e)
{
	struct quantile q;
	const int rc = quantile_init(&q, d, a, e);
	if (!rc)
		*ns_out = quantile_mean(&q);
	return rc;
}

int pin_hardware_init(struct pin_hardware *h, const struct iopf_config *iopf, bool has_time,
		      uint32_t npages, struct arena *a, struct err *e)
{
	*h = (struct pin_hardware){ .npages = npages, .has_time = has_time };
	if (!iopf)
		return 0;
	h->traits = iopf_traits(iopf->backend);
	h->traits.sees_requests &= has_time; /* its rates are told by the clock of the faults */
	h->sees_dma = h->traits.pins_on_map || h->traits.sees_requests;
	if (h->traits.pins_on_map && iopf->pin_grain_pages > 1)
		return err_set(e, ERR_FEATURE,
			       "iopf.pin_grain: a replay pins single pages only, not %llu",
			       (unsigned long long)iopf->pin_grain_pages);
	if (h->traits.pins_all || h->traits.pins_on_map ||
	    (h->traits.sees_requests && iopf->passthrough_iops)) {
		h->held = arena_alloc(a, npages, sizeof(*h->held));
		if (!h->held)
			return err_set(e, ERR_NOMEM, "no memory for %u pages", npages);
	}
	return mean_of(&iopf->map_cost, &h->map_mean_ns, a, e);
}

/* ---- pages ---- */

static void hold(struct pin_hardware *h, uint32_t page, uint64_t now_ns)
{
	if (h->held[page])
		return;
	h->held[page] = 1;
	h->held_pages++;
	if (h->held_pages > h->held_max)
		h->held_max = h->held_pages;
	if (!h->holders[page])
		hostmem_pin(h->host, page, (struct ns){ now_ns });
}

static void let_go(struct pin_hardware *h, uint32_t page, uint64_t now_ns)
{
	if (!h->held[page])
		return;
	h->held[page] = 0;
	h->held_pages--;
	if (!h->holders[page])
		hostmem_unpin(h->host, page, (struct ns){ now_ns });
}

static void hold_all(struct pin_hardware *h, uint64_t now_ns)
{
	h->life->cause = PIN_CAUSE_PIN;
	for (uint32_t page = 0; page < h->npages; page++)
		hold(h, page, now_ns);
}

static void let_all_go(struct pin_hardware *h, uint64_t now_ns)
{
	for (uint32_t page = 0; page < h->npages; page++)
		let_go(h, page, now_ns);
}

void pin_hardware_start(struct pin_hardware *h)
{
	if (h->traits.pins_all)
		hold_all(h, 0);
}

/* ---- maps ---- */

void pin_hardware_map(struct pin_hardware *h, uint32_t page, uint64_t now_ns)
{
	h->maps++;
	/* a page that was never there is allocated, as at any first touch */
	h->map_faults += !hostmem_is_mapped(h->host, page) &&
			 hostmem_page_state(h->host, page) != HOSTMEM_ABSENT;
	h->life->cause = PIN_CAUSE_CPU;
	hold(h, page, now_ns);
	if (h->has_time && h->life->nlate)
		pin_life_settle(h->life);
}

void pin_hardware_unmap(struct pin_hardware *h, uint32_t page, uint64_t now_ns)
{
	let_go(h, page, now_ns);
}

/* ---- accesses ---- */

static void set_passed(struct pin_hardware *h, uint16_t dev, bool is_passed, uint64_t now_ns)
{
	if (h->is_passed[dev] == is_passed)
		return;
	h->is_passed[dev] = is_passed;
	if (is_passed && !h->npassed++) {
		h->passed_since_ns = now_ns;
		hold_all(h, now_ns);
	} else if (!is_passed && !--h->npassed) {
		h->passed_ns += now_ns - h->passed_since_ns;
		let_all_go(h, now_ns);
	}
}

static void see_request(struct pin_hardware *h, uint16_t dev, uint64_t now_ns)
{
	if (h->has_request && h->request_ns == now_ns && h->request_dev == dev)
		return;
	h->has_request = true;
	h->request_ns = now_ns;
	h->request_dev = dev;
	iopf_request(h->life->iopf, dev, (struct ns){ now_ns });
	if (h->held)
		set_passed(h, dev, iopf_is_passed_through(h->life->iopf, dev), now_ns);
}

void pin_hardware_tick(struct pin_hardware *h, uint64_t now_ns)
{
	for (uint16_t dev = 0; h->npassed && dev < IOPF_DEVICES_MAX; dev++) {
		if (!h->is_passed[dev])
			continue;
		iopf_no_request(h->life->iopf, dev, (struct ns){ now_ns });
		set_passed(h, dev, iopf_is_passed_through(h->life->iopf, dev), now_ns);
	}
}

void pin_hardware_before(struct pin_hardware *h, uint32_t page, uint16_t dev, uint64_t now_ns)
{
	if (h->traits.sees_requests)
		see_request(h, dev, now_ns);
	h->is_lent = h->traits.pins_on_map && !h->held[page];
	if (h->is_lent)
		pin_hardware_map(h, page, now_ns);
}

void pin_hardware_after(struct pin_hardware *h, uint32_t page, uint64_t now_ns)
{
	if (h->is_lent)
		pin_hardware_unmap(h, page, now_ns);
	h->is_lent = false;
}

void pin_hardware_end(struct pin_hardware *h, uint64_t now_ns)
{
	if (h->npassed)
		h->passed_ns += now_ns - h->passed_since_ns;
	h->passed_since_ns = now_ns;
}
