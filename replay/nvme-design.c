// SPDX-License-Identifier: MIT
/* Profiles, design file, settings and the speed of the host become one configuration. */
#include "replay/nvme-design.h"

#include "base/embedded.h"
#include "replay/design.h"

#include <stdio.h>
#include <string.h>

const char *const nvme_profile_kinds[] = { "device", "host", "path", NULL };

#define AT(field) offsetof(struct nvme_choice, field)

const struct param nvme_choice_params[] = {
	{ .section = "nvme",
	  .name = "device",
	  .type = PARAM_TEXT,
	  .default_text = "p4800x",
	  .help = "Profile of the drive: a name, or a file: ./NAME, or NAME.ini",
	  .offset = AT(profile[NVME_PROFILE_DEVICE]) },
	{ .section = "nvme",
	  .name = "host",
	  .type = PARAM_TEXT,
	  .default_text = "xeon-e5-2699v3",
	  .help = "Profile of the host",
	  .offset = AT(profile[NVME_PROFILE_HOST]) },
	{ .section = "nvme",
	  .name = "path",
	  .type = PARAM_TEXT,
	  .default_text = "native-irq",
	  .help = "Profile of the way from guest to drive and back",
	  .offset = AT(profile[NVME_PROFILE_PATH]) },
	{ .section = "nvme",
	  .name = "host_speed",
	  .type = PARAM_PPM,
	  .default_text = "100%",
	  .min = 10000,
	  .max = 100000000,
	  .help = "Single-thread speed of the host, of a Xeon E5-2699 v3",
	  .offset = AT(host_speed_ppm) },
	{ .section = "nvme",
	  .name = "measured_speed",
	  .type = PARAM_PPM,
	  .default_text = "100%",
	  .min = 10000,
	  .max = 100000000,
	  .help = "Speed of the host on which the path's costs were measured",
	  .offset = AT(measured_speed_ppm) },
	{ .section = "nvme",
	  .name = "worker_per_vm",
	  .type = PARAM_BOOL,
	  .default_text = "no",
	  .help = "Each VM has workers of its own, so many as nvme-path.workers says (QEMU)",
	  .offset = AT(worker_per_vm) },
	{ .section = "nvme",
	  .name = "time_scale",
	  .type = PARAM_PPM,
	  .default_text = "100%",
	  .min = 1,
	  .help = "Times of a trace are multiplied by it: 50% is twice the load",
	  .offset = AT(time_scale_ppm) },
	{ .section = "nvme",
	  .name = "vm_by_device",
	  .type = PARAM_BOOL,
	  .default_text = "no",
	  .help = "Each device of a trace is a VM; else they are one",
	  .offset = AT(vm_by_device) },
};
const size_t nvme_choice_nparams = sizeof(nvme_choice_params) / sizeof(nvme_choice_params[0]);

/* ---- profiles ---- */

enum { PATH_CHARS = 120 };

static void profile_prefix(enum nvme_profile kind, char out[PATH_CHARS])
{
	snprintf(out, PATH_CHARS, "sim/profiles/nvme-%s-", nvme_profile_kinds[kind]);
}

void nvme_profiles(struct choices *c, enum nvme_profile kind)
{
	char prefix[PATH_CHARS];

	profile_prefix(kind, prefix);
	choices_add_embedded(c, prefix, ".ini", NULL);
}

void nvme_devices(struct choices *c)
{
	nvme_profiles(c, NVME_PROFILE_DEVICE);
}

void nvme_hosts(struct choices *c)
{
	nvme_profiles(c, NVME_PROFILE_HOST);
}

void nvme_paths(struct choices *c)
{
	nvme_profiles(c, NVME_PROFILE_PATH);
}

static int no_profile(enum nvme_profile kind, const char *name, struct err *e)
{
	_choices_ struct choices c = {};

	nvme_profiles(&c, kind);
	return choices_refuse(&c, nvme_profile_kinds[kind], name, " (pugmark nvme --list has all)",
			      e);
}

int nvme_profile_read(struct param_set *set, enum nvme_profile kind, const char *profile,
		      struct err *e)
{
	char path[PATH_CHARS];

	if (param_is_file(profile))
		return param_read(set, profile, PARAM_PROFILE, e);
	profile_prefix(kind, path);
	const size_t n = strlen(path);
	snprintf(path + n, sizeof(path) - n, "%.60s.ini", profile);
	const char *text = embedded_text(path);
	if (!text)
		return no_profile(kind, profile, e);
	return param_read_text(set, path, text, strlen(text), PARAM_PROFILE, e);
}

/* ---- the speed of the host ---- */

