// SPDX-License-Identifier: MIT
/* Makes small captures in memory, pcap and pcapng, either byte order. */
#ifndef PUGMARK_T_PCAP_MAKE_H
#define PUGMARK_T_PCAP_MAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cap {
	uint8_t p[16384];
	size_t n;
	bool is_big;
};

static inline void cap_put(struct cap *c, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		c->p[c->n + (c->is_big ? bytes - 1 - i : i)] = (uint8_t)(v >> 8 * i);
	c->n += bytes;
}

static inline void cap_bytes(struct cap *c, const void *p, size_t n)
{
	memcpy(c->p + c->n, p, n);
	c->n += n;
}

static inline void cap_be(struct cap *c, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		c->p[c->n + i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
	c->n += bytes;
}

/* ---- pcap ---- */

static inline void pcap_begin(struct cap *c, uint32_t magic, uint32_t link)
{
	cap_put(c, magic, 4);
	cap_put(c, 2, 2);
	cap_put(c, 4, 2);
	cap_put(c, 0, 8);
	cap_put(c, 262144, 4);
	cap_put(c, link, 4);
}

static inline void pcap_packet(struct cap *c, uint32_t s, uint32_t fraction, uint32_t bytes,
			       const void *p, uint32_t n)
{
	cap_put(c, s, 4);
	cap_put(c, fraction, 4);
	cap_put(c, n, 4);
	cap_put(c, bytes, 4);
	cap_bytes(c, p, n);
}

/* ---- pcapng ---- */

static inline size_t ng_begin(struct cap *c, uint32_t type)
{
	const size_t at = c->n;

	cap_put(c, type, 4);
	cap_put(c, 0, 4);
	return at;
}

static inline void ng_end(struct cap *c, size_t at)
{
	while (c->n % 4)
		c->p[c->n++] = 0;
	const uint32_t bytes = (uint32_t)(c->n + 4 - at);
	cap_put(c, bytes, 4);
	const size_t end = c->n;
	c->n = at + 4;
	cap_put(c, bytes, 4);
	c->n = end;
}

static inline void ng_option(struct cap *c, unsigned code, const void *p, unsigned n)
{
	cap_put(c, code, 2);
	cap_put(c, n, 2);
	cap_bytes(c, p, n);
	while (c->n % 4)
		c->p[c->n++] = 0;
}

static inline void ng_option_u64(struct cap *c, unsigned code, uint64_t v)
{
	cap_put(c, code, 2);
	cap_put(c, 8, 2);
	cap_put(c, v, 8);
}

static inline void ng_section(struct cap *c)
{
	const size_t at = ng_begin(c, 0x0a0d0d0a);

	cap_put(c, 0x1a2b3c4d, 4);
	cap_put(c, 1, 2);
	cap_put(c, 0, 2);
	cap_put(c, UINT64_MAX, 8);
	ng_end(c, at);
}

/* name NULL: none; resolution 0: not told (microseconds) */
static inline void ng_interface(struct cap *c, uint32_t link, const char *name, uint8_t resolution,
				int64_t offset_s)
{
	const size_t at = ng_begin(c, 1);

	cap_put(c, link, 2);
	cap_put(c, 0, 2);
	cap_put(c, 0, 4);
	if (name)
		ng_option(c, 2, name, (unsigned)strlen(name));
	if (resolution)
		ng_option(c, 9, &resolution, 1);
	if (offset_s)
		ng_option_u64(c, 14, (uint64_t)offset_s);
	cap_put(c, 0, 4);
	ng_end(c, at);
}

/* flags 0: no option */
static inline void ng_packet(struct cap *c, uint32_t interface, uint64_t stamp, uint32_t bytes,
			     const void *p, uint32_t n, uint32_t flags)
{
	const size_t at = ng_begin(c, 6);

	cap_put(c, interface, 4);
	cap_put(c, stamp >> 32, 4);
	cap_put(c, stamp & UINT32_MAX, 4);
	cap_put(c, n, 4);
	cap_put(c, bytes, 4);
	cap_bytes(c, p, n);
	while (c->n % 4)
		c->p[c->n++] = 0;
	if (flags) {
		cap_put(c, 2, 2);
		cap_put(c, 4, 2);
		cap_put(c, flags, 4);
		cap_put(c, 0, 4);
	}
	ng_end(c, at);
}

static inline void ng_simple(struct cap *c, uint32_t bytes, const void *p, uint32_t n)
{
	const size_t at = ng_begin(c, 3);

	cap_put(c, bytes, 4);
	cap_bytes(c, p, n);
	ng_end(c, at);
}

static inline void ng_obsolete(struct cap *c, uint16_t interface, uint16_t drops, uint64_t stamp,
			       uint32_t bytes, const void *p, uint32_t n)
{
	const size_t at = ng_begin(c, 2);

	cap_put(c, interface, 2);
	cap_put(c, drops, 2);
	cap_put(c, stamp >> 32, 4);
	cap_put(c, stamp & UINT32_MAX, 4);
	cap_put(c, n, 4);
	cap_put(c, bytes, 4);
	cap_bytes(c, p, n);
	ng_end(c, at);
}

static inline void ng_statistics(struct cap *c, uint32_t interface, uint64_t stamp,
				 uint64_t received, uint64_t dropped, uint64_t os_dropped)
{
	const size_t at = ng_begin(c, 5);

	cap_put(c, interface, 4);
	cap_put(c, stamp >> 32, 4);
	cap_put(c, stamp & UINT32_MAX, 4);
	ng_option_u64(c, 4, received);
	ng_option_u64(c, 5, dropped);
	ng_option_u64(c, 7, os_dropped);
	cap_put(c, 0, 4);
	ng_end(c, at);
}

#endif
