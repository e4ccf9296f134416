// SPDX-License-Identifier: MIT
/*
 * pcap, and what both forms share. A record's header has no mark of its own:
 * after damage the next place is taken where two headers in a row are such as a
 * program would write.
 */
#include "collect/capfile.h"

#include "base/bytes.h"
#include "base/units.h"
#include "collect/capfile-impl.h"
#include "collect/packet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t magic_us = 0xa1b2c3d4, magic_ns = 0xa1b23c4d, magic_ng = 0x0a0d0d0a;

/* ---- window ---- */

int capfile_need(struct capfile *c, size_t n, struct err *e)
{
	if (c->left >= n)
		return 0;
	input_take(c->in, c->taken);
	c->taken = 0;
	return input_window(c->in, n, &c->p, &c->left, e);
}

void capfile_take(struct capfile *c, size_t n)
{
	c->p += n;
	c->left -= n;
	c->taken += n;
	c->offset += n;
}

int capfile_pass(struct capfile *c, uint64_t n, struct err *e)
{
	while (n) {
		const int rc = c->left ? 0 : capfile_need(c, 1, e);
		if (rc)
			return rc;
		if (!c->left)
			return 0; /* the caller's next need tells that it ended */
		const size_t step = n < c->left ? (size_t)n : c->left;
		capfile_take(c, step);
		n -= step;
	}
	return 0;
}

void capfile_tell_only(struct capfile *c, uint64_t offset, const char *expected)
{
	char sentence[220];

	snprintf(sentence, sizeof(sentence), "%.100s: byte %" PRIu64 ": %s", input_name(c->in),
		 offset, expected);
	if (c->o.damage)
		c->o.damage(c->o.ctx, sentence);
}

void capfile_tell(struct capfile *c, uint64_t offset, const char *expected)
{
	c->bad++;
	capfile_tell_only(c, offset, expected);
}

struct capfile_interface *capfile_add_interface(struct capfile *c, struct err *e)
{
	if (c->ninterfaces == CAPFILE_INTERFACES_MAX)
		return NULL;
	if (c->ninterfaces == c->cap_interfaces) {
		const uint32_t cap = c->cap_interfaces ? 4 * c->cap_interfaces : 4;
		struct capfile_interface *p = realloc(c->interfaces, cap * sizeof(*p));
		if (!p) {
			err_set(e, ERR_NOMEM, "no memory for %u interfaces", cap);
			return NULL;
		}
		c->interfaces = p;
		c->cap_interfaces = cap;
	}
	struct capfile_interface *i = &c->interfaces[c->ninterfaces++];
	*i = (struct capfile_interface){ .resolution = 6,
					 .received = UINT64_MAX,
					 .dropped = UINT64_MAX,
					 .os_dropped = UINT64_MAX };
	return i;
}

/* ---- pcap ---- */

struct record {
	uint32_t seconds, fraction, captured, bytes;
};

static struct record decode(const struct capfile *c, const uint8_t *p)
{
	return (struct record){ u32_get(p, c->is_big), u32_get(p + 4, c->is_big),
				u32_get(p + 8, c->is_big), u32_get(p + 12, c->is_big) };
}

static uint64_t stamp(const struct capfile *c, const struct record *r)
{
	return r->seconds * NS_PER_SEC + r->fraction * (c->is_nano ? 1 : NS_PER_US);
}

/* What no program writes; a snap length in the header may be exceeded by some. */
static bool is_possible(const struct capfile *c, const struct record *r)
{
	return r->captured <= CAPTURED_MAX && (r->bytes || r->seconds) && /* not zeroes */
	       r->fraction < (c->is_nano ? NS_PER_SEC : NS_PER_SEC / NS_PER_US);
}

static bool is_within_a_day(uint64_t a, uint64_t b)
{
	const uint64_t day = 86400 * NS_PER_SEC;

	return a + day > b && b + day > a;
}

/* What they write nearly always: a guide after damage, and to it. */
static bool is_likely(const struct capfile *c, const struct record *r)
{
	const uint32_t snap = c->interfaces[0].snap_bytes;

	return is_possible(c, r) && r->captured <= r->bytes && r->bytes && r->bytes < 1 << 20 &&
	       (!snap || r->captured <= snap) &&
	       (!c->last_ts || is_within_a_day(stamp(c, r), c->last_ts));
}

static void follow_time(struct capfile *c, uint64_t ts)
{
	if (!c->last_ts || is_within_a_day(ts, c->last_ts) || is_within_a_day(ts, c->odd_ts))
		c->last_ts = ts;
	c->odd_ts = ts;
}

/* Is there a header at p, and one behind its packet (or the end)? */
static bool is_place(const struct capfile *c, const uint8_t *p, size_t n)
{
	if (n < PCAP_RECORD_BYTES)
		return false;
	const struct record r = decode(c, p);
	if (!is_likely(c, &r))
		return false;
	const size_t next = PCAP_RECORD_BYTES + r.captured;
	if (next == n)
		return true;
	if (n < next + PCAP_RECORD_BYTES)
		return false;
	const struct record after = decode(c, p + next);
	return is_likely(c, &after);
}

/* To the next place that looks like a record: 1, or 0 at the end. */
static int search(struct capfile *c, struct err *e)
{
	capfile_take(c, 1);
	for (;;) {
		const int rc = capfile_need(c, CAP_WINDOW, e);
		if (rc)
			return rc;
		for (size_t i = 0; i + PCAP_RECORD_BYTES <= c->left; i++)
			if (is_place(c, c->p + i, c->left - i)) {
				capfile_take(c, i);
				return 1;
			}
		if (c->left < CAP_WINDOW) {
			capfile_take(c, c->left);
			return 0;
		}
		capfile_take(c, c->left - CAP_WINDOW / 2); /* whole packets fit into a half */
	}
}