static void scale_dist(struct dist *d, uint64_t num, uint64_t den)
{
	const __uint128_t half = den / 2;

	d->a_ns = (uint64_t)(((__uint128_t)d->a_ns * num + half) / den);
	d->b_ns = (uint64_t)(((__uint128_t)d->b_ns * num + half) / den);
	for (size_t i = 0; i < d->npoints; i++)
		d->points[i].ns = (uint64_t)(((__uint128_t)d->points[i].ns * num + half) / den);
}

static void scale_software(struct nvme_design *d)
{
	struct nvme_path_config *p = &d->config.path;
	struct nvme_guest_config *g = &d->config.guest;
	struct dist *const costs[] = {
		&p->look,       &p->round,        &p->request,   &p->translate,
		&p->pin,        &p->handover,     &p->emulation, &p->reap_look,
		&p->reap_round, &p->reap_request, &g->submit,    &g->irq,
		&g->complete,   &g->poll_look,    &g->wake,      &g->hybrid_wake,
	};
	const uint64_t from = d->choice.measured_speed_ppm, to = d->choice.host_speed_ppm;

	if (from == to)
		return;
	for (size_t i = 0; i < sizeof(costs) / sizeof(*costs); i++)
		scale_dist(costs[i], from, to);
}

static int share_workers(struct nvme_design *d, struct err *e)
{
	uint64_t *workers = &d->config.path.workers;
	const uint64_t vms = d->config.load.vms;

	if (!d->choice.worker_per_vm || vms == 1)
		return 0;
	if (*workers * vms > NVME_THREADS_MAX)
		return err_set(e, ERR_USAGE,
			       "%llu VMs with %llu workers each: at most %d workers (or "
			       "nvme.worker_per_vm=no)",
			       (unsigned long long)vms, (unsigned long long)*workers,
			       NVME_THREADS_MAX);
	*workers *= vms;
	return 0;
}

/* ---- a design ---- */

static int add_tables(struct nvme_design *d, struct err *e)
{
	*d = (struct nvme_design){};
	d->set.arena = &d->arena;
	int rc = param_set_add(&d->set, nvme_choice_params, nvme_choice_nparams, &d->choice, e);
	return rc ? rc : param_set_add(&d->set, nvme_params, nvme_nparams, &d->config, e);
}

/* Those that `first` names; a file that did is told, an option needs no telling. */
static int add_profiles(struct nvme_design *d, const struct nvme_design *first, struct err *e)
{
	for (int k = 0; k < NVME_PROFILES; k++) {
		const enum nvme_profile kind = (enum nvme_profile)k;
		const char *key = nvme_profile_kinds[k];
		const int rc = nvme_profile_read(&d->set, kind, first->choice.profile[k], e);
		if (!rc)
			continue;
		const struct param_entry *p = param_find(&first->set, "nvme", key);
		return p && strcmp(p->origin, "--set") ? param_blame(&first->set, "nvme", key, e)
						       : rc;
	}
	return 0;
}

static int assign_all(struct nvme_design *d, const char *const *texts, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; texts && texts[i] && !rc; i++)
		rc = param_assign(&d->set, texts[i], e);
	return rc;
}

static int add_own(struct nvme_design *d, const struct nvme_design_sources *s, struct err *e)
{
	char vms[40];
	int rc = assign_all(d, s->firsts, e);

	if (!rc && s->file)
		rc = design_read(&d->set, s->file, "nvme", e);
	for (size_t i = 0; i < s->nsets && !rc; i++)
		rc = param_assign(&d->set, s->sets[i], e);
	if (!rc)
		rc = assign_all(d, s->lasts, e);
	snprintf(vms, sizeof(vms), "nvme-load.vms=%u", s->devices);
	if (!rc && s->devices && d->choice.vm_by_device)
		rc = param_assign(&d->set, vms, e);
	return rc;
}

/* Twice: which profiles there are is known only when all has been read. */
int nvme_design_read(struct nvme_design *d, const struct nvme_design_sources *s, struct err *e)
{
	static const char *const sections[] = { "nvme",      "nvme-device", "nvme-host",
						"nvme-path", "nvme-guest",  "nvme-load" };
	struct nvme_design first;

	int rc = add_tables(&first, e);
	if (!rc)
		rc = add_own(&first, s, e);
	if (rc) {
		arena_deinit(&first.arena);
		*d = (struct nvme_design){};
		return rc;
	}
	rc = add_tables(d, e);
	if (!rc)
		rc = add_profiles(d, &first, e);
	if (!rc)
		rc = add_own(d, s, e);
	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections) && !rc; i++)
		param_section_use(&d->set, sections[i]);
	arena_deinit(&first.arena);
	if (!rc)
		scale_software(d);
	if (!rc)
		rc = share_workers(d, e);
	return rc ? rc : nvme_config_check(&d->config, e);
}

void nvme_design_deinit(struct nvme_design *d)
{
	arena_deinit(&d->arena);
	*d = (struct nvme_design){};
}
