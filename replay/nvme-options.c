// SPDX-License-Identifier: MIT
/* Each list option multiplies the points: designs x paths x blocks x VMs x depths x rates. */
#include "replay/nvme-options.h"

#include "replay/design.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *read, *pattern;
} mixes[] = {
	{ "randread", "nvme-load.read=100%", "nvme-load.pattern=random" },
	{ "randwrite", "nvme-load.read=0%", "nvme-load.pattern=random" },
	{ "randrw", "nvme-load.read=50%", "nvme-load.pattern=random" },
	{ "read", "nvme-load.read=100%", "nvme-load.pattern=sequential" },
	{ "write", "nvme-load.read=0%", "nvme-load.pattern=sequential" },
	{ "rw", "nvme-load.read=50%", "nvme-load.pattern=sequential" },
};
enum { MIXES = sizeof(mixes) / sizeof(mixes[0]) };

static void list_mixes(struct choices *c)
{
	for (int i = 0; i < MIXES; i++)
		choices_add(c, mixes[i].name, NULL, NULL);
}

static int check(void *mine, struct err *e)
{
	struct nvme_options *o = mine;

	if (o->trace && (o->has_mix || o->nblocks || o->nrates || o->nvms))
		return err_set(
			e, ERR_USAGE,
			"a trace says itself what is read and written, and when: leave --rw, "
			"--bs, --rate and --vms out (--set nvme.time_scale=50%% doubles its "
			"load, --qd 8 replays it closed)");
	if (o->ndepths && o->nrates)
		return err_set(e, ERR_USAGE,
			       "--qd is a closed load and --rate an open one: one of the two");
	if (o->trace && o->wants_published)
		return err_set(e, ERR_USAGE, "--published takes no trace");
	return 0;
}

#define AT(member) .offset = offsetof(struct nvme_options, member)

static const struct cli_option options[] = {
	{ .name = "design",
	  .arg = "F,..",
	  .kind = CLI_LIST,
	  AT(ndesigns),
	  .texts = offsetof(struct nvme_options, designs),
	  .most = NVME_LIST_MAX,
	  .choices = design_names_nvme,
	  .files = "ini",
	  .help = "Design files; each is a row" },
	{ .name = "device",
	  .arg = "NAME",
	  .kind = CLI_TEXT,
	  AT(device),
	  .choices = nvme_devices,
	  .files = "ini",
	  .help = "Profile of the drive: p4800x (default), p3700, .. or a file: ./NAME, NAME.ini" },
	{ .name = "path",
	  .arg = "NAME,..",
	  .kind = CLI_LIST,
	  AT(npaths),
	  .texts = offsetof(struct nvme_options, paths),
	  .most = NVME_LIST_MAX,
	  .choices = nvme_paths,
	  .files = "ini",
	  .help = "Ways from guest to drive: native-irq (default), vfio, virtio, mdev-2way, ..; "
		  "see --list" },
	{ .name = "host",
	  .arg = "NAME",
	  .kind = CLI_TEXT,
	  AT(host),
	  .choices = nvme_hosts,
	  .files = "ini",
	  .help = "Profile of the host: its exits, wake-ups and speed" },
	{ .name = "qd",
	  .arg = "N,..",
	  .kind = CLI_LIST,
	  AT(ndepths),
	  .texts = offsetof(struct nvme_options, depths),
	  .most = NVME_LIST_MAX,
	  .help = "Requests that a job keeps outstanding (closed load)" },
	{ .name = "jobs",
	  .arg = "N",
	  .kind = CLI_COUNT,
	  AT(jobs),
	  .given = offsetof(struct nvme_options, has_jobs),
	  .least = 1,
	  .most = NVME_JOBS_MAX,
	  .help = "Jobs of a VM" },
	{ .name = "rate",
	  .arg = "R,..",
	  .kind = CLI_LIST,
	  AT(nrates),
	  .texts = offsetof(struct nvme_options, rates),
	  .most = NVME_LIST_MAX,
	  .help = "Requests of a VM that come at random (open load), as 50000/s" },
	{ .name = "vms",
	  .arg = "N,..",
	  .kind = CLI_LIST,
	  AT(nvms),
	  .texts = offsetof(struct nvme_options, vms),
	  .most = NVME_LIST_MAX,
	  .help = "VMs that share the drive" },
	{ .name = "bs",
	  .arg = "SIZE,..",
	  .kind = CLI_LIST,
	  AT(nblocks),
	  .texts = offsetof(struct nvme_options, blocks),
	  .most = NVME_LIST_MAX,
	  .help = "Block sizes, each a row; a mix is --set 'nvme-load.blocks=4K 70%, 64K 30%'" },
	{ .name = "rw",
	  .arg = "MIX",
	  .kind = CLI_CHOICE,
	  AT(mix),
	  .given = offsetof(struct nvme_options, has_mix),
	  .choices = list_mixes,
	  .what = "mix",
	  .help = "Random or in order, half of it reads; randread is the default" },
	{ .name = "requests",
	  .key = 'n',
	  .arg = "N",
	  .kind = CLI_COUNT,
	  AT(requests),
	  .given = offsetof(struct nvme_options, has_requests),
	  .least = 100,
	  .most = UINT64_C(1) << 40,
	  .help = "Length of each run" },
	{ .name = "seed",
	  .arg = "S",
	  .kind = CLI_COUNT,
	  AT(seed),
	  .given = offsetof(struct nvme_options, has_seed),
	  .help = "Of all random streams" },
	CLI_OPTION_SET(AT(sets), "One parameter"),
	CLI_OPTION_THREADS(AT(threads)),
	CLI_OPTION_PLOT(
		AT(plots[NVME_PLOT_AXIS]),
		"Draw requests/s and latency by what varies (depth, VMs, block size, rate)"),
	{ .name = "plot-tail",
	  .arg = "FILE",
	  .kind = CLI_PLOT,
	  AT(plots[NVME_PLOT_TAIL]),
	  .help = "Likewise the latency's tail" },
	{ .name = "plot-stages",
	  .arg = "FILE",
	  .kind = CLI_PLOT,
	  AT(plots[NVME_PLOT_STAGES]),
	  .help = "Likewise the stages of a request by path" },
	{ .name = "plot-cores",
	  .arg = "FILE",
	  .kind = CLI_PLOT,
	  AT(plots[NVME_PLOT_CORES]),
	  .help = "Likewise the time of each host core" },
	CLI_OPTION_RESULTS(AT(results)),
	CLI_OPTION_ASSUMPTIONS(AT(wants_assumptions)),
	{ .name = "published",
	  .kind = CLI_FLAG,
	  AT(wants_published),
	  .help = "Published figures beside ours: what was calibrated, derived, predicted" },
	{ .name = "list", .kind = CLI_FLAG, AT(wants_list), .help = "The profiles there are" },
};

