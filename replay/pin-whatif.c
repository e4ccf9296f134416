// SPDX-License-Identifier: MIT
/* Closed forms where there are any (sim/block-tail.c), else simulations; rows, limits and a plot.
 */
#include "replay/pin-whatif.h"

#include "base/cleanup.h"
#include "base/units.h"
#include "replay/pin-consequence.h"
#include "sim/iopf.h"
#include "sim/swap.h"

#include <inttypes.h>
#include <stdio.h>

static const uint64_t usual_rise_ppm = PPM_PER_ONE / 10;

const char pin_whatif_script[] = "pin-whatif";

static bool has(const struct pin_whatif *w, enum pin_class k)
{
	return w->devices->ndevices[k];
}

/* ---- running ---- */

/* With time in the replay the swap device brings pages, so it does here. */
static int learn_blocked(struct pin_whatif *w, struct err *e)
{
	const struct pin_design *d = w->design;
	struct iopf_config c = *d->iopf;
	if (d->pin.faults == PIN_TIMED)
		c.stage[IOPF_RESOLVE] = d->swap->tier[d->memory.tier].read;
	const int rc = consequence_lone_fault(&c, w->seed, &w->blocked_points, e);
	return rc ? rc : quantile_init(&w->blocked, &w->blocked_points, &w->arena, e);
}

static int add_limit(struct pin_whatif *w, uint64_t ppm, uint64_t rise_ppm, struct err *e)
{
	struct pin_limit *l = &w->limits[w->nlimits++];
	*l = (struct pin_limit){ .ppm = ppm, .rise_ppm = rise_ppm };
	return block_limit_bracket(w->design->block, &w->blocked, ppm, rise_ppm, &l->bracket, e);
}

/* A limit in time is so much above what there is without faults. */
static int add_condition(struct pin_whatif *w, const struct pin_condition *c, struct err *e)
{
	const unsigned q = c->metric - PIN_GOAL_P50;
	const uint64_t base_ns = w->block[q].base_ns;
	if (c->is_rise)
		return add_limit(w, consequence_ppm[q], c->limit, e);
	if (c->limit >= base_ns)
		return add_limit(w, consequence_ppm[q], (uint64_t)pin_change_ppm(c->limit, base_ns),
				 e);
	w->limits[w->nlimits++] =
		(struct pin_limit){ .ppm = consequence_ppm[q], .is_broken = true };
	return 0;
}

static int run_block(struct pin_whatif *w, struct err *e)
{
	enum { P999 = 2, P9999 = 3 };
	const struct pin_goal *g = w->goal;
	w->block = arena_alloc(&w->arena, w->nrates * CONSEQUENCE_QUANTILES, sizeof(*w->block));
	if (!w->block)
		return err_set(e, ERR_NOMEM, "no memory for %zu rates", w->nrates);
	int rc = block_whatif(w->design->block, &w->blocked, w->rates, w->nrates, consequence_ppm,
			      CONSEQUENCE_QUANTILES, usual_rise_ppm, w->block, e);
	for (unsigned i = 0; g && i < g->n && !rc; i++)
		rc = add_condition(w, &g->conditions[i], e);
	if (!g && !rc)
		rc = add_limit(w, consequence_ppm[P999], usual_rise_ppm, e);
	if (!g && !rc)
		rc = add_limit(w, consequence_ppm[P9999], usual_rise_ppm, e);
	return rc;
}

static int run_nic(struct pin_whatif *w, struct err *e)
{
	w->nic = arena_alloc(&w->arena, w->nrates, sizeof(*w->nic));
	if (!w->nic)
		return err_set(e, ERR_NOMEM, "no memory for %zu rates", w->nrates);
	return nic_whatif(w->design->nic, &w->blocked, w->rates, w->nrates, w->seed, w->nic, e);
}

