// SPDX-License-Identifier: MIT
/*
 * The names that a user may say for something (a policy, a profile, a format),
 * each with a sentence and where it comes from. One function of the owner
 * fills the list; option values, help, completion, messages about a name that
 * is not there and `pugmark list` are all made from it.
 */
#ifndef PUGMARK_BASE_CHOICES_H
#define PUGMARK_BASE_CHOICES_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct choice {
	const char *name;
	const char *summary, *source; /* "" where nothing is to be said */
};

/* Zeroed at first; choices_deinit at the end. */
struct choices {
	struct choice *list;
	size_t n, room;
	bool is_cut; /* memory was out: some are missing */
	struct arena arena;
};

typedef void (*choices_fill)(struct choices *c);

/* Texts are copied; NULL is "". */
void choices_add(struct choices *c, const char *name, const char *summary, const char *source);

/* Of a NULL-terminated list. */
void choices_add_names(struct choices *c, const char *const *names);

/*
 * The files of the program called HEAD NAME TAIL ("designs/", ".ini") that hold
 * a text (NULL: all): summary is the first sentence of an INI file's comment,
 * or the second line of a query; source the path. NAME has no further '/'. In
 * order of their names.
 */
void choices_add_embedded(struct choices *c, const char *head, const char *tail, const char *with);

/* Number of the choice of that name, or -1. */
int choices_find(const struct choices *c, const char *name);

/*
 * ERR_USAGE: "no WHAT 'NAME': did you mean 'NEAREST'?", or how many of those
 * there are as fit the sentence, and the number of the rest. hint (may be
 * NULL) ends it: ", or a file, ./NAME.ini".
 */
int choices_refuse(const struct choices *c, const char *what, const char *name, const char *hint,
		   struct err *e);

/* Likewise, of a list that is made for it. */
int choices_refuse_of(choices_fill fill, const char *what, const char *name, const char *hint,
		      struct err *e);

enum { CHOICE_BRIEF_CHARS = 104 };

/* The summary as it fits a table: of a long one the first parts of its sentence. */
const char *choice_brief(const struct choice *x, char out[CHOICE_BRIEF_CHARS]);

void choices_deinit(struct choices *c);
#define _choices_ __attribute__((cleanup(choices_deinit)))

#endif
