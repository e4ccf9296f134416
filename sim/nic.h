// SPDX-License-Identifier: MIT
/*
 * What I/O page faults do to a receiving NIC and to the TCP behind it
 * (research/iopf.md section 4). There is no back-pressure: packets arrive at a
 * steady rate while a fault is open, and
 *
 *	drops = max(0, packets/s x blocked - room)
 *
 * where the room is what the device can run ahead into: free descriptors that are
 * warm, and its buffer. Faults of a ring are served one after the other, so a cold
 * ring of n descriptors is closed for n x D: 1,024 x 300 us = 307.2 ms.
 *
 * A flow that lost segments recovers by RACK-TLP (RFC 8985, as Linux does it):
 *
 *	fast    later segments arrive: the third, or a quarter of an RTT after the
 *		first, tells the sender; one RTT
 *	probe   the tail was lost: PTO = max(2 SRTT, 10 ms), then an RTT more if
 *		it was more than one segment
 *	rto     the probe was lost too: SRTT + max(rto_min, 4 RTTVAR), doubling
 *	syn     1 s, doubling
 *
 * Stalls are told at the receiver: from when a segment would have arrived. Left
 * out: congestion control after recovery, sending, other queues of the device.
 */
#ifndef PUGMARK_SIM_NIC_H
#define PUGMARK_SIM_NIC_H

#include "base/arena.h"
#include "base/err.h"
#include "base/hist.h"
#include "base/param.h"
#include "base/quantile.h"
#include "base/quantity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the probe timeout is made: RFC draft and Linux to 4.12, or Linux since 4.13 (bb4d991a28cc).
 */
enum nic_tlp {
	NIC_TLP_CLASSIC, /* max(2 SRTT, pto_min) */
	NIC_TLP_LINUX,   /* 2 SRTT + 2 ms, or + rto_min with one segment in flight */
};

/* Section [nic]. */
struct nic_config {
	struct rate packets;       /* received by the ring */
	uint64_t ring;             /* descriptors: how many faults a cold ring has */
	uint64_t free_descriptors; /* warm, behind the one that faults */
	uint64_t buffer_packets;   /* of the device, while a fault is open */

	uint64_t flows;          /* share the packets in turn */
	uint64_t burst_segments; /* of a flow, then it waits for its peer */
	uint64_t syn_ppm;        /* of the flows hit: it was a connection request */
	uint64_t srtt_ns, rttvar_ns;
	int tlp; /* enum nic_tlp */
	uint64_t pto_min_ns, rto_min_ns, syn_rto_ns;
};

extern const struct param nic_params[];
extern const size_t nic_nparams;

/* ---- closed forms ---- */

/* Packets lost to one fault that blocks so long, with that room. */
uint64_t nic_drops(struct rate packets, uint64_t blocked_ns, uint64_t room);

enum nic_recovery { NIC_DELAYED, NIC_FAST, NIC_PROBE, NIC_RTO, NIC_SYN, NIC_RECOVERIES };
extern const char *const nic_recovery_names[NIC_RECOVERIES + 1];

/* What became of one flow. */
struct nic_loss {
	uint64_t lost;       /* segments in a row; 0: only delayed */
	uint64_t later;      /* segments of the same burst that arrive after the fault */
	uint64_t blocked_ns; /* from the first loss until packets are received again */
	uint64_t gap_ns;     /* between segments of the flow */
	bool is_syn;
};
struct nic_stall {
	enum nic_recovery by;
	uint64_t stall_ns;
	unsigned timeouts; /* RTOs or SYN timeouts that expired */
};
struct nic_stall nic_recover(const struct nic_config *c, const struct nic_loss *loss);

/* ---- a run over faults ---- */

/* In order of at_ns; a fault waits for those before it. */
struct nic_fault {
	uint64_t at_ns, blocked_ns;
};

struct nic_result {
	uint64_t faults, closures; /* a closure: faults without a pause between */
	uint64_t drops;
	uint64_t closed_ns, longest_gap_ns; /* all closures; the longest one */
	uint64_t longest_stall_ns;          /* of a flow */
	uint64_t flows[NIC_RECOVERIES];     /* hit, by how they recovered */
	struct hist stall;                  /* ns, of flows hit */
};

int nic_result_init(struct nic_result *r, struct arena *a);

/* Adds to the result. */
int nic_run(const struct nic_config *c, const struct nic_fault *faults, size_t n, uint64_t seed,
	    struct nic_result *r, struct err *e);

/* The ring was idle and swapped out: its n descriptors fault in turn. Fills out[0 .. n-1]. */
void nic_make_cold(uint64_t at_ns, const struct quantile *blocked, size_t n, struct rng *rng,
		   struct nic_fault *out);

/* ---- what if ---- */

struct nic_whatif {
	struct rate faults;
	uint64_t drops_per_day;
	uint64_t closed_ns_per_day, longest_gap_ns, longest_stall_ns;
	uint64_t flows_per_day[NIC_RECOVERIES];
};

/* One row for each rate: a day of Poisson faults on a warm ring. */
int nic_whatif(const struct nic_config *c, const struct quantile *blocked,
	       const struct rate *faults, size_t n, uint64_t seed, struct nic_whatif *rows_out,
	       struct err *e);

#endif
