// SPDX-License-Identifier: MIT
/*
 * Packet captures, pcap and pcapng: one pkt row per packet, headers only. No
 * payload, address or port is stored; `flow` is a hash of them and no secret.
 * Several files are merged by time: parts of one capture, or of one moment.
 *
 * Time 0 is the oldest packet; the table clock has it since 1970. Packets lie
 * in a file nearly in order: up to WAITING of them are sorted. What is older
 * still (the clock was set back) takes the time of the row before it, and
 * `pkt_time_backwards` in meta says how many there are. Simple packet blocks
 * have no time: they take that of the packet before (`pkt_without_time`).
 *
 * dev is the interface: its name in a pcapng, "ifindex N" of SLL2, else a
 * number. dir is what the file says (SLL, flags of pcapng), seen from the
 * device: a sent packet is to-device. Losses: what interface statistics, or
 * packets, say was dropped.
 */
#include "base/units.h"
#include "collect/capfile.h"
#include "collect/import.h"
#include "collect/packet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAITING = 4096, DEVICES_MAX = 4096, PROGRESS_PACKETS = 1 << 16 };

struct capture {
	struct input *in;
	struct capfile *file;
	struct capfile_packet next;
	bool has_next;
	uint64_t last_ts; /* for packets without one */
	uint16_t devices[CAPFILE_INTERFACES_MAX];
	uint32_t ndevices; /* that are known */
};

struct sll_device {
	uint32_t ifindex;
	uint16_t dev;
};

struct pcap_import {
	struct import *im;
	struct capture *captures;
	unsigned ncaptures;
	struct trace_stream *pkt;
	uint16_t source;
	struct pkt_event waiting[WAITING]; /* sorted by ts, which is since 1970 */
	unsigned nwaiting;
	uint64_t base, last;
	bool has_base;
	struct sll_device sll[DEVICES_MAX];
	unsigned nsll;
	uint64_t without_time, backwards, unknown_link;
};

/* ---- devices ---- */

static int add_device(struct pcap_import *p, const char *name, uint16_t *dev_out, struct err *e)
{
	const struct trace_device device = { .bdf = name,
					     .class = "nic",
					     .coverage = "packets seen by a capture" };
	return trace_writer_device(p->im->w, &device, dev_out, e);
}

static int interface_device(struct pcap_import *p, struct capture *c, uint32_t i, uint16_t *dev_out,
			    struct err *e)
{
	while (c->ndevices <= i) {
		const struct capfile_interface *f = capfile_interface(c->file, c->ndevices);
		char name[64];
		if (f->is_named)
			snprintf(name, sizeof(name), "%s", f->name);
		else
			snprintf(name, sizeof(name),
				 c->ndevices ? "capture %u interface %" PRIu32 : "capture %u",
				 (unsigned)(c - p->captures), c->ndevices);
		const int rc = add_device(p, name, &c->devices[c->ndevices], e);
		if (rc)
			return rc;
		c->ndevices++;
	}
	*dev_out = c->devices[i];
	return 0;
}

static int sll_device(struct pcap_import *p, uint32_t ifindex, uint16_t *dev_out, struct err *e)
{
	char name[32];

	for (unsigned i = 0; i < p->nsll; i++)
		if (p->sll[i].ifindex == ifindex) {
			*dev_out = p->sll[i].dev;
			return 0;
		}
	if (p->nsll == DEVICES_MAX) { /* damage makes up numbers */
		*dev_out = p->sll[DEVICES_MAX - 1].dev;
		return 0;
	}
	snprintf(name, sizeof(name), "ifindex %" PRIu32, ifindex);
	const int rc = add_device(p, name, dev_out, e);
	if (!rc)
		p->sll[p->nsll++] = (struct sll_device){ ifindex, *dev_out };
	return rc;
}

/* ---- rows ---- */

static int put_oldest(struct pcap_import *p, unsigned n, struct err *e)
{
	if (!p->has_base && n) {
		p->base = p->waiting[0].ts;
		p->has_base = true;
	}
	for (unsigned i = 0; i < n; i++) {
		struct pkt_event *row = &p->waiting[i];
		uint64_t ts = row->ts > p->base ? row->ts - p->base : 0;
		if (row->ts < p->base || ts < p->last) {
			p->backwards++;
			ts = p->last;
		}
		row->ts = p->last = ts;
		const int rc = pkt_put(p->pkt, row, e);
		if (rc)
			return rc;
		p->im->at.stored++;
	}
	p->nwaiting -= n;
	memmove(p->waiting, p->waiting + n, p->nwaiting * sizeof(p->waiting[0]));
	p->im->at.last_ns = p->last;
	return 0;
}

