// SPDX-License-Identifier: MIT
/*
 * A live recording: probes put rows, once a tick all rows that nobody can
 * precede any more are committed in one transaction. Times of rows are ns of
 * CLOCK_MONOTONIC since the start; once a second the clocks are read together.
 *
 * Budgets bound what it takes from the host: rows a second and a share of a core
 * (what is above is shed by a hash of the page number, so that reuse distances
 * of the kept pages stay right), bytes of file, memory. All that is shed or lost
 * is counted.
 */
#ifndef PUGMARK_COLLECT_RECORDING_H
#define PUGMARK_COLLECT_RECORDING_H

#include "base/err.h"
#include "collect/probe.h"
#include "store/trace-writer.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { RECORDING_PROBES_MAX = 32 };

/* DMA rows: all, or counts of pages over a tick; default: by the rate of the first second. */
enum recording_mode { RECORDING_BY_RATE, RECORDING_EVENTS, RECORDING_COUNTS };

struct recording_options {
	const char *out;  /* path of the trace */
	const char *args; /* the command line, for provenance */
	const struct probe *probes[RECORDING_PROBES_MAX];
	unsigned nprobes;

	pid_t pid;            /* of CPU probes: this process and its children; 0: all */
	char *const *command; /* NULL: none; started once all probes run, ends the recording */
	uint64_t for_ns;      /* 0: until a signal or the command's end */

	uint64_t ring_bytes;     /* a CPU */
	bool via_tracefs;        /* tracepoints by an instance of our own, not perf rings */
	uint64_t max_rows_per_s; /* 0: no bound, as below */
	uint64_t max_cpu_ppm;    /* of one core, our own time */
	uint64_t max_file_bytes, rotate_bytes, rotate_ns;
	uint64_t max_memory_bytes; /* of rows that wait */
	uint64_t sample_ppm;       /* share of pages by hash; 0: all */
	enum recording_mode mode;
	bool allow_damon; /* somebody else's DAMON may be read */

	/* parameters of probes: "agent.socket=/run/x", as param_assign takes them */
	const char *const *sets;
	size_t nsets;

	const volatile sig_atomic_t *stop, *rotate; /* set by signal handlers */
	void (*note)(void *ctx, const char *sentence);
	/* once a tick, for a progress line */
	void (*progress)(void *ctx, uint64_t rows);
	void *ctx;
};

/* What it cost, for the summary. */
struct recording_summary {
	uint64_t wall_ns, cpu_ns; /* cpu: of our own process, from its start to the seal */
	uint64_t rows, shed, late;
	uint64_t max_rss_bytes;
	int command_status; /* as waitpid tells it */
};

/*
 * Records until told to stop. ERR_PERM, ERR_FEATURE of the first probe that
 * cannot start (no file is left then), ERR_CREATE. A trace that was written is
 * sealed, also when a probe failed later.
 */
int recording_run(const struct recording_options *o, struct recording_summary *out, struct err *e);

/* ---- for probes ---- */

const struct recording_options *recording_options(const struct recording *r);
/* The struct that --set and its defaults filled for a probe that runs. */
const void *recording_config(const struct recording *r, const struct probe *p);
struct trace_writer *recording_writer(struct recording *r);

/* The process that CPU probes record: the command's or --pid's; 0: all. The first is not there
 * yet but for its number: it starts with its exec. */
pid_t recording_target(const struct recording *r, bool *waits_for_exec_out);

/* CLOCK_MONOTONIC. */
uint64_t recording_now(void);

/* Of a CLOCK_MONOTONIC time: ns since the start, 0 for what was before. */
uint64_t recording_time(const struct recording *r, uint64_t mono_ns);

/*
 * A row of a kind (struct dma_event ...), with its ts in trace time, copied: 0;
 * RECORDING_FILTERED when its pages are not in the sample the user asked for,
 * RECORDING_SHED when the budget left it out (the probe adds them to its
 * account); or negative. Of one probe rows come in order of time.
 */
enum { RECORDING_FILTERED = 1, RECORDING_SHED = 2 };
int recording_put(struct recording *r, enum kind_id kind, const void *row, struct err *e);

/* Whether a page is in the sample at present. */
bool recording_keeps(const struct recording *r, uint64_t pfn);

/*
 * An account, at stop. Events that are in no row and in no loss row yet (not
 * decoded, unaccounted) become losses, so that readers of the trace hear of them.
 */
int recording_account(struct recording *r, const char *source, const struct trace_account *a,
		      struct err *e);

/* Wakes the loop when a file is readable; fd stays the probe's. */
int recording_watch(struct recording *r, int fd, struct err *e);
void recording_unwatch(struct recording *r, int fd);

/* A sentence for the user, at once. */
void recording_note(struct recording *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
