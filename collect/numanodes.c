// SPDX-License-Identifier: MIT
/* Memory blocks of /sys/devices/system/node, else /proc/zoneinfo. */
#include "collect/numanodes.h"

#include "base/cleanup.h"
#include "base/units.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add_span(struct numanodes *m, uint64_t first, uint64_t pages, uint64_t node,
		    struct err *e)
{
	uint64_t end;
	if (node >= NUMANODES_MAX || !pages || __builtin_add_overflow(first, pages, &end))
		return 0;
	if (!(m->n & (m->n + 1))) { /* room for 2^k - 1 of them */
		struct numaspan *more = realloc(m->spans, (2 * m->n + 1) * sizeof(*more));
		if (!more)
			return err_set(e, ERR_NOMEM, "out of memory");
		m->spans = more;
	}
	m->spans[m->n++] = (struct numaspan){ first, end, (uint16_t)node };
	if (node >= m->nodes)
		m->nodes = (uint16_t)(node + 1);
	return 0;
}

static int by_first(const void *pa, const void *pb)
{
	const struct numaspan *a = pa, *b = pb;
	return a->first != b->first ? (a->first > b->first ? 1 : -1) : a->node - b->node;
}

/* Sorted, cut where they overlap, joined where they meet. */
static void tidy(struct numanodes *m)
{
	size_t n = 0;
	qsort(m->spans, m->n, sizeof(*m->spans), by_first);
	for (size_t i = 0; i < m->n; i++) {
		struct numaspan s = m->spans[i];
		struct numaspan *last = n ? &m->spans[n - 1] : NULL;
		if (last && s.first < last->end)
			s.first = last->end;
		if (s.first >= s.end)
			continue;
		if (last && last->end == s.first && last->node == s.node)
			last->end = s.end;
		else
			m->spans[n++] = s;
	}
	m->n = n;
}

/* "node12" with prefix "node": 12; false for other names. */
static bool number_after(const char *name, const char *prefix, uint64_t *out)
{
	char *end;
	const size_t n = strlen(prefix);
	if (strncmp(name, prefix, n) || name[n] < '0' || name[n] > '9')
		return false;
	*out = strtoull(name + n, &end, 10);
	return !*end;
}

static int read_blocks(struct numanodes *m, const char *folder, uint64_t node, uint64_t block_pages,
		       struct err *e)
{
	DIR *d = opendir(folder);
	uint64_t block, first;
	int rc = 0;
	if (!d)
		return 0;
	for (const struct dirent *x; !rc && (x = readdir(d));)
		if (number_after(x->d_name, "memory", &block) &&
		    !__builtin_mul_overflow(block, block_pages, &first))
			rc = add_span(m, first, block_pages, node, e);
	closedir(d);
	return rc;
}

static int read_nodes(struct numanodes *m, const char *root, struct err *e)
{
	char path[PATH_MAX];
	unsigned long long bytes = 0;
	uint64_t node;
	int rc = 0;
	snprintf(path, sizeof(path), "%s/sys/devices/system/memory/block_size_bytes", root);
	_fclose_ FILE *f = fopen(path, "re");
	if (!f || fscanf(f, "%llx", &bytes) != 1 || bytes < PAGE_BYTES)
		return 0;
	snprintf(path, sizeof(path), "%s/sys/devices/system/node", root);
	DIR *d = opendir(path);
	if (!d)
		return 0;
	for (const struct dirent *x; !rc && (x = readdir(d));) {
		if (!number_after(x->d_name, "node", &node))
			continue;
		snprintf(path, sizeof(path), "%s/sys/devices/system/node/%.40s", root, x->d_name);
		rc = read_blocks(m, path, node, bytes >> PAGE_SHIFT, e);
	}
	closedir(d);
	return rc;
}

static int read_zones(struct numanodes *m, const char *root, struct err *e)
{
	char path[PATH_MAX], line[200];
	unsigned long long node = 0, spanned = 0, first;
	int rc = 0;
	snprintf(path, sizeof(path), "%s/proc/zoneinfo", root);
	_fclose_ FILE *f = fopen(path, "re");
	while (f && !rc && fgets(line, sizeof(line), f))
		if (sscanf(line, "Node %llu, zone", &node) == 1)
			spanned = 0;
		else if (sscanf(line, " spanned %llu", &spanned) != 1 &&
			 sscanf(line, " start_pfn: %llu", &first) == 1)
			rc = add_span(m, first, spanned, node, e);
	return rc;
}

int numanodes_read(struct numanodes *m, const char *root, struct err *e)
{
	*m = (struct numanodes){};
	int rc = read_nodes(m, root, e);
	if (!rc && !m->n)
		rc = read_zones(m, root, e);
	if (!rc && !m->n)
		rc = err_set(
			e, ERR_FEATURE,
			"neither /sys/devices/system/node nor /proc/zoneinfo say where memory is");
	if (rc) {
		numanodes_deinit(m);
		return rc;
	}
	tidy(m);
	return 0;
}

void numanodes_deinit(struct numanodes *m)
{
	free(m->spans);
	*m = (struct numanodes){};
}

const struct numaspan *numanodes_find(const struct numanodes *m, uint64_t pfn)
{
	size_t from = 0, to = m->n;
	while (from < to) {
		const size_t middle = from + (to - from) / 2;
		if (pfn < m->spans[middle].first)
			to = middle;
		else if (pfn >= m->spans[middle].end)
			from = middle + 1;
		else
			return &m->spans[middle];
	}
	return NULL;
}