/* Behind all that are not newer. */
static void wait_in_order(struct pcap_import *p, const struct pkt_event *row)
{
	unsigned at = p->nwaiting++;

	if (at && p->waiting[at - 1].ts > row->ts) {
		unsigned low = 0;
		while (low < at) {
			const unsigned middle = (low + at) / 2;
			if (p->waiting[middle].ts > row->ts)
				at = middle;
			else
				low = middle + 1;
		}
		memmove(p->waiting + at + 1, p->waiting + at,
			(p->nwaiting - 1 - at) * sizeof(p->waiting[0]));
	}
	p->waiting[at] = *row;
}

static int take_packet(struct pcap_import *p, struct capture *c, struct err *e)
{
	const struct capfile_packet *k = &c->next;
	const uint32_t link = capfile_interface(c->file, k->interface)->link;
	struct pkt_event row = { .ts = k->ts,
				 .dir = k->dir,
				 .bytes = k->bytes,
				 .captured = k->captured,
				 .source = p->source };
	uint32_t ifindex;

	packet_decode(link, k->p, k->n, &row, &ifindex);
	p->unknown_link += !packet_link_is_known(link);
	const int rc = ifindex ? sll_device(p, ifindex, &row.dev, e)
			       : interface_device(p, c, k->interface, &row.dev, e);
	if (rc)
		return rc;
	wait_in_order(p, &row);
	return p->nwaiting == WAITING ? put_oldest(p, WAITING / 2, e) : 0;
}

/* ---- merging ---- */

static int advance(struct pcap_import *p, struct capture *c, struct err *e)
{
	const int rc = capfile_next(c->file, &c->next, e);

	c->has_next = rc > 0;
	if (rc <= 0)
		return rc;
	if (!c->next.has_ts) {
		c->next.ts = c->last_ts;
		p->without_time++;
	}
	c->last_ts = c->next.ts;
	return 0;
}

/* The file with the oldest packet, and until when it stays that; NULL at the end of all. */
static struct capture *oldest(struct pcap_import *p, uint64_t *until_out)
{
	struct capture *best = NULL;

	*until_out = UINT64_MAX;
	for (unsigned i = 0; i < p->ncaptures; i++) {
		struct capture *c = &p->captures[i];
		if (!c->has_next)
			continue;
		if (!best || c->next.ts < best->next.ts) {
			if (best)
				*until_out = best->next.ts;
			best = c;
		} else if (c->next.ts < *until_out) {
			*until_out = c->next.ts;
		}
	}
	return best;
}

static void show_progress(struct pcap_import *p, const struct capture *c)
{
	uint64_t done, total;

	if (!p->im->progress)
		return;
	input_position(c->in, &done, &total);
	p->im->progress(p->im->ctx, done, total);
}

static int merge(struct pcap_import *p, struct err *e)
{
	struct capture *c;
	uint64_t until, n = 0;
	int rc = 0;

	for (unsigned i = 0; !rc && i < p->ncaptures; i++)
		rc = advance(p, &p->captures[i], e);
	while (!rc && (c = oldest(p, &until)))
		do {
			rc = take_packet(p, c, e);
			if (!rc)
				rc = advance(p, c, e);
			if (n++ % PROGRESS_PACKETS == 0)
				show_progress(p, c);
		} while (!rc && c->has_next && c->next.ts <= until);
	return rc ? rc : put_oldest(p, p->nwaiting, e);
}

/* ---- the end ---- */

static uint64_t told(uint64_t n)
{
	return n == UINT64_MAX ? 0 : n;
}

static uint64_t since_base(const struct pcap_import *p, uint64_t ns)
{
	return ns > p->base && ns != UINT64_MAX ? ns - p->base : 0;
}

/* What statistics say was dropped, else what packets say. */
static int put_drops(struct pcap_import *p, const struct capture *c, struct trace_account *a,
		     struct err *e)
{
	for (uint32_t i = 0; i < capfile_ninterfaces(c->file); i++) {
		const struct capfile_interface *f = capfile_interface(c->file, i);
		uint64_t n = told(f->dropped) + told(f->os_dropped);
		char detail[200];
		if (n < f->packet_drops)
			n = f->packet_drops;
		if (!n || n > INT64_MAX)
			continue;
		snprintf(detail, sizeof(detail),
			 "%.90s: interface %" PRIu32 "%s%s: dropped in the capture",
			 input_name(c->in), i, f->is_named ? " " : "", f->name);
		a->ring_lost += n;
		const uint64_t to = f->stat_to_ns ? since_base(p, f->stat_to_ns) : p->last;
		const int rc = trace_writer_loss(p->im->w, "pkt", since_base(p, f->stat_from_ns),
						 to, n, "ring", detail, e);
		if (rc)
			return rc;
	}
	return 0;
}

static int put_damage(struct pcap_import *p, const struct capture *c, struct trace_account *a,
		      struct err *e)
{
	const uint64_t bad = capfile_bad(c->file);
	struct import *im = p->im;
	int rc = 0;

