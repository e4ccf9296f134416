// SPDX-License-Identifier: MIT
/* Memory of a QEMU by its command line and mappings: found exactly, or refused with the reason. */
#include "base/units.h"
#include "collect/vmmram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORDS(text) text, sizeof(text) - 1 /* "a\0b\0" */
#define GIB         (UINT64_C(1) << 30)

static struct vmm_command command(const char *words, size_t n)
{
	struct vmm_command c;
	struct err e = {};
	assert_int_equal(vmmram_command(words, n, &c, &e), 0);
	return c;
}

static void refuses(const char *words, size_t n, const char *reason)
{
	struct vmm_command c;
	struct err e = {};
	assert_int_equal(vmmram_command(words, n, &c, &e), ERR_FEATURE);
	assert_non_null(strstr(e.msg, reason));
}

static struct procmaps maps(const char *text)
{
	struct procmaps m;
	struct err e = {};
	assert_int_equal(procmaps_parse(text, strlen(text), &m, &e), 0);
	return m;
}

static void a_line_of_maps_has_all_its_parts(void **state)
{
	(void)state;
	struct procmaps m =
		maps("7f0000000000-7f0000002000 rw-s 00001000 fd:02 42    /dev/shm/a b\n"
		     "7f0000002000-7f0000003000 ---p 00000000 00:00 0\n"
		     "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]");
	assert_int_equal(m.n, 3);
	assert_int_equal(m.list[0].start, UINT64_C(0x7f0000000000));
	assert_int_equal(m.list[0].end, UINT64_C(0x7f0000002000));
	assert_int_equal(m.list[0].offset, 0x1000);
	assert_int_equal(m.list[0].device, 0xfd << 20 | 2);
	assert_int_equal(m.list[0].inode, 42);
	assert_true(m.list[0].is_readable && m.list[0].is_writable && m.list[0].is_shared);
	assert_string_equal(m.list[0].name, "/dev/shm/a b");
	assert_false(m.list[1].is_readable || m.list[1].is_writable || m.list[1].is_shared);
	assert_string_equal(m.list[1].name, "");
	assert_string_equal(m.list[2].name, "[vsyscall]");
	procmaps_free(&m);
}

static void damaged_maps_name_the_line(void **state)
{
	static const char *const bad[] = {
		"1000-2000 rw-p 0 0:0 0\nrubbish\n",
		"1000-2000 rw-p 0 0:0 0\n3000-2000 rw-p 0 0:0 0\n",
		"1000-2000 rw-p 0 0:0 0\n1800-3000 rw-p 0 0:0 0\n", /* overlaps */
		"1000-2000 rw-p 0 0:0 0\n2000-3000 rw-p 0 0:0",
		"1000-2000 rw-p 0 0:0 0\n2000-3000 rw-x 0 0:0 0\n",
		"1000-2000 rw-p 0 0:0 0\n2000-11111111111111111 rw-p 0 0:0 0\n",
		"1000-2000 rw-p 0 0:0 0\n2000-3000 rw",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct procmaps m;
		struct err e = {};
		assert_int_equal(procmaps_parse(bad[i], strlen(bad[i]), &m, &e), ERR_FORMAT);
		assert_non_null(strstr(e.msg, "line 2"));
		assert_null(m.list);
	}
}

static void size_machine_and_name_are_read(void **state)
{
	(void)state;
	struct vmm_command c = command(WORDS("/usr/bin/qemu-system-x86_64\0-name\0guest=web7,debug-"
					     "threads=on\0-machine\0pc-q35-8.2,usb=off\0-m\0"
					     "size=4194304k,slots=2,maxmem=8G\0"));
	assert_int_equal(c.machine, VMM_Q35);
	assert_int_equal(c.ram_bytes, 4 * GIB);
	assert_string_equal(c.name, "web7");
	c = command(WORDS("qemu-kvm\0-M\0type=pc,accel=kvm\0-m\0"
			  "4096\0"));
	assert_int_equal(c.machine, VMM_PC);
	assert_int_equal(c.ram_bytes, 4 * GIB);
	c = command(WORDS("qemu-system-i386\0--machine\0microvm\0-m\0"
			  "1536\0-m\0"
			  "2G"));
	assert_int_equal(c.machine, VMM_MICROVM);
	assert_int_equal(c.ram_bytes, 2 * GIB);
	c = command(WORDS("qemu-system-x86_64\0"));
	assert_int_equal(c.ram_bytes, GIB / 8);
}

static void what_is_in_doubt_is_refused(void **state)
{
	(void)state;
	refuses(WORDS("/usr/bin/firecracker\0"), "not a QEMU");
	refuses("", 0, "not a QEMU");
	refuses(WORDS("qemu-system-x86_64\0-machine\0virt\0"), "'virt'");
	refuses(WORDS("qemu-system-x86_64\0-machine\0q35,max-ram-below-4g=1G\0"), "below-4g");
	refuses(WORDS("qemu-system-x86_64\0-m\0lots\0"), "'lots'");
	refuses(WORDS("qemu-system-x86_64\0-m\0"
		      "99999999999999T\0"),
		"-m");
	refuses(WORDS("qemu-system-x86_64\0-m\0"
		      "2T\0"),
		"layout");
	refuses(WORDS("qemu-system-x86_64\0-numa\0node,memdev=a\0-numa\0node,memdev=b\0"),
		"2 backends");
}

