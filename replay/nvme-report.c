// SPDX-License-Identifier: MIT
/*
 * Screens and rows of `pugmark nvme`. For people: the verdict, how requests
 * come, a row a point, where the time goes, what is guessed. For programs: a row
 * for each point and VM, the stages, the host's cores, and the audited stations.
 */
#include "replay/nvme-report.h"

#include "base/cleanup.h"
#include "base/sha256.h"
#include "base/units.h"

#include <stdio.h>
#include <string.h>

/* ---- texts ---- */

struct nvme_load_text nvme_load_text(const struct nvme_config *c)
{
	const struct nvme_load_config *l = &c->load;
	struct nvme_load_text t;
	char vms[32] = "";

	if (l->vms > 1)
		snprintf(vms, sizeof(vms), " x %llu VMs", (unsigned long long)l->vms);
	switch ((enum nvme_arrival)l->arrival) {
	case NVME_CLOSED:
		snprintf(t.s, sizeof(t.s), "QD %llu x %llu%s", (unsigned long long)l->depth,
			 (unsigned long long)l->jobs, vms);
		break;
	case NVME_POISSON:
	case NVME_FIXED:
		snprintf(t.s, sizeof(t.s), "%s %s/s%s",
			 l->arrival == NVME_POISSON ? "Poisson" : "every",
			 quantity_count(l->rate.count * NS_PER_SEC / l->rate.per_ns).s, vms);
		break;
	case NVME_TRACE:
		snprintf(t.s, sizeof(t.s), "trace times%s", vms);
		break;
	}
	return t;
}

struct text {
	char s[64];
};

static struct text decimal(uint64_t ppm)
{
	struct text t;
	const uint64_t hundredths = (ppm + 5000) / 10000;
	snprintf(t.s, sizeof(t.s), "%llu.%02llu", (unsigned long long)(hundredths / 100),
		 (unsigned long long)(hundredths % 100));
	return t;
}

static uint64_t iops(const struct nvme_point *p)
{
	return (nvme_milli_iops(nvme_total(&p->result)) + 500) / 1000;
}

static uint64_t quantile(const struct nvme_vm_result *v, uint64_t ppm)
{
	return hist_percentile(&v->latency, ppm);
}

/* Per request, rounded. */
static uint64_t each(uint64_t sum, uint64_t n)
{
	return n ? (uint64_t)(((__uint128_t)sum + n / 2) / n) : 0;
}

uint64_t nvme_completed(const struct nvme_result *r, const struct nvme_vm_result *v)
{
	const uint64_t all = nvme_total(r)->requests;
	return all ? (uint64_t)((__uint128_t)r->completed * v->requests / all) : 0;
}

static uint64_t lost_to_exits_ns(const struct nvme_vm_result *v)
{
	return v->guest_direct_ns + v->guest_indirect_ns + v->guest_sync_ns;
}

/* ---- the verdict ---- */

static void say_one(struct report *r, const struct nvme_point *p)
{
	const struct nvme_vm_result *v = nvme_total(&p->result);
	const struct nvme_host_cpu cpu = nvme_host_cpu(&p->result);
	uint64_t use;
	const struct nvme_audit_result *most = nvme_bottleneck(&p->result, &use);

	report_text(r,
		    "%s: %s requests/s, mean %s, P99 %s; nearest to its limit: %s (%s busy); "
		    "host %s cores busy, %s spinning.",
		    p->label, quantity_count(iops(p)).s, quantity_ns(hist_mean(&v->latency)).s,
		    quantity_ns(quantile(v, 990000)).s, most ? most->name : "nothing",
		    quantity_ppm(use).s, decimal(cpu.busy_ppm).s, decimal(cpu.spin_ppm).s);
}

/* Points that are compared: those under the last load, one a design; else all of one design. */
struct rivals {
	size_t first, step;
};

static struct rivals find_rivals(const struct nvme_answer *a)
{
	size_t length;
	const size_t series = nvme_series(a, &length);
	return series ? (struct rivals){ length - 1, length } : (struct rivals){ 0, 1 };
}

/* Who stands where among the rivals. */
struct ranking {
	const struct nvme_point *first, *most, *quick, *cheap;
	size_t n, alike,
		quick_alike; /* rivals; within 1 % of the most requests, of the least P99 */
	bool is_open;        /* all of them open loads */
};

enum { ALIKE_PPM = 10000 };

static uint64_t p99(const struct nvme_point *p)
{
	return quantile(nvme_total(&p->result), 990000);
}

static bool is_alike(const struct nvme_point *p, const struct nvme_point *most)
{
	return quantity_ratio_ppm(iops(p), iops(most)) >= PPM_PER_ONE - ALIKE_PPM;
}

