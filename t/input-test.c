// SPDX-License-Identifier: MIT
/* Inputs: every compression, damage, blocks of lines and records, random access. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#include "base/cleanup.h"
#include "collect/input.h"

#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { BODY_BYTES = 3 << 20 };

struct bytes {
	uint8_t *p;
	size_t n;
};

/* text that does not repeat, so that a lost or doubled block shows */
static struct bytes body(void)
{
	struct bytes b = { malloc(BODY_BYTES), BODY_BYTES };
	uint32_t x = 1;
	for (size_t i = 0; i < b.n; i++) {
		x = x * 1664525 + 1013904223;
		b.p[i] = i % 64 == 63 ? '\n' : (uint8_t)('a' + (x >> 28));
	}
	return b;
}

static struct bytes plain(struct bytes b)
{
	struct bytes c = { malloc(b.n), b.n };
	memcpy(c.p, b.p, b.n);
	return c;
}

static struct bytes zstd_window(struct bytes b, int window_log)
{
	struct bytes c = { malloc(ZSTD_compressBound(b.n)), 0 };
	ZSTD_CCtx *z = ZSTD_createCCtx();
	ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, window_log);
	ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
	ZSTD_outBuffer out = { c.p, ZSTD_compressBound(b.n), 0 };
	/* in two steps, so that the size is not known and the window stays as asked */
	ZSTD_inBuffer in = { b.p, b.n / 2, 0 };
	while (in.pos < in.size)
		ZSTD_compressStream2(z, &out, &in, ZSTD_e_continue);
	in.size = b.n;
	while (ZSTD_compressStream2(z, &out, &in, ZSTD_e_end))
		;
	c.n = out.pos;
	ZSTD_freeCCtx(z);
	return c;
}

static struct bytes zstd(struct bytes b)
{
	return zstd_window(b, 20);
}

static struct bytes zstd_long(struct bytes b)
{
	return zstd_window(b, 27);
}

static struct bytes gzip(struct bytes b)
{
	z_stream z = {};
	struct bytes c = { malloc(b.n + 4096), 0 };
	deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	z.next_in = b.p;
	z.avail_in = (uInt)b.n;
	z.next_out = c.p;
	z.avail_out = (uInt)b.n + 4096;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	c.n = z.total_out;
	deflateEnd(&z);
	return c;
}

static struct bytes xz(struct bytes b)
{
	struct bytes c = { malloc(lzma_stream_buffer_bound(b.n)), 0 };
	assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, b.p, b.n, c.p, &c.n,
						 lzma_stream_buffer_bound(b.n)),
			 LZMA_OK);
	return c;
}

typedef struct bytes (*compressor)(struct bytes);
static const compressor compressors[] = { plain, zstd, zstd_long, gzip, xz };
enum { NCOMPRESSORS = sizeof(compressors) / sizeof(compressors[0]) };

static struct bytes join(struct bytes a, struct bytes b)
{
	struct bytes c = { malloc(a.n + b.n), a.n + b.n };
	memcpy(c.p, a.p, a.n);
	memcpy(c.p + a.n, b.p, b.n);
	return c;
}

static struct input *open_bytes(struct bytes b)
{
	struct input *in = NULL;
	struct err e = {};
	assert_int_equal(input_open_memory("mem", b.p, b.n, &in, &e), 0);
	return in;
}

static struct bytes read_all(struct input *in)
{
	struct bytes b = { malloc(4 * BODY_BYTES), 0 };
	struct err e = {};
	for (;;) {
		const ssize_t got = input_read(in, b.p + b.n, 70001, &e);
		assert_true(got >= 0);
		if (!got)
			return b;
		b.n += (size_t)got;
		assert_int_equal(input_offset(in), b.n);
	}
}

static void assert_same(struct bytes a, struct bytes b)
{
	assert_int_equal(a.n, b.n);
	assert_memory_equal(a.p, b.p, a.n);
}

