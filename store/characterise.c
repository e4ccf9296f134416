// SPDX-License-Identifier: MIT
/* The shape of a workload: visits, growth, bursts and runs by device class. */
#include "store/characterise.h"
#include "base/pagemap.h"
#include "store/pages.h"
#include "store/trace-meta.h"

#include <stdlib.h>
#include <string.h>

enum { ROW_PAGES_MAX = 1 << 24, DEVICES = 1 << 16 };

const char *const characterise_class_names[CLASS_COUNT] = { "nic", "nvme", "block", "other" };

struct seen {
	uint32_t visits; /* saturates */
	uint32_t window; /* last one it was touched in, plus 1 */
};

struct class_state {
	struct pagemap index; /* page -> number in seen, plus 1 */
	struct seen *seen;
	size_t n, cap;
	uint64_t second, in_second;
	unsigned __int128 squares; /* of touches a second, of seconds that are over */
	struct characteristics c;
};

struct device_run {
	uint64_t next, pages;
};

struct shape {
	struct class_state classes[CLASS_COUNT];
	uint8_t class_of[DEVICES];
	struct device_run run_of[DEVICES];
	uint64_t first_ns, last_ns;
};

static int load_classes(struct trace *t, struct shape *s, struct err *e)
{
	struct trace_device_info *devices;
	unsigned n;
	const int rc = trace_devices(t, &devices, &n, e);
	if (rc)
		return rc;

	memset(s->class_of, CLASS_OTHER, sizeof(s->class_of));
	for (unsigned i = 0; i < n; i++)
		for (unsigned c = 0; c < CLASS_COUNT; c++)
			if (!strcmp(devices[i].class, characterise_class_names[c]))
				s->class_of[devices[i].dev] = (uint8_t)c;
	free(devices);
	return 0;
}

static int grow(struct class_state *k)
{
	const size_t cap = k->cap ? 2 * k->cap : 1 << 12;
	struct seen *grown = k->cap > UINT32_MAX / 2 ? NULL
						     : realloc(k->seen, cap * sizeof(*grown));
	if (!grown)
		return ERR_NOMEM;
	k->seen = grown;
	k->cap = cap;
	return 0;
}

/* Whether the time lies in the last third of a span. */
static bool is_late(uint64_t at, uint64_t span)
{
	return at >= span - span / 3;
}

static int touch_page(struct shape *s, struct class_state *k, uint64_t page, uint64_t at_ns)
{
	const uint64_t span = s->last_ns - s->first_ns;
	const uint64_t window = at_ns / CHARACTERISE_WINDOW_NS;
	uint32_t *slot = pagemap_get(&k->index, (struct pfn){ page });
	if (!slot)
		return ERR_NOMEM;
	if (!*slot) {
		if (k->n == k->cap && grow(k))
			return ERR_NOMEM;
		k->seen[k->n++] = (struct seen){};
		*slot = (uint32_t)k->n;
		k->c.late_pages += is_late(at_ns, span);
	}
	struct seen *p = &k->seen[*slot - 1];
	p->visits += p->visits < UINT32_MAX;
	k->c.often_pages += p->visits == 3;
	if (window < span / CHARACTERISE_WINDOW_NS && p->window != (uint32_t)window + 1) {
		p->window = (uint32_t)window + 1;
		k->c.window_pages++;
		k->c.window_late_pages +=
			is_late(at_ns % CHARACTERISE_WINDOW_NS, CHARACTERISE_WINDOW_NS);
	}
	return 0;
}

static void end_second(struct class_state *k)
{
	k->squares += (unsigned __int128)k->in_second * k->in_second;
	if (k->in_second > k->c.peak_1s)
		k->c.peak_1s = k->in_second;
	k->in_second = 0;
}

static void count_second(struct class_state *k, uint64_t at_ns, uint64_t touches)
{
	const uint64_t second = at_ns / NS_PER_SEC;

	if (second > k->second) { /* rows that go back in time count where we are */
		end_second(k);
		k->second = second;
	}
	k->in_second += touches;
}

static void count_run(struct class_state *k, struct device_run *run, struct row_pages pages)
{
	const bool goes_on = run->pages && run->next == pages.first;

	k->c.runs += !goes_on;
	run->pages = pages.count + (goes_on ? run->pages : 0);
	run->next = pages.first + pages.count;
	if (run->pages > k->c.longest_run_pages)
		k->c.longest_run_pages = run->pages;
}