static struct ranking rank(const struct nvme_answer *a, struct rivals rivals)
{
	const struct nvme_point *first = &a->points[rivals.first];
	struct ranking k = { .first = first, .most = first, .quick = first, .cheap = first };

	k.is_open = true;
	for (size_t i = rivals.first; i < a->n; i += rivals.step) {
		const struct nvme_point *p = &a->points[i];
		k.n++;
		k.most = iops(p) > iops(k.most) ? p : k.most;
		k.quick = p99(p) < p99(k.quick) ? p : k.quick;
		k.cheap = nvme_cpu_each_ns(&p->result) < nvme_cpu_each_ns(&k.cheap->result)
				  ? p
				  : k.cheap;
		k.is_open &= p->design.config.load.arrival != NVME_CLOSED;
	}
	for (size_t i = rivals.first; i < a->n; i += rivals.step) {
		k.alike += is_alike(&a->points[i], k.most);
		k.quick_alike += quantity_ratio_ppm(p99(&a->points[i]), p99(k.quick)) <=
				 PPM_PER_ONE + ALIKE_PPM;
	}
	return k;
}

static uint64_t cores_ppm(const struct nvme_point *p)
{
	const struct nvme_host_cpu cpu = nvme_host_cpu(&p->result);
	return cpu.busy_ppm + cpu.spin_ppm;
}

enum { NAMED_MAX = 6 };

/* "a 0.00, b 1.24": the rivals alike and the host cores each takes, few first. */
static void list_alike(const struct nvme_answer *a, struct rivals rivals, const struct ranking *k,
		       char *out, size_t bytes)
{
	const struct nvme_point *named[NAMED_MAX];
	size_t n = 0, used = 0;

	for (size_t i = rivals.first; i < a->n; i += rivals.step) {
		const struct nvme_point *p = &a->points[i];
		size_t at = n;
		if (!is_alike(p, k->most))
			continue;
		for (; at && cores_ppm(named[at - 1]) > cores_ppm(p); at--)
			if (at < NAMED_MAX)
				named[at] = named[at - 1];
		if (at < NAMED_MAX)
			named[at] = p;
		n += n < NAMED_MAX;
	}
	for (size_t i = 0; i < n && used < bytes; i++)
		used += (size_t)snprintf(out + used, bytes - used, "%s%.40s %s", i ? ", " : "",
					 named[i]->label, decimal(cores_ppm(named[i])).s);
	if (n < k->alike && used < bytes)
		snprintf(out + used, bytes - used, " and %zu more", k->alike - n);
}

struct verdict_text {
	char s[600];
};

/* What the rate says; no winner where there is none. */
static struct verdict_text rate_text(const struct nvme_answer *a, struct rivals rivals,
				     const struct ranking *k)
{
	const struct quantity_text most = quantity_count(iops(k->most));
	char list[NAMED_MAX * 64] = "", more[100] = "";
	struct verdict_text t;

	if (k->alike > 1)
		list_alike(a, rivals, k, list, sizeof(list));
	if (k->most != k->first && rivals.step > 1)
		snprintf(more, sizeof(more), " (%s of %.40s's)",
			 quantity_ppm(quantity_ratio_ppm(iops(k->most), iops(k->first))).s,
			 k->first->label);
	if (k->is_open && k->alike == k->n)
		snprintf(t.s, sizeof(t.s),
			 "All serve what comes, %s/s; they differ in latency and host cores: %s",
			 most.s, list);
	else if (k->alike > 1)
		snprintf(
			t.s, sizeof(t.s),
			"Most requests: %zu alike within 1 %%, %s/s; they differ in host cores: %s",
			k->alike, most.s, list);
	else
		snprintf(t.s, sizeof(t.s), "Most requests: %.40s, %s/s%s", k->most->label, most.s,
			 more);
	return t;
}

static void say_best(struct report *r, const struct nvme_answer *a)
{
	const struct rivals rivals = find_rivals(a);
	const struct ranking k = rank(a, rivals);
	const struct nvme_load_text load = nvme_load_text(&k.first->design.config);
	const struct quantity_text quick = quantity_ns(p99(k.quick));
	char at[100] = "", least[80];

	if (rivals.step > 1 || !strcmp(nvme_load_text(&k.most->design.config).s, load.s))
		snprintf(at, sizeof(at), "At %s: ", load.s);
	if (k.quick_alike > 1)
		snprintf(least, sizeof(least), "%zu alike within 1 %%, %s", k.quick_alike, quick.s);
	else
		snprintf(least, sizeof(least), "%.40s, %s", k.quick->label, quick.s);
	report_text(r, "%s%s.  Least P99: %s.  Least CPU: %s, %s a request on host and guest.", at,
		    rate_text(a, rivals, &k).s, least, k.cheap->label,
		    quantity_ns(nvme_cpu_each_ns(&k.cheap->result)).s);
}

