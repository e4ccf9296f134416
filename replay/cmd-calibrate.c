// SPDX-License-Identifier: MIT
/*
 * pugmark calibrate nvme: a profile of a drive from its measured latencies, or
 * one cost of a path from measured requests/s. What comes out is marked
 * `calibrated` and names what it was taken from.
 */
#include "replay/commands.h"

#include "base/cleanup.h"
#include "base/units.h"
#include "replay/nvme-fit.h"
#include "replay/nvme-measured.h"
#include "reports/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
	struct cli cli;
	const char *model, *from, *output, *device, *host, *path, *fit, *design;
	uint64_t iops, depth, jobs, requests, most_ns;
	bool has_iops, has_depth, has_jobs;
	struct cli_sets sets;
};

static int take_model(void *mine, char *text, struct err *e)
{
	struct options *o = mine;
	if (strcmp(text, "nvme") != 0)
		return err_set(e, ERR_USAGE, "no model '%.20s' to calibrate: there is nvme", text);
	o->model = text;
	return 0;
}

static int check(void *mine, struct err *e)
{
	struct options *o = mine;

	if (!o->model)
		return err_set(e, ERR_USAGE, "calibrate what? There is nvme");
	if (!o->output)
		return err_set(e, ERR_USAGE, "-o FILE: where does the profile go?");
	if (!o->from && !o->has_iops)
		return err_set(e, ERR_USAGE,
			       "--from FILE (fio's JSON or latency log) or --iops N: "
			       "what was measured?");
	if (o->path && !o->fit)
		return err_set(
			e, ERR_USAGE,
			"--fit: which cost of the path is to be found? As nvme-path.request");
	if (o->fit && !o->path)
		return err_set(e, ERR_USAGE, "--path: of which path is %s?", o->fit);
	if (o->fit && !strchr(o->fit, '.'))
		return err_set(e, ERR_USAGE, "--fit '%.40s': expected section.key", o->fit);
	return 0;
}

#define AT(member)    .offset = offsetof(struct options, member)
#define GIVEN(member) .given = offsetof(struct options, member)

static const struct cli_option options[] = {
	{ .name = "from",
	  .arg = "FILE",
	  .kind = CLI_TEXT,
	  AT(from),
	  .help = "What was measured: fio's JSON, a lat or clat log, or a trace made of them" },
	{ .name = "output",
	  .key = 'o',
	  .arg = "FILE.ini",
	  .kind = CLI_TEXT,
	  AT(output),
	  .help = "The profile" },
	{ .name = "path",
	  .arg = "NAME",
	  .kind = CLI_TEXT,
	  AT(path),
	  .choices = nvme_paths,
	  .files = "ini",
	  .help = "Fit a path instead of a drive: the profile to begin with" },
	{ .name = "fit",
	  .arg = "S.K",
	  .kind = CLI_TEXT,
	  AT(fit),
	  .help = "The cost that is found, as nvme-path.request or nvme-guest.complete" },
	{ .name = "device",
	  .arg = "NAME",
	  .kind = CLI_TEXT,
	  AT(device),
	  .choices = nvme_devices,
	  .files = "ini",
	  .help = "Drive of the measurement (with --path)" },
	{ .name = "host",
	  .arg = "NAME",
	  .kind = CLI_TEXT,
	  AT(host),
	  .choices = nvme_hosts,
	  .files = "ini",
	  .help = "Its host" },
	{ .name = "iops",
	  .arg = "N",
	  .kind = CLI_COUNT,
	  AT(iops),
	  GIVEN(has_iops),
	  .least = 1,
	  .help = "Requests/s to be met, instead of --from" },
	{ .name = "qd",
	  .arg = "N",
	  .kind = CLI_COUNT,
	  AT(depth),
	  GIVEN(has_depth),
	  .least = 1,
	  .most = NVME_DEPTH_MAX,
	  .help = "Depth of a job in the measurement; default: by Little's law" },
	{ .name = "jobs",
	  .arg = "N",
	  .kind = CLI_COUNT,
	  AT(jobs),
	  GIVEN(has_jobs),
	  .least = 1,
	  .most = NVME_JOBS_MAX,
	  .help = "Its jobs" },
	{ .name = "requests",
	  .arg = "N",
	  .kind = CLI_COUNT,
	  AT(requests),
	  .fallback = "50000",
	  .least = 1000,
	  .most = UINT64_C(1) << 32,
	  .help = "Length of a run of the model" },
	{ .name = "most",
	  .arg = "TIME",
	  .kind = CLI_NS,
	  AT(most_ns),
	  .fallback = "1ms",
	  .least = 1,
	  .help = "The cost lies between 0 and this" },
	{ .name = "design",
	  .arg = "FILE",
	  .kind = CLI_TEXT,
	  AT(design),
	  .help = "Parameters from a file" },
	CLI_OPTION_SET(AT(sets), "One parameter"),
};

