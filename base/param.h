// SPDX-License-Identifier: MIT
/*
 * Parameters: each model, policy and importer has one `const struct param[]`
 * table, and everything else follows from it: INI files, `--set`, help, manual,
 * the canonical text behind a design digest, and the list of assumptions.
 *
 *	[walk]
 *	stlb_entries = 1536
 *	lookup_ns = 69 | published | VPRI SOSP'24 slides, on-device lookup
 *
 * A value may name its kind and its source. In a design a bare value is "given"
 * by the user; in a profile (data about the world) a bare number is an error.
 * Values take units (base/quantity.h). A name that ends in its unit (_ns, _us,
 * _ms, _s, _ppm, _per_s) also takes a bare number of it. `|` and `;` (a
 * comment) cannot be part of a value. Later values replace earlier ones; twice
 * in one file is an error, as are lines above 190 bytes (inih would split them).
 */
#ifndef PUGMARK_BASE_PARAM_H
#define PUGMARK_BASE_PARAM_H

#include "base/arena.h"
#include "base/err.h"
#include "base/quantity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PARAM_LINE_BYTES_MAX = 190 };

/* How a value is written, and the type of the field at its offset. */
enum param_type {
	PARAM_U64,      /* uint64_t, a whole number */
	PARAM_BYTES,    /* uint64_t */
	PARAM_NS,       /* struct ns or uint64_t */
	PARAM_PPM,      /* uint64_t */
	PARAM_QUANTITY, /* struct quantity: a count or a share */
	PARAM_RATE,     /* struct rate */
	PARAM_BOOL,     /* bool: yes or no */
	PARAM_CHOICE,   /* int: index into choices */
	PARAM_TEXT,     /* const char *, owned by the set's arena */
	PARAM_DIST,     /* struct dist: how long something takes (base/quantile.h) */
};

struct param {
	const char *section, *name;
	enum param_type type;
	const char *unit;         /* where neither type nor name say it: "pages", "entries/ways" */
	const char *default_text; /* as in a file, kind and source included; NULL: none */
	uint64_t min, max;        /* of the number itself; max 0: no bound */
	const char *help;         /* one sentence */
	size_t offset;            /* of the field in the model's struct */
	const char *const *choices; /* NULL-terminated */
};

enum param_kind {
	PARAM_UNSET,   /* no default, nothing given */
	PARAM_DEFAULT, /* ours, without a source: a choice rather than a measurement */
	PARAM_GIVEN,   /* by the user */
	PARAM_SPEC,
	PARAM_PUBLISHED,
	PARAM_DERIVED,
	PARAM_CALIBRATED,
	PARAM_GUESS,
};

/* "default", "given", "spec", ... in the order above, NULL-terminated. */
extern const char *const param_kind_names[];

/* One parameter of a set with the value it has. Strings are the arena's. */
struct param_entry {
	const struct param *param;
	void *base; /* the struct that is filled, or NULL: checked only */
	const char *text;
	enum param_kind kind;
	const char *source; /* "" if none was named */
	const char *origin; /* "nic.ini:7", "--set", "default" */
	unsigned file;      /* number of the file that set it, to notice twice */
};

/* Takes one value of an open section; an error is told with its place. */
typedef int (*param_take)(void *ctx, const char *name, const char *value, const char *origin,
			  struct err *e);

struct param_section {
	const char *name;
	bool is_used, is_foreign;
	param_take take; /* of an open section */
	void *take_ctx;
};

/* Ready when only the arena is filled in: `struct param_set s = { .arena = &a };` */
struct param_set {
	struct arena *arena;
	struct param_entry *entries;
	size_t n, cap;
	struct param_section *sections;
	size_t nsections, sections_cap;
	unsigned nfiles;
};

/*
 * Adds n rows that fill *base (NULL: values are checked and kept as text only)
 * and gives them their defaults. ERR_BUG when a default breaks its own row.
 */
int param_set_add(struct param_set *s, const struct param *rows, size_t n, void *base,
		  struct err *e);

/*
 * Adds n rows of somebody else's sections, so that a file may hold them: values
 * are checked, but never used, so they are no part of the canonical text, and
 * --set of them is an error. Rows of sections that the set has already are left out.
 */
int param_set_add_foreign(struct param_set *s, const struct param *rows, size_t n, struct err *e);

/*
 * Lets files have a section whose names are not known beforehand: each of its
 * values goes to `take`, in order and as it is written.
 */
int param_set_open(struct param_set *s, const char *section, param_take take, void *ctx,
		   struct err *e);

enum param_file { PARAM_DESIGN, PARAM_PROFILE };

/* A file by its look: has a '/', or ends in .ini; else the name of what is built in. */
bool param_is_file(const char *name);

/* Reads an INI file, or text of n bytes under a name for messages. */
int param_read(struct param_set *s, const char *path, enum param_file kind, struct err *e);
int param_read_text(struct param_set *s, const char *name, const char *text, size_t n,
		    enum param_file kind, struct err *e);

/* `section.key=value`, as after --set. */
int param_assign(struct param_set *s, const char *assignment, struct err *e);

/* A section is used when a file names it, --set touches it, or a command says so. */
bool param_section_is_used(const struct param_set *s, const char *section);
void param_section_use(struct param_set *s, const char *section);

/* NULL when there is no such parameter. */
const struct param_entry *param_find(const struct param_set *s, const char *section,
				     const char *name);

/* Puts where a value was given, and its name, before a message about it; returns e->code. */
int param_blame(const struct param_set *s, const char *section, const char *name, struct err *e);

/*
 * `section.name=value` lines of the used sections, sorted, in base units (ns,
 * bytes, ppm) and without provenance: equal text is an equal design. The caller
 * frees; NULL when memory is out.
 */
char *param_canonical(const struct param_set *s);

/* A number as this parameter's type shows it: "1 ms", "32 KiB", "4,096". */
struct quantity_text param_show_number(const struct param *p, uint64_t v);

#endif