static const struct cli_command command = {
	.args_doc = "[TRACE]",
	.doc = "What NVMe I/O through a virtualization path costs: requests/s, latency, host and "
	       "guest CPU, by path, depth, number of VMs.\v"
	       "Examples:\n"
	       "  pugmark nvme --path native-irq,virtio,mdev-2way --qd 1,32 --jobs 4\n"
	       "  pugmark nvme disk.db --path vfio,virtio\n"
	       "  pugmark nvme --path mdev-2way --vms 1,2,4,8,16 --qd 32 --plot vms.svg",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct nvme_options, cli),
	.what = "trace",
	.only = offsetof(struct nvme_options, trace),
	.is_optional = true,
	.check = check,
};

void nvme_options_parse(struct nvme_options *o, int argc, char **argv)
{
	cli_options_parse(&command, argc, argv, o);
	o->threads = cli_threads(o->threads);
}

/* ---- points ---- */

/* Assignments of a point, in order. */
struct lasts {
	char text[12][160];
	const char *list[13];
	size_t n;
};

static void add(struct lasts *l, const char *key, const char *value)
{
	if (!value)
		return;
	snprintf(l->text[l->n], sizeof(l->text[0]), "%s=%s", key, value);
	l->list[l->n] = l->text[l->n];
	l->list[++l->n] = NULL;
}

static const char *pick(const struct nvme_list *list, size_t n, size_t i)
{
	return n ? list->text[i] : NULL;
}

/* What a design is called: its file's name, else its path. */
static int make_label(struct nvme_point *p, const char *name, bool has_paths, struct err *e)
{
	const char *path = p->design.choice.profile[NVME_PROFILE_PATH];
	if (!name)
		return err_set(e, ERR_NOMEM, "no memory for the name of a design");
	if (!*name)
		snprintf(p->label, sizeof(p->label), "%.60s", path);
	else if (has_paths)
		snprintf(p->label, sizeof(p->label), "%.30s/%.30s", name, path);
	else
		snprintf(p->label, sizeof(p->label), "%.60s", name);
	return 0;
}

/* The number of a point, taken apart. */
struct place {
	size_t design, path, block, vm, depth, rate;
};

static size_t at_least_1(size_t n)
{
	return n ? n : 1;
}

