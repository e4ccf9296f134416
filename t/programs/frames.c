// SPDX-License-Identifier: MIT
/*
 * Writes every other one of N pages, prints address and frame of each of them as
 * /proc/self/pagemap tells it, waits until its input ends, and prints them again: the kernel may
 * have moved some meanwhile.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

static int print_frames(int fd, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i += 2) {
		uint64_t entry = 0;
		const off_t at = (off_t)((uintptr_t)p / PAGE + i) * 8;
		if (pread(fd, &entry, sizeof(entry), at) != sizeof(entry) || !(entry >> 63) ||
		    !(entry & ((UINT64_C(1) << 55) - 1)))
			return 1;
		printf("%llu %llu\n", (unsigned long long)(uintptr_t)(p + i * PAGE),
		       (unsigned long long)(entry & ((UINT64_C(1) << 55) - 1)));
	}
	printf("done\n");
	return fflush(stdout);
}

int main(int argc, char **argv)
{
	const size_t n = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	const int fd = open("/proc/self/pagemap", O_RDONLY);
	char *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (!n || fd < 0 || p == MAP_FAILED || madvise(p, n * PAGE, MADV_NOHUGEPAGE) ||
	    mlock2(p, n * PAGE, MLOCK_ONFAULT))
		return 1;
	for (size_t i = 0; i < n; i += 2)
		p[i * PAGE] = 1;
	if (print_frames(fd, p, n))
		return 1;
	while (getchar() != EOF)
		;
	return print_frames(fd, p, n);
}
