// SPDX-License-Identifier: MIT
/*
 * Profiles of generated workloads, their parameters, and the play: parts act
 * one at a time in the order of their clocks (then of their numbers), and a
 * row has the time of the part that acts. The models are replay/gen-*.c.
 */
#include "replay/gen.h"
#include "base/embedded.h"
#include "replay/gen-model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char profile_folder[] = "datasets/profiles/";
static const char profile_ending[] = ".ini";

enum {
	PROFILES_MAX = 32,
	EPOCH_LEAST_S = 1,
	MEMORY_LEAST_BYTES = 16 << 20,
};
#define MEMORY_MOST_BYTES (UINT64_C(1) << 41)
#define DURATION_MOST_NS  (UINT64_C(366) * 86400 * NS_PER_SEC)
#define GAP_MOST_NS       DURATION_MOST_NS
#define EPOCH_MOST_NS     (UINT64_C(86400) * NS_PER_SEC)

struct gen {
	const char *profile;
	struct param_set params;
	struct gen_common common;
	struct gen_behaviour behaviour;
	struct gen_statistics statistics;
	struct gen_access access;
	char digest[SHA256_HEX_CHARS + 1];
};

static const char *const generators[] = { "behaviour", "statistics", "access", NULL };

static const struct param common_params[] = {
	{ "gen", "generator", PARAM_CHOICE, NULL, "behaviour", 0, 0, "Principle of the generator",
	  offsetof(struct gen_common, generator), generators },
	{ "gen", "duration", PARAM_NS, NULL, "30min", NS_PER_SEC, DURATION_MOST_NS,
	  "Length of the trace", offsetof(struct gen_common, duration_ns), NULL },
	{ "gen", "memory", PARAM_BYTES, NULL, "1G", MEMORY_LEAST_BYTES, MEMORY_MOST_BYTES,
	  "Memory of the VM", offsetof(struct gen_common, memory_bytes), NULL },
	{ "gen", "epoch", PARAM_NS, NULL, "60s", EPOCH_LEAST_S *NS_PER_SEC, EPOCH_MOST_NS,
	  "How often pages in constant use are seen touched", offsetof(struct gen_common, epoch_ns),
	  NULL },
};

/* ---- rows ---- */

void gen_dma(struct gen_emit *m, enum gen_device dev, enum dma_dir dir, uint64_t pfn,
	     uint64_t npages)
{
	const struct dma_event row = {
		.ts = m->now_ns,
		.dev = (uint16_t)dev,
		.op = DMA_ACCESS,
		.dir = (uint8_t)dir,
		.as = AS_GPA,
		.pfn = pfn,
		.npages = (uint32_t)npages,
		.bytes = npages << PAGE_SHIFT,
		.req = UINT64_MAX,
	};

	if (npages && !m->rc)
		m->rc = m->sink->dma(m->sink->ctx, &row, m->e);
}

void gen_cpu(struct gen_emit *m, uint64_t pfn, uint64_t npages, bool is_write, uint64_t period_ns)
{
	const struct cpu_event row = {
		.ts = m->now_ns,
		.as = AS_GPA,
		.pfn = pfn,
		.npages = (uint32_t)npages,
		.count = 1,
		.period = period_ns,
		.write = is_write,
	};

	if (npages && !m->rc)
		m->rc = m->sink->cpu(m->sink->ctx, &row, m->e);
}

void gen_mem(struct gen_emit *m, uint64_t va, uint32_t bytes, enum mem_rw rw)
{
	const struct mem_event row = { .ts = m->now_ns, .va = va, .bytes = bytes, .rw = (u8)rw };

	if (!m->rc)
		m->rc = m->sink->mem(m->sink->ctx, &row, m->e);
}

int gen_cut(struct gen_span *rest, uint64_t pages, const char *name, struct gen_span *out,
	    struct err *e)
{
	if (pages > rest->pages)
		return err_set(e, ERR_USAGE,
			       "the memory is too small: %s needs %llu pages, %llu are left", name,
			       (unsigned long long)pages, (unsigned long long)rest->pages);
	*out = (struct gen_span){ rest->first, pages };
	rest->first += pages;
	rest->pages -= pages;
	return 0;
}

uint64_t gen_gap(struct rng *r, struct rate rate, uint32_t percent)
{
	if (!rate.count)
		return GEN_NEVER;
	const unsigned __int128 twice = (unsigned __int128)rate.per_ns * 200 / percent / rate.count;
	return rng_below(r, twice < GAP_MOST_NS ? (uint64_t)twice + 1 : GAP_MOST_NS);
}

int gen_play(struct gen_part *parts, size_t n, void *model, const struct gen_common *c,
	     struct gen_emit *m)
{
	while (!m->rc) {
		struct gen_part *next = &parts[0];
		for (size_t i = 1; i < n; i++)
			if (parts[i].at_ns < next->at_ns)
				next = &parts[i];
		if (next->at_ns >= c->duration_ns)
			return 0;
		m->now_ns = next->at_ns;
		next->step(model, next);
	}
	return m->rc;
}

