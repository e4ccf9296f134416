// SPDX-License-Identifier: MIT
/* Inside of the capture reader, shared by capfile*.c only. */
#ifndef PUGMARK_COLLECT_CAPFILE_IMPL_H
#define PUGMARK_COLLECT_CAPFILE_IMPL_H

#include "collect/capfile.h"

enum {
	CAP_WINDOW = INPUT_PEEK_BYTES, /* most that is looked at in one piece */
	PCAP_HEADER_BYTES = 24,
	PCAP_RECORD_BYTES = 16,
	CAPTURED_MAX = 1 << 18, /* MAXIMUM_SNAPLEN of libpcap */
};

struct capfile {
	struct input *in;
	struct capfile_options o;
	bool is_ng, is_big, is_nano; /* is_nano: of pcap */
	/* window over what comes next; `taken` bytes of it are used */
	const uint8_t *p;
	size_t left, taken;
	uint64_t offset; /* of p */
	uint64_t skip;   /* bytes of the packet given last that lie ahead */
	uint64_t bad;
	uint64_t last_ts,
		odd_ts; /* odd: of a packet far from that one; two of them make it right */
	struct capfile_interface *interfaces;
	uint32_t ninterfaces, cap_interfaces;
	uint32_t section; /* number of the first interface of this section */
};

/* Makes n bytes (up to CAP_WINDOW) readable at c->p unless the file ends: c->left tells. */
int capfile_need(struct capfile *c, size_t n, struct err *e);
void capfile_take(struct capfile *c, size_t n);
/* Past n bytes that need not be looked at. */
int capfile_pass(struct capfile *c, uint64_t n, struct err *e);
/* Damage at an offset; capfile_tell counts it as a packet that is not given, too. */
void capfile_tell(struct capfile *c, uint64_t offset, const char *expected);
void capfile_tell_only(struct capfile *c, uint64_t offset, const char *expected);

/* NULL: too many */
struct capfile_interface *capfile_add_interface(struct capfile *c, struct err *e);

int pcapng_next(struct capfile *c, struct capfile_packet *out, struct err *e);

#endif
