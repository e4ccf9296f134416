// SPDX-License-Identifier: MIT
/*
 * pugmark numa topology: which CPUs share a socket, from a matrix of latencies
 * between them, or that this cannot be told.
 */
#include "replay/commands.h"

#include "base/cleanup.h"
#include "base/quantity.h"
#include "replay/latmatrix.h"
#include "reports/options.h"
#include "reports/plot.h"
#include "sim/topology.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND "numa topology"

struct options {
	struct cli cli;
	const char *path, *plot;
	uint64_t seed;
};

#define AT(member) .offset = offsetof(struct options, member)

static const struct cli_option options[] = {
	CLI_OPTION_SEED(AT(seed), "Of the variants that confidence is taken from"),
	CLI_OPTION_PLOT(AT(plot), "Draw the latencies as a map"),
};

static const struct cli_command command = {
	.args_doc = "MATRIX.csv",
	.doc = "Finds the CPUs of each socket in a matrix of core-to-core latencies (ns, a line a "
	       "CPU, as numa measure writes it), with the confidence; or says \"undecided\" and "
	       "why.\v"
	       "Example:\n"
	       "  pugmark numa topology latencies.csv --plot map.svg",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct options, cli),
	.what = "matrix",
	.only = offsetof(struct options, path),
};

struct answer {
	const struct options *options;
	struct latmatrix matrix;
	struct topology topology;
	uint16_t *group;
};

/* ---- text of groups (the caller frees) ---- */

/* [[0,1],[2,3]] */
static char *groups_as_json(const struct answer *a)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);
	if (!out)
		return NULL;
	putc('[', out);
	for (unsigned g = 0; g < a->topology.sockets; g++) {
		fputs(g ? ",[" : "[", out);
		bool is_first = true;
		for (unsigned i = 0; i < a->matrix.n; i++) {
			if (a->group[i] != g)
				continue;
			fprintf(out, is_first ? "%u" : ",%u", i);
			is_first = false;
		}
		putc(']', out);
	}
	putc(']', out);
	fclose(out);
	return text;
}

/* 0-7,16-23; cpus of UINT16_MAX: those in no group. */
static char *cpus_of(const struct answer *a, unsigned group)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	const char *before = "";
	for (unsigned i = 0; i < a->matrix.n; i++) {
		if (a->group[i] != group)
			continue;
		const unsigned first = i;
		while (i + 1 < a->matrix.n && a->group[i + 1] == group)
			i++;
		fprintf(out, first == i ? "%s%u" : "%s%u-%u", before, first, i);
		before = ",";
	}
	fclose(out);
	return text;
}

/* ---- for people ---- */

struct ns_text {
	char s[32];
};

static struct ns_text ns(uint32_t ps)
{
	struct ns_text t = { "-" };
	if (ps)
		snprintf(t.s, sizeof(t.s), "%u.%u ns", (ps + 50) / 1000, (ps + 50) % 1000 / 100);
	return t;
}

static void tell_verdict(struct report *r, const struct answer *a)
{
	const struct topology *t = &a->topology;
	const unsigned percent = (unsigned)(t->confidence_ppm / 10000);
	if (!t->is_decided)
		report_text(r, "Undecided: %s.", topology_reasons[t->basis]);
	else if (t->sockets == 1)
		report_text(r, "One socket (confidence %u %%): %s.", percent,
			    topology_reasons[t->basis]);
	else
		report_text(r, "%u sockets (confidence %u %%): %s.", t->sockets, percent,
			    topology_reasons[t->basis]);
	if (t->sockets > 1)
		report_text(r, "Median latency %s inside, %s across.", ns(t->inside_ps).s,
			    ns(t->across_ps).s);
}

static void tell_shape(struct report *r, const struct answer *a)
{
	const struct topology *t = &a->topology;
	char cache[60] = "";
	if (t->cache_cpus)
		snprintf(cache, sizeof(cache), ", groups of %u that share a cache or tile",
			 t->cache_cpus);
	report_text(r,
		    "%s: %u CPUs, %" PRIu64 " pairs measured, %" PRIu64
		    " missing; threads a core: %u%s.",
		    a->options->path, a->matrix.n, a->matrix.known, a->matrix.missing, t->threads,
		    cache);
	_free_ char *none = cpus_of(a, UINT16_MAX);
	if (none && *none)
		report_text(r, "In no group, as nothing was measured of them: CPU %s.", none);
}

static const struct report_column socket_columns[] = {
	{ "socket", NULL, REPORT_ID, REPORT_ONLY_TABLE },
	{ "cpus", "CPUs", REPORT_U64, REPORT_ONLY_TABLE },
	{ "list", "which", REPORT_TEXT, REPORT_ONLY_TABLE },
};

