// SPDX-License-Identifier: MIT
/*
 * Writes pages of a registered mapping when it is told to, and says which: the truth that touch is
 * compared with. A copy named qemu-system-x86_64 passes for a VMM: its mapping has the size of -m.
 *
 *	toucher [-machine M] -m N{M}   commands, one a line, on its standard input:
 *		write PAGE, read PAGE (numbers within the mapping); anything else ends it
 *
 * Prints "ready FIRST_PAGE NPAGES", then "done" after each command. Status 3: no asynchronous
 * write-protection here.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096, USER_MODE_ONLY = 1 };

/* Linux 5.19 and 6.7, newer than the headers of Debian 12 */
static const uint64_t wp_unpopulated = 1 << 13, wp_async = 1 << 15;

static int register_range(char *p, size_t bytes)
{
	const int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | USER_MODE_ONLY);
	struct uffdio_api api = { .api = UFFD_API, .features = wp_unpopulated | wp_async };
	struct uffdio_register range = { .range = { (uintptr_t)p, bytes },
					 .mode = UFFDIO_REGISTER_MODE_WP };
	struct uffdio_writeprotect protect = { .range = range.range,
					       .mode = UFFDIO_WRITEPROTECT_MODE_WP };
	return fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &range) ||
	       ioctl(fd, UFFDIO_WRITEPROTECT, &protect);
}

static void say(const char *text)
{
	fputs(text, stdout);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const size_t bytes = argc > 2 ? strtoul(argv[argc - 1], NULL, 10) << 20 : 0;
	char line[80];
	unsigned long page;
	if (!bytes)
		return 64;
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || madvise(p, bytes, MADV_NOHUGEPAGE) ||
	    madvise(p, bytes, MADV_DONTFORK))
		return 1;
	if (register_range(p, bytes))
		return 3;
	snprintf(line, sizeof(line), "ready %zu %zu\n", (size_t)((uintptr_t)p / PAGE),
		 bytes / PAGE);
	say(line);
	while (fgets(line, sizeof(line), stdin)) {
		const int is_write = sscanf(line, "write %lu", &page) == 1;
		if (!is_write && sscanf(line, "read %lu", &page) != 1)
			break;
		volatile char *at = p + page % (bytes / PAGE) * PAGE;
		if (is_write)
			*at = 1;
		else
			(void)*at;
		say("done\n");
	}
	return 0;
}
