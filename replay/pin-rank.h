// SPDX-License-Identifier: MIT
/*
 * Is the order of policies by IOPF more than chance? Every pair of policies that
 * ran with the same companion, overcommit and budget is compared per class of
 * devices in both halves of the trace, and under each seed. A pair has an order
 * where its counts differ by more than two Poisson counts of one mean do in
 * 95 % of cases ((x - y)^2 > 3.84 (x + y)); a pair that has one order here and
 * the other there flips. Faults come in bursts, so the test is lenient: some
 * flips are chance all the same.
 */
#ifndef PUGMARK_REPLAY_PIN_RANK_H
#define PUGMARK_REPLAY_PIN_RANK_H

#include "replay/pin-report.h"

struct pin_flip {
	const struct pin_job *a, *b; /* of the first seed */
	unsigned device_class;
	uint64_t a_first, b_first; /* IOPFs in the first half, or under the first such seed */
	uint64_t a_other, b_other;
};

struct pin_ranks {
	uint64_t same, flipped, close; /* pairs; close: no order somewhere */
};

typedef void pin_flip_fn(void *ctx, const struct pin_flip *f);

/* Halves: of all seeds together. Seeds: with one of them all pairs are close. told may be NULL. */
struct pin_ranks pin_rank_halves(const struct pin_answer *a, pin_flip_fn *told, void *ctx);
struct pin_ranks pin_rank_seeds(const struct pin_answer *a, pin_flip_fn *told, void *ctx);

/* 1: more faults, -1: fewer, 0: too close to tell */
int pin_rank_order(uint64_t x, uint64_t y);

/* A line each for people; the members and the table rank_flips for programs. */
void pin_show_ranks(struct report *r, const struct pin_answer *a, bool is_json);

#endif
