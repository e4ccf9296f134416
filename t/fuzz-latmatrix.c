// SPDX-License-Identifier: MIT
/* Fuzzes replay/latmatrix.c and, on matrices of few CPUs, sim/topology.c. */
#include "replay/latmatrix.h"

#include "sim/topology.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Groups are numbered from 0 without gaps, and only what has pairs is in one. */
static void check(const struct latmatrix *m)
{
	uint16_t group[32];
	bool has_cpus[32] = {};
	struct topology t;
	struct err e;
	if (topology_find(m->ps, m->n, 1, &t, group, &e))
		abort();
	for (unsigned i = 0; i < m->n; i++)
		if (group[i] < t.sockets)
			has_cpus[group[i]] = true;
		else if (group[i] != UINT16_MAX && t.is_decided)
			abort();
	for (unsigned g = 0; g < t.sockets; g++)
		if (!has_cpus[g])
			abort();
	if (t.is_decided != (t.sockets > 0) || t.confidence_ppm > 1000000)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct latmatrix m;
	struct err e;
	if (latmatrix_parse("fuzz", (const char *)data, size, &m, &e))
		return 0;
	if (m.known + m.missing != (uint64_t)m.n * (m.n - 1) / 2)
		abort();
	for (unsigned i = 0; i < m.n; i++)
		for (unsigned k = 0; k < m.n; k++)
			if (m.ps[(size_t)i * m.n + k] != m.ps[(size_t)k * m.n + i] ||
			    (i == k && m.ps[(size_t)i * m.n + k]))
				abort();
	if (m.n <= 32)
		check(&m);
	latmatrix_deinit(&m);
	return 0;
}
