// SPDX-License-Identifier: MIT
/*
 * QEMU's options as its manual has them (-m, -machine, -name, -numa); the layout
 * as hw/i386 of QEMU 2.0 to 9 makes it: memory below 4 GiB ends at 3 GiB (pc,
 * microvm) or 2 GiB (q35) once it would reach beyond 3.5 (pc), 2.75 (q35) or
 * 3 GiB (microvm), and goes on at 4 GiB.
 */
#include "collect/vmmram.h"

#include "base/units.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t gib = UINT64_C(1) << 30;
static const uint64_t default_ram_bytes = UINT64_C(128) << 20;
static const uint64_t ram_most_bytes = UINT64_C(1000) << 30; /* beyond: may lie elsewhere */

static const char *const machine_names[] = {
	[VMM_PC] = "pc", [VMM_Q35] = "q35", [VMM_MICROVM] = "microvm"
};

const char *vmmram_machine_name(enum vmm_machine m)
{
	return machine_names[m];
}

/* ---- the command line ---- */

/* One word of the command line, or a part of it between commas. */
struct word {
	const char *p;
	size_t n;
};

static bool is_word(struct word w, const char *text)
{
	return w.n == strlen(text) && !memcmp(w.p, text, w.n);
}

static bool begins(struct word w, const char *text)
{
	return w.n >= strlen(text) && !memcmp(w.p, text, strlen(text));
}

/* The next part of a word before a comma; false at the end. */
static bool next_part(struct word *rest, struct word *out)
{
	if (!rest->n)
		return false;
	const char *comma = memchr(rest->p, ',', rest->n);
	const size_t n = comma ? (size_t)(comma - rest->p) : rest->n;
	*out = (struct word){ rest->p, n };
	rest->p += n + !!comma;
	rest->n -= n + !!comma;
	return true;
}

/* KEY=VALUE among the parts; or the first part without one, when it may stand for KEY. */
static bool find_value(struct word parts, const char *key, bool may_be_bare, struct word *out)
{
	const size_t n = strlen(key);
	bool is_any = false;
	struct word part;
	for (bool is_first = true; next_part(&parts, &part); is_first = false) {
		if (part.n > n && part.p[n] == '=' && !memcmp(part.p, key, n)) {
			*out = (struct word){ part.p + n + 1, part.n - n - 1 };
			is_any = true;
		} else if (is_first && may_be_bare && !memchr(part.p, '=', part.n)) {
			*out = part;
			is_any = true;
		}
	}
	return is_any;
}

/* 4G, 4096 (MiB), 4194304k. */
static bool parse_size(struct word w, uint64_t *out)
{
	uint64_t v = 0;
	size_t i = 0;
	unsigned shift = 20;
	for (; i < w.n && w.p[i] >= '0' && w.p[i] <= '9'; i++)
		if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
		    __builtin_add_overflow(v, (uint64_t)(w.p[i] - '0'), &v))
			return false;
	if (!i || w.n - i > 1)
		return false;
	if (i < w.n) {
		static const char suffixes[] = "bkmgt";
		const char *s = memchr(suffixes, w.p[i] | 0x20, sizeof(suffixes) - 1);
		if (!s)
			return false;
		shift = 10 * (unsigned)(s - suffixes);
	}
	*out = v << shift;
	return v && *out >> shift == v;
}

static int set_machine(struct vmm_command *c, struct word options, struct err *e)
{
	struct word type;
	if (find_value(options, "max-ram-below-4g", false, &type))
		return err_set(e, ERR_FEATURE,
			       "its machine has max-ram-below-4g: layout not known");
	if (!find_value(options, "type", true, &type))
		return 0;
	if (is_word(type, "q35") || begins(type, "pc-q35-"))
		c->machine = VMM_Q35;
	else if (is_word(type, "pc") || begins(type, "pc-i440fx-"))
		c->machine = VMM_PC;
	else if (is_word(type, "microvm"))
		c->machine = VMM_MICROVM;
	else
		return err_set(e, ERR_FEATURE, "the layout of its machine '%.*s' is not known",
			       (int)(type.n < 40 ? type.n : 40), type.p);
	return 0;
}

static int set_option(struct vmm_command *c, struct word option, struct word value,
		      unsigned *backends, struct err *e)
{
	struct word x;
	if (begins(option, "--"))
		option = (struct word){ option.p + 1, option.n - 1 };
	if (is_word(option, "-machine") || is_word(option, "-M"))
		return set_machine(c, value, e);
	if (is_word(option, "-m") &&
	    (!find_value(value, "size", true, &x) || !parse_size(x, &c->ram_bytes)))
		return err_set(e, ERR_FEATURE, "its -m '%.*s' is not understood",
			       (int)(value.n < 40 ? value.n : 40), value.p);
	if (is_word(option, "-numa") && find_value(value, "memdev", false, &x))
		++*backends;
	if (is_word(option, "-name") && find_value(value, "guest", true, &x))
		snprintf(c->name, sizeof(c->name), "%.*s", (int)(x.n < 63 ? x.n : 63), x.p);
	return 0;
}

