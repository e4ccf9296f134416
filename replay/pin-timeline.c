// SPDX-License-Identifier: MIT
/* Bins of a timeline, from the log of faults and the pulses: see replay/pin-timeline.h. */
#include "replay/pin-timeline.h"

#include "base/units.h"

#include <string.h>

static size_t bin_at(const struct pin_story *s, uint64_t at_ns, uint64_t bin_ns)
{
	const uint64_t i = at_ns > s->first_ns ? (at_ns - s->first_ns) / bin_ns : 0;
	return i < PIN_BINS_MAX ? (size_t)i : PIN_BINS_MAX - 1;
}

static void bin_faults(struct pin_bin *bins, const struct pin_answer *a, uint64_t bin_ns)
{
	const struct pin_story *s = a->story;
	for (size_t i = 0; i < s->log.n; i++) {
		const struct pin_log_entry *e = &s->log.entries[i];
		struct pin_bin *b = &bins[bin_at(s, e->raised_ns, bin_ns)];
		const unsigned class = a->devices->class_of_dev[e->dev];
		if (e->raised_ns / NS_PER_SEC != b->second)
			memset(b->now, 0, sizeof(b->now));
		b->second = e->raised_ns / NS_PER_SEC;
		if (++b->now[class] > b->worst[class])
			b->worst[class] = b->now[class];
	}
}

/* Each bin has what was so at its last pulse, or, without one, what was so before. */
static void bin_pulses(struct pin_bin *bins, size_t n, const struct pin_story *s, uint64_t bin_ns)
{
	size_t at = 0;
	struct pin_pulse last = { .resident = s->pulses->n ? s->pulses->all[0].resident : 0 };
	for (size_t i = 0; i < n; i++) {
		const uint64_t end_ns = s->first_ns + (i + 1) * bin_ns;
		while (at < s->pulses->n && s->pulses->all[at].at_ns < end_ns)
			last = s->pulses->all[at++];
		bins[i].cpu_major = last.cpu_major;
		bins[i].resident = last.resident;
		bins[i].pinned = last.pinned;
	}
}

void pin_timeline_fill(struct pin_timeline *t, const struct pin_answer *a)
{
	const struct pin_story *s = a->story;
	const uint64_t length_ns = s->last_ns > s->first_ns ? s->last_ns - s->first_ns : 1;
	t->bin_ns = (length_ns / NS_PER_SEC / PIN_BINS_MAX + 1) * NS_PER_SEC;
	t->n = bin_at(s, s->last_ns, t->bin_ns) + 1;
	bin_faults(t->bins, a, t->bin_ns);
	bin_pulses(t->bins, t->n, s, t->bin_ns);
}
