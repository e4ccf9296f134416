// SPDX-License-Identifier: MIT
/*
 * Designs as points, script reports/queries/score.gp: what they give back and
 * what that does to I/O. Designs on one spot share a label; labels are put where
 * they hide nothing, tried in a fixed order, so the same answer is the same
 * picture. Places are parts of the frame (0 to 1), for which text is measured by
 * its characters.
 */
#include "replay/score-plot.h"

#include "base/quantity.h"
#include "replay/nvme-report.h"
#include "replay/score-choice.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LABEL_BYTES = 160 };

/* In the order of the key. */
enum rank { ON_FRONT, BEATEN, UNSAFE, RANKS };
static const char *const rank_titles[RANKS] = {
	"safe, beaten by no other in all things",
	"safe, beaten",
	"not safe: over 10 I/O page faults in a second, or some fail",
};

/* as in the script */
static const unsigned colours[RANKS] = { 0x0060b0, 0x606060, 0xc04800 };

struct point {
	const struct score_result *result;
	enum rank rank;
	uint64_t back, cost; /* bytes; ns or faults */
	double x, y;         /* of the frame */
};

struct box {
	double left, right, low, high;
};

struct spot {
	char label[LABEL_BYTES];
	enum rank rank;
	double x, y;
	struct box at; /* of the label */
};

struct figure {
	const struct score_answer *answer;
	bool is_latency;
	struct point points[SCORE_DESIGNS_MAX];
	struct spot spots[SCORE_DESIGNS_MAX];
	struct box taken[4 * SCORE_DESIGNS_MAX + 2]; /* spots, labels, lines of the front */
	size_t npoints, nspots, ntaken;
	double back_most, cost_least, cost_most; /* the frame */
};

static void put_name(FILE *out, const char *name)
{
	for (const unsigned char *c = (const unsigned char *)name; *c; c++)
		putc(*c > ' ' && *c < 0x7f && !strchr("\"'$#", *c) ? *c : '_', out);
}

/* ---- points ---- */

static bool any_ran(const struct score_answer *a, enum score_part part)
{
	bool is_one = false;
	for (size_t i = 0; i < a->ndesigns; i++)
		is_one |= a->results[i].ran[SCORE_MEMORY] && a->results[i].ran[part];
	return is_one;
}

static void take_points(struct figure *f)
{
	const struct score_answer *a = f->answer;
	f->is_latency = any_ran(a, SCORE_NVME);
	for (size_t i = 0; i < a->ndesigns; i++) {
		const struct score_result *r = &a->results[i];
		if (!r->ran[SCORE_MEMORY] || (f->is_latency && !r->ran[SCORE_NVME]))
			continue;
		f->points[f->npoints++] = (struct point){
			.result = r,
			.rank = !score_is_safe(a, i) ? UNSAFE
				: r->is_pareto       ? ON_FRONT
						     : BEATEN,
			.back = r->memory.returned_bytes,
			.cost = f->is_latency ? r->nvme.ns[SCORE_QUANTILES - 1]
					      : r->memory.job.result.total.max_1s,
		};
	}
}

/* Whole decades, so that an axis of latencies has numbers. */
static void set_decades(struct figure *f, uint64_t least, uint64_t most)
{
	const double air = 1.2;
	f->cost_least = pow(10, floor(log10((double)(least ? least : 1) / air)));
	f->cost_most = pow(10, ceil(log10((double)(most ? most : 1) * air)));
}

/* Latencies by their logarithm, as they differ by orders; counts of faults begin at 0. */
static double cost_scale(const struct figure *f, double cost)
{
	return f->is_latency ? log10(cost > 1 ? cost : 1) : cost;
}

static void set_frame(struct figure *f)
{
	const double side = 0.08;
	uint64_t most = 0, least_cost = UINT64_MAX, most_cost = 0;
	for (size_t i = 0; i < f->npoints; i++) {
		const struct point *p = &f->points[i];
		most = p->back > most ? p->back : most;
		least_cost = p->cost < least_cost ? p->cost : least_cost;
		most_cost = p->cost > most_cost ? p->cost : most_cost;
	}
	f->back_most = most ? (double)most : (double)(1 << 20);
	f->cost_least = -side * (most_cost ? (double)most_cost : 10);
	f->cost_most = (1 + side) * (most_cost ? (double)most_cost : 10);
	if (f->is_latency)
		set_decades(f, least_cost, most_cost);
	const double low = cost_scale(f, f->cost_least), high = cost_scale(f, f->cost_most);
	for (size_t i = 0; i < f->npoints; i++) {
		struct point *p = &f->points[i];
		p->x = ((double)p->back / f->back_most + side) / (1 + 2 * side);
		p->y = (cost_scale(f, (double)p->cost) - low) / (high - low);
	}
}

