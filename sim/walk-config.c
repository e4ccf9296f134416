// SPDX-License-Identifier: MIT
/* The rows of section [walk], and what its texts mean. */
#include "sim/walk-config.h"

#include <stdlib.h>
#include <string.h>

enum {
	CACHE_ENTRIES_MAX = 1 << 20,
	PWC_ENTRIES_MAX = 4096, /* fully associative: searched one after another */
	WAYS_MAX = 4096,
	PAGES_MAX = 1 << 24, /* that a process of the process model uses: 64 GiB */
};

const char *const walk_mode_names[] = {
	"native", "nested", "shadow-naive", "shadow-unsync", "tpt-opt", "tpt-naive", NULL
};
const char *const walk_page_names[] = { "4K", "2M", "1G", NULL };
static const char *const host_page_names[] = { "same", "4K", "2M", "1G", NULL };

static const char *const frames_names[] = { "order", "spread", NULL };

#define ROW(name, type, unit, preset, min, max, field, choices, help) \
	{                                                             \
		"walk", name, type, unit, preset, min, max, help,     \
			offsetof(struct walk_config, field), choices  \
	}
#define CACHE(name, preset, field, help) \
	ROW(name, PARAM_TEXT, "entries/ways", preset, 0, 0, field, NULL, help)
#define PWC(name, field, help)                                                                     \
	ROW(name, PARAM_TEXT, "level:entries", "4:4 3:8 2:32 | guess | what ChampSim takes", 0, 0, \
	    field, NULL, help)

const struct param walk_params[] = {
	ROW("mode", PARAM_CHOICE, NULL, "native", 0, 0, mode, walk_mode_names,
	    "How an address is translated"),
	ROW("guest_page", PARAM_CHOICE, NULL, "4K", 0, 0, guest_page, walk_page_names,
	    "Page that a leaf of the guest's tables maps"),
	ROW("guest_2m", PARAM_TEXT, "share or ranges", "none", 0, 0, guest_2m, NULL,
	    "Where a guest of 4K pages has 2M: 40%, or 7f0000000000-7fffffffffff,.."),
	ROW("host_page", PARAM_CHOICE, NULL, "same", 0, 0, host_page_given, host_page_names,
	    "Page of the host's tables; same: the guest's"),
	ROW("frames", PARAM_CHOICE, NULL, "order", 0, 0, frames, frames_names,
	    "Guest frames of data: in order of first touch, or spread over the VM's memory"),
	ROW("vm_memory", PARAM_BYTES, NULL, "0", 0, UINT64_C(1) << 43, vm_memory, NULL,
	    "Memory of the VM; 0: what the trace says"),
	ROW("guest_levels", PARAM_U64, "levels", "4", 3, PAGETABLE_LEVELS_MAX, guest_levels, NULL,
	    "Levels of the guest's tables"),
	ROW("host_levels", PARAM_U64, "levels", "4", 3, PAGETABLE_LEVELS_MAX, host_levels, NULL,
	    "Levels of the host's tables"),
	CACHE("l1_dtlb_4k", "64/4 | published | Skylake, Cascade Lake", l1_text[WALK_4K],
	      "First TLB, 4K pages"),
	CACHE("l1_dtlb_2m", "32/4 | published | Skylake, Cascade Lake", l1_text[WALK_2M],
	      "First TLB, 2M pages"),
	CACHE("l1_dtlb_1g", "4/4 | published | Cascade Lake", l1_text[WALK_1G],
	      "First TLB, 1G pages"),
	CACHE("stlb", "1536/12 | published | Skylake, Cascade Lake", stlb_text,
	      "Second TLB, 4K and 2M pages"),
	CACHE("stlb_1g", "16/4 | published | Cascade Lake, its ways a guess", stlb_1g_text,
	      "Second TLB, 1G pages"),
	CACHE("ntlb", "64/4 | guess | no vendor tells it", ntlb_text,
	      "Nested TLB: guest-physical pages"),
	PWC("guest_pwc", guest_pwc_text, "Walk caches of the guest's tables; none"),
	PWC("host_pwc", host_pwc_text, "Walk caches of the host's tables; none"),
	ROW("populated", PARAM_BOOL, NULL, "no", 0, 0, is_populated, NULL,
	    "Pages of the trace were mapped before it: first touches are no updates"),
	ROW("pcid", PARAM_BOOL, NULL, "yes", 0, 0, process.keeps_tlb, NULL,
	    "TLB entries outlive a switch of address spaces"),
	ROW("switch_every", PARAM_U64, "accesses", "0", 0, 0, process.switch_every, NULL,
	    "A switch to another process and back"),
	ROW("spawn_every", PARAM_U64, "accesses", "0", 0, 0, process.spawn_every, NULL,
	    "A process is forked, execs, uses its pages and exits"),
	ROW("fork_pages", PARAM_U64, "pages", "600 | guess | a shell with its libraries", 1,
	    PAGES_MAX, process.fork_pages, NULL, "Entries that fork writes in parent and child"),
	ROW("cow_pages", PARAM_U64, "pages", "60 | guess", 0, PAGES_MAX, process.cow_pages, NULL,
	    "Pages that the parent copies after a fork"),
	ROW("spawn_pages", PARAM_U64, "pages", "400 | guess | a small program, linked dynamically",
	    1, PAGES_MAX, process.spawn_pages, NULL, "Pages that a spawned process uses"),
	ROW("mmap_every", PARAM_U64, "accesses", "0", 0, 0, process.mmap_every, NULL,
	    "Memory is mapped, used and unmapped"),
	ROW("mmap_pages", PARAM_U64, "pages", "16 | guess", 1, PAGES_MAX, process.mmap_pages, NULL,
	    "How much"),
	ROW("boot_share", PARAM_PPM, NULL, "0%", 0, PPM_PER_ONE, boot_share_ppm, NULL,
	    "TPT: accesses before the guest takes over, under nested paging"),
	ROW("revokes_per_maccess", PARAM_U64, "pages", "0", 0, 1000000, revokes_per_maccess, NULL,
	    "TPT: pages that the host takes in a million accesses"),
	CACHE("tag_cache", "512/8 | guess | our tag model, no hardware has it", tags_text,
	      "TPT: cache lines of page tags"),
};
const size_t walk_nparams = sizeof(walk_params) / sizeof(walk_params[0]);

