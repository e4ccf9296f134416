// SPDX-License-Identifier: MIT
/*
 * Requests in order of submission: a ring whose head leaves when it is
 * complete, with two doubly linked hash chains over it (device and sector;
 * controller, queue and command). The oldest of equal requests completes first.
 */
#include "collect/iojoin.h"

#include "base/units.h"

#include <stdlib.h>
#include <string.h>

enum {
	REQUESTS_MIN = 64,
	REQUESTS_MAX = 1 << 16,
	CHAIN_MAX = 256, /* entries looked at */
	SETUPS = 4,      /* nvme_setup_cmd per CPU that wait for their block_rq_issue */
	CPUS_MAX = 1 << 12,
	NAMESPACES_MAX = 64,
};

#define NO_SLOT UINT64_MAX
static const uint64_t no_sector = UINT64_MAX;

enum { BY_SECTOR, BY_COMMAND, CHAINS };

enum {
	HAS_BLOCK = 1,
	HAS_NVME = 2,
	BLOCK_DONE = 4,
	NVME_DONE = 8,
	IS_VOID = 16, /* moved to a later slot */
	IS_LOST = 32, /* its command number is in use again: the completion was lost */
};

struct request {
	struct io_event row;
	uint32_t flags;
	uint16_t block_dev; /* as the block events name it */
	uint32_t ctrl, nsid, nlb;
	uint64_t slba;
	uint64_t next_sector; /* where the next completed part starts */
	uint64_t left;        /* bytes not completed yet */
	uint64_t done_ts;     /* of nvme_complete_rq */
	int32_t pid;
	uint64_t next[CHAINS], prev[CHAINS]; /* slots; NO_SLOT ends */
	uint32_t bucket[CHAINS];
	bool is_linked[CHAINS];
};

struct setups {
	uint64_t slot[SETUPS]; /* newest first */
};

struct namespace
{
	uint32_t ctrl, nsid, block_bytes;
};

struct bucket {
	uint64_t first, last;
};

struct iojoin {
	struct iojoin_options o;
	struct iojoin_stats stats;
	struct request *requests; /* ring, [head, tail) */
	uint64_t head, tail, mask;
	struct bucket *buckets[CHAINS]; /* mask + 1 each */
	struct setups *setups;
	uint32_t nsetups;
	struct namespace namespaces[NAMESPACES_MAX];
	uint32_t nnamespaces;
};

/* ---- ring and chains ---- */

static struct request *request_at(struct iojoin *j, uint64_t slot)
{
	return &j->requests[slot & j->mask];
}

static uint32_t hash(uint64_t a, uint64_t b)
{
	return (uint32_t)((a * UINT64_C(0x9e3779b97f4a7c15) + b) * UINT64_C(0xd6e8feb86659fd93) >>
			  32);
}

static uint64_t command_key(const struct request *r)
{
	return (uint64_t)r->ctrl << 32 | (uint64_t)r->row.qid << 16 | r->row.cid;
}

static void link_in(struct iojoin *j, uint64_t slot, int by)
{
	struct request *r = request_at(j, slot);
	const uint32_t h = by == BY_SECTOR ? hash(r->next_sector, r->block_dev)
					   : hash(command_key(r), 0);
	r->bucket[by] = h;
	struct bucket *b = &j->buckets[by][h & j->mask];
	r->next[by] = NO_SLOT;
	r->prev[by] = b->last;
	if (b->last == NO_SLOT)
		b->first = slot;
	else
		request_at(j, b->last)->next[by] = slot;
	b->last = slot;
	r->is_linked[by] = true;
}

static void link_out(struct iojoin *j, uint64_t slot, int by)
{
	struct request *r = request_at(j, slot);
	if (!r->is_linked[by])
		return;
	struct bucket *b = &j->buckets[by][r->bucket[by] & j->mask];
	*(r->prev[by] == NO_SLOT ? &b->first : &request_at(j, r->prev[by])->next[by]) = r->next[by];
	*(r->next[by] == NO_SLOT ? &b->last : &request_at(j, r->next[by])->prev[by]) = r->prev[by];
	r->is_linked[by] = false;
}

