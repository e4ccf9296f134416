// SPDX-License-Identifier: MIT
/*
 * What a trace says beside its rows: meta texts, the VM, the devices. In a set
 * of files the last one is complete, so it is the one asked.
 */
#ifndef PUGMARK_STORE_TRACE_META_H
#define PUGMARK_STORE_TRACE_META_H

#include "base/err.h"
#include "store/trace.h"

#include <stdbool.h>
#include <stdint.h>

/* The text of a key; the caller frees. NULL when the trace does not have it. */
char *trace_meta(const struct trace *t, const char *key);

/* A text that is a decimal number: 1, or 0 when it is missing; ERR_UNUSABLE when it is no number.
 */
int trace_meta_u64(const struct trace *t, const char *key, uint64_t *out, struct err *e);

/* Memory of the VM that rows call vm (0: of those that name none); 0: not known. */
uint64_t trace_vm_pages(const struct trace *t, unsigned vm);

struct trace_device_info {
	uint16_t dev;   /* its number in rows */
	char bdf[64];   /* cut, if longer */
	char class[16]; /* "nic", "nvme", "block", "other" */
};

/* Wall clock at the trace's time 0, ns since 1970; false: it does not tell. */
bool trace_unix_start(const struct trace *t, int64_t *out);

/* All devices by number; the caller frees *out. */
int trace_devices(const struct trace *t, struct trace_device_info **out, unsigned *n_out,
		  struct err *e);

/* The number of the source with a name, or -1. */
int trace_find_source(const struct trace *t, const char *name);

#endif
