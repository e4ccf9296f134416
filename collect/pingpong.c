// SPDX-License-Identifier: MIT
/*
 * The counter is odd on its way there and even on its way back. No pause
 * instruction while waiting: on some processors it takes longer than the line.
 */
#include "collect/pingpong.h"

#include "base/units.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	LINE_BYTES = 128, /* two lines: the neighbour is fetched along */
	SPINS_A_LOOK = 1 << 14,
};

struct exchange {
	_Alignas(LINE_BYTES) atomic_uint counter;
	_Alignas(LINE_BYTES) atomic_bool is_over;
	uint64_t deadline_ns;
	uint32_t total; /* exchanges of all rounds */
	unsigned partner_cpu;
	atomic_int partner_error;
};

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

/* False when the time is over; both sides then give up. */
static bool wait_for(struct exchange *x, unsigned value)
{
	for (unsigned spins = 1;; spins++) {
		if (atomic_load_explicit(&x->counter, memory_order_acquire) == value)
			return true;
		if (spins % SPINS_A_LOOK)
			continue;
		if (atomic_load(&x->is_over) || now_ns() >= x->deadline_ns)
			break;
	}
	atomic_store(&x->is_over, true);
	return false;
}

static int pin(unsigned cpu)
{
	cpu_set_t *set = CPU_ALLOC(PINGPONG_CPUS_MAX);
	if (!set)
		return ENOMEM;
	const size_t size = CPU_ALLOC_SIZE(PINGPONG_CPUS_MAX);
	CPU_ZERO_S(size, set);
	CPU_SET_S(cpu, size, set);
	const int rc = sched_setaffinity(0, size, set) ? errno : 0;
	CPU_FREE(set);
	return rc;
}

static void *answer(void *arg)
{
	struct exchange *x = arg;
	const int rc = pin(x->partner_cpu);
	if (rc) {
		atomic_store(&x->partner_error, rc);
		atomic_store(&x->is_over, true);
		return NULL;
	}
	for (uint32_t i = 0; i < x->total && wait_for(x, 2 * i + 1); i++)
		atomic_store_explicit(&x->counter, 2 * i + 2, memory_order_release);
	return NULL;
}

/* One round from exchange `first` on; 0 when the time was over. */
static uint64_t one_way_ps(struct exchange *x, uint32_t first, uint32_t exchanges)
{
	const uint64_t start = now_ns();
	for (uint32_t i = first; i < first + exchanges; i++) {
		atomic_store_explicit(&x->counter, 2 * i + 1, memory_order_release);
		if (!wait_for(x, 2 * i + 2))
			return 0;
	}
	const uint64_t ps = (now_ns() - start) * 1000 / (2 * (uint64_t)exchanges);
	return ps ? ps : 1;
}

static int by_value(const void *pa, const void *pb)
{
	const uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;
	return (a > b) - (a < b);
}

/* How many rounds were done. The first one, in which the partner starts, does not count. */
static uint32_t all_rounds(struct exchange *x, const struct pingpong_config *c, uint64_t *ps)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i <= c->rounds; i++) {
		const uint64_t one = one_way_ps(x, i * c->exchanges, c->exchanges);
		if (!one)
			break;
		if (i)
			ps[n++] = one;
	}
	atomic_store(&x->is_over, true);
	return n;
}

static int with_partner(struct exchange *x, const struct pingpong_config *c, uint64_t *ps,
			uint32_t *n_out, struct err *e)
{
	pthread_t partner;
	const int rc = pthread_create(&partner, NULL, answer, x);
	if (rc)
		return err_set(e, ERR_IO, "no thread: %s", strerror(rc));
	*n_out = all_rounds(x, c, ps);
	pthread_join(partner, NULL);
	const int failed = atomic_load(&x->partner_error);
	return failed ? err_set(e, ERR_PERM, "CPU %u: %s", x->partner_cpu, strerror(failed)) : 0;
}

int pingpong_measure(unsigned a, unsigned b, const struct pingpong_config *c, uint64_t *ps_out,
		     struct err *e)
{
	uint32_t n = 0;
	const int failed = pin(a);
	if (failed)
		return err_set(e, ERR_PERM, "CPU %u: %s", a, strerror(failed));
	struct exchange *x = aligned_alloc(LINE_BYTES, sizeof(*x));
	uint64_t *ps = calloc(c->rounds, sizeof(*ps));
	int rc = x && ps ? 0 : err_set(e, ERR_NOMEM, "out of memory");
	if (!rc) {
		memset(x, 0, sizeof(*x));
		x->deadline_ns = c->deadline_ns;
		x->total = (c->rounds + 1) * c->exchanges;
		x->partner_cpu = b;
		rc = with_partner(x, c, ps, &n, e);
	}
	if (!rc && n) {
		qsort(ps, n, sizeof(*ps), by_value);
		*ps_out = ps[c->is_median ? n / 2 : 0];
		rc = 1;
	}
	free(x);
	free(ps);
	return rc;
}
