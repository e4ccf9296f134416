// SPDX-License-Identifier: MIT
/*
 * What the faults of a configuration do to the guest's I/O: block latency without
 * and with them, gaps and losses on the NIC, time that devices stood still
 * (sim/consequence.h over the log of replay/pin-log.h).
 *
 * The replay raises each fault at its access's time in the trace, in which nothing
 * waited. Here a device that waits raises no other fault: they stand in line, each
 * with the time that its page took in the replay (swap station and its other users
 * included), and what found its page on the way finds it there. Traces know no
 * queues: a NIC has one ring; faults of a block device fall on its [block] queues
 * at random.
 *
 * Of several NICs the longest gap counts and losses add up; of several block
 * devices each quantile is that of the one it hurts most.
 */
#ifndef PUGMARK_REPLAY_PIN_CONSEQUENCE_H
#define PUGMARK_REPLAY_PIN_CONSEQUENCE_H

#include "base/err.h"
#include "replay/pin-cell.h"
#include "sim/consequence.h"

struct pin_log;

/* Faults of a configuration that are looked at: 32 bytes each. The rest is said to be missing. */
enum { PIN_CONSEQUENCE_FAULTS_MAX = 1 << 18 };

struct pin_consequence_config {
	const struct iopf_config *iopf; /* NULL: faults take no time */
	const struct block_config *block;
	const struct nic_config *nic;
	const uint8_t *list_of_dev;   /* numbers the devices, as in struct pin_shared */
	const uint8_t *class_of_list; /* enum pin_class, by that number */
	unsigned nlists;
	uint64_t first_ns, last_ns; /* of the accesses; set by pin_run, as are the next two */
	bool is_timed;              /* the log knows how long pages took */
	uint64_t seed;
};

/* ERR_NOMEM, or ERR_USAGE for [block] and [nic] that make no sense. */
int pin_consequence_judge(const struct pin_consequence_config *c, const struct pin_log *log,
			  struct pin_consequence *out, struct err *e);

/* (ns - base) / base; 0 without a base. */
int64_t pin_change_ppm(uint64_t ns, uint64_t base_ns);

/* "+1.10 %", from ten times the base on "14x"; "-" without a base. */
struct pin_rise_text {
	char s[40];
};
struct pin_rise_text pin_rise(uint64_t ns, uint64_t base_ns);

/* "open arrivals, 5,000/s a queue" */
struct pin_arrivals_text {
	char s[100];
};
struct pin_arrivals_text pin_arrivals(const struct block_config *c);

#endif