/* One design under several loads. */
static void say_sweep(struct report *r, const struct nvme_answer *a)
{
	const struct nvme_point *first = a->points, *last = &a->points[a->n - 1], *most = first;

	for (size_t i = 1; i < a->n; i++)
		most = iops(&a->points[i]) > iops(most) ? &a->points[i] : most;
	report_text(
		r, "%s: from %s/s, mean %s to %s/s, mean %s; most requests: %s/s at %s, blocks %s.",
		first->label, quantity_count(iops(first)).s,
		quantity_ns(hist_mean(&nvme_total(&first->result)->latency)).s,
		quantity_count(iops(last)).s,
		quantity_ns(hist_mean(&nvme_total(&last->result)->latency)).s,
		quantity_count(iops(most)).s, nvme_load_text(&most->design.config).s,
		most->design.config.load.blocks);
}

static void say_verdict(struct report *r, const struct nvme_answer *a)
{
	if (a->n == 1)
		say_one(r, a->points);
	else if (!strcmp(a->points[0].label, a->points[a->n - 1].label))
		say_sweep(r, a);
	else
		say_best(r, a);
}

static void say_arrivals(struct report *r, const struct nvme_answer *a)
{
	static const char *const meaning[] = {
		"a request waits for a completion, so slow paths are asked less and stalls hide",
		"requests come at random whatever the path does",
		"requests come at equal distances whatever the path does",
		"requests come when they came, whatever the path does",
	};
	const struct nvme_load_config *l = &a->points->design.config.load;

	report_text(r, "Load: %s: %s. %s of %s, %s reads; %s requests, the first %s not counted.",
		    nvme_arrival_names[l->arrival], meaning[l->arrival],
		    a->trace ? "Requests" : "Blocks", a->trace ? a->trace : l->blocks,
		    a->trace ? "recorded" : quantity_ppm(l->read_ppm).s,
		    quantity_count(a->points->result.completed).s, quantity_ppm(l->warmup_ppm).s);
	if (a->facts && a->facts->others + a->facts->empty)
		report_text(r, "Left out: %s rows that neither read nor write, %s without length.",
			    quantity_count(a->facts->others).s, quantity_count(a->facts->empty).s);
	if (a->facts && a->facts->without_lba)
		report_text(r, "%s requests tell no address: theirs are drawn.",
			    quantity_count(a->facts->without_lba).s);
	if (a->facts && a->facts->backwards)
		report_text(r, "%s rows lie before the row above: they come together with it.",
			    quantity_count(a->facts->backwards).s);
	if (a->doubt)
		report_text(r, "CHECK THE UNIT: %s.", a->doubt);
}

/* ---- a row a point ---- */

static const struct report_column point_columns[] = {
	{ "design", NULL, REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "load", NULL, REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "iops", "requests/s", REPORT_U64, REPORT_ONLY_TABLE },
	{ "mean", NULL, REPORT_NS, REPORT_ONLY_TABLE },
	{ "p99", "P99", REPORT_NS, REPORT_ONLY_TABLE },
	{ "p9999", "P99.99", REPORT_NS, REPORT_ONLY_TABLE },
	{ "host_busy", "host busy", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "host_spin", "spin", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "guest", "guest CPU/req", REPORT_NS, REPORT_ONLY_TABLE },
	{ "guest_lost", "of it exits", REPORT_NS, REPORT_ONLY_TABLE },
	{ "exits", "exits/req", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "irqs", "irqs/req", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "blocks", NULL, REPORT_TEXT, REPORT_ONLY_TABLE },
};

static void show_point(struct report *r, const struct nvme_point *p)
{
	const struct nvme_vm_result *v = nvme_total(&p->result);
	const struct nvme_host_cpu cpu = nvme_host_cpu(&p->result);
	const uint64_t n = nvme_completed(&p->result, v);
	const uint64_t lost = lost_to_exits_ns(v);

	report_row(r, (struct report_value[]){
			      REPORT_S(p->label), REPORT_S(nvme_load_text(&p->design.config).s),
			      REPORT_U(iops(p)), REPORT_U(hist_mean(&v->latency)),
			      REPORT_U(quantile(v, 990000)), REPORT_U(quantile(v, 999900)),
			      REPORT_S(decimal(cpu.busy_ppm).s), REPORT_S(decimal(cpu.spin_ppm).s),
			      REPORT_U(each(v->guest_busy_ns + v->guest_spin_ns + lost, n)),
			      REPORT_U(each(lost, n)),
			      REPORT_S(decimal(quantity_ratio_ppm(v->exits, n)).s),
			      REPORT_S(decimal(quantity_ratio_ppm(v->irqs, n)).s),
			      REPORT_S(p->design.config.load.blocks) });
}