static int check_goal(const struct pin_whatif *w, struct err *e)
{
	for (unsigned i = 0; w->goal && i < w->goal->n; i++)
		if (w->goal->conditions[i].metric < PIN_GOAL_P50)
			return err_set(e, ERR_USAGE,
				       "--goal: with --fault-rate limits are of block.p50, p99, "
				       "p999 or p9999");
	if (w->goal && !has(w, PIN_BLOCK))
		return err_set(e, ERR_USAGE, "--goal: there is no block device to have a quantile");
	return 0;
}

int pin_whatif_run(struct pin_whatif *w, struct err *e)
{
	int rc = check_goal(w, e);
	if (!rc && !has(w, PIN_BLOCK) && !has(w, PIN_NIC))
		rc = err_set(e, ERR_UNUSABLE, "no NIC and no block device to have faults");
	if (!rc)
		rc = learn_blocked(w, e);
	if (!rc && has(w, PIN_BLOCK))
		rc = run_block(w, e);
	if (!rc && has(w, PIN_NIC))
		rc = run_nic(w, e);
	return rc;
}

/* ---- texts ---- */

struct text {
	char s[80];
};

/* "0.81/s", "41/day" */
static struct text rate_text(uint64_t per_day)
{
	const uint64_t day_s = 86400, hundredths = (per_day * 100 + day_s / 2) / day_s;
	struct text t;
	if (hundredths < 10)
		snprintf(t.s, sizeof(t.s), "%" PRIu64 "/day", per_day);
	else if (hundredths < 10000)
		snprintf(t.s, sizeof(t.s), "%" PRIu64 ".%02" PRIu64 "/s", hundredths / 100,
			 hundredths % 100);
	else
		snprintf(t.s, sizeof(t.s), "%s/s", quantity_count(hundredths / 100).s);
	return t;
}

static uint64_t per_day(struct rate r)
{
	const unsigned __int128 n = (unsigned __int128)r.count * 86400 * NS_PER_SEC;
	return (uint64_t)(n / r.per_ns);
}

/* "P99.9" */
static struct text quantile_text(uint64_t ppm)
{
	struct text t;
	uint64_t rest = ppm % 10000;
	int digits = 4;
	while (digits && !(rest % 10)) {
		rest /= 10;
		digits--;
	}
	if (digits)
		snprintf(t.s, sizeof(t.s), "P%" PRIu64 ".%0*" PRIu64, ppm / 10000, digits, rest);
	else
		snprintf(t.s, sizeof(t.s), "P%" PRIu64, ppm / 10000);
	return t;
}

/* The share of time in which a fault is open at that rate, if each blocks for itself. */
static uint64_t open_ppm(const struct pin_whatif *w, uint64_t faults_per_day)
{
	const unsigned __int128 open_ns =
		(unsigned __int128)faults_per_day * quantile_mean(&w->blocked);
	return (uint64_t)(open_ns * PPM_PER_ONE / (86400 * NS_PER_SEC));
}

static void show_limit(struct report *r, const struct pin_whatif *w, const struct pin_limit *l)
{
	enum { CROWDED_PPM = 100000 }; /* the device stands still for so much of the time */
	const struct text q = quantile_text(l->ppm);
	const struct block_bracket *b = &l->bracket;
	if (l->is_broken)
		report_text(r, "%s of block I/O is above the limit without any fault.", q.s);
	else if (!b->breaks_per_day)
		report_text(r,
			    "%s of block I/O never rises by more than %s: without faults it is "
			    "slower than a stall already.",
			    q.s, quantity_ppm(l->rise_ppm).s);
	else if (open_ppm(w, b->breaks_per_day) > CROWDED_PPM)
		report_text(r,
			    "%s of block I/O hides faults: without them it is slower than a stall "
			    "already. It rises by more than %s from %s on, when the device hardly "
			    "works.",
			    q.s, quantity_ppm(l->rise_ppm).s, rate_text(b->breaks_per_day).s);
	else
		report_text(r,
			    "%s of block I/O rises by more than %s from %s on (%s a day keep it, "
			    "%s do not).",
			    q.s, quantity_ppm(l->rise_ppm).s, rate_text(b->breaks_per_day).s,
			    quantity_count(b->keeps_per_day).s,
			    quantity_count(b->breaks_per_day).s);
}

