// SPDX-License-Identifier: MIT
/*
 * Packets of network interfaces by libpcap: a shared ring (TPACKET_V3), stamps
 * in ns, headers only, decoded as those of capture files are. Nothing is made
 * promiscuous and no payload is kept. Which page a packet went to is not seen.
 * Where net.rx_ring asks for it, received packets also make dma rows of a model
 * (collect/rxring.h), under a source of their own that says so.
 *
 * Accounting: what the kernel's filter let through (ps_recv) = what came to us +
 * ps_drop. That holds on a real interface and on veth. A packet of the loopback
 * passes the tap twice and libpcap takes one of the two, so that there (and for
 * "any", which has it too) ps_drop bounds the loss from above; meta `net_loss`
 * says which it is.
 */
#include "base/param.h"
#include "base/units.h"
#include "collect/packet.h"
#include "collect/probe-look.h"
#include "collect/recording.h"
#include "collect/rxring.h"

#include <errno.h>
#include <linux/filter.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	BLOCK_MS = 10, /* a block of the ring is handed over at the latest after so long */
	MAC_BYTES = 6,
	DEVICES_MAX = 256,
	LAST_WAITS = 100, /* blocks to wait for at the end, where the kernel is late with them */
};

static const char coverage[] = "packets, headers only; no pages";

struct config {
	const char *interface;
	uint64_t snap_bytes, buffer_bytes, rx_slots, rx_buffer_bytes;
};

static const struct param params[] = {
	{ .section = "net",
	  .name = "interface",
	  .type = PARAM_TEXT,
	  .default_text = "any",
	  .help = "Interface to listen at, or any",
	  .offset = offsetof(struct config, interface) },
	{ .section = "net",
	  .name = "snaplen",
	  .type = PARAM_BYTES,
	  .default_text = "128",
	  .min = 14,
	  .max = PACKET_HEAD_BYTES,
	  .help = "Bytes of each packet that are looked at; none of them is kept",
	  .offset = offsetof(struct config, snap_bytes) },
	{ .section = "net",
	  .name = "buffer",
	  .type = PARAM_BYTES,
	  .default_text = "8M",
	  .min = 1 << 16,
	  .max = 1 << 30,
	  .help = "Ring in the kernel",
	  .offset = offsetof(struct config, buffer_bytes) },
	{ .section = "net",
	  .name = "rx_ring",
	  .type = PARAM_U64,
	  .unit = "descriptors",
	  .default_text = "0",
	  .max = RXRING_SLOTS_MAX,
	  .help = "Received packets make dma rows too, inferred: as if one receive ring of so many "
		  "buffers (ethtool -g) was used in turn; 0: none",
	  .offset = offsetof(struct config, rx_slots) },
	{ .section = "net",
	  .name = "rx_buffer",
	  .type = PARAM_BYTES,
	  .default_text = "2K",
	  .min = 64,
	  .max = 1 << 20,
	  .help = "Bytes of a buffer of that ring",
	  .offset = offsetof(struct config, rx_buffer_bytes) },
};

struct device {
	uint32_t ifindex;
	uint16_t dev;
	bool has_ring; /* of the model */
	struct rxring ring;
};

struct state {
	struct recording *recording;
	const struct config *config;
	pcap_t *pcap;
	int fd;
	uint32_t link;
	bool is_bound, has_mac; /* is_bound: ps_drop is a bound only */
	uint8_t mac[MAC_BYTES];
	uint16_t source;
	struct device devices[DEVICES_MAX]; /* the first: the interface itself, or unknown ones */
	unsigned ndevices;

	uint64_t polled_ns;         /* trace time of the last look */
	uint64_t behind_ns;         /* CLOCK_REALTIME - CLOCK_MONOTONIC at the last look */
	uint64_t last_ns, noted_ns; /* trace time of the last row, of the last loss row */
	uint64_t received, dropped_noted;
	struct trace_account account, ring_account;
	uint16_t ring_source;
	struct err *err; /* of the call under way */
	int rc;
};

static void look(const struct hostfacts *h, struct probe_finding *out)
{
	if (!hostfacts_may(h, HOST_CAP_NET_RAW))
		probe_say(out, PROBE_DENIED, "packets are for CAP_NET_RAW",
			  "run as root or with CAP_NET_RAW");
	else if (h->assigned.n)
		probe_sayf(out, PROBE_USABLE, "record net inside the guest",
			   "blind to devices assigned to guests (%s)", h->assigned.names);
	else
		probe_say(
			out, PROBE_USABLE,
			"packets of the host's own interfaces; on the loopback losses are a bound",
			"--set net.interface=NAME where losses must be exact");
}

/* ---- devices ---- */