/* The fewest counted requests of a point: few have no far quantiles. */
static void say_few(struct report *r, const struct nvme_answer *a)
{
	static const struct {
		uint64_t below;
		const char *quantile;
	} far[] = { { 100, "P99" }, { 1000, "P99.9" }, { 10000, "P99.99" } };
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < a->n; i++) {
		const uint64_t n = nvme_total(&a->points[i].result)->requests;
		least = n < least ? n : least;
	}
	for (size_t i = 0; i < sizeof(far) / sizeof(*far); i++)
		if (least < far[i].below) {
			report_text(r, "%s requests counted: %s and beyond are the maximum.",
				    quantity_count(least).s, far[i].quantile);
			return;
		}
}

/* The blocks only where they differ. */
static void show_points(struct report *r, const struct nvme_answer *a)
{
	const unsigned all = sizeof(point_columns) / sizeof(*point_columns);

	report_table(r, "rows", "Cores are of the host, guest CPU is of the VM", point_columns,
		     a->axis == NVME_AXIS_BLOCK ? all : all - 1);
	for (size_t i = 0; i < a->n; i++)
		show_point(r, &a->points[i]);
	say_few(r, a);
}

/* ---- where the time goes ---- */

enum { STAGE_POINTS_MAX = 16, GROUPS = 7 };

/* Stages that a screen shows together; every stage is in one. */
static const struct {
	const char *name;
	uint32_t stages;
} groups[GROUPS] = {
	{ "guest", 1U << NVME_GUEST_SUBMIT | 1U << NVME_GUEST_COMPLETE },
	{ "queue, doorbell", 1U << NVME_SOURCE | 1U << NVME_SQ | 1U << NVME_DOORBELL },
	{ "host on the way",
	  1U << NVME_PICKUP | 1U << NVME_WORKER | 1U << NVME_TRANSLATE | 1U << NVME_EMULATION },
	{ "drive waits", 1U << NVME_IOPF | 1U << NVME_DEVICE_WAIT | 1U << NVME_LINK_WAIT },
	{ "drive, link", 1U << NVME_DEVICE | 1U << NVME_LINK },
	{ "host back", 1U << NVME_REAP_WAIT | 1U << NVME_REAP },
	{ "notify", 1U << NVME_NOTIFY },
};

static uint64_t sum_of(const struct nvme_vm_result *v, uint32_t stages)
{
	uint64_t sum = 0;
	for (unsigned s = 0; s < NVME_STAGES; s++)
		sum += stages >> s & 1 ? v->stage_ns[s] : 0;
	return sum;
}

static void show_stages(struct report *r, const struct nvme_answer *a)
{
	struct report_column columns[GROUPS + 3] = {
		{ "design", NULL, REPORT_TEXT, REPORT_ONLY_TABLE },
		{ "load", NULL, REPORT_TEXT, REPORT_ONLY_TABLE },
	};
	for (unsigned g = 0; g < GROUPS; g++)
		columns[g + 2] = (struct report_column){ groups[g].name, NULL, REPORT_NS,
							 REPORT_ONLY_TABLE };
	columns[GROUPS + 2] =
		(struct report_column){ "mean", "= mean", REPORT_NS, REPORT_ONLY_TABLE };
	report_table(r, "stages", "Where the time of a request goes, mean", columns, GROUPS + 3);
	for (size_t i = 0; i < a->n && i < STAGE_POINTS_MAX; i++) {
		const struct nvme_point *p = &a->points[i];
		const struct nvme_vm_result *v = nvme_total(&p->result);
		const struct nvme_load_text load = nvme_load_text(&p->design.config);
		struct report_value values[GROUPS + 3] = { REPORT_S(p->label), REPORT_S(load.s) };
		for (unsigned g = 0; g < GROUPS; g++)
			values[g + 2] = REPORT_U(each(sum_of(v, groups[g].stages), v->requests));
		values[GROUPS + 2] = REPORT_U(hist_mean(&v->latency));
		report_row(r, values);
	}
}

/* ---- fairness ---- */

/* Jain's index: 1 when all are equal, 1/n when one has all. */
static uint64_t jain_ppm(const struct nvme_result *r)
{
	__uint128_t sum = 0, squares = 0;

	for (uint32_t i = 0; i < r->nvms; i++) {
		sum += r->vms[i].requests;
		squares += (__uint128_t)r->vms[i].requests * r->vms[i].requests;
	}
	return squares ? (uint64_t)(sum * sum * PPM_PER_ONE / (squares * r->nvms)) : 0;
}

