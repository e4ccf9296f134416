// SPDX-License-Identifier: MIT
/*
 * What benchmarks of whole commands share: a trace of the reference stream
 * (refstream.h) in a folder of its own, and what a run of pugmark on it costs.
 * Whatever goes wrong ends the benchmark with a sentence.
 */
#ifndef PUGMARK_BENCH_COMMAND_H
#define PUGMARK_BENCH_COMMAND_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

void __attribute__((noreturn)) bench_die(const char *why);

struct bench_folder {
	char path[200];
};
struct bench_folder bench_folder_new(const char *name);
void bench_folder_remove(const struct bench_folder *f); /* its traces were removed before */

struct bench_trace {
	char path[240];
};

struct bench_trace_config {
	const char *name;
	uint64_t rows;
	bool is_access;  /* each row is one use, whatever it mapped */
	uint64_t slower; /* times are stretched so often; 0 or 1: not at all */
};

struct bench_trace bench_trace_write(const struct bench_folder *f,
				     const struct bench_trace_config *c);

struct bench_cost {
	double cpu_s, wall_s; /* least of the rounds */
	long rss_kib;         /* of the last */
};

/* argv[0] is `pugmark`, the last one NULL; what it prints goes nowhere. */
struct bench_cost bench_run(const char *const *argv, int rounds);

#endif
