// SPDX-License-Identifier: MIT
/* Progress line: rate over the whole run and the time left at that rate. */
#include "reports/progress.h"
#include "base/quantity.h"
#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_CHARS = 79 };

static const uint64_t SHOW_EVERY_NS = 100 * NS_PER_MS;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

void progress_init(struct progress *p, const char *what, const char *unit, uint64_t total,
		   bool is_quiet)
{
	*p = (struct progress){ .what = what, .unit = unit, .total = total };
	p->is_on = !is_quiet && isatty(STDERR_FILENO);
	if (p->is_on)
		p->started_ns = p->shown_ns = now_ns();
}

/* v * mul / div, saturating */
static uint64_t scale(uint64_t v, uint64_t mul, uint64_t div)
{
	const unsigned __int128 r = div ? (unsigned __int128)v * mul / div : 0;

	return r > UINT64_MAX ? UINT64_MAX : (uint64_t)r;
}

void progress_format(const struct progress *p, uint64_t elapsed_ns, char *buf, size_t n)
{
	const bool is_bytes = !strcmp(p->unit, "B");
	const uint64_t per_s = scale(p->done, NS_PER_SEC, elapsed_ns);
	const char *unit = is_bytes ? "" : p->unit;
	const char *gap = is_bytes ? "" : " ";
	char goal[96] = "";
	char left[64] = "";

	if (p->total) {
		const uint64_t done = p->done < p->total ? p->done : p->total;
		snprintf(goal, sizeof(goal), " of %s",
			 is_bytes ? quantity_bytes(p->total).s : quantity_count(p->total).s);
		snprintf(left, sizeof(left), "  %u %%", (unsigned)scale(done, 100, p->total));
		if (done) {
			const uint64_t s = scale(elapsed_ns, p->total - done, done) / NS_PER_SEC;
			const size_t used = strlen(left);
			snprintf(left + used, sizeof(left) - used, "  %s left",
				 s ? quantity_ns(scale(s, NS_PER_SEC, 1)).s : "0 s");
		}
	}
	snprintf(buf, n, "%s  %s%s%s%s%s  %s%s%s/s", p->what,
		 is_bytes ? quantity_bytes(p->done).s : quantity_count(p->done).s, goal, gap, unit,
		 left, is_bytes ? quantity_bytes(per_s).s : quantity_count(per_s).s, gap, unit);
}

void progress_set(struct progress *p, uint64_t done)
{
	p->done = done;
	if (!p->is_on)
		return;

	const uint64_t now = now_ns();
	if (now - p->shown_ns < SHOW_EVERY_NS)
		return;
	p->shown_ns = now;

	char line[LINE_CHARS + 1];
	progress_format(p, now - p->started_ns, line, sizeof(line));
	fprintf(stderr, "\r%-*s", LINE_CHARS, line);
	fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (!p->is_on)
		return;
	fprintf(stderr, "\r%*s\r", LINE_CHARS, "");
	fflush(stderr);
	p->is_on = false;
}
