// SPDX-License-Identifier: MIT
/*
 * Tells `pugmark record --probe agent` what the devices of a QEMU guest do, out of QEMU's log of
 * them (trace events pci_nvme_*, e1000e_rx_desc_buff_write, vtd_dmar_translate) on standard input:
 *
 *	qemu-agent SOCKET VM MEMORY_BYTES <LOG
 *
 * A data buffer is logged with the address that the device was given, and then the IOMMU's
 * translation of each of its pages: such a page is one access, with its direction and bytes. Other
 * translations (rings, lists of pages, what is sent) have neither: one access of unknown direction
 * to the page. A buffer that is complete without a translation was addressed physically: firmware,
 * or an IOMMU in passthrough mode.
 */
#include "collect/agent-client.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, PIECES_MAX = 1 << 14, NIC, NVME, DEVICES };

/* A part of a data buffer in one page that the device has not come to yet. */
struct piece {
	uint64_t address, request;
	uint32_t bytes;
	uint32_t queue, cid;
	enum pugmark_agent_dir dir;
};

struct teller {
	struct pugmark_agent *agent;
	int devices[DEVICES];
	struct piece waiting[DEVICES][PIECES_MAX];
	unsigned nwaiting[DEVICES];
	struct piece command; /* of the drive, whose buffers come next */
	uint64_t line, ts_ns, sent;
	int64_t mono_minus_real_ns;
};