static const struct cli_command command = {
	.args_doc = "nvme",
	.doc = "Makes a profile for `pugmark nvme` from a measurement: of a drive its service "
	       "times, of a path one cost, found by running the model until it gives the measured "
	       "requests/s.\v"
	       "Examples:\n"
	       "  pugmark calibrate nvme --from qd1.json -o mine.ini\n"
	       "  pugmark calibrate nvme --path virtio --fit nvme-path.request --device mine.ini "
	       "--iops 21831 --qd 1 -o my-virtio.ini",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct options, cli),
	.argument = take_model,
	.check = check,
};

/* ---- the output ---- */

/* A value with its source. */
static void put_value(FILE *out, const char *key, const char *value, const char *source)
{
	fprintf(out, "%s = %s | calibrated | %s\n", key, value, source);
}

/* The name alone; what would end the value becomes '_'. */
static void source_name(const char *path, char *out, size_t n)
{
	const char *slash = strrchr(path, '/');
	snprintf(out, n, "%.60s", slash ? slash + 1 : path);
	for (char *c = out; *c; c++)
		if (*c == '|' || *c == ';' || (unsigned char)*c < ' ')
			*c = '_';
}

static int write_whole(const char *path, const char *text, size_t n, struct err *e)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return err_set(e, errno == EACCES ? ERR_PERM : ERR_CREATE, "%s: %s", path,
			       strerror(errno));
	const bool is_written = fwrite(text, 1, n, f) == n;
	if (!fclose(f) && is_written)
		return 0;
	const int why = errno;
	unlink(path);
	return err_set(e, ERR_CREATE, "%s: %s", path, strerror(why));
}

/* ---- a drive ---- */

/* Three digits and more, so that the points fit a line together with their source. */
static void put_time(FILE *out, uint64_t ns)
{
	static const struct {
		uint64_t from, unit;
		const char *name;
	} units[] = { { 100 * NS_PER_MS, NS_PER_MS, "ms" }, { 10 * NS_PER_US, NS_PER_US, "us" } };

	for (size_t i = 0; i < 2; i++) {
		const uint64_t tenths = (ns + units[i].unit / 20) / (units[i].unit / 10);
		if (ns < units[i].from)
			continue;
		fprintf(out, "%llu", (unsigned long long)(tenths + (tenths >= 1000) * 5) / 10);
		if (tenths < 1000 && tenths % 10)
			fprintf(out, ".%llu", (unsigned long long)(tenths % 10));
		fputs(units[i].name, out);
		return;
	}
	fprintf(out, "%lluns", (unsigned long long)ns);
}

static void put_share(FILE *out, uint64_t ppm)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%llu.%04llu", (unsigned long long)ppm / 10000,
			 (unsigned long long)ppm % 10000);
	while (text[n - 1] == '0')
		n--;
	n -= text[n - 1] == '.';
	fprintf(out, "%.*s%%", n, text);
}

static struct dist_text show_points(const struct dist *d)
{
	struct dist_text t = {};
	FILE *out = fmemopen(t.s, sizeof(t.s), "w");

	for (size_t i = 0; out && i < d->npoints; i++) {
		fputs(i ? ", " : "", out);
		put_share(out, d->points[i].ppm);
		putc(' ', out);
		put_time(out, d->points[i].ns);
	}
	if (out)
		fclose(out);
	return t;
}

static int mean_of(const struct dist *d, uint64_t *out, struct err *e)
{
	struct arena a = {};
	struct quantile q;
	const int rc = quantile_init(&q, d, &a, e);
	if (!rc)
		*out = quantile_mean(&q);
	arena_deinit(&a);
	return rc;
}

