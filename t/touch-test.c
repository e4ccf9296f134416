// SPDX-License-Identifier: MIT
/*
 * What is told of touched pages, on copies of /proc and /sys that the test writes: idle bits and
 * soft-dirty bits as the kernel would set them, and sets of pages.
 */
#include "base/cleanup.h"
#include "collect/touch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { PID = 42, FIRST = 0x10, PAGES = 8, BITMAP_WORDS = 1024 };

/* A process with PAGES pages from page FIRST on; page i lies in frame 64 * (100 - i) + i. */
struct fixture {
	char root[120];
	struct touch touch;
	char told[200]; /* "page+npages " ... */
};

static void put(const struct fixture *f, const char *name, const void *bytes, size_t n, off_t at)
{
	char path[300];
	snprintf(path, sizeof(path), "%s/%s", f->root, name);
	const int fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, n, at), n);
	close(fd);
}

static uint64_t frame_of(unsigned i)
{
	return 64 * (100 - i) + i;
}

static void set_entry(const struct fixture *f, unsigned i, uint64_t flags)
{
	const uint64_t entry = frame_of(i) | flags;
	put(f, "proc/42/pagemap", &entry, sizeof(entry), (FIRST + i) * (off_t)sizeof(entry));
}

static uint64_t idle_word(const struct fixture *f, unsigned i)
{
	char path[300];
	uint64_t word = 0;
	snprintf(path, sizeof(path), "%s/sys/kernel/mm/page_idle/bitmap", f->root);
	const int fd = open(path, O_RDONLY);
	assert_int_equal(pread(fd, &word, sizeof(word), (off_t)(frame_of(i) / 64 * 8)), 8);
	close(fd);
	return word;
}

static void clear_idle(const struct fixture *f, unsigned i)
{
	const uint64_t zero = 0;
	put(f, "sys/kernel/mm/page_idle/bitmap", &zero, sizeof(zero),
	    (off_t)(frame_of(i) / 64 * 8));
}

static int note(void *ctx, uint64_t page, uint64_t npages, struct err *e)
{
	struct fixture *f = ctx;
	const size_t at = strlen(f->told);
	(void)e;
	snprintf(f->told + at, sizeof(f->told) - at, "%llu+%llu ", (unsigned long long)page - FIRST,
		 (unsigned long long)npages);
	return 0;
}

static int set_up(void **state)
{
	static const char maps[] = "10000-18000 rw-p 00000000 00:00 0\n"
				   "7000000000-7000001000 r-xp 00000000 00:00 0 [vdso]\n";
	static const char *const folders[] = { "proc",          "proc/42",
					       "sys",           "sys/kernel",
					       "sys/kernel/mm", "sys/kernel/mm/page_idle" };
	static const uint64_t bitmap[BITMAP_WORDS];
	struct fixture *f = calloc(1, sizeof(*f));
	char path[300];
	snprintf(f->root, sizeof(f->root), "%s/pugmark-touch.XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(f->root))
		return -1;
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->root, folders[i]);
		if (mkdir(path, 0700))
			return -1;
	}
	put(f, "proc/42/maps", maps, sizeof(maps) - 1, 0);
	put(f, "sys/kernel/mm/page_idle/bitmap", bitmap, sizeof(bitmap), 0);
	for (unsigned i = 0; i < PAGES; i++)
		set_entry(f, i, UINT64_C(1) << 63);
	snprintf(f->touch.root, sizeof(f->touch.root), "%s", f->root);
	f->touch.pid = PID;
	f->touch.found = note;
	f->touch.ctx = f;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char command[200];
	touch_deinit(&f->touch);
	snprintf(command, sizeof(command), "rm -r '%s'", f->root);
	const int rc = system(command);
	free(f);
	return rc;
}

static const char *look(struct fixture *f, enum touch_method_id id)
{
	struct err e = {};
	f->told[0] = 0;
	assert_int_equal(touch_look(&f->touch, touch_method(id), &e), 0);
	return f->told;
}

