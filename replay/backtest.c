// SPDX-License-Identifier: MIT
/* One pass: events of the recording in, predicted faults and absent pages out. */
#include "replay/backtest.h"

#include "base/quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How often time-driven reclaim gets to work; the accounting of it is the model's. */
static const uint64_t tick_ns = 100 * NS_PER_MS;

const char *const backtest_class_names[BACKTEST_CLASSES] = { "nic", "block", "other", "cpu" };

struct run {
	const struct backtest_recording *r;
	struct backtest_result *out;
	struct arena arena;
	struct hostmem *memory;
	uint64_t next_tick_ns;
	uint64_t limit_pages;              /* but for squeezes */
	uint64_t absent_true, absent_both; /* of the snapshot being read */
};

/* Compressed memory is written on the spot; a disk's writes are waited for. */
static int assign_swap(const struct backtest_recording *r, struct param_set *s, struct err *e)
{
	const bool is_memory = r->swap && (!strcmp(r->swap, "zram") || !strcmp(r->swap, "zswap"));
	const bool is_disk = r->swap && (!strcmp(r->swap, "file") || !strcmp(r->swap, "disk"));

	if (!is_memory && !is_disk)
		return 0;
	const int rc =
		param_assign(s, is_memory ? "memory.swap_tier=zswap" : "memory.swap_tier=ssd", e);
	return rc ? rc
		  : param_assign(s,
				 is_memory ? "memory.writeback_async=no"
					   : "memory.writeback_async=yes",
				 e);
}

int backtest_assign(const struct backtest_recording *r, struct param_set *s, struct err *e)
{
	char text[PARAM_LINE_BYTES_MAX];
	int rc = assign_swap(r, s, e);

	if (!rc && r->dma_sets_accessed) {
		snprintf(text, sizeof(text), "memory.dma_sets_accessed=%.40s",
			 r->dma_sets_accessed);
		rc = param_assign(s, text, e);
	}
	if (!rc && r->readahead_pages != UINT64_MAX) {
		snprintf(text, sizeof(text), "memory.readahead=%" PRIu64, r->readahead_pages);
		rc = param_assign(s, text, e);
	}
	return rc;
}

/* ---- the replay ---- */

/*
 * A recorded limit that holds the whole VM was none: the group used more then,
 * the VM and the host's tables of it, and nothing was reclaimed.
 */
static uint64_t limit_of(const struct run *run, uint64_t pages)
{
	return pages < run->r->vm_pages ? pages : UINT64_MAX;
}

static int start(struct run *run, const struct hostmem_config *given, struct err *e)
{
	const struct backtest_recording *r = run->r;
	struct hostmem_config config = *given;

	if (r->vm_pages > HOSTMEM_PAGES_MAX)
		return err_set(e, ERR_UNUSABLE, "%s: a VM of %" PRIu64 " pages is too large",
			       trace_path(r->trace), r->vm_pages);
	config.vm_pages = r->vm_pages;
	config.npages = (uint32_t)r->vm_pages;
	config.limit_pages = run->limit_pages = limit_of(run, r->steps[0].pages);
	config.is_instant = true;
	const int rc = hostmem_new(&config, NULL, &run->arena, &run->memory, e);
	for (uint32_t page = 0; !rc && r->is_populated && page < config.npages; page++)
		hostmem_populate(run->memory, page, (struct ns){ 0 });
	return rc;
}

static int touch(struct run *run, const struct backtest_event *ev, struct err *e)
{
	const bool is_dma = ev->what == BACKTEST_DMA;
	const int class = is_dma ? run->r->class_of_dev[ev->dev] : BACKTEST_CPU;
	int rc = 0;

	for (uint32_t i = 0; !rc && i < ev->npages; i++) {
		const uint32_t page = (uint32_t)(ev->first + i);
		const enum touch_result what =
			hostmem_touch(run->memory, page, is_dma ? TOUCH_DMA : TOUCH_CPU,
				      ev->is_write, (struct ns){ ev->ts_ns });
		if (what == TOUCH_MAJOR || what == TOUCH_MINOR)
			rc = backtest_faults_add(&run->out->predicted[class], ev->ts_ns, page, e);
	}
	return rc;
}

