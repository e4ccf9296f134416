// SPDX-License-Identifier: MIT
/*
 * What a recording costs: page faults of one program, recorded by pugmark (both
 * ways to read), by perf record and by trace-cmd record (an instance of its
 * own, only when TRACE_CMD=1: it is not ours to say what else it touches), each
 * alone, in turns; the median of the rounds.
 *
 *   collector_ns_per_event   CPU of the recorder and what it starts, without
 *                            the program; its start and end included
 *   added_ns_per_event       CPU of the program beyond that without a recorder
 *   bytes_per_event          of its file
 *   lost                     as the trace tells (ours only)
 *   spool_ns_per_event       our rings drained, decoded and put into columns,
 *                            without compression and commit
 *
 * usage: bench-record OUT.json [FAULTS [ROUNDS]]. Writes {} where perf events
 * are not permitted.
 */
#include "base/units.h"
#include "collect/perfring.h"
#include "collect/rowbuf.h"
#include "collect/tracefs.h"
#include "collect/tracepoint.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 4096, ROUNDS_MAX = 15, ARGS_MAX = 16, PATH_BYTES = 512 };

struct cost {
	double collector_ns, program_ns, bytes, lost;
};

struct bench {
	char self[PATH_BYTES], pugmark[PATH_BYTES], folder[PATH_BYTES], out[2 * PATH_BYTES];
	char program_cost[2 * PATH_BYTES], faults_text[24];
	long faults;
	unsigned rounds;
	FILE *json;
	unsigned nwritten;
};

static double cpu_ns(const struct rusage *u)
{
	return ((double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1e6 +
		(double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec)) *
	       1e3;
}

/* ---- the program ---- */

static void touch(long faults)
{
	const size_t bytes = (size_t)BATCH * PAGE_BYTES;
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		_exit(1);
	madvise(p, bytes, MADV_NOHUGEPAGE);
	for (long i = 0; i < faults; i++) {
		if (i && i % BATCH == 0)
			madvise(p, bytes, MADV_DONTNEED);
		((volatile char *)p)[i % BATCH * (long)PAGE_BYTES] = 1;
	}
}

/* The program: FAULTS touches, then its own CPU time into a file. */
static int be_program(const char *faults, const char *path)
{
	struct rusage u;
	touch(atol(faults));
	getrusage(RUSAGE_SELF, &u);
	FILE *f = fopen(path, "w");
	if (!f)
		return 1;
	fprintf(f, "%.0f\n", cpu_ns(&u));
	return fclose(f) != 0;
}

/* ---- recorders ---- */

static double read_number(const char *path)
{
	double v = -1;
	FILE *f = fopen(path, "r");
	if (f && fscanf(f, "%lf", &v) != 1)
		v = -1;
	if (f)
		fclose(f);
	return v;
}

/* Runs a command without output; its CPU time with that of all it waited for; negative: failed. */
static double run(char *const *argv)
{
	struct rusage u;
	int status;
	const pid_t child = fork();
	if (!child) {
		const int null = open("/dev/null", O_RDWR);
		for (int fd = 0; fd < 3; fd++)
			dup2(null, fd);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &u) != child || !WIFEXITED(status) ||
	    (WEXITSTATUS(status) && WEXITSTATUS(status) != 3))
		return -1;
	return cpu_ns(&u);
}

static double lost_of(const struct bench *b)
{
	char command[5 * PATH_BYTES];
	double lost = -1;
	snprintf(command, sizeof(command),
		 "%s sql -n %s 'SELECT coalesce(sum(n_lost), 0) FROM loss' 2>/dev/null", b->pugmark,
		 b->out);
	FILE *f = popen(command, "r");
	if (f && fscanf(f, "%lf", &lost) != 1)
		lost = -1;
	if (f)
		pclose(f);
	return lost;
}

static bool record(const struct bench *b, const char *const *recorder, struct cost *out)
{
	char *argv[ARGS_MAX] = {};
	unsigned n = 0;
	struct stat st = {};
	for (; recorder && recorder[n]; n++)
		argv[n] = (char *)recorder[n];
	const char *const program[] = { b->self, "--program", b->faults_text, b->program_cost };
	for (unsigned i = 0; i < 4; i++)
		argv[n++] = (char *)program[i];
	unlink(b->out);
	unlink(b->program_cost);
	const double all = run(argv);
	out->program_ns = read_number(b->program_cost);
	if (all < 0 || out->program_ns < 0)
		return false;
	out->collector_ns = all - out->program_ns;
	out->bytes = stat(b->out, &st) ? 0 : (double)st.st_size;
	return true;
}

