// SPDX-License-Identifier: MIT
/*
 * The rate of this machine's time-stamp counter in kHz. A guest under TCG reads the host's counter
 * and fails to find out its rate on a busy host, so the guest lab tells it on the command line.
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

int main(void)
{
	const uint64_t from_ns = now_ns(), from = __rdtsc();
	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	const uint64_t ns = now_ns() - from_ns, ticks = __rdtsc() - from;
	printf("%llu\n", (unsigned long long)(ticks * 1000000 / ns));
	return 0;
}
