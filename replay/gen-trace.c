// SPDX-License-Identifier: MIT
/*
 * A generated workload as a trace file: its rows, two devices, the VM, and the
 * texts that say it is synthetic and how to make it again.
 */
#include "replay/gen.h"

#include "store/trace-writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { TELL_ROWS = 1 << 14 };

struct writing {
	struct trace_writer *w;
	struct trace_stream *dma, *cpu, *mem;
	uint16_t source;
	struct gen_counts counts;
	void (*told)(void *ctx, uint64_t now_ns);
	void *told_ctx;
};

static void tell(struct writing *w, uint64_t rows, uint64_t now_ns)
{
	if (w->told && rows % TELL_ROWS == 0)
		w->told(w->told_ctx, now_ns);
}

static int put_dma(void *ctx, const struct dma_event *row, struct err *e)
{
	struct writing *w = ctx;
	struct dma_event ours = *row;

	ours.source = w->source;
	tell(w, ++w->counts.dma_rows, row->ts);
	w->counts.dma_pages += row->npages;
	return dma_put(w->dma, &ours, e);
}

static int put_cpu(void *ctx, const struct cpu_event *row, struct err *e)
{
	struct writing *w = ctx;
	struct cpu_event ours = *row;

	ours.source = w->source;
	w->counts.cpu_rows++;
	w->counts.cpu_pages += row->npages;
	return cpu_put(w->cpu, &ours, e);
}

static int put_mem(void *ctx, const struct mem_event *row, struct err *e)
{
	struct writing *w = ctx;

	tell(w, ++w->counts.mem_rows, row->ts);
	return mem_put(w->mem, row, e);
}

/* In the order of enum gen_device, so that their numbers are those of the rows. */
static const struct trace_device devices[GEN_DEVICES] = {
	{ .bdf = "0000:00:05.0",
	  .class = "nic",
	  .driver = "synthetic",
	  .coverage = "reads and writes, generated",
	  .queues = 2 },
	{ .bdf = "0000:00:06.0",
	  .class = "nvme",
	  .driver = "synthetic",
	  .coverage = "reads and writes, generated",
	  .queues = 1 },
};

static int put_devices(struct trace_writer *w, struct err *e)
{
	for (unsigned i = 0; i < GEN_DEVICES; i++) {
		uint16_t number;
		const int rc = trace_writer_device(w, &devices[i], &number, e);
		if (rc)
			return rc;
		if (number != i)
			return err_set(e, ERR_BUG, "device %u got the number %u", i, number);
	}
	return 0;
}

static int put_meta(const struct gen *g, uint64_t seed, struct trace_writer *w, struct err *e)
{
	char number[24], walk[24];
	const char *walk_source;
	const uint64_t walk_ppm = gen_native_walk_ppm(g, &walk_source);
	char *parameters = param_canonical(gen_params(g));
	if (!parameters)
		return err_set(e, ERR_NOMEM, "out of memory");

	snprintf(number, sizeof(number), "%" PRIu64, seed);
	snprintf(walk, sizeof(walk), "%" PRIu64, walk_ppm);
	const char *const texts[][2] = {
		{ "synthetic", "yes" },
		{ "origin", "made by pugmark gen: no machine was recorded" },
		{ "generator", gen_generator(g) },
		{ "profile", gen_profile(g) },
		{ "profile_digest", gen_digest(g) },
		{ "seed", number },
		{ "parameters", parameters },
		{ "native_walk_ppm", walk },
		{ "native_walk_source", walk_source },
	};
	const size_t n = sizeof(texts) / sizeof(*texts) - (walk_ppm ? 0 : 2);
	int rc = 0;
	for (size_t i = 0; !rc && i < n; i++)
		rc = trace_writer_meta(w, texts[i][0], texts[i][1], e);
	free(parameters);
	return rc;
}

static int put_accounts(const struct writing *w, struct err *e)
{
	if (w->mem) {
		const struct trace_account mem = { .seen = w->counts.mem_rows,
						   .stored = w->counts.mem_rows };
		return trace_writer_account(w->w, "gen:mem", &mem, e);
	}
	const struct trace_account dma = { .seen = w->counts.dma_rows,
					   .stored = w->counts.dma_rows };
	const struct trace_account cpu = { .seen = w->counts.cpu_rows,
					   .stored = w->counts.cpu_rows };
	const int rc = trace_writer_account(w->w, "gen:dma", &dma, e);

	return rc ? rc : trace_writer_account(w->w, "gen:cpu", &cpu, e);
}

static int begin(const struct gen *g, uint64_t seed, struct writing *w, struct err *e)
{
	const struct trace_vm vm = { .name = gen_profile(g), .mem_pages = gen_pages(g) };
	int rc = gen_makes_mem(g) ? 0 : put_devices(w->w, e);
	if (!rc)
		rc = trace_writer_vm(w->w, &vm, e);
	if (!rc)
		rc = trace_writer_source(w->w, "gen", "all directions, synthetic", &w->source, e);
	if (!rc)
		rc = put_meta(g, seed, w->w, e);
	if (rc || gen_makes_mem(g))
		return rc ? rc : trace_writer_stream(w->w, KIND_MEM, &w->mem, e);
	rc = trace_writer_stream(w->w, KIND_DMA, &w->dma, e);
	return rc ? rc : trace_writer_stream(w->w, KIND_CPU, &w->cpu, e);
}

int gen_write(const struct gen *g, uint64_t seed, const char *path, const char *args,
	      void (*told)(void *ctx, uint64_t now_ns), void *told_ctx,
	      struct gen_counts *counts_out, struct err *e)
{
	const struct trace_writer_options options = { .collector = "gen",
						      .args = args,
						      .clock = "trace" };
	struct writing w = { .told = told, .told_ctx = told_ctx };
	const struct gen_sink sink = { &w, put_dma, put_cpu, put_mem };
	int rc = trace_writer_open(path, &options, &w.w, e);
	if (rc)
		return rc;

	rc = begin(g, seed, &w, e);
	if (!rc)
		rc = gen_run(g, seed, &sink, e);
	if (!rc)
		rc = put_accounts(&w, e);
	if (rc) {
		trace_writer_abort(w.w);
		return rc;
	}
	*counts_out = w.counts;
	return trace_writer_seal(w.w, e);
}
