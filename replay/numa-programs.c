// SPDX-License-Identifier: MIT
/* A trace of a program, made on the fly, through all designs that its rows need. */
#include "replay/numa-programs.h"

#include "base/cleanup.h"
#include "replay/gen.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { FEED_ROWS = 1 << 12 };

struct feed {
	struct numa_run *run;
	uint64_t rows, warm_rows;
	size_t n;
	uint64_t va[FEED_ROWS];
	uint32_t bytes[FEED_ROWS];
};

static int flush(struct feed *f, struct err *e)
{
	const int rc = numa_run_rows(f->run, 0, f->va, f->bytes, f->n, e);

	f->rows += f->n;
	f->n = 0;
	if (f->rows == f->warm_rows)
		numa_run_warm(f->run);
	return rc;
}

static int take_row(void *ctx, const struct mem_event *row, struct err *e)
{
	struct feed *f = ctx;

	f->va[f->n] = row->va;
	f->bytes[f->n++] = row->bytes;
	return f->n == FEED_ROWS || f->rows + f->n == f->warm_rows ? flush(f, e) : 0;
}

static int open_trace(const struct numa_published_setup *s, const char *profile, struct arena *a,
		      struct gen **out, struct err *e)
{
	char accesses[48];
	int rc = gen_open(profile, a, out, e);

	snprintf(accesses, sizeof(accesses), "mem.accesses=%" PRIu64, s->accesses);
	if (!rc)
		rc = gen_assign(*out, accesses, e);
	return rc ? rc : gen_prepare(*out, e);
}

static int play(const struct numa_published_setup *s, struct feed *f, struct numa_program *of,
		const struct gen *g, size_t n, struct err *e)
{
	const struct gen_sink sink = { .ctx = f, .mem = take_row };
	const char *source;
	const struct numa_known known = { .native_walk_ppm = gen_native_walk_ppm(g, &source) };
	const struct param_entry *walk = param_find(gen_params(g), "mem", "native_walk");
	int rc = gen_run(g, s->seed, &sink, e);

	of->rests_on = walk && walk->kind == PARAM_CALIBRATED ? "native walks, Mitosis LP-LD"
							      : "native walks, a guess";
	if (!rc)
		rc = flush(f, e);
	for (size_t i = 0; i < n && !rc; i++)
		numa_run_result(f->run, i, &known, &of->results[i]);
	return rc;
}

static int move(const struct numa_published_setup *s, struct numa_program *of,
		enum numa_mover mover, struct arena *a, uint64_t *ends, struct err *e)
{
	struct numa_move_config config = {};
	struct param_set set = { .arena = a };
	struct numa_answer answer = { .move = &config };
	int rc = param_set_add(&set, numa_move_params, numa_move_nparams, &config, e);

	if (!rc)
		rc = numa_answer_move(&answer, &of->results[0], mover, s->seed, a, e);
	for (size_t i = 0; i < answer.ntimelines && !rc; i++)
		ends[i] = answer.timelines[i].end_ppm;
	return rc;
}

int numa_program_run(const struct numa_published_setup *s, size_t number, struct arena *a,
		     struct numa_program *out, struct err *e)
{
	_arena_ struct arena own = {}; /* of traces and tables */
	_free_ struct feed *f = calloc(1, sizeof(*f));
	size_t n;
	const char *const *names = numa_published_designs(number, &n);
	struct numa_design *designs = arena_alloc(a, n, sizeof(*designs));
	struct gen *g;
	int rc = designs && f ? 0 : err_set(e, ERR_NOMEM, "no memory for %zu designs", n);

	for (size_t i = 0; i < n && !rc; i++)
		rc = numa_design_read(names[i], s->machine, s->sets, s->nsets, a, &designs[i], e);
	if (rc)
		return rc;
	f->warm_rows = s->accesses / 4 * 3;
	rc = numa_run_new(designs, n, &own, &f->run, e);
	if (!rc)
		rc = open_trace(s, numa_thin[number].workload, &own, &g, e);
	if (!rc)
		rc = play(s, f, out, g, n, e);
	if (!rc)
		rc = move(s, out, NUMA_GUEST_MOVES, &own, out->guest_ends_ppm, e);
	if (!rc)
		rc = move(s, out, NUMA_VM_MOVES, &own, out->vm_ends_ppm, e);
	out->has_run = !rc;
	return rc;
}

void numa_programs_rows(const struct numa_program *programs, struct numa_rows *out)
{
	struct numa_measured measured[NUMA_WORKLOADS] = {};
	for (size_t i = 0; i < NUMA_WORKLOADS; i++) {
		const struct numa_program *p = &programs[i];
		if (p->has_run)
			measured[i] = (struct numa_measured){ p->results, p->rests_on,
							      p->guest_ends_ppm, p->vm_ends_ppm };
	}
	numa_published_rows(measured, out);
}