/* How many were in service: rate times the mean of what the points describe. */
static uint64_t channels_of(const struct nvme_measured *m)
{
	__uint128_t sum = 0;
	for (int k = 0; k < NVME_OPS; k++)
		sum += (__uint128_t)m->op[k].milli_iops * m->op[k].service_ns;
	const uint64_t n = (uint64_t)((sum + (__uint128_t)500 * NS_PER_SEC) /
				      ((__uint128_t)1000 * NS_PER_SEC));
	return n ? n : 1;
}

/* One request at a time tells the service time, and nothing of how many are served at once. */
static const char one_channel[] =
	"channels = 1 because the load had depth 1: not for deeper loads; "
	"take channels from a deep run";

static int put_drive(FILE *out, const struct options *o, const struct nvme_measured *m,
		     struct report *r, struct err *e)
{
	static const char *const names[NVME_OPS] = { "read", "write" };
	char text[64], source[140], channels[24];
	const char *const file = text;
	const uint64_t milli_depth = nvme_measured_milli_depth(m);
	const uint64_t n = o->has_depth ? o->depth * (o->has_jobs ? o->jobs : 1) : channels_of(m);
	int rc = 0;

	if (n > NVME_CHANNELS_MAX)
		return err_set(
			e, ERR_UNUSABLE,
			"%s: requests/s times latency is %llu at a time: expected at most %d",
			o->from, (unsigned long long)n, NVME_CHANNELS_MAX);
	source_name(o->from, text, sizeof(text));
	fprintf(out, "; made by pugmark calibrate nvme from %s\n[nvme-device]\n", file);
	if (n == 1)
		fprintf(out, "; %s\n", one_channel);
	snprintf(channels, sizeof(channels), "%llu", (unsigned long long)n);
	snprintf(source, sizeof(source), "%s: rate x latency is %llu.%03llu outstanding", file,
		 (unsigned long long)milli_depth / 1000, (unsigned long long)milli_depth % 1000);
	put_value(out, "channels", channels, source);
	for (int k = 0; k < NVME_OPS && !rc; k++) {
		const struct nvme_measured_op *op = &m->op[k];
		uint64_t mean = 0;
		if (!op->points.npoints)
			continue;
		snprintf(source, sizeof(source), "%s, n=%llu", file, (unsigned long long)op->n);
		const struct dist_text t = show_points(&op->points);
		put_value(out, names[k], t.s, source);
		struct dist d;
		rc = dist_parse(t.s, &d, e);
		if (!rc)
			rc = mean_of(&d, &mean, e);
		report_row(r, (struct report_value[]){ REPORT_S(file), REPORT_S(m->subject),
						       REPORT_S(names[k]), REPORT_U(op->n),
						       REPORT_S(op->quantity),
						       REPORT_U((op->milli_iops + 500) / 1000),
						       REPORT_U(op->service_ns), REPORT_U(mean),
						       REPORT_U(milli_depth), REPORT_U(n) });
	}
	if (!rc && n == 1)
		report_text(r, "%s.", one_channel);
	if (n > 1)
		fprintf(out, "; at more than one outstanding the latencies hold waiting as well\n");
	return rc;
}

static const struct report_column drive_columns[] = {
	{ "file", NULL, REPORT_TEXT, 0 },
	{ "job", NULL, REPORT_TEXT, 0 },
	{ "op", NULL, REPORT_TEXT, 0 },
	{ "requests", NULL, REPORT_U64, 0 },
	{ "quantity", NULL, REPORT_TEXT, 0 },
	{ "iops", "requests/s", REPORT_U64, 0 },
	{ "mean_ns", "mean", REPORT_NS, 0 },
	{ "fitted_mean_ns", "of the fit", REPORT_NS, 0 },
	{ "outstanding_milli", "outstanding/1000", REPORT_U64, 0 },
	{ "channels", NULL, REPORT_U64, 0 },
};

static int calibrate_drive(const struct options *o, struct report *r, struct err *e)
{
	_free_ char *text = NULL;
	struct nvme_measured m;
	size_t n;
	int rc = nvme_measured_read(o->from, &m, e);

	if (rc)
		return rc;
	FILE *out = open_memstream(&text, &n);
	if (!out)
		return err_set(e, ERR_NOMEM, "no memory for a profile");
	report_table(r, "rows", NULL, drive_columns,
		     sizeof(drive_columns) / sizeof(*drive_columns));
	rc = put_drive(out, o, &m, r, e);
	fclose(out);
	return rc ? rc : write_whole(o->output, text, n, e);
}

/* ---- a path ---- */

