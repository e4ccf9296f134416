// SPDX-License-Identifier: MIT
/*
 * Profiles of drives, hosts and paths, and how they become a design: every
 * number has a source, the published ones are the published ones, costs travel
 * with the speed of the host. And what a trace's times are held to be.
 */
#include "base/embedded.h"
#include "replay/nvme-design.h"
#include "replay/nvme-trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int read_design(struct nvme_design *d, const char *const *lasts, struct err *e)
{
	return nvme_design_read(d, &(struct nvme_design_sources){ .lasts = lasts }, e);
}

static void must_read(struct nvme_design *d, const char *const *lasts)
{
	struct err e = {};
	if (read_design(d, lasts, &e))
		fail_msg("%s", e.msg);
}

static const struct param_entry *value(const struct nvme_design *d, const char *section,
				       const char *name)
{
	const struct param_entry *p = param_find(&d->set, section, name);
	assert_non_null(p);
	return p;
}

static void every_number_of_every_profile_has_a_kind_and_a_source(void **state)
{
	char text[100];
	size_t profiles = 0, values = 0;
	(void)state;

	for (int k = 0; k < NVME_PROFILES; k++) {
		_choices_ struct choices c = {};
		nvme_profiles(&c, (enum nvme_profile)k);
		for (size_t i = 0; i < c.n; i++, profiles++) {
			struct nvme_design d;
			snprintf(text, sizeof(text), "nvme.%s=%s", nvme_profile_kinds[k],
				 c.list[i].name);
			must_read(&d, (const char *const[]){ text, NULL });
			for (size_t v = 0; v < d.set.n; v++) {
				const struct param_entry *p = &d.set.entries[v];
				if (!strstr(p->origin, ".ini") || !strpbrk(p->text, "0123456789"))
					continue;
				values++;
				if (p->kind < PARAM_SPEC || !*p->source)
					fail_msg("%s: %s has no kind or no source", p->origin,
						 p->param->name);
			}
			nvme_design_deinit(&d);
		}
	}
	assert_true(profiles >= 24);
	assert_true(values > 600);
}

/* Each is a pair that can be: checked by the model with every other of the usual ones. */
static void every_path_runs_on_every_drive_and_host(void **state)
{
	_choices_ struct choices devices = {}, paths = {}, hosts = {};
	char device[100], path[100], host[100];
	size_t designs = 0;
	(void)state;

	nvme_devices(&devices);
	nvme_paths(&paths);
	nvme_hosts(&hosts);
	for (size_t i = 0; i < devices.n; i++)
		for (size_t k = 0; k < paths.n; k++)
			for (size_t h = 0; h < hosts.n; h++, designs++) {
				struct nvme_design d;
				snprintf(device, sizeof(device), "nvme.device=%s",
					 devices.list[i].name);
				snprintf(path, sizeof(path), "nvme.path=%s", paths.list[k].name);
				snprintf(host, sizeof(host), "nvme.host=%s", hosts.list[h].name);
				must_read(&d, (const char *const[]){ device, path, host, NULL });
				nvme_design_deinit(&d);
			}
	assert_true(designs >= 200);
}

