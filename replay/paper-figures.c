// SPDX-License-Identifier: MIT
/* Which rows stand in which figure: see replay/paper-figures.h. */
#include "replay/paper-figures.h"

#include <stdio.h>
#include <string.h>

#define VPRI     "VPRI"
#define TPT      "TPT"
#define MDEV     "MDev-NVMe"
#define IOCORE   "IOCore"
#define VMITOSIS "vMitosis"
#define MITOSIS  "Mitosis"
#define ANAND    "AnandTech 11209"
#define SPDK     "SPDK vhost 24.05"
#define FORUM    "Hajnoczi 2020"
#define THREADS  "IOThreads 2024"
#define PATCHES  "QEMU shadow doorbells"

const struct paper_figure paper_figures[] = {
	{ "vpri-costs", "VPRI: its bitmap, look-ups on the device, updates by the host",
	  "SOSP'24, slides. Look-ups and updates are the distributions that the engine draws from.",
	  2 },
	{ "vpri-faults",
	  "VPRI: faults a day that the tail of block I/O bears, and the gap of a NIC",
	  "SOSP'24, slides. Block I/O: open arrivals (Poisson); a tail counts as raised from a "
	  "tenth "
	  "on. NIC: a ring of 1,024 that was swapped out.",
	  1 },
	{ "walk-references", "References to page tables of a walk, without any cache",
	  "TPT: ATC'23, slides; vMitosis: ASPLOS'21, abstract. Counted on the walker.", 1 },
	{ "tpt-times", "TPT: run time under other paging over that under TPT",
	  "ATC'23, abstract and README of its code. Ours: generated programs, 4 M accesses.", 1 },
	{ "mdev-throughput", "MDev-NVMe: requests/s by path, over those of the native driver",
	  "ATC'18. 4 KiB random reads, closed loop on a P4800X.", 2 },
	{ "mdev-latency",
	  "MDev-NVMe: mean latency, and what the native driver gets out of the drive",
	  "ATC'18. 4 KiB random reads, closed loop on a P4800X.", 3 },
	{ "iocore", "IOCore: what each step gains, and how near it comes to bare metal",
	  "Poster. Closed loop of one request on a P3700; gains were published as ranges.", 2 },
	{ "vmitosis-thin",
	  "vMitosis, thin: run time by where page tables lie, over that with local ones",
	  "ASPLOS'21, logs of its artifact. Guest tables, host tables: L local, R remote; I: with "
	  "interference; E, G, M: host, guest, both migrated.",
	  3 },
	{ "vmitosis-speedup", "vMitosis, thin: speed-up by migrating both page tables",
	  "ASPLOS'21: RRI over RRIM of the artifact's logs, and what its abstract says.", 2 },
	{ "vmitosis-order", "vMitosis, thin: remote costs add up, and placements come in order",
	  "ASPLOS'21, logs of its artifact. Sums are of published run times; order: pairs of "
	  "placements whose times differ.",
	  3 },
	{ "vmitosis-migration", "vMitosis: throughput of memcached after a live migration",
	  "ASPLOS'21, logs of its artifact. Over the throughput before; RI, RIE: the whole VM "
	  "moves.",
	  1 },
	{ "vmitosis-native", "Without a VM: run time with remote page tables",
	  "vMitosis: ASPLOS'21, logs of its artifact; Mitosis: ASPLOS'20, likewise. I: with "
	  "interference.",
	  3 },
	{ "vmitosis-thp", "vMitosis, thin: run time with huge pages, whole and fragmented",
	  "ASPLOS'21, logs of its artifact. Remote tables under interference over local ones.", 2 },
	{ "vmitosis-wide", "vMitosis, wide: run time over that with copies of page tables",
	  "ASPLOS'21, logs of its artifact. F: first touch, FA: with AutoNUMA, I: interleaved; OF: "
	  "NUMA hidden from the guest.",
	  3 },
	{ "vmitosis-walk-cycles", "vMitosis: cycles of walks in a VM over those without one",
	  "ASPLOS'21, logs of its artifact. Cycles with a walk pending, all tables local.", 1 },
	{ "nvme-drives", "The drives that the paths stand on",
	  "AnandTech 11209. 4 KiB random reads, closed loop.", 2 },
	{ "nvme-spdk-vhost", "vhost: SPDK's and the kernel's, by number of VMs and depth",
	  "SPDK vhost performance report 24.05. 4 KiB requests, closed loop.", 2 },
	{ "nvme-qemu-paths", "QEMU's paths to a drive, depth 1",
	  "Hajnoczi, KVM Forum 2020 (bars: read off a plot). Closed loop.", 2 },
	{ "nvme-qemu-iothreads", "QEMU: a disk's queues on several IOThreads",
	  "Hajnoczi 2024 (read off a plot). Eight jobs, closed loop.", 2 },
	{ "nvme-qemu-doorbells",
	  "QEMU's emulated NVMe: doorbells that exit and shadow doorbells, by depth",
	  "QEMU patches, v3. Closed loop.", 3 },
	{},
};

