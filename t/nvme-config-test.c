// SPDX-License-Identifier: MIT
/* Sections of an NVMe design: neutral defaults, texts, and pairs that cannot be. */
#include "sim/nvme-config.h"
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct design {
	struct arena arena;
	struct param_set set;
	struct nvme_config c;
	struct err e;
};

static void begin(struct design *d)
{
	*d = (struct design){};
	d->set.arena = &d->arena;
	if (param_set_add(&d->set, nvme_params, nvme_nparams, &d->c, &d->e))
		fail_msg("%s", d->e.msg);
}

static void set(struct design *d, const char *assignment)
{
	if (param_assign(&d->set, assignment, &d->e))
		fail_msg("%s", d->e.msg);
}

static void refused(struct design *d, const char *word)
{
	assert_int_equal(nvme_config_check(&d->c, &d->e), ERR_USAGE);
	if (!strstr(d->e.msg, word))
		fail_msg("no '%s' in: %s", word, d->e.msg);
	arena_deinit(&d->arena);
}

static void defaults_are_a_bare_device_and_one_closed_job(void **state)
{
	struct design d;
	(void)state;

	begin(&d);
	assert_int_equal(nvme_config_check(&d.c, &d.e), 0);
	assert_int_equal(d.c.device.channels, 1);
	assert_int_equal(d.c.path.workers, 0);
	assert_int_equal(d.c.load.nblocks, 1);
	assert_int_equal(d.c.load.block[0].bytes, 4096);
	arena_deinit(&d.arena);
}

static void block_mixes_add_up_to_the_whole(void **state)
{
	struct design d;
	(void)state;

	begin(&d);
	set(&d, "nvme-load.blocks=512 5%, 4K 65%,64K 30%");
	assert_int_equal(nvme_config_check(&d.c, &d.e), 0);
	assert_int_equal(d.c.load.nblocks, 3);
	assert_int_equal(d.c.load.block[0].bytes, 512);
	assert_int_equal(d.c.load.block[2].ppm, 300000);
	set(&d, "nvme-load.blocks=4K 70%, 64K 20%");
	refused(&d, "100%");
	begin(&d);
	set(&d, "nvme-load.blocks=4100");
	refused(&d, "512");
}

static void paths_that_cannot_be_are_refused_with_the_reason(void **state)
{
	struct design d;
	(void)state;

	begin(&d);
	set(&d, "nvme-path.workers=2");
	refused(&d, "nvme-path.workers = 0");
	begin(&d);
	set(&d, "nvme-path.doorbell=shadow");
	refused(&d, "`device`");
	begin(&d);
	set(&d, "nvme-path.doorbell=polled");
	set(&d, "nvme-path.workers=1");
	refused(&d, "spin");
	begin(&d);
	set(&d, "nvme-path.notify=exitless");
	set(&d, "nvme-path.eoi_exit=yes");
	refused(&d, "EOI");
	begin(&d);
	set(&d, "nvme-load.requests=0");
	refused(&d, "ends");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_a_bare_device_and_one_closed_job),
		cmocka_unit_test(block_mixes_add_up_to_the_whole),
		cmocka_unit_test(paths_that_cannot_be_are_refused_with_the_reason),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
