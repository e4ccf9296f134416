// SPDX-License-Identifier: MIT
/* Page-table dumps of made-up machines against counts taken from the machine itself. */
#include "collect/ptclass.h"

#include "base/rng.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ENTRIES = 512, REGIONS_MAX = 40, LEAVES_MAX = 30, NODES_MAX = 8, NONE = 99 };

/* What a guest and its host look like; frames are page numbers. */
struct machine {
	unsigned nodes, regions, leaves;
	uint64_t node_frames;
	/* the host: of each 2 MiB of the guest */
	bool is_mapped[REGIONS_MAX], is_huge_host[REGIONS_MAX];
	uint64_t table[REGIONS_MAX]; /* frame of its leaf table; of level 2 for huge ones */
	uint64_t host[REGIONS_MAX][ENTRIES];
	uint64_t host_level2;
	/* the guest: leaf tables and what they map */
	uint64_t leaf[LEAVES_MAX], data[LEAVES_MAX][ENTRIES];
	bool is_huge[LEAVES_MAX]; /* its entry of level 2 maps 2 MiB at leaf / 512 */
	uint64_t level2;
};

static uint64_t below(struct rng *r, uint64_t n)
{
	return rng_below(r, n);
}

static void make_host(struct machine *m, struct rng *r)
{
	for (unsigned i = 0; i < m->regions; i++) {
		m->is_mapped[i] = below(r, 10) != 0;
		m->is_huge_host[i] = below(r, 5) == 0;
		m->table[i] = m->is_huge_host[i] ? m->host_level2 : 1 + i * 7 + below(r, 5) * 1000;
		const uint64_t huge = below(r, m->nodes * m->node_frames / ENTRIES - 1) + 1;
		for (unsigned k = 0; k < ENTRIES; k++)
			m->host[i][k] = m->is_huge_host[i] ? huge * ENTRIES + k
					: below(r, 8) ? 1 + below(r, m->nodes * m->node_frames - 1)
						      : 0;
	}
}

static void make_guest(struct machine *m, struct rng *r)
{
	for (unsigned i = 0; i < m->leaves; i++) {
		m->is_huge[i] = below(r, 6) == 0;
		m->leaf[i] = m->is_huge[i]
				     ? below(r, m->regions - 1) * ENTRIES + ENTRIES
				     : 1 + i * (m->regions * ENTRIES / m->leaves) + below(r, 100);
		for (unsigned k = 0; k < ENTRIES; k++)
			m->data[i][k] = below(r, 3) ? 1 + below(r, m->regions * ENTRIES - 1) : 0;
	}
	m->level2 = m->regions * ENTRIES - 1;
}

static struct machine *make(uint64_t seed)
{
	struct machine *m = calloc(1, sizeof(*m));
	struct rng r;
	assert_non_null(m);
	rng_init(&r, seed, "machine");
	m->nodes = 1 + (unsigned)below(&r, NODES_MAX);
	m->regions = 4 + (unsigned)below(&r, REGIONS_MAX - 3);
	m->leaves = 1 + (unsigned)below(&r, LEAVES_MAX);
	m->node_frames = 8192;
	m->host_level2 = 1 + below(&r, m->nodes * m->node_frames - 1);
	make_host(m, &r);
	make_guest(m, &r);
	return m;
}

static void free_machine(struct machine **m)
{
	free(*m);
}
#define _machine_ __attribute__((cleanup(free_machine)))

/* ---- the truth ---- */

static unsigned node_of(const struct machine *m, uint64_t host_frame)
{
	return (unsigned)(host_frame / m->node_frames);
}

static bool has_frame(const struct machine *m, uint64_t frame)
{
	const uint64_t region = frame / ENTRIES;
	return region < m->regions && m->is_mapped[region] && m->host[region][frame % ENTRIES];
}

static unsigned table_node(const struct machine *m, uint64_t frame)
{
	return has_frame(m, frame) ? node_of(m, m->table[frame / ENTRIES]) : NONE;
}

static unsigned host_node(const struct machine *m, uint64_t frame)
{
	return has_frame(m, frame) ? node_of(m, m->host[frame / ENTRIES][frame % ENTRIES]) : NONE;
}

struct truth {
	uint64_t n[NODES_MAX][PTCLASS_KINDS], errors;
};

static void count(const struct machine *m, struct truth *t, unsigned guest, unsigned extended)
{
	if (guest == NONE || extended == NONE) {
		t->errors++;
		return;
	}
	for (unsigned s = 0; s < m->nodes; s++)
		t->n[s][guest == s ? (extended == s ? PTCLASS_LL : PTCLASS_LR)
				   : (extended == s ? PTCLASS_RL : PTCLASS_RR)]++;
}