#define THIN(w)                                                     \
	{                                                           \
		"vmitosis-thin", w, "run time over LL",             \
		{                                                   \
			{                                           \
				VMITOSIS, "thin, " w ", */LL", NULL \
			}                                           \
		}                                                   \
	}
#define WIDE(over, under)                                                               \
	{                                                                               \
		"vmitosis-wide", over " over " under, "run time over that with copies", \
		{                                                                       \
			{                                                               \
				VMITOSIS, "wide, *, " over "/" under, NULL              \
			}                                                               \
		}                                                                       \
	}
#define ONE(figure, title, axis, work, quantity)     \
	{                                            \
		figure, title, axis,                 \
		{                                    \
			{                            \
				work, quantity, NULL \
			}                            \
		}                                    \
	}

const struct paper_panel paper_panels[] = {
	{ "vpri-costs",
	  "bitmap of 1 GiB",
	  "size of 1 GiB's",
	  { { VPRI, "bitmap of a GiB", "bitmap" } } },
	{ "vpri-costs",
	  "bitmap of 1 TiB",
	  "size of 1 TiB's",
	  { { VPRI, "bitmap of a TiB", "bitmap" } } },
	ONE("vpri-costs", "look-up on the device", "time of a look-up", VPRI,
	    "lookup on the device, *"),
	ONE("vpri-costs", "update by the host", "time of an update", VPRI, "update by the host, *"),
	ONE("vpri-faults", "faults from which a percentile of block I/O rises", "faults", VPRI,
	    "faults from which * of block I/O rises"),
	{ "vpri-faults",
	  "gap of a NIC, as 1,024 faults of 300 us one after the other",
	  "gap",
	  { { VPRI, "gap of a NIC (label of a plot), as a cold ring of 1,024 x 300 us",
	      "cold ring" } } },

	{ "walk-references",
	  "",
	  "references",
	  { { TPT, "references of a native walk", "TPT: native" },
	    { TPT, "references of a nested walk", "TPT: nested" },
	    { VMITOSIS, "references of a nested walk, 4 levels", "vMitosis: nested, 4 levels" },
	    { VMITOSIS, "references of a nested walk, 5 levels", "vMitosis: nested, 5 levels" } } },
	{ "tpt-times",
	  "",
	  "run time over that under TPT",
	  { { TPT, "sysbench random memory 4G, nested over TPT", "sysbench, nested" },
	    { TPT, "most that nested takes over TPT, of six programs", "most of six, nested" },
	    { TPT, "most that shadow takes over TPT", "most, shadow" } } },

	ONE("mdev-throughput", "QD 1", "requests/s over native's", MDEV, "* of native, QD 1"),
	ONE("mdev-throughput", "QD 32 x 4 jobs", "requests/s over native's", MDEV,
	    "* of native, QD 32 x 4"),
	{ "mdev-latency",
	  "native, QD 1",
	  "mean latency",
	  { { MDEV, "native, QD 1, mean", "native" } } },
	ONE("mdev-latency", "mdev, QD 32 x 4", "mean latency over the other's", MDEV,
	    "mdev mean of *, QD 32 x 4"),
	{ "mdev-latency",
	  "native, QD 32 x 4",
	  "requests/s over the drive's cap",
	  { { MDEV, "native of the drive's cap, QD 32 x 4", "native" } } },

	ONE("iocore", "gain in requests/s", "gain", IOCORE, "gain of *"),
	ONE("iocore", "of bare metal", "requests/s over bare metal's", IOCORE, "* of bare metal"),

	THIN("gups"),
	THIN("btree"),
	THIN("redis"),
	THIN("xsbench"),
	THIN("memcached"),
	THIN("canneal"),
	ONE("vmitosis-speedup", "artifact", "run time, RRI over RRIM", VMITOSIS,
	    "thin, *, speed-up RRI/RRIM"),
	ONE("vmitosis-speedup", "abstract", "run time, RRI over RRIM", VMITOSIS,
	    "abstract, *, thin speed-up"),
	ONE("vmitosis-order", "RR as LR + RL - LL", "run time over LL", VMITOSIS,
	    "thin, *, RR/LL as LR + RL - LL"),
	ONE("vmitosis-order", "RRI as LRI + RLI - LL", "run time over LL", VMITOSIS,
	    "thin, *, RRI/LL as LRI + RLI - LL"),
	ONE("vmitosis-order", "pairs in order", "share of the pairs", VMITOSIS,
	    "thin, *, pairs of placements in order"),
	ONE("vmitosis-migration", "", "throughput at the end", VMITOSIS,
	    "live migration, memcached, *"),
	ONE("vmitosis-native", "vMitosis: R over L", "run time", VMITOSIS, "native, *, R/L"),
	ONE("vmitosis-native", "vMitosis: RI over L", "run time", VMITOSIS, "native, *, RI/L"),
	{ "vmitosis-native",
	  "Mitosis: RI over L",
	  "run time",
	  { { MITOSIS, "native, PageRank: *, RI/L", "PageRank" },
	    { MITOSIS, "native, LibLinear: *, RI/L", "LibLinear" },
	    { MITOSIS, "native, *, RI/L", NULL } } },
	ONE("vmitosis-thp", "huge pages: TRRI over TLL", "run time", VMITOSIS,
	    "thin THP, *, TRRI/TLL"),
	ONE("vmitosis-thp", "fragmented: TFRRI over TFLL", "run time", VMITOSIS,
	    "thin THP fragmented, *, TFRRI/TFLL"),
	WIDE("F", "FM"),
	WIDE("FA", "FAM"),
	WIDE("I", "IM"),
	WIDE("OF", "OFMP"),
	WIDE("OF", "OFMF"),
	{ "vmitosis-wide",
	  "walks that are all local, F",
	  "share of the walks",
	  { { VMITOSIS, "wide, memcached, LL at random placement, (1/4)^2", "memcached" } } },
	ONE("vmitosis-walk-cycles", "", "cycles, LL over L", VMITOSIS, "walk cycles, *, LL over L"),

	{ "nvme-drives", "P4800X", "requests", { { ANAND, "P4800X QD *", "QD *" } } },
	{ "nvme-drives", "P3700", "requests", { { ANAND, "P3700 QD *", "QD *" } } },
	ONE("nvme-drives", "P4800X, QD 1", "latency", ANAND, "P4800X QD 1, *"),
	ONE("nvme-drives", "P3700, QD 1", "latency", ANAND, "P3700 QD 1, *"),
	ONE("nvme-drives", "P4800X, QD 16", "latency", ANAND, "P4800X QD 16, *"),
	ONE("nvme-drives", "P3700, QD 16", "latency", ANAND, "P3700 QD 16, *"),
	{ "nvme-spdk-vhost",
	  "SPDK",
	  "requests",
	  { { SPDK, "SPDK scsi, *", "scsi, *" }, { SPDK, "SPDK blk, *", "blk, *" } } },
	{ "nvme-spdk-vhost", "kernel", "requests", { { SPDK, "kernel scsi, *", "scsi, *" } } },
	{ "nvme-spdk-vhost",
	  "",
	  "mean latency",
	  { { SPDK, "SPDK scsi, 106 VMs QD 1, mean", "SPDK scsi, 106 VMs" },
	    { SPDK, "kernel scsi, 2 VMs QD 1, mean", "kernel scsi, 2 VMs" },
	    { SPDK, "kernel scsi, 106 VMs QD 1, mean", "kernel scsi, 106 VMs" } } },
	{ "nvme-qemu-paths",
	  "",
	  "requests",
	  { { FORUM, "bare metal, polled, QD 1", "bare metal, polled" },
	    { FORUM, "*, QD 1", NULL },
	    { FORUM, "*, QD 1 (bars)", NULL },
	    { FORUM, "vfio, guest polls, QD 1 (bars)", "vfio, guest polls" } } },
	{ "nvme-qemu-paths", "", "mean latency", { { FORUM, "nvme://, QD 1, mean", "nvme://" } } },
	ONE("nvme-qemu-iothreads", "depth 1", "requests", THREADS, "*, 8 jobs QD 1 (bars)"),
	ONE("nvme-qemu-iothreads", "depth 64", "requests", THREADS, "*, 8 jobs QD 64 (bars)"),
	ONE("nvme-qemu-doorbells", "doorbells exit", "requests", PATCHES, "doorbells exit, *"),
	ONE("nvme-qemu-doorbells", "shadow doorbells", "requests", PATCHES, "shadow doorbells, *"),
	ONE("nvme-qemu-doorbells", "shadow doorbells", "exits a request", PATCHES,
	    "shadow exits/request, *"),
	{},
};

