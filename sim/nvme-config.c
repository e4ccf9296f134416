// SPDX-License-Identifier: MIT
/*
 * The parameters of an NVMe design and what they demand of each other. All
 * defaults are neutral: a device of one channel, a path without host software,
 * costs of 0. Numbers about the world are in the profiles.
 */
#include "sim/nvme-config.h"
#include "base/units.h"
#include "sim/nvme.h"

#include <string.h>

const char *const nvme_stage_names[NVME_STAGES + 1] = {
	"source",    "guest_submit", "sq",   "doorbell",    "pickup",         "worker",
	"translate", "emulation",    "iopf", "device_wait", "device",         "link_wait",
	"link",      "reap_wait",    "reap", "notify",      "guest_complete", NULL
};

const char *const nvme_doorbell_names[] = { "device", "mmio-user", "mmio-kernel",
					    "shadow", "polled",    NULL };
const char *const nvme_reap_names[] = { "guest", "interrupt", "worker", "thread", NULL };
const char *const nvme_notify_names[] = { "native", "inject", "posted", "exitless", NULL };
const char *const nvme_arrival_names[] = { "closed", "poisson", "fixed", "trace", NULL };

static const char *const placements[] = { "least-busy", "hashed", NULL };
static const char *const kicks[] = { "kernel", "user", NULL };
static const char *const cq_bells[] = { "none", "kernel", "user", NULL };
static const char *const waits[] = { "sleep", "spin", "adaptive", NULL };
static const char *const orders[] = { "rr", "wrr", "priority", NULL };
static const char *const visits[] = { "exhaustive", "gated", "burst", NULL };
static const char *const spreads[] = { "vm", "queue", NULL };
static const char *const guest_waits[] = { "interrupt", "poll", "hybrid", NULL };
static const char *const patterns[] = { "random", "sequential", NULL };
static const char *const scopes[] = { "queue", "channel", "device", NULL };

#define ROW(sect, name, type, unit, preset, min, max, help, field, choices) \
	{                                                                   \
		"nvme-" #sect, name, type, unit, preset, min, max, help,    \
			offsetof(struct nvme_config, sect.field), choices   \
	}
