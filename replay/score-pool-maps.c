// SPDX-License-Identifier: MIT
/* A pin map for each VM of a pool that may be overcommitted, learnt from all of its trace. */
#include "replay/score-pool-report.h"

#include "base/cleanup.h"
#include "replay/pinmap-learn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NAME_BYTES = 100 };

/* A VM may be called anything; a file of that name must stay in its folder and be easy to type. */
static void make_name(const char *vm, char *out)
{
	size_t n = 0;
	for (; vm[n] && n < NAME_BYTES - 20; n++) {
		const char c = vm[n];
		const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				      (c >= '0' && c <= '9') || c == '-' || (c == '.' && n);
		out[n] = is_plain ? c : '_';
	}
	out[n] = '\0';
}

static bool is_taken(char (*names)[NAME_BYTES], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i], names[n]))
			return true;
	return false;
}

/* Names that came out the same get numbers, by the order of the VMs' own names. */
static void number_name(char (*names)[NAME_BYTES], size_t n)
{
	const size_t at = strlen(names[n]);
	for (unsigned k = 2; is_taken(names, n); k++)
		snprintf(names[n] + at, NAME_BYTES - at, "-%u", k);
}

static int make_folder(const char *dir, struct err *e)
{
	if (!mkdir(dir, 0777) || errno == EEXIST)
		return 0;
	return err_set(e, errno == EACCES || errno == EPERM ? ERR_PERM : ERR_CREATE, "%s: %s", dir,
		       strerror(errno));
}

static int write_map(const struct score_pool_answer *a, const struct score_pool_result *x, size_t i,
		     const char *path, unsigned threads, struct err *e)
{
	const struct pin_pool_vm *v = &a->vms[i];
	struct score_design *d = &x->alone[i].design;
	const struct pinmap_lesson lesson = {
		.trace = v->trace,
		.path = v->path,
		.devices = &v->devices,
		.design = &d->pin,
		.design_name = d->name,
		.vm_pages = v->vm_pages,
		.budget = d->budget,
		.overcommit_ppm = score_pool_levels_ppm[x->found.levels[i]],
		.to_ns = UINT64_MAX,
		.seed = pin_pool_seed(a->seed, v, a->nvms),
		.threads = threads,
	};
	struct pinmap map;
	int rc = pinmap_learn(&lesson, &map, e);
	if (rc)
		return rc;
	/* the trace may tell another name, or none, or one that two VMs have */
	snprintf(map.vm, sizeof(map.vm), "%.79s", v->name);
	rc = pinmap_write(&map, path, e);
	pinmap_deinit(&map);
	return rc;
}

int score_pool_write_maps(const char *dir, const struct score_pool_answer *a, unsigned threads,
			  size_t *n_out, struct err *e)
{
	const struct score_pool_result *x = &a->results[a->best];
	_free_ char(*names)[NAME_BYTES] = calloc(a->nvms, sizeof(*names));
	size_t n = 0;
	int rc = names ? make_folder(dir, e) : err_set(e, ERR_NOMEM, "no memory for pin maps");
	for (size_t i = 0; i < a->nvms && !rc; i++) {
		char *path = NULL;
		if (!x->found.levels[i])
			continue;
		make_name(a->vms[i].name, names[n]);
		number_name(names, n);
		if (asprintf(&path, "%s/%s.json", dir, names[n]) < 0)
			return err_set(e, ERR_NOMEM, "no memory for pin maps");
		rc = write_map(a, x, i, path, threads, e);
		free(path);
		n++;
	}
	*n_out = n;
	return rc;
}
