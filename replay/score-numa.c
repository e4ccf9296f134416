// SPDX-License-Identifier: MIT
/*
 * Page tables on NUMA nodes as a part of a whole design: replay/numa-run.h on the
 * rows of the trace, and what comes of it for memory and for page walks.
 *
 * A leaf table holds 8 bytes for each page that it maps. With a copy on each
 * other node (vMitosis, Mitosis) the host loses so much for each table that is
 * replicated: the guest's lie in memory of the VM, the host's beside it. What is
 * swapped out keeps its entries. Tables above the leaves, 1/512 of them, are
 * left out.
 */
#include "replay/score.h"

#include "replay/numa-feed.h"
#include "replay/walk-design.h"
#include "replay/walk-feed.h"
#include "store/trace-meta.h"

enum { WHOLE, UNFIXED, SMALL, SMALL_UNFIXED, VARIANTS };

/* The design with nothing done about its tables beside it, and both with pages split. */
static size_t fill_variants(const struct score_design *d, struct numa_design out[VARIANTS])
{
	const size_t n = d->numa_small.name ? VARIANTS : SMALL;
	out[WHOLE] = out[UNFIXED] = d->numa;
	out[SMALL] = out[SMALL_UNFIXED] = d->numa_small;
	for (size_t i = UNFIXED; i < n; i += SMALL - WHOLE)
		for (int t = 0; t < NUMA_TABLES; t++)
			out[i].numa.fix[t] = NUMA_NONE;
	return n;
}

/* Without small ones the share that was split is that of the whole ones as well. */
static void mix(struct score_numa *n, bool has_small, uint64_t split_ppm)
{
	const struct numa_result *whole = &n->result, *unfixed = &n->unfixed;
	const struct numa_result *small = has_small ? &n->small : whole;
	const struct numa_result *small_unfixed = has_small ? &n->small_unfixed : unfixed;
	const int both = NUMA_TABLES;
	n->cycles = score_mix(whole->cycles[both], small->cycles[both], split_ppm);
	n->local_cycles = score_mix(whole->local_cycles, small->local_cycles, split_ppm);
	n->unfixed_cycles =
		score_mix(unfixed->cycles[both], small_unfixed->cycles[both], split_ppm);
	const uint64_t run = score_mix(whole->run_cycles, small->run_cycles, split_ppm);
	const uint64_t local =
		score_mix(whole->local_run_cycles, small->local_run_cycles, split_ppm);
	n->run_over_local_ppm = numa_ratio_ppm(run, local);
	n->walk_share_ppm = run ? PPM_PER_ONE - quantity_ratio_ppm(whole->work_cycles, run) : 0;
}

/* The variants end with the run, the design does not. */
static void take(const struct numa_run *run, size_t n, const struct numa_known *known,
		 const struct score_design *d, struct score_numa *out)
{
	struct numa_result *const results[VARIANTS] = { &out->result, &out->unfixed, &out->small,
							&out->small_unfixed };
	for (size_t i = 0; i < n; i++) {
		numa_run_result(run, i, known, results[i]);
		results[i]->design = &d->numa;
	}
}

int score_numa_run(const struct score_run *r, const struct score_design *d, uint64_t split_ppm,
		   struct score_numa *out, struct err *e)
{
	struct trace *t = r->input->trace[SCORE_NUMA];
	const struct trace_stream_info *stream;
	struct numa_design variants[VARIANTS];
	struct numa_known known;
	struct numa_run *run;
	_arena_ struct arena a = {};
	const size_t n = fill_variants(d, variants);
	const struct score_result *same = score_find_same(r, d, SCORE_NUMA);
	if (same) {
		*out = same->numa;
		mix(out, n > SMALL, split_ppm);
		return 0;
	}
	int rc = walk_feed_find(t, &stream, e);
	for (size_t i = 0; i < n && !rc; i++)
		walk_design_fit(&variants[i].walk, 0, trace_vm_pages(t, 0));
	if (!rc)
		rc = numa_feed_known(t, &known, e);
	if (!rc)
		rc = numa_run_new(variants, n, &a, &run, e);
	if (!rc)
		rc = numa_feed(
			run, t, stream,
			(uint64_t)((unsigned __int128)stream->rows * NUMA_WARM_PPM / PPM_PER_ONE),
			NULL, NULL, e);
	if (rc)
		return rc;
	take(run, n, &known, d, out);
	mix(out, n > SMALL, split_ppm);
	return 0;
}

/* ---- what it does to the other parts ---- */

/* Leaf tables that map so much memory by pages of a size (enum walk_page). */
static uint64_t leaves_bytes(uint64_t mapped_bytes, int page)
{
	enum { ENTRY_BYTES = 8, SMALL_SHIFT = 12, ENTRIES_SHIFT = 9 };
	return (mapped_bytes >> (SMALL_SHIFT + ENTRIES_SHIFT * page)) * ENTRY_BYTES;
}

uint64_t score_numa_copies_bytes(const struct score_design *d, uint64_t mapped_bytes,
				 uint64_t split_ppm)
{
	const struct numa_config *c = &d->numa.numa;
	const struct walk_config *w = &d->numa.walk;
	const uint64_t tables[NUMA_TABLES] = {
		[NUMA_GPT] = leaves_bytes(mapped_bytes, w->guest_page),
		[NUMA_EPT] = score_mix(leaves_bytes(mapped_bytes, w->host_page),
				       leaves_bytes(mapped_bytes, WALK_4K), split_ppm),
	};
	uint64_t bytes = 0;
	for (int t = 0; t < NUMA_TABLES && d->has[SCORE_NUMA]; t++)
		if (c->fix[t] == NUMA_REPLICATE)
			bytes += (c->nodes - 1) * tables[t];
	return bytes;
}

/* As much dearer as references are than with local tables; what is exposed of them counts. */
static uint64_t placed_cycles(const struct score_result *r)
{
	const struct walk_cycles *c = &r->walk.cycles;
	const uint64_t exposed_ppm = r->design->walk.costs.exposed_ppm;
	const uint64_t local = r->numa.local_cycles, far = r->numa.cycles;
	if (!r->ran[SCORE_NUMA] || !local)
		return c->total;
	const unsigned __int128 shown = (unsigned __int128)c->walk * exposed_ppm / PPM_PER_ONE;
	const unsigned __int128 placed = c->total - shown + shown * far / local;
	return placed > UINT64_MAX ? UINT64_MAX : (uint64_t)placed;
}

void score_numa_couple(struct score_result *r)
{
	struct score_memory *m = &r->memory;
	struct score_walk *w = &r->walk;
	if (r->ran[SCORE_WALK]) {
		w->placed_cycles = placed_cycles(r);
		w->placed_ppm =
			quantity_ratio_ppm(w->placed_cycles - w->cycles.base, w->placed_cycles);
	}
	if (!r->ran[SCORE_MEMORY])
		return;
	if (r->ran[SCORE_WALK] && walk_mode_is_tpt(r->design->walk.config.mode))
		r->revoke_cycles = m->job.result.host.swap_out * r->design->walk.costs.revoke;
	const uint64_t absent = m->job.result.host.absent;
	const uint64_t mapped = m->facts.vm_pages > absent ? m->facts.vm_pages - absent : 0;
	m->copies_bytes = score_numa_copies_bytes(r->design, mapped * PAGE_BYTES, m->split_ppm);
	m->returned_bytes -= m->copies_bytes < m->returned_bytes ? m->copies_bytes
								 : m->returned_bytes;
}