static int64_t clock_ns(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The log must be told whole: wait for room where a VMM would drop. */
static void tell(struct teller *t, unsigned device, enum pugmark_agent_dir dir, uint64_t gpa,
		 uint32_t bytes, uint64_t request)
{
	struct pollfd room = { .fd = pugmark_agent_fd(t->agent), .events = POLLOUT };
	if (t->sent++ % PUGMARK_AGENT_BATCH == PUGMARK_AGENT_BATCH - 1)
		poll(&room, 1, -1);
	pugmark_agent_put(t->agent, &(struct pugmark_agent_record){
					    .ts_ns = t->ts_ns,
					    .address = gpa,
					    .bytes = bytes,
					    .device = (uint16_t)t->devices[device],
					    .op = PUGMARK_ACCESS,
					    .dir = (uint8_t)dir,
					    .request = request,
				    });
}

/* By page, as the device comes to them. */
static void expect(struct teller *t, unsigned device, uint64_t address, uint64_t bytes)
{
	while (bytes) {
		const uint64_t room = PAGE - address % PAGE, n = bytes < room ? bytes : room;
		struct piece *p = &t->waiting[device][t->nwaiting[device]];
		if (t->nwaiting[device]++ == PIECES_MAX) {
			fprintf(stderr, "qemu-agent: line %llu: too many buffers wait\n",
				(unsigned long long)t->line);
			exit(1);
		}
		*p = t->command;
		p->address = address;
		p->bytes = (uint32_t)n;
		address += n;
		bytes -= n;
	}
}

static void take(struct teller *t, unsigned device, unsigned i, uint64_t gpa)
{
	const struct piece p = t->waiting[device][i];
	struct piece *w = t->waiting[device];
	memmove(w + i, w + i + 1, (--t->nwaiting[device] - i) * sizeof(*w));
	tell(t, device, p.dir, gpa, p.bytes, p.request);
}

/* Complete, and never translated: the addresses were physical. */
static void give_up(struct teller *t, unsigned device, uint32_t queue, uint32_t cid)
{
	for (unsigned i = 0; i < t->nwaiting[device];) {
		const struct piece *p = &t->waiting[device][i];
		if (p->queue == queue && p->cid == cid)
			take(t, device, i, p->address);
		else
			i++;
	}
}

static void translate(struct teller *t, unsigned slot, uint64_t iova, uint64_t gpa)
{
	const unsigned device = slot == 5 ? NIC : NVME;
	if (slot != 5 && slot != 6)
		return;
	for (unsigned i = 0; i < t->nwaiting[device]; i++)
		if (t->waiting[device][i].address / PAGE == iova / PAGE) {
			take(t, device, i, gpa + t->waiting[device][i].address % PAGE);
			return;
		}
	tell(t, device, PUGMARK_DIR_UNKNOWN, gpa, PAGE, 0);
}

static void hear(struct teller *t, const char *event)
{
	unsigned slot, cid, queue, opcode;
	unsigned long long a, b;
	const char *rest = strchr(event, ' ');
	if (!rest)
		return;
	if (sscanf(event, "vtd_dmar_translate dev %*x:%x.%*x iova %llx -> gpa %llx", &slot, &a,
		   &b) == 3) {
		translate(t, slot, a, b);
	} else if (sscanf(event, "pci_nvme_io_cmd cid %u nsid %*x sqid %u opc %x", &cid, &queue,
			  &opcode) == 3 ||
		   sscanf(event, "pci_nvme_admin_cmd cid %u sqid %u opc %x", &cid, &queue,
			  &opcode) == 3) {
		/* the two low bits of an opcode are the direction (NVMe base, figure of opcodes) */
		t->command = (struct piece){ .queue = queue,
					     .cid = cid,
					     .request = t->line,
					     .dir = (opcode & 3) == 1   ? PUGMARK_TO_DEVICE
						    : (opcode & 3) == 2 ? PUGMARK_FROM_DEVICE
									: PUGMARK_DIR_UNKNOWN };
	} else if (sscanf(event, "pci_nvme_map_addr addr %llx len %llu", &a, &b) == 2) {
		expect(t, NVME, a, b);
	} else if (sscanf(event, "pci_nvme_enqueue_req_completion cid %u cqid %u", &cid, &queue) ==
		   2) {
		give_up(t, NVME, queue, cid);
	} else if (sscanf(event,
			  "e1000e_rx_desc_buff_write buffer #%*u, addr: %llx, offset: %*u, from: "
			  "%*x, length: %llu",
			  &a, &b) == 2) {
		give_up(t, NIC, 0, 0);
		const struct piece of_drive = t->command;
		t->command = (struct piece){ .dir = PUGMARK_FROM_DEVICE, .request = t->line };
		expect(t, NIC, a, b);
		t->command = of_drive;
	}
}

int main(int argc, char **argv)
{
	char line[4096];
	if (argc != 4) {
		fputs("qemu-agent SOCKET VM MEMORY_BYTES <LOG\n", stderr);
		return 64;
	}
	struct teller *t = calloc(1, sizeof(*t));
	const uint64_t memory = strtoull(argv[3], NULL, 10);
	for (int i = 0; t && !t->agent && i < 1000; i++, usleep(10000))
		t->agent = pugmark_agent_connect(argv[1], argv[2], memory);
	if (!t || !t->agent) {
		fprintf(stderr, "qemu-agent: nobody listens at %s\n", argv[1]);
		return 1;
	}
	t->devices[NIC] = pugmark_agent_device(t->agent, "0000:00:05.0", "nic");
	t->devices[NVME] = pugmark_agent_device(t->agent, "0000:00:06.0", "nvme");
	t->mono_minus_real_ns = clock_ns(CLOCK_MONOTONIC) - clock_ns(CLOCK_REALTIME);
	while (fgets(line, sizeof(line), stdin)) {
		unsigned long long s, us;
		int at = 0;
		t->line++;
		if (sscanf(line, "%*u@%llu.%llu:%n", &s, &us, &at) != 2 || !at)
			continue;
		t->ts_ns = s * 1000000000 + us * 1000 + (uint64_t)t->mono_minus_real_ns;
		hear(t, line + at);
	}
	give_up(t, NIC, 0, 0);
	const uint64_t dropped = pugmark_agent_dropped(t->agent);
	pugmark_agent_close(t->agent);
	printf("%llu records, %llu dropped\n", (unsigned long long)t->sent,
	       (unsigned long long)dropped);
	free(t);
	return dropped != 0;
}
