// SPDX-License-Identifier: MIT
/* Two windows that move with the faults; what is counted of one is counted when the next begins. */
#include "replay/pin-tally.h"

#include "base/units.h"

const unsigned pin_rates_per_s[PIN_RATES] = { 1, 10 };

static void close_window(struct pin_window *w)
{
	w->max = w->n > w->max ? w->n : w->max;
	w->n = 0;
}

static void close_second(struct pin_tally *t)
{
	for (unsigned i = 0; i < PIN_RATES; i++)
		t->seconds_over[i] += t->second.n > pin_rates_per_s[i];
	close_window(&t->second);
}

void pin_tally_add(struct pin_tally *t, uint64_t now_ns, uint64_t middle_ns)
{
	const uint64_t second = now_ns / NS_PER_SEC, ten = second / 10;
	if (second != t->second.number)
		close_second(t);
	if (ten != t->ten_seconds.number)
		close_window(&t->ten_seconds);
	t->second.number = second;
	t->ten_seconds.number = ten;
	t->second.n++;
	t->ten_seconds.n++;
	t->first_half += now_ns < middle_ns;
}

void pin_tally_end(struct pin_tally *t)
{
	close_second(t);
	close_window(&t->ten_seconds);
}