/* ---- our rings, without a file ---- */

struct spool {
	struct rowbuf rows;
	struct err *e;
};

static int put_fault(void *ctx, const struct fault_event *row, struct err *e)
{
	struct spool *s = ctx;
	return rowbuf_add(&s->rows, row, e);
}

static int find_source(void *ctx, const char *name, const char *coverage, uint16_t *source_out,
		       struct err *e)
{
	(void)ctx, (void)name, (void)coverage, (void)e;
	*source_out = 1;
	return 0;
}

static uint64_t now_ns(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

static int drain(struct perfring *ring, struct tracepoints *points, struct spool *s,
		 struct trace_stream *stream, uint64_t limit_ns, uint64_t *records)
{
	struct perfring_record rec;
	int rc = perfring_begin(ring, limit_ns, s->e);
	for (; !rc && (rc = perfring_next(ring, &rec, s->e)) > 0; ++*records)
		rc = tracepoints_event(points, rec.ts, rec.cpu, rec.raw, rec.raw_bytes, s->e);
	return rc ? rc : rowbuf_settle(&s->rows, limit_ns, stream, s->e);
}

/* CPU a record of draining while the program runs; negative: not possible. */
static double spool_ns(const struct bench *b, struct err *e)
{
	struct spool s = { .e = e };
	struct evformat *f = calloc(1, sizeof(*f));
	struct perfring *ring = NULL;
	struct tracepoints *points = NULL;
	struct trace_writer *w = NULL;
	struct trace_stream *stream;
	uint64_t records = 0;
	double ns = -1;
	int go[2], status = 0;
	char byte = 0;
	const struct tracepoint_options o = {
		.sink = { .ctx = &s, .fault = put_fault, .source = find_source }
	};
	if (!f || pipe(go))
		return -1;
	const pid_t child = fork();
	if (!child) {
		close(go[1]);
		if (read(go[0], &byte, 1) == 1)
			touch(b->faults);
		_exit(0);
	}
	close(go[0]);
	rowbuf_init(&s.rows, KIND_FAULT);
	int rc = tracefs_format("exceptions", "page_fault_user", f, e);
	if (!rc)
		rc = tracepoints_new(&o, &points, e);
	if (!rc)
		rc = tracepoints_add(points, "exceptions", f, e);
	const struct perfring_event event = { .name = "exceptions:page_fault_user",
					      .type = PERF_TYPE_TRACEPOINT,
					      .config = f->id,
					      .wants_raw = true };
	const struct perfring_config c = {
		.events = &event, .nevents = 1, .pid = child, .ring_bytes = 16 << 20
	};
	if (!rc)
		rc = perfring_open(&c, &ring, e);
	if (!rc)
		rc = trace_writer_open_null(&w, e);
	if (!rc)
		rc = trace_writer_stream(w, KIND_FAULT, &stream, e);
	if (!rc)
		rc = perfring_enable(ring, e);
	const uint64_t before = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	if (!rc && write(go[1], &byte, 1) == 1)
		while (!rc && !waitpid(child, &status, WNOHANG)) {
			nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
			rc = drain(ring, points, &s, stream,
				   now_ns(CLOCK_MONOTONIC) - 2 * NS_PER_MS, &records);
		}
	if (!rc)
		rc = drain(ring, points, &s, stream, UINT64_MAX, &records);
	if (!rc && records)
		ns = (double)(now_ns(CLOCK_PROCESS_CPUTIME_ID) - before) / (double)records;
	close(go[1]);
	perfring_close(ring);
	tracepoints_free(points);
	if (w)
		trace_writer_abort(w);
	rowbuf_deinit(&s.rows);
	free(f);
	return ns;
}

/* ---- the table ---- */

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *v, unsigned n)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[n / 2];
}

static void put(struct bench *b, const char *tool, const char *what, double value)
{
	fprintf(b->json, "%s\n  \"%s%s\": %.3f", b->nwritten++ ? "," : "{", tool, what, value);
}

static void put_cost(struct bench *b, const char *tool, struct cost *costs, const double *alone)
{
	double v[4][ROUNDS_MAX];
	for (unsigned i = 0; i < b->rounds; i++) {
		v[0][i] = costs[i].collector_ns / (double)b->faults;
		v[1][i] = (costs[i].program_ns - alone[i]) / (double)b->faults;
		v[2][i] = costs[i].bytes / (double)b->faults;
		v[3][i] = costs[i].lost;
	}
	put(b, tool, "collector_ns_per_event", median(v[0], b->rounds));
	put(b, tool, "added_ns_per_event", median(v[1], b->rounds));
	put(b, tool, "bytes_per_event", median(v[2], b->rounds));
	if (costs[0].lost >= 0)
		put(b, tool, "lost", median(v[3], b->rounds));
}

