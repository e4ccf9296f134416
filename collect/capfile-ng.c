// SPDX-License-Identifier: MIT
/*
 * pcapng (draft-ietf-opsawg-pcapng): blocks with their length in front and
 * behind. A block whose two lengths differ is damage; the search goes on at the
 * next block whose lengths agree. Packets of an interface that no block
 * describes are damage too. Leaves out: names, decryption secrets, comments.
 */
#include "collect/capfile-impl.h"

#include "base/bytes.h"
#include "base/units.h"
#include "collect/packet.h"
#include "store/kinds.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum block_type {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET_OBSOLETE = 2,
	BLOCK_PACKET_SIMPLE = 3,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET = 6,
};

enum {
	FRAME_BYTES = 12, /* type and both lengths */
	BLOCK_BYTES_MAX = 1 << 26,
	BLOCK_LOOKED_AT = 1 << 16, /* of a block: what lies behind are options we can do without */
	OPTIONS_MAX = 256,
};

struct block {
	uint32_t type, bytes; /* bytes: all of it */
	const uint8_t *body;
	size_t n; /* of the body, that are there to be looked at */
};

static const uint32_t order_magic = 0x1a2b3c4d;

/* ---- blocks ---- */

static uint32_t get32(const struct capfile *c, const uint8_t *p)
{
	return u32_get(p, c->is_big);
}

/* A section tells its own byte order: false when it is none. */
static bool section_order(const uint8_t *p, size_t n, bool *is_big_out)
{
	if (n < 12)
		return false;
	*is_big_out = be32_get(p + 8) == order_magic;
	return *is_big_out || le32_get(p + 8) == order_magic;
}

/* The length of the block at p when its front is one, else 0. */
static uint32_t block_length(const struct capfile *c, const uint8_t *p, size_t n)
{
	bool is_big = c->is_big;

	if (n < FRAME_BYTES)
		return 0;
	if (le32_get(p) == BLOCK_SECTION && !section_order(p, n, &is_big))
		return 0;
	const uint32_t bytes = u32_get(p + 4, is_big);
	return bytes < FRAME_BYTES || bytes % 4 || bytes > BLOCK_BYTES_MAX ? 0 : bytes;
}

/* Whole, within the window, with equal lengths, and of a type we know. */
static bool is_sure_block(const struct capfile *c, const uint8_t *p, size_t n)
{
	const uint32_t bytes = block_length(c, p, n);
	bool is_big = c->is_big;

	if (!bytes || bytes > n)
		return false;
	if (le32_get(p) == BLOCK_SECTION)
		section_order(p, n, &is_big);
	const uint32_t type = u32_get(p, is_big);
	return u32_get(p + bytes - 4, is_big) == bytes && (type == BLOCK_SECTION || type <= 11);
}

static int search(struct capfile *c, struct err *e)
{
	capfile_take(c, c->left < 4 ? c->left : 4);
	for (;;) {
		const int rc = capfile_need(c, CAP_WINDOW, e);
		if (rc)
			return rc;
		for (size_t i = 0; i + FRAME_BYTES <= c->left; i++)
			if (is_sure_block(c, c->p + i, c->left - i)) {
				capfile_take(c, i);
				return 1;
			}
		if (c->left < CAP_WINDOW) {
			capfile_take(c, c->left);
			return 0;
		}
		capfile_take(c, c->left - CAP_WINDOW / 2);
	}
}

/* The next block, in front of the window: 1, 0 at the end. */
static int next_block(struct capfile *c, struct block *out, struct err *e)
{
	for (;;) {
		int rc = capfile_need(c, FRAME_BYTES, e);
		if (rc)
			return rc;
		if (!c->left)
			return 0;
		const uint32_t bytes = block_length(c, c->p, c->left);
		if (bytes) {
			const size_t want = bytes < BLOCK_LOOKED_AT ? bytes : BLOCK_LOOKED_AT;
			rc = capfile_need(c, want, e);
			if (rc)
				return rc;
			bool is_big = c->is_big;
			section_order(c->p, le32_get(c->p) == BLOCK_SECTION ? c->left : 0, &is_big);
			const bool is_whole = bytes <= want && bytes <= c->left;
			if (is_whole && u32_get(c->p + bytes - 4, is_big) == bytes) {
				*out = (struct block){ u32_get(c->p, is_big), bytes, c->p + 8,
						       bytes - FRAME_BYTES };
				return 1;
			}
			if (bytes > want && c->left >= want) { /* its end is out of sight */
				*out = (struct block){ u32_get(c->p, is_big), bytes, c->p + 8,
						       want - 8 };
				return 1;
			}
		}
		capfile_tell(c, c->offset,
			     c->left < FRAME_BYTES || (bytes && bytes > c->left)
				     ? "the file ends within a block"
				     : "expected a block with its length at both ends");
		rc = search(c, e);
		if (rc <= 0)
			return rc;
	}
}

