// SPDX-License-Identifier: MIT
/*
 * One pass over page accesses. Most of them end a gap shorter than every tau:
 * they cost a look at the table of blocks (four neighbouring pages, whose states
 * share a cache line) and that line, both asked for beforehand. Only longer
 * gaps reach the histograms.
 *
 * Whose a page is: the set of its users so far, as a number. There are few
 * sets, each with its histogram of gaps; a device's idle time is the sum over
 * the sets that hold it. Should there be too many, a page keeps the set it has.
 */
#include "replay/age.h"

#include "base/cluster.h"
#include "replay/pageids.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	BATCH = 2048, /* pages worked on at a time */
	AHEAD = 32,   /* states asked for beforehand */
	BLOCK_SHIFT = 2,
	BLOCK_PAGES = 1 << BLOCK_SHIFT,
	FIRST_PAGES = 1 << 12,
	COUNT_MAX = UINT16_MAX, /* a count that got here stays */
	NEVER_USED = 1U << 31,  /* of set: mapped, but not used yet */
	WRITE = ACCESS_TOUCH | ACCESS_WRITE,
	USERS = UINT16_MAX + 2, /* devices and the CPU */
	SHARED_MAX = 4096,      /* sets of several users: each of 1.5 KiB */
	SHARED_SLOTS = 4 * SHARED_MAX,
};

struct page {
	uint64_t last_ns; /* last use */
	uint32_t set;     /* of its users; 0: page not seen. May have NEVER_USED */
	uint16_t open;    /* mappings through which a device may write */
	uint16_t live;    /* areas in constant use */
};

_Static_assert(sizeof(struct page[BLOCK_PAGES]) == 64, "a block is a cache line");

#define NO_BLOCK UINT64_MAX /* block numbers have 62 bits */

/* Gaps of pages of a set, by the longest tau they reach. */
struct set {
	uint32_t *users; /* ascending indices into age.users */
	uint32_t nusers;
	uint64_t pages;
	uint64_t count[AGE_TAUS_MAX];
	age_page_ns sum_ns[AGE_TAUS_MAX];
};

struct user {
	unsigned dev;   /* or AGE_CPU */
	uint32_t alone; /* the set of this user only */
	uint64_t accesses;
	uint64_t refaults[AGE_TAUS_MAX], first_late[AGE_TAUS_MAX];
};

/* (set, user) -> the set with the user in it; open addressing */
struct join {
	uint32_t set, user, to;
};

struct age {
	uint64_t taus[AGE_TAUS_MAX];
	unsigned ntaus;
	struct pageids ids;
	struct page *pages;
	size_t npages;    /* that pages has room for */
	struct set *sets; /* from 1 on */
	uint32_t nsets, sets_cap;
	uint32_t shared[SHARED_SLOTS]; /* sets of two users or more, by hash */
	uint32_t nshared;
	bool is_cut; /* there would be more */
	struct user *users;
	uint32_t nusers, users_cap;
	struct join *joins;
	size_t njoins, joins_cap;
	struct age_result *results;
	struct cluster clusters[AGE_TAUS_MAX]; /* refaults by devices, by the longest tau reached */
	uint32_t user_of[USERS];               /* index + 1 by device number */
	struct gathered {
		size_t n, nblocks;
		uint64_t last; /* block */
		/* of each access: its row, and its block's place below with the page in it */
		uint32_t row[BATCH + 1], place[BATCH + 1];
		uint64_t block[BATCH + 1]; /* neighbours differ */
		uint32_t id[BATCH + 1];
	} work;
};

int age_new(const uint64_t *taus_ns, unsigned ntaus, struct age **out, struct err *e)
{
	struct age *a = calloc(1, sizeof(*a));
	*out = NULL;
	if (!a)
		return err_set(e, ERR_NOMEM, "out of memory");
	a->ntaus = ntaus;
	a->nsets = 1;
	a->work.last = NO_BLOCK;
	memcpy(a->taus, taus_ns, ntaus * sizeof(*taus_ns));
	const int rc = pageids_init(&a->ids, e);
	if (rc) {
		free(a);
		return rc;
	}
	*out = a;
	return 0;
}