static const struct report_column fairness_columns[] = {
	{ "design", NULL, REPORT_TEXT, 0 },
	{ "point", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "load", NULL, REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "vms", "VMs", REPORT_U64, 0 },
	{ "equal_ppm", "equal share", REPORT_PPM, 0 },
	{ "least_ppm", "least", REPORT_PPM, 0 },
	{ "most_ppm", "most", REPORT_PPM, 0 },
	{ "jain_ppm", "Jain's index", REPORT_PPM, 0 },
	{ "least_p99_ns", "least P99", REPORT_NS, 0 },
	{ "most_p99_ns", "most P99", REPORT_NS, 0 },
};

static void show_fairness(struct report *r, const struct nvme_answer *a, bool is_json)
{
	bool is_started = is_json;

	if (is_json)
		report_table(r, "fairness", NULL, fairness_columns,
			     sizeof(fairness_columns) / sizeof(*fairness_columns));
	for (size_t i = 0; i < a->n; i++) {
		const struct nvme_point *p = &a->points[i];
		const struct nvme_result *x = &p->result;
		uint64_t least = UINT64_MAX, most = 0, quick = UINT64_MAX, slow = 0;
		for (uint32_t v = 0; v < x->nvms; v++) {
			const uint64_t n = x->vms[v].requests, p99 = quantile(&x->vms[v], 990000);
			least = n < least ? n : least;
			most = n > most ? n : most;
			quick = p99 < quick ? p99 : quick;
			slow = p99 > slow ? p99 : slow;
		}
		if (x->nvms < 2)
			continue;
		if (!is_started)
			report_table(r, "fairness", "Shares of the VMs", fairness_columns,
				     sizeof(fairness_columns) / sizeof(*fairness_columns));
		is_started = true;
		const uint64_t all = nvme_total(x)->requests;
		report_row(r, (struct report_value[]){
				      REPORT_S(p->label), REPORT_U(i),
				      REPORT_S(nvme_load_text(&p->design.config).s),
				      REPORT_U(x->nvms), REPORT_U(PPM_PER_ONE / x->nvms),
				      REPORT_U(quantity_ratio_ppm(least, all)),
				      REPORT_U(quantity_ratio_ppm(most, all)),
				      REPORT_U(jain_ppm(x)), REPORT_U(quick), REPORT_U(slow) });
	}
}

/* ---- what is guessed ---- */

static void count_guesses(const struct nvme_answer *a, uint64_t *guesses_out, uint64_t *inputs_out)
{
	*guesses_out = *inputs_out = 0;
	for (size_t i = 0; i < a->n; i++) {
		const struct param_set *s = &a->points[i].design.set;
		uint64_t guesses = 0, inputs = 0;
		for (size_t k = 0; k < s->n; k++) {
			if (!param_section_is_used(s, s->entries[k].param->section))
				continue;
			inputs += s->entries[k].kind >= PARAM_GIVEN;
			guesses += s->entries[k].kind == PARAM_GUESS;
		}
		*guesses_out = guesses > *guesses_out ? guesses : *guesses_out;
		*inputs_out = inputs > *inputs_out ? inputs : *inputs_out;
	}
}

static void show_end(struct report *r, const struct nvme_answer *a)
{
	uint64_t guesses, inputs, little = 0, use = 0;

	count_guesses(a, &guesses, &inputs);
	for (size_t i = 0; i < a->n; i++)
		for (uint32_t k = 0; k < a->points[i].result.nstations; k++) {
			const struct nvme_audit_result *s = &a->points[i].result.stations[k];
			little = s->little_ppm > little ? s->little_ppm : little;
			use = s->use_ppm > use ? s->use_ppm : use;
		}
	report_text(r,
		    "Audit: stage times sum to the latency exactly; largest residual of Little's "
		    "law %s, of the utilisation law %s.",
		    quantity_ppm(little).s, quantity_ppm(use).s);
	report_text(r,
		    "%llu of %llu inputs are guesses: --assumptions.  Left out: flash translation "
		    "and garbage collection (give their tail by `pugmark calibrate nvme`).",
		    (unsigned long long)guesses, (unsigned long long)inputs);
}

/* ---- for programs ---- */

