// SPDX-License-Identifier: MIT
/*
 * Pages that assigned devices wrote, by the dirty bitmap of an iommufd page
 * table: the VMM hands its iommufd over as an inherited descriptor and says the
 * page table's number. Device writes only; when within a period, how often and
 * by which device of the page table is not seen.
 *
 * A look clears the bitmap. A live migration reads the same one and would lose
 * pages, so that nothing is read until the user has said that nobody else does.
 * Untested on hardware (see collect/dirtymap.c).
 */
#include "base/param.h"
#include "base/units.h"
#include "collect/dirtymap.h"
#include "collect/probe-look.h"
#include "collect/recording.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

static const char coverage[] = "device writes only, within a period; untested on hardware";

struct config {
	uint64_t fd, hwpt, iova, length, page_bytes, period_ns;
	int space;
	bool is_exclusive;
};

static const char *const spaces[] = { "iova", "gpa", NULL };

#define ROW(field, ...)                                                                     \
	{                                                                                   \
		.section = "iommufd", .offset = offsetof(struct config, field), __VA_ARGS__ \
	}

static const struct param params[] = {
	ROW(fd, .name = "fd", .type = PARAM_U64, .default_text = "0", .max = INT32_MAX,
	    .help = "Descriptor of the iommufd, as inherited; 0: none"),
	ROW(hwpt, .name = "hwpt", .type = PARAM_U64, .default_text = "0", .max = UINT32_MAX,
	    .help = "Number of the page table among its objects"),
	ROW(iova, .name = "iova", .type = PARAM_BYTES, .default_text = "0",
	    .help = "First address to watch"),
	ROW(length, .name = "length", .type = PARAM_BYTES, .default_text = "4G", .min = PAGE_BYTES,
	    .help = "Bytes to watch; all of them must be mapped"),
	ROW(page_bytes, .name = "page_size", .type = PARAM_BYTES, .default_text = "4K",
	    .min = PAGE_BYTES, .max = 1 << 30, .help = "What a bit of the bitmap stands for"),
	ROW(period_ns, .name = "period", .type = PARAM_NS, .default_text = "1s", .min = NS_PER_MS,
	    .help = "Between looks; each costs a flush of the IOTLB"),
	ROW(space, .name = "space", .type = PARAM_CHOICE, .default_text = "iova", .choices = spaces,
	    .help = "What its addresses are; gpa: of a VM without a virtual IOMMU"),
	ROW(is_exclusive, .name = "exclusive", .type = PARAM_BOOL, .default_text = "no",
	    .help = "You say that nobody else (a live migration) reads this bitmap"),
};

struct state {
	struct recording *recording;
	const struct config *config;
	struct dirtymap_iommufd iommufd;
	struct dirtymap map;
	uint16_t source, dev;
	uint64_t next_ns, ts;
	struct trace_account account;
};

static void look(const struct hostfacts *h, struct probe_finding *out)
{
	static const char remedy[] = "pass the VMM's iommufd: --set iommufd.fd=N "
				     "--set iommufd.hwpt=N --set iommufd.exclusive=yes";
	if (!h->has_iommufd)
		probe_say(out, PROBE_ABSENT, "there is no /dev/iommu",
			  "Linux 6.7 with CONFIG_IOMMUFD and an IOMMU that tracks dirty pages; or "
			  "use --probe agent");
	else if (h->kernel_major < 6 || (h->kernel_major == 6 && h->kernel_minor < 7))
		probe_sayf(out, PROBE_ABSENT, "Linux 6.7 or later; or use --probe agent",
			   "kernel %s has iommufd, but no dirty tracking", h->kernel);
	else
		probe_say(out, PROBE_USABLE,
			  "sees device writes only, never reads; untested on hardware", remedy);
}

/* ---- rows ---- */