struct target {
	uint64_t milli_iops, depth, jobs;
	char source[120];
};

static int find_target(const struct options *o, struct target *t, struct err *e)
{
	struct nvme_measured m;
	char file[64];

	*t = (struct target){ .depth = o->has_depth ? o->depth : 1,
			      .jobs = o->has_jobs ? o->jobs : 1 };
	if (o->has_iops) {
		t->milli_iops = o->iops * 1000;
		snprintf(t->source, sizeof(t->source), "%llu requests/s at QD %llu x %llu",
			 (unsigned long long)o->iops, (unsigned long long)t->depth,
			 (unsigned long long)t->jobs);
		return 0;
	}
	const int rc = nvme_measured_read(o->from, &m, e);
	if (rc)
		return rc;
	for (int k = 0; k < NVME_OPS; k++)
		t->milli_iops += m.op[k].milli_iops;
	const uint64_t outstanding = (nvme_measured_milli_depth(&m) + 500) / 1000;
	if (!o->has_depth)
		t->depth = outstanding > t->jobs ? outstanding / t->jobs : 1;
	source_name(o->from, file, sizeof(file));
	snprintf(t->source, sizeof(t->source), "%s: %llu requests/s at QD %llu x %llu", file,
		 (unsigned long long)t->milli_iops / 1000, (unsigned long long)t->depth,
		 (unsigned long long)t->jobs);
	if (t->milli_iops)
		return 0;
	return err_set(e, ERR_UNUSABLE, "%s: tells no requests/s: give --iops", o->from);
}

static const struct report_column path_columns[] = {
	{ "parameter", NULL, REPORT_TEXT, 0 },
	{ "value_ns", "value", REPORT_NS, 0 },
	{ "measured_iops", "measured/s", REPORT_U64, 0 },
	{ "fitted_iops", "with it/s", REPORT_U64, 0 },
	{ "depth", NULL, REPORT_U64, 0 },
	{ "jobs", NULL, REPORT_U64, 0 },
};

/* What else the fit rests on; an assumption is called one. */
struct basis {
	char device[96], host[96];
};

static void name_basis(const struct nvme_design *d, const char *name, enum nvme_profile kind,
		       char *out, size_t n)
{
	const struct param_entry *p = param_find(&d->set, "nvme", name);
	const bool is_assumed = p && !strcmp(p->origin, "default");

	snprintf(out, n, "%.60s%s", d->choice.profile[kind], is_assumed ? " (assumed)" : "");
}

static int find_basis(const struct nvme_design_sources *s, struct basis *out, struct err *e)
{
	struct nvme_design d;
	const int rc = nvme_design_read(&d, s, e);

	if (!rc) {
		name_basis(&d, "device", NVME_PROFILE_DEVICE, out->device, sizeof(out->device));
		name_basis(&d, "host", NVME_PROFILE_HOST, out->host, sizeof(out->host));
	}
	nvme_design_deinit(&d);
	return rc;
}

/* The start profile with the value found: given values only, sources kept. */
static int put_path(FILE *out, const struct options *o, const struct nvme_design_sources *s,
		    const struct target *t, const struct basis *b, uint64_t cost_ns, struct err *e)
{
	struct nvme_design d;
	char key[100], value[32];
	int rc = nvme_design_read(&d, s, e);

	if (rc) {
		nvme_design_deinit(&d);
		return rc;
	}
	fprintf(out,
		"; made by pugmark calibrate nvme from profile %s, with device %s and host %s\n",
		o->path, b->device, b->host);
	for (size_t k = 0; k < d.set.nsections; k++) {
		const char *section = d.set.sections[k].name;
		const bool is_fitted = !strncmp(o->fit, section, strlen(section)) &&
				       o->fit[strlen(section)] == '.';
		if (strcmp(section, "nvme-path") && strcmp(section, "nvme-guest") && !is_fitted)
			continue;
		fprintf(out, "[%s]\n", section);
		for (size_t i = 0; i < d.set.n; i++) {
			const struct param_entry *p = &d.set.entries[i];
			snprintf(key, sizeof(key), "%s.%s", p->param->section, p->param->name);
			if (strcmp(p->param->section, section) || !strcmp(key, o->fit) ||
			    p->kind <= PARAM_DEFAULT)
				continue;
			fprintf(out, "%s = %s | %s%s%s\n", p->param->name, p->text,
				param_kind_names[p->kind], *p->source ? " | " : "", p->source);
		}
		snprintf(value, sizeof(value), "%lluns", (unsigned long long)cost_ns);
		if (is_fitted)
			put_value(out, strchr(o->fit, '.') + 1, value, t->source);
	}
	nvme_design_deinit(&d);
	return 0;
}