static void find(enum vmm_machine machine, uint64_t mib, struct vmm_slot out[VMM_SLOTS_MAX],
		 unsigned n)
{
	char text[120];
	struct err e = {};
	unsigned found;
	const struct vmm_command c = { .machine = machine, .ram_bytes = mib << 20 };
	snprintf(text, sizeof(text), "7f0000000000-%llx rw-p 00000000 00:00 0\n",
		 (unsigned long long)(UINT64_C(0x7f0000000000) + (mib << 20)));
	struct procmaps m = maps(text);
	assert_int_equal(vmmram_find(&c, &m, out, &found, &e), 0);
	assert_int_equal(found, n);
	assert_int_equal(out[0].gpa_pfn, 0);
	assert_int_equal(out[0].hva_pfn, 0x7f0000000);
	if (n > 1) {
		assert_int_equal(out[1].gpa_pfn, 4 * GIB >> PAGE_SHIFT);
		assert_int_equal(out[1].hva_pfn, out[0].hva_pfn + out[0].npages);
		assert_int_equal(out[0].npages + out[1].npages, mib << 20 >> PAGE_SHIFT);
	}
	procmaps_free(&m);
}

static void the_hole_below_4_gib_is_where_each_machine_has_it(void **state)
{
	struct vmm_slot s[VMM_SLOTS_MAX];
	(void)state;
	find(VMM_Q35, 2815, s, 1);
	find(VMM_Q35, 2816, s, 2);
	assert_int_equal(s[0].npages, 2 * GIB >> PAGE_SHIFT);
	find(VMM_PC, 3583, s, 1);
	find(VMM_PC, 3584, s, 2);
	assert_int_equal(s[0].npages, 3 * GIB >> PAGE_SHIFT);
	find(VMM_MICROVM, 3072, s, 1);
	find(VMM_MICROVM, 3073, s, 2);
	assert_int_equal(s[0].npages, 3 * GIB >> PAGE_SHIFT);
}

static void memory_is_found_among_other_mappings_and_in_parts(void **state)
{
	/* 16 MiB of a memfd in three parts, beside a stack, its guard and a file of that size */
	static const char text[] =
		"10000000-11000000 r--p 00000000 fd:00 7 /usr/lib/firmware.fd\n"
		"7f0000000000-7f0000400000 rw-s 00000000 00:01 9 /memfd:pc.ram (deleted)\n"
		"7f0000400000-7f0000800000 rw-s 00400000 00:01 9 /memfd:pc.ram (deleted)\n"
		"7f0000800000-7f0001000000 rw-s 00800000 00:01 9 /memfd:pc.ram (deleted)\n"
		"7f0001000000-7f0001001000 ---p 00000000 00:00 0\n"
		"7ffc00000000-7ffc01000000 rw-p 00000000 00:00 0 [stack]\n";
	const struct vmm_command c = { .machine = VMM_Q35, .ram_bytes = 16 << 20 };
	struct procmaps m = maps(text);
	struct vmm_slot s[VMM_SLOTS_MAX];
	struct err e = {};
	unsigned n;
	(void)state;
	assert_int_equal(vmmram_find(&c, &m, s, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_int_equal(s[0].hva_pfn, 0x7f0000000);
	assert_int_equal(s[0].npages, 4096);

	m.list[2].offset = 0; /* another piece of the file: no more one memory */
	assert_int_equal(vmmram_find(&c, &m, s, &n, &e), ERR_FEATURE);
	assert_non_null(strstr(e.msg, "no mapping of 16 MiB"));
	procmaps_free(&m);
}

static void two_mappings_of_that_size_are_refused(void **state)
{
	const struct vmm_command c = { .machine = VMM_PC, .ram_bytes = 1 << 20 };
	struct procmaps m = maps("100000-200000 rw-p 0 0:0 0\n300000-400000 rw-p 0 0:0 0\n");
	struct vmm_slot s[VMM_SLOTS_MAX];
	struct err e = {};
	unsigned n;
	(void)state;
	assert_int_equal(vmmram_find(&c, &m, s, &n, &e), ERR_FEATURE);
	assert_non_null(strstr(e.msg, "several mappings of 1 MiB"));
	procmaps_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_of_maps_has_all_its_parts),
		cmocka_unit_test(damaged_maps_name_the_line),
		cmocka_unit_test(size_machine_and_name_are_read),
		cmocka_unit_test(what_is_in_doubt_is_refused),
		cmocka_unit_test(the_hole_below_4_gib_is_where_each_machine_has_it),
		cmocka_unit_test(memory_is_found_among_other_mappings_and_in_parts),
		cmocka_unit_test(two_mappings_of_that_size_are_refused),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
