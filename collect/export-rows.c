// SPDX-License-Identifier: MIT
/*
 * csv: a header of SQL names, enums as their names, NULL as an empty field;
 * import --format csv reads it back to the same rows. jsonl: one object per
 * row with the same names, NULL as null.
 */
#include "collect/export.h"

static const char *enum_name(const struct kind_column *c, uint64_t v)
{
	for (uint64_t i = 0; c->names[i]; i++)
		if (i == v)
			return c->names[i];
	return NULL;
}

/* One value; quote: around names, null: what stands for NULL */
static inline void put_value(struct outbuf *o, const struct kind_column *c, uint64_t v,
			     const char *quote, const char *null)
{
	if (c->is_nullable && v == kind_null(c->width_bytes)) {
		outbuf_text(o, null);
		return;
	}
	const char *name = c->names ? enum_name(c, v) : NULL;
	if (!name) {
		outbuf_u64(o, v);
		return;
	}
	outbuf_text(o, quote);
	outbuf_text(o, name);
	outbuf_text(o, quote);
}

static int put_csv(struct export *x, const struct batch *b, void *ctx, struct err *e)
{
	const struct kind *k = b->kind;

	(void)ctx;
	for (uint32_t row = 0; row < b->n; row++)
		for (unsigned i = 0; i < k->ncolumns; i++) {
			put_value(&x->out, &k->columns[i], batch_value(b, i, row), "", "");
			outbuf_char(&x->out, i + 1 < k->ncolumns ? ',' : '\n');
		}
	return x->out.error ? outbuf_flush(&x->out, e) : 0;
}

static int run_csv(struct export *x, struct err *e)
{
	const struct kind *k = x->stream->kind;

	for (unsigned i = 0; i < k->ncolumns; i++) {
		outbuf_text(&x->out, k->columns[i].sql_name);
		outbuf_char(&x->out, i + 1 < k->ncolumns ? ',' : '\n');
	}
	return export_each_batch(x, x->stream, 0, put_csv, NULL, e);
}

static int put_jsonl(struct export *x, const struct batch *b, void *ctx, struct err *e)
{
	const struct kind *k = b->kind;

	(void)ctx;
	for (uint32_t row = 0; row < b->n; row++) {
		for (unsigned i = 0; i < k->ncolumns; i++) {
			outbuf_text(&x->out, i ? ",\"" : "{\"");
			outbuf_text(&x->out, k->columns[i].sql_name);
			outbuf_text(&x->out, "\":");
			put_value(&x->out, &k->columns[i], batch_value(b, i, row), "\"", "null");
		}
		outbuf_text(&x->out, "}\n");
	}
	return x->out.error ? outbuf_flush(&x->out, e) : 0;
}

static int run_jsonl(struct export *x, struct err *e)
{
	return export_each_batch(x, x->stream, 0, put_jsonl, NULL, e);
}

const struct exporter export_csv = {
	.name = "csv",
	.summary = "one stream; a header of its columns, enums as names",
	.run = run_csv,
};

const struct exporter export_jsonl = {
	.name = "jsonl",
	.summary = "one stream; a JSON object per line",
	.run = run_jsonl,
};