	if (bad) {
		a->decode_error += bad;
		im->at.bad += bad;
		rc = trace_writer_loss(im->w, "pkt", 0, p->last, bad, "parse", im->first_damage.msg,
				       e);
	}
	if (!rc && input_damage(c->in)) {
		import_damage(im, "%s", input_damage(c->in));
		rc = trace_writer_loss(im->w, "pkt", p->last, p->last, UINT64_MAX, "damage",
				       input_damage(c->in), e);
	}
	return rc;
}

static int put_remark(struct pcap_import *p, const char *key, uint64_t n, const char *remark,
		      struct err *e)
{
	char text[24];

	if (!n)
		return 0;
	snprintf(text, sizeof(text), "%" PRIu64, n);
	if (p->im->warn) {
		char sentence[160];
		snprintf(sentence, sizeof(sentence), "%s packet%s: %s", text, n == 1 ? "" : "s",
			 remark);
		p->im->warn(p->im->ctx, sentence);
	}
	return trace_writer_meta(p->im->w, key, text, e);
}

static int finish(struct pcap_import *p, struct err *e)
{
	struct trace_account a = { .stored = p->im->at.stored };
	struct import *im = p->im;
	char base[24];
	int rc = 0;

	for (unsigned i = 0; !rc && i < p->ncaptures; i++) {
		rc = put_drops(p, &p->captures[i], &a, e);
		if (!rc)
			rc = put_damage(p, &p->captures[i], &a, e);
	}
	a.seen = a.stored + a.ring_lost + a.decode_error;
	if (!rc)
		rc = trace_writer_account(im->w, "packets", &a, e);
	if (!rc)
		rc = put_remark(p, "pkt_without_time", p->without_time,
				"without a time, they take that of the packet before", e);
	if (!rc)
		rc = put_remark(p, "pkt_time_backwards", p->backwards,
				"older than those before, the clock was set back", e);
	if (!rc)
		rc = put_remark(p, "pkt_unknown_link", p->unknown_link,
				"of a link type whose headers we do not read", e);
	if (!rc && !im->at.stored)
		return im->first_damage.code
			       ? err_set(e, ERR_UNUSABLE, "%.200s (no packet is usable)",
					 im->first_damage.msg)
			       : err_set(e, ERR_UNUSABLE, "%s: holds no packet",
					 input_name(im->in));
	snprintf(base, sizeof(base), "%" PRIu64, p->base);
	const struct trace_clock clock = { .mono_ns = UINT64_MAX,
					   .boot_ns = UINT64_MAX,
					   .real_ns = p->base };
	if (!rc)
		rc = trace_writer_meta(im->w, "clock", "real", e);
	if (!rc)
		rc = trace_writer_meta(im->w, "clock_base_ns", base, e);
	if (!rc)
		rc = trace_writer_meta(im->w, "clock_base_realtime_ns", base, e);
	return rc ? rc : trace_writer_clock(im->w, &clock, e);
}

/* ---- life ---- */

static void tell_damage(void *ctx, const char *sentence)
{
	import_damage(ctx, "%s", sentence);
}

static int open_captures(struct pcap_import *p, struct err *e)
{
	struct import *im = p->im;
	const unsigned n = im->nall ? im->nall : 1;
	const struct capfile_options o = { .damage = tell_damage, .ctx = im };

	p->captures = calloc(n, sizeof(p->captures[0]));
	if (!p->captures)
		return err_set(e, ERR_NOMEM, "no memory for %u captures", n);
	for (unsigned i = 0; i < n; i++) {
		struct capture *c = &p->captures[i];
		c->in = im->nall ? im->all[i] : im->in;
		const int rc = capfile_new(c->in, &o, &c->file, e);
		if (rc)
			return rc;
		p->ncaptures++;
	}
	return 0;
}

static int run(struct import *im, struct err *e)
{
	struct pcap_import *p = calloc(1, sizeof(*p));
	if (!p)
		return err_set(e, ERR_NOMEM, "no memory to import a capture");
	p->im = im;

	int rc = open_captures(p, e);
	if (!rc)
		rc = trace_writer_stream(im->w, KIND_PKT, &p->pkt, e);
	if (!rc)
		rc = trace_writer_source(im->w, "capture", "packets, headers only", &p->source, e);
	if (!rc)
		rc = merge(p, e);
	if (!rc)
		rc = finish(p, e);
	for (unsigned i = 0; i < p->ncaptures; i++)
		capfile_free(p->captures[i].file);
	free(p->captures);
	free(p);
	return rc;
}

static int sniff(const uint8_t *head, size_t n, bool is_whole)
{
	(void)is_whole;
	return capfile_form(head, n) ? 100 : 0;
}

const struct importer import_pcap = {
	.name = "pcap",
	.summary = "packet captures, pcap and pcapng: headers only",
	.extensions = "pcap pcapng cap",
	.sniff = sniff,
	.run = run,
	.is_parallel = true,
};
