// SPDX-License-Identifier: MIT
/*
 * pugmark numa measure: the latency of a cache line between any two CPUs of
 * this host, as the matrix that numa topology reads. Uses two CPUs at a time,
 * for a bounded time.
 */
#include "collect/commands.h"

#include "base/cleanup.h"
#include "base/units.h"
#include "collect/pingpong.h"
#include "reports/options.h"
#include "reports/progress.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COMMAND "numa measure"

struct options {
	struct cli cli;
	const char *out;
	uint64_t rounds, exchanges, limit_ns;
	bool is_median;
	bool is_wanted[PINGPONG_CPUS_MAX];
	size_t nranges;
};

/* A part of --cpus: 4 or 0-7. */
static int add_range(void *mine, char *text, struct err *e)
{
	struct options *o = mine;
	char *end;
	if (!o->nranges++)
		memset(o->is_wanted, 0, sizeof(o->is_wanted));
	errno = 0;
	const unsigned long first = strtoul(text, &end, 10);
	const unsigned long last = *end == '-' ? strtoul(end + 1, &end, 10) : first;
	if (*text < '0' || *text > '9' || *end || errno || first > last ||
	    last >= PINGPONG_CPUS_MAX)
		return err_set(e, ERR_USAGE, "'%s': expected a CPU below %d or a range, as 0-7",
			       text, PINGPONG_CPUS_MAX);
	for (unsigned long i = first; i <= last; i++)
		o->is_wanted[i] = true;
	return 0;
}

static int check(void *mine, struct err *e)
{
	const struct options *o = mine;
	return o->out ? 0 : err_set(e, ERR_USAGE, "where to? -o MATRIX.csv, - for standard output");
}

#define AT(member) .offset = offsetof(struct options, member)

static const struct cli_option options[] = {
	{ .name = "output",
	  .key = 'o',
	  .arg = "FILE",
	  .kind = CLI_TEXT,
	  AT(out),
	  .help = "The matrix, as csv; - for standard output" },
	{ .name = "cpus",
	  .arg = "N|N-N,..",
	  .kind = CLI_LIST,
	  AT(nranges),
	  .each = add_range,
	  .most = PINGPONG_CPUS_MAX,
	  .help = "Between these; default: all that this process may use" },
	{ .name = "rounds",
	  .arg = "N",
	  .kind = CLI_COUNT,
	  AT(rounds),
	  .fallback = "15",
	  .least = 1,
	  .most = PINGPONG_ROUNDS_MAX,
	  .help = "Times that a pair is measured" },
	{ .name = "exchanges",
	  .arg = "N",
	  .kind = CLI_COUNT,
	  AT(exchanges),
	  .fallback = "500",
	  .least = 1,
	  .most = PINGPONG_EXCHANGES_MAX,
	  .help = "Ways there and back in a round" },
	{ .name = "median",
	  .kind = CLI_FLAG,
	  AT(is_median),
	  .help = "Take the median of the rounds instead of the least" },
	{ .name = "limit",
	  .arg = "TIME",
	  .kind = CLI_NS,
	  AT(limit_ns),
	  .fallback = "10min",
	  .least = NS_PER_MS,
	  .help = "End after this, with the pairs measured so far" },
};

static const struct cli_command command = {
	.args_doc = "",
	.doc = "Measures how long a cache line takes between any two CPUs of this host, by two "
	       "pinned threads at a time, and writes the matrix (ns, lower triangle) that numa "
	       "topology reads. Other work on the CPUs makes it longer and less sure.\v"
	       "Example:\n"
	       "  pugmark numa measure -o latencies.csv && pugmark numa topology latencies.csv",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct options, cli),
	.check = check,
};

struct work {
	const struct options *options;
	unsigned cpus[PINGPONG_CPUS_MAX], n;
	uint64_t *ps; /* n x n, below the diagonal; 0: not measured */
	uint64_t pairs, measured, deadline_ns;
};

/* ---- which CPUs ---- */

