// SPDX-License-Identifier: MIT
/* Nearest word by optimal string alignment, three rolling rows on the stack. */
#include "base/nearest.h"

#include <string.h>

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned nearest_distance(const char *a, const char *b, unsigned above)
{
	const size_t na = strnlen(a, NEAREST_CHARS_MAX + 1);
	const size_t nb = strnlen(b, NEAREST_CHARS_MAX + 1);
	unsigned rows[3][NEAREST_CHARS_MAX + 1];

	if (na > NEAREST_CHARS_MAX || nb > NEAREST_CHARS_MAX)
		return above + 1;
	for (size_t j = 0; j <= nb; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned *row = rows[i % 3];
		const unsigned *up = rows[(i - 1) % 3];
		const unsigned *up2 = rows[(i + 1) % 3]; /* two above: valid from i == 2 */

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			const unsigned step = least(up[j], row[j - 1]) + 1;
			row[j] = least(step, up[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], up2[j - 2] + 1);
		}
	}
	return least(rows[na % 3][nb], above + 1);
}

const char *nearest_word(const char *text, const char *const *words, size_t n)
{
	const size_t len = strlen(text);
	unsigned best = len < 6 ? 1 : (unsigned)least((unsigned)(len / 3), NEAREST_CHARS_MAX);
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!words[i])
			continue;
		const unsigned d = nearest_distance(text, words[i], best);
		if (d < best || (d == best && !found)) {
			best = d;
			found = words[i];
		}
	}
	return found;
}
