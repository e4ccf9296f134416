// SPDX-License-Identifier: MIT
/*
 * A receive ring behind faults, and TCP's way out of the losses. A closure is a
 * run of faults without a pause: the ring receives nothing from its begin to its
 * end but one packet at each fault's end. Packets come at equal distances. Which
 * flow lost how much of its burst is drawn; the rest follows.
 */
#include "sim/nic.h"
#include "base/units.h"

#include <stdlib.h>

enum { STALL_BITS = 7, DUP_THRESHOLD = 3, BACKOFF_MAX = 6 };

static const uint64_t two_ticks_ns = 2 * NS_PER_MS; /* HZ = 1000 */

const char *const nic_recovery_names[NIC_RECOVERIES + 1] = { "delayed", "fast", "probe",
							     "rto",     "syn",  NULL };

static const char *const tlps[] = { "classic", "linux", NULL };

#define ROW(name, type, unit, preset, min, max, help, field, choices) \
	{                                                             \
		"nic", name, type, unit, preset, min, max, help,      \
			offsetof(struct nic_config, field), choices   \
	}

const struct param nic_params[] = {
	ROW("packets", PARAM_RATE, NULL, "100000/s | guess | 1.2 Gbit/s of full frames", 1,
	    1000000000, "Received by the ring", packets, NULL),
	ROW("ring", PARAM_U64, "descriptors", "1024 | derived | 307 ms / 300 us, VPRI slides", 1,
	    1 << 20, "Of the receive ring: faults of a cold one", ring, NULL),
	ROW("free_descriptors", PARAM_U64, "descriptors", "512 | guess | half of the ring", 0,
	    1 << 20, "Warm ones behind the one that faults", free_descriptors, NULL),
	ROW("buffer_packets", PARAM_U64, "packets", "0 | guess | no fault buffer", 0, 1 << 20,
	    "Held by the device while a fault is open", buffer_packets, NULL),
	ROW("flows", PARAM_U64, "flows", "16 | guess | connections active at a time", 1, 1 << 20,
	    "Share the packets in turn", flows, NULL),
	ROW("burst_segments", PARAM_U64, "segments",
	    "44 | guess | 64 KiB in segments of 1460 bytes", 1, 1 << 20,
	    "Of a flow, before it waits for its peer", burst_segments, NULL),
	ROW("syn", PARAM_PPM, NULL, "0% | guess | long-lived connections", 0, PPM_PER_ONE,
	    "Of the flows hit: it was a connection request", syn_ppm, NULL),
	ROW("srtt", PARAM_NS, NULL, "1ms | guess | within a region", 1000, 10 * NS_PER_SEC,
	    "Smoothed round-trip time", srtt_ns, NULL),
	ROW("rttvar", PARAM_NS, NULL, "250us | guess | a quarter of it", 0, 10 * NS_PER_SEC,
	    "Its variation", rttvar_ns, NULL),
	ROW("tlp", PARAM_CHOICE, NULL, "classic", 0, 0,
	    "Probe after max(2 SRTT, pto_min), or as Linux since 4.13", tlp, tlps),
	ROW("pto_min", PARAM_NS, NULL, "10ms | published | Linux commit 6ba8a3b19e76", 0,
	    10 * NS_PER_SEC, "Least probe timeout", pto_min_ns, NULL),
	ROW("rto_min", PARAM_NS, NULL, "200ms | spec | Linux TCP_RTO_MIN", NS_PER_MS,
	    10 * NS_PER_SEC, "Least retransmission timeout", rto_min_ns, NULL),
	ROW("syn_rto", PARAM_NS, NULL, "1s | spec | RFC 6298, initial RTO", NS_PER_MS,
	    60 * NS_PER_SEC, "First timeout of a connection request", syn_rto_ns, NULL),
};
const size_t nic_nparams = sizeof(nic_params) / sizeof(nic_params[0]);

/* Packets that arrive in that time, the first of them one distance after its begin. */
static uint64_t packets_in(struct rate packets, uint64_t ns)
{
	return packets.per_ns ? (uint64_t)((unsigned __int128)ns * packets.count / packets.per_ns)
			      : 0;
}

uint64_t nic_drops(struct rate packets, uint64_t blocked_ns, uint64_t room)
{
	const uint64_t n = packets_in(packets, blocked_ns);

	return n > room ? n - room : 0;
}

/* ---- TCP ---- */

/* Timeouts from first_ns on, each twice the last up to 64 times; until one is not blocked. */
static uint64_t retry_after(uint64_t at_ns, uint64_t timeout_ns, uint64_t blocked_ns,
			    unsigned *timeouts_out)
{
	unsigned n = 0;

	do {
		at_ns += timeout_ns << (n < BACKOFF_MAX ? n : BACKOFF_MAX);
		n++;
	} while (at_ns < blocked_ns);
	*timeouts_out = n;
	return at_ns;
}

