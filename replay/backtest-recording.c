// SPDX-License-Identifier: MIT
/* The settings and the truth of a recording; how it was run stands in meta texts of the trace. */
#include "replay/backtest-input.h"

#include "base/cleanup.h"
#include "base/units.h"
#include "store/trace-meta.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* The recorder let the limit follow the rest of the group at this pace, so a squeeze is over then.
 */
static const uint64_t squeeze_ns = 50 * NS_PER_MS;

/* ---- settings ---- */

static int add_step(struct backtest_recording *r, const struct backtest_step *step, struct err *e)
{
	struct backtest_step *grown = reallocarray(r->steps, r->nsteps + 1, sizeof(*grown));
	if (!grown)
		return err_set(e, ERR_NOMEM, "out of memory");
	r->steps = grown;
	r->steps[r->nsteps++] = *step;
	return 0;
}

/* A list [[ts_ns, pages], ..] in order of time; 0 where the trace has none. */
static int read_steps(struct backtest_recording *r, const char *key, bool is_squeeze, struct err *e)
{
	_free_ char *text = trace_meta(r->trace, key);
	json_t *root = text ? json_loads(text, 0, NULL) : NULL, *entry;
	uint64_t last_ns = 0;
	size_t i;
	int rc = text && !root ? ERR_UNUSABLE : 0;

	json_array_foreach(root, i, entry)
	{
		const json_int_t ts = json_integer_value(json_array_get(entry, 0));
		const json_int_t pages = json_integer_value(json_array_get(entry, 1));
		if (!rc && (ts < 0 || (uint64_t)ts < last_ns || pages <= 0))
			rc = ERR_UNUSABLE;
		last_ns = (uint64_t)ts;
		const struct backtest_step step = { last_ns, (uint64_t)pages, is_squeeze };
		if (!rc)
			rc = add_step(r, &step, e);
		const struct backtest_step end = { last_ns + squeeze_ns, 0, true };
		if (!rc && is_squeeze)
			rc = add_step(r, &end, e);
	}
	json_decref(root);
	if (rc == ERR_UNUSABLE)
		return err_set(e, ERR_UNUSABLE,
			       "%s: meta %s: expected [[ns, pages], ..] in order of time",
			       trace_path(r->trace), key);
	return rc;
}

/* A squeeze comes after a step of the same time. */
static int by_time(const void *a, const void *b)
{
	const struct backtest_step *x = a, *y = b;

	if (x->ts_ns != y->ts_ns)
		return x->ts_ns < y->ts_ns ? -1 : 1;
	return x->is_squeeze - y->is_squeeze;
}

static int read_limit(struct backtest_recording *r, struct err *e)
{
	struct backtest_step only = {};

	int rc = read_steps(r, "limit_steps", false, e);
	if (!rc && !r->nsteps) {
		rc = trace_meta_u64(r->trace, "limit_pages", &only.pages, e);
		rc = rc < 0 ? rc : only.pages ? add_step(r, &only, e) : 0;
	}
	if (!rc && !r->nsteps)
		return err_set(e, ERR_UNUSABLE,
			       "%s: does not say what the guest's memory was limited to (meta "
			       "limit_steps or limit_pages)",
			       trace_path(r->trace));
	if (rc)
		return rc;
	const size_t nsteps = r->nsteps;
	r->limit_pages = r->steps[nsteps - 1].pages;
	rc = read_steps(r, "squeezes", true, e);
	r->nsqueezes = (r->nsteps - nsteps) / 2;
	qsort(r->steps, r->nsteps, sizeof(*r->steps), by_time);
	return rc;
}

/* A list [ns, ..] in order of time. */
static int read_samples(struct backtest_recording *r, struct err *e)
{
	_free_ char *text = trace_meta(r->trace, "host_samples");
	json_t *root = text ? json_loads(text, 0, NULL) : NULL, *entry;
	int rc = text && !json_is_array(root) ? ERR_UNUSABLE : 0;
	size_t i;

	if (!rc && json_array_size(root)) {
		r->samples_ns = calloc(json_array_size(root), sizeof(*r->samples_ns));
		if (!r->samples_ns)
			rc = err_set(e, ERR_NOMEM, "out of memory");
	}
	json_array_foreach(root, i, entry)
	{
		const json_int_t ts = json_integer_value(entry);
		const uint64_t last_ns = r->nsamples ? r->samples_ns[r->nsamples - 1] : 0;
		if (!rc && (!json_is_integer(entry) || ts < 0 || (uint64_t)ts < last_ns))
			rc = ERR_UNUSABLE;
		if (!rc)
			r->samples_ns[r->nsamples++] = (uint64_t)ts;
	}
	json_decref(root);
	if (rc == ERR_UNUSABLE)
		return err_set(e, ERR_UNUSABLE,
			       "%s: meta host_samples: expected [ns, ..] in order of time",
			       trace_path(r->trace));
	return rc;
}

static int read_window(struct backtest_recording *r, struct err *e)
{
	for (unsigned i = 0; i < trace_nstreams(r->trace); i++) {
		const struct trace_stream_info *s = trace_stream_info(r->trace, i);
		if (s->rows && s->last_ns >= r->to_ns)
			r->to_ns = s->last_ns + 1;
	}
	const int rc = trace_meta_u64(r->trace, "t_limit_reached_ns", &r->from_ns, e);
	const int end = rc < 0 ? rc : trace_meta_u64(r->trace, "t_workload_end_ns", &r->to_ns, e);
	return end < 0 ? end : 0;
}

