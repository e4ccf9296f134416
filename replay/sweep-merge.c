// SPDX-License-Identifier: MIT
/*
 * Merging by hand: of folders the results of their tasks, whatever plan they
 * are of. What is damaged is told and left out; but a result that was changed
 * and contradicts another one is a conflict first.
 */
#include "replay/sweep-merge.h"

#include "base/quantity.h"
#include "base/sha256.h"
#include "store/results-merge.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES_MAX = 200000, PATH_BYTES = 4096 };

struct files {
	struct arena *arena;
	const char **path;
	size_t n, cap;
};

static int add_file(struct files *f, const char *path, struct err *e)
{
	if (f->n == f->cap) {
		const size_t cap = f->cap ? f->cap * 2 : 256;
		const char **more = cap <= FILES_MAX * 2 ? arena_alloc(f->arena, cap, sizeof(*more))
							 : NULL;
		if (!more)
			return err_set(e, ERR_NOMEM, "no memory for so many files");
		if (f->n)
			memcpy(more, f->path, f->n * sizeof(*more));
		f->path = more;
		f->cap = cap;
	}
	f->path[f->n] = arena_strdup(f->arena, path);
	return f->path[f->n++] ? 0 : err_set(e, ERR_NOMEM, "no memory for so many files");
}

/* HASH.db */
static int is_result(const struct dirent *d)
{
	return strspn(d->d_name, "0123456789abcdef") == SHA256_HEX_CHARS &&
	       !strcmp(d->d_name + SHA256_HEX_CHARS, ".db");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_folder(struct files *f, const char *folder, struct err *e)
{
	struct dirent **found;
	const int n = scandir(folder, &found, is_result, by_name);
	int rc = 0;
	if (n < 0)
		return err_set(e, ERR_NOINPUT, "%s: %s", folder, strerror(errno));
	if (!n)
		rc = err_set(e, ERR_UNUSABLE, "%s: holds no result of a task", folder);
	for (int i = 0; i < n; i++) {
		char path[PATH_BYTES];
		snprintf(path, sizeof(path), "%.3800s/%s", folder, found[i]->d_name);
		if (!rc)
			rc = add_file(f, path, e);
		free(found[i]);
	}
	free(found);
	return rc;
}

static int list(struct files *f, const struct sweep_merge_paths *paths, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < paths->n && !rc; i++) {
		struct stat st;
		if (!stat(paths->path[i], &st) && S_ISDIR(st.st_mode))
			rc = add_folder(f, paths->path[i], e);
		else
			rc = add_file(f, paths->path[i], e);
	}
	return rc;
}

/* Sorts out what is damaged: 1 if something was. changed keeps those that can be read. */
static int look(const struct cli *cli, const struct files *all, struct files *right,
		struct files *readable, struct err *e)
{
	int rc = 0, result = 0;
	for (size_t i = 0; i < all->n && !rc; i++) {
		struct err why = {};
		const int found = results_check_sealed(all->path[i], NULL, &why);
		if (found == ERR_NOINPUT || found == ERR_PERM || found == ERR_NOMEM) {
			*e = why;
			return found;
		}
		if (found) {
			cli_note(cli, "sweep", "%s: left out", why.msg);
			result = 1;
		}
		if (!found)
			rc = add_file(right, all->path[i], e);
		if (!rc && (!found || found == ERR_NO))
			rc = add_file(readable, all->path[i], e);
	}
	return rc ? rc : result;
}

static int hand_out(const struct cli *cli, const char *output, const struct results_merged *m,
		    int status, struct err *e)
{
	struct report *r = report_begin(stdout, cli_format(cli), "sweep", NULL, NULL);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	report_text(r, "%s: %s configurations, %s numbers in %s runs from %s files", output,
		    quantity_count(m->configs).s, quantity_count(m->numbers).s,
		    quantity_count(m->runs).s, quantity_count(m->files).s);
	report_member_text(r, "results", output);
	report_member_u64(r, "files", m->files);
	report_member_u64(r, "runs", m->runs);
	report_member_u64(r, "merged_configurations", m->configs);
	report_member_u64(r, "merged_numbers", m->numbers);
	return cli_report_end("sweep", r, status);
}

int sweep_merge(const struct cli *cli, const struct sweep_merge_paths *paths, const char *output,
		struct arena *a, struct err *e)
{
	struct files all = { .arena = a }, right = { .arena = a }, readable = { .arena = a };
	struct results_merged merged;
	int rc = list(&all, paths, e);
	if (rc)
		return rc;
	const int damaged = look(cli, &all, &right, &readable, e);
	if (damaged > 0)
		rc = results_compare(readable.path, readable.n, e);
	if (damaged < 0 || rc)
		return damaged < 0 ? damaged : rc;
	if (!right.n)
		return err_set(e, ERR_UNUSABLE, "%s: no results to merge", paths->path[0]);
	rc = results_merge(right.path, right.n, output, &merged, e);
	return rc ? rc : hand_out(cli, output, &merged, damaged ? EXIT_DAMAGED : EXIT_DONE, e);
}
