// SPDX-License-Identifier: MIT
/*
 * Maps N regions of 2 MiB, reads one page of each, so that each has a page table of its own and no
 * memory, and runs a command meanwhile. Prints what /proc/meminfo calls PageTables, in pages,
 * before and after the command.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REGION = 2 << 20, PAGE_KIB = 4 };

static long table_pages(void)
{
	char line[200];
	long kib = -1;
	FILE *f = fopen("/proc/meminfo", "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "PageTables: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib / PAGE_KIB;
}

int main(int argc, char **argv)
{
	const size_t n = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	int status = 1;
	volatile char sum = 0;
	if (argc < 3)
		return 64;
	char *p = mmap(NULL, (n + 1) * REGION, PROT_READ,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED || madvise(p, (n + 1) * REGION, MADV_NOHUGEPAGE))
		return 1;
	p += REGION - (uintptr_t)p % REGION;
	for (size_t i = 0; i < n; i++)
		sum += p[i * REGION];
	const long before = table_pages();
	const pid_t child = fork();
	if (!child) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 1;
	printf("%ld %ld\n", before, table_pages());
	return WEXITSTATUS(status);
}
