// SPDX-License-Identifier: MIT
/* Probes whose library was not there when pugmark was built: doctor says so, record refuses. */
#include "collect/probe-look.h"

#ifndef HAVE_BPF
static const char without_bpf[] =
	"install libbpf-dev and clang, and build again; or use --probe filemap";

static void look_bpf(const struct hostfacts *h, struct probe_finding *out)
{
	(void)h;
	probe_say(out, PROBE_ABSENT, "this build of pugmark has no BPF", without_bpf);
}

static int start_bpf(struct recording *r, void **state_out, struct err *e)
{
	(void)r;
	(void)state_out;
	return err_set(e, ERR_FEATURE, "block-bpf: not in this build: %s", without_bpf);
}

const struct probe probe_block_bpf = {
	.name = "block-bpf",
	.summary = "exact pages of block requests: frame, offset, bytes, direction (BPF)",
	.coverage = "nothing: not in this build",
	.side = PROBE_DEVICE,
	.look = look_bpf,
	.start = start_bpf,
};
#endif

#ifndef HAVE_PCAP
static const char without_pcap[] =
	"install libpcap-dev and build again; or capture with tcpdump and import that";

static void look_net(const struct hostfacts *h, struct probe_finding *out)
{
	(void)h;
	probe_say(out, PROBE_ABSENT, "this build of pugmark has no libpcap", without_pcap);
}

static int start_net(struct recording *r, void **state_out, struct err *e)
{
	(void)r;
	(void)state_out;
	return err_set(e, ERR_FEATURE, "net: not in this build: %s", without_pcap);
}

const struct probe probe_net = {
	.name = "net",
	.summary = "packets of network interfaces, headers only (libpcap)",
	.coverage = "nothing: not in this build",
	.side = PROBE_DEVICE,
	.look = look_net,
	.start = start_net,
};
#endif

#ifndef HAVE_PFM
static const char without_pfm[] = "install libpfm4-dev and build again";

static void look_pmu(const struct hostfacts *h, struct probe_finding *out)
{
	(void)h;
	probe_say(out, PROBE_ABSENT, "this build of pugmark has no libpfm4", without_pfm);
}

static int start_pmu(struct recording *r, void **state_out, struct err *e)
{
	(void)r;
	(void)state_out;
	return err_set(e, ERR_FEATURE, "pmu: not in this build: %s", without_pfm);
}

const struct probe probe_pmu = {
	.name = "pmu",
	.summary = "page walks as the processor counts them (libpfm4 names)",
	.coverage = "nothing: not in this build",
	.side = PROBE_WALK,
	.look = look_pmu,
	.start = start_pmu,
};
#endif