/* ---- profiles ---- */

void gen_profiles(struct choices *c)
{
	choices_add_embedded(c, profile_folder, profile_ending, NULL);
}

static int read_profile(struct gen *g, const char *profile, struct err *e)
{
	char path[200];

	if (param_is_file(profile))
		return param_read(&g->params, profile, PARAM_PROFILE, e);
	snprintf(path, sizeof(path), "%s%.100s%s", profile_folder, profile, profile_ending);
	const char *text = embedded_text(path);
	if (!text)
		return choices_refuse_of(gen_profiles, "profile", profile,
					 "; or a file, ./NAME.ini", e);
	return param_read_text(&g->params, path, text, strlen(text), PARAM_PROFILE, e);
}

int gen_open(const char *profile, struct arena *arena, struct gen **out, struct err *e)
{
	struct gen *g = arena_alloc(arena, 1, sizeof(*g));
	if (!g)
		return err_set(e, ERR_NOMEM, "out of memory");
	g->profile = arena_strdup(arena, profile);
	g->params.arena = arena;

	int rc = g->profile ? 0 : err_set(e, ERR_NOMEM, "out of memory");
	if (!rc)
		rc = param_set_add(&g->params, common_params,
				   sizeof(common_params) / sizeof(*common_params), &g->common, e);
	if (!rc)
		rc = param_set_add(&g->params, gen_behaviour_params, gen_behaviour_nparams,
				   &g->behaviour, e);
	if (!rc)
		rc = param_set_add(&g->params, gen_statistics_params, gen_statistics_nparams,
				   &g->statistics, e);
	if (!rc)
		rc = param_set_add(&g->params, gen_access_params, gen_access_nparams, &g->access,
				   e);
	if (!rc)
		rc = read_profile(g, profile, e);
	*out = g;
	return rc;
}

int gen_assign(struct gen *g, const char *assignment, struct err *e)
{
	return param_assign(&g->params, assignment, e);
}

/* All sections of the generator count, or two profiles with other defaults would look equal. */
static void use_sections(struct gen *g)
{
	const struct {
		const struct param *rows;
		size_t n;
	} of[] = {
		[GEN_BEHAVIOUR] = { gen_behaviour_params, gen_behaviour_nparams },
		[GEN_STATISTICS] = { gen_statistics_params, gen_statistics_nparams },
		[GEN_ACCESS] = { gen_access_params, gen_access_nparams },
	};
	const int k = g->common.generator;

	param_section_use(&g->params, "gen");
	for (size_t i = 0; i < of[k].n; i++)
		param_section_use(&g->params, of[k].rows[i].section);
}

static int check_parameters(const struct gen *g, struct err *e)
{
	switch (g->common.generator) {
	case GEN_BEHAVIOUR:
		return gen_behaviour_check(&g->common, &g->behaviour, e);
	case GEN_STATISTICS:
		return gen_statistics_check(&g->common, &g->statistics, e);
	default:
		return gen_access_check(&g->common, &g->access, e);
	}
}

int gen_prepare(struct gen *g, struct err *e)
{
	const int rc = check_parameters(g, e);
	if (rc) {
		err_prefix(e, "%s", g->profile);
		return rc;
	}
	use_sections(g);
	char *text = param_canonical(&g->params);
	if (!text)
		return err_set(e, ERR_NOMEM, "out of memory");
	sha256_hex(text, strlen(text), g->digest);
	free(text);
	return 0;
}

const char *gen_digest(const struct gen *g)
{
	return g->digest;
}

const char *gen_profile(const struct gen *g)
{
	return g->profile;
}

const char *gen_generator(const struct gen *g)
{
	return generators[g->common.generator];
}

uint64_t gen_pages(const struct gen *g)
{
	return g->common.memory_bytes >> PAGE_SHIFT;
}

uint64_t gen_duration_ns(const struct gen *g)
{
	return g->common.duration_ns;
}

const struct param_set *gen_params(const struct gen *g)
{
	return &g->params;
}

bool gen_makes_mem(const struct gen *g)
{
	return g->common.generator == GEN_ACCESS;
}

uint64_t gen_native_walk_ppm(const struct gen *g, const char **source_out)
{
	const struct param_entry *entry = param_find(&g->params, "mem", "native_walk");

	*source_out = entry ? entry->source : "";
	return gen_makes_mem(g) ? g->access.native_walk_ppm : 0;
}

int gen_run(const struct gen *g, uint64_t seed, const struct gen_sink *sink, struct err *e)
{
	struct gen_emit m = { .sink = sink, .e = e };

	switch (g->common.generator) {
	case GEN_BEHAVIOUR:
		return gen_behaviour_run(&g->common, &g->behaviour, seed, &m, e);
	case GEN_STATISTICS:
		return gen_statistics_run(&g->common, &g->statistics, seed, &m, e);
	default:
		return gen_access_run(&g->common, &g->access, seed, &m, e);
	}
}
