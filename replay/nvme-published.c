// SPDX-License-Identifier: MIT
/*
 * Which runs of the model stand beside which published figures. A run is a list
 * of settings and nothing else: what it gives is what `pugmark nvme` gives.
 * Sources: MDev-NVMe (ATC'18: ratios to native), AnandTech 11209 (drives), SPDK
 * vhost report 24.05, Hajnoczi (KVM Forum 2020; IOThread mapping 2024), QEMU's
 * shadow-doorbell patches v3, the IOCore poster.
 */
#include "replay/nvme-published.h"

#include "base/cleanup.h"
#include "replay/nvme-run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const nvme_row_kind_names[] = { "calibrated", "derived", "predicted", "ours only",
					    NULL };

enum { SETS_MAX = 14, TEXT_MAX = 900 };

/* ---- runs ---- */

#define QD(depth, jobs)        "nvme-load.depth=" #depth, "nvme-load.jobs=" #jobs
#define ON(device, host, path) "nvme.device=" device, "nvme.host=" host, "nvme.path=" path
#define MDEV(path)             ON("p4800x", "xeon-e5-2699v3", path)
#define SPDK(path)             ON("nand-2024", "xeon-6348", path)
/* With many drives an SPDK core does 1.71 M/s (scsi), 585 ns a request: not the cost with one
 * drive. */
#define MANY_DRIVES \
	SPDK("spdk-vhost-scsi"), "nvme-path.request=335ns", "nvme-path.reap_request=250ns"
#define QEMU(path) ON("null", "xeon-6248r", path)
#define VMS(n)     "nvme-load.vms=" #n
/* The drive alone, but for the host's time between requests: what Little's law leaves of a row. */
#define DRIVE(device, gap)                                                                  \
	ON(device, "xeon-e5-2699v3", "native-poll"), "nvme-guest.submit=0",                 \
		"nvme-guest.complete=0", "nvme-guest.poll_look=1ns", "nvme-guest.queues=1", \
		"nvme-load.think=" gap
#define POSTER(path) ON("p3700", "xeon-e5-2699v3", path), QD(1, 1)
/* IOCore's two steps back: requests by exits; and their emulation in QEMU, likewise */
#define IN_VMM  POSTER("iocore"), "nvme-path.doorbell=mmio-kernel", "nvme-path.wait=sleep"
#define IN_QEMU POSTER("iocore"), "nvme-path.doorbell=mmio-user", "nvme-path.wait=sleep"
#define OPEN(path, rate) \
	MDEV(path), "nvme-load.arrival=poisson", "nvme-load.rate=" rate, "nvme-load.jobs=4"
#define THREADS(n, depth) \
	ON("p4800x", "xeon-e5-2699v3", "virtio-iothread"), QD(depth, 8), "nvme-path.workers=" #n

enum run_id {
	NATIVE_1,
	MDEV_1,
	BLK_1,
	SCSI_1,
	VIRTIO_1,
	NATIVE_128,
	MDEV_128,
	BLK_128,
	SCSI_128,
	VIRTIO_128,
	CAP_128,
	OPTANE_1,
	OPTANE_16,
	FLASH_1,
	FLASH_16,
	SPDK_1,
	SPDK_64,
	SPDKBLK_64,
	SPDK_24,
	SPDK_106,
	SPDK_WRITE,
	VHOST_1,
	VHOST_64,
	VHOST_24,
	VHOST_106,
	VHOST_WRITE,
	POLL_1,
	VFIO_1,
	VFIO_HALTPOLL,
	VFIO_POLL,
	IOTHREAD_1,
	URI_1,
	THREAD1_8,
	THREAD2_8,
	THREAD4_8,
	THREAD1_512,
	THREAD2_512,
	THREAD4_512,
	BELL_1,
	BELL_2,
	BELL_4,
	BELL_8,
	SHADOW_1,
	SHADOW_2,
	SHADOW_4,
	SHADOW_8,
	POSTER_BARE,
	POSTER_QEMU,
	POSTER_VMM,
	POSTER_IOCORE,
	POSTER_EXITLESS,
	POSTER_SEQ_BARE,
	POSTER_SEQ,
	MDEV_512B,
	MDEV_64K,
	MDEV_256K,
	MDEV_4VMS,
	MDEV_16VMS,
	LOW_IRQ,
	LOW_ADAPTIVE,
	LOW_2WAY,
	HIGH_IRQ,
	HIGH_ADAPTIVE,
	HIGH_2WAY,
	RUNS,
	NONE = RUNS,
};

