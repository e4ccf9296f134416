// SPDX-License-Identifier: MIT
/*
 * The access generator: the addresses that a program with a big heap asks for,
 * one mem row an access, so that page walks have something to walk. Kernels are
 * the published algorithms of the programs, in our words, with their data laid
 * out in one mapping; what they compute is left out:
 *
 *	uniform	eight bytes anywhere
 *	gups	the same, read and written back (HPCC RandomAccess)
 *	btree	a lookup descends from the root; nodes lie where the allocator put
 *		them, which is anywhere
 *	hash	key-value stores: bucket, then each object of the record, each kind in
 *		slabs of its own (redis: entry, key, value; memcached: one item)
 *	xsbench	binary search in the energies of all nuclides, then for each nuclide of
 *		a material its row of indices and two of its grid points
 *	canneal	two elements of a netlist and the places of all they are wired to
 *
 * Left out: stack, code and small data, which a TLB holds; threads; the order
 * in which a multi-threaded program's accesses mix.
 */
#include "replay/gen-model.h"

enum pattern { UNIFORM, GUPS, BTREE, HASH, XSBENCH, CANNEAL };
static const char *const patterns[] = { "uniform", "gups",    "btree", "hash",
					"xsbench", "canneal", NULL };

enum {
	WORD_BYTES = 8,
	OBJECTS_MAX = 4,
	/* xsbench: an energy and a pointer, a 4-byte index, six doubles; canneal: x and y */
	ENERGY_BYTES = 16,
	INDEX_BYTES = 4,
	POINT_BYTES = 48,
	PLACE_BYTES = 16,
	MATERIALS = 12,
};

/* XSBench's reactor: how often a material is asked for, in 1/1000, and its nuclides of 355. */
static const uint16_t material_share[MATERIALS] = { 140, 52, 275, 134, 154, 64,
						    66,  55, 8,   15,  25,  12 };
static const uint16_t material_nuclides[MATERIALS] = { 321, 5, 4, 4, 27, 21, 21, 21, 21, 21, 9, 9 };
enum { NUCLIDES_OF_ALL = 355 };

struct region {
	uint64_t va, slots;
};

struct run {
	const struct gen_access *p;
	struct gen_emit *m;
	struct rng rng;
	uint64_t duration_ns, done, bytes;
	uint64_t next_va;
	/* btree: nodes; hash: buckets, then objects; xsbench: energies, rows, points; canneal:
	 * elements, places */
	struct region at[1 + OBJECTS_MAX];
	unsigned levels;
};

static void touch(struct run *r, uint64_t va, uint64_t bytes, bool is_write)
{
	if (r->done == r->p->accesses)
		return;
	r->m->now_ns = (uint64_t)((unsigned __int128)r->duration_ns * r->done / r->p->accesses);
	gen_mem(r->m, va, (uint32_t)bytes, is_write ? MEM_MODIFY : MEM_LOAD);
	r->done++;
}

/* n slots of so many bytes, from the next page on. */
static struct region lay(struct run *r, uint64_t n, uint64_t bytes)
{
	const struct region out = { r->next_va, n };