static int find_cpus(struct work *w, struct err *e)
{
	const struct options *o = w->options;
	const size_t size = CPU_ALLOC_SIZE(PINGPONG_CPUS_MAX);
	cpu_set_t *allowed = CPU_ALLOC(PINGPONG_CPUS_MAX);
	if (!allowed)
		return err_set(e, ERR_NOMEM, "out of memory");
	int rc = sched_getaffinity(0, size, allowed)
			 ? err_set(e, ERR_FEATURE, "the CPUs of this process: %s", strerror(errno))
			 : 0;
	for (unsigned i = 0; i < PINGPONG_CPUS_MAX && !rc; i++) {
		const bool is_allowed = CPU_ISSET_S(i, size, allowed);
		if (o->nranges && o->is_wanted[i] && !is_allowed)
			rc = err_set(e, ERR_PERM,
				     "CPU %u is none that this process may use (--cpus, taskset, "
				     "cgroup cpuset)",
				     i);
		else if (o->nranges ? o->is_wanted[i] : is_allowed)
			w->cpus[w->n++] = i;
	}
	CPU_FREE(allowed);
	if (!rc && w->n < 2)
		rc = err_set(e, ERR_FEATURE,
			     "only CPU %u to measure: between one CPU and itself there is no "
			     "latency, and one CPU is one socket",
			     w->cpus[0]);
	return rc;
}

/* ---- measuring ---- */

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

static int measure_all(struct work *w, struct err *e)
{
	const struct options *o = w->options;
	const struct pingpong_config c = { .rounds = (uint32_t)o->rounds,
					   .exchanges = (uint32_t)o->exchanges,
					   .is_median = o->is_median,
					   .deadline_ns = w->deadline_ns };
	struct progress progress;
	uint64_t done = 0;
	int rc = 0;
	progress_init(&progress, "measure", "pairs", w->pairs, o->cli.is_quiet);
	for (unsigned i = 1; i < w->n && rc >= 0; i++)
		for (unsigned k = 0; k < i && rc >= 0 && now_ns() < w->deadline_ns; k++) {
			rc = pingpong_measure(w->cpus[i], w->cpus[k], &c,
					      &w->ps[(size_t)i * w->n + k], e);
			w->measured += rc > 0;
			progress_set(&progress, ++done);
		}
	progress_end(&progress);
	if (rc >= 0 && !w->measured)
		rc = err_set(e, ERR_UNUSABLE, "no pair was measured within --limit");
	return rc < 0 ? rc : 0;
}

/* ---- the matrix ---- */

/* A line for each number up to the greatest: rows and columns are CPU numbers. */
static void put_matrix(FILE *out, const struct work *w)
{
	unsigned row = 0;
	for (unsigned cpu = 0; cpu <= w->cpus[w->n - 1]; cpu++) {
		const bool is_measured = w->cpus[row] == cpu;
		unsigned column = 0;
		for (unsigned other = 0; other <= w->cpus[w->n - 1]; other++) {
			const uint64_t ps = is_measured && column < row && w->cpus[column] == other
						    ? w->ps[(size_t)row * w->n + column++]
						    : 0;
			if (ps)
				fprintf(out, "%" PRIu64 ".%03" PRIu64, ps / 1000, ps % 1000);
			if (other < w->cpus[w->n - 1])
				putc(',', out);
		}
		putc('\n', out);
		row += is_measured;
	}
}

