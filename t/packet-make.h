// SPDX-License-Identifier: MIT
/* Packets for captures made by tests. */
#ifndef PUGMARK_T_PACKET_MAKE_H
#define PUGMARK_T_PACKET_MAKE_H

#include "t/pcap-make.h"

/* An IPv4 packet of TCP (20 bytes of header) or UDP (8), without payload: its bytes. */
static inline size_t ipv4(uint8_t *p, uint8_t proto, uint8_t host, uint16_t port, uint32_t seq)
{
	struct cap c = {};

	cap_be(&c, 0x45000000 + 28, 4);
	cap_be(&c, 0, 4);
	cap_be(&c, 64, 1);
	cap_be(&c, proto, 1);
	cap_be(&c, 0, 2);
	cap_be(&c, 0x0a000000 + host, 4);
	cap_be(&c, 0x0a0000fe, 4);
	cap_be(&c, port, 2);
	cap_be(&c, 443, 2);
	cap_be(&c, seq, 4);
	if (proto == 6) {
		cap_be(&c, 0, 4);
		cap_be(&c, 0x5018, 2); /* PSH, ACK */
		cap_be(&c, 0, 6);
	}
	memcpy(p, c.p, c.n);
	return c.n;
}

/* 12 bytes of addresses and the type before it */
static inline size_t ethernet(uint8_t *p, const uint8_t *ip, size_t n)
{
	memset(p, 2, 12);
	p[12] = 8;
	p[13] = 0;
	memcpy(p + 14, ip, n);
	return 14 + n;
}

#endif