static size_t page_bytes(const struct age *a)
{
	return a->npages * sizeof(*a->pages);
}

void age_free(struct age *a)
{
	if (!a)
		return;
	pageids_deinit(&a->ids);
	if (a->pages)
		munmap(a->pages, page_bytes(a));
	for (uint32_t i = 1; i < a->nsets; i++)
		free(a->sets[i].users);
	free(a->sets);
	free(a->users);
	free(a->joins);
	free(a->results);
	free(a);
}

size_t age_memory_bytes(const struct age *a)
{
	return sizeof(*a) + page_bytes(a) + pageids_bytes(&a->ids) +
	       a->sets_cap * sizeof(*a->sets) + a->users_cap * sizeof(*a->users) +
	       a->joins_cap * sizeof(*a->joins);
}

static int grow_pages(struct age *a, struct err *e)
{
	size_t n = a->npages ? a->npages : FIRST_PAGES;
	while (n < (size_t)a->ids.n << BLOCK_SHIFT)
		n *= 2;
	void *m = a->pages ? mremap(a->pages, page_bytes(a), n * sizeof(*a->pages), MREMAP_MAYMOVE)
			   : mmap(NULL, n * sizeof(*a->pages), PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m == MAP_FAILED)
		return err_set(e, ERR_NOMEM, "no memory for the ages of %zu pages", n);
	a->pages = m;
	a->npages = n;
	madvise(m, page_bytes(a), MADV_HUGEPAGE); /* advice only: failure costs speed */
	return 0;
}

/* ---- users and their sets ---- */

/* An array of cap items of a size with room for one more after n; NULL: no memory. */
static void *grow(void *items, uint32_t n, uint32_t *cap, size_t size)
{
	if (n < *cap)
		return items;
	const uint32_t more = *cap ? 2 * *cap : 8;
	char *grown = realloc(items, more * size);
	if (!grown)
		return NULL;
	memset(grown + *cap * size, 0, (more - *cap) * size);
	*cap = more;
	return grown;
}

/* A new set of these users (ascending); 0: no memory. */
static uint32_t new_set(struct age *a, const uint32_t *users, uint32_t n)
{
	struct set *sets = grow(a->sets, a->nsets, &a->sets_cap, sizeof(*sets));
	uint32_t *copy = malloc(n * sizeof(*copy));
	a->sets = sets ? sets : a->sets;
	if (!sets || !copy) {
		free(copy);
		return 0;
	}
	memcpy(copy, users, n * sizeof(*copy));
	a->sets[a->nsets].users = copy;
	a->sets[a->nsets].nusers = n;
	return a->nsets++;
}

/* The set of two users or more; `otherwise` when there are too many sets; 0: no memory. */
static uint32_t shared_set(struct age *a, const uint32_t *users, uint32_t n, uint32_t otherwise)
{
	uint64_t hash = n;
	for (uint32_t i = 0; i < n; i++)
		hash = (hash ^ users[i]) * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t at = (uint32_t)(hash >> 32) % SHARED_SLOTS;
	for (; a->shared[at]; at = (at + 1) % SHARED_SLOTS) {
		const struct set *s = &a->sets[a->shared[at]];
		if (s->nusers == n && !memcmp(s->users, users, n * sizeof(*users)))
			return a->shared[at];
	}
	if (a->nshared == SHARED_MAX) {
		a->is_cut = true;
		return otherwise;
	}
	const uint32_t set = new_set(a, users, n);
	a->shared[at] = set;
	a->nshared += set != 0;
	return set;
}

/* The set and one more user; the set itself where it has the user. 0: no memory. */
static uint32_t set_with(struct age *a, uint32_t set, uint32_t user)
{
	const struct set *s = &a->sets[set];
	uint32_t *users = malloc((s->nusers + 1) * sizeof(*users)), n = 0, i = 0;
	if (!users)
		return 0;
	for (; i < s->nusers && s->users[i] < user; i++)
		users[n++] = s->users[i];
	users[n++] = user;
	if (i < s->nusers && s->users[i] == user)
		i++;
	for (; i < s->nusers; i++)
		users[n++] = s->users[i];
	const uint32_t with = n == s->nusers ? set : shared_set(a, users, n, set);
	free(users);
	return with;
}