/* A number of at least 1 in decimal digits: past it, or NULL. */
static const char *scan_count(const char *p, uint32_t max, uint32_t *out)
{
	uint32_t v = 0;
	if (*p < '0' || *p > '9')
		return NULL;
	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (uint32_t)(*p - '0');
		if (v > max)
			return NULL;
	}
	*out = v;
	return v ? p : NULL;
}

static int parse_cache(const char *text, struct walk_cache *out, struct err *e)
{
	*out = (struct walk_cache){};
	if (!strcmp(text, "none"))
		return 0;
	const char *p = scan_count(text, CACHE_ENTRIES_MAX, &out->entries);
	p = p && *p == '/' ? scan_count(p + 1, WAYS_MAX, &out->ways) : NULL;
	if (!p || *p || out->entries % out->ways)
		return err_set(e, ERR_USAGE,
			       "'%.60s': expected none, or entries/ways as 64/4: at most %d "
			       "entries, a multiple of at most %d ways",
			       text, CACHE_ENTRIES_MAX, WAYS_MAX);
	return 0;
}

static int parse_pwc(const char *text, uint64_t levels, uint32_t *out, struct err *e)
{
	memset(out, 0, (PAGETABLE_LEVELS_MAX + 1) * sizeof(*out));
	if (!strcmp(text, "none"))
		return 0;
	for (const char *p = text;;) {
		uint32_t level = 0, entries = 0;
		p = scan_count(p, PAGETABLE_LEVELS_MAX, &level);
		p = p && *p == ':' ? scan_count(p + 1, PWC_ENTRIES_MAX, &entries) : NULL;
		if (!p || (*p && *p != ' ' && *p != '\t') || level < 2 || out[level])
			return err_set(e, ERR_USAGE,
				       "'%.60s': expected none, or level:entries as 4:4 3:8 2:32: "
				       "each level from 2 to %d once, at most %d entries",
				       text, PAGETABLE_LEVELS_MAX, PWC_ENTRIES_MAX);
		/* a profile may speak of a level that these tables do not have */
		out[level] = level <= levels ? entries : 0;
		p += strspn(p, " \t");
		if (!*p)
			return 0;
	}
}

/* Puts where the value stands, and its key, in front of a sentence. */
static int refuse(const struct param_set *s, const char *key, struct err *e)
{
	const struct param_entry *entry = param_find(s, "walk", key);
	return entry ? err_prefix(e, "%s: walk.%s", entry->origin, key)
		     : err_prefix(e, "walk.%s", key);
}

static int resolve_caches(struct walk_config *c, const struct param_set *s, struct err *e)
{
	const struct {
		const char *key, *text;
		struct walk_cache *out;
	} caches[] = {
		{ "l1_dtlb_4k", c->l1_text[WALK_4K], &c->l1[WALK_4K] },
		{ "l1_dtlb_2m", c->l1_text[WALK_2M], &c->l1[WALK_2M] },
		{ "l1_dtlb_1g", c->l1_text[WALK_1G], &c->l1[WALK_1G] },
		{ "stlb", c->stlb_text, &c->stlb },
		{ "stlb_1g", c->stlb_1g_text, &c->stlb_1g },
		{ "ntlb", c->ntlb_text, &c->ntlb },
		{ "tag_cache", c->tags_text, &c->tags },
	};
	for (size_t i = 0; i < sizeof(caches) / sizeof(*caches); i++)
		if (parse_cache(caches[i].text, caches[i].out, e))
			return refuse(s, caches[i].key, e);
	if (parse_pwc(c->guest_pwc_text, c->guest_levels, c->guest_pwc, e))
		return refuse(s, "guest_pwc", e);
	if (parse_pwc(c->host_pwc_text, c->host_levels, c->host_pwc, e))
		return refuse(s, "host_pwc", e);
	return 0;
}

int walk_config_resolve(struct walk_config *c, const struct param_set *s, struct err *e)
{
	c->host_page = c->host_page_given ? c->host_page_given - 1 : c->guest_page;
	c->leaves = (struct leafmap){ .level = (unsigned)c->guest_page + 1 };
	if (leafmap_parse(&c->leaves, c->guest_2m, e))
		return refuse(s, "guest_2m", e);
	c->granule = c->leaves;
	if (c->mode != WALK_NATIVE)
		c->granule = leafmap_cap(&c->leaves, (unsigned)c->host_page + 1);
	/* these walk one table from guest-virtual to host-physical: it has no larger leaf either */
	if (walk_mode_is_shadow(c->mode) || walk_mode_is_tpt(c->mode))
		c->leaves = c->granule;
	return resolve_caches(c, s, e);
}
