// SPDX-License-Identifier: MIT
/*
 * Sections of an NVMe design: [nvme-device] the drive, [nvme-host] what exits,
 * wake-ups and interrupts cost, [nvme-path] how requests get from the guest to the
 * device and back, [nvme-guest] the virtual machine's side, [nvme-load] who asks
 * for what.
 *
 * A cost in ns is a distribution (base/quantile.h). The work on a batch is
 * round + request * batch + bytes / copy rate.
 */
#ifndef PUGMARK_SIM_NVME_CONFIG_H
#define PUGMARK_SIM_NVME_CONFIG_H

#include "base/param.h"
#include "base/quantile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NVME_VMS_MAX = 1024,
	NVME_JOBS_MAX = 256, /* a VM */
	NVME_DEPTH_MAX = 65536,
	NVME_CHANNELS_MAX = 1024,
	NVME_THREADS_MAX = 256, /* workers or reapers */
	NVME_BLOCKS_MAX = 8,
};

enum nvme_placement { NVME_LEAST_BUSY, NVME_HASHED };

struct nvme_device_config {
	uint64_t channels;
	int placement; /* enum nvme_placement */
	struct dist read, write;
	const struct quantile *read_table, *write_table; /* instead of them, or NULL; borrowed */
	uint64_t channel_rate;                           /* bytes/s, on top; 0: none */
	uint64_t link_read_rate, link_write_rate;        /* bytes/s, shared; 0: no limit */
	struct dist front, back;                         /* delays that occupy nothing */
	uint64_t transfer_bytes;                         /* longer requests are split; 0: never */
	uint64_t stripe_bytes;                           /* hashed: the unit of an address */
	uint64_t buffer_bytes;                           /* write buffer; 0: none */
	struct dist buffer_write;                        /* into it */
};

struct nvme_host_config {
	struct dist exit;          /* world switch there and back */
	struct dist exit_indirect; /* what the guest loses after it */
	struct dist exit_user;     /* more, when user space handles it */
	struct dist eventfd;       /* kernel's part of an ioeventfd kick */
	struct dist thread_wake;   /* until a sleeping thread runs */
	struct dist irq;           /* device interrupt, until its handler has run */
	struct dist inject;        /* interrupt into a running vCPU by making it exit */
	struct dist posted;        /* into a running vCPU without exit */
	struct dist eoi;           /* exit of the guest's end-of-interrupt */
};

enum nvme_doorbell {
	NVME_BELL_DEVICE,      /* a posted write reaches the device itself */
	NVME_BELL_MMIO_USER,   /* exit to user space, for each request */
	NVME_BELL_MMIO_KERNEL, /* exit, the kernel signals the worker (ioeventfd) */
	NVME_BELL_SHADOW, /* in memory; exits only when the worker asked to be told (eventidx) */
	NVME_BELL_POLLED, /* in memory; the worker always looks */
};
enum nvme_kick { NVME_KICK_KERNEL, NVME_KICK_USER };
enum nvme_cq_bell { NVME_CQ_BELL_NONE, NVME_CQ_BELL_KERNEL, NVME_CQ_BELL_USER };
enum nvme_wait { NVME_WAIT_SLEEP, NVME_WAIT_SPIN, NVME_WAIT_ADAPTIVE };
enum nvme_order { NVME_ORDER_RR, NVME_ORDER_WRR, NVME_ORDER_PRIORITY };
enum nvme_visit { NVME_VISIT_EXHAUSTIVE, NVME_VISIT_GATED, NVME_VISIT_BURST };
enum nvme_spread { NVME_SPREAD_VM, NVME_SPREAD_QUEUE };
enum nvme_reap {
	NVME_REAP_GUEST,     /* the device tells the guest, no host software in between */
	NVME_REAP_INTERRUPT, /* a host handler */
	NVME_REAP_WORKER,    /* the worker looks at completions as at submissions */
	NVME_REAP_THREAD,    /* threads of their own look */
};
enum nvme_notify {
	NVME_NOTIFY_NATIVE,   /* no virtual machine: the interrupt is the CPU's own */
	NVME_NOTIFY_INJECT,   /* by exit of the vCPU */
	NVME_NOTIFY_POSTED,   /* posted interrupt */
	NVME_NOTIFY_EXITLESS, /* IPI through a shadowed IDT (IOCore's design) */
};

