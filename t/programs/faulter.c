// SPDX-License-Identifier: MIT
/*
 * Makes page faults for tests of recordings.
 *
 *	faulter COUNT         so many first touches of pages, as fast as they go;
 *	                      prints the first and the last page number
 *	faulter COUNT MS      after so many ms of CLOCK_MONOTONIC, at a touch every
 *	                      100 us, kills its parent (the recorder) with SIGKILL;
 *	                      prints the time of that, ns of CLOCK_MONOTONIC
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, BATCH = 4096 };

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Always the same pages, so that a reader knows them. */
static volatile char *map_pages(void)
{
	void *p = mmap((void *)UINT64_C(0x200000000000), (size_t)BATCH * PAGE,
		       PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
		       -1, 0);
	if (p == MAP_FAILED || madvise(p, (size_t)BATCH * PAGE, MADV_NOHUGEPAGE)) {
		perror("faulter");
		exit(1);
	}
	return p;
}

static void touch_many(volatile char *pages, long count)
{
	for (long i = 0; i < count; i++) {
		if (i && i % BATCH == 0)
			madvise((void *)pages, (size_t)BATCH * PAGE, MADV_DONTNEED);
		pages[i % BATCH * PAGE] = 1;
	}
	printf("%lld %lld\n", (long long)(uintptr_t)pages / PAGE,
	       (long long)(uintptr_t)pages / PAGE + BATCH - 1);
}

static void touch_until(volatile char *pages, uint64_t end_ns)
{
	const pid_t recorder = getppid();
	for (long i = 0; now_ns() < end_ns; i++) {
		if (i % BATCH == 0)
			madvise((void *)pages, (size_t)BATCH * PAGE, MADV_DONTNEED);
		pages[i % BATCH * PAGE] = 1;
		nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
	}
	const uint64_t killed_ns = now_ns();
	kill(recorder, SIGKILL);
	printf("%llu\n", (unsigned long long)killed_ns);
}

int main(int argc, char **argv)
{
	if (argc != 2 && argc != 3)
		return 64;
	volatile char *pages = map_pages();
	if (argc == 2)
		touch_many(pages, atol(argv[1]));
	else
		touch_until(pages, now_ns() + (uint64_t)atol(argv[2]) * 1000000);
	return 0;
}
