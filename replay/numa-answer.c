// SPDX-License-Identifier: MIT
/* From results to what is asked of them: slow-downs, and timelines of a move. */
#include "replay/numa-answer.h"

#include <string.h>

enum { END_SAMPLES = 50 };

static bool is_calibrated_on(const struct numa_answer *a, const struct numa_result *r,
			     const char *key, enum numa_served served)
{
	const struct param_entry *p = param_find(&r->design->set, "machine", key);
	const uint64_t uses = r->counts.refs[NUMA_GPT][served] + r->counts.refs[NUMA_EPT][served];

	return uses && a->profile && *a->profile && p && p->kind == PARAM_CALIBRATED &&
	       strstr(p->source, a->profile);
}

const char *numa_kind(const struct numa_answer *a, const struct numa_result *r)
{
	if (!r->run_cycles)
		return "counted";
	return is_calibrated_on(a, r, "remote", NUMA_AT_REMOTE) ||
			       is_calibrated_on(a, r, "contended", NUMA_AT_CONTENDED)
		       ? "calibrated"
		       : "predicted";
}

uint64_t numa_slowdown_ppm(const struct numa_result *r)
{
	return numa_ratio_ppm(r->run_cycles, r->local_run_cycles);
}

/* More cycles when all references of a kind that memory serves go far. */
static uint64_t far_cycles(const struct numa_machine *m, uint64_t refs, bool is_contended)
{
	const uint64_t ratio = is_contended ? m->contended_ppm : m->remote_ppm;
	return (uint64_t)((unsigned __int128)refs * m->local_cycles * (ratio - PPM_PER_ONE) /
			  PPM_PER_ONE);
}

int numa_answer_move(struct numa_answer *a, const struct numa_result *of, enum numa_mover mover,
		     uint64_t seed, struct arena *arena, struct err *e)
{
	static const struct {
		const char *name;
		int mover, fix[NUMA_TABLES];
	} all[] = {
		{ "RRI", NUMA_GUEST_MOVES, { NUMA_NONE, NUMA_NONE } },
		{ "RRIE", NUMA_GUEST_MOVES, { NUMA_NONE, NUMA_MIGRATE } },
		{ "RRIG", NUMA_GUEST_MOVES, { NUMA_MIGRATE, NUMA_NONE } },
		{ "RRIM", NUMA_GUEST_MOVES, { NUMA_MIGRATE, NUMA_MIGRATE } },
		{ "RI", NUMA_VM_MOVES, { NUMA_NONE, NUMA_NONE } },
		{ "RIE", NUMA_VM_MOVES, { NUMA_NONE, NUMA_MIGRATE } },
	};
	const struct numa_machine *m = &of->design->machine;
	const uint64_t exposed = of->design->numa.exposed_ppm;
	struct numa_pace pace = {
		.run_cycles = of->local_run_cycles,
		.far_data_cycles = far_cycles(m, numa_data_lines(&of->counts), true),
	};
	int rc = 0;

	a->moved = of;
	if (!of->run_cycles)
		return err_set(e, ERR_UNUSABLE,
			       "a move needs run times: --set numa.native_walk=SHARE, the share of "
			       "time in walks natively with local tables");
	for (int t = NUMA_GPT; t < NUMA_TABLES; t++)
		pace.far_cycles[t] = (uint64_t)((unsigned __int128)far_cycles(
							m, numa_memory_refs(&of->counts, t), true) *
						exposed / PPM_PER_ONE);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all) && !rc; i++) {
		if (all[i].mover != (int)mover)
			continue;
		struct numa_timeline *line = &a->timelines[a->ntimelines++];
		line->name = all[i].name;
		line->samples = arena_alloc(arena, a->move->samples, sizeof(*line->samples));
		if (!line->samples)
			return err_set(e, ERR_NOMEM, "no memory for a timeline");
		rc = numa_move_play(a->move, mover, all[i].fix, &pace, seed, arena, line->samples,
				    e);
		if (!rc)
			line->end_ppm =
				numa_move_end_ppm(line->samples, a->move->samples, END_SAMPLES);
	}
	return rc;
}