static const char *const runs[RUNS][SETS_MAX] = {
	[NATIVE_1] = { MDEV("native-irq"), QD(1, 1) },
	[MDEV_1] = { MDEV("mdev-2way"), QD(1, 1) },
	[BLK_1] = { MDEV("spdk-vhost-blk"), QD(1, 1) },
	[SCSI_1] = { MDEV("spdk-vhost-scsi"), QD(1, 1) },
	[VIRTIO_1] = { MDEV("virtio"), QD(1, 1) },
	[NATIVE_128] = { MDEV("native-irq"), QD(32, 4) },
	[MDEV_128] = { MDEV("mdev-2way"), QD(32, 4) },
	[BLK_128] = { MDEV("spdk-vhost-blk"), QD(32, 4) },
	[SCSI_128] = { MDEV("spdk-vhost-scsi"), QD(32, 4) },
	[VIRTIO_128] = { MDEV("virtio"), QD(32, 4) },
	[CAP_128] = { DRIVE("p4800x", "0"), QD(128, 1) },
	[OPTANE_1] = { DRIVE("p4800x", "330ns"), QD(1, 1), "nvme-load.requests=600000" },
	[OPTANE_16] = { DRIVE("p4800x", "1860ns"), QD(16, 1), "nvme-load.requests=600000" },
	[FLASH_1] = { DRIVE("p3700", "230ns"), QD(1, 1) },
	[FLASH_16] = { DRIVE("p3700", "1790ns"), QD(16, 1) },
	[SPDK_1] = { SPDK("spdk-vhost-scsi"), QD(1, 1), VMS(2) },
	[SPDK_64] = { SPDK("spdk-vhost-scsi"), QD(64, 1), VMS(2) },
	[SPDKBLK_64] = { SPDK("spdk-vhost-blk"), QD(64, 1), VMS(2) },
	[SPDK_24] = { MANY_DRIVES, QD(1, 1), VMS(24) },
	[SPDK_106] = { MANY_DRIVES, QD(1, 1), VMS(106) },
	[SPDK_WRITE] = { SPDK("spdk-vhost-scsi"), QD(1, 1), VMS(2), "nvme-load.read=0%" },
	[VHOST_1] = { SPDK("kvhost-scsi"), QD(1, 1), VMS(2) },
	[VHOST_64] = { SPDK("kvhost-scsi"), QD(64, 1), VMS(2) },
	[VHOST_24] = { SPDK("kvhost-scsi"), QD(1, 1), VMS(24) },
	[VHOST_106] = { SPDK("kvhost-scsi"), QD(1, 1), VMS(106) },
	[VHOST_WRITE] = { SPDK("kvhost-scsi"), QD(1, 1), VMS(2), "nvme-load.read=0%" },
	[POLL_1] = { MDEV("native-poll"), QD(1, 1) },
	[VFIO_1] = { MDEV("vfio"), QD(1, 1) },
	[VFIO_HALTPOLL] = { MDEV("vfio"), QD(1, 1), "nvme-guest.halt_poll=200us" },
	[VFIO_POLL] = { MDEV("vfio"), QD(1, 1), "nvme-guest.wait=poll",
			"nvme-guest.poll_look=50ns" },
	[IOTHREAD_1] = { MDEV("virtio-iothread"), QD(1, 1) },
	[URI_1] = { MDEV("nvme-uri"), QD(1, 1) },
	[THREAD1_8] = { THREADS(1, 1) },
	[THREAD2_8] = { THREADS(2, 1) },
	[THREAD4_8] = { THREADS(4, 1) },
	[THREAD1_512] = { THREADS(1, 64) },
	[THREAD2_512] = { THREADS(2, 64) },
	[THREAD4_512] = { THREADS(4, 64) },
	[BELL_1] = { QEMU("qemu-nvme"), QD(1, 1) },
	[BELL_2] = { QEMU("qemu-nvme"), QD(2, 1) },
	[BELL_4] = { QEMU("qemu-nvme"), QD(4, 1) },
	[BELL_8] = { QEMU("qemu-nvme"), QD(8, 1) },
	[SHADOW_1] = { QEMU("qemu-nvme-shadow"), QD(1, 1) },
	[SHADOW_2] = { QEMU("qemu-nvme-shadow"), QD(2, 1) },
	[SHADOW_4] = { QEMU("qemu-nvme-shadow"), QD(4, 1) },
	[SHADOW_8] = { QEMU("qemu-nvme-shadow"), QD(8, 1) },
	[POSTER_BARE] = { POSTER("native-irq") },
	[POSTER_QEMU] = { IN_QEMU },
	[POSTER_VMM] = { IN_VMM },
	[POSTER_IOCORE] = { POSTER("iocore") },
	[POSTER_EXITLESS] = { POSTER("iocore-exitless-completion") },
	[POSTER_SEQ_BARE] = { POSTER("native-irq"), "nvme-load.blocks=128K",
			      "nvme-load.pattern=sequential" },
	[POSTER_SEQ] = { POSTER("iocore"), "nvme-load.blocks=128K",
			 "nvme-load.pattern=sequential" },
	[MDEV_512B] = { MDEV("mdev-2way"), QD(32, 4), "nvme-load.blocks=512" },
	[MDEV_64K] = { MDEV("mdev-2way"), QD(32, 4), "nvme-load.blocks=64K" },
	[MDEV_256K] = { MDEV("mdev-2way"), QD(32, 4), "nvme-load.blocks=256K" },
	[MDEV_4VMS] = { MDEV("mdev-2way"), QD(32, 4), VMS(4) },
	[MDEV_16VMS] = { MDEV("mdev-2way"), QD(32, 4), VMS(16) },
	[LOW_IRQ] = { OPEN("mdev-irq", "10000/s") },
	[LOW_ADAPTIVE] = { OPEN("mdev-adaptive", "10000/s") },
	[LOW_2WAY] = { OPEN("mdev-2way", "10000/s") },
	[HIGH_IRQ] = { OPEN("mdev-irq", "400000/s") },
	[HIGH_ADAPTIVE] = { OPEN("mdev-adaptive", "400000/s") },
	[HIGH_2WAY] = { OPEN("mdev-2way", "400000/s") },
};