struct nvme_path_config {
	int doorbell;  /* enum nvme_doorbell */
	int kick;      /* enum nvme_kick: who handles the exit of a shadow doorbell */
	int cq_bell;   /* enum nvme_cq_bell: the exit that tells of handled completions */
	bool big_lock; /* the worker, and exits to user space, hold one lock of their VM */

	uint64_t workers; /* 0: none */
	int wait;         /* enum nvme_wait */
	uint64_t spin_ns; /* adaptive: looks for so long, then sleeps */
	int order, visit; /* enum nvme_order, nvme_visit */
	uint64_t burst;
	int spread;        /* enum nvme_spread: what is dealt to workers */
	struct dist look;  /* at a queue with nothing in it */
	struct dist round; /* for each queue with something in it */
	struct dist request;
	uint64_t copy_rate; /* bytes/s; 0: nothing is copied */
	struct dist translate;
	struct dist pin; /* for each 4 KiB page */

	struct rate admin_rate; /* of a VM's admin commands, emulated by its worker */
	struct dist admin;

	bool emulation_thread; /* one for the device */
	struct dist handover, emulation;

	int reap; /* enum nvme_reap */
	uint64_t reapers;
	struct dist reap_look, reap_round, reap_request;

	int notify; /* enum nvme_notify */
	bool eoi_exit;
	uint64_t coalesce_count; /* completions an interrupt waits for; 1: none */
	uint64_t coalesce_ns;    /* at most so long after the first; 0: for ever */
};

enum nvme_guest_wait { NVME_GUEST_INTERRUPT, NVME_GUEST_POLL, NVME_GUEST_HYBRID };

struct nvme_guest_config {
	uint64_t vcpus;
	uint64_t queues;        /* pairs; 0: one a job, at most one a vCPU */
	uint64_t queue_entries; /* of a submission queue */
	struct dist submit;     /* block layer and driver, a request */
	struct dist irq;        /* an interrupt */
	struct dist complete;   /* a completion */
	int wait;               /* enum nvme_guest_wait */
	struct dist poll_look;  /* at a completion queue with nothing in it */
	struct dist hybrid_sleep, hybrid_wake;
	struct dist wake;      /* an idle CPU, or a halted vCPU, until the handler */
	uint64_t halt_poll_ns; /* idle so long before it halts */
};

enum nvme_arrival { NVME_CLOSED, NVME_POISSON, NVME_FIXED, NVME_TRACE };
enum nvme_pattern { NVME_RANDOM, NVME_SEQUENTIAL };
enum nvme_stall_scope { NVME_STALL_QUEUE, NVME_STALL_CHANNEL, NVME_STALL_DEVICE };

struct nvme_block {
	uint64_t bytes, ppm;
};

struct nvme_load_config {
	uint64_t vms, jobs, depth; /* jobs a VM, depth a job */
	int arrival;               /* enum nvme_arrival */
	struct dist think;         /* closed: between completion and next request */
	struct rate rate;          /* open: a VM's requests */
	uint64_t read_ppm;
	const char *blocks; /* "4K" or "4K 70%, 64K 30%" */
	uint64_t span_bytes;
	int pattern;
	uint64_t requests;    /* of the whole run; 0: only the duration ends it */
	uint64_t duration_ns; /* 0: only the requests end it */
	uint64_t warmup_ppm;  /* of the requests, not counted */
	const char *weights;  /* of VMs for wrr and priority: "2,3,5"; the last one repeats */
	uint64_t seed;

	struct rate stall_rate; /* Poisson; 0: none */
	struct dist stall;
	int stall_scope; /* enum nvme_stall_scope */

	struct nvme_block block[NVME_BLOCKS_MAX]; /* of blocks, by nvme_config_check */
	uint64_t nblocks;
};

struct nvme_config {
	struct nvme_device_config device;
	struct nvme_host_config host;
	struct nvme_path_config path;
	struct nvme_guest_config guest;
	struct nvme_load_config load;
};

/* Of all five sections; the base of offsets is struct nvme_config. */
extern const struct param nvme_params[];
extern const size_t nvme_nparams;

/* The names of `path.doorbell` and so on, NULL-terminated. */
extern const char *const nvme_doorbell_names[],
	*const nvme_reap_names[], *const nvme_notify_names[], *const nvme_arrival_names[];

/* What one parameter alone cannot know; parses texts. ERR_USAGE and a sentence. */
int nvme_config_check(struct nvme_config *c, struct err *e);

#endif
