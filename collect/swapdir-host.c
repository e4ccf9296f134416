// SPDX-License-Identifier: MIT
/*
 * host.csv of a swap recording: samples of the limit and of what the guest's
 * memory group used. They become three meta texts of the trace: limit_steps,
 * squeezes, and host_samples, the times of the samples themselves, as reading a
 * group's statistics makes the kernel bring them up to date.
 *
 * A sample that finds a new limit is late by up to the time between two. The
 * recorder's programme is known: the first step has a mark, the others follow
 * at an even pace, and one pace after the last comes the mark that the limit is
 * reached. Where a pace exists that puts every step between its two samples,
 * steps are put there; else in the middle between the samples.
 */
#include "collect/swapdir.h"

#include "base/cleanup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SQUEEZE_PAGES = 256, /* 1 MiB: far above what reclaim for the guest frees at once (32) */
	PACED_MAX = 1000,    /* steps; every two of them are compared */
};

/* A step happened after one sample and not after the next. */
struct step {
	uint64_t after_ns, until_ns, at_ns, pages;
};

struct swapdir_host {
	const struct swapdir_meta *meta;
	uint64_t *samples_ns;
	struct step *steps;
	size_t nsamples, nsteps;
	FILE *squeezes; /* JSON so far */
	char *squeezes_text;
	size_t squeezes_bytes, nsqueezes;
	uint64_t limit_pages, usage_pages; /* of the last sample */
};

