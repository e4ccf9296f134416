// SPDX-License-Identifier: MIT
/*
 * meta.json of a swap recording. Known members become meta texts of the trace
 * under their own names, so that a replay finds what it needs to repeat the
 * run; stamps are taken from the start of the first CPU epoch. Unknown members
 * are left out.
 */
#include "collect/swapdir.h"

#include "base/cleanup.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum meta_type {
	META_NUMBER,
	META_STAMP, /* absolute; stored relative */
	META_TEXT,
	META_BOOL, /* stored as yes or no */
};

struct meta_field {
	const char *name;
	enum meta_type type;
	bool is_required;
};

static const struct meta_field fields[] = {
	{ "name", META_TEXT, false },
	{ "cpu_epoch_len_ns", META_NUMBER, true },
	{ "first_us_after_idle_epochs", META_NUMBER, false },
	{ "guest_memory_pages", META_NUMBER, true },
	{ "limit_pages", META_NUMBER, true },
	{ "swap", META_TEXT, false },
	{ "swap_readahead_pages", META_NUMBER, false },
	{ "huge_pages", META_TEXT, false },
	{ "guest_init_on_alloc", META_NUMBER, false },
	{ "guest_memory_kind", META_TEXT, false },
	{ "dma_sets_accessed", META_BOOL, false },
	{ "t_limit_first_step_ns", META_STAMP, true },
	{ "t_limit_reached_ns", META_STAMP, true },
	{ "t_workload_end_ns", META_STAMP, true },
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static const char *const type_names[] = {
	[META_NUMBER] = "a whole number that is not negative",
	[META_STAMP] = "a time in ns",
	[META_TEXT] = "a text",
	[META_BOOL] = "true or false",
};

/* ---- the file ---- */

static int read_all(struct input *in, char *buf, size_t *n_out, struct err *e)
{
	size_t n = 0;
	for (;;) {
		const ssize_t got = input_read(in, buf + n, SWAPDIR_META_BYTES - n, e);
		if (got < 0)
			return (int)got;
		if (!got)
			break;
		n += (size_t)got;
	}
	if (n == SWAPDIR_META_BYTES)
		return err_set(e, ERR_UNUSABLE, "%s: is above %d MiB: expected a small JSON object",
			       input_name(in), SWAPDIR_META_BYTES >> 20);
	*n_out = n;
	return 0;
}

static int parse(struct input *in, json_t **out, struct err *e)
{
	_free_ char *buf = malloc(SWAPDIR_META_BYTES);
	json_error_t why;
	size_t n = 0;
	if (!buf)
		return err_set(e, ERR_NOMEM, "out of memory");

	const int rc = read_all(in, buf, &n, e);
	if (rc)
		return rc;
	*out = json_loadb(buf, n, JSON_REJECT_DUPLICATES, &why);
	if (!*out)
		return err_set(e, ERR_UNUSABLE, "%.120s: line %d: %.80s", input_name(in), why.line,
			       why.text);
	if (json_is_object(*out))
		return 0;
	json_decref(*out);
	return err_set(e, ERR_UNUSABLE, "%s: line 1: expected a JSON object", input_name(in));
}

/* ---- members ---- */

static int bad_member(struct input *in, const char *name, const char *expected, struct err *e)
{
	return err_set(e, ERR_UNUSABLE, "%.120s: member %s: expected %s", input_name(in), name,
		       expected);
}

static int get_number(struct import *im, const json_t *root, const char *name, uint64_t *out,
		      struct err *e)
{
	const json_t *v = json_object_get(root, name);

	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return bad_member(im->in, name, type_names[META_NUMBER], e);
	*out = (uint64_t)json_integer_value(v);
	return 0;
}

/* A stamp before the first epoch is time 0. */
static uint64_t relative(const struct swapdir_meta *m, uint64_t stamp)
{
	return stamp > m->epoch0_ns ? stamp - m->epoch0_ns : 0;
}

static int put_field(struct import *im, const struct meta_field *f, const json_t *v,
		     const struct swapdir_meta *m, struct err *e)
{
	char number[24];

	if (f->type == META_TEXT && json_is_string(v))
		return trace_writer_meta(im->w, f->name, json_string_value(v), e);
	if (f->type == META_BOOL && json_is_boolean(v))
		return trace_writer_meta(im->w, f->name, json_is_true(v) ? "yes" : "no", e);
	if (f->type == META_TEXT || f->type == META_BOOL || !json_is_integer(v) ||
	    json_integer_value(v) < 0)
		return bad_member(im->in, f->name, type_names[f->type], e);
	const uint64_t n = (uint64_t)json_integer_value(v);
	snprintf(number, sizeof(number), "%" PRIu64, f->type == META_STAMP ? relative(m, n) : n);
	return trace_writer_meta(im->w, f->name, number, e);
}

static int put_fields(struct import *im, const json_t *root, const struct swapdir_meta *m,
		      struct err *e)
{
	for (size_t i = 0; i < FIELDS; i++) {
		const json_t *v = json_object_get(root, fields[i].name);
		if (!v && fields[i].is_required)
			return bad_member(im->in, fields[i].name, type_names[fields[i].type], e);
		const int rc = v ? put_field(im, &fields[i], v, m, e) : 0;
		if (rc)
			return rc;
	}
	return 0;
}

/* [[stamp, text], ..] of what the workload did; what is no such pair is left out. */
static int put_marks(struct import *im, const json_t *root, const struct swapdir_meta *m,
		     struct err *e)
{
	json_t *out = json_array();
	size_t i;
	json_t *mark;

	json_array_foreach(json_object_get(root, "marks"), i, mark)
	{
		const json_t *stamp = json_array_get(mark, 0);
		json_t *text = json_array_get(mark, 1);
		if (!json_is_integer(stamp) || json_integer_value(stamp) < 0 ||
		    !json_is_string(text))
			continue;
		const uint64_t ns = relative(m, (uint64_t)json_integer_value(stamp));
		json_array_append_new(out, json_pack("[IO]", (json_int_t)ns, text));
	}
	_free_ char *dump = json_dumps(out, JSON_COMPACT);
	const int rc = !dump                  ? err_set(e, ERR_NOMEM, "out of memory")
		       : json_array_size(out) ? trace_writer_meta(im->w, "marks", dump, e)
					      : 0;
	json_decref(out);
	return rc;
}

/*
 * Pages resident before the guest ran. The recordings say it in words; only
 * the order we can repeat is taken: each page written once, from page 0 up.
 */
static int put_populated(struct import *im, const json_t *root, struct err *e)
{
	const char *kind = json_string_value(json_object_get(root, "guest_memory_kind"));

	if (!kind || !strstr(kind, "populated") || !strstr(kind, "address order"))
		return 0;
	return trace_writer_meta(im->w, "populated", "address", e);
}

static int put_host(struct import *im, const json_t *root, struct err *e)
{
	const char *kernel = json_string_value(
		json_object_get(json_object_get(root, "versions"), "host_kernel"));

	return kernel ? trace_writer_host(im->w, "kernel", kernel, e) : 0;
}

static int put_vm(struct import *im, const json_t *root, const struct swapdir_meta *m,
		  struct err *e)
{
	const struct trace_vm vm = {
		.name = json_string_value(json_object_get(root, "name")),
		.mem_pages = m->mem_pages,
	};
	char base[24];

	snprintf(base, sizeof(base), "%" PRIu64, m->epoch0_ns);
	const int rc = trace_writer_vm(im->w, &vm, e);
	return rc ? rc : trace_writer_meta(im->w, "clock_base_ns", base, e);
}

/* Where evicted pages went: compressed memory or a disk. */
static enum swap_tier tier_of(const json_t *root)
{
	const char *swap = json_string_value(json_object_get(root, "swap"));

	if (!swap)
		return TIER_UNKNOWN;
	if (!strcmp(swap, "zram") || !strcmp(swap, "zswap"))
		return TIER_ZSWAP;
	return !strcmp(swap, "file") || !strcmp(swap, "disk") ? TIER_SSD : TIER_UNKNOWN;
}

static int use(struct import *im, const json_t *root, struct swapdir_meta *m, struct err *e)
{
	int rc = get_number(im, root, "cpu_epoch0_ns", &m->epoch0_ns, e);
	if (!rc)
		rc = get_number(im, root, "cpu_epoch_len_ns", &m->epoch_ns, e);
	if (!rc)
		rc = get_number(im, root, "guest_memory_pages", &m->mem_pages, e);
	if (!rc && (!m->epoch_ns || !m->mem_pages))
		rc = bad_member(im->in, m->epoch_ns ? "guest_memory_pages" : "cpu_epoch_len_ns",
				"more than 0", e);
	if (!rc)
		rc = get_number(im, root, "t_limit_first_step_ns", &m->first_step_ns, e);
	m->tier = tier_of(root);
	if (!rc)
		rc = put_vm(im, root, m, e);
	if (!rc)
		rc = put_fields(im, root, m, e);
	if (!rc)
		rc = get_number(im, root, "t_limit_reached_ns", &m->reached_ns, e);
	if (!rc)
		rc = put_marks(im, root, m, e);
	if (!rc)
		rc = put_populated(im, root, e);
	return rc ? rc : put_host(im, root, e);
}

int swapdir_read_meta(struct import *im, struct swapdir_meta *out, struct err *e)
{
	json_t *root = NULL;

	*out = (struct swapdir_meta){};
	int rc = parse(im->in, &root, e);
	if (!rc)
		rc = use(im, root, out, e);
	json_decref(root);
	return rc;
}
