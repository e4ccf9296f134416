// SPDX-License-Identifier: MIT
/*
 * RFC 791, RFC 8200, RFC 9293, RFC 768, IEEE 802.1Q; LINKTYPE_LINUX_SLL and _SLL2
 * as tcpdump.org has them. A flow is XXH3-64 of protocol, addresses and ports
 * in the order of the packet, so one direction of a connection; fragments
 * behind the first have no ports and no flow. Leaves out: tunnels, MPLS, PPP.
 */
#include "collect/packet.h"

#include "base/bytes.h"

#include <xxhash.h>

enum {
	ETHERNET_BYTES = 14,
	SLL_BYTES = 16,
	SLL2_BYTES = 20,
	VLANS_MAX = 4,
	EXTENSIONS_MAX = 8,
	SLL_OUTGOING = 4, /* packet type: sent by this machine */
};

enum ethertype { ETHER_IPV4 = 0x0800, ETHER_IPV6 = 0x86dd };

enum protocol {
	PROTO_HOP_BY_HOP = 0,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_AUTHENTICATION = 51,
	PROTO_DESTINATION = 60,
	PROTO_SCTP = 132,
	PROTO_UDPLITE = 136,
};

struct tuple {
	uint8_t source[16], destination[16];
	uint8_t ports[4]; /* source, destination */
	uint8_t proto;
};
enum { TUPLE_BYTES = 37 };
_Static_assert(sizeof(struct tuple) == TUPLE_BYTES, "no padding in what is hashed");

/* ---- transport ---- */

static void decode_transport(struct tuple *t, const uint8_t *p, size_t n, struct pkt_event *row)
{
	row->proto = t->proto;
	switch (t->proto) {
	case PROTO_TCP:
	case PROTO_UDP:
	case PROTO_SCTP:
	case PROTO_UDPLITE:
		if (n < sizeof(t->ports))
			return;
		memcpy(t->ports, p, sizeof(t->ports));
		break;
	default: /* no ports: the addresses are the flow */
		break;
	}
	row->flow = XXH3_64bits(t, sizeof(*t));
	if (row->flow == UINT64_MAX) /* which means "not observed" */
		row->flow = 0;
	if (t->proto == PROTO_TCP && n >= 14) {
		row->seq = be32_get(p + 4);
		row->flags = p[13];
	}
}

/* ---- network ---- */

static void decode_ipv4(const uint8_t *p, size_t n, struct pkt_event *row)
{
	struct tuple t = {};
	const size_t header = n ? 4 * (size_t)(p[0] & 15) : 0;

	if (n < 20 || p[0] >> 4 != 4 || header < 20)
		return;
	t.proto = p[9];
	memcpy(t.source, p + 12, 4);
	memcpy(t.destination, p + 16, 4);
	row->proto = t.proto;
	if (be16_get(p + 6) & 0x1fff || header > n) /* a later fragment, or cut */
		return;
	decode_transport(&t, p + header, n - header, row);
}

/* Behind the extension headers; 0 where the packet ends before or is a later fragment. */
static size_t skip_extensions(const uint8_t *p, size_t n, uint8_t *proto)
{
	size_t at = 40;

	for (int i = 0; i < EXTENSIONS_MAX; i++) {
		size_t bytes;
		switch (*proto) {
		case PROTO_HOP_BY_HOP:
		case PROTO_ROUTING:
		case PROTO_DESTINATION:
			bytes = n - at >= 8 ? 8 * ((size_t)p[at + 1] + 1) : n + 1;
			break;
		case PROTO_AUTHENTICATION:
			bytes = n - at >= 8 ? 4 * ((size_t)p[at + 1] + 2) : n + 1;
			break;
		case PROTO_FRAGMENT:
			bytes = 8;
			if (n - at >= 8 && be16_get(p + at + 2) & 0xfff8) {
				*proto = p[at];
				return 0;
			}
			break;
		default:
			return at;
		}
		if (bytes > n - at)
			return 0;
		*proto = p[at];
		at += bytes;
	}
	return at;
}

static void decode_ipv6(const uint8_t *p, size_t n, struct pkt_event *row)
{
	struct tuple t = {};

	if (n < 40 || p[0] >> 4 != 6)
		return;
	t.proto = p[6];
	memcpy(t.source, p + 8, 16);
	memcpy(t.destination, p + 24, 16);
	const size_t at = skip_extensions(p, n, &t.proto);
	row->proto = t.proto;
	if (at)
		decode_transport(&t, p + at, n - at, row);
}

static void decode_raw(const uint8_t *p, size_t n, struct pkt_event *row)
{
	if (n && p[0] >> 4 == 4)
		decode_ipv4(p, n, row);
	else if (n)
		decode_ipv6(p, n, row);
}

/* p stands behind the type */
static void decode_ethertype(uint16_t type, const uint8_t *p, size_t n, struct pkt_event *row)
{
	for (int i = 0; i < VLANS_MAX && n >= 4; i++) {
		if (type != 0x8100 && type != 0x88a8 && type != 0x9100)
			break;
		type = be16_get(p + 2);
		p += 4;
		n -= 4;
	}
	if (type == ETHER_IPV4)
		decode_ipv4(p, n, row);
	else if (type == ETHER_IPV6)
		decode_ipv6(p, n, row);
}

/* ---- link ---- */

bool packet_link_is_known(uint32_t link)
{
	static const uint16_t known[] = { LINK_NULL, LINK_ETHERNET, LINK_RAW_BSD, LINK_RAW_OPENBSD,
					  LINK_RAW,  LINK_LOOP,     LINK_SLL,     LINK_IPV4,
					  LINK_IPV6, LINK_SLL2 };
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (link == known[i])
			return true;
	return false;
}

static uint8_t dir_of_sll(uint16_t type)
{
	return type == SLL_OUTGOING  ? DIR_TO_DEVICE
	       : type < SLL_OUTGOING ? DIR_FROM_DEVICE
				     : DIR_UNKNOWN;
}

void packet_decode(uint32_t link, const uint8_t *p, size_t n, struct pkt_event *row,
		   uint32_t *ifindex_out)
{
	*ifindex_out = 0;
	row->proto = row->flags = UINT8_MAX;
	row->flow = UINT64_MAX;
	row->seq = UINT32_MAX;
	if (n > PACKET_HEAD_BYTES)
		n = PACKET_HEAD_BYTES;

	switch (link) {
	case LINK_ETHERNET:
		if (n >= ETHERNET_BYTES)
			decode_ethertype(be16_get(p + 12), p + ETHERNET_BYTES, n - ETHERNET_BYTES,
					 row);
		return;
	case LINK_SLL:
		if (n < SLL_BYTES)
			return;
		row->dir = dir_of_sll(be16_get(p));
		decode_ethertype(be16_get(p + 14), p + SLL_BYTES, n - SLL_BYTES, row);
		return;
	case LINK_SLL2:
		if (n < SLL2_BYTES)
			return;
		row->dir = dir_of_sll(p[10]);
		*ifindex_out = be32_get(p + 4);
		decode_ethertype(be16_get(p), p + SLL2_BYTES, n - SLL2_BYTES, row);
		return;
	case LINK_NULL: /* the IP version tells what the family would */
	case LINK_LOOP:
		if (n > 4)
			decode_raw(p + 4, n - 4, row);
		return;
	case LINK_RAW:
	case LINK_RAW_BSD:
	case LINK_RAW_OPENBSD:
	case LINK_IPV4:
	case LINK_IPV6:
		decode_raw(p, n, row);
		return;
	default:
		return;
	}
}
