// SPDX-License-Identifier: MIT
/*
 * The time that native walks take in the model, beside the figure that the trace
 * carries for its program (generated programs: that of a paper). Costs of work
 * are guesses, and which one would make the two agree is told, never applied.
 */
#include "replay/walk-report.h"

#include "base/quantity.h"

#include <inttypes.h>
#include <stdio.h>

enum { OFF_PPM = 20000, ACCESS_MAX = 1000000 };

/* The figure is of pages of 4 KiB. */
static const struct walk_row *find_native(const struct walk_answer *a)
{
	for (size_t i = 0; i < a->nrows; i++) {
		const struct walk_config *c = &a->rows[i].design->config;
		if (c->mode == WALK_NATIVE && c->guest_page == WALK_4K && !c->leaves.is_mixed)
			return &a->rows[i];
	}
	return NULL;
}

static uint64_t share_ppm(uint64_t part, uint64_t rest)
{
	return quantity_ratio_ppm(part, part + rest);
}

/*
 * The cycles besides translation that the figure asks for come from `access` or,
 * where data alone takes more, from what is exposed of that.
 */
static void solve(const struct walk_row *native, uint64_t figure_ppm, struct walk_calibration *out)
{
	const struct walk_costs *p = &native->design->costs;
	const uint64_t on_top = native->cycles.total - native->cycles.base;
	const uint64_t accesses = native->counts.accesses, work = accesses * p->access;
	const uint64_t data = native->cycles.base - work;
	const uint64_t base =
		(uint64_t)((unsigned __int128)on_top * (PPM_PER_ONE - figure_ppm) / figure_ppm);
	if (base >= data) {
		const uint64_t access = (base - data + accesses / 2) / accesses;
		if (access > ACCESS_MAX)
			return;
		snprintf(out->set, sizeof(out->set), "walk-costs.access=%" PRIu64, access);
		out->reached_ppm = share_ppm(on_top, data + accesses * access);
	} else if (base > work) {
		const uint64_t ppm =
			(uint64_t)((unsigned __int128)p->data_exposed_ppm * (base - work) / data);
		const uint64_t hundredths = ppm / 100;
		snprintf(out->set, sizeof(out->set),
			 "walk-costs.data_exposed=%" PRIu64 ".%02" PRIu64 "%%", hundredths / 100,
			 hundredths % 100);
		out->reached_ppm = share_ppm(on_top, base);
	}
}

void walk_calibrate(const struct walk_answer *a, struct walk_calibration *out)
{
	const struct walk_row *native = a->native_walk_ppm ? find_native(a) : NULL;

	*out = (struct walk_calibration){};
	if (!native || !native->counts.accesses || !native->cycles.total)
		return;
	out->is_known = true;
	out->model_ppm = native->cycles.translation_ppm;
	out->is_off = out->model_ppm > a->native_walk_ppm + OFF_PPM ||
		      out->model_ppm + OFF_PPM < a->native_walk_ppm;
	if (out->is_off)
		solve(native, a->native_walk_ppm, out);
}

static void put_members(struct report *r, const struct walk_answer *a,
			const struct walk_calibration *c)
{
	report_member_u64(r, "native_walk_ppm", a->native_walk_ppm);
	report_member_text(r, "native_walk_source", a->native_source ? a->native_source : "");
	report_member_u64(r, "model_native_walk_ppm", c->model_ppm);
	report_member_text(r, "calibrating_set", c->set);
}

void walk_show_calibration(struct report *r, const struct walk_answer *a)
{
	const char *source = a->native_source ? a->native_source : "";
	struct walk_calibration c;

	walk_calibrate(a, &c);
	put_members(r, a, &c);
	if (!c.is_known)
		return;
	if (!c.is_off)
		report_text(r, "Natively %s of the time are walks, the program's own figure is %s.",
			    quantity_ppm(c.model_ppm).s, quantity_ppm(a->native_walk_ppm).s);
	else if (*c.set)
		report_text(r,
			    "Uncalibrated: natively walks take %s here, the program's figure is %s "
			    "(%s): --set %s makes it %s.",
			    quantity_ppm(c.model_ppm).s, quantity_ppm(a->native_walk_ppm).s, source,
			    c.set, quantity_ppm(c.reached_ppm).s);
	else
		report_text(r,
			    "Uncalibrated: natively walks take %s here, the program's figure is %s "
			    "(%s): no cost of its other work makes it so.",
			    quantity_ppm(c.model_ppm).s, quantity_ppm(a->native_walk_ppm).s,
			    source);
}