/* Doubles the ring; slots keep their numbers, chains are made anew in their order. */
static int grow(struct iojoin *j, struct err *e)
{
	const uint64_t n = j->requests ? 2 * (j->mask + 1) : REQUESTS_MIN;
	struct request *fresh = malloc(n * sizeof(*fresh));
	struct bucket *buckets[CHAINS];
	bool is_short = !fresh;
	for (int by = 0; by < CHAINS; by++) {
		buckets[by] = malloc(n * sizeof(*buckets[by]));
		is_short |= !buckets[by];
	}
	if (is_short) {
		free(fresh);
		for (int by = 0; by < CHAINS; by++)
			free(buckets[by]);
		return err_set(e, ERR_NOMEM, "no memory for %llu open requests",
			       (unsigned long long)n);
	}
	for (uint64_t slot = j->head; slot < j->tail; slot++)
		fresh[slot & (n - 1)] = *request_at(j, slot);
	free(j->requests);
	j->requests = fresh;
	j->mask = n - 1;
	for (int by = 0; by < CHAINS; by++) {
		free(j->buckets[by]);
		j->buckets[by] = buckets[by];
		memset(buckets[by], 0xff, n * sizeof(*buckets[by]));
	}
	for (uint64_t slot = j->head; slot < j->tail; slot++)
		for (int by = 0; by < CHAINS; by++)
			if (request_at(j, slot)->is_linked[by])
				link_in(j, slot, by);
	return 0;
}

static bool is_complete(const struct iojoin *j, const struct request *r)
{
	if (r->flags & (IS_VOID | IS_LOST | BLOCK_DONE))
		return true;
	return r->flags & NVME_DONE && !(r->flags & HAS_BLOCK && j->o.has_block_complete);
}

/* Latency of a row that ends at ts; clocks of CPUs may differ by a little. */
static uint64_t since(uint64_t ts, uint64_t start)
{
	return ts > start ? ts - start : 0;
}

static uint32_t block_bytes(const struct iojoin *j, const struct request *r)
{
	for (uint32_t i = 0; i < j->nnamespaces; i++)
		if (j->namespaces[i].ctrl == r->ctrl && j->namespaces[i].nsid == r->nsid)
			return j->namespaces[i].block_bytes;
	return 0;
}

static int pop(struct iojoin *j, struct err *e)
{
	struct request *r = request_at(j, j->head);
	for (int by = 0; by < CHAINS; by++)
		link_out(j, j->head, by);
	struct io_event row = r->row;
	const uint32_t flags = r->flags;

	j->head++;
	if (flags & IS_VOID)
		return 0;
	row.source = flags & HAS_NVME ? flags & HAS_BLOCK ? IOJOIN_BOTH : IOJOIN_NVME
				      : IOJOIN_BLOCK;
	if (!(flags & BLOCK_DONE))
		row.lat = flags & NVME_DONE ? since(r->done_ts, row.ts) : UINT64_MAX;
	if (row.lat == UINT64_MAX)
		j->stats.incomplete++;
	if (!(flags & HAS_BLOCK) && r->nlb) {
		uint32_t size = block_bytes(j, r);
		if (!size) {
			j->stats.guessed_lba++;
			size = BLOCK_BYTES;
		}
		row.lba = r->slba * (size / BLOCK_BYTES);
		row.bytes = (uint64_t)r->nlb * size;
	}
	return j->o.row(j->o.ctx, &row, e);
}

static int release(struct iojoin *j, struct err *e)
{
	while (j->head < j->tail && is_complete(j, request_at(j, j->head))) {
		const int rc = pop(j, e);
		if (rc)
			return rc;
	}
	return 0;
}