static struct truth truth_of(const struct machine *m)
{
	struct truth t = {};
	for (unsigned i = 0; i < m->leaves; i++) {
		if (m->is_huge[i])
			count(m, &t, host_node(m, m->level2), table_node(m, m->leaf[i]));
		for (unsigned k = 0; k < ENTRIES && !m->is_huge[i]; k++)
			if (m->data[i][k])
				count(m, &t, host_node(m, m->leaf[i]),
				      table_node(m, m->data[i][k]));
	}
	return t;
}

/* ---- the text ---- */

struct text {
	char *s;
	size_t n;
};

static void free_text(struct text *t)
{
	free(t->s);
}
#define _text_ __attribute__((cleanup(free_text)))

static void put_line(FILE *out, unsigned level, uint64_t frame, const char *const *prefix,
		     const uint64_t *entries)
{
	fprintf(out, "<level%u b=\"%" PRIx64 "\">", level, frame);
	for (unsigned k = 0; k < ENTRIES; k++)
		if (entries[k])
			fprintf(out, "%s%" PRIx64 " ", prefix ? prefix[k] : "", entries[k]);
		else
			fputs("0 ", out);
	fprintf(out, "</level%u>\n", level);
}

static void put_upper(FILE *out, uint64_t level2)
{
	const uint64_t four[ENTRIES] = { 0xabc3 }, three[ENTRIES] = { level2 };
	put_line(out, 4, 0xabc4, NULL, four);
	put_line(out, 3, 0xabc3, NULL, three);
}

/* is_reversed: leaf tables before the tables that point to them. */
static struct text guest_text(const struct machine *m, bool is_reversed)
{
	struct text t = {};
	const char *prefix[ENTRIES];
	uint64_t entries[ENTRIES] = {};
	FILE *out = open_memstream(&t.s, &t.n);
	unsigned tables = 3;
	for (unsigned i = 0; i < m->leaves; i++) {
		tables += !m->is_huge[i];
		prefix[i] = m->is_huge[i] ? (i & 1 ? "x" : "nx") : "p";
		entries[i] = m->is_huge[i] ? m->leaf[i] / ENTRIES : m->leaf[i];
	}
	fprintf(out, "<ptdump process=\"7\" count=\"%u\">\n<numamigrations>0</numamigrations>\n",
		tables);
	if (!is_reversed) {
		put_upper(out, m->level2);
		put_line(out, 2, m->level2, prefix, entries);
	}
	static const char *const prefixes[4] = { "", "n", "x", "nx" };
	for (unsigned i = 0; i < m->leaves; i++) {
		const char *leaf_prefix[ENTRIES];
		for (unsigned k = 0; k < ENTRIES; k++)
			leaf_prefix[k] = prefixes[(i + k) % 4];
		if (!m->is_huge[i])
			put_line(out, 1, m->leaf[i], leaf_prefix, m->data[i]);
	}
	if (is_reversed) {
		put_line(out, 2, m->level2, prefix, entries);
		put_upper(out, m->level2);
	}
	fputs("</ptdump>\n", out);
	fclose(out);
	return t;
}

static struct text extended_text(const struct machine *m, bool is_reversed)
{
	struct text t = {};
	const char *prefix[ENTRIES];
	uint64_t entries[ENTRIES] = {};
	FILE *out = open_memstream(&t.s, &t.n);
	fputs("<numamap>\n# node base limit\n", out);
	for (unsigned i = 0; i < m->nodes; i++)
		fprintf(out, "%u %" PRIu64 " %" PRIu64 "\n", i, i * m->node_frames * 4096,
			(i + 1) * m->node_frames * 4096);
	unsigned tables = 3;
	for (unsigned i = 0; i < m->regions; i++) {
		tables += m->is_mapped[i] && !m->is_huge_host[i];
		prefix[i] = m->is_huge_host[i] ? "" : "p";
		entries[i] = !m->is_mapped[i]     ? 0
			     : m->is_huge_host[i] ? m->host[i][0] / ENTRIES
						  : m->table[i];
	}
	fprintf(out, "</numamap>\n<ptdump process=\"7\" count=\"%u\">\n", tables);
	if (!is_reversed) {
		put_upper(out, m->host_level2);
		put_line(out, 2, m->host_level2, prefix, entries);
	}
	for (unsigned i = 0; i < m->regions; i++)
		if (m->is_mapped[i] && !m->is_huge_host[i])
			put_line(out, 1, m->table[i], NULL, m->host[i]);
	if (is_reversed) {
		put_line(out, 2, m->host_level2, prefix, entries);
		put_upper(out, m->host_level2);
	}
	fputs("</ptdump>", out); /* without a newline */
	fclose(out);
	return t;
}

