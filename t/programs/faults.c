// SPDX-License-Identifier: MIT
/*
 * Takes major page faults and says which, as the kernel counts them for the process (ru_majflt
 * around each touch): the truth that majfault, filemap and swap are compared with.
 *
 *	faults file FILE PAGES   a mapping of a file that was dropped from the page cache
 *	faults swap PAGES        memory of its own that was paged out
 *
 * Prints "touched PAGE", "major PAGE" (virtual) and "frame PFN" (that the file's pages got, or that
 * its own pages had before they went). Status 3: the pages did not leave memory.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PAGE = 4096, STRIDE = 3, OUT_MOST = 1 << 20 };

static uint64_t entry_of(const char *p)
{
	uint64_t entry = 0;
	const int fd = open("/proc/self/pagemap", O_RDONLY);
	if (pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)p / PAGE * 8)) != sizeof(entry))
		entry = 0;
	close(fd);
	return entry;
}

static void print_frame(const char *p)
{
	const uint64_t entry = entry_of(p);
	if (entry >> 63)
		printf("frame %llu\n", (unsigned long long)(entry & ((UINT64_C(1) << 55) - 1)));
}

static long major_faults(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return u.ru_majflt;
}

static void touch(const volatile char *p, size_t n)
{
	for (size_t i = 0; i < n; i += STRIDE) {
		const long before = major_faults();
		(void)p[i * PAGE];
		const bool is_major = major_faults() > before;
		const unsigned long long page = (uintptr_t)p / PAGE + i;
		printf("touched %llu\n", page);
		if (is_major)
			printf("major %llu\n", page);
	}
}

static bool is_cached(char *p, size_t n)
{
	unsigned char *there = malloc(n);
	bool is_any = !there || mincore(p, n * PAGE, there);
	for (size_t i = 0; !is_any && i < n; i++)
		is_any = there[i] & 1;
	free(there);
	return is_any;
}

static int of_file(const char *path, size_t n)
{
	char page[PAGE];
	memset(page, 7, sizeof(page));
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	for (size_t i = 0; i < n; i++)
		if (write(fd, page, PAGE) != PAGE)
			return 1;
	if (fsync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		return 1;
	char *p = mmap(NULL, n * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED || madvise(p, n * PAGE, MADV_RANDOM)) /* no readahead */
		return 1;
	if (is_cached(p, n))
		return 3;
	touch(p, n);
	for (size_t i = 0; i < n; i += STRIDE)
		print_frame(p + i * PAGE);
	return 0;
}

static int of_swap(size_t n)
{
	char *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || madvise(p, n * PAGE, MADV_NOHUGEPAGE))
		return 1;
	for (size_t i = 0; i < n * PAGE; i++)
		p[i] = (char)(i * i >> 7); /* not all the same: such pages are not written out */
	for (size_t i = 0; i < n; i++)
		print_frame(p + i * PAGE);
	madvise(p, n * PAGE, MADV_PAGEOUT);
	for (size_t i = 0; i < n; i++)
		if (!(entry_of(p + i * PAGE) >> 62 & 1))
			return 3;
	touch(p, n);
	return 0;
}

int main(int argc, char **argv)
{
	const size_t n = argc > 2 ? strtoul(argv[argc - 1], NULL, 10) : 0;
	if (!n || n > OUT_MOST)
		return 64;
	setvbuf(stdout, NULL, _IOFBF, 1 << 20);
	if (argc == 4 && !strcmp(argv[1], "file"))
		return of_file(argv[2], n);
	return argc == 3 && !strcmp(argv[1], "swap") ? of_swap(n) : 64;
}
