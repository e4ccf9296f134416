// SPDX-License-Identifier: MIT
/* Host memory under test: a configuration from settings, states as letters. */
#ifndef PUGMARK_T_HOSTMEM_HELP_H
#define PUGMARK_T_HOSTMEM_HELP_H

#include "sim/hostmem.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

__attribute__((unused)) static const struct ns at_start = { 0 };

/* Defaults of the table, then `settings`, NULL-terminated. */
static inline struct hostmem_config config(uint32_t npages, uint64_t limit,
					   const char *const *settings)
{
	struct hostmem_config c = { .vm_pages = npages, .npages = npages, .limit_pages = limit };
	struct arena a = {};
	struct param_set s = { .arena = &a };
	struct err e = {};
	c.is_instant = true;
	assert_int_equal(param_set_add(&s, hostmem_params, hostmem_nparams, &c, &e), 0);
	for (; settings && *settings; settings++)
		if (param_assign(&s, *settings, &e))
			fail_msg("%s", e.msg);
	arena_deinit(&a);
	return c;
}

struct host {
	struct arena arena;
	struct hostmem *h;
};

static inline struct host host_new(const struct hostmem_config *c,
				   const struct hostmem_hooks *hooks)
{
	struct host o = {};
	struct err e = {};
	if (hostmem_new(c, hooks, &o.arena, &o.h, &e))
		fail_msg("%s", e.msg);
	return o;
}

static inline void host_free(struct host *o)
{
	struct err e = {};
	if (hostmem_check(o->h, &e))
		fail_msg("%s", e.msg);
	arena_deinit(&o->arena);
}

static inline enum touch_result touch(struct host *o, uint32_t page)
{
	return hostmem_touch(o->h, page, TOUCH_CPU, false, at_start);
}

/* One letter a page: A R I O S, small when pinned. */
static inline const char *states(const struct host *o, uint32_t n)
{
	static char text[64];
	for (uint32_t i = 0; i < n; i++) {
		text[i] = "ARIOS"[hostmem_page_state(o->h, i)];
		if (hostmem_is_pinned(o->h, i))
			text[i] |= 0x20;
	}
	text[n] = 0;
	return text;
}

__attribute__((unused)) static const char *const lru_plain[] = { "memory.reclaim=lru",
								 "memory.readahead=1", NULL };

#endif