static void every_compression_gives_the_same_bytes(void **state)
{
	(void)state;
	_free_ uint8_t *keep = NULL;
	struct bytes b = body();
	keep = b.p;
	for (size_t i = 0; i < NCOMPRESSORS; i++) {
		struct bytes c = compressors[i](b);
		struct input *in = open_bytes(c);
		const uint8_t *p;
		size_t n;
		struct err e = {};
		assert_int_equal(input_peek(in, &p, &n, &e), 0);
		assert_int_equal(n, 256 << 10);
		assert_memory_equal(p, b.p, n);
		struct bytes d = read_all(in);
		assert_same(b, d);
		assert_null(input_damage(in));
		assert_true(input_is_at_end(in));
		input_close(in);
		free(d.p);
		free(c.p);
	}
}

static void members_after_one_another_are_one_input(void **state)
{
	(void)state;
	struct bytes b = body(), twice = join(b, b);
	for (size_t i = 1; i < NCOMPRESSORS; i++) {
		struct bytes c = compressors[i](b), cc = join(c, c);
		struct input *in = open_bytes(cc);
		struct bytes d = read_all(in);
		assert_same(twice, d);
		assert_null(input_damage(in));
		input_close(in);
		free(d.p);
		free(c.p);
		free(cc.p);
	}
	free(twice.p);
	free(b.p);
}

static void truncated_compression_keeps_the_prefix_and_says_so(void **state)
{
	(void)state;
	struct bytes b = body();
	for (size_t i = 1; i < NCOMPRESSORS; i++) {
		struct bytes c = compressors[i](b);
		for (size_t cut = 1; cut < 8; cut++) {
			struct input *in = open_bytes((struct bytes){ c.p, c.n * cut / 8 });
			struct bytes d = read_all(in);
			assert_true(d.n <= b.n);
			if (cut > 4)
				assert_true(d.n > 0);
			assert_memory_equal(d.p, b.p, d.n);
			assert_non_null(input_damage(in));
			assert_non_null(strstr(input_damage(in), "mem: byte "));
			assert_non_null(strstr(input_damage(in), "ends early"));
			input_close(in);
			free(d.p);
		}
		free(c.p);
	}
	free(b.p);
}

static void a_flipped_byte_never_passes_unnoticed(void **state)
{
	(void)state;
	struct bytes b = body();
	for (size_t i = 1; i < NCOMPRESSORS; i++) {
		struct bytes c = compressors[i](b);
		c.p[c.n * 3 / 4] ^= 0x55;
		struct input *in = open_bytes(c);
		struct bytes d = read_all(in);
		assert_non_null(input_damage(in));
		assert_true(d.n > b.n / 2); /* the good blocks before it are kept */
		assert_memory_equal(d.p, b.p, b.n / 2);
		input_close(in);
		free(d.p);
		free(c.p);
	}
	free(b.p);
}

static void garbage_after_the_last_member_is_damage(void **state)
{
	(void)state;
	struct bytes b = body(), junk = { (uint8_t *)"garbage, not a member", 21 };
	for (size_t i = 1; i < NCOMPRESSORS; i++) {
		struct bytes c = compressors[i](b), cc = join(c, junk);
		struct input *in = open_bytes(cc);
		struct bytes d = read_all(in);
		assert_same(b, d);
		assert_non_null(input_damage(in));
		input_close(in);
		free(d.p);
		free(c.p);
		free(cc.p);
	}
	free(b.p);
}

static void a_window_above_128_mib_is_refused_by_name(void **state)
{
	(void)state;
	struct bytes b = body();
	struct bytes c = zstd_window(b, 28);
	struct input *in = open_bytes(c);
	struct bytes d = read_all(in);
	assert_int_equal(d.n, 0);
	assert_non_null(strstr(input_damage(in), "window is above 128 MiB"));
	input_close(in);
	free(d.p);
	free(c.p);
	free(b.p);
}

