// SPDX-License-Identifier: MIT
/*
 * Direct I/O inside the guest of the guest lab: N requests of random size and place below and
 * above which nothing else reads, several at a time, from a seed.
 *
 *	guest-io DEVICE read|write FIRST_LBA LBAS N DEPTH SEED
 *	guest-io DEVICE mark LBA	one read of 512 bytes: a place in the device's log
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LBA_BYTES = 512, REQUEST_MOST = 64 << 10, ALIGN = 4096 };

struct job {
	pthread_t thread;
	const char *device;
	int is_write;
	uint64_t first, lbas, n, seed;
};

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static void transfer(int fd, int is_write, void *buf, size_t bytes, uint64_t lba)
{
	const off_t at = (off_t)(lba * LBA_BYTES);
	const ssize_t n = is_write ? pwrite(fd, buf, bytes, at) : pread(fd, buf, bytes, at);
	if (n != (ssize_t)bytes)
		die("transfer");
}

static void *work(void *arg)
{
	const struct job *j = arg;
	uint64_t x = j->seed | 1;
	void *buf;
	const int fd = open(j->device, O_RDWR | O_DIRECT);
	if (fd < 0 || posix_memalign(&buf, ALIGN, REQUEST_MOST + ALIGN))
		die(j->device);
	memset(buf, 1, REQUEST_MOST);
	for (uint64_t i = 0; i < j->n; i++) {
		x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		/* mostly one page, now and then as many as fit one list of pages */
		const size_t bytes = (x >> 40) % 8 ? ALIGN : ALIGN << (x >> 44) % 5;
		/* and not always at the start of a page */
		const size_t shift = bytes == ALIGN ? (x >> 50) % 2 * LBA_BYTES : 0;
		const uint64_t room = j->lbas - REQUEST_MOST / LBA_BYTES;
		transfer(fd, j->is_write, (char *)buf + shift, bytes,
			 j->first + (x >> 20) % room / 8 * 8);
	}
	free(buf);
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	struct job jobs[16] = {};
	if (argc == 4 && !strcmp(argv[2], "mark")) {
		void *buf;
		const int fd = open(argv[1], O_RDONLY | O_DIRECT);
		if (fd < 0 || posix_memalign(&buf, ALIGN, ALIGN))
			die(argv[1]);
		transfer(fd, 0, buf, LBA_BYTES, strtoull(argv[3], NULL, 10));
		return 0;
	}
	if (argc != 8) {
		fputs("guest-io DEVICE read|write FIRST_LBA LBAS N DEPTH SEED\n", stderr);
		return 64;
	}
	const unsigned depth = (unsigned)atoi(argv[6]);
	for (unsigned i = 0; i < depth && i < 16; i++) {
		jobs[i] = (struct job){
			.device = argv[1],
			.is_write = !strcmp(argv[2], "write"),
			.first = strtoull(argv[3], NULL, 10),
			.lbas = strtoull(argv[4], NULL, 10),
			.n = strtoull(argv[5], NULL, 10) / depth,
			.seed = strtoull(argv[7], NULL, 10) * 1000 + i,
		};
		if (pthread_create(&jobs[i].thread, NULL, work, &jobs[i]))
			die("pthread_create");
	}
	for (unsigned i = 0; i < depth && i < 16; i++)
		pthread_join(jobs[i].thread, NULL);
	return 0;
}
