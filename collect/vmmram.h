// SPDX-License-Identifier: MIT
/*
 * Where a running QEMU keeps its guest's memory: the size and the machine of its
 * command line, the mapping of that size in its address space, and the layout
 * of guest-physical memory that these machines have on x86. All of it inferred,
 * nothing is asked of QEMU: what is in doubt is refused with the reason.
 *
 * Left out: several memory backends (NUMA nodes), hot-plugged memory, machines
 * beside pc, q35 and microvm, max-ram-below-4g, and guests so large that AMD
 * hosts move their upper part to 1 TiB. The legacy holes below 1 MiB (VGA,
 * ROM) count as memory.
 */
#ifndef PUGMARK_COLLECT_VMMRAM_H
#define PUGMARK_COLLECT_VMMRAM_H

#include "base/err.h"
#include "collect/procmaps.h"

#include <stddef.h>
#include <stdint.h>

enum vmm_machine { VMM_PC, VMM_Q35, VMM_MICROVM };

struct vmm_command {
	enum vmm_machine machine;
	uint64_t ram_bytes;
	char name[64]; /* of the guest, or "" */
};

/* From /proc/PID/cmdline: words, each ended by a 0. ERR_FEATURE says what is not recognised. */
int vmmram_command(const char *words, size_t n, struct vmm_command *out, struct err *e);

/* A piece of guest memory, in pages. */
struct vmm_slot {
	uint64_t gpa_pfn, hva_pfn, npages;
};
enum { VMM_SLOTS_MAX = 2 };

/* ERR_FEATURE when no mapping has that size, or several have. */
int vmmram_find(const struct vmm_command *c, const struct procmaps *maps,
		struct vmm_slot out[VMM_SLOTS_MAX], unsigned *n_out, struct err *e);

/* "pc" ... */
const char *vmmram_machine_name(enum vmm_machine m);

#endif