/* ---- options ---- */

struct option {
	uint16_t code, n;
	const uint8_t *p;
};

/* Advances *at; false at the end or where one does not fit. */
static bool next_option(const struct capfile *c, const struct block *b, size_t *at,
			struct option *out)
{
	if (b->n < *at || b->n - *at < 4)
		return false;
	out->code = u16_get(b->body + *at, c->is_big);
	out->n = u16_get(b->body + *at + 2, c->is_big);
	out->p = b->body + *at + 4;
	if (!out->code || out->n > b->n - *at - 4)
		return false;
	*at += 4 + ((size_t)out->n + 3) / 4 * 4;
	return true;
}

static uint64_t option_u64(const struct capfile *c, const struct option *o)
{
	if (o->n == 8)
		return u64_get(o->p, c->is_big);
	return o->n == 4 ? u32_get(o->p, c->is_big) : UINT64_MAX;
}

/* ---- stamps ---- */

/* ns since 1970 of a stamp in an interface's units; what lies before 1970 or too far is UINT64_MAX.
 */
static uint64_t to_ns(const struct capfile_interface *i, uint64_t stamp)
{
	unsigned __int128 ns = (unsigned __int128)stamp * NS_PER_SEC;

	if (i->is_binary)
		ns >>= i->resolution;
	else
		for (unsigned d = 0; d < i->resolution; d++)
			ns /= 10;
	const __int128 all = (__int128)ns + (__int128)i->offset_s * (__int128)NS_PER_SEC;
	return all < 0 || all >= (__int128)UINT64_MAX ? UINT64_MAX : (uint64_t)all;
}

/* Stamps as two halves, the high one first. */
static uint64_t halves(const struct capfile *c, const uint8_t *p)
{
	return (uint64_t)get32(c, p) << 32 | get32(c, p + 4);
}

/* ---- what blocks say ---- */

static void take_section(struct capfile *c, const struct block *b)
{
	section_order(b->body - 8, b->n + 8, &c->is_big);
	c->section = c->ninterfaces;
}

static void copy_name(struct capfile_interface *i, const struct option *o)
{
	size_t n = o->n < sizeof(i->name) - 1 ? o->n : sizeof(i->name) - 1;

	n = strnlen((const char *)o->p, n);
	for (size_t k = 0; k < n; k++)
		if (o->p[k] <= ' ' || o->p[k] > '~')
			return;
	memcpy(i->name, o->p, n);
	i->name[n] = '\0';
	i->is_named = n > 0;
}

static int take_interface(struct capfile *c, const struct block *b, struct err *e)
{
	enum { IF_NAME = 2, IF_TSRESOL = 9, IF_TSOFFSET = 14, RESOLUTION_MAX = 63 };
	struct option o;

	if (b->n < 8) {
		capfile_tell(c, c->offset, "expected an interface in 8 bytes or more");
		return 0;
	}
	e->code = ERR_OK;
	struct capfile_interface *i = capfile_add_interface(c, e);
	if (!i) {
		if (e->code)
			return e->code;
		capfile_tell(c, c->offset, "more than 1,024 interfaces");
		return 0;
	}
	i->link = u16_get(b->body, c->is_big);
	i->snap_bytes = get32(c, b->body + 4);
	for (size_t at = 8; next_option(c, b, &at, &o);) {
		if (o.code == IF_NAME)
			copy_name(i, &o);
		if (o.code == IF_TSRESOL && o.n >= 1 && (o.p[0] & 0x7f) <= RESOLUTION_MAX) {
			i->is_binary = o.p[0] & 0x80;
			i->resolution = o.p[0] & 0x7f;
		}
		if (o.code == IF_TSOFFSET && o.n >= 8)
			i->offset_s = (int64_t)u64_get(o.p, c->is_big);
	}
	return 0;
}

/* Of this section, or NULL and told. */
static struct capfile_interface *find_interface(struct capfile *c, uint32_t id, uint32_t *out)
{
	if (id >= c->ninterfaces - c->section) {
		capfile_tell(c, c->offset, "a packet of an interface that is not described");
		return NULL;
	}
	*out = c->section + id;
	return &c->interfaces[*out];
}

static void take_statistics(struct capfile *c, const struct block *b)
{
	enum { START = 2, END = 3, RECEIVED = 4, DROPPED = 5, OS_DROPPED = 7 };
	struct option o;
	uint32_t number;

	if (b->n < 12)
		return;
	struct capfile_interface *i = find_interface(c, get32(c, b->body), &number);
	if (!i)
		return;
	i->stat_to_ns = to_ns(i, halves(c, b->body + 4));
	for (size_t at = 12; next_option(c, b, &at, &o);)
		switch (o.code) {
		case START:
			if (o.n >= 8)
				i->stat_from_ns = to_ns(i, halves(c, o.p));
			break;
		case END:
			if (o.n >= 8)
				i->stat_to_ns = to_ns(i, halves(c, o.p));
			break;
		case RECEIVED:
			i->received = option_u64(c, &o);
			break;
		case DROPPED:
			i->dropped = option_u64(c, &o);
			break;
		case OS_DROPPED:
			i->os_dropped = option_u64(c, &o);
			break;
		default:
			break;
		}
}