static void lines_come_whole_and_complete(void **state)
{
	(void)state;
	struct bytes b = body();
	b.n -= 10; /* the last line lacks its newline */
	for (size_t i = 0; i < NCOMPRESSORS; i++) {
		struct bytes c = compressors[i](b);
		struct input *in = open_bytes(c);
		struct err e = {};
		const char *p;
		size_t n, total = 0;
		int rc;
		while ((rc = input_lines(in, &p, &n, &e)) > 0) {
			assert_memory_equal(p, b.p + total, n);
			total += n;
			assert_int_equal(input_offset(in), total);
			if (total == b.n)
				assert_int_equal(p[n], '\n');
			else
				assert_int_equal(p[n - 1], '\n');
		}
		assert_int_equal(rc, 0);
		assert_int_equal(total, b.n);
		input_close(in);
		free(c.p);
	}
	free(b.p);
}

static void a_line_above_64_kib_is_refused_after_the_lines_before_it(void **state)
{
	(void)state;
	struct bytes b = body();
	struct err e = {};
	const char *p;
	size_t n;

	memset(b.p + 640, 'x', 65536); /* exactly 64 KiB without a newline, then one */
	b.p[640 + 65536] = '\n';
	struct input *in = open_bytes(b);
	assert_int_equal(input_lines(in, &p, &n, &e), 1);
	input_close(in);

	b.p[640 + 65536] = 'x';
	in = open_bytes(b);
	assert_int_equal(input_lines(in, &p, &n, &e), 1);
	assert_int_equal(n, 640);
	assert_int_equal(input_lines(in, &p, &n, &e), ERR_FORMAT);
	assert_string_equal(e.msg, "mem: byte 640: line above 64 KiB: is this text?");
	input_close(in);
	free(b.p);
}

static void records_come_whole_and_the_rest_is_told(void **state)
{
	(void)state;
	struct bytes b = body();
	for (size_t i = 0; i < NCOMPRESSORS; i++) {
		struct bytes c = compressors[i](b);
		struct input *in = open_bytes(c);
		struct err e = {};
		const uint8_t *p;
		size_t n, rest, total = 0;
		while (input_records(in, 40, &p, &n, &rest, &e) > 0) {
			assert_memory_equal(p, b.p + total, n * 40);
			total += n * 40;
		}
		assert_int_equal(total, b.n / 40 * 40);
		assert_int_equal(rest, b.n % 40);
		input_close(in);
		free(c.p);
	}
	free(b.p);
}

static void skipping_forward_lands_on_the_same_byte(void **state)
{
	(void)state;
	struct bytes b = body();
	for (size_t i = 0; i < NCOMPRESSORS; i++) {
		struct bytes c = compressors[i](b);
		struct input *in = open_bytes(c);
		struct err e = {};
		uint8_t got[16];
		const uint64_t stops[] = { 5, 1000, 1000, (1 << 20) + 77, BODY_BYTES - 16 };
		for (size_t k = 0; k < 5; k++) {
			if (k)
				assert_true(stops[k] >= stops[k - 1]);
			if (input_offset(in) > stops[k])
				continue;
			assert_int_equal(input_skip_to(in, stops[k], &e), 0);
			assert_int_equal(input_offset(in), stops[k]);
			assert_int_equal(input_read(in, got, 16, &e), 16);
			assert_memory_equal(got, b.p + stops[k], 16);
		}
		assert_int_equal(input_skip_to(in, 4, &e), ERR_BUG);
		assert_int_equal(input_skip_to(in, BODY_BYTES + 1, &e), ERR_FORMAT);
		input_close(in);
		free(c.p);
	}
	free(b.p);
}

