// SPDX-License-Identifier: MIT
/* A growing array that stops at its bound, and says so. */
#include "replay/pin-log.h"

#include <stdlib.h>

enum { FIRST_ENTRIES = 256 };

const char *const pin_fault_kind_names[] = { "minor", "major", "late", NULL };

void pin_log_init(struct pin_log *l, size_t max)
{
	*l = (struct pin_log){ .max = max, .full_ns = UINT64_MAX };
}

void pin_log_deinit(struct pin_log *l)
{
	free(l->entries);
	pin_log_init(l, l->max);
}

void pin_log_clear(struct pin_log *l)
{
	l->n = 0;
	l->missed = 0;
	l->full_ns = UINT64_MAX;
	l->has_failed = false;
}

static bool grow(struct pin_log *l)
{
	const size_t twice = l->cap ? 2 * l->cap : FIRST_ENTRIES;
	const size_t cap = twice < l->max ? twice : l->max;
	struct pin_log_entry *grown = realloc(l->entries, cap * sizeof(*grown));
	if (!grown)
		return false;
	l->entries = grown;
	l->cap = cap;
	return true;
}

int64_t pin_log_raise(struct pin_log *l, const struct pin_log_entry *e)
{
	if (l->n < l->max && l->n == l->cap && !l->has_failed)
		l->has_failed = !grow(l);
	if (l->n == l->max || l->has_failed) {
		if (!l->missed++)
			l->full_ns = e->raised_ns;
		return PIN_LOG_MISSED;
	}
	l->entries[l->n] = *e;
	return (int64_t)l->n++;
}

void pin_log_end(struct pin_log *l, int64_t number, uint8_t outcome, uint64_t resolve_ns,
		 uint64_t ended_ns)
{
	if (number == PIN_LOG_MISSED)
		return;
	l->entries[number].outcome = outcome;
	l->entries[number].ended_ns = ended_ns;
	l->entries[number].resolve_ns = resolve_ns;
}
