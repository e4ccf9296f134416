// SPDX-License-Identifier: MIT
/* What `pugmark score` puts into a results file: a run for each design and seed, its numbers. */
#include "replay/score-report.h"

#include "base/cleanup.h"
#include "base/sha256.h"
#include "reports/said.h"

#include <stdio.h>
#include <string.h>

struct metric {
	const char *name;
	int part; /* enum score_part; SCORE_PARTS: of all */
	uint64_t value;
};

/* The traces of the parts that ran, but for that of the run, which every configuration names. */
static int name_traces(const struct score_answer *a, const struct score_result *x,
		       const char *run_digest, FILE *out, struct err *e)
{
	char digest[TRACE_DIGEST_CHARS + 1];
	int rc = 0;
	for (unsigned p = 0; p < SCORE_PARTS && !rc; p++) {
		if (!x->ran[p] || !a->input->trace[p])
			continue;
		rc = trace_digest(a->input->trace[p], digest, e);
		if (!rc && strcmp(digest, run_digest))
			fprintf(out, "%s_trace=%s\n", score_part_names[p], digest);
	}
	return rc;
}

/* All that the numbers follow from: parameters of the parts that ran, each as its own command
 * has them, the VM's memory, and the other traces. */
static int canonical_of(const struct score_answer *a, const struct score_result *x,
			const char *run_digest, char **out, struct err *e)
{
	const struct score_design *d = x->design;
	_free_ char *pin = x->ran[SCORE_MEMORY] ? param_canonical(&d->pin.set) : NULL;
	_free_ char *nvme = x->ran[SCORE_NVME] ? param_canonical(&d->nvme.set) : NULL;
	_free_ char *walk = x->ran[SCORE_WALK] ? param_canonical(&d->walk.set) : NULL;
	_free_ char *numa = x->ran[SCORE_NUMA] ? param_canonical(&d->numa.set) : NULL;
	size_t bytes;
	FILE *all = open_memstream(out, &bytes);
	if (!all)
		return err_set(e, ERR_NOMEM, "no memory for a design");
	fprintf(all, "%s%s%s%s", pin ? pin : "", nvme ? nvme : "", walk ? walk : "",
		numa ? numa : "");
	fprintf(all, "policy=%s\nbudget=%llu%s\novercommit_ppm=%llu\ndesign=%s\n",
		pin ? d->policy.policy->name : "-", (unsigned long long)d->budget.value,
		d->budget.is_ppm ? "ppm" : "", (unsigned long long)d->overcommit_ppm, d->name);
	if (x->ran[SCORE_MEMORY])
		fprintf(all, "vm_pages=%llu\n", (unsigned long long)x->memory.facts.vm_pages);
	const int rc = name_traces(a, x, run_digest, all, e);
	const bool is_whole = !ferror(all);
	if (!fclose(all) && is_whole)
		return rc;
	return rc ? rc : err_set(e, ERR_NOMEM, "no memory for a design");
}

enum { NOT_THERE = -1 };