static int read_devices(struct backtest_recording *r, struct err *e)
{
	struct trace_device_info *list = NULL;
	unsigned n = 0;

	memset(r->class_of_dev, BACKTEST_OTHER, sizeof(r->class_of_dev));
	const int rc = trace_devices(r->trace, &list, &n, e);
	for (unsigned i = 0; !rc && i < n; i++) {
		const char *class = list[i].class;
		if (!strcmp(class, "nic"))
			r->class_of_dev[list[i].dev] = BACKTEST_NIC;
		else if (!strcmp(class, "nvme") || !strcmp(class, "block"))
			r->class_of_dev[list[i].dev] = BACKTEST_BLOCK;
	}
	free(list);
	return rc;
}

static int check_streams(const struct trace *t, struct err *e)
{
	if (!trace_find_stream(t, KIND_DMA))
		return err_set(e, ERR_UNUSABLE,
			       "%s: has no dma stream: nothing says which pages devices use",
			       trace_path(t));
	if (!trace_find_stream(t, KIND_IOPF) && !trace_find_stream(t, KIND_FAULT))
		return err_set(e, ERR_UNUSABLE,
			       "%s: has no recorded faults (streams iopf, fault) to compare with",
			       trace_path(t));
	return 0;
}

static int read_numbers(struct backtest_recording *r, struct err *e)
{
	r->vm_pages = trace_vm_pages(r->trace, 0);
	if (!r->vm_pages)
		return err_set(e, ERR_UNUSABLE, "%s: does not say how much memory the VM has",
			       trace_path(r->trace));
	r->readahead_pages = UINT64_MAX;
	const struct {
		const char *key;
		uint64_t *value;
	} numbers[] = {
		{ "swap_readahead_pages", &r->readahead_pages },
		{ "cpu_epoch_len_ns", &r->epoch_ns },
	};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const int rc = trace_meta_u64(r->trace, numbers[i].key, numbers[i].value, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int backtest_recording_init(struct backtest_recording *r, struct trace *t, struct err *e)
{
	*r = (struct backtest_recording){ .trace = t };
	int rc = check_streams(t, e);
	if (!rc)
		rc = read_numbers(r, e);
	if (!rc)
		rc = read_limit(r, e);
	if (!rc)
		rc = read_samples(r, e);
	if (!rc)
		rc = read_window(r, e);
	if (!rc)
		rc = read_devices(r, e);
	if (rc) {
		backtest_recording_deinit(r);
		return rc;
	}
	_free_ char *populated = trace_meta(t, "populated");
	r->is_populated = populated && !strcmp(populated, "address");
	r->dma_sets_accessed = trace_meta(t, "dma_sets_accessed");
	r->swap = trace_meta(t, "swap");
	return 0;
}

void backtest_recording_deinit(struct backtest_recording *r)
{
	free(r->steps);
	free(r->samples_ns);
	free(r->dma_sets_accessed);
	free(r->swap);
	r->steps = NULL;
	r->samples_ns = NULL;
	r->dma_sets_accessed = r->swap = NULL;
}

/* ---- truth ---- */

/* A fault that joined one under way on the same page: the model counts one of them too. */
static bool is_joined(const struct batch *b, uint32_t i)
{
	return b->kind->id == KIND_IOPF && batch_u8(b, IOPF_COL_outcome)[i] == OUTCOME_JOINED;
}

static int read_faults(const struct backtest_recording *r, enum kind_id kind,
		       struct backtest_faults *by_class, struct err *e)
{
	const struct trace_stream_info *info = trace_find_stream(r->trace, kind);
	if (!info)
		return 0;
	const struct trace_select select = {
		.stream = info->id,
		.from_ns = r->from_ns,
		.to_ns = r->to_ns,
		.dev = -1,
	};
	struct trace_reader *reader;
	const struct batch *b;
	int rc = trace_reader_open(r->trace, &select, &reader, e);
	if (rc)
		return rc;
	while ((rc = trace_reader_next(reader, &b, e)) > 0) {
		const uint64_t *pfn = batch_u64(b, (unsigned)info->kind->pfn);
		for (uint32_t i = 0; rc > 0 && i < b->n; i++) {
			const enum backtest_class class =
				kind == KIND_FAULT ? BACKTEST_CPU
						   : r->class_of_dev[batch_u16(b, IOPF_COL_dev)[i]];
			if (pfn[i] == UINT64_MAX || is_joined(b, i)) /* no page, or told already */
				continue;
			const int failed = backtest_faults_add(&by_class[class], batch_u64(b, 0)[i],
							       pfn[i], e);
			rc = failed ? failed : rc;
		}
		if (rc < 0)
			break;
	}
	trace_reader_close(reader);
	return rc;
}

int backtest_read_truth(const struct backtest_recording *r, struct backtest_faults *by_class,
			struct err *e)
{
	const int rc = read_faults(r, KIND_IOPF, by_class, e);
	return rc ? rc : read_faults(r, KIND_FAULT, by_class, e);
}
