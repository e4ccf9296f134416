// SPDX-License-Identifier: MIT
/* Fuzz target: parameter files of any bytes, as design and as profile; what was read prints and
 * reads again. */
#include "base/param.h"
#include "base/quantile.h"
#include "reports/params.h"

#include <stdlib.h>
#include <string.h>

struct demo {
	uint64_t n, bytes, ns, ppm;
	struct quantity q;
	struct rate r;
	bool b;
	int choice;
	const char *text;
	struct dist dist;
};

static const char *const choices[] = { "native", "nested", NULL };

#define ROW(nm, ty, field)                                                                      \
	{                                                                                       \
		.section = "a", .name = nm, .type = ty, .offset = offsetof(struct demo, field), \
		.choices = choices, .help = "", .max = 1 << 20                                  \
	}

static const struct param rows[] = {
	ROW("n", PARAM_U64, n),     ROW("bytes", PARAM_BYTES, bytes), ROW("t_us", PARAM_NS, ns),
	ROW("p", PARAM_PPM, ppm),   ROW("q", PARAM_QUANTITY, q),      ROW("r", PARAM_RATE, r),
	ROW("b", PARAM_BOOL, b),    ROW("c", PARAM_CHOICE, choice),   ROW("x", PARAM_TEXT, text),
	ROW("d", PARAM_DIST, dist),
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* A distribution that was taken can be built and drawn from, or is refused with a sentence. */
static void draw(const struct dist *d, struct arena *a)
{
	struct quantile q;
	struct rng r;
	struct err e;

	if (quantile_init(&q, d, a, &e))
		return;
	rng_init(&r, 1, "fuzz");
	for (int i = 0; i < 16; i++) {
		const uint64_t v = quantile_draw(&q, &r);
		if (quantile_above(&q, v) > QUANTILE_ONE)
			abort();
	}
	for (uint32_t i = 0; i + 1 < q.nknots; i++)
		if (q.p[i] > q.p[i + 1] || q.v[i] > q.v[i + 1])
			abort();
	quantile_mean(&q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const enum param_file kinds[] = { PARAM_DESIGN, PARAM_PROFILE };

	for (size_t k = 0; k < 2; k++) {
		struct arena a = {}, a2 = {};
		struct param_set s = { .arena = &a }, again = { .arena = &a2 };
		struct demo d = {};
		struct err e;
		char *text = NULL;
		size_t len = 0;

		param_set_add(&s, rows, sizeof(rows) / sizeof(rows[0]), &d, &e);
		param_set_add(&again, rows, sizeof(rows) / sizeof(rows[0]), &d, &e);
		const int err = param_read_text(&s, "fuzz", (const char *)data, n, kinds[k], &e);
		if (err && err != ERR_FORMAT)
			abort();
		draw(&d.dist, &a);
		char *canon = param_canonical(&s);
		FILE *out = open_memstream(&text, &len);
		params_print_values(out, &s);
		fclose(out);
		/* kinds make a line longer, so it may not fit; but then it says so */
		if (!err && !param_read_text(&again, "again", text, len, PARAM_DESIGN, &e)) {
			char *canon2 = param_canonical(&again);
			if (strcmp(canon, canon2))
				abort();
			free(canon2);
		}
		free(text);
		free(canon);
		arena_deinit(&a);
		arena_deinit(&a2);
	}
	return 0;
}