static struct join *find_join(struct join *joins, size_t cap, uint32_t set, uint32_t user)
{
	const uint64_t key = (uint64_t)set << 32 | user;
	size_t i = (key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (cap - 1);
	while (joins[i].to && (joins[i].set != set || joins[i].user != user))
		i = (i + 1) & (cap - 1);
	return &joins[i];
}

static bool grow_joins(struct age *a)
{
	const size_t cap = a->joins_cap ? 2 * a->joins_cap : 64;
	struct join *joins = calloc(cap, sizeof(*joins));
	if (!joins)
		return false;
	for (size_t i = 0; i < a->joins_cap; i++)
		if (a->joins[i].to)
			*find_join(joins, cap, a->joins[i].set, a->joins[i].user) = a->joins[i];
	free(a->joins);
	a->joins = joins;
	a->joins_cap = cap;
	return true;
}

static __attribute__((noinline)) uint32_t new_join(struct age *a, uint32_t set, uint32_t user)
{
	if (2 * a->njoins >= a->joins_cap && !grow_joins(a))
		return 0;
	const uint32_t to = set_with(a, set, user);
	if (to) {
		*find_join(a->joins, a->joins_cap, set, user) = (struct join){ set, user, to };
		a->njoins++;
	}
	return to;
}

/* 0: no memory */
static uint32_t join(struct age *a, uint32_t set, uint32_t user)
{
	const struct join *j = a->joins ? find_join(a->joins, a->joins_cap, set, user) : NULL;
	return j && j->to ? j->to : new_join(a, set, user);
}

/* Index of a user, made if need be; UINT32_MAX: no memory. */
static __attribute__((noinline)) uint32_t new_user(struct age *a, unsigned dev)
{
	struct user *users = grow(a->users, a->nusers, &a->users_cap, sizeof(*users));
	if (!users)
		return UINT32_MAX;
	a->users = users;
	const uint32_t alone = new_set(a, &a->nusers, 1);
	if (!alone)
		return UINT32_MAX;
	a->users[a->nusers].dev = dev;
	a->users[a->nusers].alone = alone;
	a->user_of[dev] = ++a->nusers;
	return a->nusers - 1;
}

static inline uint32_t user_of(struct age *a, unsigned dev)
{
	return a->user_of[dev] ? a->user_of[dev] - 1 : new_user(a, dev);
}

/* ---- accesses ---- */

/* The longest tau that a gap reaches; gap is at least the shortest. */
static unsigned bucket(const struct age *a, uint64_t gap_ns)
{
	unsigned i = a->ntaus - 1;
	while (a->taus[i] > gap_ns)
		i--;
	return i;
}

static void end_gap(struct age *a, const struct page *p, uint64_t gap_ns, struct user *ended_by)
{
	const unsigned i = bucket(a, gap_ns);
	struct set *s = &a->sets[p->set];
	if (ended_by) {
		ended_by->refaults[i]++;
		if (ended_by->dev != AGE_CPU)
			cluster_count(&a->clusters[i], (uint64_t)(p - a->pages));
	}
	if (p->live)
		return;
	s->count[i]++;
	s->sum_ns[i] += gap_ns;
}

static inline uint16_t count_up(uint16_t n)
{
	return (uint16_t)(n + (n < COUNT_MAX));
}

static inline uint16_t count_down(uint16_t n)
{
	return (uint16_t)(n - (n && n < COUNT_MAX));
}

/* The page is used at ts: ends its gap. */
static inline void use(struct age *a, struct page *p, uint64_t ts, struct user *u)
{
	if (__builtin_expect(!p->set || p->set & NEVER_USED, 0)) {
		if (ts >= a->taus[0])
			u->first_late[bucket(a, ts)]++;
		p->set &= ~(uint32_t)NEVER_USED;
	} else if (ts > p->last_ns && ts - p->last_ns >= a->taus[0]) {
		end_gap(a, p, ts - p->last_ns, u);
	}
	p->last_ns = ts > p->last_ns ? ts : p->last_ns;
}

/*
 * Touches counted over a period: the page is used at its begin, and again until
 * its end where there was more than one.
 */
static void use_until(struct page *p, const struct access_batch *b, uint32_t row)
{
	uint64_t end;
	if (!b->count || b->count[row] < 2 || b->period_ns[row] == UINT64_MAX ||
	    __builtin_add_overflow(b->ts_ns[row], b->period_ns[row], &end))
		return;
	p->last_ns = end > p->last_ns ? end : p->last_ns;
}

/* The page has one more user; false: no memory. */
static inline bool own(struct age *a, struct page *p, uint32_t user)
{
	if (__builtin_expect(p->set == a->users[user].alone, 1))
		return true;
	const uint32_t flag = p->set & NEVER_USED, set = p->set & ~(uint32_t)NEVER_USED;
	const uint32_t to = set ? join(a, set, user) : a->users[user].alone;
	p->set = to | flag;
	return to;
}

static bool hold(struct age *a, struct page *p, uint64_t ts, uint32_t user, unsigned what)
{
	if (what & ACCESS_LIVE_END) { /* in use until now, also where it began before the trace */
		p->live = count_down(p->live);
		p->last_ns = ts > p->last_ns ? ts : p->last_ns;
		p->set &= ~(uint32_t)NEVER_USED;
	}
	if (what & ACCESS_LIVE_BEGIN)
		p->live = count_up(p->live);
	if (what & ACCESS_CLOSE)
		p->open = count_down(p->open);
	if (what & ACCESS_OPEN) {
		if (!p->set) {
			p->set = NEVER_USED;
			p->last_ns = ts;
		}
		p->open = count_up(p->open);
	}
	return own(a, p, user);
}

static inline struct page *page_at(const struct age *a, size_t i)
{
	const uint32_t place = a->work.place[i];
	return &a->pages[((size_t)a->work.id[place >> BLOCK_SHIFT] << BLOCK_SHIFT) +
			 place % BLOCK_PAGES];
}

/* Works on the accesses that were gathered. */
static int flush(struct age *a, const struct access_batch *b, struct err *e)
{
	struct gathered *g = &a->work;
	const size_t n = g->n;
	int rc = pageids_map(&a->ids, g->block, g->nblocks, g->id, e);
	if (!rc && (size_t)a->ids.n << BLOCK_SHIFT > a->npages)
		rc = grow_pages(a, e);
	if (rc)
		return rc;

	for (size_t i = 0; i < AHEAD && i < n; i++)
		__builtin_prefetch(page_at(a, i), 1);
	for (size_t i = 0; i < n; i++) {
		__builtin_prefetch(page_at(a, i + AHEAD < n ? i + AHEAD : i), 1);
		const uint32_t row = g->row[i];
		const unsigned what = b->what[row];
		const uint32_t user = user_of(a, what & ACCESS_BY_CPU ? AGE_CPU : b->dev[row]);
		if (__builtin_expect(user == UINT32_MAX, 0))
			return err_set(e, ERR_NOMEM, "out of memory");
		struct page *p = page_at(a, i);
		bool is_ok = true;
		if (what & ACCESS_TOUCH) {
			use(a, p, b->ts_ns[row], &a->users[user]);
			a->users[user].accesses++;
			if (what & ACCESS_BY_CPU)
				use_until(p, b, row);
			is_ok = own(a, p, user);
		}
		/* of areas whose uses are rows, those say all */
		const unsigned rest =
			what & ACCESS_SWEPT ? 0 : what & ~(unsigned)(WRITE | ACCESS_BY_CPU);
		if (rest)
			is_ok &= hold(a, p, b->ts_ns[row], user, rest);
		if (__builtin_expect(!is_ok, 0))
			return err_set(e, ERR_NOMEM, "out of memory");
	}
	g->n = g->nblocks = 0;
	g->last = NO_BLOCK;
	return 0;
}

/* Adds an access; without a branch, as whether a row is one is anyone's guess. */
static inline void gather(struct gathered *g, uint64_t page, uint32_t row, bool is_access)
{
	const uint64_t block = page >> BLOCK_SHIFT;
	const bool is_new = is_access & (block != g->last);
	g->block[g->nblocks] = block;
	g->nblocks += is_new;
	g->last = is_access ? block : g->last;
	g->row[g->n] = row;
	g->place[g->n] = (uint32_t)((g->nblocks - 1) << BLOCK_SHIFT | page % BLOCK_PAGES);
	g->n += is_access;
}

int age_add(struct age *a, const struct access_batch *b, struct err *e)
{
	struct gathered *g = &a->work;
	for (size_t i = 0; i < b->n; i++) {
		uint32_t left = b->npages[i];
		if (__builtin_expect(left == 1, 1)) {
			gather(g, b->first[i], (uint32_t)i, b->what[i]);
		} else if (b->what[i]) {
			for (uint64_t page = b->first[i]; left; left--, page++) {
				gather(g, page, (uint32_t)i, true);
				const int rc = g->n == BATCH ? flush(a, b, e) : 0;
				if (rc)
					return rc;
			}
		}
		const int rc = g->n == BATCH ? flush(a, b, e) : 0;
		if (rc)
			return rc;
	}
	return flush(a, b, e);
}

/* ---- results ---- */

/* The gaps of pages that were not used again, up to the end of the trace. */
static void end_pages(struct age *a, uint64_t end_ns)
{
	for (size_t i = 0; i < (size_t)a->ids.n << BLOCK_SHIFT; i++) {
		struct page *p = &a->pages[i];
		if (!p->set)
			continue;
		p->set &= ~(uint32_t)NEVER_USED;
		a->sets[p->set].pages++;
		if (!p->open && !p->live && end_ns > p->last_ns &&
		    end_ns - p->last_ns >= a->taus[0])
			end_gap(a, p, end_ns - p->last_ns, NULL);
	}
}

/* Adds the gaps of a set: those of at least tau, each less tau. */
static void add_set(const struct age *a, struct age_result *r, const struct set *s)
{
	age_page_ns sum = 0, count = 0;
	r->pages += s->pages;
	for (unsigned i = a->ntaus; i-- > 0;) {
		sum += s->sum_ns[i];
		count += s->count[i];
		r->idle[i] += sum - count * a->taus[i];
	}
}

static void add_user(const struct age *a, struct age_result *r, const struct user *u)
{
	uint64_t refaults = 0, late = 0;
	for (unsigned i = a->ntaus; i-- > 0;) {
		refaults += u->refaults[i];
		late += u->first_late[i];
		r->refaults[i] += refaults;
		r->first_late[i] += late;
	}
}

static void add_squares(const struct age *a, struct age_result *total)
{
	struct cluster sum = {};
	for (unsigned i = a->ntaus; i-- > 0;) {
		for (unsigned k = 0; k < CLUSTER_GROUPS; k++)
			sum.n[k] += a->clusters[i].n[k];
		total->squares[i] = cluster_squares(&sum);
	}
}

static int by_dev(const void *x, const void *y)
{
	const struct age_result *a = x, *b = y;
	return (a->dev > b->dev) - (a->dev < b->dev);
}

int age_finish(struct age *a, uint64_t end_ns, const struct age_result **results_out,
	       size_t *nresults_out, struct err *e)
{
	const size_t n = a->nusers + 1;
	struct age_result *results = calloc(n, sizeof(*results));
	if (!results)
		return err_set(e, ERR_NOMEM, "out of memory");

	struct age_result *total = &results[a->nusers];
	total->dev = AGE_TOTAL;
	total->is_cut = a->is_cut;
	add_squares(a, total);
	end_pages(a, end_ns);
	for (uint32_t i = 1; i < a->nsets; i++) {
		add_set(a, total, &a->sets[i]);
		for (uint32_t k = 0; k < a->sets[i].nusers; k++)
			add_set(a, &results[a->sets[i].users[k]], &a->sets[i]);
	}
	for (uint32_t i = 0; i < a->nusers; i++) {
		results[i].dev = a->users[i].dev;
		results[i].accesses = a->users[i].accesses;
		results[i].is_cut = a->is_cut;
		total->accesses += a->users[i].accesses;
		add_user(a, &results[i], &a->users[i]);
		if (a->users[i].dev != AGE_CPU)
			add_user(a, total, &a->users[i]);
	}
	qsort(results, n, sizeof(*results), by_dev);
	a->results = results;
	*results_out = results;
	*nresults_out = n;
	return 0;
}