static int fit_path(const struct options *o, struct report *r, struct err *e)
{
	struct target t;
	char texts[6][160];
	const char *lasts[7] = {};
	size_t n = 0;
	int rc = find_target(o, &t, e);

	if (rc)
		return rc;
	snprintf(texts[n++], 160, "nvme.path=%.140s", o->path);
	snprintf(texts[n++], 160, "nvme-load.depth=%llu", (unsigned long long)t.depth);
	snprintf(texts[n++], 160, "nvme-load.jobs=%llu", (unsigned long long)t.jobs);
	snprintf(texts[n++], 160, "nvme-load.requests=%llu", (unsigned long long)o->requests);
	if (o->device)
		snprintf(texts[n++], 160, "nvme.device=%.140s", o->device);
	if (o->host)
		snprintf(texts[n++], 160, "nvme.host=%.140s", o->host);
	for (size_t i = 0; i < n; i++)
		lasts[i] = texts[i];
	const struct nvme_design_sources sources = {
		.file = o->design, .sets = o->sets.text, .nsets = o->sets.n, .lasts = lasts
	};
	const struct nvme_fit fit = { .sources = &sources,
				      .parameter = o->fit,
				      .milli_iops = t.milli_iops,
				      .most_ns = o->most_ns };
	struct nvme_fitted found;
	struct basis basis;
	rc = find_basis(&sources, &basis, e);
	if (!rc)
		rc = nvme_fit_run(&fit, &found, e);
	if (rc)
		return rc;
	if (found.is_bound)
		return err_set(
			e, ERR_NO,
			"%s between 0 and %s gives no %llu requests/s: at %s there are %llu",
			o->fit, quantity_ns(o->most_ns).s, (unsigned long long)t.milli_iops / 1000,
			quantity_ns(found.cost_ns).s, (unsigned long long)found.milli_iops / 1000);
	_free_ char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	if (!out)
		return err_set(e, ERR_NOMEM, "no memory for a profile");
	report_table(r, "rows", NULL, path_columns, sizeof(path_columns) / sizeof(*path_columns));
	report_row(r, (struct report_value[]){ REPORT_S(o->fit), REPORT_U(found.cost_ns),
					       REPORT_U((t.milli_iops + 500) / 1000),
					       REPORT_U((found.milli_iops + 500) / 1000),
					       REPORT_U(t.depth), REPORT_U(t.jobs) });
	report_text(r, "Fitted with device %s and host %s: --device and --host name others.",
		    basis.device, basis.host);
	rc = put_path(out, o, &sources, &t, &basis, found.cost_ns, e);
	fclose(out);
	return rc ? rc : write_whole(o->output, text, bytes, e);
}

static int calibrate(const struct options *o, struct err *e)
{
	_free_ char *text = NULL; /* shown when it is done: a fit may find late that it cannot */
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	struct report *r = out ? report_begin(out, cli_format(&o->cli), "calibrate", NULL, NULL)
			       : NULL;
	char made[300];

	if (!r && out)
		fclose(out);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	const bool needs_folder = !param_is_file(o->output);
	snprintf(made, sizeof(made), "%.250s: calibrated from %s.", o->output,
		 o->from ? "the measurement" : "the figure given");
	const int rc = o->fit ? fit_path(o, r, e) : calibrate_drive(o, r, e);
	if (!rc)
		report_text(r, "%s  Use it: pugmark nvme --%s %s%s", made,
			    o->fit ? "path" : "device", needs_folder ? "./" : "", o->output);
	const int status = cli_report_end("calibrate", r, EXIT_DONE);
	fclose(out);
	if (!rc && status == EXIT_DONE)
		fwrite(text, 1, bytes, stdout);
	return rc ? rc : status;
}

int cmd_calibrate(int argc, char **argv)
{
	_free_ struct options *o = calloc(1, sizeof(*o));
	struct err e = {};

	if (!o) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail("calibrate", &e);
	}
	cli_options_parse(&command, argc, argv, o);
	const int rc = calibrate(o, &e);
	return rc < 0 ? cli_fail("calibrate", &e) : rc;
}
