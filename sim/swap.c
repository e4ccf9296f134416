// SPDX-License-Identifier: MIT
/*
 * A heap of the times at which servers become free gives the start of each job;
 * one stream of random numbers for each tier and kind of job, so that a design
 * with more writeback leaves the faults their luck.
 */
#include "sim/swap.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

enum { HIST_BITS = 5 };

static const char *const tier_names[HOSTMEM_TIERS] = { "zswap", "ssd", "remote" };

const char *const swap_job_names[SWAP_JOBS + 1] = { "iopf",      "cpu_fault",  "readahead",
						    "writeback", "guest_read", "guest_write",
						    NULL };

struct station {
	uint64_t *free_ns; /* when each server is free: a heap, the first one at the top */
	uint64_t servers, page_ns;
	struct quantile read, write;
	struct {
		struct rng rng;
		struct swap_counts n;
		struct hist sojourn;
	} job[SWAP_JOBS];
	struct ns last;  /* coming of the last job */
	uint64_t second; /* of the clock; what came in it, and in the busiest one */
	uint64_t second_ns, busiest_ns;
};

/* The guest's own I/O. */
struct load {
	struct quantile gap;
	struct rng rng;
	uint64_t next_ns; /* UINT64_MAX: none */
	uint64_t write_ppm;
	uint32_t npages;
};

struct swap {
	struct station tier[HOSTMEM_TIERS];
	struct load guest;
};

static int init_jobs(struct station *s, const char *tier, uint64_t seed, struct arena *a)
{
	const uint64_t of_tier = rng_seed(seed, tier);
	for (int j = 0; j < SWAP_JOBS; j++) {
		rng_init(&s->job[j].rng, of_tier, swap_job_names[j]);
		if (hist_init(&s->job[j].sojourn, HIST_BITS, a))
			return ERR_NOMEM;
	}
	return 0;
}

static int init_station(struct swap *s, const struct swap_config *c, int tier, uint64_t seed,
			struct arena *a, struct err *e)
{
	struct station *t = &s->tier[tier];
	t->servers = c->tier[tier].servers;
	t->page_ns = c->tier[tier].page_ns;
	if (!t->servers || t->servers > SWAP_SERVERS_MAX)
		return err_set(e, ERR_USAGE, "memory.%s_servers %llu: expected 1 to %d",
			       tier_names[tier], (unsigned long long)t->servers, SWAP_SERVERS_MAX);
	int rc = quantile_init(&t->read, &c->tier[tier].read, a, e);
	if (!rc)
		rc = quantile_init(&t->write, &c->tier[tier].write, a, e);
	if (rc)
		return err_prefix(e, "swap device %s", tier_names[tier]);
	t->free_ns = arena_alloc(a, t->servers, sizeof(*t->free_ns));
	if (!t->free_ns || init_jobs(t, tier_names[tier], seed, a))
		return err_set(e, ERR_NOMEM, "swap device %s: out of memory", tier_names[tier]);
	return 0;
}

static int init_guest(struct load *g, const struct swap_config *c, uint64_t seed, struct arena *a,
		      struct err *e)
{
	g->next_ns = UINT64_MAX;
	if (!c->guest_io.count)
		return 0;
	const struct dist gap = { .kind = DIST_EXPONENTIAL,
				  .a_ns = c->guest_io.per_ns / c->guest_io.count };
	if (!gap.a_ns)
		return err_set(e, ERR_USAGE, "memory.guest_io: more than one job a nanosecond");
	rng_init(&g->rng, seed, "guest_io");
	g->write_ppm = c->guest_io_write_ppm;
	g->npages = (uint32_t)c->guest_io_pages;
	const int rc = quantile_init(&g->gap, &gap, a, e);
	if (!rc)
		g->next_ns = quantile_draw(&g->gap, &g->rng);
	return rc;
}

int swap_new(const struct swap_config *c, uint64_t seed, struct arena *a, struct swap **out,
	     struct err *e)
{
	struct swap *s = arena_alloc(a, 1, sizeof(*s));
	if (!s)
		return err_set(e, ERR_NOMEM, "swap: out of memory");
	for (int tier = 0; tier < HOSTMEM_TIERS; tier++) {
		const int rc = init_station(s, c, tier, seed, a, e);
		if (rc)
			return rc;
	}
	const int rc = init_guest(&s->guest, c, seed, a, e);
	*out = rc ? NULL : s;
	return rc;
}