static const struct report_column row_columns[] = {
	{ "point", NULL, REPORT_U64, 0 },
	{ "design", NULL, REPORT_TEXT, 0 },
	{ "design_digest", NULL, REPORT_TEXT, 0 },
	{ "device", NULL, REPORT_TEXT, 0 },
	{ "host", NULL, REPORT_TEXT, 0 },
	{ "path", NULL, REPORT_TEXT, 0 },
	{ "arrival", NULL, REPORT_TEXT, 0 },
	{ "vms", NULL, REPORT_U64, 0 },
	{ "jobs", NULL, REPORT_U64, 0 },
	{ "depth", NULL, REPORT_U64, 0 },
	{ "blocks", NULL, REPORT_TEXT, 0 },
	{ "read_ppm", NULL, REPORT_PPM, 0 },
	{ "seed", NULL, REPORT_U64, 0 },
	{ "vm", NULL, REPORT_U64, 0 }, /* null: all of them */
	{ "requests", NULL, REPORT_U64, 0 },
	{ "bytes", NULL, REPORT_U64, 0 },
	{ "span_ns", NULL, REPORT_NS, 0 },
	{ "iops", NULL, REPORT_U64, 0 },
	{ "share_ppm", NULL, REPORT_PPM, 0 },
	{ "latency_sum_ns", NULL, REPORT_U64, 0 },
	{ "mean_ns", NULL, REPORT_NS, 0 },
	{ "p50_ns", NULL, REPORT_NS, 0 },
	{ "p90_ns", NULL, REPORT_NS, 0 },
	{ "p99_ns", NULL, REPORT_NS, 0 },
	{ "p999_ns", NULL, REPORT_NS, 0 },
	{ "p9999_ns", NULL, REPORT_NS, 0 },
	{ "p99999_ns", NULL, REPORT_NS, 0 },
	{ "max_ns", NULL, REPORT_NS, 0 },
	{ "host_cpu_busy_ppm", NULL, REPORT_PPM, 0 },
	{ "host_cpu_spin_ppm", NULL, REPORT_PPM, 0 },
	{ "host_cpu_idle_ppm", NULL, REPORT_PPM, 0 },
	{ "guest_cpu_busy_ppm", NULL, REPORT_PPM, 0 },
	{ "guest_cpu_direct_ppm", NULL, REPORT_PPM, 0 },
	{ "guest_cpu_indirect_ppm", NULL, REPORT_PPM, 0 },
	{ "guest_cpu_sync_ppm", NULL, REPORT_PPM, 0 },
	{ "guest_cpu_spin_ppm", NULL, REPORT_PPM, 0 },
	{ "exits", NULL, REPORT_U64, 0 },
	{ "irqs", NULL, REPORT_U64, 0 },
	{ "wakes", NULL, REPORT_U64, 0 },
	{ "kicks", NULL, REPORT_U64, 0 },
	{ "kicks_suppressed", NULL, REPORT_U64, 0 },
	{ "exits_per_io_ppm", NULL, REPORT_PPM, 0 },
	{ "irqs_per_io_ppm", NULL, REPORT_PPM, 0 },
	{ "kicks_per_io_ppm", NULL, REPORT_PPM, 0 },
	{ "bottleneck", NULL, REPORT_TEXT, 0 },
	{ "bottleneck_use_ppm", NULL, REPORT_PPM, 0 },
};

static void digest_of(const struct nvme_point *p, char hex[SHA256_HEX_CHARS + 1])
{
	_free_ char *text = param_canonical(&p->design.set);
	hex[0] = 0;
	if (text)
		sha256_hex(text, strlen(text), hex);
}

/* of one CPU's time */
static uint64_t cpu_ppm(const struct nvme_result *r, uint64_t ns)
{
	return quantity_ratio_ppm(ns, r->end_ns);
}