static void bench_all(struct bench *b)
{
	const char *const event = "exceptions:page_fault_user";
	const struct {
		const char *name;
		bool is_ours;
		const char *argv[ARGS_MAX];
	} tools[] = {
		{ "perf_rings_",
		  true,
		  { b->pugmark, "record", "-q", "-o", b->out, "--probe", "fault", "--" } },
		{ "tracefs_",
		  true,
		  { b->pugmark, "record", "-q", "-o", b->out, "--via", "tracefs", "--probe",
		    "fault", "--" } },
		{ "perf_", false, { "perf", "record", "-q", "-o", b->out, "-e", event, "--" } },
		{ "trace_cmd_",
		  false,
		  { "trace-cmd", "record", "-B", "pugmark-bench", "-e", event, "-o", b->out } },
	};
	enum { TOOLS = sizeof(tools) / sizeof(*tools) };
	const bool has_trace_cmd = getenv("TRACE_CMD") != NULL;
	struct cost costs[TOOLS][ROUNDS_MAX] = {};
	bool is_good[TOOLS];
	double alone[ROUNDS_MAX], spool[ROUNDS_MAX];
	struct err e = {};
	for (unsigned t = 0; t < TOOLS; t++)
		is_good[t] = t + 1 < TOOLS || has_trace_cmd;
	for (unsigned i = 0; i < b->rounds; i++) {
		struct cost c;
		record(b, NULL, &c);
		alone[i] = c.program_ns;
		for (unsigned t = 0; t < TOOLS; t++) {
			is_good[t] = is_good[t] && record(b, tools[t].argv, &costs[t][i]);
			costs[t][i].lost = tools[t].is_ours ? lost_of(b) : -1;
		}
		spool[i] = spool_ns(b, &e);
	}
	for (unsigned t = 0; t < TOOLS; t++)
		if (is_good[t])
			put_cost(b, tools[t].name, costs[t], alone);
	put(b, "", "spool_ns_per_event", median(spool, b->rounds));
	put(b, "", "program_ns_per_fault", median(alone, b->rounds) / (double)b->faults);
}

static bool may_record(const struct bench *b)
{
	char command[3 * PATH_BYTES];
	snprintf(command, sizeof(command),
		 "%s doctor --json | tr '{' '\\n' | grep '\"source\":\"fault\"' | grep -q usable",
		 b->pugmark);
	return !system(command);
}

int main(int argc, char **argv)
{
	struct bench b = { .faults = 1000000, .rounds = 3 };
	if (argc == 4 && !strcmp(argv[1], "--program"))
		return be_program(argv[2], argv[3]);
	if (argc < 2 || !(b.json = fopen(argv[1], "w"))) {
		fprintf(stderr, "usage: bench-record OUT.json [FAULTS [ROUNDS]]\n");
		return 64;
	}
	if (argc > 2)
		b.faults = atol(argv[2]);
	if (argc > 3)
		b.rounds = (unsigned)atoi(argv[3]);
	if (b.faults < 1 || b.rounds < 1 || b.rounds > ROUNDS_MAX)
		return 64;
	const char *tmp = getenv("TMPDIR");
	const ssize_t n = readlink("/proc/self/exe", b.self, sizeof(b.self) - 1);
	char *slash = n > 0 ? strstr(b.self, "/bench/") : NULL;
	snprintf(b.pugmark, sizeof(b.pugmark), "%.*s/pugmark", slash ? (int)(slash - b.self) : 0,
		 b.self);
	snprintf(b.folder, sizeof(b.folder), "%s/bench-record-XXXXXX", tmp ? tmp : "/var/tmp");
	if (!mkdtemp(b.folder))
		return 73;
	snprintf(b.out, sizeof(b.out), "%s/out", b.folder);
	snprintf(b.program_cost, sizeof(b.program_cost), "%s/program", b.folder);
	snprintf(b.faults_text, sizeof(b.faults_text), "%ld", b.faults);
	if (may_record(&b))
		bench_all(&b);
	else
		fprintf(stderr, "bench-record: skipped: page faults cannot be recorded here\n");
	fprintf(b.json, b.nwritten ? "\n}\n" : "{}\n");
	unlink(b.out);
	unlink(b.program_cost);
	rmdir(b.folder);
	return fclose(b.json) != 0;
}