static int write_file(const struct work *w, struct err *e)
{
	const char *path = w->options->out;
	_free_ char *temporary = NULL;
	if (asprintf(&temporary, "%s.part", path) < 0) {
		temporary = NULL;
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	FILE *out = fopen(temporary, "we");
	if (!out)
		return err_set(e, errno == EACCES ? ERR_PERM : ERR_CREATE, "%s: %s", temporary,
			       strerror(errno));
	put_matrix(out, w);
	const bool is_written = !fflush(out) && !ferror(out);
	const bool is_closed = !fclose(out);
	if (is_written && is_closed && !rename(temporary, path))
		return 0;
	const int why = errno;
	unlink(temporary);
	return err_set(e, ERR_CREATE, "%s: %s", path, strerror(why));
}

/* ---- the report ---- */

static int by_value(const void *pa, const void *pb)
{
	const uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;
	return (a > b) - (a < b);
}

static const struct report_column columns[] = {
	{ "cpus", NULL, REPORT_U64, 0 },      { "pairs", NULL, REPORT_U64, 0 },
	{ "measured", NULL, REPORT_U64, 0 },  { "least_ps", NULL, REPORT_U64, 0 },
	{ "median_ps", NULL, REPORT_U64, 0 }, { "most_ps", NULL, REPORT_U64, 0 },
};

static void tell(struct report *r, const struct work *w, const uint64_t *sorted)
{
	const struct options *o = w->options;
	const uint64_t least = sorted[0], median = sorted[w->measured / 2];
	const uint64_t most = sorted[w->measured - 1];
	if (o->cli.is_json) {
		report_table(r, "rows", NULL, columns, sizeof(columns) / sizeof(*columns));
		report_row(r, (struct report_value[]){ REPORT_U(w->n), REPORT_U(w->pairs),
						       REPORT_U(w->measured), REPORT_U(least),
						       REPORT_U(median), REPORT_U(most) });
		return;
	}
	report_text(r,
		    "%s: %" PRIu64 " of %" PRIu64 " pairs of %u CPUs; one way takes %" PRIu64
		    ".%" PRIu64 " to %" PRIu64 ".%" PRIu64 " ns, median %" PRIu64 ".%" PRIu64 ".",
		    o->out, w->measured, w->pairs, w->n, least / 1000, least % 1000 / 100,
		    most / 1000, most % 1000 / 100, median / 1000, median % 1000 / 100);
	report_text(r, "Next: pugmark numa topology %s", o->out);
}

static int hand_out(const struct work *w, struct err *e)
{
	const struct options *o = w->options;
	const int status = w->measured < w->pairs ? EXIT_DAMAGED : EXIT_DONE;
	if (status)
		cli_note(&o->cli, COMMAND,
			 "%" PRIu64 " pairs were not measured within --limit and are empty",
			 w->pairs - w->measured);
	if (!strcmp(o->out, "-")) {
		put_matrix(stdout, w);
		return status;
	}
	int rc = write_file(w, e);
	_free_ uint64_t *sorted = calloc(w->measured, sizeof(*sorted));
	if (!rc && !sorted)
		rc = err_set(e, ERR_NOMEM, "out of memory");
	if (rc)
		return rc;
	uint64_t k = 0;
	for (size_t i = 0; i < (size_t)w->n * w->n && k < w->measured; i++)
		if (w->ps[i])
			sorted[k++] = w->ps[i];
	qsort(sorted, w->measured, sizeof(*sorted), by_value);
	struct report *r = report_begin(stdout, cli_format(&o->cli), COMMAND, NULL, NULL);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	tell(r, w, sorted);
	return cli_report_end(COMMAND, r, status);
}

static int run(struct work *w, struct err *e)
{
	int rc = find_cpus(w, e);
	if (rc)
		return rc;
	w->pairs = (uint64_t)w->n * (w->n - 1) / 2;
	w->deadline_ns = now_ns() + w->options->limit_ns;
	w->ps = calloc((size_t)w->n * w->n, sizeof(*w->ps));
	rc = w->ps ? measure_all(w, e) : err_set(e, ERR_NOMEM, "out of memory");
	return rc ? rc : hand_out(w, e);
}

int cmd_numa_measure(int argc, char **argv)
{
	_free_ struct options *o = calloc(1, sizeof(*o));
	_free_ struct work *w = calloc(1, sizeof(*w));
	struct err e = {};
	if (!o || !w) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail(COMMAND, &e);
	}
	cli_options_parse(&command, argc, argv, o);
	w->options = o;
	const int rc = run(w, &e);
	free(w->ps);
	return rc < 0 ? cli_fail(COMMAND, &e) : rc;
}
