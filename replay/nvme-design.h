// SPDX-License-Identifier: MIT
/*
 * An NVMe design: the drive, the host, the path and the guest by their profiles
 * (sim/profiles/nvme-KIND-NAME.ini, or files of the user's), then what a design
 * file and --set say. Section [nvme] names the profiles.
 *
 * Software costs of a path and of its guest were measured on some host. They travel to another by
 * its single-thread speed: cost * measured_speed / host_speed.
 */
#ifndef PUGMARK_REPLAY_NVME_DESIGN_H
#define PUGMARK_REPLAY_NVME_DESIGN_H

#include "base/arena.h"
#include "base/choices.h"
#include "base/param.h"
#include "sim/nvme-config.h"

enum nvme_profile { NVME_PROFILE_DEVICE, NVME_PROFILE_HOST, NVME_PROFILE_PATH, NVME_PROFILES };
extern const char *const nvme_profile_kinds[NVME_PROFILES + 1]; /* "device", .., NULL */

/* Section [nvme]. */
struct nvme_choice {
	const char *profile[NVME_PROFILES];          /* names, or files that end in .ini */
	uint64_t host_speed_ppm, measured_speed_ppm; /* of a Xeon E5-2699 v3 */
	uint64_t time_scale_ppm;                     /* of a trace's times */
	bool vm_by_device, worker_per_vm;
};
extern const struct param nvme_choice_params[];
extern const size_t nvme_choice_nparams;

struct nvme_design {
	struct arena arena;
	struct param_set set;
	struct nvme_choice choice;
	struct nvme_config config; /* checked; costs are those on the chosen host */
};

/* Where the values come from, the later the stronger; strings are borrowed. */
struct nvme_design_sources {
	const char *const
		*firsts;  /* `section.key=value`: better defaults; NULL-terminated, or NULL */
	const char *file; /* or NULL */
	const char *const *sets;
	size_t nsets;
	const char *const *lasts; /* of conveniences; as firsts */
	uint32_t devices;         /* of a trace: VMs with nvme.vm_by_device */
};

/* The arena is to be released, also after a failure. */
int nvme_design_read(struct nvme_design *d, const struct nvme_design_sources *s, struct err *e);
void nvme_design_deinit(struct nvme_design *d);

/* The embedded profiles of a kind. */
void nvme_profiles(struct choices *c, enum nvme_profile kind);
void nvme_devices(struct choices *c);
void nvme_hosts(struct choices *c);
void nvme_paths(struct choices *c);

/* Adds a profile's text; profile: a name or a file. */
int nvme_profile_read(struct param_set *set, enum nvme_profile kind, const char *profile,
		      struct err *e);

#endif