static int add_batch(struct shape *s, const struct batch *b)
{
	const u64 *ts = batch_u64(b, 0);
	const u16 *dev = b->kind->dev < 0 ? NULL : batch_u16(b, (unsigned)b->kind->dev);

	for (uint32_t i = 0; i < b->n; i++) {
		struct row_pages pages = pages_of_row(b, i);
		if (!pages.count)
			continue;
		if (pages.count > ROW_PAGES_MAX)
			pages.count = ROW_PAGES_MAX;
		const uint16_t device = dev ? dev[i] : UINT16_MAX;
		const uint64_t at_ns = ts[i] > s->first_ns ? ts[i] - s->first_ns : 0;
		struct class_state *k = &s->classes[s->class_of[device]];
		k->c.touches += pages.count;
		count_second(k, at_ns, pages.count);
		count_run(k, &s->run_of[device], pages);
		for (uint64_t j = 0; j < pages.count; j++)
			if (touch_page(s, k, pages.first + j, at_ns))
				return ERR_NOMEM;
	}
	return 0;
}

/* (n * sum of squares - square of sum) / (n * sum), in ppm */
static uint64_t dispersion_ppm(unsigned __int128 squares, uint64_t sum, uint64_t n)
{
	const unsigned __int128 spread = n * squares - (unsigned __int128)sum * sum;
	const unsigned __int128 scale = (unsigned __int128)n * sum;
	if (!scale)
		return 0;
	const unsigned __int128 whole = spread / scale, rest = spread % scale;
	if (whole > UINT64_MAX / 1000000 - 1)
		return UINT64_MAX;
	/* scale * 10^6 may not fit where scale is large; its low digits do not matter then */
	const unsigned __int128 unit = scale > ((unsigned __int128)1 << 100) ? 1 << 20 : 1;
	return (uint64_t)(whole * 1000000 + rest / unit * 1000000 / (scale / unit));
}

static void finish(struct shape *s, struct characteristics *out)
{
	const uint64_t span = s->last_ns - s->first_ns;

	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		struct class_state *k = &s->classes[c];
		end_second(k);
		k->c.unique_pages = k->n;
		k->c.windows = span / CHARACTERISE_WINDOW_NS;
		k->c.seconds = span / NS_PER_SEC + 1;
		k->c.dispersion_ppm = dispersion_ppm(k->squares, k->c.touches, k->c.seconds);
		out[c] = k->c;
	}
}

static int read_rows(struct trace *t, unsigned stream, struct shape *s, struct err *e)
{
	const struct kind *k = trace_stream_info(t, stream)->kind;
	struct trace_select select = { .stream = stream, .dev = -1 };
	struct trace_reader *reader;
	const struct batch *b;

	select.columns = pages_columns(k->id) | 1 | (k->dev < 0 ? 0 : UINT64_C(1) << k->dev);
	int rc = trace_reader_open(t, &select, &reader, e);
	if (rc)
		return rc;
	while ((rc = trace_reader_next(reader, &b, e)) > 0) {
		if (add_batch(s, b)) {
			rc = err_set(e, ERR_NOMEM, "no memory for the pages of a stream");
			break;
		}
	}
	trace_reader_close(reader);
	return rc;
}

int characterise_stream(struct trace *t, unsigned stream, struct characteristics *out,
			struct err *e)
{
	const struct trace_stream_info *info = trace_stream_info(t, stream);
	struct shape *s = calloc(1, sizeof(*s));
	int rc = s ? 0 : err_set(e, ERR_NOMEM, "out of memory");
	if (!rc)
		rc = load_classes(t, s, e);
	for (unsigned c = 0; !rc && c < CLASS_COUNT; c++)
		if (pagemap_init(&s->classes[c].index, 0))
			rc = err_set(e, ERR_NOMEM, "out of memory");
	if (!rc) {
		s->first_ns = info->first_ns;
		s->last_ns = info->last_ns < info->first_ns ? info->first_ns : info->last_ns;
		rc = read_rows(t, stream, s, e);
	}
	if (!rc)
		finish(s, out);
	for (unsigned c = 0; s && c < CLASS_COUNT; c++) {
		pagemap_deinit(&s->classes[c].index);
		free(s->classes[c].seen);
	}
	free(s);
	return rc;
}