static int put_run(void *ctx, uint64_t iova, uint64_t length, struct err *e)
{
	enum { PAGES_MAX = 1 << 30 }; /* of a row */
	struct state *s = ctx;
	for (uint64_t at = 0, n; at < length; at += n) {
		n = length - at < (uint64_t)PAGES_MAX << PAGE_SHIFT
			    ? length - at
			    : (uint64_t)PAGES_MAX << PAGE_SHIFT;
		const struct dma_event row = {
			.ts = s->ts,
			.dev = s->dev,
			.op = DMA_DIRTY,
			.dir = DIR_FROM_DEVICE,
			.as = s->config->space ? AS_GPA : AS_IOVA,
			.pfn = (iova + at) >> PAGE_SHIFT,
			.npages = (uint32_t)(n >> PAGE_SHIFT),
			.bytes = n,
			.req = UINT64_MAX,
			.source = s->source,
		};
		const int rc = recording_put(s->recording, KIND_DMA, &row, e);
		if (rc < 0)
			return rc;
		s->account.seen++;
		*(rc == RECORDING_SHED       ? &s->account.shed
		  : rc == RECORDING_FILTERED ? &s->account.filtered
					     : &s->account.stored) += 1;
	}
	return 0;
}

static int look_once(struct state *s, uint64_t now_ns, struct err *e)
{
	s->ts = recording_time(s->recording, now_ns);
	s->next_ns = now_ns + s->config->period_ns;
	return dirtymap_read(&s->map, put_run, s, e);
}

static int poll(void *state, uint64_t now_ns, struct err *e)
{
	struct state *s = state;
	return now_ns < s->next_ns ? 0 : look_once(s, now_ns, e);
}

/* ---- start and stop ---- */

static int check_config(const struct config *c, struct err *e)
{
	if (!c->is_exclusive)
		return err_set(e, ERR_USAGE,
			       "iommufd: a look clears the bitmap that a live migration reads: "
			       "--set iommufd.exclusive=yes says that there is none");
	if (!c->fd || fcntl((int)c->fd, F_GETFD) < 0)
		return err_set(e, ERR_USAGE,
			       "iommufd: --set iommufd.fd=N: descriptor %llu is not open",
			       (unsigned long long)c->fd);
	return 0;
}

static int describe(struct state *s, struct err *e)
{
	struct trace_writer *w = recording_writer(s->recording);
	char name[40];
	snprintf(name, sizeof(name), "iommufd hwpt %u", s->iommufd.hwpt);
	const struct trace_device d = { .bdf = name, .class = "other", .coverage = coverage };
	int rc = trace_writer_source(w, "iommufd", coverage, &s->source, e);
	if (!rc)
		rc = trace_writer_source_detail(w, s->source, s->config->page_bytes,
						s->config->period_ns, 0, e);
	return rc ? rc : trace_writer_device(w, &d, &s->dev, e);
}

static int start(struct recording *r, void **state_out, struct err *e)
{
	struct state *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, ERR_NOMEM, "out of memory");
	s->recording = r;
	s->config = recording_config(r, &probe_iommufd);
	int rc = check_config(s->config, e);
	s->iommufd = (struct dirtymap_iommufd){ (int)s->config->fd, (uint32_t)s->config->hwpt };
	s->map.ops = &dirtymap_iommufd_ops;
	s->map.ctx = &s->iommufd;
	s->map.iova = s->config->iova;
	s->map.length = s->config->length;
	s->map.page_bytes = s->config->page_bytes;
	if (!rc)
		rc = describe(s, e);
	if (!rc)
		rc = dirtymap_begin(&s->map, e);
	if (rc) {
		free(s);
		return rc;
	}
	s->next_ns = recording_now() + s->config->period_ns;
	*state_out = s;
	return 0;
}

static int stop(void *state, struct err *e)
{
	struct state *s = state;
	int rc = look_once(s, recording_now(), e);
	int failed = dirtymap_end(&s->map, rc ? NULL : e);
	rc = rc ? rc : failed;
	failed = trace_writer_account(recording_writer(s->recording), "iommufd", &s->account,
				      rc ? NULL : e);
	free(s);
	return rc ? rc : failed;
}

const struct probe probe_iommufd = {
	.name = "iommufd",
	.summary = "pages that assigned devices wrote, by iommufd's dirty bitmap",
	.coverage = coverage,
	.side = PROBE_DEVICE,
	.params = params,
	.nparams = sizeof(params) / sizeof(*params),
	.config_bytes = sizeof(struct config),
	.look = look,
	.start = start,
	.poll = poll,
	.stop = stop,
};
