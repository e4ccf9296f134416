// SPDX-License-Identifier: MIT
/*
 * Reader of packet captures: pcap (microseconds or nanoseconds, either byte
 * order) and pcapng (sections, interfaces with a resolution and an offset each;
 * enhanced, simple and obsolete packet blocks; interface statistics). Gives the
 * first PACKET_HEAD_BYTES of each packet, whatever its size.
 */
#ifndef PUGMARK_COLLECT_CAPFILE_H
#define PUGMARK_COLLECT_CAPFILE_H

#include "base/err.h"
#include "collect/input.h"

#include <stdbool.h>
#include <stdint.h>

enum { CAPFILE_INTERFACES_MAX = 1024, CAPFILE_NAME_BYTES = 48 };

struct capfile_interface {
	uint32_t link;
	uint32_t snap_bytes; /* 0: no limit */
	bool is_named;
	char name[CAPFILE_NAME_BYTES];
	/* stamps: units of 10^-resolution or 2^-resolution s, plus offset_s */
	uint8_t resolution;
	bool is_binary;
	int64_t offset_s;
	/* of the last statistics block, or from packets; UINT64_MAX: not told */
	uint64_t received, dropped, os_dropped;
	uint64_t packet_drops;             /* sum of what packets tell */
	uint64_t stat_from_ns, stat_to_ns; /* since 1970; 0: not told */
};

struct capfile_packet {
	uint64_t ts;                 /* ns since 1970 */
	uint64_t offset;             /* of its header in the file */
	const uint8_t *p;            /* the first `n` bytes of those captured */
	uint32_t n, captured, bytes; /* bytes: on the wire */
	uint32_t interface;          /* number among all of the file */
	uint8_t dir;                 /* enum dma_dir as far as the file says it */
	bool has_ts;
};

struct capfile;

struct capfile_options {
	void (*damage)(void *ctx, const char *sentence);
	void *ctx;
};

/* in: borrowed. ERR_UNUSABLE when it begins like neither form. */
int capfile_new(struct input *in, const struct capfile_options *o, struct capfile **out,
		struct err *e);
void capfile_free(struct capfile *c);

/* The next packet, valid until the next call: 1, 0 at the end, negative. */
int capfile_next(struct capfile *c, struct capfile_packet *out, struct err *e);

/* Of all sections so far. */
uint32_t capfile_ninterfaces(const struct capfile *c);
const struct capfile_interface *capfile_interface(const struct capfile *c, uint32_t i);

/* Places of damage: each cost a packet or block, or more. */
uint64_t capfile_bad(const struct capfile *c);

/* "pcap", "pcapng" or NULL */
const char *capfile_form(const uint8_t *head, size_t n);

#endif
