// SPDX-License-Identifier: MIT
/*
 * Designs: one INI file for all models, a file or a built-in one (designs/NAME.ini).
 * Each command uses the sections of its models and checks those of the others.
 */
#ifndef PUGMARK_REPLAY_DESIGN_H
#define PUGMARK_REPLAY_DESIGN_H

#include "base/choices.h"
#include "base/param.h"

/* "a/b/NAME.ini" -> "NAME"; the arena's, NULL when memory is out. */
const char *design_name(const char *path, struct arena *a);

/* That of the i-th of n, or where another file would be called the same, "a/b/NAME". */
const char *design_name_among(const char *const *paths, size_t n, size_t i, struct arena *a);

/* The built-in designs; those that have a section of walk, of pin or of nvme. */
void design_names(struct choices *c);
void design_names_walk(struct choices *c);
void design_names_pin(struct choices *c);
void design_names_nvme(struct choices *c);

/* Adds the tables of all models: what any design may say, checked and kept as text only. */
int design_add_models(struct param_set *s, struct err *e);

/*
 * Reads the file (a name with a '/' or that ends in .ini) or the built-in design
 * of that name into a set with the tables that the caller uses; those of all
 * other models are added as foreign ones. `section` is one that a design should
 * have to be of use here, for the message that lists the built-in ones.
 * ERR_USAGE, ERR_NOINPUT, ERR_FORMAT.
 */
int design_read(struct param_set *s, const char *path, const char *section, struct err *e);

/* Which of n sections it has. Errors as above. */
int design_find_sections(const char *path, const char *const *names, size_t n, bool *has_out,
			 struct err *e);

#endif