/* A new request at the tail, not linked yet. */
static int push(struct iojoin *j, const struct request *r, uint64_t *slot_out, struct err *e)
{
	if (!j->requests || j->tail - j->head > j->mask) {
		const int rc = j->requests && j->mask + 1 == REQUESTS_MAX ? pop(j, e) : grow(j, e);
		if (rc)
			return rc;
	}
	*slot_out = j->tail++;
	*request_at(j, *slot_out) = *r;
	return 0;
}

/* ---- operations ---- */

/* The kernel's letters: [F] op [F][A][S][M]: the first F is a flush in front of the operation. */
static uint8_t op_of_rwbs(const char rwbs[8])
{
	const char *p = rwbs;
	if (p[0] == 'F' && p[1] && strchr("WDFRN", p[1]))
		p++;
	switch (*p) {
	case 'R':
		return IO_READ;
	case 'W':
		return IO_WRITE;
	case 'D':
		return IO_DISCARD;
	case 'F':
		return IO_FLUSH;
	default:
		return IO_OTHER;
	}
}

static uint8_t op_of_nvme(const struct iojoin_nvme *n)
{
	static const uint8_t ops[] = {
		[0] = IO_FLUSH, [1] = IO_WRITE, [2] = IO_READ, [3] = IO_OTHER, [9] = IO_DISCARD
	};
	if (!n->qid || n->opcode > 9 || (n->opcode > 2 && n->opcode < 9))
		return IO_OTHER;
	return ops[n->opcode];
}

/* ---- block ---- */

static struct setups *setups_of(struct iojoin *j, uint32_t cpu)
{
	if (cpu >= CPUS_MAX)
		return NULL;
	if (cpu >= j->nsetups) {
		const uint32_t n = cpu + 1;
		struct setups *p = realloc(j->setups, n * sizeof(*p));
		if (!p)
			return NULL; /* then the two events make two rows */
		memset(p + j->nsetups, 0xff, (n - j->nsetups) * sizeof(*p));
		j->setups = p;
		j->nsetups = n;
	}
	return &j->setups[cpu];
}

/* May this command be the request that is issued? Its block size must come out as one. */
static bool is_same_request(const struct iojoin *j, const struct request *r,
			    const struct iojoin_block *b)
{
	const uint8_t op = op_of_rwbs(b->rwbs);
	if (r->row.op != op && !(r->row.op == IO_OTHER || op == IO_OTHER))
		return false;
	if (!r->nlb)
		return true;
	if (!b->bytes || b->bytes % r->nlb)
		return false;
	const uint32_t size = b->bytes / r->nlb, known = block_bytes(j, r);
	return size >= BLOCK_BYTES && !(size & (size - 1)) && (!known || known == size) &&
	       b->sector == r->slba * (size / BLOCK_BYTES);
}

static void learn_block_bytes(struct iojoin *j, const struct request *r, uint32_t bytes)
{
	if (r->nlb && !block_bytes(j, r) && j->nnamespaces < NAMESPACES_MAX)
		j->namespaces[j->nnamespaces++] =
			(struct namespace){ r->ctrl, r->nsid, bytes / r->nlb };
}

/* The nvme_setup_cmd of this issue, taken out of the waiting ones; NO_SLOT if there is none. */
static uint64_t take_setup(struct iojoin *j, const struct iojoin_context *c,
			   const struct iojoin_block *b)
{
	struct setups *s = c->cpu < j->nsetups ? &j->setups[c->cpu] : NULL;
	for (unsigned i = 0; s && i < SETUPS; i++) {
		const uint64_t slot = s->slot[i];
		if (slot == NO_SLOT || slot < j->head)
			continue;
		const struct request *r = request_at(j, slot);
		if (r->flags & (HAS_BLOCK | IS_VOID) || r->pid != c->pid ||
		    !is_same_request(j, r, b))
			continue;
		s->slot[i] = NO_SLOT;
		return slot;
	}
	return NO_SLOT;
}

/*
 * The command that was set up for a block request becomes part of its row, which moves to the
 * time of its issue, maybe after other submissions.
 */