/* ---- labels ---- */

static bool is_here(const struct point *p, const struct spot *s)
{
	const double near = 0.012;
	return p->rank == s->rank && fabs(p->x - s->x) < near && fabs(p->y - s->y) < near;
}

static void take_spots(struct figure *f)
{
	for (size_t i = 0; i < f->npoints; i++) {
		const struct point *p = &f->points[i];
		size_t k = 0;
		while (k < f->nspots && !is_here(p, &f->spots[k]))
			k++;
		struct spot *s = &f->spots[k];
		if (k == f->nspots) {
			*s = (struct spot){ .rank = p->rank, .x = p->x, .y = p->y };
			f->nspots++;
			f->taken[f->ntaken++] =
				(struct box){ p->x - .01, p->x + .01, p->y - .015, p->y + .015 };
		}
		const size_t used = strlen(s->label);
		snprintf(s->label + used, sizeof(s->label) - used, "%s%.40s", used ? ", " : "",
			 p->result->design->name);
	}
}

static bool is_free(const struct figure *f, const struct box *b)
{
	if (b->left < 0.005 || b->right > 0.995 || b->low < 0.01 || b->high > 0.99)
		return false;
	for (size_t i = 0; i < f->ntaken; i++) {
		const struct box *t = &f->taken[i];
		if (b->left < t->right && t->left < b->right && b->low < t->high &&
		    t->low < b->high)
			return false;
	}
	return true;
}

/* Beside the point, else above or below it; if all is taken, to the right. */
static struct box place(const struct figure *f, const struct spot *s)
{
	const double wide = 0.0105 * (double)strlen(s->label), half = 0.021, gap = 0.014;
	struct box b, first = {};
	for (int step = 0; step < 8; step++)
		for (int way = 0; way < 6; way++) {
			const double up = (way & 1 ? -1 : 1) * step * 1.05 * 2 * half;
			const double left = way < 2   ? s->x + gap
					    : way < 4 ? s->x - gap - wide
						      : s->x - wide / 2;
			b = (struct box){ left, left + wide, s->y + up - half, s->y + up + half };
			if (!step && !way)
				first = b;
			if (is_free(f, &b))
				return b;
		}
	return first;
}

static void put_labels(struct figure *f, struct plot *p)
{
	FILE *out = plot_data(p, "labels");
	for (size_t i = 0; i < f->nspots; i++) {
		const struct box b = place(f, &f->spots[i]);
		f->spots[i].at = b;
		f->taken[f->ntaken++] = b;
		fprintf(out, "%.4f %.4f \"", b.left, (b.low + b.high) / 2);
		for (const char *c = f->spots[i].label; *c; c++)
			putc(strchr("\"\\$#", *c) ? '_' : *c, out);
		fprintf(out, "\" %u\n", colours[f->spots[i].rank]);
	}
	plot_data_end(p);
}

/* From points to labels that are not beside them. */
static void put_leaders(const struct figure *f, struct plot *p)
{
	FILE *out = plot_data(p, "leaders");
	bool is_any = false;
	for (size_t i = 0; i < f->nspots; i++) {
		const struct spot *s = &f->spots[i];
		const double x = fmin(fmax(s->x, s->at.left), s->at.right);
		const double y = s->at.low > s->y ? s->at.low : s->at.high;
		if (s->at.low < s->y && s->at.high > s->y)
			continue;
		fprintf(out, "%.4f %.4f\n%.4f %.4f\n\n", s->x, s->y, x, y);
		is_any = true;
	}
	if (!is_any)
		fputs("NaN NaN\n", out);
	plot_data_end(p);
}

/* ---- data ---- */

static bool is_beaten_here(const struct figure *f, const struct point *p)
{
	for (size_t i = 0; i < f->npoints; i++) {
		const struct point *q = &f->points[i];
		if (q->rank != UNSAFE && q->back >= p->back && q->cost <= p->cost &&
		    (q->back > p->back || q->cost < p->cost))
			return true;
	}
	return false;
}

/* The next of the front to the right of so much given back; NULL: none. */
static const struct point *next_of_front(const struct figure *f, const struct point *last)
{
	const struct point *next = NULL;
	for (size_t i = 0; i < f->npoints; i++) {
		const struct point *p = &f->points[i];
		if (p->rank == UNSAFE || is_beaten_here(f, p) || (last && p->back <= last->back))
			continue;
		next = !next || p->back < next->back ? p : next;
	}
	return next;
}

/* No label on its lines. */
static void take_line(struct figure *f, double left, double right, double low, double high)
{
	f->taken[f->ntaken++] = (struct box){ left, right, low - .004, high + .004 };
}

