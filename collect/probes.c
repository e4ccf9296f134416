// SPDX-License-Identifier: MIT
/* All probes, by side, as doctor lists them. A new one is one line here and one above. */
#include "collect/probe.h"

#include <string.h>

const struct probe *const probes[] = {
	/* device side */
	&probe_dma,
	&probe_iommu,
	&probe_iopf,
	&probe_nvme,
	&probe_block,
	&probe_block_bpf,
	&probe_agent,
	&probe_filemap,
	&probe_iommufd,
	&probe_net,
	/* CPU side */
	&probe_damon,
	&probe_fault,
	&probe_majfault,
	&probe_memslots,
	&probe_swap,
	&probe_touch,
	/* walk side */
	&probe_census,
	&probe_pagemap,
	&probe_pmu,
	NULL,
};

const char *const probe_status_names[] = { "usable", "blind", "denied", "absent", NULL };

const struct probe *probe_find(const char *name)
{
	for (unsigned i = 0; probes[i]; i++)
		if (!strcmp(probes[i]->name, name))
			return probes[i];
	return NULL;
}

void probe_names(struct choices *c)
{
	for (unsigned i = 0; probes[i]; i++)
		choices_add(c, probes[i]->name, probes[i]->summary, NULL);
}
