// SPDX-License-Identifier: MIT
/*
 * What a shell offers for the word that is being typed, from the option tables.
 * The shell's script (scripts/completion.bash) asks the program itself, so that
 * it knows nothing of commands and options: `pugmark --complete WORD..` prints a
 * line a candidate for the last word, and lines that begin with ':' to say
 * what else may stand there:
 *
 *	:files db	files of that ending and folders; without an ending: any file
 *	:more		the word may go on (a list, --set KEY=), so no blank after it
 *
 * An option and its value may be one word (--design=tpt); candidates are then
 * those of the value alone.
 */
#ifndef PUGMARK_REPORTS_COMPLETE_H
#define PUGMARK_REPORTS_COMPLETE_H

#include "reports/options.h"

#define CLI_COMPLETE "--complete"

/* For the last of n words behind a command's name; there is at least one. */
void cli_complete(const struct cli_command *c, char *const *words, size_t n);

/* Those that begin with word, each behind what of the word stays as it is. */
void cli_complete_from(choices_fill choices, const char *kept, const char *word);

#endif