/* ---- reading ---- */

struct reading {
	struct input *guest_in, *extended_in;
	struct ptdump guest, extended;
	struct ptclass *classes;
	const struct ptclass_counts *counts;
	struct err e;
};

static int begin(struct reading *r, const struct text *guest, const struct text *extended)
{
	*r = (struct reading){};
	assert_int_equal(input_open_memory("gpt", guest->s, guest->n, &r->guest_in, &r->e), 0);
	assert_int_equal(input_open_memory("ept", extended->s, extended->n, &r->extended_in, &r->e),
			 0);
	r->guest.in = r->guest_in;
	r->extended.in = r->extended_in;
	assert_int_equal(ptclass_new(&r->guest, &r->extended, &r->classes, &r->e), 0);
	return ptclass_next(r->classes, &r->counts, &r->e);
}

static void end(struct reading *r)
{
	ptclass_free(r->classes);
	input_close(r->guest_in);
	input_close(r->extended_in);
}

static void check_counts(const struct machine *m, const struct ptclass_counts *c)
{
	const struct truth t = truth_of(m);
	assert_int_equal(c->nodes, m->nodes);
	assert_int_equal(c->errors, t.errors);
	for (unsigned s = 0; s < m->nodes; s++) {
		uint64_t n[PTCLASS_KINDS];
		ptclass_of_socket(c, c->entries, s, n);
		for (int i = 0; i < PTCLASS_KINDS; i++)
			assert_int_equal(n[i], t.n[s][i]);
	}
}

static void check_machine(uint64_t seed, bool is_reversed)
{
	_machine_ struct machine *m = make(seed);
	_text_ struct text guest = guest_text(m, is_reversed);
	_text_ struct text extended = extended_text(m, is_reversed);
	struct reading r;
	assert_int_equal(begin(&r, &guest, &extended), 1);
	check_counts(m, r.counts);
	if (r.guest.damages + r.extended.damages)
		fail_msg("%s%s", r.guest.first_damage.msg, r.extended.first_damage.msg);
	assert_int_equal(ptclass_next(r.classes, &r.counts, &r.e), 0);
	end(&r);
}

static void counts_are_those_of_the_machine(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++)
		check_machine(seed, false);
}

static void the_order_of_tables_does_not_matter(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++)
		check_machine(seed, true);
}

static struct text join_texts(const struct text *a, const struct text *b)
{
	struct text t = { malloc(a->n + b->n + 1), a->n + 1 + b->n };
	assert_non_null(t.s);
	memcpy(t.s, a->s, a->n);
	t.s[a->n] = '\n';
	memcpy(t.s + a->n + 1, b->s, b->n);
	return t;
}

static void snapshots_are_taken_in_pairs(void **state)
{
	(void)state;
	_machine_ struct machine *one = make(4), *two = make(4);
	/* the same machine, but its tables have moved */
	for (unsigned i = 0; i < two->regions; i++)
		if (!two->is_huge_host[i])
			two->table[i] = two->nodes * two->node_frames - 1 - i;
	_text_ struct text g1 = guest_text(one, false), g2 = guest_text(two, false);
	_text_ struct text e1 = extended_text(one, false), e2 = extended_text(two, false);
	_text_ struct text guest = join_texts(&g1, &g2), extended = join_texts(&e1, &e2);
	struct reading r;
	assert_int_equal(begin(&r, &guest, &extended), 1);
	check_counts(one, r.counts);
	assert_int_equal(ptclass_next(r.classes, &r.counts, &r.e), 1);
	check_counts(two, r.counts);
	assert_int_equal(ptclass_next(r.classes, &r.counts, &r.e), 0);
	assert_int_equal(r.guest.damages + r.extended.damages, 0);
	end(&r);

	assert_int_equal(begin(&r, &g1, &extended), 1);
	assert_int_equal(ptclass_next(r.classes, &r.counts, &r.e), 0);
	assert_int_equal(r.extended.damages, 1); /* the one left over */
	end(&r);
}

/* ---- damage ---- */

/* Puts `with` in place of the first `what` after the first `after`; lengths may differ. */
static struct text change(const struct text *t, const char *after, const char *what,
			  const char *with)
{
	char *at = memmem(t->s, t->n, after, strlen(after));
	assert_non_null(at);
	at = memmem(at, t->n - (size_t)(at - t->s), what, strlen(what));
	assert_non_null(at);
	struct text out = {};
	FILE *f = open_memstream(&out.s, &out.n);
	fwrite(t->s, 1, (size_t)(at - t->s), f);
	fputs(with, f);
	at += strlen(what);
	fwrite(at, 1, t->n - (size_t)(at - t->s), f);
	fclose(f);
	return out;
}

