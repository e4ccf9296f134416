// SPDX-License-Identifier: MIT
/*
 * What a map promises: faults of the time that it did not know, in blocks, with
 * it and without. The lower bounds also know the whole past: with twice as much
 * of it the map may be better than the one that was tried.
 */
#include "replay/pinmap-choose.h"

#include "base/quantity.h"
#include "base/units.h"
#include "replay/forecast.h"

#include <stdio.h>

enum {
	DAY_S = 86400,
	HELD_BLOCKS = 8, /* of the second half; as long ones in the whole past */
	PAST_BLOCKS = 2 * HELD_BLOCKS,
	BURST_GAP_S = 10,   /* faults nearer to each other are one burst .. */
	BURST_PARTS = 1000, /* .. or a thousandth of the past, if that is less */
	WINDOW_S = 60,      /* of the rollback; 1/64 of the past, if that is less */
	WINDOW_PARTS = 64,
};

/* Faults by blocks of a time; those on pages of the map `but` are left out, if there is one. */
static void count_blocks(const struct pin_log *log, uint64_t from_ns, uint64_t to_ns, size_t n,
			 const struct pinmap_past *p, const struct pinmap *but, uint64_t *out)
{
	const uint64_t span = to_ns - from_ns;
	for (size_t i = 0; i < n; i++)
		out[i] = 0;
	for (size_t i = 0; i < log->n; i++) {
		const uint64_t at = log->entries[i].raised_ns;
		if (at < from_ns || at >= to_ns)
			continue;
		if (!but ||
		    !pinmap_has(but, pinmap_frame(p->frames, &p->facts, log->entries[i].page)))
			out[(size_t)((unsigned __int128)(at - from_ns) * n / span)]++;
	}
}

struct bursts {
	uint64_t mean, most; /* faults in one; 0: there was none */
};

static struct bursts find_bursts(const struct pin_log *log, uint64_t from_ns, uint64_t to_ns,
				 uint64_t past_ns)
{
	const uint64_t part = past_ns / BURST_PARTS;
	const uint64_t gap = part < BURST_GAP_S * NS_PER_SEC ? part : BURST_GAP_S * NS_PER_SEC;
	uint64_t faults = 0, bursts = 0, last = 0, own = 0, most = 0;
	for (size_t i = 0; i < log->n; i++) {
		const uint64_t at = log->entries[i].raised_ns;
		if (at < from_ns || at >= to_ns)
			continue;
		if (!faults++ || at - last > gap) {
			bursts++;
			own = 0;
		}
		most = ++own > most ? own : most;
		last = at;
	}
	return (struct bursts){ bursts ? (faults + bursts - 1) / bursts : 0, most };
}

uint64_t pinmap_burst(const struct pin_log *log, uint64_t from_ns, uint64_t to_ns, uint64_t past_ns)
{
	const uint64_t mean = find_bursts(log, from_ns, to_ns, past_ns).mean;
	return mean ? mean : 1;
}

static struct pinmap_interval per_day(struct forecast f, uint64_t horizon_ns)
{
	const uint64_t v[] = { f.low, f.middle, f.high };
	uint64_t milli[3];
	for (unsigned i = 0; i < 3; i++) {
		const unsigned __int128 x =
			(unsigned __int128)v[i] * 1000 * DAY_S * NS_PER_SEC / horizon_ns;
		milli[i] = x > INT64_MAX ? INT64_MAX : (uint64_t)x;
	}
	return (struct pinmap_interval){ milli[0], milli[1], milli[2] };
}

static uint64_t rest_ppm(uint64_t share_ppm)
{
	return share_ppm < PPM_PER_ONE ? PPM_PER_ONE - share_ppm : 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t sum_of(const uint64_t *v, size_t n)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return sum;
}

/*
 * A use that the map knows nothing of comes as a whole burst. Where the time that
 * it was tried on had none, so many may come all the same.
 */
static void add_whole_bursts(const struct pinmap_held *h, const struct bursts *left_over,
			     uint64_t usual, uint64_t horizon_ns, uint64_t faults, uint64_t past_ns,
			     struct forecast *f, struct forecast *left)
{
	const uint64_t held_ns = h->to_ns - h->from_ns;
	/* only the ratio of the times matters */
	const uint64_t ahead_ppm =
		(uint64_t)((unsigned __int128)horizon_ns * PPM_PER_ONE / held_ns);
	const uint64_t more = usual * forecast_count_most(0, PPM_PER_ONE, ahead_ppm + 1);
	const unsigned __int128 whole = (unsigned __int128)faults * horizon_ns / past_ns;
	if (left_over->most >= usual)
		return;
	f->high += more;
	left->high += whole ? (uint64_t)(more * (unsigned __int128)PPM_PER_ONE / whole)
			    : PPM_PER_ONE;
}

/* ---- when to give it up ---- */