/* An unlikely header counts when another, or the end, is where it says. */
static int is_header(struct capfile *c, const struct record *r, bool *is_one_out, struct err *e)
{
	*is_one_out = is_possible(c, r);
	if (!*is_one_out || is_likely(c, r))
		return 0;
	const size_t next = PCAP_RECORD_BYTES + r->captured;
	const int rc = capfile_need(c, next + PCAP_RECORD_BYTES, e);
	if (rc)
		return rc;
	if (c->left >= next + PCAP_RECORD_BYTES) {
		const struct record after = decode(c, c->p + next);
		*is_one_out =
			is_possible(c, &after) &&
			(is_likely(c, &after) || is_within_a_day(stamp(c, r), stamp(c, &after)));
	} else if (next < CAP_WINDOW - PCAP_RECORD_BYTES) {
		*is_one_out = c->left == next;
	}
	return 0;
}

static int pcap_next(struct capfile *c, struct capfile_packet *out, struct err *e)
{
	for (;;) {
		int rc = capfile_need(c, PCAP_RECORD_BYTES + PACKET_HEAD_BYTES, e);
		if (rc)
			return rc;
		if (!c->left)
			return 0;
		if (c->left >= PCAP_RECORD_BYTES) {
			const struct record r = decode(c, c->p);
			bool is_one;
			rc = is_header(c, &r, &is_one, e);
			if (rc)
				return rc;
			if (is_one) {
				*out = (struct capfile_packet){ .ts = stamp(c, &r),
								.has_ts = true,
								.captured = r.captured,
								.bytes = r.bytes,
								.offset = c->offset };
				break;
			}
		}
		capfile_tell(c, c->offset,
			     c->left < PCAP_RECORD_BYTES ? "the file ends within a packet's header"
							 : "expected the header of a packet");
		rc = search(c, e);
		if (rc <= 0)
			return rc;
	}
	capfile_take(c, PCAP_RECORD_BYTES);
	out->n = out->captured < PACKET_HEAD_BYTES ? out->captured : PACKET_HEAD_BYTES;
	out->p = c->p;
	if (out->n > c->left) {
		capfile_tell(c, out->offset, "the file ends within this packet");
		capfile_take(c, c->left);
		return 0;
	}
	follow_time(c, out->ts);
	c->skip = out->captured;
	return 1;
}

/* ---- both ---- */

const char *capfile_form(const uint8_t *head, size_t n)
{
	if (n < 4)
		return NULL;
	const uint32_t le = le32_get(head), be = be32_get(head);
	if (le == magic_us || be == magic_us || le == magic_ns || be == magic_ns)
		return "pcap";
	if (le != magic_ng || n < 12)
		return NULL;
	const uint32_t order = le32_get(head + 8);
	return order == 0x1a2b3c4d || order == 0x4d3c2b1a ? "pcapng" : NULL;
}

static int begin_pcap(struct capfile *c, struct err *e)
{
	const int rc = capfile_need(c, PCAP_HEADER_BYTES, e);
	if (rc)
		return rc;
	if (c->left < PCAP_HEADER_BYTES)
		return err_set(e, ERR_UNUSABLE, "%s: byte %zu: ends within the header of the file",
			       input_name(c->in), c->left);
	const uint32_t le = le32_get(c->p);
	c->is_big = le != magic_us && le != magic_ns;
	c->is_nano = u32_get(c->p, c->is_big) == magic_ns;
	struct capfile_interface *i = capfile_add_interface(c, e);
	if (!i)
		return e->code;
	i->snap_bytes = u32_get(c->p + 16, c->is_big);
	i->link = u32_get(c->p + 20, c->is_big) & 0xffff; /* above: length of a frame check */
	capfile_take(c, PCAP_HEADER_BYTES);
	return 0;
}

int capfile_new(struct input *in, const struct capfile_options *o, struct capfile **out,
		struct err *e)
{
	const uint8_t *head;
	size_t n;
	int rc = input_peek(in, &head, &n, e);
	if (rc)
		return rc;
	const char *form = capfile_form(head, n);
	if (!form)
		return err_set(e, ERR_UNUSABLE, "%s: byte 0: expected a pcap or pcapng file",
			       input_name(in));
	struct capfile *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(e, ERR_NOMEM, "no memory to read a capture");
	c->in = in;
	c->o = *o;
	c->is_ng = !strcmp(form, "pcapng");
	rc = c->is_ng ? 0 : begin_pcap(c, e);
	if (rc) {
		capfile_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

void capfile_free(struct capfile *c)
{
	if (!c)
		return;
	free(c->interfaces);
	free(c);
}

int capfile_next(struct capfile *c, struct capfile_packet *out, struct err *e)
{
	if (c->skip) {
		const uint64_t end = c->offset + c->skip, offset = c->offset;
		const int rc = capfile_pass(c, c->skip, e);
		if (rc)
			return rc;
		c->skip = 0;
		if (c->offset < end) /* its headers were there: it was given */
			capfile_tell_only(c, offset, "the file ends within this packet");
	}
	return c->is_ng ? pcapng_next(c, out, e) : pcap_next(c, out, e);
}

uint32_t capfile_ninterfaces(const struct capfile *c)
{
	return c->ninterfaces;
}

const struct capfile_interface *capfile_interface(const struct capfile *c, uint32_t i)
{
	return &c->interfaces[i];
}

uint64_t capfile_bad(const struct capfile *c)
{
	return c->bad;
}