/* The server that is free first gets busy until then. */
static void occupy(struct station *t, uint64_t until_ns)
{
	uint64_t i = 0;
	for (uint64_t child = 1; child < t->servers; child = 2 * i + 1) {
		if (child + 1 < t->servers && t->free_ns[child + 1] < t->free_ns[child])
			child++;
		if (t->free_ns[child] >= until_ns)
			break;
		t->free_ns[i] = t->free_ns[child];
		i = child;
	}
	t->free_ns[i] = until_ns;
}

static void note_second(struct station *t, struct ns now, uint64_t service_ns)
{
	const uint64_t second = now.v / NS_PER_SEC;
	t->second_ns = service_ns + (second == t->second ? t->second_ns : 0);
	t->second = second;
	t->busiest_ns = t->second_ns > t->busiest_ns ? t->second_ns : t->busiest_ns;
}

static struct ns submit(struct station *t, enum swap_job job, uint32_t npages, struct ns now)
{
	struct swap_counts *n = &t->job[job].n;
	const bool is_write = job == SWAP_WRITEBACK || job == SWAP_GUEST_WRITE;
	assert(npages && now.v >= t->last.v);
	t->last = now;

	const uint64_t service_ns =
		quantile_draw(is_write ? &t->write : &t->read, &t->job[job].rng) +
		(npages - 1) * t->page_ns;
	const uint64_t start_ns = t->free_ns[0] > now.v ? t->free_ns[0] : now.v;
	const uint64_t wait_ns = start_ns - now.v;
	occupy(t, start_ns + service_ns);
	note_second(t, now, service_ns);

	n->jobs++;
	n->pages += npages;
	n->wait_ns += wait_ns;
	n->wait_max_ns = wait_ns > n->wait_max_ns ? wait_ns : n->wait_max_ns;
	n->service_ns += service_ns;
	hist_record(&t->job[job].sojourn, wait_ns + service_ns);
	return (struct ns){ start_ns + service_ns };
}

/* The guest's jobs up to now, without those that nobody can notice any more. */
static void submit_guest(struct swap *s, struct ns now)
{
	enum { NOTICED_NS = 100000000 };
	struct load *g = &s->guest;
	struct station *t = &s->tier[HOSTMEM_SSD];
	if (g->next_ns < now.v && now.v - g->next_ns > NOTICED_NS)
		g->next_ns = now.v - NOTICED_NS + quantile_draw(&g->gap, &g->rng);
	while (g->next_ns <= now.v) {
		const bool is_write = rng_below(&g->rng, PPM_PER_ONE) < g->write_ppm;
		submit(t, is_write ? SWAP_GUEST_WRITE : SWAP_GUEST_READ, g->npages,
		       (struct ns){ g->next_ns });
		g->next_ns += quantile_draw(&g->gap, &g->rng);
	}
}

struct ns swap_submit(struct swap *s, enum hostmem_tier tier, enum swap_job job, uint32_t npages,
		      struct ns now)
{
	if (tier == HOSTMEM_SSD && s->guest.next_ns <= now.v)
		submit_guest(s, now);
	return submit(&s->tier[tier], job, npages, now);
}

struct ns swap_last(const struct swap *s, enum hostmem_tier tier)
{
	return s->tier[tier].last;
}

const struct swap_counts *swap_counts(const struct swap *s, enum hostmem_tier tier,
				      enum swap_job job)
{
	return &s->tier[tier].job[job].n;
}

const struct hist *swap_hist(const struct swap *s, enum hostmem_tier tier, enum swap_job job)
{
	return &s->tier[tier].job[job].sojourn;
}

