// SPDX-License-Identifier: MIT
/*
 * VPRI (SOSP'24 slides). Its per-workload tables and the algorithm of its
 * protector are not public: what rests on them is not addressed.
 */
#include "replay/paper.h"

#include "base/cleanup.h"
#include "replay/pin-whatif.h"

#include <stdlib.h>

static const char vpri[] = "VPRI", whatif[] = "pugmark pin T.db --fault-rate 0,1,10/s",
		  profile[] = "pugmark pin T.db --backend vpri --assumptions",
		  backends[] = "pugmark pin T.db --compare-backends";

enum { DAY_S = 86400, RING = 1024, FAULT_US = 300 };

static int add(struct paper *p, const char *quantity, enum paper_unit unit, uint64_t published,
	       uint64_t ours, enum paper_kind kind, const char *command, struct err *e)
{
	return paper_add(p,
			 &(struct paper_row){ .work = vpri,
					      .quantity = quantity,
					      .unit = unit,
					      .published = published,
					      .ours = ours,
					      .kind = kind,
					      .command = command },
			 e);
}

/* Mean and P99 of a distribution of the profile, as the engine draws it. */
static int add_dist(struct paper *p, const struct dist *d, const char *const quantity[2],
		    const uint64_t published_ns[2], struct err *e)
{
	struct quantile q;
	int rc = quantile_init(&q, d, p->arena, e);
	if (!rc)
		rc = add(p, quantity[0], PAPER_NS, published_ns[0], quantile_mean(&q),
			 PAPER_CALIBRATED, profile, e);
	if (!rc)
		rc = add(p, quantity[1], PAPER_NS, published_ns[1],
			 quantile_at(&q, quantile_p_of_ppm(990000)), PAPER_CALIBRATED, profile, e);
	return rc;
}

/* The rates from which quantiles of block I/O rise by a tenth, for a fault of the profile. */
static int add_knees(struct paper *p, const struct pin_design *d, struct err *e)
{
	_free_ struct pin_devices *devices = calloc(1, sizeof(*devices));
	const struct rate rate = { .count = 1, .per_ns = NS_PER_SEC };
	struct pin_whatif w = { .design = d, .devices = devices, .rates = &rate, .nrates = 1 };
	if (!devices)
		return err_set(e, ERR_NOMEM, "no memory for devices");
	devices->ndevices[PIN_BLOCK] = devices->nlists = 1;
	w.seed = 1;
	int rc = pin_whatif_run(&w, e);
	if (!rc)
		rc = add(p, "faults from which P99.9 of block I/O rises", PAPER_PER_DAY,
			 UINT64_C(10) * DAY_S, w.limits[0].bracket.breaks_per_day, PAPER_CALIBRATED,
			 whatif, e);
	if (!rc)
		rc = add(p, "faults from which P99.99 of block I/O rises", PAPER_PER_DAY, DAY_S,
			 w.limits[1].bracket.breaks_per_day, PAPER_CALIBRATED, whatif, e);
	arena_deinit(&w.arena);
	return rc;
}

/* A ring that was idle and swapped out faults descriptor after descriptor. */
static int add_cold_ring(struct paper *p, const struct pin_design *d, struct err *e)
{
	const struct dist each = dist_const((uint64_t)FAULT_US * NS_PER_US);
	struct nic_fault faults[RING];
	struct nic_result r = {};
	struct quantile q;
	struct rng rng;
	int rc = quantile_init(&q, &each, p->arena, e);
	if (!rc && nic_result_init(&r, p->arena))
		rc = err_set(e, ERR_NOMEM, "no memory for a ring");
	rng_init(&rng, 1, "paper.ring");
	if (!rc) {
		nic_make_cold(0, &q, RING, &rng, faults);
		rc = nic_run(d->nic, faults, RING, 1, &r, e);
	}
	return rc ? rc
		  : add(p, "gap of a NIC (label of a plot), as a cold ring of 1,024 x 300 us",
			PAPER_NS, 300 * NS_PER_MS, r.longest_gap_ns, PAPER_ARITHMETIC,
			"pugmark pin T.db --set nic.ring=1024", e);
}

/* What the slides claim of the protector on workloads that are not public. */
static int add_claims(struct paper *p, struct err *e)
{
	static const struct {
		const char *quantity;
		uint64_t published;
	} claims[] = {
		{ "NIC faults, of LRU's (evaluation)", 6280000 },
		{ "block faults, of LRU's (evaluation)", 10560000 },
		{ "NIC faults fewer than without pins (production)", 990000 },
		{ "block faults fewer than without pins (production)", 500000 },
		{ "memory pinned (production)", 52000 },
	};
	int rc = 0;
	for (size_t i = 0; i < sizeof(claims) / sizeof(*claims) && !rc; i++)
		rc = paper_add(p,
			       &(struct paper_row){
				       .work = vpri,
				       .quantity = claims[i].quantity,
				       .unit = PAPER_PPM,
				       .published = claims[i].published,
				       .kind = PAPER_NOT_ADDRESSED,
				       .why = "its workloads and protector are not public; ours: "
					      "pugmark gen production, pin --policy at-risk" },
			       e);
	return rc;
}

int paper_add_vpri(struct paper *p, unsigned threads, struct err *e)
{
	static const char *const lookup[] = { "lookup on the device, mean",
					      "lookup on the device, P99" };
	static const char *const update[] = { "update by the host, mean",
					      "update by the host, P99" };
	struct pin_design d;
	(void)threads;
	int rc = pin_design_init(&d, NULL, 0, e);
	if (!rc)
		rc = add(p, "bitmap of a GiB", PAPER_BYTES, 65536,
			 iopf_bitmap_bytes(UINT64_C(1) << 30, 1), PAPER_IDENTITY, backends, e);
	if (!rc)
		rc = add(p, "bitmap of a TiB", PAPER_BYTES, UINT64_C(64) << 20,
			 iopf_bitmap_bytes(UINT64_C(1) << 40, 1), PAPER_IDENTITY, backends, e);
	if (!rc)
		rc = add_dist(p, &d.iopf->lookup, lookup, (uint64_t[]){ 69, 92 }, e);
	if (!rc)
		rc = add_dist(p, &d.iopf->stage[IOPF_UPDATE], update, (uint64_t[]){ 1742, 2341 },
			      e);
	if (!rc)
		rc = add_knees(p, &d, e);
	if (!rc)
		rc = add_cold_ring(p, &d, e);
	if (!rc)
		rc = add_claims(p, e);
	arena_deinit(&d.arena);
	return rc;
}