	r->next_va += (n * bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
	return out;
}

/* Where thing number i of kind k was put: anywhere, but always there. */
static uint64_t slot_of(const struct region *at, uint64_t i, uint64_t k)
{
	const uint64_t hash = splitmix64_mix(i + (k << 56));
	return (uint64_t)(((unsigned __int128)hash * at->slots) >> 64);
}

static bool is_update(struct run *r)
{
	return gen_chance(&r->rng, r->p->updates_ppm);
}

/* A key: of the hot ones with the hot share of operations. */
static uint64_t draw_key(struct run *r, uint64_t keys)
{
	const uint64_t hot = gen_share(keys, r->p->hot_keys_ppm);
	const bool is_hot = gen_chance(&r->rng, r->p->hot_ops_ppm);

	return rng_below(&r->rng, is_hot && hot ? hot : keys);
}

/* ---- kernels: lay the data out, and do one operation ---- */

static void word_lay(struct run *r)
{
	r->at[0] = lay(r, r->bytes / WORD_BYTES, WORD_BYTES);
}

static void word(struct run *r)
{
	const bool is_write = r->p->pattern == GUPS || is_update(r);

	touch(r, r->at[0].va + rng_below(&r->rng, r->at[0].slots) * WORD_BYTES, WORD_BYTES,
	      is_write);
}

static void btree_lay(struct run *r)
{
	const uint64_t leaves = r->bytes / r->p->record_bytes;

	r->at[0] = lay(r, leaves, r->p->record_bytes);
	r->levels = 1;
	for (uint64_t n = leaves; n > 1; n = (n + r->p->fanout - 1) / r->p->fanout)
		r->levels++;
}

static void btree(struct run *r)
{
	const uint64_t leaves = r->at[0].slots;
	const uint64_t key = draw_key(r, leaves);
	const bool is_write = is_update(r);

	uint64_t span = 1;
	for (unsigned i = 1; i < r->levels; i++)
		span *= r->p->fanout;
	for (unsigned level = r->levels; level--; span /= r->p->fanout) {
		const uint64_t node = key / span;
		const uint64_t slot = slot_of(&r->at[0], node, level);
		touch(r, r->at[0].va + slot * r->p->record_bytes, WORD_BYTES, is_write && !level);
	}
}

static void hash_lay(struct run *r)
{
	const uint64_t each = WORD_BYTES + r->p->objects * r->p->record_bytes;
	const uint64_t keys = r->bytes / each;

	r->at[0] = lay(r, keys, WORD_BYTES);
	for (uint64_t i = 0; i < r->p->objects; i++)
		r->at[1 + i] = lay(r, keys, r->p->record_bytes);
}

static void hash(struct run *r)
{
	const uint64_t key = draw_key(r, r->at[0].slots);
	const bool is_write = is_update(r);

	touch(r, r->at[0].va + slot_of(&r->at[0], key, 0) * WORD_BYTES, WORD_BYTES, false);
	/* a record's objects were made together: the same slot of each kind's slabs */
	const uint64_t slot = slot_of(&r->at[1], key, 1);
	for (uint64_t i = 0; i < r->p->objects; i++)
		touch(r, r->at[1 + i].va + slot * r->p->record_bytes, r->p->record_bytes,
		      is_write && i + 1 == r->p->objects);
}

static void xsbench_lay(struct run *r)
{
	const uint64_t nuclides = r->p->nuclides;
	const uint64_t each = nuclides * (ENERGY_BYTES + nuclides * INDEX_BYTES + POINT_BYTES);
	const uint64_t points = r->bytes / each; /* of a nuclide */

	r->at[0] = lay(r, points * nuclides, ENERGY_BYTES);
	r->at[1] = lay(r, points * nuclides, nuclides * INDEX_BYTES);
	r->at[2] = lay(r, points * nuclides, POINT_BYTES);
}

static unsigned draw_material(struct rng *rng)
{
	uint64_t x = rng_below(rng, 1000);
	unsigned m = 0;

	while (m + 1 < MATERIALS && x >= material_share[m])
		x -= material_share[m++];
	return m;
}

static void xsbench(struct run *r)
{
	const uint64_t nuclides = r->p->nuclides, points = r->at[2].slots / nuclides;
	const uint64_t energy = rng_below(&r->rng, r->at[0].slots);
	const unsigned material = draw_material(&r->rng);
	uint64_t n = material_nuclides[material] * nuclides / NUCLIDES_OF_ALL;

	for (uint64_t low = 0, high = r->at[0].slots; high - low > 1;) {
		const uint64_t middle = low + (high - low) / 2;
		touch(r, r->at[0].va + middle * ENERGY_BYTES, WORD_BYTES, false);
		if (energy < middle)
			high = middle;
		else
			low = middle;
	}
	for (n = n ? n : 1; n && r->done < r->p->accesses; n--) {
		/* which nuclides a material has: any, but always the same */
		const uint64_t nuclide = splitmix64_mix(material * UINT64_C(1000) + n) % nuclides;
		const uint64_t at = energy / nuclides;
		const uint64_t near = at + 1 < points ? at : points - 2;
		touch(r, r->at[1].va + (energy * nuclides + nuclide) * INDEX_BYTES, INDEX_BYTES,
		      false);
		touch(r, r->at[2].va + (nuclide * points + near) * POINT_BYTES, 2 * POINT_BYTES,
		      false);
	}
}

static void canneal_lay(struct run *r)
{
	const uint64_t elements = r->bytes / (r->p->record_bytes + PLACE_BYTES);

	r->at[0] = lay(r, elements, r->p->record_bytes);
	r->at[1] = lay(r, elements, PLACE_BYTES);
}

/* Reads element i and where it is placed; the place moves with every swap. */
static void canneal_element(struct run *r, uint64_t i, bool is_write)
{
	touch(r, r->at[0].va + i * r->p->record_bytes, WORD_BYTES, is_write);
	touch(r, r->at[1].va + slot_of(&r->at[1], i, 0) * PLACE_BYTES, PLACE_BYTES, false);
}

static void canneal(struct run *r)
{
	const bool is_swapped = is_update(r);
	const uint64_t two[2] = { rng_below(&r->rng, r->at[0].slots),
				  rng_below(&r->rng, r->at[0].slots) };

	for (unsigned k = 0; k < 2; k++) {
		canneal_element(r, two[k], false);
		for (uint64_t i = 0; i < r->p->neighbours; i++)
			canneal_element(r, slot_of(&r->at[0], two[k], i + 1), false);
	}
	for (unsigned k = 0; k < 2 && is_swapped; k++)
		touch(r, r->at[0].va + two[k] * r->p->record_bytes, WORD_BYTES, true);
}

static const struct kernel {
	void (*lay)(struct run *r);
	void (*operate)(struct run *r);
} kernels[] = {
	[UNIFORM] = { word_lay, word },       [GUPS] = { word_lay, word },
	[BTREE] = { btree_lay, btree },       [HASH] = { hash_lay, hash },
	[XSBENCH] = { xsbench_lay, xsbench }, [CANNEAL] = { canneal_lay, canneal },
};

/* ---- a run ---- */

/* The data in place; false when the memory does not hold two of each. */
static bool lay_out(const struct gen_common *c, const struct gen_access *p, struct run *r)
{
	r->p = p;
	r->bytes = (uint64_t)((unsigned __int128)c->memory_bytes * p->size_ppm / PPM_PER_ONE);
	r->duration_ns = c->duration_ns;
	r->next_va = GEN_VA_BASE;
	kernels[p->pattern].lay(r);
	const uint64_t points = p->pattern == XSBENCH ? r->at[0].slots / p->nuclides : 2;
	return r->at[0].slots >= 2 && points >= 2 && r->next_va <= GEN_VA_BASE + c->memory_bytes;
}

int gen_access_check(const struct gen_common *c, const struct gen_access *p, struct err *e)
{
	struct run r = {};

	if (!lay_out(c, p, &r))
		return err_set(e, ERR_USAGE,
			       "the memory is too small: mem.size of gen.memory is %llu bytes",
			       (unsigned long long)r.bytes);
	return 0;
}

int gen_access_run(const struct gen_common *c, const struct gen_access *p, uint64_t seed,
		   struct gen_emit *m, struct err *e)
{
	struct run r = { .m = m };
	(void)e;

