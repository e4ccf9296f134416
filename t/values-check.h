// SPDX-License-Identifier: MIT
/*
 * Figures of collect/values.json: counts, sums and distinct values of fields
 * that other programs found in the recordings, compared with those of records
 * that a reader of ours gives, by the formats it found.
 */
#ifndef PUGMARK_T_VALUES_CHECK_H
#define PUGMARK_T_VALUES_CHECK_H

#include "base/bytes.h"
#include "base/units.h"
#include "collect/evformat.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static inline const char *data_path(const char *name)
{
	static char path[4096];
	const char *dir = getenv("DATA");
	snprintf(path, sizeof(path), "%s/%s", dir ? dir : "../shared/data", name);
	return path;
}

static inline void need(const char *name)
{
	if (access(data_path(name), R_OK)) {
		print_message("# %s is absent\n", name);
		skip();
	}
}

/* ---- sets of numbers ---- */

struct set {
	uint64_t *v;
	size_t n, cap;
};

static inline void set_add(struct set *s, uint64_t v)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 256;
		s->v = realloc(s->v, s->cap * sizeof(*s->v));
	}
	s->v[s->n++] = v;
}

static inline int by_number(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* Sorts, drops doubles; the number left. */
static inline size_t set_pack(struct set *s)
{
	size_t n = 0;
	if (s->n)
		qsort(s->v, s->n, sizeof(*s->v), by_number);
	for (size_t i = 0; i < s->n; i++)
		if (!n || s->v[n - 1] != s->v[i])
			s->v[n++] = s->v[i];
	return s->n = n;
}

static inline bool set_has(const struct set *s, uint64_t v)
{
	return s->n && bsearch(&v, s->v, s->n, sizeof(*s->v), by_number);
}

/* ---- values.json: one figure of one event ---- */

struct check {
	const char *event, *key;
	uint64_t want, got;
	struct set distinct;
	struct evfield field, more[2];
	bool has_field;
};

struct checks {
	struct check list[64];
	size_t n;
	int id_of_event[64];
};

/* The field a key is about; "distinct_phys_page" of dma_map_page is phys_addr >> 12. */
static inline const char *field_of(const char *event, const char *key)
{
	if (!strcmp(key, "sum_sectors"))
		return "nr_sector";
	if (!strcmp(key, "distinct_phys_page"))
		return "phys_addr";
	if (!strcmp(key, "distinct_page"))
		return "address";
	if (!strcmp(key, "distinct_dma_addr") && strstr(event, "unmap"))
		return "addr";
	if (!strncmp(key, "error_code ", 11))
		return "error_code";
	if (!strncmp(key, "n dev ", 6))
		return "dev";
	if (!strncmp(key, "n 0", 3))
		return "device";
	return strchr(key, '_') ? strchr(key, '_') + 1 : "common_type";
}

static inline int checks_bind(void *ctx, const char *system, const char *text, size_t n,
			      struct err *e)
{
	struct checks *c = ctx;
	struct evformat f;
	(void)system;
	assert_int_equal(evformat_parse(text, n, &f, e), 0);
	for (size_t i = 0; i < c->n; i++) {
		struct check *x = &c->list[i];
		if (strcmp(x->event, f.name))
			continue;
		const struct evfield *field = evformat_find(&f, field_of(x->event, x->key));
		assert_non_null(field);
		x->field = *field;
		x->has_field = true;
		c->id_of_event[i] = (int)f.id;
		for (unsigned k = 0; k < 2; k++) {
			field = evformat_find(&f, k ? "dir" : "rwbs");
			if (field)
				x->more[k] = *field;
		}
	}
	return 0;
}

static inline void check_count(struct check *x, const uint8_t *p, size_t n)
{
	static const char *const dirs[] = { "BIDIRECTIONAL", "TO_DEVICE", "FROM_DEVICE", "NONE" };
	const char *s;
	char text[96];
	uint64_t v = 0, dir = 0;
	size_t len;

	if (!strncmp(x->key, "n 0", 3)) { /* "n BDF DIRECTION" */
		assert_true(evfield_string(&x->field, p, n, &s, &len));
		assert_true(evfield_u64(&x->more[1], p, n, &dir) && dir < 4);
		snprintf(text, sizeof(text), "n %.*s %s", (int)len, s, dirs[dir]);
		x->got += !strcmp(text, x->key);
		return;
	}
	assert_true(evfield_u64(&x->field, p, n, &v));
	if (!strncmp(x->key, "n dev ", 6)) { /* "n dev MAJOR:MINOR RWBS" */
		assert_true(evfield_string(&x->more[0], p, n, &s, &len));
		snprintf(text, sizeof(text), "n dev %u:%u %.*s", (unsigned)v >> 20,
			 (unsigned)v & 0xfffff, (int)len, s);
		x->got += !strcmp(text, x->key);
	} else if (!strncmp(x->key, "error_code ", 11)) {
		x->got += v == strtoull(x->key + 11, NULL, 16);
	} else if (!strncmp(x->key, "sum_", 4)) {
		x->got += v;
	} else if (!strncmp(x->key, "distinct_", 9)) {
		set_add(&x->distinct, strstr(x->key, "_page") ? v >> PAGE_SHIFT : v);
	} else {
		assert_string_equal(x->key, "n");
		x->got++;
	}
}

/* Takes the figures of one file. */
static inline void checks_load(struct checks *c, json_t *file)
{
	const char *event, *key;
	json_t *figures, *v;
	json_object_foreach(json_object_get(file, "events"), event, figures)
		json_object_foreach(figures, key, v)
	{
		assert_true(c->n < sizeof(c->list) / sizeof(*c->list));
		c->list[c->n++] = (struct check){ .event = event,
						  .key = key,
						  .want = (uint64_t)json_integer_value(v) };
	}
}

/* A record of a tracepoint. */
static inline void checks_count(struct checks *c, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].has_field && c->id_of_event[i] == le16_get(p))
			check_count(&c->list[i], p, n);
}

static inline void checks_compare(struct checks *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++) {
		struct check *x = &c->list[i];
		if (!strncmp(x->key, "distinct_", 9))
			x->got = set_pack(&x->distinct);
		if (x->got != x->want)
			fail_msg("%s %s %s: %lu, %lu expected", name, x->event, x->key, x->got,
				 x->want);
		free(x->distinct.v);
	}
}

#endif
