// SPDX-License-Identifier: MIT
/*
 * Input bytes of an importer, decompressed: plain, .zst, .gz, .xz (told by
 * their magic, not their name) or `-` for standard input. Offsets are always
 * those of the decompressed bytes. Damage of the compression keeps the bytes
 * decoded so far and is told by input_damage().
 */
#ifndef PUGMARK_COLLECT_INPUT_H
#define PUGMARK_COLLECT_INPUT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	INPUT_SLACK_BYTES = 64,     /* readable after every block of lines or records */
	INPUT_PEEK_BYTES = 1 << 18, /* most that input_peek gives */
};

struct input;

/* ERR_NOINPUT or ERR_PERM when path cannot be opened. */
int input_open(const char *path, struct input **out, struct err *e);

/* Bytes of the caller (borrowed while the input lives): for fuzzing and tests. */
int input_open_memory(const char *name, const void *data, size_t n, struct input **out,
		      struct err *e);
void input_close(struct input *in);

/* As given by the user, for messages; "-" reads "standard input". */
const char *input_name(const struct input *in);

/*
 * The first bytes, up to *n_out (at most 256 KiB), without consuming them:
 * for sniffing. Borrowed until the next call.
 */
int input_peek(struct input *in, const uint8_t **p_out, size_t *n_out, struct err *e);

/* Next bytes in order; 0 at the end, negative on an I/O error. */
ssize_t input_read(struct input *in, void *buf, size_t n, struct err *e);

/*
 * The bytes that come next, at least `least` (up to 256 KiB) unless the input
 * ends before: for records whose length stands in them. input_take consumes
 * some. Borrowed until the next call that reads.
 */
int input_window(struct input *in, size_t least, const uint8_t **p_out, size_t *n_out,
		 struct err *e);
void input_take(struct input *in, size_t n);

/* Offset of the next byte that input_read will give. */
uint64_t input_offset(const struct input *in);

/* True once every byte has been given; false may still mean that nothing comes. */
bool input_is_at_end(const struct input *in);

/*
 * For a progress line: bytes of the file itself, compressed or not, taken so
 * far and in all (0: not known).
 */
void input_position(const struct input *in, uint64_t *done_out, uint64_t *total_out);

/* Skips forward to offset (seeks where the input can); ERR_FORMAT if it ends before. */
int input_skip_to(struct input *in, uint64_t offset, struct err *e);

/*
 * Prepares random access; a stream is first spooled to an unlinked temporary
 * file. Afterwards use input_pread and input_size only.
 */
int input_random(struct input *in, struct err *e);
uint64_t input_size(const struct input *in);

/* Exactly n bytes at offset: 0, or ERR_FORMAT with file and offset when the input is shorter. */
int input_pread(struct input *in, void *buf, size_t n, uint64_t offset, struct err *e);

/* A sentence when decompression stopped early, else NULL. */
const char *input_damage(const struct input *in);

/*
 * Whole lines in blocks: *p_out..*n_out holds complete lines (the last may
 * lack its newline at the end of input; then one follows in the slack, so that
 * a scan for it always ends). 1 for a block, 0 at the end, negative on error. A
 * line above 64 KiB is ERR_FORMAT. Borrowed until the next call.
 */
int input_lines(struct input *in, const char **p_out, size_t *n_out, struct err *e);

/* Whole records of `size` bytes in blocks, likewise; a partial last record is left over. */
int input_records(struct input *in, size_t size, const uint8_t **p_out, size_t *n_out,
		  size_t *left_over_out, struct err *e);

#endif