/* ---- rows ---- */

/* Whether text is the pattern, and what its '*' stands for: *n_out characters at *part_out. */
static bool matches(const char *pattern, const char *text, const char **part_out, size_t *n_out)
{
	const char *star = strchr(pattern, '*');
	const size_t n = strlen(text);
	*part_out = "";
	*n_out = 0;
	if (!star)
		return !strcmp(pattern, text);
	const size_t head = (size_t)(star - pattern), tail = strlen(star + 1);
	if (n <= head + tail || strncmp(pattern, text, head) || strcmp(star + 1, text + n - tail))
		return false;
	*part_out = text + head;
	*n_out = n - head - tail;
	return !memchr(*part_out, ',', *n_out);
}

/* The label of the first pattern that matches; false when none does. */
static bool find_label(const struct paper_panel *panel, const struct paper_row *row,
		       char label_out[sizeof(((struct paper_bar *)0)->label)])
{
	const size_t room = sizeof(((struct paper_bar *)0)->label);
	for (size_t i = 0; i < PAPER_PATTERNS && panel->patterns[i].work; i++) {
		const char *part, *label = panel->patterns[i].label;
		size_t n;
		if (strcmp(panel->patterns[i].work, row->work) ||
		    !matches(panel->patterns[i].quantity, row->quantity, &part, &n))
			continue;
		const size_t head = label ? strcspn(label, "*") : 0;
		const bool has_star = !label || label[head];
		snprintf(label_out, room, "%.*s%.*s%s", (int)head, label ? label : "",
			 has_star ? (int)n : 0, part, label && has_star ? label + head + 1 : "");
		return true;
	}
	return false;
}

size_t paper_panel_bars(const struct paper_panel *panel, const struct paper *p, size_t most,
			struct paper_bar *out)
{
	size_t n = 0;
	for (size_t i = 0; i < p->n && n < most; i++) {
		out[n].row = &p->rows[i];
		n += find_label(panel, &p->rows[i], out[n].label);
	}
	return n;
}

const char *paper_figure_of(const struct paper_row *row)
{
	struct paper_bar bar;
	for (const struct paper_panel *panel = paper_panels; panel->figure; panel++)
		if (find_label(panel, row, bar.label))
			return panel->figure;
	return NULL;
}
