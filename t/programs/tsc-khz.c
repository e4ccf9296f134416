// SPDX-License-Identifier: MIT
/*
 * The rate of this machine's time-stamp counter in kHz. A guest under TCG reads the host's counter
 * and fails to find out its rate on a busy host, so the guest lab tells it on the command line.
 * One clock is read between two readings of the other: of many such the tightest.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

struct reading {
	uint64_t ns, ticks;
};

static struct reading read_both(void)
{
	struct reading best = {};
	uint64_t least = UINT64_MAX;
	for (int i = 0; i < 1000; i++) {
		const uint64_t before = __rdtsc(), ns = now_ns(), after = __rdtsc();
		if (after - before >= least)
			continue;
		least = after - before;
		best = (struct reading){ ns, before + least / 2 };
	}
	return best;
}

int main(void)
{
	const struct reading from = read_both();
	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	const struct reading to = read_both();
	printf("%llu\n",
	       (unsigned long long)((to.ticks - from.ticks) * 1000000 / (to.ns - from.ns)));
	return 0;
}