/* The kernel's own count leaves out pages in the swap cache: those are in memory. */
static bool is_absent(const struct hostmem *h, uint32_t page)
{
	const enum hostmem_state state = hostmem_page_state(h, page);

	return state == HOSTMEM_SWAPPED || state == HOSTMEM_ABSENT;
}

static void compare_absent(struct run *run, const struct backtest_event *ev)
{
	struct backtest_absent *a = &run->out->absent;
	const struct backtest_window *w = &run->out->window;

	for (uint32_t i = 0; i < ev->npages; i++)
		run->absent_both += is_absent(run->memory, (uint32_t)(ev->first + i));
	run->absent_true += ev->npages;
	if (!ev->is_last)
		return;
	if (ev->ts_ns >= w->from_ns && ev->ts_ns < w->to_ns) {
		const struct hostmem_counts *c = hostmem_counts(run->memory);
		uint64_t ours = c->absent;
		for (int i = 0; i < HOSTMEM_TIERS; i++)
			ours += c->swapped[i];
		a->snapshots++;
		a->recall_sum_ppm += quantity_ratio_ppm(run->absent_both, run->absent_true);
		a->precision_sum_ppm += quantity_ratio_ppm(run->absent_both, ours);
		a->pages_true += run->absent_true;
		a->pages_predicted += ours;
	}
	run->absent_true = run->absent_both = 0;
}

static void tick_until(struct run *run, uint64_t now_ns)
{
	for (; run->next_tick_ns <= now_ns; run->next_tick_ns += tick_ns)
		hostmem_tick(run->memory, (struct ns){ run->next_tick_ns });
}

static void set_limit(struct run *run, const struct backtest_event *ev)
{
	if (!ev->is_squeeze)
		run->limit_pages = limit_of(run, ev->pages);
	hostmem_set_limit(run->memory, ev->is_squeeze && ev->pages ? ev->pages : run->limit_pages,
			  (struct ns){ ev->ts_ns });
}

static int replay(struct run *run, struct backtest_input *in, struct err *e)
{
	struct backtest_event ev;
	int rc;

	while ((rc = backtest_input_next(in, &ev, e)) > 0) {
		if (ev.ts_ns >= run->out->window.to_ns)
			return 0;
		tick_until(run, ev.ts_ns);
		if (ev.what == BACKTEST_LIMIT)
			set_limit(run, &ev);
		else if (ev.what == BACKTEST_SAMPLE)
			hostmem_flush_stats(run->memory, (struct ns){ ev.ts_ns });
		else if (ev.what == BACKTEST_SNAPSHOT)
			compare_absent(run, &ev);
		else
			rc = touch(run, &ev, e);
		if (rc < 0)
			return rc;
	}
	return rc;
}

static int score(struct backtest_result *out, struct err *e)
{
	int rc = 0;

	for (int i = 0; !rc && i < BACKTEST_CLASSES; i++)
		rc = backtest_score_init(&out->scores[i], &out->window, &out->truth[i],
					 &out->predicted[i], e);
	return rc;
}

int backtest_run(const struct backtest_recording *r, const struct backtest_config *c,
		 const struct hostmem_config *memory, struct backtest_result *out, struct err *e)
{
	struct run run = { .r = r, .out = out };
	struct backtest_input *in = NULL;

	*out = (struct backtest_result){};
	int rc = backtest_window_init(&out->window, r->from_ns, r->to_ns, c->interval_ns, e);
	if (!rc)
		rc = start(&run, memory, e);
	if (!rc)
		rc = backtest_input_open(r, c, &in, e);
	if (!rc)
		rc = replay(&run, in, e);
	if (!rc) {
		out->counts = *hostmem_counts(run.memory);
		rc = backtest_read_truth(r, out->truth, e);
	}
	if (!rc)
		rc = score(out, e);
	backtest_input_close(in);
	arena_deinit(&run.arena);
	if (rc)
		backtest_result_deinit(out);
	return rc;
}

void backtest_result_deinit(struct backtest_result *r)
{
	for (int i = 0; i < BACKTEST_CLASSES; i++) {
		backtest_score_deinit(&r->scores[i]);
		backtest_faults_deinit(&r->truth[i]);
		backtest_faults_deinit(&r->predicted[i]);
	}
}
