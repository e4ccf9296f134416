// SPDX-License-Identifier: MIT
/*
 * All configurations of the page-walk oracle (data/walk/oracle) in one pass over
 * each of its traces: every counter. Skips when the data is absent.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "t/walk-scene.h"

static const char *data_path(char *out, size_t n, const char *name)
{
	const char *dir = getenv("DATA");
	snprintf(out, n, "%s/walk/%s", dir ? dir : "../shared/data", name);
	return out;
}

/* ---- configurations ---- */

static void add_pwc(char *out, const char *key, const json_t *caches)
{
	const char *level;
	json_t *entries;
	sprintf(out + strlen(out), " %s=", key);
	if (!json_object_size(caches))
		strcat(out, "none");
	json_object_foreach((json_t *)caches, level, entries)
		sprintf(out + strlen(out), "%s%s:%d", out[strlen(out) - 1] == '=' ? "" : "_", level,
			(int)json_integer_value(entries));
}

static void add_cache(char *out, const char *key, const json_t *size)
{
	if (!size)
		sprintf(out + strlen(out), " %s=none", key);
	else
		sprintf(out + strlen(out), " %s=%d/%d", key,
			(int)json_integer_value(json_array_get(size, 0)),
			(int)json_integer_value(json_array_get(size, 1)));
}

static void add_config(struct scene *s, const json_t *c)
{
	static const char *const keys[] = { "mode", "guest_page", "host_page", "guest_levels",
					    "host_levels" };
	const json_t *tlb = json_object_get(c, "tlb");
	char text[1000] = "";
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const json_t *v = json_object_get(c, keys[i]);
		if (json_is_string(v))
			sprintf(text + strlen(text), " walk.%s=%s", keys[i], json_string_value(v));
		else if (v)
			sprintf(text + strlen(text), " walk.%s=%d", keys[i],
				(int)json_integer_value(v));
	}
	add_cache(text, "walk.l1_dtlb_4k", json_object_get(tlb, "l1_4k"));
	add_cache(text, "walk.l1_dtlb_2m", json_object_get(tlb, "l1_2m"));
	add_cache(text, "walk.stlb", json_object_get(tlb, "stlb"));
	add_cache(text, "walk.ntlb", json_object_get(c, "ntlb"));
	add_pwc(text, "walk.guest_pwc", json_object_get(c, "guest_pwc"));
	add_pwc(text, "walk.host_pwc", json_object_get(c, "host_pwc"));
	scene_add(s, text);
}

/* ---- traces ---- */

struct accesses {
	uint64_t *va;
	uint32_t *bytes;
	size_t n;
};

static struct accesses read_accesses(const char *trace)
{
	char path[4096];
	struct accesses a = {};
	FILE *f = fopen(data_path(path, sizeof(path), trace), "rb");
	if (!f)
		return a;
	fseek(f, 0, SEEK_END);
	const size_t packed = (size_t)ftell(f), max = 128 << 20;
	rewind(f);
	char *in = malloc(packed), *text = malloc(max);
	assert_int_equal(fread(in, 1, packed, f), packed);
	fclose(f);
	ZSTD_DCtx *z = ZSTD_createDCtx();
	ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, 30);
	const size_t n = ZSTD_decompressDCtx(z, text, max - 1, in, packed);
	ZSTD_freeDCtx(z);
	assert_false(ZSTD_isError(n));
	text[n] = 0;
	a.va = malloc(6000000 * sizeof(*a.va));
	a.bytes = malloc(6000000 * sizeof(*a.bytes));
	for (char *line = text, *next; *line; line = next) {
		next = strchr(line, '\n') + 1;
		if (*line != ' ')
			continue;
		a.va[a.n] = strtoull(line + 3, &line, 16);
		a.bytes[a.n++] = (uint32_t)strtoul(line + 1, NULL, 10);
	}
	free(in);
	free(text);
	return a;
}

/* ---- counters ---- */

static void same(const char *config, const char *counter, const json_t *want, uint64_t got)
{
	if ((uint64_t)json_integer_value(want) != got)
		fail_msg("%s: %s is %" PRIu64 ", the oracle says %" PRIu64, config, counter, got,
			 (uint64_t)json_integer_value(want));
}

static void same_all(const char *config, const char *counter, const json_t *want,
		     const uint64_t *got, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char key[12];
		snprintf(key, sizeof(key), "%u", i);
		same(config, counter, json_object_get(want, key), got[i]);
	}
}

static void compare(const char *config, const json_t *want, const struct walk_counts *c)
{
#define ONE(field) same(config, #field, json_object_get(want, #field), c->field)
#define MANY(field)                                                       \
	same_all(config, #field, json_object_get(want, #field), c->field, \
		 sizeof(c->field) / sizeof(*c->field))
	ONE(accesses);
	ONE(l1_hit);
	ONE(l1_miss);
	ONE(stlb_hit);
	ONE(stlb_miss);
	ONE(guest_refs);
	ONE(host_refs);
	ONE(host_refs_for_tables);
	ONE(host_refs_for_data);
	ONE(ntlb_lookup);
	ONE(ntlb_hit);
	ONE(data_pages);
	ONE(table_pages);
	ONE(total_refs);
	MANY(guest_refs_level);
	MANY(host_refs_level);
	MANY(guest_start_level);
	MANY(walk_refs_hist);
}

static void play(const char *name)
{
	char path[4096], file[100];
	struct scene s = {};
	json_t *configs =
		json_load_file(data_path(path, sizeof(path), "oracle/configs.json"), 0, NULL);
	snprintf(file, sizeof(file), "%s.lackey.zst", name);
	struct accesses a = read_accesses(file);
	if (!configs || !a.n)
		skip();
	snprintf(file, sizeof(file), "oracle/%s.json", name);
	json_t *want = json_load_file(data_path(path, sizeof(path), file), 0, NULL);
	const char *key;
	json_t *c;
	json_object_foreach(configs, key, c) add_config(&s, c);
	assert_int_equal(s.n, 10);
	scene_start(&s);
	if (walk_access(s.walk, 0, a.va, a.bytes, a.n, &s.e))
		fail_msg("%s", s.e.msg);
	size_t i = 0;
	json_object_foreach(configs, key, c)
	{
		const struct walk_counts got = scene_counts(&s, i++);
		compare(key, json_object_get(json_object_get(want, "results"), key), &got);
	}
	json_decref(want);
	json_decref(configs);
	free(a.va);
	free(a.bytes);
	scene_end(&s);
}

static void a_tlb_friendly_trace_has_the_counters_of_the_oracle(void **state)
{
	(void)state;
	play("sqlite3_rand");
}

static void a_tlb_hostile_trace_has_the_counters_of_the_oracle(void **state)
{
	(void)state;
	play("graph_push");
}

static void a_trace_with_straddles_has_the_counters_of_the_oracle(void **state)
{
	(void)state;
	play("mixed_IL_1M");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tlb_friendly_trace_has_the_counters_of_the_oracle),
		cmocka_unit_test(a_tlb_hostile_trace_has_the_counters_of_the_oracle),
		cmocka_unit_test(a_trace_with_straddles_has_the_counters_of_the_oracle),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
