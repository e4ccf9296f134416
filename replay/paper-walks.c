// SPDX-License-Identifier: MIT
/*
 * References of a page walk (TPT's slides, vMitosis' abstract), and TPT's times
 * (ATC'23 abstract, README of its code) on programs made here.
 */
#include "replay/paper.h"

#include "base/cleanup.h"
#include "replay/gen.h"
#include "replay/walk-design.h"
#include "sim/walk.h"

#include <stdio.h>
#include <stdlib.h>

static const char tpt[] = "TPT", vmitosis[] = "vMitosis";

enum { FEED_ROWS = 1 << 12, ACCESSES = 4 << 20, DESIGNS = 2 };

/* ---- references without any cache ---- */

static const struct {
	const char *work, *quantity;
	const char *sets[6]; /* NULL at the end */
	uint64_t published;
} counted[] = {
	{ tpt, "references of a native walk", { "walk.mode=native" }, 4 },
	{ tpt, "references of a nested walk", { "walk.mode=nested" }, 24 },
	{ vmitosis, "references of a nested walk, 4 levels", { "walk.mode=nested" }, 24 },
	{ vmitosis,
	  "references of a nested walk, 5 levels",
	  { "walk.mode=nested", "walk.guest_levels=5", "walk.host_levels=5" },
	  35 },
};

static const char *const no_caches[] = { "walk.guest_pwc=none", "walk.host_pwc=none",
					 "walk.ntlb=none" };

enum { SETS_MAX = 9, COMMAND_BYTES = 200 };

static int count_refs(size_t i, struct paper *p, struct err *e)
{
	const char *sets[SETS_MAX];
	char command[COMMAND_BYTES] = "pugmark walk T.db --design native";
	size_t n = 0, used = sizeof("pugmark walk T.db --design native") - 1;
	_arena_ struct arena a = {};
	struct walk_design d;
	struct walk_counts counts;
	struct walk *w;
	for (size_t k = 0; counted[i].sets[k]; k++)
		sets[n++] = counted[i].sets[k];
	for (size_t k = 0; k < sizeof(no_caches) / sizeof(*no_caches); k++)
		sets[n++] = no_caches[k];
	for (size_t k = 0; k < n; k++)
		used += (size_t)snprintf(command + used, sizeof(command) - used, " --set %s",
					 sets[k]);
	int rc = walk_design_read("native", sets, n, &a, &d, e);
	if (!rc)
		rc = walk_new(&(const struct walk_config *){ &d.config }, 1, &a, &w, e);
	if (!rc)
		rc = walk_access(w, 0, &(uint64_t){ GEN_VA_BASE }, &(uint32_t){ 8 }, 1, e);
	if (rc)
		return rc;
	walk_counts(w, 0, &counts);
	return paper_add(p,
			 &(struct paper_row){ .work = counted[i].work,
					      .quantity = counted[i].quantity,
					      .unit = PAPER_COUNT,
					      .published = counted[i].published,
					      .ours = counts.total_refs,
					      .kind = PAPER_IDENTITY,
					      .command = arena_strdup(p->arena, command) },
			 e);
}

/* ---- times ---- */

struct feed {
	struct walk *walk;
	size_t n;
	uint64_t va[FEED_ROWS];
	uint32_t bytes[FEED_ROWS];
};

static int flush(struct feed *f, struct err *e)
{
	const size_t n = f->n;
	f->n = 0;
	return walk_access(f->walk, 0, f->va, f->bytes, n, e);
}

static int take_row(void *ctx, const struct mem_event *row, struct err *e)
{
	struct feed *f = ctx;
	f->va[f->n] = row->va;
	f->bytes[f->n++] = row->bytes;
	return f->n == FEED_ROWS ? flush(f, e) : 0;
}

/* A program's time under nested paging over that under TPT. */
static int nested_over_tpt(const char *program, uint64_t *ppm_out, struct err *e)
{
	static const char *const names[DESIGNS] = { "nested", "tpt-opt" };
	_arena_ struct arena a = {};
	_free_ struct feed *f = calloc(1, sizeof(*f));
	struct walk_design d[DESIGNS];
	const struct walk_config *configs[DESIGNS];
	struct walk_cycles cycles[DESIGNS];
	char accesses[40];
	struct gen *g;
	int rc = f ? 0 : err_set(e, ERR_NOMEM, "no memory for %s", program);
	for (size_t i = 0; i < DESIGNS && !rc; i++) {
		rc = walk_design_read(names[i], NULL, 0, &a, &d[i], e);
		configs[i] = &d[i].config;
	}
	if (!rc)
		rc = walk_new(configs, DESIGNS, &a, &f->walk, e);
	snprintf(accesses, sizeof(accesses), "mem.accesses=%d", ACCESSES);
	if (!rc)
		rc = gen_open(program, &a, &g, e);
	if (!rc)
		rc = gen_assign(g, accesses, e);
	if (!rc)
		rc = gen_prepare(g, e);
	const struct gen_sink sink = { .ctx = f, .mem = take_row };
	if (!rc)
		rc = gen_run(g, 1, &sink, e);
	if (!rc)
		rc = flush(f, e);
	if (rc)
		return rc;
	for (size_t i = 0; i < DESIGNS; i++) {
		struct walk_counts counts;
		walk_counts(f->walk, i, &counts);
		walk_cost(&d[i].costs, &d[i].config, &counts, &cycles[i]);
	}
	*ppm_out = quantity_ratio_ppm(cycles[0].total, cycles[1].total);
	return 0;
}

static int add_times(struct paper *p, struct err *e)
{
	static const char *const others[] = { "gups",      "btree",   "redis",
					      "memcached", "xsbench", "canneal" };
	uint64_t sysbench = 0, most = 0;
	int rc = nested_over_tpt("sysbench-random", &sysbench, e);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others) && !rc; i++) {
		uint64_t ppm = 0;
		rc = nested_over_tpt(others[i], &ppm, e);
		most = ppm > most ? ppm : most;
	}
	const struct paper_row rows[] = {
		{ .work = tpt,
		  .quantity = "sysbench random memory 4G, nested over TPT",
		  .unit = PAPER_PPM,
		  .published = 2110000,
		  .ours = sysbench,
		  .kind = PAPER_CALIBRATED,
		  .command = "pugmark gen sysbench-random -o t.db && pugmark walk t.db --design "
			     "nested,tpt-opt" },
		{ .work = tpt,
		  .quantity = "most that nested takes over TPT, of six programs",
		  .unit = PAPER_PPM,
		  .published = 2400000,
		  .ours = most,
		  .kind = PAPER_PREDICTED,
		  .command = "pugmark gen gups --set mem.accesses=4M -o t.db && pugmark walk t.db "
			     "--design nested,tpt-opt",
		  .why = "published for programs of which no figure is public; ours of generated "
			 "ones" },
		{ .work = tpt,
		  .quantity = "most that shadow takes over TPT",
		  .unit = PAPER_PPM,
		  .published = 1400000,
		  .kind = PAPER_NOT_ADDRESSED,
		  .why = "it lies in page-table updates of programs that are not public" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) && !rc; i++)
		rc = paper_add(p, &rows[i], e);
	return rc;
}

int paper_add_walks(struct paper *p, unsigned threads, struct err *e)
{
	int rc = 0;
	(void)threads;
	for (size_t i = 0; i < sizeof(counted) / sizeof(*counted) && !rc; i++)
		rc = count_refs(i, p, e);
	return rc ? rc : add_times(p, e);
}
