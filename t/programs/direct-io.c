// SPDX-License-Identifier: MIT
/*
 * Writes and reads N pages of a file past the page cache and prints the frame of each page of its
 * buffer, as /proc/self/pagemap tells it: the truth that block-bpf is compared with.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

static int print_frames(const char *p, size_t n)
{
	const int fd = open("/proc/self/pagemap", O_RDONLY);
	for (size_t i = 0; i < n; i++) {
		uint64_t entry = 0;
		const off_t at = (off_t)((uintptr_t)p / PAGE + i) * 8;
		if (pread(fd, &entry, sizeof(entry), at) != sizeof(entry) || !(entry >> 63))
			return 1;
		printf("%llu\n", (unsigned long long)(entry & ((UINT64_C(1) << 55) - 1)));
	}
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	const size_t n = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	if (!n)
		return 64;
	char *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	if (p == MAP_FAILED || madvise(p, n * PAGE, MADV_NOHUGEPAGE))
		return 1;
	memset(p, 7, n * PAGE);
	const int fd = open(argv[1], O_RDWR | O_CREAT | O_DIRECT, 0600);
	if (fd < 0 || pwrite(fd, p, n * PAGE, 0) != (ssize_t)(n * PAGE) || fsync(fd))
		return 2;
	if (pread(fd, p, n * PAGE, 0) != (ssize_t)(n * PAGE))
		return 3;
	return print_frames(p, n);
}