static void what_is_fitted_to_a_figure_is_not_called_published(void **state)
{
	static const char *const fitted[][3] = {
		{ "native-irq", "nvme-guest", "wake" },
		{ "native-irq", "nvme-guest", "complete" },
		{ "mdev-2way", "nvme-guest", "wake" },
		{ "spdk-vhost-blk", "nvme-path", "request" },
		{ "spdk-vhost-scsi", "nvme-path", "request" },
		{ "virtio", "nvme-path", "request" },
		{ "virtio", "nvme-guest", "wake" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(fitted) / sizeof(*fitted); i++) {
		struct nvme_design d;
		char path[80];
		snprintf(path, sizeof(path), "nvme.path=%s", fitted[i][0]);
		must_read(&d, (const char *const[]){ path, NULL });
		assert_int_equal(value(&d, fitted[i][1], fitted[i][2])->kind, PARAM_CALIBRATED);
		nvme_design_deinit(&d);
	}
}

static void published_figures_are_as_published(void **state)
{
	struct nvme_design d;
	(void)state;

	must_read(&d, (const char *const[]){ "nvme.device=p4800x", NULL });
	assert_int_equal(d.config.device.link_read_rate, 2400000000);
	assert_int_equal(value(&d, "nvme-device", "link_read_rate")->kind, PARAM_SPEC);
	assert_int_equal(d.config.host.exit.a_ns, 680);
	nvme_design_deinit(&d);
	must_read(&d, (const char *const[]){ "nvme.device=970pro", NULL });
	assert_int_equal(d.config.device.channels, 16);
	assert_int_equal(d.config.device.front.a_ns, 21500);
	assert_int_equal(d.config.device.channel_rate, 800000000);
	nvme_design_deinit(&d);
}

static void software_costs_travel_with_the_speed_of_the_host(void **state)
{
	struct nvme_design slow, fast, same;
	(void)state;

	must_read(&slow, (const char *const[]){ "nvme.path=spdk-vhost-blk", NULL });
	must_read(&fast, (const char *const[]){ "nvme.path=spdk-vhost-blk", "nvme.host_speed=316%",
						NULL });
	must_read(&same, (const char *const[]){ "nvme.path=spdk-vhost-blk", "nvme.host=xeon-6348",
						"nvme-path.request=1us", NULL });
	const struct dist *a = &slow.config.path.request, *b = &fast.config.path.request;
	assert_true(a->a_ns > 0);
	assert_true(b->a_ns * 316 / 100 >= a->a_ns - 3 && b->a_ns * 316 / 100 <= a->a_ns + 3);
	assert_int_equal(same.config.path.request.a_ns, 1000);
	/* the host's own costs are told of that host */
	assert_int_equal(slow.config.host.exit.a_ns, fast.config.host.exit.a_ns);
	nvme_design_deinit(&slow);
	nvme_design_deinit(&fast);
	nvme_design_deinit(&same);
}

static void a_word_that_is_no_profile_is_refused_with_those_there_are(void **state)
{
	struct nvme_design d;
	struct err e = {};
	(void)state;

	assert_int_equal(read_design(&d, (const char *const[]){ "nvme.path=mdev", NULL }, &e),
			 ERR_USAGE);
	assert_non_null(strstr(e.msg, "mdev-2way"));
	nvme_design_deinit(&d);
	assert_int_equal(read_design(&d, (const char *const[]){ "nvme.device=no.ini", NULL }, &e),
			 ERR_NOINPUT);
	nvme_design_deinit(&d);
	assert_int_equal(
		read_design(&d,
			    (const char *const[]){ "nvme.path=vfio", "nvme-path.workers=2", NULL },
			    &e),
		ERR_USAGE);
	nvme_design_deinit(&d);
}

/* ---- times of a trace ---- */

static bool doubts(uint64_t n, uint64_t span_ns, uint64_t latency_ns, const char *unit)
{
	const struct nvme_trace_facts f = { .requests = n,
					    .last_ns = span_ns,
					    .latencies = latency_ns ? n : 0,
					    .latency_sum_ns = latency_ns * n };
	char text[240] = "";

	if (!nvme_trace_doubt(&f, text, sizeof(text)))
		return false;
	if (unit && !strstr(text, unit))
		fail_msg("'%s' says nothing of '%s'", text, unit);
	return true;
}

static void plausible_times_are_left_alone(void **state)
{
	(void)state;
	assert_false(doubts(100000, 10 * NS_PER_SEC, 80000, NULL));
	assert_false(doubts(100000, 50 * NS_PER_MS, 0, NULL)); /* 2 M/s */
	assert_false(doubts(1000, 86400 * NS_PER_SEC, 0, NULL));
	assert_false(doubts(3, 0, 0, NULL)); /* too few to tell */
	assert_false(doubts(100000, 10 * NS_PER_SEC, 900000000, NULL));
}

/* 100,000 requests of 80 us in 10 s, each time taken for another unit */
static void a_wrong_unit_is_named(void **state)
{
	const uint64_t span = 10 * NS_PER_SEC, lat = 80000;
	(void)state;

	assert_true(doubts(100000, span / 100 / 100, lat / 100, "FILETIME"));
	assert_true(doubts(100000, span / 1000, lat / 1000, "in us but were taken as ns"));
	assert_true(doubts(100000, span / 1000000, 0, "in ms but"));
	assert_true(doubts(100000, span / 1000000000, 0, "in s but"));
	assert_true(doubts(100000, span * 1000000, lat * 1000000, "in ns but were taken as"));
	assert_true(doubts(100, span * 1000000, 0, "in ns but were taken as"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_of_every_profile_has_a_kind_and_a_source),
		cmocka_unit_test(every_path_runs_on_every_drive_and_host),
		cmocka_unit_test(what_is_fitted_to_a_figure_is_not_called_published),
		cmocka_unit_test(published_figures_are_as_published),
		cmocka_unit_test(software_costs_travel_with_the_speed_of_the_host),
		cmocka_unit_test(a_word_that_is_no_profile_is_refused_with_those_there_are),
		cmocka_unit_test(plausible_times_are_left_alone),
		cmocka_unit_test(a_wrong_unit_is_named),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