/* Most faults in a window, of each block. */
static void worst_windows(const struct pin_log *log, const struct pinmap_held *h,
			  uint64_t window_ns, uint64_t *out)
{
	const uint64_t span = h->to_ns - h->from_ns;
	size_t first = 0;
	for (size_t i = 0; i < HELD_BLOCKS; i++)
		out[i] = 0;
	for (size_t i = 0; i < log->n; i++) {
		const uint64_t at = log->entries[i].raised_ns;
		if (at < h->from_ns || at >= h->to_ns)
			continue;
		while (log->entries[first].raised_ns < h->from_ns ||
		       at - log->entries[first].raised_ns >= window_ns)
			first++;
		const size_t b =
			(size_t)((unsigned __int128)(at - h->from_ns) * HELD_BLOCKS / span);
		out[b] = i - first + 1 > out[b] ? i - first + 1 : out[b];
	}
}

static void set_rollback(const struct pinmap_held *h, uint64_t past_ns, uint64_t ahead_ppm,
			 uint64_t burst, struct pinmap_rollback *out)
{
	uint64_t worst[HELD_BLOCKS];
	const uint64_t part = past_ns / WINDOW_PARTS ? past_ns / WINDOW_PARTS : 1;
	out->window_ns = part < WINDOW_S * NS_PER_SEC ? part : WINDOW_S * NS_PER_SEC;
	worst_windows(h->with, h, out->window_ns, worst);
	const struct forecast_past p = { worst, HELD_BLOCKS, burst };
	out->iopf = forecast_worst(&p, ahead_ppm).high;
	if (sum_of(worst, HELD_BLOCKS))
		snprintf(out->why, sizeof(out->why),
			 "upper bound of the worst window that is to come, from the worst of %d "
			 "blocks with the map",
			 HELD_BLOCKS);
	else
		snprintf(out->why, sizeof(out->why),
			 "with the map no window had a fault: a burst as they were without it is "
			 "no more what was learned");
}

void pinmap_promise(const struct pinmap_held *h, const struct pinmap_lesson *l,
		    const struct pinmap_past *p, struct pinmap *m)
{
	uint64_t with[HELD_BLOCKS], without[HELD_BLOCKS], all[PAST_BLOCKS], rest[PAST_BLOCKS];
	const uint64_t past_ns = m->to_ns - m->from_ns;
	/* longer than that no range of it lasts */
	const uint64_t horizon_ns = l->horizon_ns && l->horizon_ns < past_ns ? l->horizon_ns
									     : past_ns;
	const unsigned __int128 ahead =
		(unsigned __int128)horizon_ns * PAST_BLOCKS * PPM_PER_ONE / past_ns;
	const uint64_t ahead_ppm = ahead >> 50 ? UINT64_C(1) << 50 : (uint64_t)ahead;
	/* what no burst was seen of with the map would come as one without it */
	const struct bursts before = find_bursts(&p->log, m->from_ns, m->to_ns, past_ns);
	const struct bursts left_over = find_bursts(h->with, h->from_ns, h->to_ns, past_ns);
	const uint64_t usual = before.mean ? before.mean : 1;
	const uint64_t burst = left_over.most ? left_over.most : usual;
	count_blocks(h->with, h->from_ns, h->to_ns, HELD_BLOCKS, p, NULL, with);
	count_blocks(h->without, h->from_ns, h->to_ns, HELD_BLOCKS, p, NULL, without);
	count_blocks(&p->log, m->from_ns, m->to_ns, PAST_BLOCKS, p, NULL, all);
	count_blocks(&p->log, m->from_ns, m->to_ns, PAST_BLOCKS, p, m, rest);
	const struct forecast_past w = { with, HELD_BLOCKS, burst };
	const struct forecast_past n = { all, PAST_BLOCKS, usual },
				   r = { rest, PAST_BLOCKS, burst };
	struct forecast f = forecast_sum(&w, ahead_ppm);
	struct forecast left = forecast_share(&w, without, ahead_ppm);
	f.low = least(f.low, forecast_sum(&r, ahead_ppm).low);
	left.low = least(left.low, forecast_share(&r, all, ahead_ppm).low);
	add_whole_bursts(h, &left_over, usual, horizon_ns, sum_of(all, PAST_BLOCKS), past_ns, &f,
			 &left);
	m->forecast = (struct pinmap_forecast){
		.with = per_day(f, horizon_ns),
		.without = per_day(forecast_sum(&n, ahead_ppm), horizon_ns),
		.cut_ppm = { rest_ppm(left.high), rest_ppm(left.middle), rest_ppm(left.low) },
		.coverage_ppm = FORECAST_COVERAGE_PPM,
		.horizon_ns = horizon_ns,
		.blocks = HELD_BLOCKS,
	};
	set_rollback(h, past_ns, ahead_ppm, burst, &m->rollback);
}