#define COUNT(sect, name, unit, preset, min, max, help) \
	ROW(sect, #name, PARAM_U64, unit, preset, min, max, help, name, NULL)
#define BYTES(sect, name, preset, max, help, field) \
	ROW(sect, name, PARAM_BYTES, NULL, preset, 0, max, help, field, NULL)
#define COST(sect, name, help) ROW(sect, #name, PARAM_DIST, NULL, "0", 0, 0, help, name, NULL)
#define SPAN(sect, name, preset, help, field) \
	ROW(sect, name, PARAM_NS, NULL, preset, 0, 0, help, field, NULL)
#define PICK(sect, name, preset, help, choices) \
	ROW(sect, #name, PARAM_CHOICE, NULL, preset, 0, 0, help, name, choices)
#define TEXT(sect, name, preset, help) \
	ROW(sect, #name, PARAM_TEXT, NULL, preset, 0, 0, help, name, NULL)
#define YES(sect, name, help) ROW(sect, #name, PARAM_BOOL, NULL, "no", 0, 0, help, name, NULL)
#define PPM(sect, name, preset, help, field) \
	ROW(sect, name, PARAM_PPM, NULL, preset, 0, PPM_PER_ONE, help, field, NULL)

const struct param nvme_params[] = {
	COUNT(device, channels, "channels", "1", 1, NVME_CHANNELS_MAX, "Served at the same time"),
	PICK(device, placement, "least-busy", "Any free channel serves, or the address says which",
	     placements),
	COST(device, read, "Service of a read by a channel"),
	COST(device, write, "Service of a write by a channel"),
	BYTES(device, "channel_rate", "0", 0, "Bytes/s of a channel, on top; 0: no part by size",
	      channel_rate),
	BYTES(device, "link_read_rate", "0", 0, "Bytes/s all reads share; 0: no limit",
	      link_read_rate),
	BYTES(device, "link_write_rate", "0", 0, "Bytes/s all writes share; 0: no limit",
	      link_write_rate),
	COST(device, front, "Delay before the channel, which occupies nothing"),
	COST(device, back, "Delay after the transfer, which occupies nothing"),
	BYTES(device, "transfer", "128K", 0, "Longer requests are split; 0: never", transfer_bytes),
	BYTES(device, "stripe", "4K", 0, "Hashed: so many bytes lie on one channel", stripe_bytes),
	BYTES(device, "buffer", "0", 0, "Write buffer; 0: none", buffer_bytes),
	COST(device, buffer_write, "Of a write into the buffer"),

	COST(host, exit, "World switch to the host and back"),
	COST(host, exit_indirect, "What the guest loses after an exit: caches and TLB"),
	COST(host, exit_user, "More for an exit that user space handles"),
	COST(host, eventfd, "Kernel's part of a kick by ioeventfd"),
	COST(host, thread_wake, "Until a sleeping thread runs"),
	COST(host, irq, "Device interrupt, until its handler has run"),
	COST(host, inject, "Interrupt into a running vCPU by making it exit"),
	COST(host, posted, "Interrupt into a running vCPU without exit"),
	COST(host, eoi, "Exit of the guest's end-of-interrupt"),

	PICK(path, doorbell, "device", "How the guest tells of a request", nvme_doorbell_names),
	PICK(path, kick, "kernel", "Shadow doorbell: who handles its exits", kicks),
	PICK(path, cq_bell, "none", "Exit of the doorbell of completion queues, and who handles it",
	     cq_bells),
	YES(path, big_lock, "A worker, and exits that user space handles, hold one lock (QEMU's)"),
	COUNT(path, workers, "threads", "0", 0, NVME_THREADS_MAX,
	      "Host threads that take requests; 0: the device does"),
	PICK(path, wait, "sleep", "Worker without work: sleeps, spins, or spins for a while",
	     waits),
	SPAN(path, "spin", "0", "Adaptive: looks for so long, then sleeps", spin_ns),
	PICK(path, order, "rr", "In which order queues are visited", orders),
	PICK(path, visit, "gated",
	     "Until the queue is empty, what was there at the start, or a burst", visits),
	COUNT(path, burst, "requests", "1", 1, 65536, "Most of a visit (wrr: times the weight)"),
	PICK(path, spread, "vm", "Workers share out VMs, or queues", spreads),
	COST(path, look, "Of a worker at a queue with nothing in it"),
	COST(path, round, "Of a worker for each queue with something in it"),
	COST(path, request, "Of a worker for each request"),
	BYTES(path, "copy_rate", "0", 0, "Bytes/s a worker copies; 0: nothing is copied",
	      copy_rate),
	COST(path, translate, "LBA and PRP translation of a request"),
	COST(path, pin, "Pinning a 4 KiB page of a request"),
	ROW(path, "admin_rate", PARAM_RATE, NULL, "0/s", 0, 0,
	    "A VM's admin commands, which its worker emulates", admin_rate, NULL),
	COST(path, admin, "Of a worker for each admin command"),
	YES(path, emulation_thread, "Workers hand over to one thread of the device"),
	COST(path, handover, "Until the emulation thread sees a request"),
	COST(path, emulation, "Of the emulation thread for each request"),
	PICK(path, reap, "guest", "Who sees the device's completion first", nvme_reap_names),
	COUNT(path, reapers, "threads", "1", 1, NVME_THREADS_MAX, "Threads that look (thread)"),
	COST(path, reap_look, "Of a reaper at a queue with nothing in it"),
	COST(path, reap_round, "Of a reaper for each queue with something in it"),
	COST(path, reap_request, "Of a reaper for each completion"),
	PICK(path, notify, "native", "How the guest's CPU learns of a completion",
	     nvme_notify_names),
	YES(path, eoi_exit, "The guest's end-of-interrupt exits"),
	COUNT(path, coalesce_count, "completions", "1", 1, 65536, "An interrupt waits for so many"),
	SPAN(path, "coalesce", "0", "At most so long after the first; 0: for ever", coalesce_ns),

	COUNT(guest, vcpus, "vCPUs", "4", 1, NVME_JOBS_MAX, "Of a VM; job j runs on vCPU j modulo"),
	COUNT(guest, queues, "pairs", "0", 0, NVME_JOBS_MAX,
	      "Queue pairs of a VM; 0: one a job, at most one a vCPU"),
	COUNT(guest, queue_entries, "entries", "1023", 1, NVME_DEPTH_MAX, "Of a submission queue"),
	COST(guest, submit, "Block layer and driver for a request"),
	COST(guest, irq, "Handler for an interrupt"),
	COST(guest, complete, "Driver and block layer for a completion"),
	PICK(guest, wait, "interrupt", "How the guest waits for completions", guest_waits),
	COST(guest, poll_look, "At a completion queue with nothing in it"),
	COST(guest, hybrid_sleep, "Hybrid polling: sleeps so long before it looks"),
	COST(guest, hybrid_wake, "Hybrid polling: until it runs again"),
	COST(guest, wake, "An idle CPU or halted vCPU, until the handler runs"),
	SPAN(guest, "halt_poll", "0", "Idle so long before it halts", halt_poll_ns),

	COUNT(load, vms, "VMs", "1", 1, NVME_VMS_MAX, "That share the device"),
	COUNT(load, jobs, "jobs", "1", 1, NVME_JOBS_MAX, "Of a VM"),
	COUNT(load, depth, "requests", "1", 1, NVME_DEPTH_MAX, "Of a job, outstanding (closed)"),
	PICK(load, arrival, "closed", "When requests come", nvme_arrival_names),
	COST(load, think, "Closed: between a completion and the next request"),
	ROW(load, "rate", PARAM_RATE, NULL, "10000/s", 0, 0, "Of a VM's requests (poisson, fixed)",
	    rate, NULL),
	PPM(load, "read", "100%", "Share of reads", read_ppm),
	TEXT(load, blocks, "4K", "Sizes with their shares: 4K 70%, 64K 30%"),
	BYTES(load, "span", "64G", 0, "Of the addresses", span_bytes),
	PICK(load, pattern, "random", "Addresses", patterns),
	COUNT(load, requests, "requests", "200000", 0, 0, "Of the whole run; 0: see duration"),
	SPAN(load, "duration", "0", "Of the run; 0: see requests", duration_ns),
	PPM(load, "warmup", "10%", "Of the requests, run but not counted", warmup_ppm),
	TEXT(load, weights, "1", "Of the VMs (wrr, priority): 2,3,5; the last one repeats"),
	COUNT(load, seed, "seed", "1", 0, 0, "Of all random streams"),
	ROW(load, "stall_rate", PARAM_RATE, NULL, "0/s", 0, 0, "I/O page faults that stop a part",
	    stall_rate, NULL),
	ROW(load, "stall", PARAM_DIST, NULL, "0", 0, 0, "How long each stops it", stall, NULL),
	PICK(load, stall_scope, "device", "What stops: one VM's queue, a channel, all channels",
	     scopes),
};
const size_t nvme_nparams = sizeof(nvme_params) / sizeof(nvme_params[0]);

/* ---- texts ---- */

enum { TEXT_BYTES_MAX = 160 };

/* "4K 70%": the share may be left out when there is one size. */
static int parse_block(char *part, struct nvme_block *out, struct err *e)
{
	char *size = part + strspn(part, " \t");
	char *end = size + strcspn(size, " \t");
	char *share = end + strspn(end, " \t");

	*end = 0;
	out->ppm = PPM_PER_ONE;
	int rc = quantity_parse_bytes(size, &out->bytes, e);
	if (!rc && *share)
		rc = quantity_parse_ppm(share, &out->ppm, e);
	if (!rc &&
	    (out->bytes < BLOCK_BYTES || out->bytes > UINT32_MAX || out->bytes % BLOCK_BYTES))
		return err_set(e, ERR_USAGE,
			       "'%.40s': expected a multiple of 512 bytes, at least 512, below 4G",
			       size);
	return rc;
}

static int parse_blocks(struct nvme_load_config *l, struct err *e)
{
	char copy[TEXT_BYTES_MAX];
	uint64_t sum = 0;

	if (strlen(l->blocks) >= sizeof(copy))
		return err_set(e, ERR_USAGE, "nvme-load.blocks: more than %d bytes",
			       TEXT_BYTES_MAX - 1);
	memcpy(copy, l->blocks, strlen(l->blocks) + 1);
	l->nblocks = 0;
	for (char *part = copy, *end; part; part = end) {
		end = strchr(part, ',');
		if (end)
			*end++ = 0;
		if (l->nblocks == NVME_BLOCKS_MAX)
			return err_set(e, ERR_USAGE, "nvme-load.blocks: at most %d sizes",
				       NVME_BLOCKS_MAX);
		const int rc = parse_block(part, &l->block[l->nblocks], e);
		if (rc)
			return err_prefix(e, "nvme-load.blocks");
		sum += l->block[l->nblocks++].ppm;
	}
	if (sum != PPM_PER_ONE)
		return err_set(e, ERR_USAGE, "nvme-load.blocks: '%.60s' does not add up to 100%%",
			       l->blocks);
	return 0;
}

/* ---- pairs that cannot be ---- */

static int check_path(const struct nvme_config *c, struct err *e)
{
	const struct nvme_path_config *p = &c->path;

	if ((p->doorbell == NVME_BELL_DEVICE) != !p->workers)
		return err_set(
			e, ERR_USAGE,
			p->workers ? "nvme-path: a doorbell of the device itself leaves nothing "
				     "to %d workers: set nvme-path.workers = 0"
				   : "nvme-path: without workers the doorbell must be `device`",
			(int)p->workers);
	if (p->doorbell == NVME_BELL_POLLED && p->wait != NVME_WAIT_SPIN)
		return err_set(e, ERR_USAGE,
			       "nvme-path: a polled doorbell wakes nobody: the worker "
			       "must wait by `spin`");
	if (!p->workers && p->admin_rate.count)
		return err_set(e, ERR_USAGE,
			       "path: who emulates admin commands? There is no "
			       "worker");
	if (!p->workers && (p->emulation_thread || p->reap == NVME_REAP_WORKER))
		return err_set(e, ERR_USAGE,
			       "nvme-path: who hands over or reaps? There is no worker");
	if (p->notify == NVME_NOTIFY_NATIVE && (p->workers || p->reap != NVME_REAP_GUEST))
		return err_set(e, ERR_USAGE,
			       "nvme-path: `native` has no host software in between: "
			       "notify by inject, posted or exitless");
	if (p->big_lock && !p->workers)
		return err_set(e, ERR_USAGE,
			       "path: big_lock is between a worker and exits: there "
			       "is no worker");
	if (p->coalesce_count > 1 && !p->coalesce_ns)
		return err_set(e, ERR_USAGE,
			       "path: an interrupt that waits for several "
			       "completions needs a time limit: coalesce");
	if (p->notify == NVME_NOTIFY_EXITLESS && p->eoi_exit)
		return err_set(e, ERR_USAGE,
			       "nvme-path: exitless completion exposes the EOI register: "
			       "set nvme-path.eoi_exit = no");
	return 0;
}

static int check_load(const struct nvme_config *c, struct err *e)
{
	const struct nvme_load_config *l = &c->load;
	const bool is_paced = l->arrival == NVME_POISSON || l->arrival == NVME_FIXED;

	if (!l->requests && !l->duration_ns && l->arrival != NVME_TRACE)
		return err_set(e, ERR_USAGE, "nvme-load: what ends it? Set requests or duration");
	if (is_paced && !l->rate.count)
		return err_set(e, ERR_USAGE, "nvme-load: an open load needs a rate");
	if (l->stall_rate.count && l->stall.kind == DIST_CONST && !l->stall.a_ns)
		return err_set(e, ERR_USAGE, "nvme-load: how long is a stall?");
	for (uint64_t i = 0; i < l->nblocks; i++)
		if (l->block[i].bytes > l->span_bytes)
			return err_set(e, ERR_USAGE, "nvme-load: a block is larger than the span");
	return 0;
}

int nvme_config_check(struct nvme_config *c, struct err *e)
{
	int rc = parse_blocks(&c->load, e);

	if (!rc)
		rc = check_path(c, e);
	if (!rc)
		rc = check_load(c, e);
	if (!rc && c->device.placement == NVME_HASHED && c->device.stripe_bytes < BLOCK_BYTES)
		rc = err_set(e, ERR_USAGE, "nvme-device.stripe: at least 512 bytes");
	return rc;
}