static void tell_sockets(struct report *r, const struct answer *a)
{
	report_table(r, "sockets", NULL, socket_columns, 3);
	for (unsigned g = 0; g < a->topology.sockets; g++) {
		_free_ char *list = cpus_of(a, g);
		uint64_t n = 0;
		for (unsigned i = 0; i < a->matrix.n; i++)
			n += a->group[i] == g;
		report_row(r, (struct report_value[]){ REPORT_U(g), REPORT_U(n), REPORT_S(list) });
	}
}

/* ---- for programs ---- */

static const struct report_column columns[] = {
	{ "verdict", NULL, REPORT_TEXT, 0 },       { "groups", NULL, REPORT_LIST, 0 },
	{ "confidence_ppm", NULL, REPORT_PPM, 0 }, { "reason", NULL, REPORT_TEXT, 0 },
	{ "sockets", NULL, REPORT_U64, 0 },        { "cpus", NULL, REPORT_U64, 0 },
	{ "threads", NULL, REPORT_U64, 0 },        { "cache_cpus", NULL, REPORT_U64, 0 },
	{ "inside_ps", NULL, REPORT_U64, 0 },      { "across_ps", NULL, REPORT_U64, 0 },
	{ "gap_ppm", NULL, REPORT_PPM, 0 },        { "missing_pairs", NULL, REPORT_U64, 0 },
};

static struct report_value known(uint64_t v)
{
	return v ? REPORT_U(v) : REPORT_NULL();
}

static void put_row(struct report *r, const struct answer *a)
{
	const struct topology *t = &a->topology;
	_free_ char *groups = t->is_decided ? groups_as_json(a) : NULL;
	report_table(r, "rows", NULL, columns, sizeof(columns) / sizeof(*columns));
	report_row(r, (struct report_value[]){
			      REPORT_S(t->is_decided ? "decided" : "undecided"), REPORT_S(groups),
			      REPORT_U(t->confidence_ppm), REPORT_S(topology_reasons[t->basis]),
			      t->is_decided ? REPORT_U(t->sockets) : REPORT_NULL(),
			      REPORT_U(a->matrix.n), REPORT_U(t->threads), known(t->cache_cpus),
			      known(t->inside_ps), known(t->across_ps), known(t->gap_ppm),
			      REPORT_U(a->matrix.missing) });
}

/* ---- the map ---- */

/* CPUs in order of their groups, so that sockets are blocks; the order they stand in otherwise. */
static int draw(const struct answer *a, struct plot *p, struct err *e)
{
	const unsigned n = a->matrix.n;
	_free_ unsigned *order = calloc(n, sizeof(*order));
	if (!order) {
		plot_abort(p);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	unsigned k = 0;
	for (unsigned g = 0; g < a->topology.sockets || g == 0; g++)
		for (unsigned i = 0; i < n; i++)
			if (a->group[i] == g)
				order[k++] = i;
	plot_set(p, "title", a->options->path);
	FILE *out = plot_data(p, "data");
	for (unsigned i = 0; i < k; i++) {
		for (unsigned j = 0; j < k; j++) {
			const uint32_t ps = a->matrix.ps[(size_t)order[i] * n + order[j]];
			if (ps)
				fprintf(out, "%u %u %u.%03u\n", j, i, ps / 1000, ps % 1000);
		}
	}
	plot_data_end(p);
	return plot_end(p, e);
}

static int hand_out(const struct answer *a, struct plot **plot, struct err *e)
{
	const struct options *o = a->options;
	struct report *r = report_begin(stdout, cli_format(&o->cli), COMMAND, NULL, NULL);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	if (o->cli.is_json) {
		put_row(r, a);
	} else {
		tell_verdict(r, a);
		tell_shape(r, a);
		if (a->topology.is_decided)
			tell_sockets(r, a);
	}
	const int status = cli_report_end(COMMAND, r, a->topology.is_decided ? EXIT_DONE : EXIT_NO);
	if (!*plot || status > EXIT_NO)
		return status;
	const int rc = draw(a, take_ptr(*plot), e);
	return rc ? rc : status;
}

static int run(struct answer *a, struct plot **plot, struct err *e)
{
	const struct options *o = a->options;
	int rc = o->plot ? plot_begin(o->plot, "numa-latency", plot, e) : 0;
	if (!rc)
		rc = latmatrix_read(o->path, &a->matrix, e);
	if (rc)
		return rc;
	a->group = calloc(a->matrix.n, sizeof(*a->group));
	if (!a->group)
		return err_set(e, ERR_NOMEM, "out of memory");
	rc = topology_find(a->matrix.ps, a->matrix.n, o->seed, &a->topology, a->group, e);
	return rc ? rc : hand_out(a, plot, e);
}

int cmd_numa_topology(int argc, char **argv)
{
	struct options o = {};
	struct answer a = { .options = &o };
	struct plot *plot = NULL;
	struct err e = {};
	cli_options_parse(&command, argc, argv, &o);
	const int rc = run(&a, &plot, &e);
	if (plot)
		plot_abort(plot);
	latmatrix_deinit(&a.matrix);
	free(a.group);
	return rc < 0 ? cli_fail(COMMAND, &e) : rc;
}