static void put_row(struct report *r, size_t i, const struct nvme_point *p, uint32_t vm,
		    const char *digest)
{
	const struct nvme_result *x = &p->result;
	const struct nvme_config *c = &p->design.config;
	const struct nvme_vm_result *v = &x->vms[vm];
	const struct nvme_host_cpu cpu = nvme_host_cpu(x);
	const bool is_all = vm == x->nvms;
	const uint64_t n = nvme_completed(x, v);
	uint64_t use;
	const struct nvme_audit_result *most = nvme_bottleneck(x, &use);
	const struct report_value none = REPORT_NULL();

	report_row(r, (struct report_value[]){
			      REPORT_U(i),
			      REPORT_S(p->label),
			      REPORT_S(digest),
			      REPORT_S(p->design.choice.profile[NVME_PROFILE_DEVICE]),
			      REPORT_S(p->design.choice.profile[NVME_PROFILE_HOST]),
			      REPORT_S(p->design.choice.profile[NVME_PROFILE_PATH]),
			      REPORT_S(nvme_arrival_names[c->load.arrival]),
			      REPORT_U(c->load.vms),
			      REPORT_U(c->load.jobs),
			      c->load.arrival == NVME_CLOSED ? REPORT_U(c->load.depth) : none,
			      REPORT_S(c->load.blocks),
			      REPORT_U(c->load.read_ppm),
			      REPORT_U(c->load.seed),
			      is_all ? none : REPORT_U(vm),
			      REPORT_U(v->requests),
			      REPORT_U(v->bytes),
			      REPORT_U(v->span_ns),
			      REPORT_U((nvme_milli_iops(v) + 500) / 1000),
			      REPORT_U(quantity_ratio_ppm(v->requests, nvme_total(x)->requests)),
			      REPORT_U((uint64_t)v->latency.sum),
			      REPORT_U(hist_mean(&v->latency)),
			      REPORT_U(quantile(v, 500000)),
			      REPORT_U(quantile(v, 900000)),
			      REPORT_U(quantile(v, 990000)),
			      REPORT_U(quantile(v, 999000)),
			      REPORT_U(quantile(v, 999900)),
			      REPORT_U(quantile(v, 999990)),
			      REPORT_U(v->latency.max),
			      is_all ? REPORT_U(cpu.busy_ppm) : none,
			      is_all ? REPORT_U(cpu.spin_ppm) : none,
			      is_all ? REPORT_U(cpu.idle_ppm) : none,
			      REPORT_U(cpu_ppm(x, v->guest_busy_ns)),
			      REPORT_U(cpu_ppm(x, v->guest_direct_ns)),
			      REPORT_U(cpu_ppm(x, v->guest_indirect_ns)),
			      REPORT_U(cpu_ppm(x, v->guest_sync_ns)),
			      REPORT_U(cpu_ppm(x, v->guest_spin_ns)),
			      REPORT_U(v->exits),
			      REPORT_U(v->irqs),
			      REPORT_U(v->wakes),
			      REPORT_U(v->kicks),
			      REPORT_U(v->kicks_suppressed),
			      REPORT_U(quantity_ratio_ppm(v->exits, n)),
			      REPORT_U(quantity_ratio_ppm(v->irqs, n)),
			      REPORT_U(quantity_ratio_ppm(v->kicks, n)),
			      is_all && most ? REPORT_S(most->name) : none,
			      is_all && most ? REPORT_U(use) : none,
		      });
}

static void put_rows(struct report *r, const struct nvme_answer *a)
{
	report_table(r, "rows", NULL, row_columns, sizeof(row_columns) / sizeof(*row_columns));
	for (size_t i = 0; i < a->n; i++) {
		const struct nvme_point *p = &a->points[i];
		char digest[SHA256_HEX_CHARS + 1];
		digest_of(p, digest);
		put_row(r, i, p, p->result.nvms, digest);
		for (uint32_t vm = 0; vm < p->result.nvms && p->result.nvms > 1; vm++)
			put_row(r, i, p, vm, digest);
	}
}

static void put_stages(struct report *r, const struct nvme_answer *a)
{
	static const struct report_column columns[] = {
		{ "point", NULL, REPORT_U64, 0 },  { "design", NULL, REPORT_TEXT, 0 },
		{ "stage", NULL, REPORT_TEXT, 0 }, { "sum_ns", NULL, REPORT_U64, 0 },
		{ "mean_ns", NULL, REPORT_NS, 0 },
	};
	report_table(r, "stages", NULL, columns, 5);
	for (size_t i = 0; i < a->n; i++) {
		const struct nvme_vm_result *v = nvme_total(&a->points[i].result);
		for (unsigned s = 0; s < NVME_STAGES; s++)
			report_row(r,
				   (struct report_value[]){
					   REPORT_U(i), REPORT_S(a->points[i].label),
					   REPORT_S(nvme_stage_names[s]), REPORT_U(v->stage_ns[s]),
					   REPORT_U(each(v->stage_ns[s], v->requests)) });
	}
}

static void put_cores(struct report *r, const struct nvme_answer *a)
{
	static const struct report_column columns[] = {
		{ "point", NULL, REPORT_U64, 0 },    { "design", NULL, REPORT_TEXT, 0 },
		{ "core", NULL, REPORT_TEXT, 0 },    { "busy_ppm", NULL, REPORT_PPM, 0 },
		{ "spin_ppm", NULL, REPORT_PPM, 0 }, { "idle_ppm", NULL, REPORT_PPM, 0 },
		{ "rounds", NULL, REPORT_U64, 0 },   { "requests", NULL, REPORT_U64, 0 },
	};
	report_table(r, "cores", NULL, columns, 8);
	for (size_t i = 0; i < a->n; i++) {
		const struct nvme_result *x = &a->points[i].result;
		for (uint32_t k = 0; k < x->ncores; k++) {
			const struct nvme_core_result *c = &x->cores[k];
			const uint64_t taken = c->busy_ns + c->spin_ns;
			report_row(r,
				   (struct report_value[]){
					   REPORT_U(i), REPORT_S(a->points[i].label),
					   REPORT_S(c->name), REPORT_U(cpu_ppm(x, c->busy_ns)),
					   REPORT_U(cpu_ppm(x, c->spin_ns)),
					   REPORT_U(cpu_ppm(x, x->end_ns > taken ? x->end_ns - taken
										 : 0)),
					   REPORT_U(c->rounds), REPORT_U(c->requests) });
		}
	}
}