int swapdir_host_new(const struct swapdir_meta *meta, struct swapdir_host **out, struct err *e)
{
	struct swapdir_host *h = calloc(1, sizeof(*h));
	if (h)
		h->squeezes = open_memstream(&h->squeezes_text, &h->squeezes_bytes);
	if (!h || !h->squeezes) {
		free(h);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	h->meta = meta;
	putc('[', h->squeezes);
	*out = h;
	return 0;
}

void swapdir_host_free(struct swapdir_host *h)
{
	if (!h)
		return;
	if (h->squeezes)
		fclose(h->squeezes);
	free(h->squeezes_text);
	free(h->samples_ns);
	free(h->steps);
	free(h);
}

static uint64_t relative(const struct swapdir_host *h, uint64_t t_ns)
{
	return t_ns > h->meta->epoch0_ns ? t_ns - h->meta->epoch0_ns : 0;
}

/* ---- samples ---- */

/*
 * The guest's use fell well below a limit that did not change: other memory of
 * its group (the emulator's) took the place for a moment. Its use after that is
 * as low as the limit was for it.
 */
static void note_squeeze(struct swapdir_host *h, const struct step *here, uint64_t usage_pages)
{
	const bool is_below = usage_pages + SQUEEZE_PAGES <= here->pages;
	const bool has_fallen = usage_pages + SQUEEZE_PAGES <= h->usage_pages;

	if (here->pages == h->limit_pages && is_below && has_fallen)
		fprintf(h->squeezes, "%s[%" PRIu64 ",%" PRIu64 "]", h->nsqueezes++ ? "," : "",
			relative(h, here->at_ns), usage_pages ? usage_pages : 1);
	h->usage_pages = usage_pages;
}

static int append(void **list, size_t *n, size_t bytes, const void *item, struct err *e)
{
	/* doubled whenever it is full, so that it always holds a power of two */
	if (!(*n & (*n - 1))) {
		void *grown = reallocarray(*list, *n ? 2 * *n : 1, bytes);
		if (!grown)
			return err_set(e, ERR_NOMEM, "no memory for %zu samples of the host", *n);
		*list = grown;
	}
	memcpy((char *)*list + (*n)++ * bytes, item, bytes);
	return 0;
}

int swapdir_host_add(struct swapdir_host *h, uint64_t t_ns, uint64_t limit_pages,
		     uint64_t usage_pages, struct err *e)
{
	uint64_t last_ns = h->nsamples ? h->samples_ns[h->nsamples - 1] : t_ns;
	if (last_ns > t_ns) /* before the trace begins order is not checked */
		last_ns = t_ns;
	const struct step here = { last_ns, t_ns, last_ns + (t_ns - last_ns) / 2, limit_pages };

	note_squeeze(h, &here, usage_pages);
	int rc = append((void **)&h->samples_ns, &h->nsamples, sizeof(t_ns), &t_ns, e);
	if (!rc && limit_pages != h->limit_pages)
		rc = append((void **)&h->steps, &h->nsteps, sizeof(here), &here, e);
	h->limit_pages = limit_pages;
	return rc;
}

/* ---- the time of steps ---- */

/* Signed, as times count from an unknown start. */
static int64_t between(uint64_t a, uint64_t b)
{
	return (int64_t)(b - a);
}

static int64_t greatest(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/*
 * Of n steps and the mark one pace after them: the range of paces that leaves
 * each in its window. Two windows k paces apart bound it on either side, and
 * what satisfies every two satisfies all.
 */
static bool find_pace(const struct step *s, size_t n, uint64_t end_ns, int64_t *pace_out)
{
	int64_t low = 1, high = INT64_MAX;

	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k <= n; k++) {
			const uint64_t after = k < n ? s[k].after_ns : end_ns;
			const uint64_t until = k < n ? s[k].until_ns : end_ns;
			const int64_t paces = (int64_t)(k - i);
			low = greatest(low, between(s[i].until_ns, after) / paces);
			high = least(high, between(s[i].after_ns, until) / paces);
		}
	if (low > high)
		return false;
	*pace_out = low + (high - low) / 2;
	return true;
}

static void space_evenly(struct step *s, size_t n, uint64_t end_ns)
{
	int64_t pace;

	if (n < 2 || n > PACED_MAX || end_ns <= s[n - 1].after_ns ||
	    !find_pace(s, n, end_ns, &pace))
		return;
	for (size_t i = 0; i < n; i++)
		s[i].at_ns = end_ns - (n - i) * (uint64_t)pace;
}

static void place_steps(struct swapdir_host *h)
{
	const struct swapdir_meta *meta = h->meta;

	for (size_t i = 0; i < h->nsteps; i++) {
		struct step *s = &h->steps[i];
		if (meta->first_step_ns <= s->after_ns || meta->first_step_ns > s->until_ns)
			continue;
		s->at_ns = meta->first_step_ns;
		/* the steps of the programme only: what came later has its own reasons */
		size_t n = 0;
		while (i + 1 + n < h->nsteps && s[1 + n].after_ns < meta->reached_ns)
			n++;
		space_evenly(s + 1, n, meta->reached_ns);
		return;
	}
}

/* ---- the meta texts ---- */

static int put_steps(struct swapdir_host *h, struct import *im, struct err *e)
{
	_free_ char *text = NULL;
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);
	if (!f)
		return err_set(e, ERR_NOMEM, "out of memory");
	place_steps(h);
	putc('[', f);
	for (size_t i = 0; i < h->nsteps; i++)
		fprintf(f, "%s[%" PRIu64 ",%" PRIu64 "]", i ? "," : "",
			relative(h, h->steps[i].at_ns), h->steps[i].pages);
	putc(']', f);
	if (fclose(f))
		return err_set(e, ERR_NOMEM, "out of memory");
	return trace_writer_meta(im->w, "limit_steps", text, e);
}

static int put_samples(const struct swapdir_host *h, struct import *im, struct err *e)
{
	_free_ char *text = NULL;
	size_t bytes, n = 0;
	FILE *f = open_memstream(&text, &bytes);
	if (!f)
		return err_set(e, ERR_NOMEM, "out of memory");
	putc('[', f);
	for (size_t i = 0; i < h->nsamples; i++)
		if (h->samples_ns[i] >= h->meta->epoch0_ns)
			fprintf(f, "%s%" PRIu64, n++ ? "," : "", relative(h, h->samples_ns[i]));
	putc(']', f);
	if (fclose(f))
		return err_set(e, ERR_NOMEM, "out of memory");
	return trace_writer_meta(im->w, "host_samples", text, e);
}

int swapdir_host_put(struct swapdir_host *h, struct import *im, struct err *e)
{
	putc(']', h->squeezes);
	FILE *f = h->squeezes;
	h->squeezes = NULL;
	int rc = fclose(f) ? err_set(e, ERR_NOMEM, "out of memory") : 0;
	if (!rc)
		rc = trace_writer_meta(im->w, "squeezes", h->squeezes_text, e);
	if (!rc)
		rc = put_steps(h, im, e);
	return rc ? rc : put_samples(h, im, e);
}