static struct place place_of(const struct nvme_options *o, size_t i)
{
	struct place p;
	p.rate = i % at_least_1(o->nrates);
	i /= at_least_1(o->nrates);
	p.depth = i % at_least_1(o->ndepths);
	i /= at_least_1(o->ndepths);
	p.vm = i % at_least_1(o->nvms);
	i /= at_least_1(o->nvms);
	p.block = i % at_least_1(o->nblocks);
	i /= at_least_1(o->nblocks);
	p.path = i % at_least_1(o->npaths);
	p.design = i / at_least_1(o->npaths);
	return p;
}

static void add_number(struct lasts *l, const char *key, bool is_given, uint64_t v)
{
	char text[24];
	snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	add(l, key, is_given ? text : NULL);
}

static void make_lasts(const struct nvme_options *o, const struct place *at, struct lasts *l)
{

	*l = (struct lasts){};
	add(l, "nvme.device", o->device);
	add(l, "nvme.host", o->host);
	add(l, "nvme.path", pick(&o->paths, o->npaths, at->path));
	add(l, "nvme-load.blocks", pick(&o->blocks, o->nblocks, at->block));
	add(l, "nvme-load.vms", pick(&o->vms, o->nvms, at->vm));
	add(l, "nvme-load.depth", pick(&o->depths, o->ndepths, at->depth));
	add(l, "nvme-load.rate", pick(&o->rates, o->nrates, at->rate));
	add(l, "nvme-load.arrival", o->ndepths ? "closed" : o->nrates ? "poisson" : NULL);
	add_number(l, "nvme-load.jobs", o->has_jobs, o->jobs);
	add_number(l, "nvme-load.requests", o->has_requests, o->requests);
	add_number(l, "nvme-load.seed", o->has_seed, o->seed);
	if (o->has_mix) {
		l->list[l->n++] = mixes[o->mix].read;
		l->list[l->n++] = mixes[o->mix].pattern;
	}
	l->list[l->n] = NULL;
}

static int read_point(const struct nvme_options *o, const struct nvme_trace_facts *facts, size_t i,
		      struct nvme_point *p, struct err *e)
{
	const struct place at = place_of(o, i);
	const char *file = pick(&o->designs, o->ndesigns, at.design);
	char requests[60];
	struct lasts lasts;

	make_lasts(o, &at, &lasts);
	snprintf(requests, sizeof(requests), "nvme-load.requests=%llu",
		 facts ? (unsigned long long)facts->requests : 0);
	const char *const of_trace[] = { "nvme-load.arrival=trace", "nvme-load.warmup=0%", requests,
					 NULL };
	const struct nvme_design_sources sources = {
		.firsts = facts ? of_trace : NULL,
		.file = file,
		.sets = o->sets.text,
		.nsets = o->sets.n,
		.lasts = lasts.list,
		.devices = facts ? facts->ndevices : 0,
	};
	const int rc = nvme_design_read(&p->design, &sources, e);
	if (rc)
		return rc;
	const char *name =
		file ? design_name_among(o->designs.text, o->ndesigns, at.design, &p->design.arena)
		     : "";
	return make_label(p, name, o->npaths != 0, e);
}

static enum nvme_axis find_axis(const struct nvme_options *o)
{
	return o->ndepths > 1   ? NVME_AXIS_DEPTH
	       : o->nrates > 1  ? NVME_AXIS_RATE
	       : o->nvms > 1    ? NVME_AXIS_VMS
	       : o->nblocks > 1 ? NVME_AXIS_BLOCK
				: NVME_AXIS_NONE;
}

int nvme_options_points(const struct nvme_options *o, const struct nvme_trace_facts *facts,
			struct nvme_point **points_out, size_t *n_out, enum nvme_axis *axis_out,
			struct err *e)
{
	size_t n = at_least_1(o->ndesigns) * at_least_1(o->npaths) * at_least_1(o->nblocks);

	*points_out = NULL;
	*n_out = 0;
	*axis_out = find_axis(o);
	n *= at_least_1(o->nvms) * at_least_1(o->ndepths) * at_least_1(o->nrates);
	if (n > NVME_POINTS_MAX)
		return err_set(e, ERR_USAGE, "%zu points: at most %d at a time", n,
			       NVME_POINTS_MAX);
	*points_out = calloc(n, sizeof(**points_out));
	if (!*points_out)
		return err_set(e, ERR_NOMEM, "no memory for %zu points", n);
	*n_out = n;
	int rc = 0;
	for (size_t i = 0; i < n && !rc; i++)
		rc = read_point(o, facts, i, &(*points_out)[i], e);
	return rc;
}