static void show_head(struct report *r, const struct pin_whatif *w)
{
	const struct pin_design *d = w->design;
	for (size_t i = 0; i < w->nlimits; i++)
		show_limit(r, w, &w->limits[i]);
	report_text(r,
		    "A fault blocks for %s on average, P99 %s (backend %s, nobody else in line).",
		    quantity_ns(quantile_mean(&w->blocked)).s,
		    quantity_ns(quantile_at(&w->blocked, quantile_p_of_ppm(990000))).s,
		    iopf_backend_names[d->iopf->backend]);
	if (w->block)
		report_text(r, "Block I/O: %s, a fault stops the %s; faults are Poisson.",
			    pin_arrivals(d->block).s, block_scope_names[d->block->scope]);
	if (w->nic)
		report_text(
			r, "NIC: %s packets/s, a warm ring with %s free descriptors.",
			quantity_count(d->nic->packets.count * NS_PER_SEC / d->nic->packets.per_ns)
				.s,
			quantity_count(d->nic->free_descriptors).s);
}

/* ---- tables ---- */

static void show_block(struct report *r, const struct pin_whatif *w)
{
	static const struct report_column columns[] = {
		{ "faults", "faults", REPORT_TEXT, REPORT_ONLY_TABLE },
		{ "faults_per_day", NULL, REPORT_U64, REPORT_ONLY_JSON },
		{ "device_class", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
		{ "quantile", NULL, REPORT_TEXT, REPORT_ONLY_TABLE },
		{ "quantile_ppm", NULL, REPORT_U64, REPORT_ONLY_JSON },
		{ "base_ns", "without", REPORT_NS, 0 },
		{ "latency_ns", "latency", REPORT_NS, 0 },
		{ "change_ppm", "change", REPORT_CHANGE, 0 },
		{ "met_ppm", "meet a stall", REPORT_PPM, 0 },
		{ "verdict", NULL, REPORT_TEXT, 0 },
	};
	report_table(r, "rows", NULL, columns, sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; w->block && i < w->nrates * CONSEQUENCE_QUANTILES; i++) {
		const struct block_whatif *b = &w->block[i];
		report_row(r, (struct report_value[]){
				      REPORT_S(rate_text(per_day(b->faults)).s),
				      REPORT_U(per_day(b->faults)),
				      REPORT_S("block"),
				      REPORT_S(quantile_text(b->ppm).s),
				      REPORT_U(b->ppm),
				      REPORT_U(b->base_ns),
				      REPORT_U(b->ns),
				      REPORT_I(b->change_ppm),
				      REPORT_U(b->met_ppm),
				      REPORT_S(block_verdict_text(b->verdict)),
			      });
	}
}

static void show_nic(struct report *r, const struct pin_whatif *w)
{
	static const struct report_column columns[] = {
		{ "faults", "faults", REPORT_TEXT, REPORT_ONLY_TABLE },
		{ "faults_per_day", NULL, REPORT_U64, REPORT_ONLY_JSON },
		{ "gap_ns", "longest gap", REPORT_NS, 0 },
		{ "stall_ns", "longest stall", REPORT_NS, 0 },
		{ "closed_ns_per_day", "closed a day", REPORT_NS, 0 },
		{ "drops_per_day", "drops a day", REPORT_U64, 0 },
		{ "delayed_per_day", "flows delayed", REPORT_U64, 0 },
		{ "fast_per_day", "fast", REPORT_U64, 0 },
		{ "tlp_per_day", "probe", REPORT_U64, 0 },
		{ "rto_per_day", "RTO", REPORT_U64, 0 },
		{ "syn_per_day", "SYN", REPORT_U64, 0 },
	};
	report_table(r, "nic", w->block ? "NIC" : NULL, columns,
		     sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; w->nic && i < w->nrates; i++) {
		const struct nic_whatif *n = &w->nic[i];
		report_row(r, (struct report_value[]){
				      REPORT_S(rate_text(per_day(n->faults)).s),
				      REPORT_U(per_day(n->faults)),
				      REPORT_U(n->longest_gap_ns),
				      REPORT_U(n->longest_stall_ns),
				      REPORT_U(n->closed_ns_per_day),
				      REPORT_U(n->drops_per_day),
				      REPORT_U(n->flows_per_day[NIC_DELAYED]),
				      REPORT_U(n->flows_per_day[NIC_FAST]),
				      REPORT_U(n->flows_per_day[NIC_PROBE]),
				      REPORT_U(n->flows_per_day[NIC_RTO]),
				      REPORT_U(n->flows_per_day[NIC_SYN]),
			      });
	}
}

static void show_limits(struct report *r, const struct pin_whatif *w)
{
	static const struct report_column columns[] = {
		{ "quantile_ppm", NULL, REPORT_U64, 0 },
		{ "rise_ppm", NULL, REPORT_U64, 0 },
		{ "is_broken_without_faults", NULL, REPORT_BOOL, 0 },
		{ "keeps_per_day", NULL, REPORT_U64, 0 },
		{ "breaks_per_day", NULL, REPORT_U64, 0 },
	};
	report_table(r, "limits", NULL, columns, sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; i < w->nlimits; i++) {
		const struct pin_limit *l = &w->limits[i];
		const struct block_bracket *b = &l->bracket;
		report_row(r,
			   (struct report_value[]){
				   REPORT_U(l->ppm),
				   REPORT_U(l->rise_ppm),
				   REPORT_B(l->is_broken),
				   b->breaks_per_day ? REPORT_U(b->keeps_per_day) : REPORT_NULL(),
				   b->breaks_per_day ? REPORT_U(b->breaks_per_day) : REPORT_NULL(),
			   });
	}
}

static bool is_kept(const struct pin_whatif *w)
{
	uint64_t most = 0;
	bool is_broken = false;
	for (size_t i = 0; i < w->nrates; i++)
		most = per_day(w->rates[i]) > most ? per_day(w->rates[i]) : most;
	for (size_t i = 0; i < w->nlimits; i++) {
		const struct pin_limit *l = &w->limits[i];
		is_broken |= l->is_broken ||
			     (l->bracket.breaks_per_day && most >= l->bracket.breaks_per_day);
	}
	return !is_broken;
}

bool pin_whatif_report(struct report *r, const struct pin_whatif *w, bool is_json)
{
	if (is_json) {
		report_member_text(r, "arrivals", block_arrival_names[w->design->block->arrivals]);
		report_member_text(r, "backend", iopf_backend_names[w->design->iopf->backend]);
		report_member_u64(r, "blocked_mean_ns", quantile_mean(&w->blocked));
		show_limits(r, w);
	}
	show_head(r, w);
	if (w->block || is_json)
		show_block(r, w);
	if (w->nic || is_json)
		show_nic(r, w);
	return is_kept(w);
}

/* ---- the plot ---- */

int pin_whatif_plot(struct plot *p, const struct pin_whatif *w, struct err *e)
{
	char text[200];
	snprintf(text, sizeof(text), "block I/O behind faults: %s, backend %s",
		 pin_arrivals(w->design->block).s, iopf_backend_names[w->design->iopf->backend]);
	plot_set(p, "title", text);
	FILE *out = plot_data(p, "data");
	for (size_t i = 0; w->block && i < w->nrates; i++) {
		const struct block_whatif *b = &w->block[i * CONSEQUENCE_QUANTILES];
		const uint64_t milli = per_day(b->faults) * 1000 / 86400;
		fprintf(out, "%" PRIu64 ".%03" PRIu64, milli / 1000, milli % 1000);
		for (unsigned q = 0; q < CONSEQUENCE_QUANTILES; q++)
			fprintf(out, " %" PRIu64, b[q].ns / NS_PER_US);
		putc('\n', out);
	}
	plot_data_end(p);
	return plot_end(p, e);
}
