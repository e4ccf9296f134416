// SPDX-License-Identifier: MIT
/*
 * What of this host decides which sources see anything: kernel, rights, IOMMU,
 * devices, and who else is at work. Read from files only, below a root that
 * tests replace; nothing is written, opened for writing or started.
 */
#ifndef PUGMARK_COLLECT_HOSTFACTS_H
#define PUGMARK_COLLECT_HOSTFACTS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HOSTFACTS_LIST_BYTES = 200 };

/* Devices of a sort: how many, and the first of their names. */
struct host_devices {
	unsigned n;
	char names[HOSTFACTS_LIST_BYTES]; /* "virtio0 (net), virtio1 (block), .." */
};

struct hostfacts {
	char root[200]; /* "" for this host */
	unsigned kernel_major, kernel_minor;
	char kernel[80];
	uint64_t capabilities; /* of this process: bits of CapEff */
	int perf_paranoid;     /* kernel.perf_event_paranoid; 4 when it is not there */

	bool has_tracefs, has_btf, has_iommu, has_core_pmu, has_kpageflags, has_page_idle;
	bool has_soft_dirty;
	bool has_iommufd, has_swap, has_pagemap;
	char tracefs[80]; /* its events folder below root */

	bool is_passthrough;               /* the IOMMU does not translate for the host's drivers */
	struct host_devices virtio;        /* all virtio devices */
	struct host_devices virtio_direct; /* of them without ACCESS_PLATFORM: no DMA API */
	struct host_devices assigned;      /* to guests through VFIO */
	struct host_devices pci;           /* driven by the host */
	/* of them and of virtio: what may hold mappings of the DMA API at present */
	struct host_devices mapped;

	unsigned kdamonds_on; /* of somebody: DAMON is not ours to touch */
};

enum host_capability {
	HOST_CAP_DAC_READ = 2,
	HOST_CAP_NET_RAW = 13,
	HOST_CAP_SYS_PTRACE = 19,
	HOST_CAP_SYS_ADMIN = 21,
	HOST_CAP_PERFMON = 38,
	HOST_CAP_BPF = 39
};

/* root: "" or a folder with copies of /proc and /sys. What cannot be read counts as not there. */
void hostfacts_read(struct hostfacts *h, const char *root);

bool hostfacts_has_event(const struct hostfacts *h, const char *system, const char *event);
bool hostfacts_may(const struct hostfacts *h, enum host_capability c);

/* Tracepoints of all processes may be opened. */
bool hostfacts_may_trace(const struct hostfacts *h);

#endif