static uint64_t probe_timeout(const struct nic_config *c, const struct nic_loss *loss)
{
	const uint64_t twice = 2 * c->srtt_ns;

	if (c->tlp == NIC_TLP_LINUX)
		return twice + (loss->lost == 1 ? c->rto_min_ns : two_ticks_ns);
	return twice > c->pto_min_ns ? twice : c->pto_min_ns;
}

struct nic_stall nic_recover(const struct nic_config *c, const struct nic_loss *loss)
{
	const uint64_t rto =
		c->srtt_ns + (4 * c->rttvar_ns > c->rto_min_ns ? 4 * c->rttvar_ns : c->rto_min_ns);
	struct nic_stall s = { .by = NIC_DELAYED, .stall_ns = loss->blocked_ns };

	if (!loss->lost)
		return s;
	if (loss->is_syn) {
		s.by = NIC_SYN;
		s.stall_ns = retry_after(0, c->syn_rto_ns, loss->blocked_ns, &s.timeouts);
		return s;
	}
	if (loss->later) {
		/* told by the third, or by RACK's clock after the last; then a round trip */
		const uint64_t told = loss->later >= DUP_THRESHOLD
					      ? DUP_THRESHOLD * loss->gap_ns
					      : loss->later * loss->gap_ns + c->srtt_ns / 4;
		s.by = NIC_FAST;
		s.stall_ns = loss->blocked_ns + told + c->srtt_ns;
		return s;
	}
	/* the probe repeats the last segment, which was sent so long after the first lost one */
	const uint64_t sent = (loss->lost - 1) * loss->gap_ns;
	const uint64_t probed = sent + probe_timeout(c, loss);
	if (probed >= loss->blocked_ns) {
		s.by = NIC_PROBE;
		s.stall_ns = probed + (loss->lost > 1 ? c->srtt_ns : 0);
		return s;
	}
	s.by = NIC_RTO;
	s.stall_ns = retry_after(probed, rto, loss->blocked_ns, &s.timeouts);
	return s;
}

/* ---- the ring ---- */

int nic_result_init(struct nic_result *r, struct arena *a)
{
	*r = (struct nic_result){};
	return hist_init(&r->stall, STALL_BITS, a);
}

struct closure {
	uint64_t from_ns, until_ns;
	uint64_t packets; /* that arrived in it */
	uint64_t waiting, drops;
	uint64_t first_drop_ns;
};