/* What is said of a guest's dump that was changed so. */
static void check_damage(const char *after, const char *what, const char *with,
			 const char *sentence)
{
	_machine_ struct machine *m = make(9);
	_text_ struct text guest = guest_text(m, false), extended = extended_text(m, false);
	_text_ struct text bad = change(&guest, after, what, with);
	struct reading r;
	assert_int_equal(begin(&r, &bad, &extended), 1);
	assert_string_equal(r.guest.first_damage.msg, sentence);
	end(&r);
}

static void damaged_lines_are_named(void **state)
{
	(void)state;
	check_damage("<level1", " 0 ", " ", "gpt: line 6: expected 512 entries, there are 511");
	check_damage("<level1", " 0 ", " 0 0 ",
		     "gpt: line 6: expected </level1> after 512 entries");
	check_damage("<level1", " 0 ", " zero ",
		     "gpt: line 6: entry 3 is not 0 or [n][x|p]FRAME in hexadecimal");
	check_damage("<level1", " 0 ", " 123456789abcdef0 ",
		     "gpt: line 6: entry 3 is not 0 or [n][x|p]FRAME in hexadecimal");
	check_damage("<level1", "</level1>", "",
		     "gpt: line 6: expected </level1> at the end, the line ends after 512 entries");
	check_damage("<level1", "</level1>", "</level2>",
		     "gpt: line 6: expected </level1> after 512 entries");
	check_damage("<level3", "level3", "level9",
		     "gpt: line 4: expected <levelN b=\"FRAME\">, N from 1 to 5");
	check_damage("<level3", "b=\"", "c=\"",
		     "gpt: line 4: expected <levelN b=\"FRAME\">, N from 1 to 5");
	check_damage("<numamig", "<numamig", "<numbmig",
		     "gpt: line 2: expected <numamap>, <ptdump ..>, <levelN "
		     "b=\"FRAME\">entries</levelN> or </ptdump>");
	check_damage("<ptdump", "count", "cnt",
		     "gpt: line 1: expected <ptdump process=\"N\" count=\"N\">");
}

static void a_dump_that_ends_early_is_told(void **state)
{
	(void)state;
	_machine_ struct machine *m = make(9);
	_text_ struct text guest = guest_text(m, false), extended = extended_text(m, false);
	const struct text cut = { guest.s, guest.n * 2 / 3 };
	struct reading r;
	assert_int_equal(begin(&r, &cut, &extended), 1);
	assert_true(r.guest.damages >= 2); /* the last line and the missing end */
	end(&r);
}

static void an_extended_table_needs_nodes_and_a_root(void **state)
{
	(void)state;
	_machine_ struct machine *m = make(9);
	_text_ struct text guest = guest_text(m, false), extended = extended_text(m, false);
	struct reading r;
	assert_int_equal(begin(&r, &guest, &guest), ERR_FORMAT);
	assert_string_equal(
		r.e.msg,
		"ept: line 1: expected <numamap> with the nodes of the host before <ptdump>");
	end(&r);
	_text_ struct text rootless =
		change(&extended, "<level4", "<level4 b=\"abc4\">", "<level1>");
	assert_int_equal(begin(&r, &guest, &rootless), ERR_FORMAT);
	assert_non_null(strstr(r.e.msg, "expected a table of level 4 in the snapshot before"));
	end(&r);
}

static void of_overlapping_ranges_the_first_holds(void **state)
{
	(void)state;
	_machine_ struct machine *m = make(9);
	_text_ struct text guest = guest_text(m, false), extended = extended_text(m, false);
	/* ranges that only say again what holds, and one that takes everything left */
	_text_ struct text more = change(&extended, "</numamap>", "</numamap>",
					 "0 0 4096\n0 100000000000 200000000000\n</numamap>");
	struct reading r;
	assert_int_equal(begin(&r, &guest, &more), 1);
	check_counts(m, r.counts);
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_those_of_the_machine),
		cmocka_unit_test(the_order_of_tables_does_not_matter),
		cmocka_unit_test(snapshots_are_taken_in_pairs),
		cmocka_unit_test(damaged_lines_are_named),
		cmocka_unit_test(a_dump_that_ends_early_is_told),
		cmocka_unit_test(an_extended_table_needs_nodes_and_a_root),
		cmocka_unit_test(of_overlapping_ranges_the_first_holds),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