static void pages_whose_idle_bit_went_are_told(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(look(f, TOUCH_IDLE), ""); /* marks all */
	for (unsigned i = 0; i < PAGES; i++)
		assert_int_equal(idle_word(f, i), UINT64_C(1) << frame_of(i) % 64);
	assert_string_equal(look(f, TOUCH_IDLE), "");
	clear_idle(f, 1);
	clear_idle(f, 2);
	clear_idle(f, 7);
	assert_string_equal(look(f, TOUCH_IDLE), "1+2 7+1 ");
	assert_string_equal(look(f, TOUCH_IDLE), ""); /* they are marked again */
}

static void pages_out_of_memory_or_without_a_bit_are_not_told(void **state)
{
	struct fixture *f = *state;
	const uint64_t far = UINT64_C(1) << 63 | (64 * BITMAP_WORDS + 5);
	look(f, TOUCH_IDLE);
	for (unsigned i = 0; i < PAGES; i++)
		clear_idle(f, i);
	set_entry(f, 3, UINT64_C(1) << 62); /* swapped */
	put(f, "proc/42/pagemap", &far, sizeof(far), (FIRST + 5) * (off_t)sizeof(far));
	assert_string_equal(look(f, TOUCH_IDLE), "0+3 4+1 6+2 ");
}

static void soft_dirty_pages_are_told_and_cleared(void **state)
{
	struct fixture *f = *state;
	const uint64_t soft = UINT64_C(1) << 55 | UINT64_C(1) << 63;
	char path[300], text[4] = "";
	put(f, "proc/42/clear_refs", "0", 1, 0);
	set_entry(f, 0, soft); /* before the first look */
	assert_string_equal(look(f, TOUCH_SOFT_DIRTY), "");
	snprintf(path, sizeof(path), "%s/proc/42/clear_refs", f->root);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	assert_string_equal(text, "4"); /* soft-dirty bits, nothing else of clear_refs */
	set_entry(f, 0, UINT64_C(1) << 63);
	set_entry(f, 4, soft);
	set_entry(f, 5, UINT64_C(1) << 55 | UINT64_C(1) << 62); /* written, then swapped */
	set_entry(f, 6, UINT64_C(1) << 55);                     /* nothing there */
	assert_string_equal(look(f, TOUCH_SOFT_DIRTY), "4+2 ");
}

static void a_process_that_is_gone_is_told_as_such(void **state)
{
	struct fixture *f = *state;
	for (int id = TOUCH_SCAN; id < TOUCH_METHODS; id++) {
		struct touch other = f->touch;
		struct err e = {};
		other.pid = PID + 1;
		assert_int_equal(touch_look(&other, touch_method((enum touch_method_id)id), &e),
				 ERR_NOINPUT);
		touch_deinit(&other);
	}
}

static void parts_in_a_set_and_outside_it_make_up_a_range(void **state)
{
	struct touch_runs r = {};
	struct err e = {};
	(void)state;
	for (uint64_t page = 10; page < 100; page += 10)
		assert_int_equal(touch_runs_add(&r, (struct touch_run){ page, page + 3 }, &e), 0);
	assert_int_equal(touch_runs_add(&r, (struct touch_run){ 93, 95 }, &e), 0); /* goes on */
	assert_int_equal(r.n, 9);
	for (uint64_t from = 0; from < 110; from++)
		for (uint64_t end = from; end < 110; end++) {
			bool is_in[110] = {};
			for (int in = 0; in < 2; in++) {
				struct touch_run part;
				size_t at = 0;
				for (uint64_t p = from;
				     touch_runs_part(&r, &at, in, &p, end, &part);)
					for (uint64_t i = part.page; i < part.end; i++)
						is_in[i] = in;
			}
			for (uint64_t i = from; i < end; i++)
				assert_int_equal(is_in[i],
						 i >= 10 &&
							 (i % 10 < 3 || (i / 10 == 9 && i < 95)) &&
							 i < 100);
		}
	touch_runs_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pages_whose_idle_bit_went_are_told, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(pages_out_of_memory_or_without_a_bit_are_not_told,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(soft_dirty_pages_are_told_and_cleared, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_process_that_is_gone_is_told_as_such, set_up,
						tear_down),
		cmocka_unit_test(parts_in_a_set_and_outside_it_make_up_a_range),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