static bool is_loopback(const char *name)
{
	struct ifreq q = {};
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(q.ifr_name, sizeof(q.ifr_name), "%s", name);
	const bool is_told = fd >= 0 && !ioctl(fd, SIOCGIFFLAGS, &q);
	if (fd >= 0)
		close(fd);
	return is_told && q.ifr_flags & IFF_LOOPBACK;
}

static int add_device(struct state *s, uint32_t ifindex, const char *name, uint16_t *dev_out)
{
	const struct trace_device d = { .bdf = name, .class = "nic", .coverage = coverage };
	const int rc = trace_writer_device(recording_writer(s->recording), &d, dev_out, s->err);
	if (!rc)
		s->devices[s->ndevices++] = (struct device){
			.ifindex = ifindex,
			.dev = *dev_out,
			.has_ring = s->config->rx_slots && !is_loopback(name),
			.ring = { .slots = (uint32_t)s->config->rx_slots,
				  .buffer_bytes = (uint32_t)s->config->rx_buffer_bytes },
		};
	return rc;
}

/* Of the interface a cooked packet names; those beyond our table are one. */
static int device_of(struct state *s, uint32_t ifindex, struct device **out)
{
	char name[IF_NAMESIZE];
	uint16_t dev;
	*out = &s->devices[0];
	if (!ifindex)
		return 0;
	for (unsigned i = 1; i < s->ndevices; i++)
		if (s->devices[i].ifindex == ifindex) {
			*out = &s->devices[i];
			return 0;
		}
	if (s->ndevices == DEVICES_MAX)
		return 0;
	if (!if_indextoname(ifindex, name))
		snprintf(name, sizeof(name), "ifindex%u", ifindex % 1000000);
	*out = &s->devices[s->ndevices];
	return add_device(s, ifindex, name, &dev);
}

/* What the interface itself says: whether losses there are a bound, and its address. */
static void ask_interface(struct state *s)
{
	struct ifreq q = {};
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(q.ifr_name, sizeof(q.ifr_name), "%s", s->config->interface);
	s->is_bound = fd < 0 || ioctl(fd, SIOCGIFFLAGS, &q) || q.ifr_flags & IFF_LOOPBACK;
	s->has_mac = !s->is_bound && !ioctl(fd, SIOCGIFHWADDR, &q);
	if (s->has_mac)
		memcpy(s->mac, q.ifr_hwaddr.sa_data, MAC_BYTES);
	if (fd >= 0)
		close(fd);
}

/* ---- packets ---- */

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

/* An Ethernet frame that carries our own address as its sender's was sent. */
static uint8_t dir_of(const struct state *s, const uint8_t *p, size_t n)
{
	if (!s->has_mac || s->link != LINK_ETHERNET || n < 2 * MAC_BYTES)
		return DIR_UNKNOWN;
	return memcmp(p + MAC_BYTES, s->mac, MAC_BYTES) ? DIR_FROM_DEVICE : DIR_TO_DEVICE;
}

static void count(struct trace_account *a, int rc)
{
	a->stored += !rc;
	a->filtered += rc == RECORDING_FILTERED;
	a->shed += rc == RECORDING_SHED;
}

/* Where the model has a received packet: places in a ring, device addresses of no memory. */
static int put_in_ring(struct state *s, struct device *d, const struct pkt_event *packet)
{
	struct dma_event rows[RXRING_ROWS_MAX] = {};
	const unsigned n = rxring_place(&d->ring, packet->bytes, rows);
	int rc = 0;
	for (unsigned i = 0; i < n && rc >= 0; i++) {
		rows[i].ts = packet->ts;
		rows[i].dev = d->dev;
		rows[i].op = DMA_ACCESS;
		rows[i].dir = DIR_FROM_DEVICE;
		rows[i].as = AS_IOVA;
		rows[i].req = UINT64_MAX;
		rows[i].source = s->ring_source;
		rc = recording_put(s->recording, KIND_DMA, &rows[i], s->err);
		s->ring_account.seen++;
		count(&s->ring_account, rc);
	}
	return rc < 0 ? rc : 0;
}

static void on_packet(u_char *user, const struct pcap_pkthdr *h, const u_char *p)
{
	struct state *s = (struct state *)user;
	const uint64_t real_ns = (uint64_t)h->ts.tv_sec * NS_PER_SEC + (uint64_t)h->ts.tv_usec;
	uint64_t ts = recording_time(s->recording, real_ns - s->behind_ns);
	uint32_t ifindex = 0;
	s->received++;
	if (s->rc)
		return;
	if (ts < s->last_ns) /* the wall clock was set */
		ts = s->last_ns;
	struct pkt_event row = {
		.ts = ts,
		.dir = dir_of(s, p, h->caplen),
		.bytes = h->len,
		.captured = h->caplen,
		.source = s->source,
	};
	s->last_ns = ts;
	packet_decode(s->link, p, h->caplen, &row, &ifindex);
	struct device *d;
	s->rc = device_of(s, ifindex, &d);
	if (s->rc)
		return;
	row.dev = d->dev;
	const int rc = recording_put(s->recording, KIND_PKT, &row, s->err);
	count(&s->account, rc);
	s->rc = rc < 0 ? rc : 0;
	if (!s->rc && d->has_ring && row.dir == DIR_FROM_DEVICE)
		s->rc = put_in_ring(s, d, &row);
}

