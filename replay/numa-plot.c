// SPDX-License-Identifier: MIT
/* The plots of `pugmark numa replay`: scripts reports/queries/numa-replay.gp and numa-move.gp. */
#include "replay/numa-answer.h"

#include <inttypes.h>
#include <string.h>

/* A word that a data block can hold: what would split it or end it becomes '_'. */
static void put_word(FILE *out, const char *name)
{
	for (const unsigned char *c = (const unsigned char *)name; *c; c++)
		putc(*c > ' ' && *c < 0x7f && !strchr("\"'$#", *c) ? *c : '_', out);
}

static void put_ratio(FILE *out, uint64_t ppm)
{
	fprintf(out, " %" PRIu64 ".%06" PRIu64, ppm / PPM_PER_ONE, ppm % PPM_PER_ONE);
}

static uint64_t of_cycles(const struct numa_result *x, uint64_t cycles)
{
	return numa_ratio_ppm(cycles, x->local_run_cycles ? x->local_run_cycles : x->local_cycles);
}

static void put_bars(FILE *out, const struct numa_answer *a)
{
	for (size_t i = 0; i < a->nresults; i++) {
		const struct numa_result *x = &a->results[i];
		put_word(out, x->design->name);
		put_ratio(out, of_cycles(x, x->work_cycles));
		put_ratio(out, of_cycles(x, x->cycles[NUMA_GPT]));
		put_ratio(out, of_cycles(x, x->cycles[NUMA_EPT]));
		putc('\n', out);
	}
}

static void put_lines(FILE *out, const struct numa_answer *a)
{
	fputs("sample", out);
	for (size_t i = 0; i < a->ntimelines; i++)
		fprintf(out, " %s", a->timelines[i].name);
	for (uint64_t k = 0; k < a->move->samples; k++) {
		fprintf(out, "\n%" PRIu64, k);
		for (size_t i = 0; i < a->ntimelines; i++)
			put_ratio(out, a->timelines[i].samples[k].throughput_ppm);
	}
	putc('\n', out);
}

void numa_plot(struct plot *p, const struct numa_answer *a)
{
	char series[24];

	snprintf(series, sizeof(series), "%zu", a->ntimelines);
	plot_set(p, "title", a->path);
	plot_set(p, "series", series);
	FILE *out = plot_data(p, "data");
	if (a->ntimelines)
		put_lines(out, a);
	else
		put_bars(out, a);
	plot_data_end(p);
}