/* ---- rows ---- */

enum metric { IOPS, MEAN, P50, P99, P99999, KICKS, CPU, LEAST_SHARE };

struct row {
	const char *work, *quantity;
	uint64_t published, most;
	enum nvme_row_kind kind;
	enum metric metric;
	enum run_id run, over; /* over: the ratio to it, in ppm */
	bool is_gain;          /* the ratio less 1 */
};

#define PERCENT(n) (UINT64_C(10000) * (n))
#define RATIO(work, quantity, percent, kind, run, over)                           \
	{                                                                         \
		work, quantity, PERCENT(percent), 0, kind, IOPS, run, over, false \
	}
#define RATE(work, quantity, value, kind, run)                         \
	{                                                              \
		work, quantity, value, 0, kind, IOPS, run, NONE, false \
	}
#define TIME(work, quantity, ns, kind, metric, run)                   \
	{                                                             \
		work, quantity, ns, 0, kind, metric, run, NONE, false \
	}

#define OURS(work, quantity, metric, run)                                      \
	{                                                                      \
		work, quantity, 0, 0, NVME_OURS_ONLY, metric, run, NONE, false \
	}

static const char mdev[] = "MDev-NVMe", anand[] = "AnandTech 11209", spdk[] = "SPDK vhost 24.05",
		  forum[] = "Hajnoczi 2020", threads2024[] = "IOThreads 2024",
		  patches[] = "QEMU shadow doorbells", poster[] = "IOCore";