static void random_access_reads_any_place(void **state)
{
	(void)state;
	struct bytes b = body();
	for (size_t i = 0; i < NCOMPRESSORS; i++) {
		struct bytes c = compressors[i](b);
		struct input *in = open_bytes(c);
		struct err e = {};
		const uint8_t *p;
		size_t n;
		uint8_t got[100];
		assert_int_equal(input_peek(in, &p, &n, &e),
				 0); /* sniffed before, as import does */
		assert_int_equal(input_random(in, &e), 0);
		assert_int_equal(input_size(in), b.n);
		for (size_t at = b.n - 100; at > 200000; at -= 199999) {
			assert_int_equal(input_pread(in, got, 100, at, &e), 0);
			assert_memory_equal(got, b.p + at, 100);
		}
		assert_int_equal(input_pread(in, got, 100, b.n - 99, &e), ERR_FORMAT);
		assert_int_equal(input_pread(in, got, 100, UINT64_MAX - 3, &e), ERR_FORMAT);
		assert_non_null(strstr(e.msg, "mem: byte 18446744073709551612: ends at byte"));
		input_close(in);
		free(c.p);
	}
	free(b.p);
}

static void files_read_like_memory(void **state)
{
	(void)state;
	struct bytes b = body(), c = zstd(b);
	char path[] = "build/input-test-XXXXXX";
	const int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, c.p, c.n), (ssize_t)c.n);
	struct input *in;
	struct err e = {};
	assert_int_equal(input_open(path, &in, &e), 0);
	struct bytes d = read_all(in);
	assert_same(b, d);
	uint64_t done, total;
	input_position(in, &done, &total);
	assert_int_equal(done, c.n);
	assert_int_equal(total, c.n);
	input_close(in);

	assert_int_equal(pwrite(fd, b.p, b.n, 0), (ssize_t)b.n); /* now plain */
	assert_int_equal(input_open(path, &in, &e), 0);
	uint8_t got[8];
	assert_int_equal(input_skip_to(in, 2 << 20, &e), 0);
	assert_int_equal(input_read(in, got, 8, &e), 8);
	assert_memory_equal(got, b.p + (2 << 20), 8);
	assert_int_equal(input_random(in, &e), 0);
	assert_int_equal(input_pread(in, got, 8, 3, &e), 0);
	assert_memory_equal(got, b.p + 3, 8);
	input_close(in);
	close(fd);
	unlink(path);
	free(b.p);
	free(c.p);
	free(d.p);
}

static void what_cannot_be_opened_is_told_apart(void **state)
{
	(void)state;
	struct input *in;
	struct err e = {};
	assert_int_equal(input_open("build/no-such-file", &in, &e), ERR_NOINPUT);
	assert_string_equal(e.msg, "build/no-such-file: No such file or directory");
	assert_int_equal(input_open("t", &in, &e), ERR_NOINPUT);
	assert_string_equal(e.msg, "t: is a directory, expected a file");
}

static void an_empty_input_has_no_lines_and_no_damage(void **state)
{
	(void)state;
	struct bytes none = { (uint8_t *)"", 0 };
	for (size_t i = 0; i < NCOMPRESSORS; i++) {
		struct bytes c = compressors[i](none);
		struct input *in = open_bytes(c);
		struct err e = {};
		const char *p;
		size_t n;
		assert_int_equal(input_lines(in, &p, &n, &e), 0);
		assert_null(input_damage(in));
		input_close(in);
		free(c.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_compression_gives_the_same_bytes),
		cmocka_unit_test(members_after_one_another_are_one_input),
		cmocka_unit_test(truncated_compression_keeps_the_prefix_and_says_so),
		cmocka_unit_test(a_flipped_byte_never_passes_unnoticed),
		cmocka_unit_test(garbage_after_the_last_member_is_damage),
		cmocka_unit_test(a_window_above_128_mib_is_refused_by_name),
		cmocka_unit_test(lines_come_whole_and_complete),
		cmocka_unit_test(a_line_above_64_kib_is_refused_after_the_lines_before_it),
		cmocka_unit_test(records_come_whole_and_the_rest_is_told),
		cmocka_unit_test(skipping_forward_lands_on_the_same_byte),
		cmocka_unit_test(random_access_reads_any_place),
		cmocka_unit_test(files_read_like_memory),
		cmocka_unit_test(what_cannot_be_opened_is_told_apart),
		cmocka_unit_test(an_empty_input_has_no_lines_and_no_damage),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