static bool next_word(const char **p, const char *end, struct word *out)
{
	if (*p >= end)
		return false;
	const char *zero = memchr(*p, 0, (size_t)(end - *p));
	*out = (struct word){ *p, (size_t)((zero ? zero : end) - *p) };
	*p += out->n + 1;
	return true;
}

static bool is_qemu(struct word program)
{
	const char *slash = memrchr(program.p, '/', program.n);
	if (slash)
		program = (struct word){ slash + 1, program.n - (size_t)(slash + 1 - program.p) };
	return is_word(program, "qemu-system-x86_64") || is_word(program, "qemu-system-i386") ||
	       is_word(program, "qemu-kvm") || is_word(program, "kvm");
}

int vmmram_command(const char *words, size_t n, struct vmm_command *out, struct err *e)
{
	const char *p = words, *end = words + n;
	struct word option = { "", 0 }, value;
	unsigned backends = 0;
	int rc = 0;
	*out = (struct vmm_command){ .machine = VMM_PC, .ram_bytes = default_ram_bytes };
	if (!next_word(&p, end, &value) || !is_qemu(value))
		return err_set(e, ERR_FEATURE, "not a QEMU of x86 by its command line");
	while (!rc && next_word(&p, end, &value)) {
		rc = set_option(out, option, value, &backends, e);
		option = value;
	}
	if (!rc && backends > 1)
		rc = err_set(e, ERR_FEATURE, "its memory is in %u backends (-numa)", backends);
	if (!rc && (out->ram_bytes > ram_most_bytes || out->ram_bytes % PAGE_BYTES))
		rc = err_set(e, ERR_FEATURE, "%llu bytes of memory: the layout is not known",
			     (unsigned long long)out->ram_bytes);
	return rc;
}

/* ---- the mapping ---- */

static bool may_be_ram(const struct procmap *m)
{
	return m->is_readable && m->is_writable &&
	       (m->name[0] != '[' || !strncmp(m->name, "[anon", 5));
}

/* One mapping goes on in the next: the kernel splits what has other flags in parts. */
static bool goes_on(const struct procmap *a, const struct procmap *b)
{
	if (b->start != a->end || !may_be_ram(b) || a->is_shared != b->is_shared ||
	    a->device != b->device || a->inode != b->inode)
		return false;
	return !a->inode || b->offset == a->offset + (a->end - a->start);
}

/* Places where mappings in a row have exactly the size; the first is *at_out. */
static unsigned find_size(const struct procmaps *maps, uint64_t bytes, uint64_t *at_out)
{
	unsigned found = 0;
	for (size_t from = 0, to; from < maps->n; from = to) {
		to = from + 1;
		if (!may_be_ram(&maps->list[from]))
			continue;
		while (to < maps->n && goes_on(&maps->list[to - 1], &maps->list[to]))
			to++;
		/* within this row both ends only go up */
		for (size_t i = from, k = from; k < to;) {
			const uint64_t size = maps->list[k].end - maps->list[i].start;
			if (size == bytes && !found++)
				*at_out = maps->list[i].start;
			if (size < bytes || i == k)
				k++;
			if (size >= bytes)
				i++;
		}
	}
	return found;
}

static uint64_t below_4g(const struct vmm_command *c)
{
	static const struct {
		uint64_t reach_mib, end_mib;
	} machines[] = { [VMM_PC] = { 3584, 3072 },
			 [VMM_Q35] = { 2816, 2048 },
			 [VMM_MICROVM] = { 3072, 3072 } };
	const uint64_t reach = machines[c->machine].reach_mib << 20;
	return c->ram_bytes < reach ? c->ram_bytes : machines[c->machine].end_mib << 20;
}

int vmmram_find(const struct vmm_command *c, const struct procmaps *maps,
		struct vmm_slot out[VMM_SLOTS_MAX], unsigned *n_out, struct err *e)
{
	uint64_t at = 0;
	const unsigned found = find_size(maps, c->ram_bytes, &at);
	const uint64_t low = below_4g(c);
	*n_out = 0;
	if (found != 1)
		return err_set(e, ERR_FEATURE, "%s mapping%s of %llu MiB, the size of its memory",
			       found ? "several" : "no", found ? "s" : "",
			       (unsigned long long)(c->ram_bytes >> 20));
	out[(*n_out)++] = (struct vmm_slot){ 0, at >> PAGE_SHIFT, low >> PAGE_SHIFT };
	if (c->ram_bytes > low)
		out[(*n_out)++] = (struct vmm_slot){ 4 * gib >> PAGE_SHIFT,
						     (at + low) >> PAGE_SHIFT,
						     (c->ram_bytes - low) >> PAGE_SHIFT };
	return 0;
}
