// SPDX-License-Identifier: MIT
/*
 * A progress line with rate and time left, on stderr, only when stderr is a
 * terminal, at most 10 times a second. The only place that looks at the clock
 * on the wall.
 */
#ifndef PUGMARK_REPORTS_PROGRESS_H
#define PUGMARK_REPORTS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	const char *what;     /* "import" ...; borrowed, as is unit */
	const char *unit;     /* "events", "pages" ...; "B" is shown as KiB, MiB ... */
	uint64_t total, done; /* total 0: not known */
	uint64_t started_ns, shown_ns;
	bool is_on;
};

void progress_init(struct progress *p, const char *what, const char *unit, uint64_t total,
		   bool is_quiet);
void progress_set(struct progress *p, uint64_t done);

/*
 * The line after elapsed_ns, into buf: "import  1.2 GiB of 4 GiB  30 %  120 MiB/s
 * 24 s left". A pure function, so that it can be tested without a clock.
 */
void progress_format(const struct progress *p, uint64_t elapsed_ns, char *buf, size_t n);

/* Erases the line. */
void progress_end(struct progress *p);

#endif
