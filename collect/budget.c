// SPDX-License-Identifier: MIT
/*
 * Arithmetic of the budgets. A share is doubled again only when what it would
 * then take is half of what is allowed, so that it does not swing.
 */
#include "collect/budget.h"

#include "base/quantity.h"
#include "base/units.h"

void budget_init(struct budget *b, uint64_t rows_per_s, uint64_t cpu_ppm, uint64_t now_ns)
{
	*b = (struct budget){
		.rows_per_s = rows_per_s,
		.cpu_ppm = cpu_ppm,
		.left = rows_per_s,
		.halve_below = rows_per_s / 2,
		.filled_ns = now_ns,
		.judged_ns = now_ns,
	};
}

void budget_fill(struct budget *b, uint64_t now_ns)
{
	uint64_t more;
	const uint64_t elapsed = now_ns > b->filled_ns ? now_ns - b->filled_ns : 0;
	if (!b->rows_per_s)
		return;
	if (elapsed >= NS_PER_SEC || __builtin_mul_overflow(elapsed, b->rows_per_s, &more))
		more = b->rows_per_s * NS_PER_SEC;
	more /= NS_PER_SEC;
	if (!more) /* the time is kept until it is worth a row */
		return;
	b->left = b->left + more < b->rows_per_s ? b->left + more : b->rows_per_s;
	b->filled_ns = now_ns;
	if (b->halve_below < b->left / 2)
		b->halve_below = b->left / 2;
}

bool budget_halve(struct budget *b)
{
	if (!b->rows_per_s || b->left >= b->halve_below || b->halvings == BUDGET_HALVINGS_MAX)
		return false;
	b->halve_below = b->left / 2;
	b->halvings++;
	return true;
}

static bool has_rows_to_spare(const struct budget *b)
{
	return !b->rows_per_s || b->left > b->rows_per_s - b->rows_per_s / 4;
}

enum budget_advice budget_judge(struct budget *b, uint64_t now_ns, uint64_t cpu_ns)
{
	const uint64_t elapsed = now_ns - b->judged_ns;
	if (!elapsed)
		return BUDGET_KEEP;
	const uint64_t ppm = (cpu_ns - b->cpu_ns) * PPM_PER_ONE / elapsed;
	const uint64_t weight = elapsed < NS_PER_SEC ? elapsed : NS_PER_SEC;
	b->mean_ppm = (b->mean_ppm * (NS_PER_SEC - weight) + ppm * weight) / NS_PER_SEC;
	b->judged_ns = now_ns;
	b->cpu_ns = cpu_ns;
	/* the last tick counts too: a burst that is over needs no answer */
	if (b->cpu_ppm && b->mean_ppm > b->cpu_ppm && ppm > b->cpu_ppm &&
	    b->halvings < BUDGET_HALVINGS_MAX) {
		b->halvings++;
		return BUDGET_HALVE;
	}
	if (!b->halvings || !has_rows_to_spare(b) || (b->cpu_ppm && b->mean_ppm > b->cpu_ppm / 4))
		return BUDGET_KEEP;
	b->halvings--;
	return BUDGET_DOUBLE;
}
