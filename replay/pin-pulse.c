// SPDX-License-Identifier: MIT
/* A full array keeps its pulses of even number. */
#include "replay/pin-pulse.h"

#include "base/units.h"

static void thin(struct pin_pulses *p)
{
	size_t n = 0;
	for (size_t i = 0; i < p->n; i += 2)
		p->all[n++] = p->all[i];
	p->n = n;
	p->apart_ns = p->apart_ns ? 2 * p->apart_ns : 2 * NS_PER_SEC;
}

void pin_pulses_add(struct pin_pulses *p, const struct pin_pulse *pulse)
{
	if (p->n && pulse->at_ns - p->all[p->n - 1].at_ns < p->apart_ns)
		return;
	if (p->n == PIN_PULSES_MAX)
		thin(p);
	p->all[p->n++] = *pulse;
}
