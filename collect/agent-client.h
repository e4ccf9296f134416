// SPDX-License-Identifier: MIT
/*
 * For VMMs, vhost-user and SPDK targets, DPUs: tell pugmark which guest memory
 * a device uses, as it uses it. This is the only complete view from a host, both
 * directions included. This header and agent-client.c need nothing else of
 * pugmark and may be copied into the sender.
 *
 *	struct pugmark_agent *a = pugmark_agent_connect("/run/pugmark.sock", "web7", mem_bytes);
 *	int nic = pugmark_agent_device(a, "0000:01:00.1", "nic");
 *	pugmark_agent_access(a, nic, PUGMARK_FROM_DEVICE, gpa, bytes, request);
 *
 * The sender never waits: what the socket does not take at once is dropped,
 * counted and told (pugmark record keeps it as a loss). Functions are for one
 * thread; give each thread a connection of its own.
 *
 * On the wire: a Unix socket of type SOCK_SEQPACKET, little endian. A packet is
 * one or more records of 32 bytes, or a HELLO, DEVICE or MEMSLOT record followed
 * by its text (at most 200 bytes, no terminating 0). The first packet is HELLO.
 */
#ifndef PUGMARK_AGENT_CLIENT_H
#define PUGMARK_AGENT_CLIENT_H

#include <stdint.h>

enum pugmark_agent_op {
	/* of guest memory: numbers as in the kind dma */
	PUGMARK_MAP,
	PUGMARK_UNMAP,
	PUGMARK_ALLOC,
	PUGMARK_FREE,
	PUGMARK_ACCESS, /* the device reads or writes these bytes now */

	PUGMARK_HELLO =
		64,      /* address: bytes of guest memory; request: the magic; text: VM's name */
	PUGMARK_DEVICE,  /* device: its number from now on; text: class, a blank, name */
	PUGMARK_MEMSLOT, /* address: GPA; request: HVA; bytes: 4 KiB pages; device: slot */
	PUGMARK_DROPPED, /* request: records that the sender could not send */
};

enum pugmark_agent_dir {
	PUGMARK_DIR_UNKNOWN,
	PUGMARK_TO_DEVICE,   /* the device reads memory */
	PUGMARK_FROM_DEVICE, /* the device writes memory */
	PUGMARK_BOTH,
};

#define PUGMARK_AGENT_MAGIC UINT64_C(0x31544e4547414d50) /* "PMAGENT1" */

struct pugmark_agent_record {
	uint64_t ts_ns;   /* CLOCK_MONOTONIC of this host; 0: when it is received */
	uint64_t address; /* guest physical, bytes */
	uint32_t bytes;
	uint16_t device;
	uint8_t op, dir;
	uint64_t request; /* joins the pieces of one command */
};

_Static_assert(sizeof(struct pugmark_agent_record) == 32, "a record has 32 bytes");

enum { PUGMARK_AGENT_BATCH = 128, PUGMARK_AGENT_TEXT_MAX = 200 };

struct pugmark_agent;

/* NULL with errno when nobody listens. vm may be "". */
struct pugmark_agent *pugmark_agent_connect(const char *path, const char *vm, uint64_t mem_bytes);

/* Sends what waits, and how much was dropped; frees a. */
void pugmark_agent_close(struct pugmark_agent *a);

/* Number for a device: name is a BDF or another stable name; class: nic, nvme, block, other. */
int pugmark_agent_device(struct pugmark_agent *a, const char *name, const char *class);

/* Where guest memory lies in this process, from now on. */
void pugmark_agent_memslot(struct pugmark_agent *a, unsigned slot, uint64_t gpa, uint64_t hva,
			   uint64_t bytes);

/* Records gather and leave by the batch; flush sends them now. */
void pugmark_agent_put(struct pugmark_agent *a, const struct pugmark_agent_record *r);
void pugmark_agent_flush(struct pugmark_agent *a);

/* An access at the present time. */
void pugmark_agent_access(struct pugmark_agent *a, int device, enum pugmark_agent_dir dir,
			  uint64_t gpa, uint32_t bytes, uint64_t request);

/* Of the socket, for poll(2): writable means that a batch will be taken. */
int pugmark_agent_fd(const struct pugmark_agent *a);

/* Records that could not be sent so far. */
uint64_t pugmark_agent_dropped(const struct pugmark_agent *a);

#endif
