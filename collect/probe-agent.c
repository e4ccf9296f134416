// SPDX-License-Identifier: MIT
/*
 * DMA as whoever carries it out tells it: a VMM, a vhost-user or SPDK target, a
 * DPU pushes records into a Unix socket (collect/agent-client.h has the wire
 * format). A sender is not trusted: what is not as agreed is counted and left
 * out, a sender that hangs or floods takes nothing from the others, and nothing
 * it says can be larger than the packet it came in.
 *
 * A sender's times must not lie in the future nor before the recording; such a
 * record gets the time it was received at.
 */
#include "base/param.h"
#include "base/units.h"
#include "collect/agent-client.h"
#include "collect/probe-look.h"
#include "collect/recording.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	SENDERS_MAX = 64,
	DEVICES_MAX = 256, /* of a sender */
	PACKET_MAX = PUGMARK_AGENT_BATCH * sizeof(struct pugmark_agent_record),
	PACKETS_A_TURN = 256, /* of one sender, before the next has its turn */
	PAGES_MAX = 1 << 20,  /* of a record: 4 GiB */
};

struct config {
	const char *socket;
};

static const struct param params[] = {
	{ .section = "agent",
	  .name = "socket",
	  .type = PARAM_TEXT,
	  .default_text = "/run/pugmark/agent.sock",
	  .help = "Unix socket to listen at",
	  .offset = offsetof(struct config, socket) },
};

struct sender {
	int fd; /* -1: free */
	bool has_said_hello;
	uint16_t vm;
	uint16_t devices[DEVICES_MAX];
	bool has_device[DEVICES_MAX];
	uint64_t last_ns; /* time of its last row: rows of a sender come in order */
};

struct state {
	struct recording *recording;
	const struct config *config;
	int fd;
	uint16_t source;
	unsigned nvms;
	struct trace_account account;
	uint64_t refused; /* senders that were no agents */
	struct sender senders[SENDERS_MAX];
};

static void look(const struct hostfacts *h, struct probe_finding *out)
{
	(void)h;
	probe_say(out, PROBE_USABLE,
		  "sees what senders tell: a VMM, vhost-user or SPDK target, or DPU with the agent "
		  "client",
		  "link collect/agent-client.c into the sender");
}

/* ---- what a sender says ---- */

static struct trace_writer *writer(const struct state *s)
{
	return recording_writer(s->recording);
}

/* Text after a record, printable, ended by 0; false when it is none. */
static bool take_text(const uint8_t *packet, size_t n, char out[PUGMARK_AGENT_TEXT_MAX + 1])
{
	const size_t head = sizeof(struct pugmark_agent_record);
	if (n < head || n - head > PUGMARK_AGENT_TEXT_MAX)
		return false;
	memcpy(out, packet + head, n - head);
	out[n - head] = 0;
	for (size_t i = 0; i < n - head; i++)
		if (out[i] < ' ' || out[i] > '~')
			return false;
	return true;
}

static int say_hello(struct state *s, struct sender *x, const struct pugmark_agent_record *r,
		     const char *name, struct err *e)
{
	if (r->request != PUGMARK_AGENT_MAGIC || x->has_said_hello)
		return ERR_FORMAT;
	x->has_said_hello = true;
	x->vm = (uint16_t)s->nvms++;
	const struct trace_vm vm = { .vm = x->vm,
				     .name = *name ? name : NULL,
				     .mem_pages = r->address >> PAGE_SHIFT };
	const int rc = trace_writer_vm(writer(s), &vm, e);
	return rc ? ERR_IO : 0;
}

/* "CLASS NAME"; two VMs may call a device the same, so that the VM is part of its name. */
static int add_device(struct state *s, struct sender *x, const struct pugmark_agent_record *r,
		      char *text, struct err *e)
{
	static const char *const classes[] = { "nic", "nvme", "block", "other" };
	char name[PUGMARK_AGENT_TEXT_MAX + 16];
	char *blank = strchr(text, ' ');
	const char *class = NULL;
	if (r->device >= DEVICES_MAX || !blank || !blank[1])
		return ERR_FORMAT;
	*blank = 0;
	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		if (!strcmp(classes[i], text))
			class = classes[i];
	if (!class)
		return ERR_FORMAT;
	snprintf(name, sizeof(name), x->vm ? "vm%2$u:%1$s" : "%s", blank + 1, x->vm);
	const struct trace_device d = { .bdf = name,
					.class = class,
					.coverage = "both directions, as the sender tells" };
	if (trace_writer_device(writer(s), &d, &x->devices[r->device], e))
		return ERR_IO;
	x->has_device[r->device] = true;
	return 0;
}

