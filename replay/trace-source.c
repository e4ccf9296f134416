// SPDX-License-Identifier: MIT
/* Rows to ranges of pages, by the rule of store/pages.h. */
#include "replay/trace-source.h"

#include "store/pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int no_stream(const struct trace *t, const char *name, struct err *e)
{
	char list[120] = "";
	for (unsigned i = 0; i < trace_nstreams(t) && strlen(list) < 100; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? ", " : "",
			 trace_stream_info(t, i)->kind->name);
	if (name)
		return err_set(e, ERR_USAGE, "%s: no stream '%s', only: %s", trace_path(t), name,
			       list);
	return err_set(e, ERR_UNUSABLE,
		       "%s: no stream of page requests (object, io or dma), only: %s",
		       trace_path(t), list[0] ? list : "nothing");
}

/* The stream with the most rows: what the recording is mainly about. */
static const struct trace_stream_info *find_default(const struct trace *t)
{
	static const enum kind_id order[] = { KIND_OBJECT, KIND_DMA, KIND_IO };
	const struct trace_stream_info *best = NULL;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		const struct trace_stream_info *s = trace_find_stream(t, order[i]);
		if (s && s->rows && (!best || s->rows > best->rows))
			best = s;
	}
	return best;
}

int trace_source_find(const struct trace *t, const char *name, const struct trace_stream_info **out,
		      struct err *e)
{
	*out = NULL;
	if (!name) {
		*out = find_default(t);
	} else if (kind_find(name)) {
		*out = trace_find_stream(t, kind_find(name)->id);
	} else {
		char *end;
		const unsigned long i = strtoul(name, &end, 10);
		if (*name >= '0' && *name <= '9' && !*end && i < trace_nstreams(t))
			*out = trace_stream_info(t, (unsigned)i);
	}
	if (!*out)
		return no_stream(t, name, e);
	if (!pages_columns((*out)->kind->id))
		return err_set(e, ERR_UNUSABLE, "%s: a %s stream holds no page requests",
			       trace_path(t), (*out)->kind->name);
	if (trace_is_sampled(t, (*out)->kind))
		return err_set(e, ERR_UNUSABLE,
			       "%s: its %s rows are a sample in time: distances between them mean "
			       "nothing",
			       trace_path(t), (*out)->kind->name);
	return 0;
}

int trace_source_open(struct trace_source *s, struct trace *t, const struct trace_stream_info *info,
		      struct err *e)
{
	const struct trace_select select = {
		.stream = info->id,
		.columns = pages_columns(info->kind->id),
		.dev = -1,
		.threaded = true,
	};
	*s = (struct trace_source){ .trace = t, .info = info };
	return trace_reader_open(t, &select, &s->reader, e);
}

void trace_source_rewind(struct trace_source *s)
{
	trace_reader_rewind(s->reader);
	s->rows = 0;
}

void trace_source_close(struct trace_source *s)
{
	trace_reader_close(s->reader);
	free(s->first);
	free(s->count);
	*s = (struct trace_source){};
}

static int make_room(struct trace_source *s, uint32_t rows, struct err *e)
{
	if (rows <= s->capacity)
		return 0;
	free(s->first);
	free(s->count);
	s->first = calloc(rows, sizeof(*s->first));
	s->count = calloc(rows, sizeof(*s->count));
	s->capacity = rows;
	if (s->first && s->count)
		return 0;
	s->capacity = 0;
	return err_set(e, ERR_NOMEM, "no memory for %u rows", rows);
}

int trace_source_next(void *ctx, struct page_ranges *out, struct err *e)
{
	struct trace_source *s = ctx;
	const struct batch *b;
	int rc = trace_reader_next(s->reader, &b, e);
	if (rc <= 0)
		return rc;
	rc = make_room(s, b->n, e);
	if (rc)
		return rc;

	for (uint32_t i = 0; i < b->n; i++) {
		const struct row_pages p = pages_of_row(b, i);
		if (p.count > UINT32_MAX)
			return err_set(e, ERR_UNUSABLE, "%s: %s row %llu asks for %llu pages",
				       trace_path(s->trace), b->kind->name,
				       (unsigned long long)(s->rows + i),
				       (unsigned long long)p.count);
		s->first[i] = p.first;
		s->count[i] = (uint32_t)p.count;
	}
	s->rows += b->n;
	if (s->progress)
		s->progress(s->progress_ctx, s->rows);
	*out = (struct page_ranges){ .first = s->first, .count = s->count, .n = b->n };
	return 1;
}
