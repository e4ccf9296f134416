// SPDX-License-Identifier: MIT
/*
 * The word somebody probably meant, for "no option 'lur': did you mean 'lru'?".
 * Distance: insertions, deletions, replacements and swaps of two neighbours
 * (optimal string alignment, the restricted Damerau-Levenshtein distance).
 */
#ifndef PUGMARK_BASE_NEAREST_H
#define PUGMARK_BASE_NEAREST_H

#include <stddef.h>

/* Words longer than this are never near. */
enum { NEAREST_CHARS_MAX = 63 };

/* The distance, or above if it is greater than `above` or a word is too long. */
unsigned nearest_distance(const char *a, const char *b, unsigned above);

/*
 * The nearest of n words (NULL words are skipped), the first of equals; NULL
 * when all are further than a third of text's length (at least 1).
 */
const char *nearest_word(const char *text, const char *const *words, size_t n);

#endif