static const struct row rows[] = {
	TIME(mdev, "native, QD 1, mean", 12700, NVME_CALIBRATED, MEAN, NATIVE_1),
	RATIO(mdev, "mdev of native, QD 1", 66, NVME_CALIBRATED, MDEV_1, NATIVE_1),
	RATIO(mdev, "vhost-blk of native, QD 1", 59, NVME_CALIBRATED, BLK_1, NATIVE_1),
	RATIO(mdev, "vhost-scsi of native, QD 1", 54, NVME_CALIBRATED, SCSI_1, NATIVE_1),
	RATIO(mdev, "virtio of native, QD 1", 29, NVME_CALIBRATED, VIRTIO_1, NATIVE_1),
	{ mdev, "native of the drive's cap, QD 32 x 4", 704225, 0, NVME_CALIBRATED, IOPS,
	  NATIVE_128, CAP_128, false },
	RATIO(mdev, "mdev of native, QD 32 x 4", 142, NVME_DERIVED, MDEV_128, NATIVE_128),
	RATIO(mdev, "vhost-blk of native, QD 32 x 4", 136, NVME_PREDICTED, BLK_128, NATIVE_128),
	RATIO(mdev, "vhost-scsi of native, QD 32 x 4", 109, NVME_PREDICTED, SCSI_128, NATIVE_128),
	RATIO(mdev, "virtio of native, QD 32 x 4", 45, NVME_PREDICTED, VIRTIO_128, NATIVE_128),
	{ mdev, "mdev mean of native's, QD 32 x 4", 704000, 0, NVME_DERIVED, MEAN, MDEV_128,
	  NATIVE_128, false },
	{ mdev, "mdev mean of virtio's, QD 32 x 4", 310000, 0, NVME_PREDICTED, MEAN, MDEV_128,
	  VIRTIO_128, false },

	RATE(anand, "P4800X QD 1", 108300, NVME_CALIBRATED, OPTANE_1),
	TIME(anand, "P4800X QD 1, mean", 8900, NVME_CALIBRATED, MEAN, OPTANE_1),
	TIME(anand, "P4800X QD 1, P99", 10000, NVME_CALIBRATED, P99, OPTANE_1),
	TIME(anand, "P4800X QD 1, P99.999", 37000, NVME_CALIBRATED, P99999, OPTANE_1),
	RATE(anand, "P4800X QD 16", 584800, NVME_PREDICTED, OPTANE_16),
	TIME(anand, "P4800X QD 16, mean", 25500, NVME_CALIBRATED, MEAN, OPTANE_16),
	TIME(anand, "P4800X QD 16, P50", 25000, NVME_PREDICTED, P50, OPTANE_16),
	TIME(anand, "P4800X QD 16, P99", 41000, NVME_PREDICTED, P99, OPTANE_16),
	TIME(anand, "P4800X QD 16, P99.999", 81000, NVME_PREDICTED, P99999, OPTANE_16),
	TIME(anand, "P3700 QD 1, mean", 77900, NVME_CALIBRATED, MEAN, FLASH_1),
	TIME(anand, "P3700 QD 1, P99", 96000, NVME_CALIBRATED, P99, FLASH_1),
	TIME(anand, "P3700 QD 16, mean", 93900, NVME_CALIBRATED, MEAN, FLASH_16),
	RATE(anand, "P3700 QD 16", 167200, NVME_DERIVED, FLASH_16),
	TIME(anand, "P3700 QD 16, P50", 91000, NVME_PREDICTED, P50, FLASH_16),
	TIME(anand, "P3700 QD 16, P99", 163000, NVME_PREDICTED, P99, FLASH_16),

	RATE(spdk, "SPDK scsi, 2 VMs QD 1", 24260, NVME_CALIBRATED, SPDK_1),
	RATE(spdk, "SPDK scsi, 2 VMs QD 1 write", 136780, NVME_CALIBRATED, SPDK_WRITE),
	RATE(spdk, "SPDK scsi, 2 VMs QD 64", 725480, NVME_CALIBRATED, SPDK_64),
	RATE(spdk, "SPDK blk, 2 VMs QD 64", 833550, NVME_CALIBRATED, SPDKBLK_64),
	RATE(spdk, "SPDK scsi, 24 VMs QD 1", 291510, NVME_PREDICTED, SPDK_24),
	RATE(spdk, "SPDK scsi, 106 VMs QD 1", 1082900, NVME_PREDICTED, SPDK_106),
	TIME(spdk, "SPDK scsi, 106 VMs QD 1, mean", 97300, NVME_PREDICTED, MEAN, SPDK_106),
	RATE(spdk, "kernel scsi, 2 VMs QD 1 write", 75910, NVME_CALIBRATED, VHOST_WRITE),
	TIME(spdk, "kernel scsi, 2 VMs QD 1, mean", 92000, NVME_PREDICTED, MEAN, VHOST_1),
	RATE(spdk, "kernel scsi, 2 VMs QD 64", 356630, NVME_CALIBRATED, VHOST_64),
	RATE(spdk, "kernel scsi, 24 VMs QD 1", 248350, NVME_PREDICTED, VHOST_24),
	RATE(spdk, "kernel scsi, 106 VMs QD 1", 358640, NVME_DERIVED, VHOST_106),
	TIME(spdk, "kernel scsi, 106 VMs QD 1, mean", 295750, NVME_DERIVED, MEAN, VHOST_106),

	RATE(forum, "bare metal, polled, QD 1", 120005, NVME_PREDICTED, POLL_1),
	RATE(forum, "virtio-blk, QD 1", 21831, NVME_DERIVED, VIRTIO_1),
	RATE(forum, "virtio-blk with IOThread, QD 1", 46424, NVME_PREDICTED, IOTHREAD_1),
	TIME(forum, "nvme://, QD 1, mean", 18100, NVME_CALIBRATED, MEAN, URI_1),
	RATE(forum, "vfio, QD 1 (bars)", 59000, NVME_CALIBRATED, VFIO_1),
	RATE(forum, "vfio with haltpoll, QD 1 (bars)", 88000, NVME_PREDICTED, VFIO_HALTPOLL),
	RATE(forum, "vfio, guest polls, QD 1 (bars)", 122000, NVME_PREDICTED, VFIO_POLL),

	RATE(threads2024, "1 thread, 8 jobs QD 1 (bars)", 147000, NVME_CALIBRATED, THREAD1_8),
	RATE(threads2024, "2 threads, 8 jobs QD 1 (bars)", 235000, NVME_PREDICTED, THREAD2_8),
	RATE(threads2024, "4 threads, 8 jobs QD 1 (bars)", 282000, NVME_CALIBRATED, THREAD4_8),
	RATE(threads2024, "1 thread, 8 jobs QD 64 (bars)", 238000, NVME_CALIBRATED, THREAD1_512),
	RATE(threads2024, "2 threads, 8 jobs QD 64 (bars)", 405000, NVME_PREDICTED, THREAD2_512),
	RATE(threads2024, "4 threads, 8 jobs QD 64 (bars)", 505000, NVME_PREDICTED, THREAD4_512),

	RATE(patches, "doorbells exit, QD 1", 25100, NVME_CALIBRATED, BELL_1),
	RATE(patches, "doorbells exit, QD 2", 25900, NVME_PREDICTED, BELL_2),
	RATE(patches, "doorbells exit, QD 4", 24500, NVME_PREDICTED, BELL_4),
	RATE(patches, "doorbells exit, QD 8", 24000, NVME_PREDICTED, BELL_8),
	RATE(patches, "shadow doorbells, QD 1", 29100, NVME_DERIVED, SHADOW_1),
	RATE(patches, "shadow doorbells, QD 2", 60100, NVME_PREDICTED, SHADOW_2),
	RATE(patches, "shadow doorbells, QD 4", 99800, NVME_PREDICTED, SHADOW_4),
	RATE(patches, "shadow doorbells, QD 8", 82500, NVME_PREDICTED, SHADOW_8),
	{ patches, "shadow exits/request, QD 2", 520000, 0, NVME_PREDICTED, KICKS, SHADOW_2, NONE,
	  false },
	{ patches, "shadow exits/request, QD 4", 270000, 0, NVME_PREDICTED, KICKS, SHADOW_4, NONE,
	  false },
	{ patches, "shadow exits/request, QD 8", 460000, 0, NVME_PREDICTED, KICKS, SHADOW_8, NONE,
	  false },

	{ poster, "gain of emulation in the VMM", PERCENT(2), PERCENT(11), NVME_PREDICTED, IOPS,
	  POSTER_VMM, POSTER_QEMU, true },
	{ poster, "gain of exitless requests", PERCENT(4), PERCENT(13), NVME_PREDICTED, IOPS,
	  POSTER_IOCORE, POSTER_VMM, true },
	RATIO(poster, "random read of bare metal", 95, NVME_PREDICTED, POSTER_IOCORE, POSTER_BARE),
	RATIO(poster, "sequential read of bare metal", 98, NVME_PREDICTED, POSTER_SEQ,
	      POSTER_SEQ_BARE),
	{ poster, "random read with exitless completion, of bare metal", 0, 0, NVME_OURS_ONLY, IOPS,
	  POSTER_EXITLESS, POSTER_BARE, false },
	{ poster, "gain of exitless completion", 0, 0, NVME_OURS_ONLY, IOPS, POSTER_EXITLESS,
	  POSTER_IOCORE, true },

	OURS(mdev, "mdev, 512 B, QD 32 x 4", IOPS, MDEV_512B),
	OURS(mdev, "mdev, 64 KiB, QD 32 x 4", IOPS, MDEV_64K),
	OURS(mdev, "mdev, 256 KiB, QD 32 x 4", IOPS, MDEV_256K),
	OURS(mdev, "mdev, 4 VMs, least share of an equal one", LEAST_SHARE, MDEV_4VMS),
	OURS(mdev, "mdev, 16 VMs, least share of an equal one", LEAST_SHARE, MDEV_16VMS),
	OURS(mdev, "P99 at 10k/s, interrupts", P99, LOW_IRQ),
	OURS(mdev, "P99 at 10k/s, adaptive", P99, LOW_ADAPTIVE),
	OURS(mdev, "P99 at 10k/s, 2-way polling", P99, LOW_2WAY),
	OURS(mdev, "CPU of a request at 10k/s, interrupts", CPU, LOW_IRQ),
	OURS(mdev, "CPU of a request at 10k/s, adaptive", CPU, LOW_ADAPTIVE),
	OURS(mdev, "CPU of a request at 10k/s, 2-way polling", CPU, LOW_2WAY),
	OURS(mdev, "CPU of a request at 400k/s, interrupts", CPU, HIGH_IRQ),
	OURS(mdev, "CPU of a request at 400k/s, adaptive", CPU, HIGH_ADAPTIVE),
	OURS(mdev, "CPU of a request at 400k/s, 2-way polling", CPU, HIGH_2WAY),
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* ---- misses ---- */

enum { FAR_PPM = 100000 };

static const char other_drive[] =
	"8.33 us polled is less than the 8.9 us on which the drive is calibrated: another host";
static const char other_host[] = "the QEMU thread's cost is of 2024, on a host that is not told, "
				 "and its guest costs as well";
static const char no_locks[] = "threads share nothing here; there they share the block layer";
static const char one_cause[] =
	"only collisions on dies delay here: the mean at QD 16 is fitted, its shape is another";
static const char convoy[] = "there depth gains nothing: what else the big lock costs (convoys, "
			     "its fairness) is not told";
static const char per_request[] = "what a request costs beside its round, 2 us in all, is a guess";
static const char trickle[] =
	"there kicks rise again, QEMU and guest running at the same time; here a batch stays one";

/* What is known of rows that may be far off. */
static const struct {
	enum run_id run;
	const char *why;
} misses[] = {
	{ POLL_1, other_drive },
	{ VFIO_POLL, other_drive },
	{ VIRTIO_128, other_host },
	{ MDEV_128, other_host },
	{ IOTHREAD_1, other_host },
	{ THREAD2_8, no_locks },
	{ THREAD2_512, no_locks },
	{ THREAD4_512, no_locks },
	{ FLASH_16, one_cause },
	{ BELL_2, convoy },
	{ BELL_4, convoy },
	{ BELL_8, convoy },
	{ SHADOW_4, per_request },
	{ SHADOW_8, trickle },
	{ OPTANE_16, "the number of channels and the shape of the tail at QD 1 are guesses" },
};

static const char *why_missed(const struct nvme_published_row *r, enum run_id run)
{
	const bool is_far = r->error_ppm > FAR_PPM || r->error_ppm < -FAR_PPM;

	for (size_t i = 0; is_far && i < sizeof(misses) / sizeof(*misses); i++)
		if (misses[i].run == run)
			return misses[i].why;
	return NULL;
}

/* ---- running ---- */

static int read_run(enum run_id id, struct nvme_point *p, struct err *e)
{
	const struct nvme_design_sources sources = { .lasts = runs[id] };
	snprintf(p->label, sizeof(p->label), "published run %d", (int)id);
	return nvme_design_read(&p->design, &sources, e);
}

/* Of the VM with the fewest requests, of what an equal share would be. */
static uint64_t least_share_ppm(const struct nvme_result *r)
{
	uint64_t least = UINT64_MAX;

	for (uint32_t i = 0; i < r->nvms; i++)
		least = r->vms[i].requests < least ? r->vms[i].requests : least;
	return quantity_ratio_ppm(least * r->nvms, nvme_total(r)->requests);
}

static uint64_t metric_of(const struct nvme_point *p, enum metric m)
{
	const struct nvme_vm_result *v = nvme_total(&p->result);

	switch (m) {
	case MEAN:
		return hist_mean(&v->latency);
	case P50:
		return hist_percentile(&v->latency, 500000);
	case P99:
		return hist_percentile(&v->latency, 990000);
	case P99999:
		return hist_percentile(&v->latency, 999990);
	case KICKS:
		return quantity_ratio_ppm(v->kicks, p->result.completed);
	case CPU:
		return nvme_cpu_each_ns(&p->result);
	case LEAST_SHARE:
		return least_share_ppm(&p->result);
	case IOPS:
		break;
	}
	return (nvme_milli_iops(v) + 500) / 1000;
}

static const char *command_of(enum run_id id, struct arena *a)
{
	char text[TEXT_MAX] = "pugmark nvme";
	size_t n = strlen(text);

	for (int i = 0; i < SETS_MAX && runs[id][i]; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, " --set %s", runs[id][i]);
	return arena_strdup(a, text);
}

static int64_t error_of(const struct nvme_published_row *r)
{
	const uint64_t to = !r->published_most || r->ours < r->published ? r->published
			    : r->ours > r->published_most                ? r->published_most
									 : r->ours;
	const uint64_t off = r->ours > to ? r->ours - to : to - r->ours;
	const int64_t ppm = (int64_t)quantity_ratio_ppm(off, to);
	return r->ours < to ? -ppm : ppm;
}

static void fill_row(const struct row *from, const struct nvme_point *points, struct arena *a,
		     struct nvme_published_row *out)
{
	const bool is_ratio = from->over != NONE;
	uint64_t ours = metric_of(&points[from->run], from->metric);

	if (is_ratio)
		ours = quantity_ratio_ppm(ours, metric_of(&points[from->over], from->metric));
	if (from->is_gain)
		ours = ours > PPM_PER_ONE ? ours - PPM_PER_ONE : 0;
	*out = (struct nvme_published_row){
		.work = from->work,
		.quantity = from->quantity,
		.unit = is_ratio || from->metric == KICKS || from->metric == LEAST_SHARE ? "ppm"
			: from->metric == IOPS ? "requests/s"
					       : "ns",
		.published = from->published,
		.published_most = from->most,
		.ours = ours,
		.kind = from->kind,
		.command = command_of(from->run, a),
	};
	out->error_ppm = from->published ? error_of(out) : 0;
	out->miss = why_missed(out, from->run);
}

int nvme_published_rows(unsigned threads, struct arena *a, const struct nvme_published_row **out,
			size_t *n_out, struct err *e)
{
	_free_ struct nvme_point *points = calloc(RUNS, sizeof(*points));
	struct nvme_published_row *filled = arena_alloc(a, ROWS, sizeof(*filled));
	int rc = 0;

	if (!points || !filled)
		return err_set(e, ERR_NOMEM, "no memory for %d runs", RUNS);
	for (int i = 0; i < RUNS && !rc; i++)
		rc = read_run((enum run_id)i, &points[i], e);
	if (!rc)
		rc = nvme_points_run(&(struct nvme_points){ .threads = threads }, points, RUNS, e);
	for (size_t i = 0; i < ROWS && !rc; i++)
		fill_row(&rows[i], points, a, &filled[i]);
	for (int i = 0; i < RUNS; i++)
		nvme_point_deinit(&points[i]);
	*out = filled;
	*n_out = ROWS;
	return rc;
}

/* ---- printing ---- */

struct shown {
	char s[80];
};

static struct shown show_value(const char *unit, uint64_t v, uint64_t most)
{
	struct shown t;
	if (!strcmp(unit, "ppm") && most)
		snprintf(t.s, sizeof(t.s), "%s - %s", quantity_ppm(v).s, quantity_ppm(most).s);
	else if (!strcmp(unit, "ppm"))
		snprintf(t.s, sizeof(t.s), "%s", quantity_ppm(v).s);
	else if (!strcmp(unit, "ns"))
		snprintf(t.s, sizeof(t.s), "%llu.%02llu us", (unsigned long long)v / 1000,
			 (unsigned long long)v % 1000 / 10);
	else
		snprintf(t.s, sizeof(t.s), "%s/s", quantity_count(v).s);
	return t;
}

static const struct report_column columns[] = {
	{ "work", NULL, REPORT_TEXT, 0 },
	{ "quantity", NULL, REPORT_TEXT, 0 },
	{ "unit", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "published", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "published_most", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "ours", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "published_text", "published", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "ours_text", "ours", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "error_ppm", "error", REPORT_CHANGE, 0 },
	{ "kind", NULL, REPORT_TEXT, 0 },
	{ "command", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "miss", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
};

static void put_row(struct report *r, const struct nvme_published_row *x)
{
	const bool has_published = x->kind != NVME_OURS_ONLY;
	const struct shown published = show_value(x->unit, x->published, x->published_most);
	const struct shown ours = show_value(x->unit, x->ours, 0);

	report_row(r,
		   (struct report_value[]){
			   REPORT_S(x->work), REPORT_S(x->quantity), REPORT_S(x->unit),
			   has_published ? REPORT_U(x->published) : REPORT_NULL(),
			   x->published_most ? REPORT_U(x->published_most) : REPORT_NULL(),
			   REPORT_U(x->ours), REPORT_S(has_published ? published.s : NULL),
			   REPORT_S(ours.s), has_published ? REPORT_I(x->error_ppm) : REPORT_NULL(),
			   REPORT_S(nvme_row_kind_names[x->kind]), REPORT_S(x->command),
			   REPORT_S(x->miss) });
}

static void show_misses(struct report *r, const struct nvme_published_row *x, size_t n)
{
	static const struct report_column c[] = {
		{ "work", NULL, REPORT_TEXT, REPORT_ONLY_TABLE },
		{ "quantity", NULL, REPORT_TEXT, REPORT_ONLY_TABLE },
		{ "error_ppm", "error", REPORT_CHANGE, REPORT_ONLY_TABLE },
		{ "miss", "as far as is known", REPORT_TEXT, REPORT_ONLY_TABLE },
	};
	report_table(r, "misses", "What is off by more than 10 %, and why", c, 4);
	for (size_t i = 0; i < n; i++)
		if (x[i].error_ppm > FAR_PPM || x[i].error_ppm < -FAR_PPM)
			report_row(r, (struct report_value[]){
					      REPORT_S(x[i].work), REPORT_S(x[i].quantity),
					      REPORT_I(x[i].error_ppm), REPORT_S(x[i].miss) });
}

static void say_verdict(struct report *r, const struct nvme_published_row *x, size_t n)
{
	unsigned all[NVME_OURS_ONLY + 1] = {}, near[NVME_OURS_ONLY + 1] = {};

	for (size_t i = 0; i < n; i++) {
		all[x[i].kind]++;
		near[x[i].kind] += x[i].error_ppm <= FAR_PPM && x[i].error_ppm >= -FAR_PPM;
	}
	report_text(r,
		    "Within 10 %% of what was published: %u of %u predicted, %u of %u derived, "
		    "%u of %u calibrated.",
		    near[NVME_PREDICTED], all[NVME_PREDICTED], near[NVME_DERIVED],
		    all[NVME_DERIVED], near[NVME_CALIBRATED], all[NVME_CALIBRATED]);
	report_text(r, "Nothing calibrated is a prediction; the profiles tell what each value was "
		       "fitted to. What is an image only, or was never "
		       "measured, is ours only.");
}

int nvme_published(const struct cli *cli, unsigned threads, struct err *e)
{
	const struct nvme_published_row *x;
	struct arena a = {};
	size_t n;
	int rc = nvme_published_rows(threads, &a, &x, &n, e);
	struct report *r = rc ? NULL : report_begin(stdout, cli_format(cli), "nvme", NULL, NULL);

	if (!rc && !r)
		rc = err_set(e, ERR_NOMEM, "no memory for the results");
	if (!rc) {
		say_verdict(r, x, n);
		report_table(r, "rows", NULL, columns, sizeof(columns) / sizeof(*columns));
		for (size_t i = 0; i < n; i++)
			put_row(r, &x[i]);
		if (!cli->is_json)
			show_misses(r, x, n);
		rc = cli_report_end("nvme", r, EXIT_DONE);
	}
	arena_deinit(&a);
	return rc;
}