	lay_out(c, p, &r);
	rng_init(&r.rng, seed, "gen.access");
	while (!m->rc && r.done < p->accesses)
		kernels[p->pattern].operate(&r);
	return m->rc;
}

#define ROW(name, type, unit, text, min, max, help, field)                                         \
	{                                                                                          \
		"mem", name, type, unit, text, min, max, help, offsetof(struct gen_access, field), \
			(type) == PARAM_CHOICE ? patterns : NULL                                   \
	}
#define ROWS_MAX    (UINT64_C(1) << 36)
#define RECORD_MOST (1 << 20)

const struct param gen_access_params[] = {
	ROW("pattern", PARAM_CHOICE, NULL, "uniform", 0, 0, "The program", pattern),
	ROW("size", PARAM_PPM, NULL, "90%", 1, 990000, "Share of gen.memory that it uses",
	    size_ppm),
	ROW("accesses", PARAM_U64, "accesses", "1M", 1, ROWS_MAX, "Rows to make", accesses),
	ROW("updates", PARAM_PPM, NULL, "0%", 0, 1000000, "Operations that write", updates_ppm),
	ROW("hot_keys", PARAM_PPM, NULL, "0%", 0, 1000000, "Keys that are asked for more often",
	    hot_keys_ppm),
	ROW("hot_operations", PARAM_PPM, NULL, "0%", 0, 1000000, "Operations on them", hot_ops_ppm),
	ROW("record", PARAM_BYTES, NULL, "64", 8, RECORD_MOST,
	    "Node of btree, object of hash, element of canneal", record_bytes),
	ROW("objects", PARAM_U64, "objects", "1", 1, OBJECTS_MAX, "Allocations a record of hash",
	    objects),
	ROW("fanout", PARAM_U64, "children", "16", 2, 4096, "Of a node of btree", fanout),
	ROW("nuclides", PARAM_U64, "nuclides", "355", 1, 4096, "Of xsbench", nuclides),
	ROW("neighbours", PARAM_U64, "elements", "5", 0, 1000,
	    "Wired to an element of canneal, in and out", neighbours),
	ROW("native_walk", PARAM_PPM, NULL, "0%", 0, 990000,
	    "Share of the program's time that waits for page walks, natively with local tables; "
	    "0: not known",
	    native_walk_ppm),
};
const size_t gen_access_nparams = sizeof(gen_access_params) / sizeof(*gen_access_params);