static void take_over(struct iojoin *j, uint64_t setup, struct request *r)
{
	struct request *old = request_at(j, setup);
	learn_block_bytes(j, old, r->left);
	r->flags |= old->flags & (HAS_NVME | NVME_DONE);
	r->row.qid = old->row.qid;
	r->row.cid = old->row.cid;
	if (!old->row.qid)
		r->row.dev = old->row.dev; /* the block layer has no name for it */
	if (old->row.op != IO_OTHER)
		r->row.op = old->row.op;
	r->ctrl = old->ctrl;
	r->nsid = old->nsid;
	r->nlb = old->nlb;
	r->slba = old->slba;
	r->done_ts = old->done_ts;
	old->flags |= IS_VOID;
	link_out(j, setup, BY_COMMAND);
	j->stats.joined++;
}

int iojoin_block_issue(struct iojoin *j, const struct iojoin_context *c,
		       const struct iojoin_block *b, struct err *e)
{
	const bool is_plain = b->sectors && b->sector != no_sector;
	struct request r = {
		.row = { .ts = c->ts,
			 .lat = UINT64_MAX,
			 .dev = b->dev,
			 .qid = UINT16_MAX,
			 .cid = UINT16_MAX,
			 .op = op_of_rwbs(b->rwbs),
			 .lba = is_plain ? b->sector : UINT64_MAX,
			 .bytes = b->bytes },
		.flags = HAS_BLOCK,
		.block_dev = b->dev,
		.next_sector = is_plain ? b->sector : no_sector,
		.left = b->bytes,
		.pid = c->pid,
	};
	const uint64_t setup = take_setup(j, c, b);
	if (setup != NO_SLOT)
		take_over(j, setup, &r);

	uint64_t slot;
	const int rc = push(j, &r, &slot, e);
	if (rc)
		return rc;
	link_in(j, slot, BY_SECTOR);
	if (r.flags & HAS_NVME)
		link_in(j, slot, BY_COMMAND);
	return release(j, e);
}

/* The oldest open request at this sector, rather one that the driver has completed. */
static uint64_t find_sector(struct iojoin *j, uint16_t dev, uint64_t sector)
{
	if (!j->requests)
		return NO_SLOT;
	uint64_t found = NO_SLOT;
	uint64_t slot = j->buckets[BY_SECTOR][hash(sector, dev) & j->mask].first;
	for (unsigned i = 0; slot != NO_SLOT && i < CHAIN_MAX; i++) {
		const struct request *r = request_at(j, slot);
		if (r->next_sector == sector && r->block_dev == dev) {
			if (r->flags & NVME_DONE || !(r->flags & HAS_NVME))
				return slot;
			if (found == NO_SLOT)
				found = slot;
		}
		slot = r->next[BY_SECTOR];
	}
	return found;
}

int iojoin_block_complete(struct iojoin *j, const struct iojoin_context *c,
			  const struct iojoin_block *b, struct err *e)
{
	const uint64_t slot = find_sector(j, b->dev, b->sector);
	if (slot == NO_SLOT) {
		j->stats.orphans++;
		return 1;
	}
	struct request *r = request_at(j, slot);
	const uint64_t done = (uint64_t)b->sectors * BLOCK_BYTES;
	link_out(j, slot, BY_SECTOR);
	if (b->sector != no_sector && b->sectors && done < r->left) {
		r->left -= done;
		r->next_sector += b->sectors;
		link_in(j, slot, BY_SECTOR);
		return 0;
	}
	link_out(j, slot, BY_COMMAND);
	r->row.lat = since(c->ts, r->row.ts);
	r->flags |= BLOCK_DONE;
	return release(j, e);
}

int iojoin_block_requeue(struct iojoin *j, const struct iojoin_block *b, struct err *e)
{
	const uint64_t slot = find_sector(j, b->dev, b->sector);
	if (slot == NO_SLOT) {
		j->stats.orphans++;
		return 1;
	}
	for (int by = 0; by < CHAINS; by++)
		link_out(j, slot, by);
	request_at(j, slot)->flags |= IS_VOID;
	return release(j, e);
}

