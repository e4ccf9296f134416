// SPDX-License-Identifier: MIT
/*
 * The process model: what a guest's kernel does beside the accesses of a trace,
 * at fixed distances in accesses. A spawn is another process's (a shell, make):
 * a switch to it, fork, a switch to the child, exec (which clears what fork
 * copied), the child's pages used once each, exit, a switch to the parent, which
 * copies pages that it shared, and one back. The child's accesses and those to
 * mapped memory go through TLBs and tables like any other.
 *
 * Leaves out: what the child computes (one access a page), sharing of TLBs with
 * other cores, and page-fault exits.
 */
#include "sim/walk-impl.h"

enum {
	FLUSH_CEILING = 33,  /* Linux flushes all instead of so many pages and more */
	PAGES_AT_ONCE = 128, /* that a spawned process uses between two looks at the arrays */
};

/* Where a child has its program, heap, libraries and stack: they fit 3 levels too. */
static const uint64_t areas[] = { 0x400000, 0x1555550000, 0x2f00000000, 0x3fffc00000 };
static const uint64_t mapping = 0x2a00000000;

static uint64_t first_time(uint64_t every)
{
	return every ? every : UINT64_MAX;
}

int walk_schedule_new(struct walk_tlb *t, struct arena *a, struct err *e)
{
	const struct walk_process *p = &t->config->process;
	if (!p->switch_every && !p->spawn_every && !p->mmap_every)
		return 0;
	t->schedule = arena_alloc(a, 1, sizeof(*t->schedule));
	if (!t->schedule)
		return err_set(e, ERR_NOMEM, "no memory for the process model");
	*t->schedule = (struct walk_schedule){
		.process = p,
		.next_switch = first_time(p->switch_every),
		.next_spawn = first_time(p->spawn_every),
		.next_mmap = first_time(p->mmap_every),
	};
	return 0;
}

static int update(struct walk_tlb *t, uint32_t slot, enum walk_op op, uint64_t va, uint64_t count,
		  struct err *e)
{
	const struct walk_update u = { .op = op, .va = va, .count = count };
	return walk_tlb_update(t, slot, &u, e);
}

/* One load in each of n pages, the i-th at where(i). */
static int use_pages(struct walk_tlb *t, uint32_t slot, uint64_t n, uint64_t (*where)(uint64_t i),
		     struct err *e)
{
	uint64_t va[PAGES_AT_ONCE];
	uint32_t bytes[PAGES_AT_ONCE];
	int rc = 0;
	for (uint64_t done = 0; done < n && !rc;) {
		size_t k = 0;
		for (; k < PAGES_AT_ONCE && done < n; k++) {
			va[k] = where(done++);
			bytes[k] = 8;
		}
		rc = walk_tlb_play(t, slot, va, bytes, k, t->schedule->row, e);
		t->schedule->process_accesses += k;
	}
	return rc;
}

static uint64_t page_of_child(uint64_t i)
{
	return areas[i % 4] + (i / 4 << 12);
}

static uint64_t page_of_mapping(uint64_t i)
{
	return mapping + (i << 12);
}

static int spawn(struct walk_tlb *t, uint32_t slot, struct err *e)
{
	const struct walk_process *p = t->schedule->process;
	const struct {
		enum walk_op op;
		uint64_t count;
	} before[] = {
		{ WALK_CR3, 1 },
		{ WALK_FORK, p->fork_pages },
		{ WALK_CR3, 1 },
		{ WALK_CLEAR, p->fork_pages }, /* exec */
	}, after[] = {
		{ WALK_EXIT, 0 },
		{ WALK_CR3, 1 },
		{ WALK_SET, p->cow_pages },
		{ WALK_INVLPG, p->cow_pages },
	};
	int rc = 0;
	for (size_t i = 0; i < sizeof(before) / sizeof(*before) && !rc; i++)
		rc = update(t, WALK_CHILD_SLOT, before[i].op, UINT64_MAX, before[i].count, e);
	if (!rc)
		rc = use_pages(t, WALK_CHILD_SLOT, p->spawn_pages, page_of_child, e);
	for (size_t i = 0; i < sizeof(after) / sizeof(*after) && !rc; i++)
		rc = update(t, WALK_CHILD_SLOT, after[i].op, UINT64_MAX, after[i].count, e);
	return rc ? rc : update(t, slot, WALK_CR3, UINT64_MAX, 1, e);
}

static int map_and_unmap(struct walk_tlb *t, uint32_t slot, struct err *e)
{
	const uint64_t n = t->schedule->process->mmap_pages;
	int rc = use_pages(t, slot, n, page_of_mapping, e);
	if (!rc)
		rc = update(t, slot, WALK_CLEAR, mapping, n, e);
	if (n >= FLUSH_CEILING)
		return rc ? rc : update(t, slot, WALK_CR3, UINT64_MAX, 1, e);
	for (uint64_t i = 0; i < n && !rc; i++)
		rc = update(t, slot, WALK_INVLPG, page_of_mapping(i), 1, e);
	return rc;
}

/* Away and back: what the other process does is its own trace. */
static int switch_twice(struct walk_tlb *t, uint32_t slot, struct err *e)
{
	const int rc = update(t, WALK_CHILD_SLOT, WALK_CR3, UINT64_MAX, 1, e);
	return rc ? rc : update(t, slot, WALK_CR3, UINT64_MAX, 1, e);
}

uint64_t walk_schedule_next(const struct walk_schedule *s)
{
	uint64_t next = s->next_switch;
	next = s->next_spawn < next ? s->next_spawn : next;
	return s->next_mmap < next ? s->next_mmap : next;
}

int walk_schedule_run(struct walk_tlb *t, uint32_t slot, struct err *e)
{
	struct walk_schedule *s = t->schedule;
	int rc = 0;
	if (s->rows >= s->next_switch) {
		s->next_switch += s->process->switch_every;
		rc = switch_twice(t, slot, e);
	}
	if (!rc && s->rows >= s->next_spawn) {
		s->next_spawn += s->process->spawn_every;
		rc = spawn(t, slot, e);
	}
	if (!rc && s->rows >= s->next_mmap) {
		s->next_mmap += s->process->mmap_every;
		rc = map_and_unmap(t, slot, e);
	}
	return rc;
}