static int add_memslot(struct state *s, const struct sender *x,
		       const struct pugmark_agent_record *r, struct err *e)
{
	const struct trace_memslot slot = {
		.vm = x->vm,
		.slot = r->device,
		.from_ns = recording_time(s->recording, recording_now()),
		.gpa_pfn = r->address >> PAGE_SHIFT,
		.hva_pfn = r->request >> PAGE_SHIFT,
		.hpa_pfn = UINT64_MAX,
		.npages = r->bytes,
	};
	return trace_writer_memslot(writer(s), &slot, e) ? ERR_IO : 0;
}

/* A packet with text: ERR_FORMAT when it is not as agreed, ERR_IO with e. */
static int take_word(struct state *s, struct sender *x, const uint8_t *packet, size_t n,
		     struct err *e)
{
	struct pugmark_agent_record r;
	char text[PUGMARK_AGENT_TEXT_MAX + 1];
	memcpy(&r, packet, sizeof(r));
	if (!take_text(packet, n, text))
		return ERR_FORMAT;
	switch (r.op) {
	case PUGMARK_HELLO:
		return say_hello(s, x, &r, text, e);
	case PUGMARK_DEVICE:
		return add_device(s, x, &r, text, e);
	case PUGMARK_MEMSLOT:
		return add_memslot(s, x, &r, e);
	case PUGMARK_DROPPED:
		s->account.seen += r.request;
		s->account.ring_lost += r.request;
		return trace_writer_loss(writer(s), "agent", x->last_ns,
					 recording_time(s->recording, recording_now()), r.request,
					 "ring", "a sender could not send them at once", e)
			       ? ERR_IO
			       : 0;
	default:
		return ERR_FORMAT;
	}
}

/* ---- records ---- */

static bool is_record(const struct sender *x, const struct pugmark_agent_record *r)
{
	return r->op <= PUGMARK_ACCESS && r->dir <= PUGMARK_BOTH && r->device < DEVICES_MAX &&
	       x->has_device[r->device] && r->bytes && r->address <= UINT64_MAX - r->bytes &&
	       (r->bytes >> PAGE_SHIFT) < PAGES_MAX;
}

static int put_record(struct state *s, struct sender *x, const struct pugmark_agent_record *r,
		      uint64_t now_ns, struct err *e)
{
	const uint64_t now = recording_time(s->recording, now_ns);
	uint64_t ts = recording_time(s->recording, r->ts_ns);
	if (!r->ts_ns || !ts || ts > now)
		ts = now;
	if (ts < x->last_ns) /* its own clock went backwards */
		ts = x->last_ns;
	x->last_ns = ts;
	const uint64_t first = r->address >> PAGE_SHIFT;
	const uint64_t last = (r->address + r->bytes - 1) >> PAGE_SHIFT;
	const struct dma_event row = {
		.ts = ts,
		.dev = x->devices[r->device],
		.op = r->op,
		.dir = r->dir,
		.as = AS_GPA,
		.pfn = first,
		.npages = (uint32_t)(last - first + 1),
		.offset = (uint16_t)(r->address % PAGE_BYTES),
		.bytes = r->bytes,
		.req = r->request,
		.source = s->source,
	};
	const int rc = recording_put(s->recording, KIND_DMA, &row, e);
	if (rc < 0)
		return rc;
	*(rc == RECORDING_SHED       ? &s->account.shed
	  : rc == RECORDING_FILTERED ? &s->account.filtered
				     : &s->account.stored) += 1;
	return 0;
}

static int take_packet(struct state *s, struct sender *x, const uint8_t *packet, size_t n,
		       uint64_t now_ns, struct err *e)
{
	const size_t each = sizeof(struct pugmark_agent_record);
	struct pugmark_agent_record r;
	int rc = 0;
	if (n < each)
		return ERR_FORMAT;
	memcpy(&r, packet, each);
	if (r.op >= PUGMARK_HELLO || !x->has_said_hello)
		return take_word(s, x, packet, n, e);
	for (size_t at = 0; at < n && rc >= 0; at += each) {
		s->account.seen++;
		if (n - at < each) {
			s->account.decode_error++;
			break;
		}
		memcpy(&r, packet + at, each);
		if (is_record(x, &r))
			rc = put_record(s, x, &r, now_ns, e);
		else
			s->account.decode_error++;
	}
	return rc < 0 ? ERR_IO : 0;
}

/* ---- sockets ---- */

static void hang_up(struct state *s, struct sender *x)
{
	recording_unwatch(s->recording, x->fd);
	close(x->fd);
	x->fd = -1;
}