uint64_t swap_busy_ppm(const struct swap *s, enum hostmem_tier tier, struct ns end)
{
	const struct station *t = &s->tier[tier];
	unsigned __int128 busy = 0;
	for (int j = 0; j < SWAP_JOBS; j++)
		busy += t->job[j].n.service_ns;
	/* what lies beyond the end has not been worked off */
	for (uint64_t i = 0; i < t->servers; i++)
		busy -= t->free_ns[i] > end.v ? t->free_ns[i] - end.v : 0;
	return end.v ? (uint64_t)(busy * 1000000 / ((unsigned __int128)end.v * t->servers)) : 0;
}

uint64_t swap_peak_ppm(const struct swap *s, enum hostmem_tier tier)
{
	const struct station *t = &s->tier[tier];
	return (uint64_t)((unsigned __int128)t->busiest_ns * 1000000 /
			  ((unsigned __int128)NS_PER_SEC * t->servers));
}

static const char *const sharing_names[] = { "shared", "own", NULL };

#define ROW(name, type, unit, text, least, greatest, help, field)        \
	{                                                                \
		"memory", name, type, unit, text, least, greatest, help, \
			offsetof(struct swap_config, field), NULL        \
	}
#define TIME(name, text, help, field) ROW(name, PARAM_DIST, NULL, text, 0, 0, help, field)
#define SERVERS(name, text, help, field) \
	ROW(name, PARAM_U64, "servers", text, 1, SWAP_SERVERS_MAX, help, field)
#define PAGE(name, text, field) \
	ROW(name, PARAM_NS, NULL, text, 0, 0, "Time for each further page of a job.", field)

const struct param swap_params[] = {
	{ "memory", "swap_device", PARAM_CHOICE, NULL, "shared", 0, 0,
	  "VMs of one host (--pool) swap to one device that all share, or each to its own",
	  offsetof(struct swap_config, sharing), sharing_names },
	TIME("zswap_read", "p50 5us p90 10us | guess | the P90 is Taiji's, the median is not known",
	     "Time to decompress a page.", tier[HOSTMEM_ZSWAP].read),
	TIME("zswap_write", "p50 10us p99 40us | guess | compression of one page",
	     "Time to compress a page.", tier[HOSTMEM_ZSWAP].write),
	SERVERS("zswap_servers", "2 | guess | CPUs at hand", "CPUs that do so.",
		tier[HOSTMEM_ZSWAP].servers),
	PAGE("zswap_page", "3us | guess | decompression in a row", tier[HOSTMEM_ZSWAP].page_ns),
	TIME("ssd_read", "p50 100us p99 400us | guess | 4 KiB read from a flash drive",
	     "Time of a read from the drive.", tier[HOSTMEM_SSD].read),
	TIME("ssd_write", "p50 30us p99 200us | guess | into the drive's write buffer",
	     "Time of a write to it.", tier[HOSTMEM_SSD].write),
	SERVERS("ssd_servers", "32 | guess | channels of a flash drive",
		"Requests that the drive works on at once.", tier[HOSTMEM_SSD].servers),
	PAGE("ssd_page", "2us | derived | 4 KiB at 2 GB/s", tier[HOSTMEM_SSD].page_ns),
	ROW("guest_io", PARAM_RATE, NULL, "0/s", 0, 0,
	    "The guest's own I/O on the drive it swaps to (tier ssd)", guest_io),
	ROW("guest_io_pages", PARAM_U64, "pages", "4 | guess | 16 KiB", 1, 65536,
	    "Pages of a job of it", guest_io_pages),
	ROW("guest_io_write_ppm", PARAM_PPM, NULL, "30% | guess", 0, 1000000,
	    "Share of them that write", guest_io_write_ppm),
	TIME("remote_read", "p50 15us p99 60us | guess | one round trip of RDMA",
	     "Time of a read from remote memory.", tier[HOSTMEM_REMOTE].read),
	TIME("remote_write", "p50 15us p99 60us | guess | one round trip of RDMA",
	     "Time of a write to it.", tier[HOSTMEM_REMOTE].write),
	SERVERS("remote_servers", "64 | guess | depth of a send queue",
		"Requests under way at once.", tier[HOSTMEM_REMOTE].servers),
	PAGE("remote_page", "1us | derived | 4 KiB at 40 Gbit/s", tier[HOSTMEM_REMOTE].page_ns),
};

const size_t swap_nparams = sizeof(swap_params) / sizeof(swap_params[0]);