/* ---- nvme ---- */

static uint64_t find_command(struct iojoin *j, const struct iojoin_nvme *n, uint32_t without)
{
	if (!j->requests)
		return NO_SLOT;
	const uint64_t key = (uint64_t)n->ctrl << 32 | (uint64_t)n->qid << 16 | n->cid;
	uint64_t slot = j->buckets[BY_COMMAND][hash(key, 0) & j->mask].first;
	for (unsigned i = 0; slot != NO_SLOT && i < CHAIN_MAX; i++) {
		const struct request *r = request_at(j, slot);
		if (command_key(r) == key && !(r->flags & without))
			return slot;
		slot = r->next[BY_COMMAND];
	}
	return NO_SLOT;
}

int iojoin_nvme_setup(struct iojoin *j, const struct iojoin_context *c, const struct iojoin_nvme *n,
		      struct err *e)
{
	const uint64_t stale = find_command(j, n, 0);
	if (stale != NO_SLOT) {
		for (int by = 0; by < CHAINS; by++)
			link_out(j, stale, by);
		request_at(j, stale)->flags |= IS_LOST;
	}

	const uint8_t op = op_of_nvme(n);
	const struct request r = {
		.row = { .ts = c->ts,
			 .lat = UINT64_MAX,
			 .dev = n->dev,
			 .qid = n->qid,
			 .cid = n->cid,
			 .op = op,
			 .lba = UINT64_MAX },
		.flags = HAS_NVME,
		.ctrl = n->ctrl,
		.nsid = n->nsid,
		.nlb = op == IO_READ || op == IO_WRITE ? n->nlb : 0,
		.slba = n->slba,
		.pid = c->pid,
	};
	uint64_t slot;
	const int rc = push(j, &r, &slot, e);
	if (rc)
		return rc;
	link_in(j, slot, BY_COMMAND);

	struct setups *s = setups_of(j, c->cpu);
	if (s) {
		memmove(s->slot + 1, s->slot, sizeof(s->slot) - sizeof(*s->slot));
		s->slot[0] = slot;
	}
	return release(j, e);
}

int iojoin_nvme_complete(struct iojoin *j, const struct iojoin_context *c,
			 const struct iojoin_nvme *n, struct err *e)
{
	const uint64_t slot = find_command(j, n, NVME_DONE);
	if (slot == NO_SLOT) {
		j->stats.orphans++;
		return 1;
	}
	struct request *r = request_at(j, slot);
	r->done_ts = c->ts;
	r->flags |= NVME_DONE;
	return release(j, e);
}

/* ---- life ---- */

int iojoin_new(const struct iojoin_options *o, struct iojoin **out, struct err *e)
{
	struct iojoin *j = calloc(1, sizeof(*j));
	if (!j)
		return err_set(e, ERR_NOMEM, "no memory to join I/O events");
	j->o = *o;
	*out = j;
	return 0;
}

void iojoin_free(struct iojoin *j)
{
	if (!j)
		return;
	for (int by = 0; by < CHAINS; by++)
		free(j->buckets[by]);
	free(j->requests);
	free(j->setups);
	free(j);
}

int iojoin_give_up(struct iojoin *j, uint64_t before, struct err *e)
{
	while (j->head < j->tail && request_at(j, j->head)->row.ts < before) {
		const int rc = pop(j, e);
		if (rc)
			return rc;
	}
	return release(j, e);
}

uint64_t iojoin_oldest(const struct iojoin *j)
{
	return j->head < j->tail ? request_at((struct iojoin *)j, j->head)->row.ts : UINT64_MAX;
}

int iojoin_finish(struct iojoin *j, struct err *e)
{
	while (j->head < j->tail) {
		const int rc = pop(j, e);
		if (rc)
			return rc;
	}
	return 0;
}

const struct iojoin_stats *iojoin_stats(const struct iojoin *j)
{
	return &j->stats;
}