/* Corners of the border of what safe designs beat. */
static bool put_front(struct figure *f, struct plot *p)
{
	const struct point *last = NULL, *x;
	FILE *out = plot_data(p, "front");
	while ((x = next_of_front(f, last))) {
		if (last)
			fprintf(out, "%" PRIu64 " %" PRIu64 "\n", last->back, x->cost);
		else
			fprintf(out, "%.0f %" PRIu64 "\n", -f->back_most, x->cost);
		fprintf(out, "%" PRIu64 " %" PRIu64 "\n", x->back, x->cost);
		take_line(f, last ? last->x : 0, x->x, x->y, x->y);
		if (last)
			take_line(f, last->x, last->x, last->y, x->y);
		last = x;
	}
	if (last) {
		fprintf(out, "%" PRIu64 " %.0f\n", last->back, f->cost_most);
		take_line(f, last->x, last->x, last->y, 1);
	} else {
		fputs("NaN NaN\n", out);
	}
	plot_data_end(p);
	return last;
}

static bool put_rank(const struct figure *f, FILE *out, enum rank rank)
{
	bool is_any = false;
	for (size_t i = 0; i < f->npoints; i++) {
		const struct point *x = &f->points[i];
		if (x->rank != rank)
			continue;
		fprintf(out, "%" PRIu64 " %" PRIu64 " ", x->back, x->cost);
		put_name(out, x->result->design->name);
		putc('\n', out);
		is_any = true;
	}
	return is_any;
}

static void put_points(const struct figure *f, struct plot *p)
{
	char variable[24];
	for (int rank = 0; rank < RANKS; rank++) {
		snprintf(variable, sizeof(variable), "points%d", rank);
		FILE *out = plot_data(p, variable);
		const bool is_any = put_rank(f, out, rank);
		if (!is_any)
			fputs("NaN NaN\n", out);
		plot_data_end(p);
		snprintf(variable, sizeof(variable), "title%d", rank);
		plot_set(p, variable, is_any ? rank_titles[rank] : "");
	}
}

static void set_real(struct plot *p, const char *variable, double v)
{
	char text[48];
	snprintf(text, sizeof(text), "%.3f", v);
	plot_set(p, variable, text);
}

/* How requests came, without which a tail says nothing; one that differs is told as such. */
static void set_words(const struct figure *f, const char *path, struct plot *p)
{
	const struct score_answer *a = f->answer;
	const struct score_result *best = score_best(a);
	const struct score_result *first = f->points[0].result;
	const char *slash = strrchr(path, '/');
	const struct nvme_load_text load = nvme_load_text(&first->design->nvme.config);
	char text[300];
	bool is_one = true;
	for (size_t i = 1; i < f->npoints && f->is_latency; i++)
		is_one &= !strcmp(load.s,
				  nvme_load_text(&f->points[i].result->design->nvme.config).s);
	snprintf(text, sizeof(text), "%.100s: %s", slash ? slash + 1 : path,
		 best && best->memory.returned_bytes ? best->design->name
						     : "no safe design gives memory back");
	if (best && best->memory.returned_bytes)
		strncat(text, " gives back most of those that are safe",
			sizeof(text) - strlen(text) - 1);
	plot_set(p, "title", text);
	if (!f->is_latency)
		snprintf(text, sizeof(text), "DMA at the times of the trace; no design has [nvme]");
	else if (!first->nvme.is_generated)
		snprintf(text, sizeof(text), "requests at the times of the trace (open arrivals)");
	else
		snprintf(text, sizeof(text), "generated requests: %s%s",
			 is_one ? load.s : "loads differ",
			 is_one && first->design->nvme.config.load.arrival == NVME_CLOSED
				 ? " (closed: hides stalls)"
				 : "");
	plot_set(p, "subtitle", text);
}

int score_plot(struct plot *p, const char *path, const struct score_answer *a, struct err *e)
{
	struct figure f = { .answer = a };
	take_points(&f);
	if (!f.npoints) {
		plot_abort(p);
		return err_set(e, ERR_UNUSABLE,
			       "nothing to plot: no design has [memory] and a trace "
			       "with dma rows");
	}
	set_frame(&f);
	take_spots(&f);
	set_words(&f, path, p);
	plot_set(p, "is_latency", f.is_latency ? "1" : "0");
	set_real(p, "back_most", f.back_most);
	set_real(p, "cost_least", f.cost_least);
	set_real(p, "cost_most", f.cost_most);
	put_points(&f, p);
	plot_set(p, "has_front", put_front(&f, p) ? "1" : "0");
	put_labels(&f, p);
	put_leaders(&f, p);
	return plot_end(p, e);
}
