// SPDX-License-Identifier: MIT
/*
 * Makes page faults for tests of recordings.
 *
 *	faulter COUNT         so many first touches of pages, as fast as they go;
 *	                      prints the first and the last page number
 *	faulter COUNT MS      after so many ms of CLOCK_MONOTONIC, at a touch every
 *	                      100 us, kills its parent (the recorder) with SIGKILL;
 *	                      prints the time of that, ns of CLOCK_MONOTONIC, and how
 *	                      many ns of the last second before the machine was busy
 *	                      with others: the recorder waited for a CPU (schedstat),
 *	                      or this process, at its longest, overslept
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, BATCH = 4096, TURN_NS = 100000, TURNS_LAST = 10000 };

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

/* What a process has waited for a CPU until now (proc_pid_schedstat(5)); 0 where that is not told.
 */
static uint64_t waited_ns(pid_t pid)
{
	char path[64];
	unsigned long long ran, waited;
	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	FILE *f = fopen(path, "r");
	if (!f || fscanf(f, "%llu %llu", &ran, &waited) != 2)
		waited = 0;
	if (f)
		fclose(f);
	return waited;
}

struct turn {
	uint64_t at_ns, waited_ns;
};

/* Of the last second, or as many turns as are kept. */
static uint64_t held_back_ns(const struct turn *turns, long n)
{
	const struct turn *last = &turns[(n - 1) % TURNS_LAST], *first = last;
	uint64_t longest = 0;
	for (long i = n - 1; i > 0 && i > n - TURNS_LAST; i--) {
		const struct turn *t = &turns[i % TURNS_LAST],
				  *before = &turns[(i - 1) % TURNS_LAST];
		if (last->at_ns - before->at_ns > 1000000000)
			break;
		if (t->at_ns - before->at_ns > longest)
			longest = t->at_ns - before->at_ns;
		first = before;
	}
	const uint64_t waited = last->waited_ns - first->waited_ns;
	longest = longest > TURN_NS ? longest - TURN_NS : 0;
	return waited > longest ? waited : longest;
}

static void touch_until(volatile char *pages, uint64_t end_ns)
{
	static struct turn turns[TURNS_LAST];
	const pid_t recorder = getppid();
	long n = 0;
	for (uint64_t at; (at = now_ns()) < end_ns || !n; n++) {
		turns[n % TURNS_LAST] = (struct turn){ at, waited_ns(recorder) };
		if (n % BATCH == 0)
			madvise((void *)pages, (size_t)BATCH * PAGE, MADV_DONTNEED);
		pages[n % BATCH * PAGE] = 1;
		nanosleep(&(struct timespec){ .tv_nsec = TURN_NS }, NULL);
	}
	turns[n % TURNS_LAST] = (struct turn){ now_ns(), waited_ns(recorder) };
	const uint64_t killed_ns = now_ns();
	kill(recorder, SIGKILL);
	printf("%llu %llu\n", (unsigned long long)killed_ns,
	       (unsigned long long)held_back_ns(turns, n + 1));
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