static uint64_t capped_sub(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* One fault of a closure: the last one has warm descriptors behind it. */
static void close_for(const struct nic_config *c, struct closure *k, uint64_t blocked_ns,
		      bool is_last)
{
	const uint64_t room = c->buffer_packets + (is_last ? c->free_descriptors : 0);

	k->until_ns += blocked_ns;
	const uint64_t so_far = packets_in(c->packets, k->until_ns - k->from_ns);
	const uint64_t arrived = so_far - k->packets;
	const uint64_t taken =
		arrived < capped_sub(room, k->waiting) ? arrived : capped_sub(room, k->waiting);
	if (arrived > taken && !k->drops) /* the packet after those taken */
		k->first_drop_ns = (uint64_t)((unsigned __int128)(k->packets + taken + 1) *
					      c->packets.per_ns / c->packets.count);
	k->packets = so_far;
	k->drops += arrived - taken;
	k->waiting = capped_sub(k->waiting + taken, 1); /* one goes on at the fault's end */
}

/* The flows whose packets were lost, or held up, in a closure. */
static void hit_flows(const struct nic_config *c, const struct closure *k, struct rng *rng,
		      struct nic_result *r)
{
	const uint64_t hurt = k->drops ? k->drops
				       : k->packets + 1; /* the faulting packet at least */
	const uint64_t flows = hurt < c->flows ? hurt : c->flows;
	const uint64_t gap_ns = c->flows * c->packets.per_ns / c->packets.count;

	for (uint64_t i = 0; i < flows; i++) {
		const uint64_t position = rng_below(rng, c->burst_segments);
		const bool is_syn = rng_below(rng, PPM_PER_ONE) < c->syn_ppm;
		const uint64_t left = c->burst_segments - position;
		const uint64_t share = k->drops / flows + (i < k->drops % flows);
		const uint64_t lost = share < left ? share : left;
		const struct nic_loss loss = {
			.lost = lost,
			.later = left - lost,
			.blocked_ns = k->until_ns - k->from_ns - k->first_drop_ns,
			.gap_ns = gap_ns,
			.is_syn = is_syn,
		};
		const struct nic_stall s = nic_recover(c, &loss);
		r->flows[s.by]++;
		hist_record(&r->stall, s.stall_ns);
		if (s.stall_ns > r->longest_stall_ns)
			r->longest_stall_ns = s.stall_ns;
	}
}

int nic_run(const struct nic_config *c, const struct nic_fault *faults, size_t n, uint64_t seed,
	    struct nic_result *r, struct err *e)
{
	struct rng rng;

	if (!c->packets.count || !c->packets.per_ns || !c->flows || !c->burst_segments)
		return err_set(e, ERR_USAGE,
			       "nic.packets, nic.flows and nic.burst_segments must not be 0");
	rng_init(&rng, seed, "nic.flows");
	for (size_t i = 0; i < n;) {
		struct closure k = { .from_ns = faults[i].at_ns, .until_ns = faults[i].at_ns };
		do {
			const uint64_t end = k.until_ns + faults[i].blocked_ns;
			const bool is_last = i + 1 == n || faults[i + 1].at_ns > end;
			close_for(c, &k, faults[i].blocked_ns, is_last);
			r->faults++;
			i++;
		} while (i < n && faults[i].at_ns <= k.until_ns);
		const uint64_t gap = k.until_ns - k.from_ns;
		r->closures++;
		r->drops += k.drops;
		r->closed_ns += gap;
		if (gap > r->longest_gap_ns)
			r->longest_gap_ns = gap;
		hit_flows(c, &k, &rng, r);
	}
	return 0;
}

void nic_make_cold(uint64_t at_ns, const struct quantile *blocked, size_t n, struct rng *rng,
		   struct nic_fault *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (struct nic_fault){ at_ns, quantile_draw(blocked, rng) };
}

/* ---- what if ---- */

/* A day of Poisson faults, run as it is made. */
static int run_a_day(const struct nic_config *c, const struct quantile *blocked, struct rate faults,
		     uint64_t seed, struct nic_result *r, struct err *e)
{
	const uint64_t day_ns = 86400 * NS_PER_SEC;
	const struct dist d = { .kind = DIST_EXPONENTIAL, .a_ns = faults.per_ns / faults.count };
	struct nic_fault *list = NULL;
	struct arena a = {};
	struct quantile gap;
	struct rng times, lengths;
	size_t n = 0, cap = 0;

	int err = quantile_init(&gap, &d, &a, e);
	rng_init(&times, seed, "nic.faults");
	rng_init(&lengths, seed, "nic.blocked");
	for (uint64_t at = 0; !err && (at += quantile_draw(&gap, &times)) < day_ns;) {
		if (n == cap) {
			cap = cap ? 2 * cap : 4096;
			struct nic_fault *bigger = realloc(list, cap * sizeof(*list));
			if (!bigger) {
				err = err_set(e, ERR_NOMEM, "out of memory for faults");
				break;
			}
			list = bigger;
		}
		list[n++] = (struct nic_fault){ at, quantile_draw(blocked, &lengths) };
	}
	if (!err)
		err = nic_run(c, list, n, seed, r, e);
	free(list);
	arena_deinit(&a);
	return err;
}

int nic_whatif(const struct nic_config *c, const struct quantile *blocked,
	       const struct rate *faults, size_t n, uint64_t seed, struct nic_whatif *rows_out,
	       struct err *e)
{
	enum { FAULTS_PER_S_MAX = 1000 };
	int err = 0;

	for (size_t i = 0; !err && i < n; i++) {
		struct nic_whatif *row = &rows_out[i];
		struct arena a = {};
		struct nic_result r;

		*row = (struct nic_whatif){ .faults = faults[i] };
		if (!faults[i].count)
			continue;
		if ((unsigned __int128)faults[i].count * NS_PER_SEC >
		    (unsigned __int128)faults[i].per_ns * FAULTS_PER_S_MAX)
			return err_set(e, ERR_USAGE,
				       "a fault rate above %d/s is no what-if for a NIC",
				       FAULTS_PER_S_MAX);
		err = nic_result_init(&r, &a);
		if (!err)
			err = run_a_day(c, blocked, faults[i], seed, &r, e);
		if (!err) {
			row->drops_per_day = r.drops;
			row->closed_ns_per_day = r.closed_ns;
			row->longest_gap_ns = r.longest_gap_ns;
			row->longest_stall_ns = r.longest_stall_ns;
			for (int k = 0; k < NIC_RECOVERIES; k++)
				row->flows_per_day[k] = r.flows[k];
		}
		arena_deinit(&a);
	}
	return err;
}
