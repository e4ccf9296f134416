// SPDX-License-Identifier: MIT
/*
 * Senders for probe agent: `good N` tells N accesses and prints them, `garbage SEED` sends what no
 * agent sends, `hang` says hello and then nothing until it is killed, `wait` until a socket
 * listens.
 */
#include "collect/agent-client.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct pugmark_agent *connect_when_ready(const char *path)
{
	struct pugmark_agent *a;
	while (!(a = pugmark_agent_connect(path, "web7", UINT64_C(1) << 30)))
		usleep(1000);
	return a;
}

/* Each access as "pfn npages bytes dir request", for comparison with the trace. */
static int send_good(const char *path, unsigned n)
{
	struct pugmark_agent *a = connect_when_ready(path);
	const int nic = pugmark_agent_device(a, "0000:01:00.1", "nic");
	const int disk = pugmark_agent_device(a, "0000:02:00.0", "nvme");
	uint64_t x = 1;
	pugmark_agent_memslot(a, 0, 0, UINT64_C(0x7f0000000000), UINT64_C(1) << 30);
	for (unsigned i = 0; i < n; i++) {
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
		const uint64_t gpa = (x >> 20) % ((UINT64_C(1) << 30) - 65536);
		const uint32_t bytes = 1 + (uint32_t)(x >> 50) % 16384;
		pugmark_agent_access(a, i % 3 ? nic : disk,
				     i % 2 ? PUGMARK_FROM_DEVICE : PUGMARK_TO_DEVICE, gpa, bytes,
				     i);
		printf("%llu\t%llu\t%u\t%s\t%u\n", (unsigned long long)(gpa >> 12),
		       (unsigned long long)(((gpa + bytes - 1) >> 12) - (gpa >> 12) + 1), bytes,
		       i % 2 ? "from-device" : "to-device", i);
		struct pollfd room = { .fd = pugmark_agent_fd(a), .events = POLLOUT };
		if (i % PUGMARK_AGENT_BATCH == 0) /* a sender that must lose nothing waits */
			poll(&room, 1, -1);
	}
	const uint64_t dropped = pugmark_agent_dropped(a);
	pugmark_agent_close(a);
	return dropped != 0;
}

static int send_garbage(const char *path, unsigned seed)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const struct pugmark_agent_record hello = { .op = PUGMARK_HELLO,
						    .request = PUGMARK_AGENT_MAGIC };
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	srand(seed);
	for (unsigned round = 0; round < 40; round++) {
		unsigned char packet[4097];
		const int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
		while (connect(fd, (const struct sockaddr *)&to, sizeof(to)))
			usleep(1000);
		if (round % 2) /* first a word that is believed */
			send(fd, &hello, sizeof(hello), MSG_NOSIGNAL);
		for (unsigned i = 0; i < 20; i++) {
			const size_t n = 1 + (size_t)rand() % sizeof(packet);
			for (size_t k = 0; k < n; k++)
				packet[k] = (unsigned char)rand();
			send(fd, packet, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		}
		close(fd);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 64;
	const unsigned n = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
	if (!strcmp(argv[1], "good"))
		return send_good(argv[2], n);
	if (!strcmp(argv[1], "garbage"))
		return send_garbage(argv[2], n);
	if (strcmp(argv[1], "hang"))
		return 64;
	connect_when_ready(argv[2]);
	puts("connected");
	fflush(stdout);
	for (;;)
		pause();
}