static int take_packets(struct state *s, struct err *e)
{
	s->err = e;
	const uint64_t now_ns = recording_now();
	s->behind_ns = clock_ns(CLOCK_REALTIME) - now_ns;
	s->polled_ns = recording_time(s->recording, now_ns);
	const int n = pcap_dispatch(s->pcap, -1, on_packet, (u_char *)s);
	if (s->rc)
		return s->rc;
	return n < 0 ? err_set(e, ERR_IO, "net: %s: %s", s->config->interface, pcap_geterr(s->pcap))
		     : 0;
}

/* A loss row once a second while packets are dropped. */
static int note_drops(struct state *s, uint64_t dropped, uint64_t now_ns, struct err *e)
{
	const uint64_t now = recording_time(s->recording, now_ns), from = s->noted_ns;
	const uint64_t lost = dropped - s->dropped_noted;
	s->noted_ns = now;
	s->dropped_noted = dropped;
	if (!lost)
		return 0;
	return trace_writer_loss(recording_writer(s->recording), "pkt", from, now, lost, "ring",
				 s->is_bound ? "at most: a packet may count twice" : NULL, e);
}

static int poll_packets(void *state, uint64_t now_ns, struct err *e)
{
	struct state *s = state;
	struct pcap_stat stat = {};
	const int rc = take_packets(s, e);
	if (rc || recording_time(s->recording, now_ns) < s->noted_ns + NS_PER_SEC)
		return rc;
	return pcap_stats(s->pcap, &stat) ? 0 : note_drops(s, stat.ps_drop, now_ns, e);
}

/* The kernel hands a block over when it is full, or late. */
static uint64_t oldest_ns(const void *state, unsigned kind)
{
	const struct state *s = state;
	const uint64_t behind = 3 * BLOCK_MS * NS_PER_MS;
	if (kind != KIND_PKT && (kind != KIND_DMA || !s->config->rx_slots))
		return UINT64_MAX;
	return s->polled_ns > behind ? s->polled_ns - behind : 0;
}

/* ---- start and stop ---- */

static int start_error(struct state *s, int status, struct err *e)
{
	const enum err_code code = status == PCAP_ERROR_PERM_DENIED      ? ERR_PERM
				   : status == PCAP_ERROR_NO_SUCH_DEVICE ? ERR_USAGE
									 : ERR_FEATURE;
	const char *why = pcap_geterr(s->pcap);
	return err_set(e, code, "net: %s: %s", s->config->interface,
		       *why ? why : pcap_statustostr(status));
}

static int open_capture(struct state *s, struct err *e)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	s->pcap = pcap_create(s->config->interface, why);
	if (!s->pcap)
		return err_set(e, ERR_FEATURE, "net: %s", why);
	pcap_set_snaplen(s->pcap, (int)s->config->snap_bytes);
	pcap_set_promisc(s->pcap, 0);
	pcap_set_timeout(s->pcap, BLOCK_MS);
	pcap_set_buffer_size(s->pcap, (int)s->config->buffer_bytes);
	if (pcap_set_tstamp_precision(s->pcap, PCAP_TSTAMP_PRECISION_NANO))
		return err_set(e, ERR_FEATURE, "net: this libpcap has no stamps in ns");
	const int status = pcap_activate(s->pcap);
	if (status < 0)
		return start_error(s, status, e);
	if (pcap_datalink(s->pcap) == DLT_LINUX_SLL)
		pcap_set_datalink(s->pcap, DLT_LINUX_SLL2);
	/* of Ethernet and cooked packets these are the numbers that files have */
	const int link = pcap_datalink(s->pcap);
	s->link = link == DLT_RAW ? LINK_RAW : (uint32_t)link;
	if (!packet_link_is_known(s->link))
		return err_set(e, ERR_FEATURE, "net: %s: link type %d is not known",
			       s->config->interface, link);
	if (pcap_setnonblock(s->pcap, 1, why) < 0)
		return err_set(e, ERR_FEATURE, "net: %s", why);
	s->fd = pcap_get_selectable_fd(s->pcap);
	return s->fd < 0 ? err_set(e, ERR_FEATURE, "net: nothing to wait for")
			 : recording_watch(s->recording, s->fd, e);
}

