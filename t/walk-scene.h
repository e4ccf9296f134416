// SPDX-License-Identifier: MIT
/* Page walks under test: designs from settings, accesses from numbers. */
#ifndef PUGMARK_T_WALK_SCENE_H
#define PUGMARK_T_WALK_SCENE_H

#include "sim/walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SCENE_DESIGNS_MAX = 16 };

struct scene {
	struct arena arena;
	struct walk_config configs[SCENE_DESIGNS_MAX];
	const struct walk_config *all[SCENE_DESIGNS_MAX];
	size_t n;
	struct walk *walk;
	struct err e;
};

/* Adds a design: "walk.mode=nested walk.ntlb=none", blanks between; '_' in a value is a blank. */
static inline void scene_add(struct scene *s, const char *settings)
{
	struct param_set set = { .arena = &s->arena };
	struct walk_config *c = &s->configs[s->n];
	char text[1000];
	assert_int_equal(param_set_add(&set, walk_params, walk_nparams, c, &s->e), 0);
	snprintf(text, sizeof(text), "%s", settings);
	for (char *p = strtok(text, " "); p; p = strtok(NULL, " ")) {
		char *value = strchr(p, '=');
		for (char *at = value; at && *at; at++)
			if (*at == '_')
				*at = ' ';
		if (param_assign(&set, p, &s->e))
			fail_msg("%s", s->e.msg);
	}
	if (walk_config_resolve(c, &set, &s->e))
		fail_msg("%s", s->e.msg);
	s->all[s->n++] = c;
}

static inline void scene_start(struct scene *s)
{
	if (walk_new(s->all, s->n, &s->arena, &s->walk, &s->e))
		fail_msg("%s", s->e.msg);
}

/* n accesses of 8 bytes in address space 0. */
static inline void scene_access(struct scene *s, const uint64_t *va, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const uint32_t bytes = 8;
		if (walk_access(s->walk, 0, &va[i], &bytes, 1, &s->e))
			fail_msg("%s", s->e.msg);
	}
}

static inline struct walk_counts scene_counts(const struct scene *s, size_t design)
{
	struct walk_counts c;
	walk_counts(s->walk, design, &c);
	return c;
}

static inline void scene_end(struct scene *s)
{
	arena_deinit(&s->arena);
}

#endif
