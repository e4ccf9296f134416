// SPDX-License-Identifier: MIT
/*
 * Which CPUs share a socket, from the latencies of a cache line between any two
 * of them. No threshold in ns tells: across sockets is 98 ns on one machine and
 * within one 230 ns on another. What is stable is the shape.
 *
 * 1. A hierarchy of CPUs (linkage.h). A level is where it has a gap: the next
 *    merge is at least a quarter slower than all before, and groups are of
 *    equal size. Machines have several: threads of a core, cores that share a
 *    cache, chiplets, sockets, groups of sockets one hop apart.
 * 2. From the finest up each level is asked whether its groups can be sockets.
 *    They cannot be where they are threads of a core (up to 8 CPUs at less than
 *    18 ns), a cache of cores (less than 28 ns in machines with threads, or up
 *    to 4 cores at less than 45 ns), or small groups in great number (up to 4 of
 *    more than 8). The first level that can is the answer, and levels above it
 *    are distances between sockets. None at all: one socket.
 * 3. Where lines are kept by a directory at their home (AMD's Zen 1 and 2), only
 *    the socket that holds the measured line looks like one; the other socket's
 *    chiplets are as far from each other as from the first, as their messages
 *    go by way of it. Sockets are alike: a group of exactly half of all CPUs
 *    beside chiplets of which none is near another means two sockets.
 * 4. What has a gap and none of these shapes is "undecided": groups of very
 *    different sizes; fewer than 4 CPUs; a cache of cores or a socket that may be either (few fast
 *    CPUs without threads, a die of two such caches); more than 8 groups.
 *    So are one socket whose latencies differ by more than 1.36 (95th over 5th
 *    percentile) and several by more than 2.2 inside (90th over 10th): what is
 *    so wide may hide what we look for.
 * 5. The same is asked of matrices that a slightly different measuring might
 *    have given: every latency up to 5 % off, one in twenty missing. Confidence is
 *    the share (of 24, plus one of either kind) that gives the same groups; below
 *    80 % the answer is "undecided".
 *
 * The figures in ns are of x86 servers of 2012 to 2022 and of POWER9, chosen on
 * the 14 matrices of data/walk/c2c and on nothing else; they matter only where a
 * level may be a cache or a socket. Leaves out: sockets of different sizes.
 */
#ifndef PUGMARK_SIM_TOPOLOGY_H
#define PUGMARK_SIM_TOPOLOGY_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { TOPOLOGY_CPUS_LEAST = 4, TOPOLOGY_CPUS_MAX = 1024, TOPOLOGY_SOCKETS_MAX = 8 };

/* How the answer came about. */
enum topology_basis {
	TOPOLOGY_ONE,      /* no level can be that of sockets */
	TOPOLOGY_LEVEL,    /* a level can */
	TOPOLOGY_HOME,     /* half of the CPUs are near each other, the rest are not */
	TOPOLOGY_FEW,      /* undecided, as are all from here on: too few CPUs to have a shape */
	TOPOLOGY_NO_PAIRS, /* undecided, as are all from here on: some CPUs have no pair in common
			    */
	TOPOLOGY_CACHE,    /* the groups may be caches or sockets */
	TOPOLOGY_DIE,      /* the groups may be dies of two caches or sockets */
	TOPOLOGY_UNEVEN,   /* there is a gap, but groups of very different sizes */
	TOPOLOGY_TOO_MANY, /* more groups than sockets are made for */
	TOPOLOGY_SPREAD,   /* latencies differ so much that they may hide groups */
	TOPOLOGY_UNSTABLE, /* other groups when latencies are slightly changed */
	TOPOLOGY_BASES,
};
extern const char *const topology_reasons[TOPOLOGY_BASES]; /* each a clause for a person */

struct topology {
	bool is_decided;
	enum topology_basis basis;
	unsigned sockets;
	uint64_t confidence_ppm;
	unsigned threads;    /* CPUs of a core, as far as seen; 1: none seen */
	unsigned cache_cpus; /* CPUs of a cache of several cores; 0: none seen */
	/* medians in ps; 0: no such pair */
	uint32_t inside_ps, across_ps;
	uint64_t gap_ppm; /* next merge over the last one inside, of the level; 0: of none */
};

/*
 * v: n x n latencies in ps, symmetric, 0 where not known; n from 1 to
 * TOPOLOGY_CPUS_MAX. group_out: of each CPU its group from 0, in order of their
 * first CPU, or (all of it) 0 when undecided. A CPU without any pair is in none:
 * UINT16_MAX. 0, ERR_NOMEM, or ERR_USAGE for too many CPUs.
 */
int topology_find(const uint32_t *v, unsigned n, uint64_t seed, struct topology *out,
		  uint16_t *group_out, struct err *e);

#endif