static void put_stations(struct report *r, const struct nvme_answer *a)
{
	static const struct report_column columns[] = {
		{ "point", NULL, REPORT_U64, 0 },      { "design", NULL, REPORT_TEXT, 0 },
		{ "station", NULL, REPORT_TEXT, 0 },   { "servers", NULL, REPORT_U64, 0 },
		{ "entered", NULL, REPORT_U64, 0 },    { "left", NULL, REPORT_U64, 0 },
		{ "inside", NULL, REPORT_U64, 0 },     { "most_inside", NULL, REPORT_U64, 0 },
		{ "busy_ns", NULL, REPORT_U64, 0 },    { "area_ns", NULL, REPORT_U64, 0 },
		{ "little_ppm", NULL, REPORT_PPM, 0 }, { "use_law_ppm", NULL, REPORT_PPM, 0 },
	};
	report_table(r, "stations", NULL, columns, 12);
	for (size_t i = 0; i < a->n; i++) {
		const struct nvme_result *x = &a->points[i].result;
		for (uint32_t k = 0; k < x->nstations; k++) {
			const struct nvme_audit_result *s = &x->stations[k];
			report_row(r, (struct report_value[]){
					      REPORT_U(i), REPORT_S(a->points[i].label),
					      REPORT_S(s->name), REPORT_U(s->servers),
					      REPORT_U(s->entered), REPORT_U(s->left),
					      REPORT_U(s->inside), REPORT_U(s->most),
					      REPORT_U(s->busy_ns), REPORT_U(s->area_ns),
					      REPORT_U(s->little_ppm), REPORT_U(s->use_ppm) });
		}
	}
}

static void put_assumptions(struct report *r, const struct nvme_answer *a)
{
	static const struct report_column columns[] = {
		{ "design", NULL, REPORT_TEXT, 0 }, { "parameter", NULL, REPORT_TEXT, 0 },
		{ "value", NULL, REPORT_TEXT, 0 },  { "kind", NULL, REPORT_TEXT, 0 },
		{ "source", NULL, REPORT_TEXT, 0 },
	};
	char text[100];
	const char *const name = text;

	report_table(r, "assumptions", NULL, columns, 5);
	for (size_t i = 0; i < a->n; i++) {
		const struct param_set *s = &a->points[i].design.set;
		for (size_t k = 0; k < s->n; k++) {
			const struct param_entry *p = &s->entries[k];
			if (p->kind < PARAM_GIVEN ||
			    (i && !strcmp(a->points[i].label, a->points[i - 1].label)))
				continue;
			snprintf(text, sizeof(text), "%s.%s", p->param->section, p->param->name);
			report_row(r, (struct report_value[]){ REPORT_S(a->points[i].label),
							       REPORT_S(name), REPORT_S(p->text),
							       REPORT_S(param_kind_names[p->kind]),
							       REPORT_S(p->source) });
		}
	}
}

void nvme_report(struct report *r, const struct nvme_answer *a, bool is_json, bool is_verbose)
{
	if (is_json) {
		if (a->doubt)
			report_member_text(r, "doubt", a->doubt);
		put_rows(r, a);
		put_stages(r, a);
		put_cores(r, a);
		put_stations(r, a);
		show_fairness(r, a, true);
		nvme_show_crossings(r, a, true);
		put_assumptions(r, a);
		return;
	}
	say_verdict(r, a);
	say_arrivals(r, a);
	show_points(r, a);
	if (is_verbose || a->n <= STAGE_POINTS_MAX)
		show_stages(r, a);
	show_fairness(r, a, false);
	nvme_show_crossings(r, a, false);
	if (is_verbose) {
		put_stages(r, a);
		put_cores(r, a);
		put_stations(r, a);
	}
	show_end(r, a);
}

uint64_t nvme_axis_value(const struct nvme_point *p, enum nvme_axis axis)
{
	const struct nvme_load_config *l = &p->design.config.load;

	switch (axis) {
	case NVME_AXIS_VMS:
		return l->vms;
	case NVME_AXIS_BLOCK:
		return l->nblocks ? l->block[0].bytes : 0;
	case NVME_AXIS_RATE:
		return l->rate.count * NS_PER_SEC / l->rate.per_ns;
	default:
		return l->depth * l->jobs;
	}
}