static int put_numbers(struct results *r, const char *config, const struct score_result *x,
		       bool has_nic, struct err *e)
{
	const int nic = has_nic ? (int)SCORE_MEMORY : NOT_THERE;
	const int copies = x->design->has[SCORE_NUMA] ? (int)SCORE_MEMORY : NOT_THERE;
	const struct score_memory *m = &x->memory;
	const struct pin_result *p = &m->job.result;
	const struct score_nvme *n = &x->nvme;
	const struct score_numa *u = &x->numa;
	const struct metric metrics[] = {
		{ "returned_bytes", SCORE_MEMORY, m->returned_bytes },
		{ "iopf", SCORE_MEMORY, pin_iopf(&p->total) },
		{ "iopf_failed", SCORE_MEMORY, p->total.failed },
		{ "iopf_max_1s", SCORE_MEMORY, p->total.max_1s },
		{ "exposure_ns", SCORE_MEMORY, m->exposure_ns },
		{ "cpu_major", SCORE_MEMORY, p->host.major[TOUCH_CPU] },
		{ "cpu_stall_ns", SCORE_MEMORY, p->cpu_stall_ns },
		{ "nic_gap_ns", nic, p->effect.nic_gap_ns },
		{ "nic_drops", nic, p->effect.nic_drops },
		{ "bitmap_bytes", SCORE_MEMORY, m->bitmap_bytes },
		{ "p99_base_ns", SCORE_NVME, n->base_ns[0] },
		{ "p99_ns", SCORE_NVME, n->ns[0] },
		{ "p999_base_ns", SCORE_NVME, n->base_ns[1] },
		{ "p999_ns", SCORE_NVME, n->ns[1] },
		{ "p9999_base_ns", SCORE_NVME, n->base_ns[2] },
		{ "p9999_ns", SCORE_NVME, n->ns[2] },
		{ "requests", SCORE_NVME, n->requests },
		{ "stalls", SCORE_NVME, n->stalls },
		{ "stalled_ns", SCORE_NVME, n->stalled_ns },
		{ "total_refs", SCORE_WALK, x->walk.counts.total_refs },
		{ "split_ppm", SCORE_WALK, m->split_ppm },
		{ "total_cycles", SCORE_WALK, x->walk.cycles.total },
		{ "placed_cycles", SCORE_WALK, x->walk.placed_cycles },
		{ "revoke_cycles", SCORE_WALK, x->revoke_cycles },
		{ "numa_walks", SCORE_NUMA, u->result.counts.walks },
		{ "numa_local_walks", SCORE_NUMA, u->result.counts.classes[NUMA_LL] },
		{ "numa_walk_cycles", SCORE_NUMA, u->cycles },
		{ "numa_local_cycles", SCORE_NUMA, u->local_cycles },
		{ "numa_unfixed_cycles", SCORE_NUMA, u->unfixed_cycles },
		{ "run_over_local_ppm", u->run_over_local_ppm ? SCORE_NUMA : NOT_THERE,
		  u->run_over_local_ppm },
		{ "update_cycles", SCORE_NUMA, u->result.update_cycles },
		{ "memory_bytes", SCORE_NUMA, u->result.memory_bytes },
		{ "copies_bytes", copies, m->copies_bytes },
		{ "host_cores_ppm", SCORE_PARTS, x->host_ppm },
		{ "guest_cores_ppm", SCORE_PARTS, x->guest_ppm },
	};
	int rc = 0;
	for (size_t i = 0; i < sizeof(metrics) / sizeof(*metrics) && !rc; i++)
		if (metrics[i].part == SCORE_PARTS ||
		    (metrics[i].part != NOT_THERE && x->ran[metrics[i].part]))
			rc = results_put(r, config, metrics[i].name, 0, (int64_t)metrics[i].value,
					 e);
	return rc;
}

/* The words go with the first design, once. */
static int put_words(struct results *r, const struct score_answer *a, const struct score_result *x,
		     bool is_first, struct err *e)
{
	struct report *said = is_first ? said_begin(r) : NULL;
	if (is_first && !said)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	if (said) {
		score_report(said, a);
		report_end(said);
	}
	int rc = 0;
	for (unsigned p = 0; p < SCORE_PARTS && !rc; p++)
		rc = x->ran[p] ? said_assume(r, score_part_set(x->design, p), e) : 0;
	return rc;
}

static int put(struct results *r, const struct results_run *run, const struct score_answer *a,
	       size_t seed, size_t design, struct err *e)
{
	const struct score_result *x = &a->results[seed * a->ndesigns + design];
	struct results_run own = *run;
	char digest[SHA256_HEX_CHARS + 1];
	_free_ char *config = NULL;
	int rc = canonical_of(a, x, run->trace_digest, &config, e);
	if (rc)
		return rc;
	sha256_hex(config, strlen(config), digest);
	own.design_digest = digest;
	own.seed = a->seeds[seed];
	rc = results_begin_run(r, &own, e);
	if (!rc)
		rc = put_words(r, a, x, !seed && !design, e);
	return rc ? rc : put_numbers(r, config, x, a->input->devices.ndevices[PIN_NIC] > 0, e);
}

int score_store(const char *path, const struct results_run *run, const struct score_answer *a,
		struct err *e)
{
	struct results *r;
	int rc = results_open(path, &r, e);
	if (rc)
		return rc;
	for (size_t i = 0; i < a->nseeds * a->ndesigns && !rc; i++)
		rc = put(r, run, a, i / a->ndesigns, i % a->ndesigns, e);
	if (!rc)
		return results_close(r, e);
	results_abort(r);
	return rc;
}