static int describe_ring(struct state *s, struct err *e)
{
	struct trace_writer *w = recording_writer(s->recording);
	char slots[24];
	snprintf(slots, sizeof(slots), "%llu", (unsigned long long)s->config->rx_slots);
	int rc = trace_writer_source(w, "net-rx-ring",
				     "inferred: received packets in the buffers of a modelled "
				     "ring, in turn; addresses are places in the ring, not memory",
				     &s->ring_source, e);
	if (!rc)
		rc = trace_writer_source_detail(w, s->ring_source, s->config->rx_buffer_bytes, 0, 0,
						e);
	return rc ? rc : trace_writer_meta(w, "net_rx_ring", slots, e);
}

static int describe(struct state *s, struct err *e)
{
	struct trace_writer *w = recording_writer(s->recording);
	uint16_t dev;
	s->err = e;
	int rc = trace_writer_source(w, "net", coverage, &s->source, e);
	if (!rc && s->config->rx_slots)
		rc = describe_ring(s, e);
	if (!rc)
		rc = add_device(s, 0, s->config->interface, &dev);
	return rc ? rc : trace_writer_meta(w, "net_loss", s->is_bound ? "bound" : "exact", e);
}

static int start(struct recording *r, void **state_out, struct err *e)
{
	struct state *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, ERR_NOMEM, "out of memory");
	s->recording = r;
	s->config = recording_config(r, &probe_net);
	ask_interface(s);
	int rc = open_capture(s, e);
	if (!rc)
		rc = describe(s, e);
	if (!rc) {
		*state_out = s;
		return 0;
	}
	if (s->pcap)
		pcap_close(s->pcap);
	free(s);
	return rc;
}

/* By the kernel alone: libpcap's own way would drop what waits in the ring, too. */
static bool let_nothing_in(const struct state *s)
{
	struct sock_filter nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	const struct sock_fprog program = { 1, nothing };
	return !setsockopt(pcap_fileno(s->pcap), SOL_SOCKET, SO_ATTACH_FILTER, &program,
			   sizeof(program));
}

/* Lets nothing more in, takes what is in the ring, and reads the counters then. */
static int take_rest(struct state *s, struct pcap_stat *stat_out, struct err *e)
{
	struct pollfd wait = { .fd = s->fd, .events = POLLIN };
	const bool is_closed = let_nothing_in(s);
	int rc = take_packets(s, e);
	for (unsigned i = 0; i < LAST_WAITS && !rc; i++) {
		if (pcap_stats(s->pcap, stat_out))
			break;
		if (is_closed && !s->is_bound &&
		    s->received + stat_out->ps_drop >= stat_out->ps_recv)
			break;
		const uint64_t before = s->received;
		poll(&wait, 1, 2 * BLOCK_MS);
		rc = take_packets(s, e);
		if (s->is_bound && s->received == before)
			break;
	}
	return rc;
}

/* Of a bound: the other copy of each packet is filtered, by libpcap. */
static void close_account(struct state *s, const struct pcap_stat *stat)
{
	struct trace_account *a = &s->account;
	const uint64_t rest = stat->ps_recv > s->received ? stat->ps_recv - s->received : 0;
	a->seen = s->received + rest;
	a->ring_lost = stat->ps_drop < rest ? stat->ps_drop : rest;
	if (s->is_bound)
		a->filtered += rest - a->ring_lost;
	a->unaccounted = a->seen - a->stored - a->filtered - a->shed - a->ring_lost;
}

static int stop(void *state, struct err *e)
{
	struct state *s = state;
	struct trace_writer *w = recording_writer(s->recording);
	struct pcap_stat stat = {};
	int rc = take_rest(s, &stat, e);
	close_account(s, &stat);
	int failed = note_drops(s,
				s->account.ring_lost > s->dropped_noted ? s->account.ring_lost
									: s->dropped_noted,
				recording_now(), rc ? NULL : e);
	if (!failed)
		failed = trace_writer_account(w, "packets", &s->account, rc ? NULL : e);
	if (!failed && s->config->rx_slots)
		failed = trace_writer_account(w, "net-rx-ring", &s->ring_account, rc ? NULL : e);
	recording_unwatch(s->recording, s->fd);
	pcap_close(s->pcap);
	free(s);
	return rc ? rc : failed;
}

const struct probe probe_net = {
	.name = "net",
	.summary = "packets of network interfaces, headers only (libpcap)",
	.coverage = coverage,
	.side = PROBE_DEVICE,
	.drops_rights = true,
	.params = params,
	.nparams = sizeof(params) / sizeof(*params),
	.config_bytes = sizeof(struct config),
	.look = look,
	.start = start,
	.poll = poll_packets,
	.stop = stop,
	.oldest_ns = oldest_ns,
};