/* What one sender has sent, up to a turn; ERR_IO with e when rows cannot be kept. */
static int hear(struct state *s, struct sender *x, uint64_t now_ns, struct err *e)
{
	uint8_t packet[PACKET_MAX];
	for (unsigned i = 0; i < PACKETS_A_TURN; i++) {
		const ssize_t n = recv(x->fd, packet, sizeof(packet), MSG_DONTWAIT | MSG_TRUNC);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (n <= 0) {
			hang_up(s, x);
			return 0;
		}
		const int rc = (size_t)n > sizeof(packet)
				       ? ERR_FORMAT
				       : take_packet(s, x, packet, (size_t)n, now_ns, e);
		if (rc == ERR_IO)
			return rc;
		if (rc) {
			s->account.seen++;
			s->account.decode_error++;
		}
		if (rc && !x->has_said_hello) {
			s->refused++;
			hang_up(s, x);
			return 0;
		}
	}
	return 0;
}

static int welcome(struct state *s, struct err *e)
{
	for (;;) {
		const int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		struct sender *x = NULL;
		if (fd < 0)
			return 0;
		for (unsigned i = 0; i < SENDERS_MAX && !x; i++)
			x = s->senders[i].fd < 0 ? &s->senders[i] : NULL;
		if (!x || recording_watch(s->recording, fd, NULL)) {
			recording_note(s->recording, "agent: more than %d senders", SENDERS_MAX);
			close(fd);
			continue;
		}
		*x = (struct sender){ .fd = fd };
	}
	(void)e;
}

static int open_socket(struct state *s, struct err *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct stat st;
	const char *path = s->config->socket;
	if (strlen(path) >= sizeof(at.sun_path))
		return err_set(e, ERR_USAGE, "agent.socket: '%.60s..': at most %zu bytes", path,
			       sizeof(at.sun_path) - 1);
	strcpy(at.sun_path, path);
	s->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return err_set(e, ERR_IO, "agent: no socket: %s", strerror(errno));
	/* one that nobody listens at was left behind by a recording that was killed */
	if (!lstat(path, &st) && S_ISSOCK(st.st_mode) &&
	    connect(s->fd, (const struct sockaddr *)&at, sizeof(at)) && errno == ECONNREFUSED)
		unlink(path);
	const mode_t old = umask(0077);
	const int failed = bind(s->fd, (const struct sockaddr *)&at, sizeof(at)) ||
			   listen(s->fd, SENDERS_MAX);
	const int error = errno;
	umask(old);
	if (failed)
		return err_set(e, error == EACCES ? ERR_PERM : ERR_CREATE, "agent: %s: %s", path,
			       strerror(error));
	return recording_watch(s->recording, s->fd, e);
}

/* ---- the probe ---- */

static int start(struct recording *r, void **state_out, struct err *e)
{
	struct state *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, ERR_NOMEM, "out of memory");
	s->recording = r;
	s->config = recording_config(r, &probe_agent);
	s->fd = -1;
	for (unsigned i = 0; i < SENDERS_MAX; i++)
		s->senders[i].fd = -1;
	int rc = trace_writer_source(writer(s), "agent",
				     "both directions, guest physical, as senders tell", &s->source,
				     e);
	if (!rc)
		rc = open_socket(s, e);
	if (rc) {
		if (s->fd >= 0)
			close(s->fd);
		free(s);
		return rc;
	}
	*state_out = s;
	return 0;
}

static int poll(void *state, uint64_t now_ns, struct err *e)
{
	struct state *s = state;
	int rc = welcome(s, e);
	for (unsigned i = 0; i < SENDERS_MAX && !rc; i++)
		if (s->senders[i].fd >= 0)
			rc = hear(s, &s->senders[i], now_ns, e);
	return rc;
}

static int stop(void *state, struct err *e)
{
	struct state *s = state;
	int rc = poll(s, recording_now(), e);
	for (unsigned i = 0; i < SENDERS_MAX; i++)
		if (s->senders[i].fd >= 0)
			hang_up(s, &s->senders[i]);
	recording_unwatch(s->recording, s->fd);
	close(s->fd);
	unlink(s->config->socket);
	if (s->refused)
		recording_note(s->recording, "agent: %llu callers did not speak its protocol",
			       (unsigned long long)s->refused);
	const int failed = recording_account(s->recording, "agent", &s->account, rc ? NULL : e);
	free(s);
	return rc ? rc : failed;
}

const struct probe probe_agent = {
	.name = "agent",
	.summary = "DMA as a VMM, vhost-user or SPDK target or DPU tells it (Unix socket)",
	.coverage = "both directions, guest physical, as senders tell",
	.side = PROBE_DEVICE,
	.drops_rights = true,
	.params = params,
	.nparams = sizeof(params) / sizeof(*params),
	.config_bytes = sizeof(struct config),
	.look = look,
	.start = start,
	.poll = poll,
	.stop = stop,
};
