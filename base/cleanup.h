// SPDX-License-Identifier: MIT
/*
 * Scope-bound release by the cleanup attribute: `_free_ char *s = ...;`. For a
 * resource whose last owner is the scope; use `goto out` where several steps
 * must be undone in order.
 */
#ifndef PUGMARK_BASE_CLEANUP_H
#define PUGMARK_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define _free_   __attribute__((cleanup(cleanup_free)))
#define _fclose_ __attribute__((cleanup(cleanup_fclose)))
#define _close_  __attribute__((cleanup(cleanup_close)))

/* hands the pointer on and disarms the cleanup of its variable */
#define take_ptr(p)                          \
	({                                   \
		__auto_type take_ptr_ = (p); \
		(p) = NULL;                  \
		take_ptr_;                   \
	})

#endif
