// SPDX-License-Identifier: MIT
/* The sender's half of probe agent: gathers records, sends them without waiting. */
#include "collect/agent-client.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct pugmark_agent {
	int fd;
	unsigned n;
	int ndevices;
	uint64_t dropped, untold;
	struct pugmark_agent_record records[PUGMARK_AGENT_BATCH];
};

static int send_now(struct pugmark_agent *a, const void *packet, size_t n)
{
	return send(a->fd, packet, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n ? 0 : -1;
}

/* A record with its text: what the other side has to know, so it may wait a little. */
static int send_text(struct pugmark_agent *a, const struct pugmark_agent_record *r,
		     const char *text)
{
	char packet[sizeof(*r) + PUGMARK_AGENT_TEXT_MAX];
	const size_t n = strnlen(text, PUGMARK_AGENT_TEXT_MAX);
	memcpy(packet, r, sizeof(*r));
	memcpy(packet + sizeof(*r), text, n);
	return send(a->fd, packet, sizeof(*r) + n, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

struct pugmark_agent *pugmark_agent_connect(const char *path, const char *vm, uint64_t mem_bytes)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = 1 };
	struct pugmark_agent *a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	a->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	const struct pugmark_agent_record hello = { .op = PUGMARK_HELLO,
						    .address = mem_bytes,
						    .request = PUGMARK_AGENT_MAGIC };
	if (a->fd < 0 || setsockopt(a->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) ||
	    connect(a->fd, (const struct sockaddr *)&to, sizeof(to)) || send_text(a, &hello, vm)) {
		const int error = errno;
		if (a->fd >= 0)
			close(a->fd);
		free(a);
		errno = error;
		return NULL;
	}
	return a;
}

int pugmark_agent_device(struct pugmark_agent *a, const char *name, const char *class)
{
	char text[PUGMARK_AGENT_TEXT_MAX];
	const struct pugmark_agent_record r = { .op = PUGMARK_DEVICE,
						.device = (uint16_t)a->ndevices };
	snprintf(text, sizeof(text), "%s %s", class, name);
	pugmark_agent_flush(a);
	return send_text(a, &r, text) ? -1 : a->ndevices++;
}

void pugmark_agent_memslot(struct pugmark_agent *a, unsigned slot, uint64_t gpa, uint64_t hva,
			   uint64_t bytes)
{
	const struct pugmark_agent_record r = { .op = PUGMARK_MEMSLOT,
						.address = gpa,
						.request = hva,
						.bytes = (uint32_t)(bytes >> 12),
						.device = (uint16_t)slot };
	pugmark_agent_flush(a);
	send_text(a, &r, "");
}

void pugmark_agent_flush(struct pugmark_agent *a)
{
	if (a->untold) {
		const struct pugmark_agent_record r = { .op = PUGMARK_DROPPED,
							.request = a->untold };
		if (!send_now(a, &r, sizeof(r)))
			a->untold = 0;
	}
	if (a->n && send_now(a, a->records, a->n * sizeof(a->records[0]))) {
		a->dropped += a->n;
		a->untold += a->n;
	}
	a->n = 0;
}

void pugmark_agent_put(struct pugmark_agent *a, const struct pugmark_agent_record *r)
{
	a->records[a->n++] = *r;
	if (a->n == PUGMARK_AGENT_BATCH)
		pugmark_agent_flush(a);
}

void pugmark_agent_access(struct pugmark_agent *a, int device, enum pugmark_agent_dir dir,
			  uint64_t gpa, uint32_t bytes, uint64_t request)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	pugmark_agent_put(a, &(struct pugmark_agent_record){
				     .ts_ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec,
				     .address = gpa,
				     .bytes = bytes,
				     .device = (uint16_t)device,
				     .op = PUGMARK_ACCESS,
				     .dir = (uint8_t)dir,
				     .request = request,
			     });
}

int pugmark_agent_fd(const struct pugmark_agent *a)
{
	return a->fd;
}

uint64_t pugmark_agent_dropped(const struct pugmark_agent *a)
{
	return a->dropped;
}

void pugmark_agent_close(struct pugmark_agent *a)
{
	if (!a)
		return;
	const struct timeval patience = { .tv_sec = 1 };
	setsockopt(a->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	pugmark_agent_flush(a);
	if (a->untold) { /* the last word may wait */
		const struct pugmark_agent_record r = { .op = PUGMARK_DROPPED,
							.request = a->untold };
		send(a->fd, &r, sizeof(r), MSG_NOSIGNAL);
	}
	close(a->fd);
	free(a);
}
