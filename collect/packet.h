// SPDX-License-Identifier: MIT
/*
 * Headers of a captured packet: link, VLAN, IPv4 or IPv6, TCP or UDP. Only what
 * a `pkt` row holds is looked at; nothing behind the headers is read.
 */
#ifndef PUGMARK_COLLECT_PACKET_H
#define PUGMARK_COLLECT_PACKET_H

#include "store/kinds.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* LINKTYPE_ numbers of files (tcpdump.org/linktypes) that we read */
enum packet_link {
	LINK_NULL = 0, /* address family in the order of the capturing machine */
	LINK_ETHERNET = 1,
	LINK_RAW_BSD = 12, /* DLT_RAW of some systems, never written by libpcap */
	LINK_RAW_OPENBSD = 14,
	LINK_RAW = 101,
	LINK_LOOP = 108, /* address family, big endian */
	LINK_SLL = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_SLL2 = 276,
};

enum { PACKET_HEAD_BYTES = 256 }; /* more of a packet is never looked at */

bool packet_link_is_known(uint32_t link);

/*
 * Fills proto, flags, flow, seq of row, and dir where the link tells it; what
 * the captured bytes do not reach stays "not observed". *ifindex_out: of SLL2,
 * else 0.
 */
void packet_decode(uint32_t link, const uint8_t *p, size_t n, struct pkt_event *row,
		   uint32_t *ifindex_out);

#endif
