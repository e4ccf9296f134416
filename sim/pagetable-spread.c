// SPDX-License-Identifier: MIT
/* Places by permutation, and a map of what they fill. */
#include "sim/pagetable-spread.h"

#include "base/permute.h"

enum { FRAME_SHIFT = 12, LINE_FRAMES_SHIFT = 3, WORD_BITS = 64, LEVEL_BITS = 9 };

static const struct siphash_key key = { { 0x70616765732e6f66ULL, 0x2e67756573747321ULL } };

int pagetable_spread_init(struct pagetable_spread *s, uint64_t bytes, bool is_mixed,
			  struct arena *a, struct err *e)
{
	const uint64_t frames = bytes >> FRAME_SHIFT;
	if (!frames)
		return err_set(e, ERR_USAGE,
			       "walk.frames=spread needs to know the VM's memory: --set "
			       "walk.vm_memory=BYTES");
	if (frames > UINT32_MAX / 2)
		return err_set(e, ERR_USAGE, "walk.vm_memory: at most 8T can be spread over");
	*s = (struct pagetable_spread){ .frames = frames, .is_mixed = is_mixed };
	s->lines = arena_alloc(a, (pagetable_spread_end(s) >> LINE_FRAMES_SHIFT) / WORD_BITS + 1,
			       sizeof(*s->lines));
	return s->lines ? 0 : err_set(e, ERR_NOMEM, "no memory for the VM's frames");
}

uint64_t pagetable_spread_end(const struct pagetable_spread *s)
{
	const uint64_t first = PAGETABLE_SPREAD_FIRST;
	return first + ((s->frames + first - 1) & ~(first - 1));
}

static void mark(struct pagetable_spread *s, uint64_t frame, uint64_t frames)
{
	const uint64_t last = (frame + frames - 1) >> LINE_FRAMES_SHIFT;
	for (uint64_t i = frame >> LINE_FRAMES_SHIFT; i <= last; i++)
		s->lines[i / WORD_BITS] |= UINT64_C(1) << i % WORD_BITS;
}

int pagetable_spread_take(struct pagetable_spread *s, unsigned leaf, uint32_t *out, struct err *e)
{
	const unsigned shift = LEVEL_BITS * (leaf - 1);
	/* small pages have the lower half, large ones the places of the upper */
	const uint64_t lower = s->is_mixed && leaf > 1 ? s->frames / 2 >> shift << shift : 0;
	const uint64_t upper = s->is_mixed && leaf == 1 ? s->frames / 2 >> LEVEL_BITS << LEVEL_BITS
							: s->frames;
	const uint64_t places = (upper - lower) >> shift;
	if (s->taken[leaf] >= places)
		return err_set(e, ERR_UNUSABLE,
			       "the accesses need more memory than the VM has: a larger "
			       "walk.vm_memory, or walk.frames=order");
	const uint64_t place = permute(&key, places - 1, s->taken[leaf]++);
	const uint64_t frame = PAGETABLE_SPREAD_FIRST + lower + (place << shift);
	mark(s, frame, UINT64_C(1) << shift);
	*out = (uint32_t)frame;
	return 0;
}

uint64_t pagetable_spread_regions(const struct pagetable_spread *s, unsigned shift)
{
	const unsigned down = shift - FRAME_SHIFT - LINE_FRAMES_SHIFT;
	const uint64_t words = (pagetable_spread_end(s) >> LINE_FRAMES_SHIFT) / WORD_BITS + 1;
	uint64_t n = 0, last = UINT64_MAX;
	for (uint64_t i = 0; i < words; i++)
		for (uint64_t left = s->lines[i]; left; left &= left - 1) {
			const uint64_t bit = i * WORD_BITS + (uint64_t)__builtin_ctzll(left);
			n += bit >> down != last;
			last = bit >> down;
		}
	return n;
}