/* ---- packets ---- */

static void packet_options(const struct capfile *c, const struct block *b, size_t at,
			   struct capfile_interface *i, struct capfile_packet *out)
{
	enum { FLAGS = 2, DROP_COUNT = 4 };
	struct option o;

	while (next_option(c, b, &at, &o)) {
		if (o.code == FLAGS && o.n == 4) {
			const uint32_t way = get32(c, o.p) & 3;
			out->dir = way == 1   ? DIR_FROM_DEVICE
				   : way == 2 ? DIR_TO_DEVICE
					      : DIR_UNKNOWN;
		}
		if (o.code == DROP_COUNT && o.n == 8) {
			const uint64_t n = u64_get(o.p, c->is_big);
			if (n < UINT32_MAX)
				i->packet_drops += n;
		}
	}
}

/* Data of a packet from `at` on; false and told when the block does not hold it. */
static bool packet_data(struct capfile *c, const struct block *b, size_t at,
			struct capfile_packet *out)
{
	const uint64_t room = (uint64_t)b->bytes - FRAME_BYTES;

	if (b->n < at || at + out->captured > room) {
		capfile_tell(c, c->offset, "expected a block that holds the packet");
		return false;
	}
	const size_t there = b->n - at;
	out->n = out->captured < PACKET_HEAD_BYTES ? out->captured : PACKET_HEAD_BYTES;
	if (out->n > there)
		out->n = (uint32_t)there;
	out->p = b->body + at;
	return true;
}

static bool take_packet(struct capfile *c, const struct block *b, struct capfile_packet *out)
{
	enum { HEAD = 20 };
	const bool is_obsolete = b->type == BLOCK_PACKET_OBSOLETE;

	if (b->n < HEAD) {
		capfile_tell(c, c->offset, "expected a packet in 20 bytes or more");
		return false;
	}
	const uint32_t id = is_obsolete ? u16_get(b->body, c->is_big) : get32(c, b->body);
	struct capfile_interface *i = find_interface(c, id, &out->interface);
	if (!i)
		return false;
	out->ts = to_ns(i, halves(c, b->body + 4));
	out->has_ts = true;
	out->captured = get32(c, b->body + 12);
	out->bytes = get32(c, b->body + 16);
	if (!packet_data(c, b, HEAD, out))
		return false;
	if (out->ts == UINT64_MAX) {
		capfile_tell(c, c->offset, "expected a time between 1970 and 2554");
		return false;
	}
	const uint16_t drops = is_obsolete ? u16_get(b->body + 2, c->is_big) : 0;
	if (drops && drops != UINT16_MAX)
		i->packet_drops += drops;
	packet_options(c, b, HEAD + ((size_t)out->captured + 3) / 4 * 4, i, out);
	return true;
}

static bool take_simple(struct capfile *c, const struct block *b, struct capfile_packet *out)
{
	if (b->n < 4) {
		capfile_tell(c, c->offset, "expected a packet in 4 bytes or more");
		return false;
	}
	struct capfile_interface *i = find_interface(c, 0, &out->interface);
	if (!i)
		return false;
	out->bytes = out->captured = get32(c, b->body);
	const uint32_t room = b->bytes - FRAME_BYTES - 4;
	if (i->snap_bytes && out->captured > i->snap_bytes)
		out->captured = i->snap_bytes;
	if (out->captured > room) /* no interface says that it was cut */
		out->captured = room;
	return packet_data(c, b, 4, out);
}

int pcapng_next(struct capfile *c, struct capfile_packet *out, struct err *e)
{
	struct block b = {};
	int rc;

	while ((rc = next_block(c, &b, e)) > 0) {
		bool is_packet = false;
		*out = (struct capfile_packet){ .offset = c->offset };
		switch (b.type) {
		case BLOCK_SECTION:
			take_section(c, &b);
			break;
		case BLOCK_INTERFACE:
			rc = take_interface(c, &b, e);
			if (rc < 0)
				return rc;
			break;
		case BLOCK_STATISTICS:
			take_statistics(c, &b);
			break;
		case BLOCK_PACKET:
		case BLOCK_PACKET_OBSOLETE:
			is_packet = take_packet(c, &b, out);
			break;
		case BLOCK_PACKET_SIMPLE:
			is_packet = take_simple(c, &b, out);
			break;
		default: /* names, comments, secrets, a vendor's own */
			break;
		}
		if (is_packet) {
			c->skip = b.bytes;
			return 1;
		}
		rc = capfile_pass(c, b.bytes, e);
		if (rc)
			return rc;
	}
	return rc;
}
