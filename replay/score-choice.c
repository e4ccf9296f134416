// SPDX-License-Identifier: MIT
/* Which design wins, and which are as good. */
#include "replay/score-choice.h"

static uint64_t iopf_of(const struct score_result *r)
{
	return pin_iopf(&r->memory.job.result.total);
}

struct score_means score_means(const struct score_answer *a, size_t design)
{
	struct score_means m = { .iopf_least = UINT64_MAX };
	for (size_t s = 0; s < a->nseeds; s++) {
		const struct score_result *r = &a->results[s * a->ndesigns + design];
		const uint64_t n = iopf_of(r), max_1s = r->memory.job.result.total.max_1s;
		m.returned_bytes += r->memory.returned_bytes;
		m.host_ppm += r->host_ppm;
		m.guest_ppm += r->guest_ppm;
		m.stalled_ppm += r->memory.stalled_ppm;
		m.iopf_least = n < m.iopf_least ? n : m.iopf_least;
		m.iopf_most = n > m.iopf_most ? n : m.iopf_most;
		m.max_1s = max_1s > m.max_1s ? max_1s : m.max_1s;
	}
	m.returned_bytes /= a->nseeds;
	m.host_ppm /= a->nseeds;
	m.guest_ppm /= a->nseeds;
	m.stalled_ppm /= a->nseeds;
	m.cost_ppm = m.host_ppm + m.guest_ppm + m.stalled_ppm;
	return m;
}

static bool is_equal(uint64_t bytes, uint64_t most)
{
	return bytes >=
	       (uint64_t)((unsigned __int128)most * (PPM_PER_ONE - SCORE_TIE_PPM) / PPM_PER_ONE);
}

size_t score_choose(const struct score_answer *a, const bool *is_allowed)
{
	uint64_t most = 0, least_cost = 0;
	size_t best = SCORE_NO_DESIGN;
	for (size_t i = 0; i < a->ndesigns; i++) {
		const uint64_t back = is_allowed[i] ? score_means(a, i).returned_bytes : 0;
		most = back > most ? back : most;
	}
	for (size_t i = 0; i < a->ndesigns; i++) {
		if (!is_allowed[i])
			continue;
		const struct score_means m = score_means(a, i);
		if (!is_equal(m.returned_bytes, most))
			continue;
		if (best == SCORE_NO_DESIGN || m.cost_ppm < least_cost) {
			best = i;
			least_cost = m.cost_ppm;
		}
	}
	return best;
}

bool score_is_safe(const struct score_answer *a, size_t design)
{
	for (size_t s = 0; s < a->nseeds; s++) {
		const struct score_result *r = &a->results[s * a->ndesigns + design];
		const struct pin_counts *t = &r->memory.job.result.total;
		if (!r->ran[SCORE_MEMORY] || t->failed || t->max_1s > SCORE_SAFE_MAX_1S)
			return false;
	}
	return true;
}

const struct score_result *score_best(const struct score_answer *a)
{
	bool is_safe[SCORE_DESIGNS_MAX];
	for (size_t i = 0; i < a->ndesigns; i++)
		is_safe[i] = score_is_safe(a, i);
	const size_t best = score_choose(a, is_safe);
	return best == SCORE_NO_DESIGN ? NULL : &a->results[best];
}

bool score_is_tie(const struct score_answer *a, size_t design)
{
	uint64_t most = 0;
	for (size_t i = 0; i < a->ndesigns; i++) {
		const uint64_t back = score_is_safe(a, i) ? score_means(a, i).returned_bytes : 0;
		most = back > most ? back : most;
	}
	return score_is_safe(a, design) && is_equal(score_means(a, design).returned_bytes, most);
}
